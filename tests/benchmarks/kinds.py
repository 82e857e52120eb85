"""The two kinds of database: how to make, copy, fill and drop one, and how to run hand-written SQL on it."""
import os
import shutil
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from hand_written import Batches
from sqlalchemy import make_url

from workbook import postgres


def run_alone(connection, statements):
    """Run `statements` on a connection that commits each by itself; Batches until there is no next one."""
    for statement in statements:
        if isinstance(statement, Batches):
            run_batches(connection, *statement)
        else:
            connection.execute(statement)


def run_batches(connection, last, change, pause):
    after = 0
    while (end := connection.execute(last.format(after=after)).fetchone()[0]) is not None:
        connection.execute(change.format(after=after, last=end))
        after = end
        if pause:
            time.sleep(pause)


class Sqlite:
    name = "sqlite"

    def __init__(self, folder):
        self.folder, self.made = Path(folder), 0

    def new(self):
        self.made += 1
        return f"sqlite:///{(self.folder / f'{self.made}.db').as_posix()}"

    def copy(self, url):
        copy = self.new()
        shutil.copyfile(make_url(url).database, make_url(copy).database)
        with open(make_url(copy).database, "r+b") as file:
            os.fsync(file.fileno())  # or the migration's own COMMIT would write the copy to the disk
        return copy

    def drop(self, url):
        path = Path(make_url(url).database)
        for file in path.parent.glob(f"{path.name}*"):  # and the turn's lock beside it
            file.unlink()

    @contextmanager
    def connection(self, url):
        """A connection as a careful person sets it up: foreign keys are off until the transaction ends."""
        connection = sqlite3.connect(make_url(url).database, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = OFF")
        try:
            yield connection
        finally:
            connection.close()

    def run(self, connection, statements):
        """Run `statements` in one transaction, as safely as migrations/env.py does."""
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        if connection.execute("PRAGMA foreign_key_check").fetchmany(1):
            raise RuntimeError("The hand-written SQL leaves foreign keys that point at nothing: correct it.")
        connection.execute("COMMIT")

    def load(self, connection, table, columns, rows):
        places = ", ".join("?" * len(columns))
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        connection.execute("COMMIT")

    def settle(self, connection):
        """Nothing goes on behind the back of an SQLite database."""


class Postgresql:
    name = "postgresql"

    def __init__(self, folder):
        """`folder` is not used: the server has its own."""

    new = staticmethod(postgres.create_database)
    drop = staticmethod(postgres.drop_database)

    def copy(self, url):
        return postgres.create_database(template=make_url(url).database)

    @contextmanager
    def connection(self, url):
        url = make_url(url)
        server = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
        # Closed at the end, unlike a pooled one, as a database that is copied must have no session.
        with psycopg.connect(dbname=url.database, autocommit=True, **{**server, **url.query}) as connection:
            yield connection

    def run(self, connection, statements):
        """Run `statements` in one transaction."""
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)

    def load(self, connection, table, columns, rows):
        with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def settle(self, connection):
        """Do now what autovacuum and the checkpointer would do in the middle of a measurement."""
        connection.execute("VACUUM (FREEZE, ANALYZE)")
        connection.execute("CHECKPOINT")


KINDS = (Sqlite, Postgresql)
