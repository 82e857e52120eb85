"""A database for each test, empty at the start and gone at the end. Nothing here needs editing."""
import uuid

import click
import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import config
from app import create_app

OTHER_TABLE = """
    SELECT schemaname || '.' || tablename FROM pg_tables
    WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname NOT LIKE 'pytest\\_%' AND schemaname <> 'information_schema'
    LIMIT 1
"""


def pytest_sessionstart():
    """End in one line if TEST_DATABASE_URL names a database that is not for tests alone."""
    try:
        url = config.database_url("TEST_DATABASE_URL", default="sqlite://")
        if url.startswith("postgresql"):
            with connect(url) as connection:
                if table := connection.scalar(text(OTHER_TABLE)):
                    raise pytest.UsageError(f"TEST_DATABASE_URL has to name an empty database; this one has {table}.")
    except click.ClickException as error:
        raise pytest.UsageError(error.message) from None
    except DBAPIError as error:
        raise pytest.UsageError(f"TEST_DATABASE_URL: {str(error.orig).splitlines()[0]}") from None


@pytest.fixture
def database_url(tmp_path):
    """A new SQLite file or, if TEST_DATABASE_URL names a PostgreSQL database, a new schema in that."""
    url = config.database_url("TEST_DATABASE_URL", default="sqlite://")
    if not url.startswith("postgresql"):
        yield f"sqlite:///{(tmp_path / 'test.db').as_posix()}"
        return
    # All that a test makes is in a schema of its own, and gone with that, whatever the test did.
    schema = f"pytest_{uuid.uuid4().hex[:12]}"
    with connect(url) as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(url)
    options = f"{own.query.get('options', '')} -csearch_path={schema},public".strip()
    yield own.update_query_dict({"options": options}).render_as_string(hide_password=False)
    with connect(url) as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))


def connect(url):
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


@pytest.fixture
def app(database_url, monkeypatch):
    """The app on a database without tables."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    app = create_app()
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        yield app
        app.extensions["sqlalchemy"].session.remove()
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def client(app):
    """A browser, on the app with a migrated database: what a deploy gives, not what create_all would."""
    upgrade()
    return app.test_client()
