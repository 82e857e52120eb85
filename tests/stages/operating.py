"""What the tests of `flask backup`, `restore` and `rehearse` share: a stage's app on a database with rows."""
import inspect
import logging
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy
from faults import copy_database, die, drop_database
from sqlalchemy import Engine, event, make_url

from workbook import postgres
from workbook.rows import add_rows, changed_values
from workbook.schema import engine_of, schema_differences
from workbook.stages import stage_app, stage_folders, upgrade
from workbook.verify.walk import picture

STAGES = [folder.name for folder in stage_folders() if (folder / "operations.py").exists()]
EACH_STAGE = pytest.mark.parametrize("stage", STAGES, indirect=True)
LAST = pytest.mark.parametrize("stage", STAGES[-1:], indirect=True)
OLDER = "0005"  # a revision before the newest, which has rows in all tables of this project


class Filled:
    """Databases with rows at a revision: made once for each stage, kind of database and revision, and copied."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def copy(self, stage, database, revision):
        """The URL of a new database, and what is in it."""
        key = stage, database, revision
        if key not in self.made:
            name = f"{stage.name}-{revision}.db"
            url = f"sqlite:///{(self.folder / name).as_posix()}" if database == "sqlite" else postgres.create_database()
            with stage_app(stage, url) as app:
                upgrade(app, revision)
            add_rows(url)
            self.made[key] = url, picture(url)
        url, seen = self.made[key]
        return copy_database(url), seen

    def drop(self):
        for url, _ in self.made.values():
            drop_database(url)


class Place:
    """A copy of a filled database, the app on it, and the folder where the commands run."""

    def __init__(self, app, url, before, folder):
        self.app, self.url, self.before, self.folder = app, url, before, folder

    def flask(self, *arguments):
        """Run a command; its output, errors too."""
        ended = self.run(*arguments)
        assert ended.exit_code == 0, ended.output
        return ended.output

    def error(self, *arguments):
        """Run a command that has to fail; its one line."""
        ended = self.run(*arguments)
        assert ended.exit_code == 1, f"It ended with {ended.exit_code}: {ended.output}"
        lines = ended.output.splitlines()
        assert len(lines) == 1 and lines[0].startswith("Error: "), f"Not one line:\n{ended.output}"
        return lines[0].removeprefix("Error: ")

    def run(self, *arguments):
        with quiet(), self.app.app_context():  # the innermost app is the one that commands use
            ended = self.app.test_cli_runner().invoke(args=list(map(str, arguments)))
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended

    def module(self, database=None):
        """The stage's operations_sqlite or operations_postgresql: the one of this database if none is named."""
        kinds = inspect.unwrap(self.app.cli.commands["backup"].callback).__globals__["KINDS"]
        return kinds[database or make_url(self.url).get_backend_name()]

    def upgrade(self, revision="head"):
        upgrade(self.app, revision)

    def execute(self, *statements):
        with engine_of(self.url).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def check_unchanged(self):
        check_same(self.before, picture(self.url))

    def clones(self):
        """Names of what a rehearsal has left."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":
            return sorted(path.name for path in Path(url.database).parent.glob("*.rehearsal"))
        with postgres.admin_connection() as connection:
            query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
            return connection.exec_driver_sql(query, (f"{url.database[:40]}_rehearsal_%",)).scalars().all()


class Moments:
    """Within the block, counts what a command of `app` does; `act(number)` is called before each thing.

    These are: a file or folder is made, linked, renamed or removed, a program is started, a statement runs, and a
    few pages or bytes have been copied.
    """

    watching = []  # a hook of this kind stays until the process ends
    EVENTS = {"os.link", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "subprocess.Popen",
              "sqlite3.connect", "shutil.rmtree", "tempfile.mkdtemp"}  # fmt: skip

    def __init__(self, app, act):
        self.kinds = inspect.unwrap(app.cli.commands["backup"].callback).__globals__["KINDS"].values()
        self.act, self.count = act, 0

    def __enter__(self):
        if not self.watching:
            self.watching.append(None)
            sys.addaudithook(self.audit)
        self.watching.append(self.reached)
        event.listen(Engine, "before_cursor_execute", self.reached)
        for kind in self.kinds:
            kind.progress = lambda what: self.reached
            if hasattr(kind, "PAGES"):
                kind.PAGES = 2
            else:
                kind.CHUNK = 2000
        return self

    def __exit__(self, *error):
        self.watching.append(None)
        event.remove(Engine, "before_cursor_execute", self.reached)

    @classmethod
    def audit(cls, event, arguments):
        if event in cls.EVENTS and cls.watching[-1]:
            cls.watching[-1]()

    def reached(self, *arguments):
        self.count += 1
        self.act(self.count - 1)


@contextmanager
def quiet():
    """What Alembic logs is not the command's own output."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def check_same(before, after):
    """Both pictures show the same schema, rows and revision."""
    names = ("the database before", "the database now")
    lines = schema_differences(without_casts(before.schema), without_casts(after.schema), names)
    lines += changed_values(before.rows, after.rows)
    assert not lines, "\n".join(lines)
    assert before.rows.keys() == after.rows.keys() and before.heads == after.heads


def is_same(one, other):
    return (one.rows, one.heads, without_casts(one.schema)) == (other.rows, other.heads, without_casts(other.schema))


def without_casts(schema):
    """PostgreSQL itself spells a cast in a CHECK in another way when it reads what pg_dump wrote."""
    bare = lambda check: {"condition": re.sub(r"::[a-z ]+(\[\])?", "", check["condition"])}
    return {name: table | {"check": {each: bare(check) for each, check in table["check"].items()}}
            for name, table in schema.items()}


def table_names(url):
    with engine_of(url).connect() as connection:
        return set(sqlalchemy.inspect(connection).get_table_names())


# --- in processes of their own, which find these functions in a module ----------


def run_command(folder, url, place, arguments, act):
    """Run a `flask` command of the project `folder` in the folder `place`; `act(number)` is called at each moment."""
    os.chdir(place)
    with stage_app(folder, url) as app:
        app.instance_path = str(place)
        with Moments(app, act) as moments:
            Place(app, url, None, place).run(*arguments)
    return moments.count


def killed_command(folder, url, place, arguments, moment):
    run_command(folder, url, place, arguments, lambda number: die() if number == moment else None)


def backup_with_little_room(folder, url, place, size):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    os.chdir(place)
    with stage_app(folder, url) as app:
        line = Place(app, url, None, place).error("backup", "all.backup")
    raise SystemExit(0 if any(text in line for text in ("File too large", "disk I/O error", "full")) else line)
