"""What a project's own interpreter does for the verifier: load the app, and migrate a throw-away database.

It needs nothing but what the project has: Flask-Migrate from 2.5 on, Alembic
from 1.7 on, SQLAlchemy 1.4 or 2, Python 3.8 or newer. `Loaded` is used by the
workbook's own tests in their process too; as a program, this file reads one
request a line and answers each with one line, both in JSON.
"""
import io
import json
import logging
import os
import re
import signal
import sys
import time
import traceback
from contextlib import contextmanager

from alembic import command
from alembic.autogenerate import RevisionContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Engine

NOTHING = dict.fromkeys(("message", "sql", "splice", "branch_label", "version_path", "rev_id", "depends_on"))
DRIVERS = {"psycopg2": "postgresql", "psycopg": "postgresql+psycopg", "pg8000": "postgresql+pg8000"}
READS = ("SELECT", "PRAGMA", "SHOW", "SET LOCK_TIMEOUT", "EXPLAIN")


class Loaded:
    """An app's migrations. What goes wrong in a migration is raised as it is; messages of Alembic are CommandErrors."""

    def __init__(self, app, directory=None):
        self.app, self.migrate = app, app.extensions["migrate"]
        self.directory = directory or self.migrate.directory

    def config(self, output=None):
        """Alembic's Config, as `flask db` builds it."""
        config = self.migrate.migrate.get_config(self.directory)
        if output:
            config.output_buffer = output
        return config

    @contextmanager
    def context(self):
        """The app's context, with no connection left open after the block."""
        with self.app.app_context():
            try:
                yield
            finally:
                self.migrate.db.session.remove()
                engine_of(self.migrate.db).dispose()

    def upgrade(self, revision="head"):
        with self.context():
            command.upgrade(self.config(), revision)

    def downgrade(self, revision):
        with self.context():
            command.downgrade(self.config(), revision)

    def stamp(self, revision):
        with self.context():
            command.stamp(self.config(), revision)

    def sql(self, revisions, direction="upgrade"):
        """What `flask db upgrade --sql` prints for `revisions`, such as "0004:0005" or "head"; or downgrade."""
        output = io.StringIO()
        with self.context():
            getattr(command, direction)(self.config(output), revisions, sql=True)
        return output.getvalue()

    def differences(self, **compare):
        """A line for each thing that `flask db migrate` would write; `compare` are options such as compare_type."""
        with self.context(), self.with_options(compare):
            config = self.config()
            script = ScriptDirectory.from_config(config)
            found = RevisionContext(config, script, dict(NOTHING, autogenerate=True, head="head"))

            def look(revision, context):
                found.run_autogenerate(revision, context)
                return []

            with EnvironmentContext(config, script, fn=look, template_args=found.template_args):
                script.run_env()
        every = [ops for each in found.generated_revisions for ops in each.upgrade_ops_list]
        return [line for ops in every for diff in ops.as_diffs() for line in described(diff)]

    @contextmanager
    def with_options(self, options):
        before = dict(self.migrate.configure_args)
        self.migrate.configure_args.update(options)
        try:
            yield
        finally:
            self.migrate.configure_args.clear()
            self.migrate.configure_args.update(before)

    def revisions(self):
        """The scripts as lists of what verify.history.Revision has."""
        with self.context():
            script = ScriptDirectory.from_config(self.config())
            found = list(script.walk_revisions())
            needs = {each.revision: [] for each in found}
            for each in found:
                for other in script.get_revisions(each.dependencies) if each.dependencies else ():
                    needs[each.revision].append(other.revision)
        return [
            [each.revision, as_list(each.down_revision), needs[each.revision], relative(each.path), each.doc or ""]
            for each in found
        ]


