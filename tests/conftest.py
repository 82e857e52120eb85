"""What all tests share: one PostgreSQL server a run, and a fresh database a test."""
import pytest
from workbook import postgres
from workbook.stages import stage_folders

DATABASES = ("sqlite", "postgresql")


def pytest_configure(config):
    # The server is started once, by the process that hands out the tests; the workers find it in the environment.
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.workbook_server = postgres.server()
        config.workbook_server.__enter__()


def pytest_unconfigure(config):
    if hasattr(config, "workbook_server"):
        config.workbook_server.__exit__(None, None, None)


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
