"""What all tests share: each stage, each kind of database, a fresh database a test."""
import pytest
from whole_run import DATABASES

from workbook import postgres
from workbook.stages import stage_folders


def pytest_configure(config):
    if not config.pluginmanager.has_plugin("workbook_run"):  # pytest was started by hand
        config.pluginmanager.import_plugin("workbook_run")


@pytest.fixture(params=[folder.name for folder in stage_folders()])
def stage(request):
    """The folder of each stage in turn."""
    return {folder.name: folder for folder in stage_folders()}[request.param]


@pytest.fixture(params=DATABASES)
def database(request):
    """The name of each kind of database in turn."""
    return request.param


@pytest.fixture
def new_database(database, tmp_path):
    """A function that returns the URL of a new, empty database of that kind."""
    made = []

    def new():
        if database == "sqlite":
            made.append(f"sqlite:///{(tmp_path / f'{len(made)}.db').as_posix()}")
        else:
            made.append(postgres.create_database())
        return made[-1]

    yield new
    if database == "postgresql":
        for url in made:
            postgres.drop_database(url)


@pytest.fixture
def url(new_database):
    """The URL of a new, empty database."""
    return new_database()
