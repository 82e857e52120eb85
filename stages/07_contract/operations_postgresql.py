"""How a PostgreSQL database is copied and put back. Nothing here needs editing."""
import os
import re
import secrets
from contextlib import contextmanager, suppress

import click
from sqlalchemy import Text, cast, column, create_engine, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from operations_files import progress
from operations_rows import BEFORE, Contents, tables_of
from operations_tools import ToolFailed, pg_dump, pg_restore, psql, server_version

NAME, SUFFIX = "PostgreSQL", ".dump"
FIRST_BYTES = b"PGDMP"
CHUNK = 1_000_000
COPY = re.compile(rb"COPY (.+?) +(\(.*\) )?FROM stdin;")
# All that the database holds, so that nothing is left of a later revision; in one transaction with what
# comes in its place. \gexec of psql runs each row of the result as a statement.
DROP_EVERYTHING = rb"""
BEGIN;
SET LOCAL lock_timeout = %d;
SET LOCAL client_min_messages = error;
SET LOCAL search_path = '';
SELECT lo_unlink(oid) FROM pg_largeobject_metadata;
WITH everything (place, what, oid) AS (
    SELECT 1, format('EXTENSION IF EXISTS %%I', extname), oid FROM pg_extension
    WHERE extowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
    UNION ALL
    SELECT 2, format('SCHEMA IF EXISTS %%I', nspname), oid FROM pg_namespace
    WHERE nspname <> 'public' AND nspname NOT LIKE 'pg\_%%'
    UNION ALL
    SELECT CASE WHEN relkind IN ('r', 'p') THEN 3 ELSE 4 END, format('%%s IF EXISTS public.%%I', CASE relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
        WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, relname), oid
    FROM pg_class WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    UNION ALL
    SELECT 5, format('TYPE IF EXISTS public.%%I', typname), oid FROM pg_type
    WHERE typnamespace = to_regnamespace('public') AND typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT 6, format('ROUTINE IF EXISTS %%s', oid::regprocedure), oid FROM pg_proc
    WHERE pronamespace = to_regnamespace('public')
)
SELECT format('DROP %%s CASCADE', what) FROM everything
WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = everything.oid AND deptype = 'e')
ORDER BY place \gexec
"""


def save(engine, file):
    """Copy the database into the new `file`, as it is at one moment."""
    tell, written = progress("written"), 0
    with file.open("xb") as copy:
        # Through this process, not into the file by itself: if this process is killed, pg_dump ends too.
        with pg_dump(engine, "--format=custom") as dump:
            while chunk := dump.stdout.read(CHUNK):
                written += copy.write(chunk)
                tell(written)
        copy.flush()
        os.fsync(copy.fileno())


def contents(engine, file):
    """What the backup `file` holds: read to its last byte, or ValueError with what is wrong."""
    rows, revisions, here = {}, set(), None
    try:
        with pg_restore(engine, file) as script:
            for line in script.stdout:
                if here:  # in the rows of that table, a line each
                    rows[here] += 1
                    if line.rstrip() == rb"\.":
                        rows[here] -= 1
                        here = None
                    elif here == "alembic_version":
                        revisions.add(line.decode().strip())
                elif found := COPY.match(line):
                    here = found[1].decode().removeprefix("public.")
                    rows[here] = 0
    except ToolFailed as error:
        raise ValueError(error.message) from None
    rows.pop("alembic_version", None)
    return Contents(revisions, rows)


def load(engine, file, seconds):
    """Put what is in `file` in the place of all that is in the database, in one transaction.

    pg_restore writes a script that ends with COMMIT, and psql runs it: if one of them or this process is killed
    before, the server rolls everything back. (pg_restore by itself could only drop what is in the backup.)
    """
    with psql(engine) as target:
        target.stdin.write(DROP_EVERYTHING % min(max(1, seconds * 1000), 2**31 - 1))  # 0 would be no limit
        with pg_restore(engine, file, "--single-transaction", "--no-owner") as script:
            pour(engine, script, target, progress("restored"))


def pour(engine, script, target, tell):
    done = 0
    while chunk := script.stdout.read(CHUNK):
        if not done and server_version(engine) < 17:  # newer tools set what older servers do not know
            chunk = chunk.replace(b"SET transaction_timeout = 0;\n", b"", 1)
        done += target.stdin.write(chunk)
        tell(done)


@contextmanager
def clone(engine):
    """An engine on a new database with the same content, and the rows as text in its schema BEFORE as well."""
    remove_unused(engine)
    name = f"{prefix(engine)}{secrets.token_hex(4)}"
    cloned = create_engine(engine.url.set(database=name), poolclass=NullPool)
    try:
        create(engine, name)
        with cloned.connect():  # a database that somebody is connected to is not removed by others
            with psql(cloned) as target, pg_dump(engine, "--no-owner") as script:
                pour(engine, script, target, progress("cloned"))
            remember(cloned)
            yield cloned
    finally:
        statement(engine, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def prefix(engine):
    return f"{engine.url.database[:40]}_rehearsal_"  # a name has 63 bytes


def create(engine, name):
    here = "FROM pg_database WHERE datname = current_database()"
    with engine.connect() as connection:
        query = f"SELECT current_user, pg_encoding_to_char(encoding), datcollate, datctype {here}"
        role, encoding, collate, ctype = connection.exec_driver_sql(query).one()
    locale = f"ENCODING '{encoding}' LC_COLLATE '{collate}' LC_CTYPE '{ctype}'"
    try:
        statement(engine, f'CREATE DATABASE "{name}" TEMPLATE template0 {locale}')
    except DBAPIError as error:
        if error.orig.sqlstate != "42501":
            raise
        text = f"{role} may not create one. A superuser can allow it: ALTER ROLE {role} CREATEDB"
        raise click.ClickException(f"A rehearsal needs a database of its own, and {text}") from None


def remove_unused(engine):
    """Drop the clones of rehearsals that were killed."""
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all()
    for name in names:
        if re.fullmatch(re.escape(prefix(engine)) + "[0-9a-f]{8}", name):
            with suppress(DBAPIError):  # it is in use, or somebody else's
                statement(engine, f'DROP DATABASE "{name}"')
                click.echo(f"Removed the database {name}: what a rehearsal left that was killed.", err=True)


def remember(engine):
    """Copy all rows to the schema BEFORE: as text, as a type that a migration drops must not be in use there."""
    quote = engine.dialect.identifier_preparer.quote
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {BEFORE}")
        for name, found in tables_of(connection).items():
            values = [cast(column(each), Text).label(each) for each in found.columns]
            query = select(*values).select_from(table(name)).compile(dialect=engine.dialect)
            connection.exec_driver_sql(f"CREATE UNLOGGED TABLE {BEFORE}.{quote(name)} AS {query}")


def statement(engine, text):
    """Run what cannot be in a transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(text)
