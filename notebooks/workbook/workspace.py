"""A learner's scratch copy of a stage, and what can be done with it from a notebook."""
import difflib
import os
import re
import shutil
import sqlite3
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.util import to_tuple
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from workbook import commands, pictures, postgres, views
from workbook.rows import rows_of
from workbook.schema import schema_of
from workbook.stages import NOTEBOOKS, TEMPLATES, script_directory, stage_folder

LEFT_OUT = shutil.ignore_patterns("instance", "__pycache__", ".pytest_cache", ".venv")


class CommandFailed(Exception):
    """A command that `%flask` ran ended with an exit code other than 0; what it printed stands above."""

    def _render_traceback_(self):
        return [f"CommandFailed: {self}"]


class Refused(Exception):
    """A statement that the database did not carry out: the first line of what the database said."""

    def _render_traceback_(self):
        return [f"Refused: {self}"]


class Project:
    """A Flask project in a folder, the environment variables its commands get, and its database.

    `database` is "sqlite" or "postgresql", which makes a new one, or another Project, whose database it shares.
    """

    def __init__(self, folder, database="sqlite"):
        self.folder = Path(folder)
        shared = isinstance(database, Project)
        self.database = database.database if shared else database
        self.variables = {}
        if shared:
            self.variables["DATABASE_URL"] = database.url
        elif database == "postgresql":  # one for each copy: two notebooks never see each other's rows
            self.variables["DATABASE_URL"] = postgres.create_database()

    @property
    def url(self):
        """The URL of the database."""
        return self.variables.get("DATABASE_URL") or f"sqlite:///{self.file.as_posix()}"

    @property
    def file(self):
        """Where the SQLite database is, once a command has made it."""
        shared = self.variables.get("DATABASE_URL")
        return Path(make_url(shared).database) if shared else self.folder / "instance" / "app.db"

    def flask(self, *arguments, variables=None):
        """Run `flask <arguments>` here and wait, with more environment `variables`; returns how it ended."""
        return commands.run(["flask", *arguments], self.folder, self.variables | (variables or {}))

    def must(self, *arguments):
        """Run `flask <arguments>`; CommandFailed with everything it printed if it fails."""
        return succeeded(arguments, self.flask(*arguments))

    def measure(self, *arguments):
        """Run `flask <arguments>`; returns its commands.Cost, or CommandFailed with everything it printed."""
        ended, cost = commands.measure(["flask", *arguments], self.folder, self.variables)
        succeeded(arguments, ended)
        return cost

    def tables(self):
        """The schema, as `schema_of` returns it; empty before the first upgrade."""
        return schema_of(self.url) if self.exists() else {}

    def exists(self):
        return self.database != "sqlite" or self.file.exists()

    def sql(self, statement):
        """Run one SQL statement, as a database client would, and show the rows that it returns; Refused if it fails."""
        return run_sql(self.url, statement)

    def revision(self):
        """The revisions that the database says it is at: none, one, or several."""
        if not self.exists():
            return ()
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_heads()


