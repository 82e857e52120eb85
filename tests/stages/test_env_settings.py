"""What migrations/env.py takes over from the app, and what it leaves alone."""
import logging
import sqlite3
import sys
from contextlib import contextmanager
from types import ModuleType

import pytest
from alembic import command
from alembic.util import CommandError
from projects import HEAD, add_revision, copy_project
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import StaticPool

from workbook import postgres
from workbook.stages import migration_config, stage_app, upgrade
from workbook.verify.walk import picture


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def app(project, url):
    """The app of that copy, on an empty database."""
    with stage_app(project, url) as app:
        yield app


def test_the_arguments_of_migrate_are_honoured(app, url):
    applied, asked, directives = [], [], []
    arguments = app.extensions["migrate"].configure_args
    arguments["on_version_apply"] = lambda step, **rest: applied.append(step.up_revision_id)
    upgrade(app, "0001")
    arguments["on_version_apply"] = [lambda step, **rest: applied.append(step.up_revision_id)] * 2
    upgrade(app, "0002")
    assert applied == ["0001", "0002", "0002"]
    upgrade(app)
    arguments["include_object"] = lambda thing, name, kind, *rest: asked.append(kind) or True
    arguments["process_revision_directives"] = lambda context, revision, found: directives.append(found)
    arguments["compare_server_default"] = lambda *rest: asked.append("default")
    command.check(migration_config(app))
    assert "table" in asked and "default" in asked and directives


def test_migrations_use_their_own_url_and_the_app_its_own(project, new_database):
    migrations, own = new_database(), new_database()
    with stage_app(project, own, MIGRATION_DATABASE_URL=migrations) as app:
        upgrade(app)
    assert picture(migrations).heads == {HEAD} and picture(own).heads == set()


def test_a_relative_migration_url_is_in_the_instance_folder_as_the_apps_is(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with stage_app(project, "sqlite:///app.db", MIGRATION_DATABASE_URL="sqlite:///app.db") as app:
        upgrade(app)
        assert picture(app.extensions["sqlalchemy"].engine.url.render_as_string()).heads == {HEAD}
    assert not (tmp_path / "app.db").exists()


def test_connect_args_of_the_app_are_used(app):
    app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"] = {"no_such_option": 1}
    with pytest.raises((TypeError, CommandError), match="no_such_option"):
        upgrade(app)


def test_connect_args_for_another_kind_of_database_are_not_used(project, database, tmp_path):
    urls = [f"sqlite:///{(tmp_path / 'own.db').as_posix()}", postgres.create_database()]
    own, other = urls if database == "sqlite" else reversed(urls)
    try:
        with stage_app(project, own, MIGRATION_DATABASE_URL=other) as app:
            app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"] = {"no_such_option": 1}
            upgrade(app)
        assert picture(other).heads == {HEAD}
    finally:
        postgres.drop_database(urls[1])


def test_a_creator_of_the_app_makes_the_connection(project, tmp_path):
    file = tmp_path / "made by creator.db"
    with stage_app(project, f"sqlite:///{(tmp_path / 'app.db').as_posix()}") as app:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"]["creator"] = lambda: sqlite3.connect(file)
        upgrade(app)
    assert picture(f"sqlite:///{file.as_posix()}").heads == {HEAD}


@pytest.mark.parametrize("options", [{"isolation_level": "AUTOCOMMIT"}, {"poolclass": StaticPool}], ids=str)
def test_other_engine_options_of_the_app_do_not_make_migrations_less_safe(project, app, url, options):
    app.config["SQLALCHEMY_ENGINE_OPTIONS"].update(options)
    upgrade(app)
    before = picture(url)
    add_revision(project, "broken", 'op.add_column("users", sa.Column("x", sa.Text))\n1 / 0')
    with pytest.raises(CommandError, match="^Rolled back in "):
        upgrade(app)
    assert picture(url) == before


def test_a_module_of_the_app_may_be_called_safety(app, url, monkeypatch):
    monkeypatch.setitem(sys.modules, "safety", ModuleType("safety"))
    upgrade(app)
    assert picture(url).heads == {HEAD}


def test_another_kind_of_database_is_refused(project, tmp_path, monkeypatch):
    class Dialect(SQLiteDialect_pysqlite):
        name = "other"
        supports_statement_cache = True

    monkeypatch.setitem(registry.impls, "other", lambda: Dialect)
    with stage_app(project, f"sqlite:///{(tmp_path / 'a.db').as_posix()}") as app:
        app.config["MIGRATION_DATABASE_URL"] = f"other:///{(tmp_path / 'a.db').as_posix()}"
        with pytest.raises(CommandError, match="keeps SQLite and PostgreSQL safe, not other"):
            upgrade(app)


@contextmanager
def host_without_logging():
    """Yields the root logger and the two that speak in `flask db`, of a host that has set up none of them."""
    logs = [logging.getLogger(name) for name in (None, "alembic", "flask_migrate")]
    before = [(log.handlers[:], log.level) for log in logs]
    for log in logs:
        log.handlers[:] = [handler for handler in log.handlers if type(handler) is logging.NullHandler]
    try:
        yield logs
    finally:
        for log, (handlers, level) in zip(logs, before, strict=True):
            log.handlers[:] = handlers
            log.setLevel(level)


def test_progress_is_shown_once_however_often_a_process_upgrades(app, capsys):
    with host_without_logging() as logs:
        upgrade(app, "0001")
        upgrade(app, "0002")
        assert logs[0].handlers == [], "The root logger is the host's."
    assert capsys.readouterr().err.count("Running upgrade 0001 -> 0002") == 1


def test_a_host_that_has_set_up_logging_keeps_it(app, tmp_path, capsys):
    with host_without_logging() as logs:
        logs[1].addHandler(handler := logging.FileHandler(tmp_path / "host.log", encoding="utf-8"))
        logs[1].setLevel(logging.INFO)
        upgrade(app)
        assert logs[0].handlers == [] and handler in logs[1].handlers
    own = logging.getLogger("the host's own")
    own.addHandler(handler)
    own.warning("still heard")
    own.removeHandler(handler)
    handler.close()
    said = (tmp_path / "host.log").read_text("utf-8")
    assert said.count("Running upgrade 0001 -> 0002") == 1 and "still heard" in said
    assert "Running" not in capsys.readouterr().err


def test_a_root_logger_that_is_set_up_is_enough(app, capsys):
    assert logging.getLogger().handlers, "pytest's own"
    upgrade(app)
    assert "Running" not in capsys.readouterr().err
