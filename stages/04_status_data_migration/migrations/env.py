"""What `flask db` runs around your migrations. Nothing here needs editing.

The first half is Flask-Migrate's usual flow. The second half keeps data safe:
a migration happens whole or not at all, one command runs at a time, and no
foreign key is left pointing at nothing.
"""
import logging
import sqlite3
import time
import traceback
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import context
from alembic.util import CommandError
from flask import current_app
from flask.logging import wsgi_errors_stream
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

PATIENCE = "600"  # seconds to wait for others: `flask db upgrade -x wait=30` for 30
LOCK_TIMEOUT = 200  # milliseconds that one statement may wait while others wait behind it
TURN = 20_260_112  # any number, as long as all copies of the app use the same
RUNNING = "Another `flask db` command is running on this database"

logger = logging.getLogger("alembic.env")
said = set()
migrate = current_app.extensions["migrate"]


def run_migrations_offline():
    """`--sql`: print the statements instead of running them."""
    context.configure(url=migration_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **options())
    with one_line_errors(), context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    deadline = time.monotonic() + patience()
    engine = create_engine(migration_url(), poolclass=NullPool, connect_args=connect_args())
    if engine.dialect.name not in PROTECT:
        raise CommandError(f"migrations/env.py keeps SQLite and PostgreSQL safe, not {engine.dialect.name}")
    PROTECT[engine.dialect.name](engine)
    with connect(engine) as connection, one_line_errors(connection), my_turn(connection, deadline):
        context.configure(connection=connection, **options())
        while True:
            try:
                with context.begin_transaction():
                    context.run_migrations()
                return
            except DBAPIError as error:
                # What was begun is rolled back, and its locks are free again, so
                # whoever is in the way can finish. What is done is not repeated.
                connection.rollback()
                connection.connection.rollback()  # SQLite's transaction is still open if it was COMMIT that failed
                if not is_busy(error):
                    raise
                wait("Tables are in use by another session", deadline)


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
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        logger.info("No changes in schema detected.")


def migration_url():
    """MIGRATION_DATABASE_URL if it is set: the app's role need not own tables."""
    if not current_app.config.get("MIGRATION_DATABASE_URL"):
        return migrate.db.engine.url
    url = make_url(current_app.config["MIGRATION_DATABASE_URL"])
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:")):
        return url.set(database=str(Path(current_app.instance_path, url.database)))  # as for DATABASE_URL
    return url


def connect_args():
    """The app's own, unless they are for another kind of database."""
    same = migration_url().get_backend_name() == migrate.db.engine.dialect.name
    return dict(current_app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {}).get("connect_args", {})) if same else {}


def connect(engine):
    try:
        return engine.connect()
    except DBAPIError as error:
        raise CommandError(f"The database cannot be opened: {first_line(error)}") from error


# --- What keeps data safe -----------------------------------------------------


def protect_sqlite(engine):
    @event.listens_for(engine, "connect")
    def connect(connection, record):
        # Python's driver begins transactions late and not for DDL; this turns
        # that off. Foreign keys go off now, as no transaction can do it: with
        # them on, rebuilding a table deletes the rows that point at it.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT}")

    @event.listens_for(engine, "begin")
    def begin(connection):
        if not in_autocommit_block(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def check_foreign_keys(connection):
        if in_autocommit_block(connection):
            return
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
        if orphans:
            rows = [f"{table} row {rowid} points at no row of {parent}" for table, rowid, parent, _ in orphans]
            raise sqlite3.IntegrityError("; ".join(rows))


def protect_postgresql(engine):
    @event.listens_for(engine, "begin")
    def begin(connection):
        # An ALTER that waits makes every later query wait behind it. What needs an
        # autocommit_block(), such as CREATE INDEX CONCURRENTLY, may wait: nobody is behind it.
        limit = max(1, patience() * 1000) if in_autocommit_block(connection) else LOCK_TIMEOUT
        connection.exec_driver_sql(f"SET lock_timeout = {limit}")


PROTECT = {"sqlite": protect_sqlite, "postgresql": protect_postgresql}


def in_autocommit_block(connection):
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


@contextmanager
def my_turn(connection, deadline):
    """Let one command run at a time. A lock is free again when its holder ends, however it ends."""
    if connection.dialect.name == "postgresql":
        while not lock_session(connection):
            wait(RUNNING, deadline)
        yield
        return
    path = connection.connection.dbapi_connection.execute("PRAGMA database_list").fetchone()[2]
    if not path:
        raise CommandError("A database in memory is gone after this command. Use a file: sqlite:///app.db")
    # The lock on the database itself is let go between two migrations, so
    # the turn is a lock on an empty file beside it.
    with closing(open_lock(f"{path}-migration-lock")) as lock:
        while not lock_file(lock):
            wait(RUNNING, deadline)
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


def wait(reason, deadline):
    if time.monotonic() > deadline:
        raise CommandError(f"{reason}, for {patience()} s now. Try again later, or wait longer: -x wait=SECONDS")
    if reason not in said:
        logger.warning("%s; waiting for it to end.", reason)
        said.add(reason)
    time.sleep(0.3)


def patience():
    seconds = context.get_x_argument(as_dictionary=True).get("wait", PATIENCE)
    if not seconds.isdecimal():
        raise CommandError(f"-x wait={seconds}: give a whole number of seconds, such as -x wait=30")
    return min(int(seconds), 1_000_000)


def is_busy(error):
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    # lock_not_available and deadlock_detected; SQLITE_LOCKED is not here, as it is the migration's own doing
    return code == sqlite3.SQLITE_BUSY or getattr(error.orig, "sqlstate", "") in ("55P03", "40P01")


@contextmanager
def one_line_errors(connection=None):
    """One line for what the database or a migration says; the traceback is logged at level DEBUG."""
    try:
        yield
    except Exception as error:
        scripts = Path(context.script.versions).resolve()
        lines = traceback.extract_tb(error.__traceback__)
        steps = [line for line in lines if Path(line.filename).resolve().parent == scripts]
        if not steps and not isinstance(error, (DBAPIError, sqlite3.Error)):
            raise
        logger.debug("This is where it happened:", exc_info=True)
        # What stands before an autocommit_block() stays in the database, and `--sql` has begun nothing.
        undone = connection is not None and "isolation_level" not in connection.get_execution_options()
        where = f" in {Path(steps[-1].filename).name}, line {steps[-1].lineno}" if steps else ""
        kind = "" if isinstance(error, CommandError) else f"{type(error).__name__}: "
        raise CommandError(f"{'Rolled back' if undone else 'Stopped'}{where}: {kind}{first_line(error)}") from error


def first_line(error):
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def show_progress():
    """Let the terminal show what Alembic says, unless the app has set up logging."""
    for log in map(logging.getLogger, ("alembic", "flask_migrate")):
        if not logging.getLogger().handlers and {type(handler) for handler in log.handlers} <= {logging.NullHandler}:
            handler = logging.StreamHandler(wsgi_errors_stream)
            handler.setFormatter(logging.Formatter("%(levelname)-5.5s [%(name)s] %(message)s"))
            log.addHandler(handler)
            log.setLevel(logging.INFO)
    for chatty in ("alembic.runtime.plugins", "alembic.ddl.postgresql"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


show_progress()
if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