class Workspace(Project):
    """A copy of a stage to work in; the stage itself is never touched.

    `stage` is a stage's folder name. With `migrations=False` the copy has no
    migrations folder, as before `flask db init`. With `rows` the database is
    upgraded and holds that many sample rows a table. `database` is "sqlite",
    "postgresql", or another Workspace, to share its database. The copy is the
    folder `name` (default: the stage's name) in the scratch folder and is made
    anew each time; two notebooks that run at the same time get two copies.
    """

    current = None  # the one that %flask works in
    filled = {}  # {(stage, rows): the file of a SQLite database that was filled with them}

    def __init__(self, stage, migrations=True, rows=None, database="sqlite", name=None):
        source = stage_folder(stage)
        super().__init__(claim(name or stage), database)
        self.stage = stage
        shutil.copytree(source, self.folder, ignore=LEFT_OUT)
        if not migrations:
            shutil.rmtree(self.folder / "migrations")
        self.use()
        if rows is not None:
            self.fill(rows)

    def fill(self, rows):
        """Upgrade the new copy and seed it; the second time in a notebook, its SQLite file is copied."""
        key = self.stage, rows
        own_file = not self.variables
        if own_file and key in self.filled:
            self.file.parent.mkdir()
            self.file.write_bytes(self.filled[key])
            return
        self.must("db", "upgrade")
        self.must("seed", "--rows", str(rows))
        if own_file:
            self.filled[key] = self.file.read_bytes()

    def __repr__(self):
        return f"A copy of stage {self.stage} to work in, on {self.database}."

    def use(self):
        """Let `%flask` and `%git` work in this copy again, after another one was made."""
        Workspace.current = self

    @property
    def template(self):
        """The folder that `flask db init -t` takes: env.py and alembic.ini as all stages have them."""
        return (TEMPLATES / "migrations").as_posix()

    # Pages

    def page(self, path):
        """Start the app, open a page and show it."""
        return views.Page(path, commands.visit(path, self.folder, self.variables))

    def submit(self, path, page=None, **fields):
        """Start the app, fill in the form that is sent to `path`, submit it and show the answer.

        The form stands on the page of the same path, or on `page`.
        """
        return views.Page(path, commands.visit(path, self.folder, self.variables, fields, page), fields)

    # Files

    def show(self, name):
        """Show a file of the copy."""
        return views.Code(name, self.read(name))

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def files(self, name="."):
        """The files below a folder of the copy, as text."""
        folder = self.folder / name
        paths = sorted(path.relative_to(self.folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return views.Text("\n".join(path for path in paths if "__pycache__" not in path))

    def write(self, name, content):
        """Replace or create a file, and show the change."""
        path = self.folder / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
        return views.Code(name, diff(name, before, content), "diff")

    def edit(self, name, old, new):
        """Replace the text `old`, which must be there once, by `new`, and show the change.

        If the learner has typed `new` already, nothing changes; blanks and the kind of quotes do not count.
        """
        before = self.read(name)
        if is_typed(before, old, new):
            return views.Text(f"{name}: the change is there already")
        if before.count(old) != 1:
            raise ValueError(f"{name} holds this text {before.count(old)} times, not once: {old!r}")
        return self.write(name, before.replace(old, new))

    def save_sql(self, name, revisions):
        """Write what `flask db upgrade <revisions> --sql` prints, without the log lines, to a file, and show it.

        In a terminal: `flask db upgrade <revisions> --sql > <name>`.
        """
        printed = self.must("db", "upgrade", revisions, "--sql").output
        statements = re.sub(r"(?m)^[A-Z]{4,5} +\[.*\n", "", printed).strip()
        (self.folder / name).write_text(statements + "\n", encoding="utf-8", newline="\n")
        return views.Code(name, statements)

    def take(self, stage, *names):
        """Copy files of another stage here, as somebody does who has written them before."""
        for name in names:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(stage_folder(stage) / name, self.folder / name)
        return views.Text("\n".join(f"{name} is as in {stage} now" for name in names))

    def delete(self, name):
        """Delete a file of the copy."""
        (self.folder / name).unlink()
        return views.Text(f"{name} is deleted")

    def difference(self, stage, name):
        """Show what would have to change in a file to make it the one that a stage has."""
        wanted = (stage_folder(stage) / name).read_text(encoding="utf-8")
        return views.Code(name, diff(name, self.read(name), wanted, ("here", f"in {stage}")), "diff")

    def script(self, revision):
        """The path of the migration script of `revision`, relative to the copy."""
        path = Path(script_directory(self.folder).get_revision(revision).path)
        return path.relative_to(self.folder).as_posix()

    # The database

    def rows(self, table, limit=5):
        """Show the first rows of a table by id; `limit` of them."""
        return self.sql(f"SELECT * FROM {table} ORDER BY id LIMIT {int(limit)}")

    def count(self, table):
        """How many rows a table has."""
        return self.sql(f"SELECT count(*) FROM {table}").rows[0][0]

    def all_rows(self):
        """{table: {primary key: {column: value}}}, to compare with a later state."""
        return rows_of(self.url)

    def schema(self, before=None):
        """Show the tables; what `before`, an earlier picture, did not have is marked as new."""
        return pictures.Schema(self.tables(), before and before.tables)

    def state(self):
        """Show what the models, the scripts and the database hold at the moment."""
        tables = re.findall(r'__tablename__ = "(\w+)"', self.read("models.py"))
        heads = script_directory(self.folder).get_heads() if (self.folder / "migrations").exists() else ()
        return pictures.ThreeThings(
            "tables: " + ", ".join(tables),
            "up to " + (" and ".join(sorted(heads)) or "nothing"),
            "at " + (" and ".join(sorted(self.revision())) or "no revision"),
        )

    def history(self, since=None):
        """Show the revisions of the scripts, and where the database is; with `since`, from that revision on."""
        revisions = [
            (revision.revision, down_revisions(revision), revision.doc)
            for revision in script_directory(self.folder).walk_revisions()
        ]
        return pictures.History(revisions, self.revision(), since)


def projects(work):
    """{"": work}, and beside it the other projects that it holds, such as {".second": Another}."""
    return {"": work} | {f".{name}": each for name, each in vars(work).items() if isinstance(each, Project)}


def run_sql(url, statement):
    """Run one SQL statement in the database `url`; returns a view of what it returned, or Refused if it fails."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            if result.returns_rows:
                return views.Rows(list(result.keys()), [tuple(row) for row in result])
            return views.Text(f"rows changed: {result.rowcount}" if result.rowcount >= 0 else "done")
    except DBAPIError as error:
        raise Refused(f"{type(error.orig).__name__}: {str(error.orig).partition(chr(10))[0]}") from None


def succeeded(arguments, ended):
    if ended.code:
        raise CommandFailed(f"flask {' '.join(arguments)}\n{ended.output}")
    return ended


def down_revisions(revision):
    """The ids of a revision's parents: none, one, or for a merge several."""
    return to_tuple(revision.down_revision, default=())


def is_typed(text, old, new):
    """Whether `text` holds `new` in the place of `old`, maybe with other blanks and quotes."""
    text, old, new = (re.sub(r"\s", "", each).replace("'", '"') for each in (text, old, new))
    rest = text if new in old else text.replace(new, "", 1)  # where `old` is only shortened, it may not be there at all
    return bool(new) and new in text and old not in rest


def diff(name, before, after, when=("before", "after")):
    names = (f"{name} {each}" for each in when)
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def scratch_folder():
    """Where the copies are: `WORKBOOK_SCRATCH`, or notebooks/work/scratch, which git ignores."""
    return Path(os.environ.get("WORKBOOK_SCRATCH") or NOTEBOOKS / "work" / "scratch").resolve()


locks = {}  # {folder: this process's lock on it}


def claim(wanted):
    """A folder for a copy, not there yet, which no other running kernel uses.

    The folder is `scratch/<wanted>`, so that a learner finds it again; while
    another kernel has that one, `scratch/<wanted>-2` and so on.
    """
    base = scratch_folder()
    base.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = base / (wanted if number == 1 else f"{wanted}-{number}")
        if folder not in locks:
            locks[folder] = lock(folder.with_name(f".{folder.name}.lock"))
        if locks[folder]:
            if folder.exists():
                shutil.rmtree(folder)
            return folder
        del locks[folder]  # another kernel has it
    raise RuntimeError("All scratch folders are in use. Shut down kernels that you no longer need.")


def lock(path):
    """A lock that is free again when this process ends, however it ends; None if another process has it."""
    lock = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        lock.execute("PRAGMA journal_mode = OFF")  # nothing is written, so no other file is needed
        lock.execute("BEGIN EXCLUSIVE")
        return lock
    except sqlite3.OperationalError:
        lock.close()
