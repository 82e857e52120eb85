"""What keeps data safe while `flask db` changes a database. Nothing here needs editing.

env.py calls `run`. It sees to it that a migration happens whole or not at all,
that one command runs at a time, that SQLite loses no row when it rebuilds a
table, and that nobody waits long: not the app for a migration, and a migration
never for itself.
"""
import logging
import os
import sqlite3
import sys
import threading
import time
import traceback
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

PATIENCE = "600"  # seconds to wait for others: `flask db upgrade -x wait=30` for 30
LOCK_TIMEOUT = 200  # milliseconds that one statement may wait while others wait behind it
LOOK_TIMEOUT = 2000  # milliseconds that a command that only looks may wait
SET_TIMEOUT = {"sqlite": "PRAGMA busy_timeout = {}", "postgresql": "SET lock_timeout = {}"}
VACUUMED = """
    SELECT DISTINCT relation::regclass::text FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE mode = 'ShareUpdateExclusiveLock' AND granted AND pid <> pg_backend_pid() AND relkind = 'r'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
TURN = 20_260_112  # any number, as long as all copies of the app use the same

logger = logging.getLogger("alembic.env")
said = set()
# `committed` is the Line of the running script that has committed what it had done: unless it says
# `resumable = True`, that script cannot begin again. `ended` is the same, but may still fail.
progress = SimpleNamespace(begun=False, ended=None, committed=None, deadline=0)


class Line(NamedTuple):
    """A line of a migration script."""

    text: str  # such as "late.py, line 12"
    resumable: bool  # whether the script says that it may begin again after it has committed something


def connect(engine):
    if engine.dialect.name not in SET_TIMEOUT:
        raise CommandError(f"migrations/safety.py keeps SQLite and PostgreSQL safe, not {engine.dialect.name}")
    try:
        return engine.connect()
    except DBAPIError as error:
        raise CommandError(f"The database cannot be opened: {first_line(error)}") from error


def look(connection, command):
    """Call `command`, which only reads. It takes no turn and waits for no upgrade."""
    try:
        set_timeout(connection, LOOK_TIMEOUT)
        command()
    except DBAPIError as error:
        if not is_busy(error):
            raise
        raise CommandError("Another session is changing what this command reads. Try again later") from error


def run(connection, migrations):
    """Call `migrations`, and again if it met a lock: what is done by then is not repeated."""
    progress.deadline = time.monotonic() + patience()
    protect(connection.engine)
    with my_turn(connection), one_connection(connection.engine):
        while not succeeds(connection, migrations):
            end_vacuum(connection)
            connection.rollback()
            wait("Tables are in use by another session")


def succeeds(connection, migrations):
    """Whether nobody was in the way. If somebody was, nothing is locked now, so they can finish."""
    purge = context.get_context().purge  # by `stamp --purge`: the old revision must not go without the new one
    try:
        if purge:
            connection.begin()
        migrations()
        if purge or progress.committed:  # a script's own commit has taken Alembic's transaction from it
            connection.commit()
        return True
    except DBAPIError as error:
        connection.rollback()
        connection.connection.rollback()  # SQLite's transaction is still open if it was COMMIT that failed
        if is_too_late() or not is_busy(error):
            raise
        session = current_app.extensions["migrate"].db.session
        if session.registry.has() and session().in_transaction():
            raise CommandError("db.session holds what the migration needs: call db.session.commit() first") from error
        progress.ended = None
        return False


# --- a migration happens whole or not at all ----------------------------------


def protect(engine):
    @event.listens_for(engine, "begin")
    def begin(connection):
        progress.committed, progress.ended = progress.ended, None
        set_timeout(connection, longest_wait())
        if engine.dialect.name == "sqlite" and not in_autocommit_block(connection):
            # Python's driver begins transactions late and not for DDL; None turns that off.
            # Foreign keys go off now, as no transaction can do it: with them on, rebuilding
            # a table deletes the rows that point at it.
            connection.connection.dbapi_connection.isolation_level = None
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        if progress.committed and not in_autocommit_block(connection):
            end_vacuum(connection)  # which the rows that a backfill has changed may have called
        progress.begun = True

    @event.listens_for(engine, "commit")
    def commit(connection):
        if engine.dialect.name == "sqlite" and not in_autocommit_block(connection):
            check_foreign_keys(connection)
        progress.ended = script_line(traceback.walk_stack(sys._getframe()))

    @event.listens_for(engine, "rollback")
    def rollback(connection):
        progress.ended = script_line(traceback.walk_stack(sys._getframe()))

    @event.listens_for(engine, "after_cursor_execute")
    def execute(connection, cursor, statement, *rest):
        if statement.strip("; \n").upper() in ("COMMIT", "END"):  # by `op.execute("COMMIT")`
            progress.committed = script_line(traceback.walk_stack(sys._getframe()))
            set_timeout(connection, longest_wait())


def in_autocommit_block(connection):
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def check_foreign_keys(connection):
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if orphans:
        rows = [f"{table} row {rowid} points at no row of {parent}" for table, rowid, parent, _ in orphans]
        raise sqlite3.IntegrityError("; ".join(rows))


def longest_wait():
    # An ALTER that waits makes every later query wait behind it, so it gives up, and the
    # migration begins again. One that cannot begin again has to wait.
    return max(1, int(seconds_left() * 1000)) if is_too_late() else LOCK_TIMEOUT


def is_too_late():
    """Whether the running script cannot begin again."""
    return progress.committed and not progress.committed.resumable


def end_vacuum(connection):
    """Let PostgreSQL's autovacuum give way: to who waits a second for its lock, as an ALTER must not."""
    tables = connection.exec_driver_sql(VACUUMED).scalars().all() if connection.dialect.name == "postgresql" else []
    if not tables:
        return
    set_timeout(connection, LOOK_TIMEOUT)
    connection.exec_driver_sql("SAVEPOINT before_vacuum")
    try:
        # Nobody who reads or writes waits for this lock, or behind it.
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN SHARE UPDATE EXCLUSIVE MODE")
    except DBAPIError:  # it is a VACUUM of somebody's
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT before_vacuum")
    set_timeout(connection, longest_wait())


