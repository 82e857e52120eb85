"""What else migrations/env.py has to do: every command, every option, and one clear line when it cannot."""
import logging
import shutil
import sqlite3

import pytest
from alembic import command
from alembic.util import CommandError
from migration_checks import run_psql, sql_of, versions
from projects import HEAD, add_revision, copy_project, line_of

from workbook import commands
from workbook.rows import add_rows, rows_of
from workbook.stages import downgrade, stage_app, stage_folders, upgrade
from workbook.verify.walk import picture

TEXTS = ["50% off, %s and %(x)s", "12:30, a:b, :name", "O'Brien \\ \"x\""]
PYTEST = ["pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval"]  # nbval's imports take longer than the tests
INDEX_LATE = 'op.create_index("late", "users", ["email"], postgresql_concurrently=True)'


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def app(project, url):
    """The app of that copy, on an empty database."""
    with stage_app(project, url) as app:
        yield app


def error_line(project, url, *options):
    """What `flask db upgrade` says when it fails, in this process; it must be one line."""
    with stage_app(project, url) as app, pytest.raises(CommandError) as caught:
        command.upgrade(app.extensions["migrate"].migrate.get_config(x_arg=options), "head")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- one clear line -----------------------------------------------------------


def test_a_migration_that_raises_is_one_line_with_file_and_line(project, url):
    path = add_revision(project, "broken", 'op.execute("INSERT INTO users (email) VALUES (NULL)")')
    expected = f"Rolled back in broken.py, line {line_of(path, 'op.execute')}: IntegrityError: "
    assert error_line(project, url).startswith(expected)


def test_a_command_that_fails_prints_one_line_and_ends_with_1(project, tmp_path):
    add_revision(project, "broken", "1 / 0")
    url = f"sqlite:///{tmp_path.as_posix()}/a.db"
    finished = commands.run(["flask", "db", "upgrade"], project, {"DATABASE_URL": url})
    lines = [line for line in finished.output.splitlines() if not line.startswith("INFO")]
    assert len(lines) == 1 and lines[0].startswith("ERROR [flask_migrate] Error: Rolled back in broken.py, line ")
    assert finished.code == 1


def test_a_database_in_memory_is_refused(project):
    assert "memory" in error_line(project, "sqlite://")


def test_a_server_that_cannot_be_reached_is_one_line_without_the_password(project):
    line = error_line(project, "postgresql://bob:open-sesame@127.0.0.1:1/app")
    assert line.startswith("The database cannot be opened: ") and "open-sesame" not in line


def test_a_wait_that_is_no_number_is_one_line(project, tmp_path):
    assert "-x wait=soon" in error_line(project, f"sqlite:///{tmp_path.as_posix()}/a.db", "wait=soon")


def test_a_folder_that_cannot_be_written_is_one_line(project, tmp_path):
    (tmp_path / "a.db-migration-lock").mkdir()  # a folder in the lock's place, as root may write everywhere
    assert str(tmp_path) in error_line(project, f"sqlite:///{tmp_path.as_posix()}/a.db")


def test_a_database_that_cannot_be_written_is_one_line(project, tmp_path):
    sqlite3.connect(tmp_path / "a.db").close()
    url = f"sqlite:///file:{tmp_path.as_posix()}/a.db?mode=ro&uri=true"
    assert error_line(project, url).endswith("attempt to write a readonly database")


def test_a_migration_that_locks_itself_out_fails_at_once(project, tmp_path):
    url = f"sqlite:///{tmp_path.as_posix()}/a.db"
    body = "rows = op.get_bind().connection.execute('SELECT 1 FROM users')\nrows.fetchone()\nop.drop_table('users')"
    with stage_app(project, url) as app:
        upgrade(app)
        add_rows(url)
        add_revision(project, "own_lock", body)
        with pytest.raises(CommandError, match="own_lock.py, line .*: OperationalError: database table is locked"):
            upgrade(app)


# --- autocommit and --sql -----------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_a_migration_may_have_an_autocommit_block(project, app, url, database, fails):
    last = INDEX_LATE if database == "postgresql" else 'op.execute("VACUUM")'
    body = f'op.add_column("users", sa.Column("x", sa.Text))\nwith op.get_context().autocommit_block():\n    {last}\n'
    add_revision(project, "late", body + 'op.add_column("users", sa.Column("y", sa.Integer))\n' + fails * "1 / 0")
    if fails:
        with pytest.raises(CommandError, match="^Stopped in late.py, line .*: ZeroDivisionError: "):
            upgrade(app)
        seen = picture(url)
        assert seen.heads == {HEAD} and "y" not in seen.schema["users"]["columns"]
    else:
        upgrade(app)
        add_revision(project, "raises", 'op.drop_column("users", "y")\n1 / 0')
        before = picture(url)
        with pytest.raises(CommandError):
            upgrade(app)
        assert before.heads == {"late"}
        assert picture(url) == before, "After the block, migrations are not whole any more."