def described(diff):
    """Lines for one of Alembic's tuples, or its lists of them for what differs in a column."""
    if isinstance(diff, list):
        return [line for each in diff for line in described(each)]
    what, *of = diff
    if what in ("add_table", "remove_table"):
        return [GONE[what[:3] == "add"].format("table", of[0].name)]
    if what in ("add_column", "remove_column"):
        return [GONE[what[:3] == "add"].format("column", f"{of[1]}.{of[2].name}")]
    if what.startswith("modify_"):
        schema, table, column, options, here, there = of
        return [f"{table}.{column}: {what[7:]} is {here} in the database, {there} in the models"]
    kind, thing = what.partition("_")[::2][1], of[0]
    return [GONE[what[:3] == "add"].format(SAID.get(kind, kind), f"{thing.name} of {thing.table.name}")]


GONE = ("only the database has the {} {}", "only the models have the {} {}")
SAID = {"fk": "FOREIGN KEY", "constraint": "constraint", "index": "index"}


def as_list(value):
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def relative(path):
    path = os.path.abspath(path)
    folder = os.getcwd()
    return os.path.relpath(path, folder).replace(os.sep, "/") if path.startswith(folder) else path


def engine_of(db):
    try:
        return db.engine
    except (TypeError, AttributeError):
        return db.get_engine()


# --- harm at a chosen statement ---------------------------------------------


class Points:
    """Within the block, counts the moments before a statement that writes, and before a COMMIT, from 0.

    `act(number)` is called at each, on every engine of this process.
    """

    def __init__(self, act=lambda number: None):
        self.act, self.count = act, 0

    def __enter__(self):
        event.listen(Engine, "before_cursor_execute", self.statement)
        event.listen(Engine, "commit", self.reached)
        return self

    def __exit__(self, *error):
        event.remove(Engine, "before_cursor_execute", self.statement)
        event.remove(Engine, "commit", self.reached)

    def statement(self, connection, cursor, statement, parameters, context, many):
        if not statement.lstrip().upper().startswith(READS):
            self.reached(connection)

    def reached(self, connection):
        self.count += 1
        self.act(self.count - 1)


KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else 9


def die():
    """End this process as a power cut would: nothing is tidied up, no `finally` runs."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(KILLED)


# --- as a program ---------------------------------------------------------------


class NotLoaded(Exception):
    """Why there is nothing to verify, in one line for a person."""


def load(wanted):
    """The Loaded app that a request describes; NotLoaded if there is none that can be verified."""
    os.environ.update(wanted["variables"])
    only_throw_away(wanted["names"])
    app = import_app(wanted["app"])
    if "migrate" not in app.extensions:
        raise NotLoaded("The app has no Flask-Migrate: Migrate(app, db) is missing")
    loaded = Loaded(app, wanted["directory"])
    with app.app_context():
        url = engine_of(loaded.migrate.db).url
        folder = loaded.config().get_main_option("script_location")
    if not any(name in str(url.database) for name in wanted["names"]):
        where = f"{url.drivername}:///{url.database}"
        raise NotLoaded("The app takes its database from elsewhere ({}), not from {}".format(where, wanted["variable"]))
    if not os.path.isdir(os.path.join(folder, "versions")):
        raise NotLoaded(f"There is no folder {relative(folder)}/versions")
    return loaded


def import_app(name):
    from flask.cli import NoAppException, ScriptInfo, load_dotenv

    load_dotenv()
    name = name or os.environ.get("FLASK_APP")
    try:
        return ScriptInfo(app_import_path=name).load_app()
    except NoAppException as error:
        raise NotLoaded("The app cannot be imported: " + place_in(str(error)) + last_line(error)) from error
    except (Exception, SystemExit) as error:
        raise NotLoaded("The app cannot be imported: " + place_of(error) + named(error)) from error


def only_throw_away(names):
    """Refuse each connection to a database that is not one of the verifier's own."""

    @event.listens_for(Engine, "do_connect")
    def connect(dialect, record, arguments, parameters):
        places = [str(each) for each in [*arguments, *parameters.values()]]
        if ":memory:" in places or any(name in place for name in names for place in places):
            return None
        raise NotLoaded("The app opens another database than the one it was given")


def named(error):
    return f"{type(error).__name__}: {first_line(error)}"


