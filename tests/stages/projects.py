"""Projects to break: copies of the last stage, with migrations added, or with Flask-Migrate's stock env.py."""
import re
import shutil
import textwrap
import time
from importlib.resources import files

import pytest

from workbook import stages
from workbook.commands import Finished, start

REVISION = '''"""{name}"""
import time
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "{name}"
down_revision = {parent!r}
branch_labels = depends_on = None
{resumable}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''
# Waits until `together` sees what all the commands do, so that they surely overlap.
GATE = """
print("At the gate.", flush=True)
while not Path(__file__).with_name("gate is open").exists():
    time.sleep(0.05)
op.create_table("gate", sa.Column("id", sa.Integer, primary_key=True))
"""

OLD_CALL = pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")  # in the stock env.py
NO_TRANSACTION = {  # what no transaction can do
    "sqlite": 'op.execute("VACUUM")',
    "postgresql": 'op.create_index("late", "users", ["email"], postgresql_concurrently=True)',
}


HEAD = stages.script_directory(stages.stage_folders()[-1]).get_current_head()


def copy_project(folder):
    """A copy of the last stage in the new folder `folder`."""
    ignored = shutil.ignore_patterns("__pycache__", "instance", ".venv", ".pytest_cache")
    return shutil.copytree(stages.stage_folders()[-1], folder, ignore=ignored)


def copy_with_small_batches(folder):
    """As `copy_project`, and where a script works in batches, the few rows of a test are several of them."""
    copy_project(folder)
    for script in folder.glob("migrations/versions/*.py"):
        script.write_text(re.sub(r"(?m)^BATCH = \d+", "BATCH = 12", script.read_text("utf-8")), "utf-8")
    return folder


def use_stock_env(folder):
    """Give the project in `folder` the env.py that `flask db init` makes by itself; returns the folder.

    Its first act is left out: it takes the handlers of this process's loggers, pytest's too.
    """
    stock = (files("flask_migrate") / "templates" / "flask" / "env.py").read_text("utf-8")
    assert "\nfileConfig(" in stock, "Flask-Migrate's env.py is another one now: look at it, then change this test."
    (folder / "migrations" / "env.py").write_text(stock.replace("\nfileConfig(", "\n# fileConfig("), "utf-8")
    return folder


def add_revision(folder, name, upgrade, downgrade="pass", parent=None, resumable=False):
    """Add a migration after the last one (or after `parent`) to the project in `folder`; returns its path."""
    parent = parent or stages.script_directory(folder).get_current_head()
    path = folder / "migrations" / "versions" / f"{name}.py"
    more = "resumable = True\n" if resumable else ""
    bodies = [textwrap.indent(textwrap.dedent(body).strip(), "    ") for body in (upgrade, downgrade)]
    text = REVISION.format(name=name, parent=parent, upgrade=bodies[0], downgrade=bodies[1], resumable=more)
    path.write_text(text, "utf-8")
    return path


def line_of(path, text):
    """The number of the first line of the file `path` that has `text`."""
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def prepare(project, url, database, start):
    """Make the database `url` empty or one behind, as `start` says; the last migration to come is GATE and a block."""
    if start == "one behind":
        with stages.stage_app(project, url) as app:
            stages.upgrade(app)
    add_revision(project, "gate", f"{GATE}\nwith op.get_context().autocommit_block():\n    {NO_TRANSACTION[database]}")


def together(folder, url, count):
    """Run `flask db upgrade` `count` times at once; the last migration of the project is GATE. Returns [Finished]."""
    gate = folder / "migrations" / "versions" / "gate is open"
    gate.unlink(missing_ok=True)
    logs = [folder / f"{number}.log" for number in range(count)]
    processes = [start_upgrade(folder, url, log) for log in logs]
    deadline = time.monotonic() + 60
    while not all(process.poll() is not None or is_at_rest(log) for process, log in zip(processes, logs, strict=True)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    gate.touch()
    codes = [process.wait(60) for process in processes]
    return [Finished(code, log.read_text("utf-8")) for code, log in zip(codes, logs, strict=True)]


def start_upgrade(folder, url, log):
    with log.open("wb") as output:
        return start(["flask", "db", "upgrade"], folder, {"DATABASE_URL": url}, output)


def is_at_rest(log):
    """Whether the command that writes `log` is in the last migration, or waits for its turn."""
    text = log.read_text("utf-8")
    return "At the gate." in text or "; waiting for it to end" in text
