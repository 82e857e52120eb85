"""What the tests of the stages share: each stage's app on a migrated, empty database."""
import shutil
from pathlib import Path

import pytest
from browsing import Browser
from sqlalchemy import make_url

from workbook import postgres
from workbook.stages import stage_app, upgrade


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A function that returns the URL of a stage's migrated, empty database: to be copied, never used."""
    made = {}

    def template(folder, database):
        key = folder.name, database
        if key not in made:
            file = tmp_path_factory.mktemp("migrated") / "app.db"
            made[key] = f"sqlite:///{file.as_posix()}" if database == "sqlite" else postgres.create_database()
            with stage_app(folder, made[key]) as app:
                upgrade(app)
        return made[key]

    yield template
    for (_, database), url in made.items():
        if database == "postgresql":
            postgres.drop_database(url)


@pytest.fixture
def migrated_url(stage, database, migrated, tmp_path):
    """The URL of a migrated, empty database of its own for this test."""
    template = make_url(migrated(stage, database)).database
    if database == "sqlite":
        copy = shutil.copy(template, tmp_path / "migrated.db")
        yield f"sqlite:///{Path(copy).as_posix()}"
    else:
        url = postgres.create_database(template)
        yield url
        postgres.drop_database(url)


@pytest.fixture
def app(stage, migrated_url):
    """The app of a stage on a migrated, empty database."""
    with stage_app(stage, migrated_url) as app:
        yield app


@pytest.fixture
def browser(app):
    return Browser(app)
