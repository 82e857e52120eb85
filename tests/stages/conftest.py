"""What the tests of the stages share: each stage's app on a migrated, empty database.

Each test has an app and rows of its own. What no test changes is made once and used again: a stage's modules, its
compiled templates and, on PostgreSQL, where a copy takes a tenth of a second, the migrated tables.
"""
import importlib
import itertools
import shutil
import sys
from pathlib import Path

import pytest
from browsing import Browser
from faults import drop_database
from jinja2 import BytecodeCache
from operating import Filled, Place

from workbook import postgres
from workbook.stages import environment, own_modules, stage_app, upgrade

# What a database holds beside rows, as its catalogue says; PostgreSQL's own things have smaller ids.
SCHEMA = """
    SELECT (c.oid, relname, attname, atttypid, atttypmod, attnotnull)::text
    FROM pg_class c JOIN pg_attribute ON attrelid = c.oid WHERE c.oid >= 16384
    UNION ALL SELECT (oid, conname, convalidated)::text FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT oid::text FROM pg_attrdef
    ORDER BY 1
"""
VERSIONS = "SELECT version_num FROM alembic_version ORDER BY 1"
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TABLES = "SELECT relname FROM pg_class WHERE oid >= 16384 AND relkind = 'r' AND relname <> 'alembic_version'"


class MigratedDatabase:
    """A stage's tables on PostgreSQL."""

    def __init__(self, stage):
        self.url = postgres.create_database()
        with stage_app(stage, self.url) as app:
            upgrade(app)
        with postgres.admin_connection(self.url) as connection:
            self.schema = connection.exec_driver_sql(SCHEMA).scalars().all()
            self.versions = connection.exec_driver_sql(VERSIONS).scalars().all()

    def emptied(self):
        """Remove all rows and whoever is still connected; False if the tables are not as the migrations left them."""
        with postgres.admin_connection(self.url) as connection:
            connection.exec_driver_sql(END_OTHERS)
            if connection.exec_driver_sql(SCHEMA).scalars().all() != self.schema:
                return False
            tables = ", ".join(connection.exec_driver_sql(TABLES).scalars())
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
            return connection.exec_driver_sql(VERSIONS).scalars().all() == self.versions


class CompiledTemplates(BytecodeCache):
    """Jinja's compiled templates, for every app of this run; a template that is edited is compiled again."""

    def __init__(self):
        self.compiled = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket):
        self.compiled[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session")
def create_app():
    """A function that creates a new app of a stage, with the settings in the environment."""
    imported, templates = {}, CompiledTemplates()

    def create(stage):
        with own_modules(stage):
            sys.modules.update(imported.get(stage, {}))
            app = importlib.import_module("app").create_app()
            names = {path.stem for path in stage.glob("*.py")}
            imported[stage] = {name: sys.modules[name] for name in names & sys.modules.keys()}
        app.jinja_env.bytecode_cache = templates
        return app

    return create


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """A function that returns a stage's migrated, empty SQLite file: to be copied, never used."""
    made = {}

    def file(stage):
        if stage not in made:
            made[stage] = tmp_path_factory.mktemp("migrated") / "app.db"
            with stage_app(stage, f"sqlite:///{made[stage].as_posix()}") as app:
                upgrade(app)
        return made[stage]

    return file


@pytest.fixture(scope="session")
def migrated_database():
    """A function that returns the URL of a stage's migrated, empty PostgreSQL database, for one test at a time."""
    made = {}

    def url(stage):
        if stage in made and not made[stage].emptied():
            postgres.drop_database(made.pop(stage).url)
        if stage not in made:
            made[stage] = MigratedDatabase(stage)
        return made[stage].url

    yield url
    for database in made.values():
        postgres.drop_database(database.url)


@pytest.fixture
def new_migrated_url(stage, database, migrated_file, migrated_database, tmp_path):
    """A function that returns the URL of a migrated, empty database, to use until the next one is asked for."""
    number = itertools.count()

    def url():
        if database == "postgresql":
            return migrated_database(stage)
        copy = shutil.copy(migrated_file(stage), tmp_path / f"migrated{next(number)}.db")
        return f"sqlite:///{Path(copy).as_posix()}"

    return url


@pytest.fixture
def migrated_url(new_migrated_url):
    """The URL of a migrated, empty database that no other test uses now."""
    return new_migrated_url()


@pytest.fixture
def app(stage, migrated_url, create_app):
    """The app of a stage on a migrated, empty database."""
    with environment(DATABASE_URL=migrated_url, MIGRATION_DATABASE_URL=None, SECRET_KEY="for tests"):
        app = create_app(stage)
        with app.app_context():
            yield app
            app.extensions["sqlalchemy"].session.remove()
            app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    filled = Filled(tmp_path_factory.mktemp("filled"))
    yield filled
    filled.drop()


@pytest.fixture
def new_place(stage, database, filled, tmp_path, monkeypatch):
    """A function that makes a Place at a revision; all of them share a folder, which is the current one."""
    made = []
    monkeypatch.chdir(tmp_path)

    def new(revision="head", **variables):
        url, before = filled.copy(stage, database, revision)
        context = stage_app(stage, url, **variables)
        app = context.__enter__()
        made.append((context, url))
        app.instance_path = str(tmp_path / "instance")
        return Place(app, url, before, tmp_path)

    yield new
    for context, url in reversed(made):
        context.__exit__(None, None, None)
        drop_database(url)


@pytest.fixture
def place(new_place):
    """A Place at the newest revision."""
    return new_place()
