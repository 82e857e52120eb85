"""What the notebooks run: `flask`, `git` and `squawk` in a learner's copy, and its pages.

How a command is started is not said here: see workbook.runners.
"""
import os
import re
import sys
import sysconfig
from pathlib import Path

import sqlalchemy

from workbook.runners import FLASK_RUN, Finished, choose

# Settings of the learner's shell that would change what a command prints or does.
DROPPED = {
    "FORCE_COLOR", "PYTHONWARNINGS", "PYTHONPATH", "PYTHONSTARTUP", "COLUMNS",
    "DATABASE_URL", "MIGRATION_DATABASE_URL", "TEST_DATABASE_URL", "SECRET_KEY",
}  # fmt: skip
# Nobody's own settings, so that git prints the same on every machine.
GIT = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "",
    "GIT_AUTHOR_NAME": "Learner", "GIT_AUTHOR_EMAIL": "learner@example.com",
    "GIT_COMMITTER_NAME": "Learner", "GIT_COMMITTER_EMAIL": "learner@example.com",
    "GIT_MERGE_AUTOEDIT": "no", "LC_ALL": "C",
}  # fmt: skip
# squawk prints them into a pipe as well: colours, and addresses behind words.
COLOURS_AND_LINKS = r"\x1b\[[\d;]*m|\x1b\]8;;.*?\x1b\\"


def run(arguments, folder, variables=None):
    """Run `python -m <arguments>` in `folder` and wait for it; paths in the output are relative to `folder`."""
    return readable(choose().run(python(arguments), folder, clean_environment(variables)), folder)


def git(arguments, folder):
    """Run `git <arguments>` in `folder`, which is or becomes a repository of its own, and wait for it."""
    above = {"GIT_CEILING_DIRECTORIES": str(Path(folder).resolve().parent)}  # never a repository around it
    settings = ["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]
    ended = choose().run(["git", *settings, *arguments], folder, clean_environment(GIT | above))
    return readable(ended, folder)


def squawk(arguments, folder):
    """Run `squawk <arguments>`, which reads SQL for PostgreSQL, in `folder` and wait for it."""
    program = Path(sysconfig.get_path("scripts"), "squawk.exe" if os.name == "nt" else "squawk")
    ended = readable(choose().run([str(program), *arguments], folder, clean_environment()), folder)
    return Finished(ended.code, re.sub(COLOURS_AND_LINKS, "", ended.output))


def measure(arguments, folder, variables=None):
    """As `run`, measured; returns (how it ended, what it cost)."""
    ended, cost = choose().measure(python(arguments), folder, clean_environment(variables))
    return readable(ended, folder), cost


def start(arguments, folder, variables=None, output=None):
    """Start `python -m <arguments>` in `folder` and go on: see Runner.start."""
    return choose().start(python(arguments), folder, clean_environment(variables), output)


def serving(folder, variables=None, server=FLASK_RUN):
    """Run the app in `folder` for a block: see Runner.serving."""
    return choose().serving(folder, clean_environment(variables), server)


def python(arguments):
    return [sys.executable, "-m", *arguments]


def readable(ended, folder):
    return Finished(ended.code, relative(ended.output, folder))


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

    Lines that only underline a line of a traceback are left out: each Python underlines in its own way. The files
    that `flask db init` makes are named in their order, which Alembic leaves to the file system.
    """
    text = re.sub(r"(?m)(^ *Generating .*\n)+", lambda lines: "".join(sorted(lines[0].splitlines(True))), text)
    text = re.sub(r"^ +[~^]+\n", "", text, flags=re.MULTILINE)
    text = text.replace(str(Path(sqlalchemy.__file__).parents[1]) + os.sep, "")
    for base in sorted({str(folder), str(Path(folder).resolve())}, key=len, reverse=True):
        text = text.replace(base + os.sep, "").replace(base, ".")
    return text if os.sep == "/" else re.sub(r"(?<=[\w.])\\(?=[\w.])", "/", text)


def visit(path, folder, variables=None, fields=None, page=None):
    """Open a page of the project in `folder`; with `fields`, submit the form that is sent to `path`.

    `page` is where that form stands, if not at `path` itself.
    """
    with serving(folder, variables) as get:
        if fields is None:
            return get(path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', get(page or path).html)
        return get(path, dict(fields) | ({"csrf_token": token[1]} if token else {}))
