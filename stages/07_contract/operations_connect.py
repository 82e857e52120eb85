"""How the commands of operations.py reach the database, and how they end. Nothing here needs editing."""
import signal
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import operations_postgresql
import operations_sqlite
from config import engine_options
from models import db
from operations_files import readable, safety

KINDS = {"sqlite": operations_sqlite, "postgresql": operations_postgresql}


def connect(new=False):
    """(an engine, the module for its kind of database); with `new` the file of an SQLite database may be missing."""
    url = database_url()
    kind = KINDS.get(url.get_backend_name())
    if not kind:
        raise click.ClickException(f"This is for SQLite and PostgreSQL, not for {url.get_backend_name()}.")
    if kind is operations_sqlite and url.database in (None, "", ":memory:"):
        raise click.ClickException("A database in memory is gone after this command. Use a file: sqlite:///app.db")
    if kind is operations_sqlite and not new and is_missing(url):
        raise click.ClickException(f"There is no {readable(url.database)} yet. Run this first: flask db upgrade")
    options = engine_options(url.render_as_string(hide_password=False))
    engine = create_engine(url, poolclass=NullPool, connect_args=options.get("connect_args", {}))
    try:
        if not is_missing(url):  # to connect would create it
            engine.connect().close()
    except DBAPIError as error:
        raise click.ClickException(f"The database cannot be opened: {first_line(error)}") from None
    return engine, kind


def database_url():
    """As in migrations/env.py: the role that may change tables, if the app has another one."""
    given = current_app.config.get("MIGRATION_DATABASE_URL")
    if not given:
        return db.engine.url
    url = make_url(given)
    return url.set(database=str(Path(current_app.instance_path, url.database))) if is_file(url) else url


def is_file(url):
    return url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:"))


def is_missing(url):
    return is_file(url) and not Path(url.database).exists()


@contextmanager
def my_turn(connection, seconds):
    """The turn that `flask db upgrade` takes too: who changes everything must be alone."""
    module, deadline = safety(), time.monotonic() + seconds

    def wait(reason):
        if time.monotonic() > deadline:
            raise click.ClickException(f"{reason}. Try again when it has ended.")
        time.sleep(0.1)

    module.wait = wait  # its own waits as long as `flask db upgrade -x wait=` says
    with module.my_turn(connection):
        yield


@contextmanager
def one_line_errors(stopped):
    """One line for whatever ends a command: Ctrl-C and a polite kill, too, leave nothing behind."""
    try:
        with ended_politely():
            yield
    except KeyboardInterrupt:
        raise click.ClickException(stopped) from None
    except CommandError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        name = f"{readable(error.filename)}: " if error.filename else ""
        raise click.ClickException(f"{name}{error.strerror or error}") from None
    except (DBAPIError, sqlite3.Error) as error:
        raise click.ClickException(f"The database says: {first_line(error)}") from None


@contextmanager
def ended_politely():
    """SIGTERM, as the system sends it at a shutdown, and a closed terminal end the block as Ctrl-C does."""

    def end(number, frame):
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other thread is told of signals
        numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {each: signal.signal(each, end) for each in numbers if signal.getsignal(each) == signal.SIG_DFL}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def first_line(error):
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
