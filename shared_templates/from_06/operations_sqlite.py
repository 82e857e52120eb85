"""How an SQLite database is copied and put back. Nothing here needs editing."""
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from pathlib import Path

import click
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from operations_files import progress, working_folder
from operations_rows import BEFORE, contents_of

NAME, SUFFIX = "SQLite", ".db"
FIRST_BYTES = b"SQLite format 3\0"
PAGES = 1000  # copied at a time


def save(engine, file):
    """Copy the database into the new `file`, as it is at one moment."""
    with engine.connect() as connection, closing(sqlite3.connect(file)) as copy:
        source = connection.connection.dbapi_connection
        # With a transaction that stays open all pages are of the same moment. Without one the copy
        # begins again at each write of others, and may never end.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master")
        copy_pages(source, copy, progress("copied"))
        source.rollback()
        copy.execute("PRAGMA journal_mode = DELETE")  # one file: in WAL mode a part of it might be in another


def contents(engine, file):
    """What the backup `file` holds: every page is read, or ValueError with what is wrong."""
    try:
        with opened(file).connect() as copy:
            found = copy.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if found != "ok":
                raise ValueError(found.splitlines()[-1])
            orphans = copy.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
            if orphans:  # no fault of the backup: it is true to the database
                click.echo(f"Note: {orphans[0][0]} has rows that point at no row of {orphans[0][2]}.", err=True)
            return contents_of(copy)
    except DBAPIError as error:
        raise ValueError(str(error.orig)) from None


def opened(file):
    """An engine that reads `file`, and makes none if there is none."""
    connect = lambda: sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def load(engine, file, seconds):
    """Put the pages of `file` in the place of the database's own, in one transaction.

    The file stays the same one, so the app need not be stopped: it sees the old rows until all the new ones are
    there. If this process is killed, the journal beside the database brings back the old pages.
    """
    with opened(file).connect() as copy, engine.connect() as connection:
        source, target = (each.connection.dbapi_connection for each in (copy, connection))
        target.execute("PRAGMA busy_timeout = 0")  # copy_pages counts the seconds
        try:
            copy_pages(source, target, progress("restored"), time.monotonic() + seconds)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise click.ClickException(
                "The file of the database is none. Move it away, and those beside it whose names begin as its own; "
                "then run this again."
            ) from None


def copy_pages(source, target, tell, deadline=None):
    size = source.execute("PRAGMA page_size").fetchone()[0]

    def copied(status, left, pages):
        busy = status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if busy and deadline and time.monotonic() > deadline:  # by itself it would wait for ever
            raise click.ClickException("The database is in use. Stop what is writing to it, then run this again.")
        tell((pages - left) * size)

    source.backup(target, pages=PAGES, progress=copied, sleep=0.1)


@contextmanager
def clone(engine):
    """An engine on a copy of the database, whose connections have a second one, unchanged, as the schema BEFORE."""
    with engine.connect() as connection:
        place = Path(connection.exec_driver_sql("PRAGMA database_list").first()[2])
    with working_folder(place, "rehearsal") as folder:
        before, copy = folder / "before.db", folder / place.name
        save(engine, before)
        shutil.copyfile(before, copy)
        cloned = create_engine(engine.url.set(database=str(copy), query={}), poolclass=NullPool)

        @event.listens_for(cloned, "connect")
        def attach(connection, record):
            connection.execute(f"ATTACH ? AS {BEFORE}", [str(before)])

        yield cloned
