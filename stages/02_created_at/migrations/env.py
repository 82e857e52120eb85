"""What `flask db` runs around your migrations. Nothing here needs editing.

The first half is Flask-Migrate's usual flow. The second half keeps data safe:
a migration happens whole or not at all, one upgrade runs at a time, and no
foreign key is left pointing at nothing.
"""
import logging
import sqlite3
import time
import traceback
from contextlib import closing, contextmanager
from logging.config import fileConfig
from pathlib import Path

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

PATIENCE = 600  # seconds to wait for others: `flask db upgrade -x wait=30` for 30
LOCK_TIMEOUT = "200ms"  # how long one statement may stand in PostgreSQL's queue
TURN = 20_260_112  # any number, as long as all copies of the app use the same

config = context.config
logger = logging.getLogger("alembic.env")
migrate = current_app.extensions["migrate"]
if not logging.getLogger().handlers:  # a host that has logging set up keeps it
    fileConfig(config.config_file_name, disable_existing_loggers=False)


def run_migrations_offline():
    """`--sql`: print the statements instead of running them."""
    context.configure(
        url=migration_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **options()
    )
    with one_line_errors(), context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    engine = create_engine(migration_url(), poolclass=NullPool, connect_args=connect_args())
    protect = {"sqlite": protect_sqlite, "postgresql": protect_postgresql}.get(engine.dialect.name)
    deadline = time.monotonic() + float(context.get_x_argument(as_dictionary=True).get("wait", PATIENCE))
    if protect:
        protect(engine)
    with one_line_errors(), connect(engine) as connection, my_turn(connection, deadline):
        context.configure(connection=connection, **options())
        while True:
            try:
                with context.begin_transaction():
                    context.run_migrations()
                return
            except DBAPIError as error:
                # What was begun is rolled back and its locks are free again, so
                # whoever was in the way can finish. What is done is not repeated.
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                wait("Tables are in use by another session; trying again until they are free.")


def options():
    """The app's own `Migrate(app, db, …)` arguments, over these defaults."""
    return {
        "target_metadata": migrate.db.metadata,
        "process_revision_directives": skip_empty_revisions,
        "transaction_per_migration": True,
        "transactional_ddl": True,  # SQLite can, if BEGIN really comes first
        **migrate.configure_args,
    }


def skip_empty_revisions(migration_context, revision, directives):
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        logger.info("No changes in schema detected.")


def migration_url():
    """MIGRATION_DATABASE_URL if it is set: the app's role need not own tables."""
    url = current_app.config.get("MIGRATION_DATABASE_URL")
    return make_url(url) if url else migrate.db.engine.url


def connect_args():
    return dict(current_app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {}).get("connect_args", {}))


def connect(engine):
    try:
        return engine.connect()
    except DBAPIError as error:
        raise CommandError(f"The database cannot be opened: {first_line(error.orig)}") from error


# --- What keeps data safe -----------------------------------------------------


def protect_sqlite(engine):
    @event.listens_for(engine, "connect")
    def connect(connection, record):
        # Python's driver begins transactions late and not for DDL; this turns
        # that off. Foreign keys go off now, as no transaction can do it: with
        # them on, rebuilding a table deletes the rows that point at it.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")

    @event.listens_for(engine, "begin")
    def begin(connection):
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def check_foreign_keys(connection):
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(6)
        if orphans:
            rows = [f"{table} row {rowid} points at no row of {parent}" for table, rowid, parent, _ in orphans]
            raise CommandError(
                f"Rolled back, nothing has changed: {'; '.join(rows[:5])}{'; and more' if rows[5:] else ''}. "
                "Correct these rows or the migration, then run it again."
            )


def protect_postgresql(engine):
    @event.listens_for(engine, "connect")
    def connect(connection, record):
        # An ALTER that waits makes every later query wait behind it.
        connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.commit()


@contextmanager
def my_turn(connection, deadline):
    """Let one upgrade run at a time. A lock is free again when its holder ends, however it ends."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "postgresql":
        # Asked for again and again: a session that waits in this lock's queue
        # would be in the way of CREATE INDEX CONCURRENTLY.
        take_turn(lambda: connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({TURN})").scalar(), deadline)
        connection.commit()  # an open transaction here would be taken for the caller's, and never committed
        yield
    elif connection.dialect.name == "sqlite":
        path = driver.execute("PRAGMA database_list").fetchone()[2]
        if not path:
            raise CommandError("A database in memory is gone after this command. Use a file: sqlite:///app.db")
        # The lock on the database itself is let go between two migrations, so
        # the turn is a lock on an empty file beside it.
        with closing(sqlite3.connect(f"{path}-migration-lock", isolation_level=None, timeout=0)) as lock:
            take_turn(lambda: lock_file(lock), deadline)
            yield
    else:
        yield


def lock_file(lock):
    try:
        lock.execute("BEGIN EXCLUSIVE")
        return True
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False


def take_turn(is_mine, deadline):
    while not is_mine():
        if time.monotonic() > deadline:
            raise CommandError("Another `flask db` command is still running on this database. Try again later.")
        wait("Another `flask db` command is running on this database; waiting for it to end.")


said = set()


def wait(reason):
    if reason not in said:
        logger.info(reason)
        said.add(reason)
    time.sleep(0.3)


def is_busy(error):
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or getattr(error.orig, "sqlstate", "") in (
        "55P03",  # lock_not_available
        "40P01",  # deadlock_detected
    )


@contextmanager
def one_line_errors():
    """One line for what the database or a migration says; the traceback is logged at level DEBUG."""
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        scripts = Path(context.script.versions).resolve()
        steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).parent == scripts]
        if not steps and not isinstance(error, (DBAPIError, sqlite3.Error)):
            raise
        logger.debug("This is where it happened:", exc_info=True)
        where = f" in {Path(steps[-1].filename).name}, line {steps[-1].lineno}" if steps else ""
        reason = first_line(getattr(error, "orig", error))
        raise CommandError(f"Rolled back{where}: {type(error).__name__}: {reason}") from error


def first_line(error):
    return str(error).strip().partition("\n")[0]


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
