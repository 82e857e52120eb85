"""The one place that starts commands and serves pages.

Everything else in this package calls `run` and `visit`. To run the notebooks
where no process can be started, these two functions are what has to change.
"""
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import psutil

# Settings of the learner's shell that would change what a command prints or does.
DROPPED = {
    "FORCE_COLOR", "PYTHONWARNINGS", "PYTHONPATH", "PYTHONSTARTUP", "COLUMNS",
    "DATABASE_URL", "MIGRATION_DATABASE_URL", "SECRET_KEY",
}  # fmt: skip


@dataclass
class Finished:
    """How a command ended: its exit code, and what it printed on both streams, in order."""

    code: int
    output: str


@dataclass
class Cost:
    """What a command took: seconds, seconds of processor time, and the most memory at one time in MiB."""

    seconds: float
    processor: float
    memory: float


@dataclass
class Answer:
    """What a server answered: the status code, and the page."""

    status: int
    html: str


def run(arguments, folder, variables=None):
    """Run `python -m <arguments>` in `folder` and wait for it; paths in the output are relative to `folder`."""
    return finish([sys.executable, "-m", *arguments], folder, variables)


# Nobody's own settings, so that git prints the same on every machine.
GIT = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "",
    "GIT_AUTHOR_NAME": "Learner", "GIT_AUTHOR_EMAIL": "learner@example.com",
    "GIT_COMMITTER_NAME": "Learner", "GIT_COMMITTER_EMAIL": "learner@example.com",
    "GIT_MERGE_AUTOEDIT": "no", "LC_ALL": "C",
}  # fmt: skip


def git(arguments, folder):
    """Run `git <arguments>` in `folder`, which is or becomes a repository of its own, and wait for it."""
    above = {"GIT_CEILING_DIRECTORIES": str(Path(folder).resolve().parent)}  # never a repository around it
    settings = ["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]
    return finish(["git", *settings, *arguments], folder, GIT | above)


def finish(command, folder, variables):
    finished = subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(variables),
        stdin=subprocess.DEVNULL,  # Alembic would take the terminal's width from it
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return Finished(finished.returncode, relative(finished.stdout, folder))


def measure(arguments, folder, variables=None):
    """As `run`, measured; returns (how it ended, what it cost)."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        start, cost = time.perf_counter(), Cost(0, 0, 0)
        process = psutil.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env=clean_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            look_at(process, cost)
            time.sleep(0.02)
        cost.seconds = time.perf_counter() - start
        output.seek(0)
        return Finished(process.returncode, relative(output.read(), folder)), cost


def look_at(process, cost):
    try:
        # On Windows the python.exe of an environment starts another one.
        family = [process, *(process.children() if os.name == "nt" else [])]
        memory = sum(each.memory_info().rss for each in family)
        cost.memory = max(cost.memory, memory / 2**20)
        cost.processor = sum(sum(each.cpu_times()[:2]) for each in family)
    except psutil.Error:  # it has just ended
        pass


def clean_environment(variables=None):
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in DROPPED and not name.startswith(("FLASK_", "ALEMBIC_"))
    }
    # Without bytecode files a script that is edited twice within a second still runs as edited.
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"} | (variables or {})


def relative(text, folder):
    """`text` with the paths below `folder`, and those of installed packages, as relative POSIX paths.

    Lines that only underline a line of a traceback are left out: each Python underlines in its own way.
    """
    text = re.sub(r"^ +[~^]+\n", "", text, flags=re.MULTILINE)
    text = text.replace(sysconfig.get_path("purelib") + os.sep, "")
    for base in sorted({str(folder), str(Path(folder).resolve())}, key=len, reverse=True):
        text = text.replace(base + os.sep, "").replace(base, ".")
    return text if os.sep == "/" else re.sub(r"(?<=[\w.])\\(?=[\w.])", "/", text)


@contextmanager
def serving(folder, variables=None):
    """Run `flask run` on a free port of this machine for the block; yields a function that opens a path.

    The function takes a path and, to submit a form, a dictionary of fields. It
    keeps cookies, follows redirects, and returns an Answer.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "run", "--port", "0"],
        cwd=folder,
        env=clean_environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        address = next((found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line))), None)
        if not address:
            raise RuntimeError("flask run ended before it served a page")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

        def visit(path, fields=None):
            data = urllib.parse.urlencode(fields).encode() if fields is not None else None
            try:
                with opener.open(address + path, data, timeout=30) as answer:
                    return Answer(answer.status, answer.read().decode())
            except urllib.error.HTTPError as answer:
                return Answer(answer.code, answer.read().decode())

        yield visit
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def visit(path, folder, variables=None, fields=None, page=None):
    """Open a page of the project in `folder`; with `fields`, submit the form that is sent to `path`.

    `page` is where that form stands, if not at `path` itself.
    """
    with serving(folder, variables) as get:
        if fields is None:
            return get(path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', get(page or path).html)
        return get(path, dict(fields) | ({"csrf_token": token[1]} if token else {}))