def first_line(value):
    lines = str(getattr(value, "orig", None) or value or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def last_line(error):
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""


def place_of(error):
    """File and line of the project in which `error` began, to put before it; empty if it is nowhere there."""
    folder, place = os.getcwd() + os.sep, ""
    while error is not None:
        for frame in traceback.extract_tb(error.__traceback__):  # the innermost comes last
            if os.path.abspath(frame.filename).startswith(folder) and os.path.exists(frame.filename):
                place = f"{relative(frame.filename)}, line {frame.lineno}: "
        error = error.__cause__
    return place


def place_in(text):
    """As place_of, for a traceback in a text."""
    found = [path for path in re.findall(r'File "(.+)", line (\d+)', text) if path[0].startswith(os.getcwd() + os.sep)]
    return f"{relative(found[-1][0])}, line {found[-1][1]}: " if found else ""


def versions():
    from importlib import metadata

    found = {"Python": "{}.{}.{}".format(*sys.version_info)}
    for name in ("Flask-Migrate", "Alembic", "SQLAlchemy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "?"
    return found


def drivers():
    """The driver in a URL for PostgreSQL that this interpreter can use; None if there is none."""
    for module, driver in DRIVERS.items():
        try:
            __import__(module)
            return driver
        except ImportError:
            pass
    return None


class Program:
    """Answers requests: `do` is the name of a method, the rest are its arguments."""

    def __init__(self):
        self.loaded = None

    def hello(self):
        return {"versions": versions(), "postgresql": drivers()}

    def load(self, **wanted):
        self.loaded = load(wanted)
        conventions = [metadata.naming_convention for metadata in metadatas(self.loaded.migrate.db)]
        return {
            "revisions": self.revisions(),
            "named constraints": any(set(each) - {"ix"} for each in conventions),
            "binds": sorted(str(key) for key in self.loaded.app.config.get("SQLALCHEMY_BINDS") or {}),
        }

    def upgrade(self, revision):
        self.loaded.upgrade(revision)

    def downgrade(self, revision):
        self.loaded.downgrade(revision)

    def stamp(self, revision):
        self.loaded.stamp(revision)

    def sql(self, revisions):
        return self.loaded.sql(revisions)

    def differences(self):
        return self.loaded.differences()

    def revisions(self):
        return self.loaded.revisions()

    def points(self, direction, revision):
        """Take a step; returns how many points it has."""
        with Points() as points:
            getattr(self.loaded, direction)(revision)
        return points.count

    def killed(self, direction, revision, point):
        """Take a step and die at a point of it, which gives no answer."""
        with Points(lambda number: die() if number == point else None):
            getattr(self.loaded, direction)(revision)

    def at(self, moment, revision):
        """Upgrade at a moment (time.time()), at the same time as others."""
        time.sleep(max(0, moment - time.time()))
        self.loaded.upgrade(revision)


    def apart(self, request):
        """Do a request in a process of its own, which knows the app already; gives its exit code. For who can fork."""
        if not (process := os.fork()):
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            os._exit("says" in answer(self, request))
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def metadatas(db):
    return list(getattr(db, "metadatas", {}).values()) or [db.metadata]


def answer(program, request):
    """What a request gives: {"gives": …}, or what went wrong: {"says": one line, "where": a place in the project}."""
    try:
        return {"gives": getattr(program, request.pop("do"))(**request)}
    except NotLoaded as error:
        return {"says": str(error), "where": "", "kind": "NotLoaded"}
    except SystemExit as error:
        return {"says": f"it ended with sys.exit({error.code})", "where": place_of(error), "kind": "SystemExit"}
    except Exception as error:
        traceback.print_exc()
        text = first_line(error) if isinstance(error, CommandError) else named(error)
        return {"says": text, "where": place_of(error), "kind": type(error).__name__}


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the project prints is no answer
    sys.path[0] = os.getcwd()  # as `python -m` has it, not this file's folder
    logging.captureWarnings(True)
    program = Program()
    for line in sys.stdin:
        given = answer(program, json.loads(line))
        answers.write(json.dumps(given, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
