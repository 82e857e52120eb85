"""Proof that a stage upgrades and downgrades cleanly, with rows in it."""
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from workbook.made_up import add_rows
from workbook.postgres import drop_database
from workbook.schema import schema_differences
from workbook.stages import script_directory, stage_folder, stage_folders
from workbook.verify.walk import Trip
from workbook.workspace import LEFT_OUT, Project


class NotProved(Exception):
    """What a migration lost or changed, one line each."""

    def _render_traceback_(self):
        return [f"NotProved: {self}"]


def compare(work, stage=None):
    """Say whether the learner's copy has come to the schema of the finished stage; NotProved if not.

    `stage` is the name of the stage that the copy was brought to (default: the one it was copied from).
    """
    stage = stage or work.stage
    with copy_of(stage, work.database) as finished:
        finished.must("db", "upgrade")
        require(schema_differences(work.tables(), finished.tables(), ("your database", "the finished stage")))
        require_same_revision(work, finished)
    print(f"Your database has the schema of {stage}, and is at {' and '.join(work.revision())} as well.")


def prove(stage, database="sqlite"):
    """Upgrade a copy of the stage, downgrade it to the stage before and upgrade it again, with rows in it.

    `database` is "sqlite" or "postgresql". Each step is a real `flask db`
    command. NotProved if a value that has a place on both sides is not the
    same, or the schema is not.
    """
    with copy_of(stage, database) as project:
        walk(project, parent_of(stage), head_of(stage_folder(stage)))
    print(f"Proved: {stage} on {database}.")


@contextmanager
def copy_of(stage, database):
    """A copy of a stage in a folder, and on a database, that are gone after the block."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / stage
        shutil.copytree(stage_folder(stage), folder, ignore=LEFT_OUT)
        project = Project(folder, database)
        try:
            yield project
        finally:
            if database == "postgresql":
                drop_database(project.url)


def parent_of(stage):
    """The revision at which the stage before ends; "base" if there is none."""
    before = [folder for folder in stage_folders() if folder.name < stage]
    return head_of(before[-1]) if before else "base"


def head_of(folder):
    return script_directory(folder).get_current_head()


class Commands:
    """The project's own commands, as the verifier's walk asks for them."""

    def __init__(self, project):
        self.project = project

    def upgrade(self, revision):
        self.project.must("db", "upgrade", revision)

    def downgrade(self, revision):
        self.project.must("db", "downgrade", revision)


def walk(project, parent, head):
    commands, added, trip = Commands(project), {}, Trip()
    project.file.parent.mkdir(exist_ok=True)  # it is looked at before the first command
    if parent != "base":
        commands.upgrade(parent)
        add_rows(project.url)
    try:
        trip.take(commands, project.url, head, parent, lambda url: added.update(add_rows(url)), short=True)
    finally:  # what has gone wrong before may be why the next command fails
        require(list(trip.problems()))
    rows, kept = trip.before.rows, trip.emptied.rows
    print(f"upgrade    {parent} → {head}: {counted(rows)} before, and the same after it")
    print(f"           and {', '.join(f'{count} {table}' for table, count in added.items())} added")
    gone = [f"{table} ({len(found)} rows)" for table, found in trip.filled.rows.items() if table not in kept]
    print(f"downgrade  {head} → {parent}: the schema as before; {counted(kept)} kept", end="")
    print(f", gone with its table: {', '.join(gone)}" if gone else "")
    print(f"upgrade    {parent} → {head}: schema and rows as after the first upgrade")


def require_same_revision(work, finished):
    if work.revision() != finished.revision():
        raise NotProved(f"Your database is at {work.revision()}, the finished stage at {finished.revision()}.")


def require(lines):
    if lines:
        raise NotProved("; ".join(lines[:5]))


def counted(rows):
    return ", ".join(f"{len(found)} {table}" for table, found in rows.items()) or "no rows"
