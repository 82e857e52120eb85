"""A backup brings back what was lost, and a rehearsal changes nothing. Nothing here needs editing."""
import pytest
from sqlalchemy import func, select

from models import db


@pytest.fixture
def database_url(tmp_path):
    """SQLite, also if the other tests run on PostgreSQL, whose client programs need not be here."""
    return f"sqlite:///{(tmp_path / 'test.db').as_posix()}"


@pytest.fixture
def flask(app, client):
    """A function that runs a command on a migrated database."""

    def run(*arguments):
        ended = app.test_cli_runner().invoke(args=list(map(str, arguments)))
        assert ended.exit_code == 0, ended.output
        return ended.output

    return run


def counts():
    with db.engine.connect() as connection:
        query = {table.name: select(func.count()).select_from(table) for table in db.metadata.sorted_tables}
        return {name: connection.scalar(each) for name, each in query.items()}


def test_a_backup_brings_back_every_row(flask, tmp_path):
    flask("seed")
    before = counts()
    flask("backup", tmp_path / "backup.db")
    with db.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
    assert counts() != before
    flask("restore", tmp_path / "backup.db", "--yes")
    assert counts() == before


def test_a_rehearsal_takes_every_migration_on_a_clone(app, tmp_path):
    (tmp_path / "test.db").touch()  # a database without tables
    said = app.test_cli_runner().invoke(args=["rehearse"])
    assert said.exit_code == 0 and "The upgrade works." in said.output, said.output
    assert (tmp_path / "test.db").read_bytes() == b""
