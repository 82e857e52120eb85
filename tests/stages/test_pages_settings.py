"""What a wrong environment gets, and what `flask seed` promises."""
import importlib
import subprocess
import sys
import traceback

import pytest
from browsing import LAST_STAGE, ON_SQLITE, WITH_MODELS, Browser, name_columns, rows, seed
from click import ClickException
from click.testing import CliRunner
from flask.cli import FlaskGroup
from sqlalchemy import event

from workbook.stages import environment, own_modules, stage_app, upgrade

EMPTY, UNREADABLE, NO_DRIVER = "DATABASE_URL is empty", "DATABASE_URL is not a database URL", "nothing is installed for"
WRONG_URLS = {
    "": EMPTY,
    "   ": EMPTY,
    "app.db": UNREADABLE,
    "s3cret at host": UNREADABLE,
    "postgresql://ada:s3cret@host:port/app": UNREADABLE,
    "postgresql://ada:p@h:s3cret@host/app": UNREADABLE,  # what comes after the colon is no port
    "sqlite://app.db": UNREADABLE,  # one slash is missing
    "mysql://ada:s3cret@host/app": NO_DRIVER,
    "foo://ada:s3cret@host/app": NO_DRIVER,
    "postgresql://ada:p@s3cret@host/app": "must be written as %40",
    "postgresql://ada:p@h?s3cret@host/app": "must be written as %40",
}
OUT_OF_REACH = ["postgresql://ada:s3cret@127.0.0.1:1/app", "postgresql://ada:s3cret@nowhere.invalid/app"]
COMMANDS = [["db", "upgrade"], ["db", "current"], ["seed"], ["routes"]]


@pytest.fixture
def flask(stage, create_app):
    """A function that runs the command `flask …` of the stage, in this process."""
    group = FlaskGroup(create_app=lambda: create_app(stage), load_dotenv=False)
    return lambda *arguments: CliRunner().invoke(group, arguments, prog_name="flask")


def check_one_line(result, expected, caplog):
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception  # else it would be a traceback
    logged = [record.getMessage() for record in caplog.records if record.name == "flask_migrate"]
    caplog.clear()
    (line,) = result.output.strip().splitlines() + logged
    assert line.startswith("Error: ") and expected in line
    assert "s3cret" not in line


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "")  # Flask sets it; this puts it back
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    monkeypatch.delenv("SECRET_KEY", raising=False)


def test_a_wrong_database_url_is_one_clear_line_in_every_command(flask, monkeypatch, caplog):
    for url, expected in WRONG_URLS.items():
        monkeypatch.setenv("DATABASE_URL", url)
        for command in COMMANDS:
            check_one_line(flask(*command), expected, caplog)


def test_a_wrong_database_url_is_one_clear_line_above_the_help(flask, monkeypatch):
    for url, expected in WRONG_URLS.items():
        monkeypatch.setenv("DATABASE_URL", url)
        for arguments in (["--help"], []):
            line, blank, *help_text = flask(*arguments).output.splitlines()
            assert line.startswith("Error: ") and expected in line and not blank
            assert help_text[0].startswith("Usage: flask") and "s3cret" not in line
            assert any(text.startswith("  run ") for text in help_text), "the commands that need no database are listed"


@LAST_STAGE
def test_a_wrong_database_url_shows_no_password_on_a_server_either(stage, create_app, monkeypatch):
    for url, expected in WRONG_URLS.items():
        monkeypatch.setenv("DATABASE_URL", url)
        with pytest.raises(ClickException, match=expected) as raised:
            create_app(stage)
        assert "s3cret" not in "".join(traceback.format_exception(raised.value))