def test_what_sql_mode_prints_runs_in_psql_and_gives_the_same_rows(project, new_database, database):
    if database == "sqlite":
        pytest.skip("Alembic prints no SQL for SQLite's batch rebuilds: see the next test.")
    rows = [{"display_name": text, "email": f"{number}@example.com"} for number, text in enumerate(TEXTS)]
    body = f"""
        users = sa.table("users", *map(sa.column, ["display_name", "email"], [sa.String, sa.String]))
        op.bulk_insert(users, {rows!r})
        op.execute(users.update().where(users.c.display_name.like("50%")).values(email="50%@example.com"))
        op.execute("UPDATE users SET display_name = display_name || '100% 12:30 a:b' WHERE display_name LIKE '12:%'")
        op.add_column("users", sa.Column("rate", sa.String, server_default="5% : 'x'"))
    """
    add_revision(project, "texts", body)
    printed, run = new_database(), new_database()
    with stage_app(project, printed) as app:
        run_psql(printed, sql_of(app, command.upgrade, "head"))
    with stage_app(project, run) as app:
        upgrade(app)
    found = [[{**row, "created_at": None} for row in rows_of(url)["users"].values()] for url in (printed, run)]
    assert found[0] == found[1]
    assert found[0][0]["display_name"] == TEXTS[0] and found[0][0]["rate"] == "5% : 'x'"


def test_sql_mode_prints_one_transaction_for_each_migration(app, database):
    # 0010 is two: one before its autocommit block, and one after it.
    count, last = (1, "0001") if database == "sqlite" else (10, "0009")
    printed = sql_of(app, command.upgrade, last)
    assert [printed.splitlines().count(word) for word in ("BEGIN;", "COMMIT;")] == [count, count]


def test_sql_mode_on_sqlite_says_in_one_line_why_it_cannot(project, tmp_path):
    url = f"sqlite:///{tmp_path.as_posix()}/a.db"
    with stage_app(project, url) as app, pytest.raises(CommandError) as caught:
        sql_of(app, command.upgrade, "head")
    assert str(caught.value).startswith("Stopped in 0002_add_created_at_to_users.py, line ")
    assert "This operation cannot proceed in --sql mode" in str(caught.value)
    assert "\n" not in str(caught.value)


# --- every command ------------------------------------------------------------


def test_every_command_works_with_two_heads_and_after(project, app, url, caplog, capfd):
    caplog.set_level(logging.INFO)
    cli = app.test_cli_runner()

    def flask_db(*arguments):
        caplog.clear()
        return cli.invoke(args=["db", *arguments])

    assert flask_db("upgrade", "0006a").exit_code == 0
    assert flask_db("upgrade", "0006b").exit_code == 0
    assert picture(url).heads == {"0006a", "0006b"}
    assert flask_db("current").exit_code == 0
    assert {"0006a", "0006b"} <= set(capfd.readouterr().out.split())
    assert flask_db("check").exit_code == 1 and "Target database is not up to date." in caplog.text
    assert flask_db("upgrade").exit_code == 0
    assert flask_db("check").exit_code == 0
    scripts = versions(project)
    assert flask_db("migrate", "-m", "nothing").exit_code == 0 and "No changes in schema detected." in caplog.text
    assert versions(project) == scripts, "An empty revision was written."
    assert flask_db("downgrade", "0005").exit_code == 0 and picture(url).heads == {"0005"}
    assert flask_db("stamp", "0004").exit_code == 0 and picture(url).heads == {"0004"}
    assert flask_db("stamp", "--purge", "0005").exit_code == 0 and picture(url).heads == {"0005"}
    assert flask_db("downgrade", "base").exit_code == 0 and picture(url).schema == {}


def test_a_database_in_wal_mode_is_migrated_while_others_read(project, tmp_path):
    url = f"sqlite:///{(tmp_path / 'wal.db').as_posix()}"
    reader = sqlite3.connect(tmp_path / "wal.db", isolation_level=None)
    reader.execute("PRAGMA journal_mode = WAL")
    with stage_app(project, url) as app:
        upgrade(app, "0004")
        add_rows(url)
        reader.execute("BEGIN")
        count = reader.execute("SELECT count(*) FROM users").fetchone()
        upgrade(app)
        assert reader.execute("SELECT count(*) FROM users").fetchone() == count
        reader.execute("COMMIT")
        downgrade(app, "0004")
    assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader.close()


def test_pytest_alembic_works_with_it(tmp_path):
    project = shutil.copytree(stage_folders()[-1], tmp_path / "own")
    finished = commands.run([*PYTEST, "tests/test_migrations.py"], project)
    assert finished.code == 0 and "4 passed" in finished.output, finished.output