def set_timeout(connection, milliseconds):
    connection.exec_driver_sql(SET_TIMEOUT[connection.dialect.name].format(milliseconds))


def is_busy(error):
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    # lock_not_available and deadlock_detected; SQLITE_LOCKED is not here, as it is the migration's own doing
    return code == sqlite3.SQLITE_BUSY or getattr(error.orig, "sqlstate", "") in ("55P03", "40P01")


# --- one at a time ------------------------------------------------------------


@contextmanager
def my_turn(connection):
    """Let one command run at a time. A lock is free again when its holder ends, however it ends."""
    running = "Another `flask db` command is running on this database"
    if connection.dialect.name == "postgresql":
        while not lock_session(connection):
            wait(running)
        yield
        return
    path = connection.connection.dbapi_connection.execute("PRAGMA database_list").fetchone()[2]
    if not path:
        raise CommandError("A database in memory is gone after this command. Use a file: sqlite:///app.db")
    # The lock on the database itself is let go between two migrations, so
    # the turn is a lock on an empty file beside it.
    with closing(open_lock(f"{path}-migration-lock")) as lock:
        while not lock_file(lock):
            wait(running)
        yield


def lock_session(connection):
    # Asked for again and again: a session that waits in this lock's queue would be
    # in the way of CREATE INDEX CONCURRENTLY. Committed, as a transaction that is
    # open here would be taken for the caller's, and the migrations in it be lost.
    mine = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({TURN})").scalar()
    connection.commit()
    return mine


def open_lock(path):
    try:
        return sqlite3.connect(path, isolation_level=None, timeout=0)
    except sqlite3.OperationalError as error:
        raise CommandError(f"Nothing can be written in the database's folder: {Path(path).parent}") from error


def lock_file(lock):
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    return lock.in_transaction


@contextmanager
def one_connection(engine):
    """Refuse what a migration does on a second connection to its database: it would wait for itself."""
    thread, app_url = threading.get_ident(), current_app.extensions["migrate"].db.engine.url

    def refuse(connection, cursor, statement, *rest):
        other = connection.engine
        if other is not engine and threading.get_ident() == thread and place(other.url) in places:
            raise CommandError("a second connection (db.session, db.engine) waits for this one: use op.get_bind()")

    places = {place(engine.url), place(app_url)}
    event.listen(Engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", refuse)


def place(url):
    return url.host, url.port, url.database, url.query.get("host")


# --- waiting, and what went wrong ---------------------------------------------


def wait(reason):
    if seconds_left() < 0:
        raise CommandError(f"{reason}, for {patience()} s now. Try again later, or wait longer: -x wait=SECONDS")
    if reason not in said:
        logger.warning("%s; waiting for it to end.", reason)
        said.add(reason)
    time.sleep(0.3)


def seconds_left():
    return progress.deadline - time.monotonic()


def patience():
    seconds = context.get_x_argument(as_dictionary=True).get("wait", PATIENCE)
    if not seconds.isdecimal():
        raise CommandError(f"-x wait={seconds}: give a whole number of seconds, such as -x wait=30")
    return min(int(seconds), 1_000_000)


@contextmanager
def one_line_errors():
    """One line for what the database or a migration says; the traceback is logged at level DEBUG."""
    try:
        yield
    except Exception as error:
        line = script_line(reversed(list(traceback.walk_tb(error.__traceback__))))
        if not line and not isinstance(error, (DBAPIError, sqlite3.Error)):
            raise
        logger.debug("This is where it happened:", exc_info=True)
        kind = "" if isinstance(error, CommandError) else f"{type(error).__name__}: "
        undone = progress.begun and not progress.committed
        where = f" in {line.text}" if line else ""
        text = f"{'Rolled back' if undone else 'Stopped'}{where}: {kind}{first_line(error)}"
        if progress.committed:
            text += f". What was done up to {progress.committed.text} is in the database"
        if is_too_late():
            text += ", so the script cannot simply run again: undo that by hand, or make the script step over it"
        elif progress.committed:
            text += ", and the script goes on from there when it is run again"
        raise CommandError(text) from error


def script_line(frames):
    """The Line of the innermost frame that runs a migration script; None if none does.

    `frames` are pairs of a frame and its line, the innermost first.
    """
    script = context.script
    folders = [os.path.abspath(folder) for folder in script.version_locations or [Path(script.dir, "versions")]]
    for frame, line in frames:
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(tuple(folder + os.sep for folder in folders)):
            return Line(f"{os.path.basename(path)}, line {line}", frame.f_globals.get("resumable", False))
    return None


def first_line(error):
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