@LAST_STAGE
def test_a_wrong_migration_database_url_is_one_clear_line_too(flask, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{(tmp_path / 'app.db').as_posix()}")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "")
    check_one_line(flask("db", "upgrade"), "MIGRATION_DATABASE_URL is empty", caplog)


def test_a_database_out_of_reach_is_one_clear_line_where_it_is_needed(flask, monkeypatch, tmp_path, caplog):
    for url in [*OUT_OF_REACH, f"sqlite:///{(tmp_path / 'nowhere' / 'app.db').as_posix()}"]:
        monkeypatch.setenv("DATABASE_URL", url)
        for command in (["db", "upgrade"], ["db", "current"], ["seed"]):
            result = flask(*command)
            assert "Error)" not in result.output, "the driver's class says nothing to a person"
            check_one_line(result, "The database cannot be", caplog)
        assert flask("routes").exit_code == 0


@LAST_STAGE
def test_the_real_command_says_the_same_line(stage):
    with environment(DATABASE_URL="mysql://ada:s3cret@host/app"):
        command = [sys.executable, "-m", "flask", "db", "upgrade"]
        done = subprocess.run(command, cwd=stage, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stdout + done.stderr == (
        "Error: DATABASE_URL: nothing is installed for mysql://. Use sqlite:/// or postgresql://.\n"
    )


@LAST_STAGE
def test_usual_urls_are_taken_as_they_are(stage):
    with own_modules(stage):
        config = importlib.import_module("config")
    for given, taken in {
        "postgres://ada:p%40ss@host/app": "postgresql+psycopg://ada:p%40ss@host/app",
        "postgresql://ada@host:5433/app?sslmode=require": "postgresql+psycopg://ada@host:5433/app?sslmode=require",
        " sqlite:////home/ada@work/@/app.db\n": "sqlite:////home/ada%40work/%40/app.db",
        "sqlite://": "sqlite://",
    }.items():
        with environment(DATABASE_URL=given):
            assert config.settings()["SQLALCHEMY_DATABASE_URI"] == taken
    with environment(DATABASE_URL=None):
        assert config.settings()["SQLALCHEMY_DATABASE_URI"] == "sqlite:///app.db"


@LAST_STAGE
def test_a_database_in_memory_can_be_used(stage, create_app, monkeypatch):
    for url in ("sqlite://", "sqlite:///", "sqlite:///:memory:"):
        monkeypatch.setenv("DATABASE_URL", url)
        app = create_app(stage)
        with app.app_context():
            assert rows(app, "SELECT 1") == [(1,)]
            app.extensions["sqlalchemy"].engine.dispose()


@ON_SQLITE
def test_a_missing_secret_key_is_said_once_and_only_when_a_page_is_served(stage, migrated_url, caplog):
    for variable in (None, ""):
        caplog.clear()
        with stage_app(stage, migrated_url, SECRET_KEY=variable) as app:
            upgrade(app)
            seed(app, 1)
            assert "SECRET_KEY" not in caplog.text
            for _ in range(3):
                assert Browser(app).get("/").status_code == 200
            assert [record.getMessage() for record in caplog.records if "SECRET_KEY" in record.getMessage()] == [
                "SECRET_KEY is not set: a random key is used, and forms and sessions end with this process."
            ]
            key = app.secret_key
        with stage_app(stage, migrated_url, SECRET_KEY=variable) as other:
            assert len(key) == 64 and other.secret_key != key


@ON_SQLITE
def test_a_secret_key_from_the_environment_is_used_and_nothing_is_said(app, browser, caplog):
    browser.get("/")
    assert app.secret_key == "for tests" and "SECRET_KEY" not in caplog.text


def contents(app):
    """{table: rows} without ids and server-made times."""
    found = {}
    for table in app.extensions["sqlalchemy"].metadata.tables.values():
        columns = ", ".join(c.name for c in table.columns if c.name not in ("id", "created_at"))
        found[table.name] = rows(app, f"SELECT {columns} FROM {table.name} ORDER BY id")
    return found


def test_seed_fills_each_table_to_20_rows_and_adds_nothing_the_second_time(app):
    first = app.test_cli_runner().invoke(args=["seed"])
    assert first.exit_code == 0 and "users: 20 added, 20 in all" in first.output
    before = contents(app)
    assert {len(table) for table in before.values()} == {20}
    assert "users: 0 added, 20 in all" in seed(app, 20)
    seed(app, 0)
    assert contents(app) == before
    seed(app, 25)
    for name, table in contents(app).items():
        assert len(table) == 25 and not set(table[20:]) & set(before[name]), "the new rows are new ones"


def test_seed_gives_the_same_values_on_every_fresh_database(stage, new_migrated_url):
    found = []
    for _ in range(2):
        with stage_app(stage, new_migrated_url()) as app:
            seed(app, 120)
            found.append(contents(app))
    assert found[0] == found[1]


def test_seed_steps_over_emails_that_are_taken(app, stage):
    rows(app, f"INSERT INTO users ({name_columns(app)[0]}, email) VALUES ('Eve', 'user2@example.com')")
    assert "users: 4 added, 5 in all" in seed(app, 5)
    emails = [email for email, in rows(app, "SELECT email FROM users ORDER BY id")]
    assert emails == [f"user{number}@example.com" for number in (2, 1, 3, 4, 5)]


@WITH_MODELS
def test_seed_gives_several_rows_to_a_model_name(app):
    seed(app, 20)
    assert rows(app, "SELECT min(n) FROM (SELECT count(*) n FROM model_metadata GROUP BY model_name) c")[0][0] > 1


def test_seed_says_in_one_line_that_the_tables_are_missing_or_the_number_is_wrong(stage, url, caplog):
    with stage_app(stage, url) as app:
        result = app.test_cli_runner().invoke(args=["seed"])
        check_one_line(result, "flask db upgrade", caplog)
        result = app.test_cli_runner().invoke(args=["seed", "--rows", "-1"])
        assert result.exit_code == 2 and "-1 is not in the range" in result.output


@LAST_STAGE
def test_seed_says_in_one_line_that_another_program_added_rows_meanwhile(app, caplog):
    @event.listens_for(app.extensions["sqlalchemy"].engine, "before_cursor_execute", retval=True)
    def the_same_email_twice(connection, cursor, statement, parameters, context, executemany):
        return statement, [parameters[0]] * 2 if executemany else parameters

    check_one_line(app.test_cli_runner().invoke(args=["seed"]), "Run this command again.", caplog)
    assert rows(app, "SELECT count(*) FROM users") == [(0,)]


@LAST_STAGE
@ON_SQLITE
def test_seed_shows_its_progress_past_10_000_rows_wherever_it_begins(app):
    seed(app, 7)
    assert lines_on_users(seed(app, 10_500)) == ["users: 10,000 of 10,500", "users: 10493 added, 10500 in all"]
    assert lines_on_users(seed(app, 11_000)) == ["users: 500 added, 11000 in all"]


def lines_on_users(output):
    return [line for line in output.splitlines() if line.startswith("users")]
