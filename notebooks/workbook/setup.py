"""Whether this machine has what the notebooks need; each problem in one line that says what to do."""
import sqlite3
import sys

from workbook import postgres, runners
from workbook.workspace import scratch_folder

SQLITE = (3, 35)  # the first that can drop a column in place


def check_setup():
    """Print one line for each thing that is needed, and a last one that says whether all is well."""
    problems = 0
    for name, problem in NEEDED.items():
        said = problem()
        problems += bool(said)
        print(f"[problem] {name}: {said}" if said else f"[ok] {name}")
    print("Something is missing: see the lines with [problem]." if problems else "Everything is there.")


def python():
    if sys.version_info < (3, 11):  # noqa: UP036 (this is where a learner with an older one is told)
        return f"this is {sys.version.split()[0]}, the workbook needs 3.11 or newer. Install it, then run: tox -e learn"


def sqlite():
    if sqlite3.sqlite_version_info < SQLITE:
        return f"this is {sqlite3.sqlite_version}, the workbook needs 3.35 or newer. A newer Python brings a newer one."


def git():
    if not runners.choose().finds("git"):
        return "it was not found. 05_merge_conflict needs it: https://git-scm.com/downloads"


def folder():
    try:
        scratch_folder().mkdir(parents=True, exist_ok=True)
        (scratch_folder() / ".try").touch()
        (scratch_folder() / ".try").unlink()
    except OSError as error:
        return f"{error.strerror}: {scratch_folder()}. Put the workbook into a folder that you may write to."


def postgresql():
    try:
        with postgres.admin_connection() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception as error:  # whatever it is: the learner needs to read it, not its traceback
        reason = str(error).strip().partition("\n")[0]
        return f"{reason} (the server of {postgres.VARIABLE}, or the one that comes with the workbook)"


NEEDED = {
    "Python": python,
    "SQLite": sqlite,
    "git": git,
    "a folder for scratch copies": folder,
    "PostgreSQL": postgresql,
}
