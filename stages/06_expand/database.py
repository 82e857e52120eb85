"""What the app asks of its database beside queries. Nothing here needs editing."""
import sqlite3
from datetime import UTC

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def prepare_connections(engine):
    @event.listens_for(engine, "connect")
    def connect(connection, record):
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA foreign_keys = ON")  # SQLite ignores them unless told
        if engine.dialect.name == "postgresql":
            connection.execute("SET lock_timeout = '5s'")
            connection.commit()


def is_duplicate(error):
    """Whether an IntegrityError means that a unique value is already there."""
    return (
        getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_UNIQUE
        or getattr(error.orig, "sqlstate", None) == "23505"
    )


def is_unavailable(error):
    """Whether the database is busy or cannot be reached, so that trying again later helps."""
    if isinstance(error, PoolTimeout):
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # no answer from a server at all
        return error.connection_invalidated or isinstance(error, OperationalError)
    # 08 connection, 28 login, 3D no such database, 40 rolled back by the server, 53 out of
    # resources, 55P03 lock timeout, 57 shutdown: https://www.postgresql.org/docs/current/errcodes-appendix.html
    return state[:2] in ("08", "28", "3D", "40", "53", "57") or state == "55P03"


def revisions(connection):
    """(found, expected, known): what the database is at, what this code wants, whether it knows what was found."""
    script = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    found = MigrationContext.configure(connection).get_current_heads()
    every = {revision.revision for revision in script.walk_revisions()}
    return set(found), set(script.get_heads()), every.issuperset(found)


def utc(time):
    """A stored time, to show it: SQLite returns it in UTC and says no zone, PostgreSQL in the session's zone."""
    return (time.astimezone(UTC) if time.tzinfo else time).strftime("%Y-%m-%d %H:%M UTC")
