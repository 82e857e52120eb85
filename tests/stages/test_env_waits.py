"""Who waits for whom: what is committed is not run again, a migration never waits for itself, looking never waits."""
import re
import sqlite3
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from browsing import ON_SQLITE
from faults import PROCESSES, at_statement, code_of, copy_database, drop_database, slow_upgrade
from projects import HEAD, NO_TRANSACTION, add_revision, copy_project, copy_with_small_batches, line_of
from sqlalchemy import make_url, text

from workbook.rows import add_rows
from workbook.sessions import another_session, repeating
from workbook.stages import downgrade, stage_app, stage_folders, upgrade
from workbook.verify.walk import picture

EARLY = 'op.create_table("early", sa.Column("id", sa.Integer, primary_key=True))'
WIDER = 'op.add_column("users", sa.Column("wider", sa.Integer))'
HERE = "op.execute(\"SELECT 'here'\")"  # where another session comes in: see `at_statement`
FAILS_ONCE = """
failed = Path(__file__).with_name("failed")
if not failed.exists():
    failed.touch()
    1 / 0
"""
COMMITS = {
    "autocommit_block": "with op.get_context().autocommit_block():\n    {}\n    " + HERE,
    "COMMIT": 'op.execute("COMMIT")\n' + HERE,
    "get_bind().commit()": "op.get_bind().commit()\n" + HERE,
}


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def url(migrated_file, migrated_database, database):
    """The URL of a database of its own, with tables and rows."""
    stage = stage_folders()[-1]
    tables = migrated_database(stage) if database == "postgresql" else f"sqlite:///{migrated_file(stage).as_posix()}"
    url = copy_database(tables)
    add_rows(url)
    yield url
    drop_database(url)


@pytest.fixture
def app(project, url):
    """The app of that project, on that database."""
    with stage_app(project, url) as app:
        yield app


def upgrade_within(app, seconds):
    """`flask db upgrade -x wait=…`, in this process."""
    command.upgrade(app.extensions["migrate"].migrate.get_config(x_arg=f"wait={seconds}"), "head")


# --- what is committed is not run again ---------------------------------------


@contextmanager
def somebody_reads(url, database, seconds):
    """Another session reads the table users from HERE on, and keeps it so for `seconds`."""
    statements = ["BEGIN"] * (database == "sqlite") + ["SELECT * FROM users"]
    with ExitStack() as stack:
        read = lambda: stack.enter_context(another_session(url, *statements, seconds=seconds))
        with at_statement("'here'", read):
            yield


@pytest.mark.parametrize("way", COMMITS)
def test_what_comes_after_a_commit_waits_for_others_and_is_not_begun_again(project, app, url, database, way):
    lines = [EARLY, COMMITS[way].format(NO_TRANSACTION[database]), WIDER]
    add_revision(project, "late", "\n".join(lines))
    with somebody_reads(url, database, seconds=1):
        upgrade(app)
    seen = picture(url)
    assert seen.heads == {"late"} and "early" in seen.schema and "wider" in seen.schema["users"]["columns"]


@pytest.mark.parametrize("way", COMMITS)
def test_when_it_has_waited_long_enough_it_says_what_is_in_the_database_already(project, app, url, database, way):
    lines = [EARLY, COMMITS[way].format(NO_TRANSACTION[database]), WIDER]
    path = add_revision(project, "late", "\n".join(lines))
    with somebody_reads(url, database, seconds=30), pytest.raises(CommandError) as caught:
        upgrade_within(app, 1)
    committed = line_of(path, lines[1].partition("\n")[0])
    assert re.match(r"Stopped( in late\.py, line \d+)?: OperationalError: ", str(caught.value))
    assert f". What was done up to late.py, line {committed} is in the database, " in str(caught.value)
    assert "\n" not in str(caught.value)
    seen = picture(url)
    assert seen.heads == {HEAD} and "early" in seen.schema


def test_what_comes_before_the_first_commit_lets_others_pass_and_is_begun_again(project, app, url, database):
    before = picture(url)
    add_revision(project, "late", f"{HERE}\n{WIDER}\n{COMMITS['autocommit_block'].format('pass')}")
    patience_over = pytest.raises(CommandError, match="^Tables are in use by another session, for 1 s now")
    with somebody_reads(url, database, seconds=30), patience_over:
        upgrade_within(app, 1)
    assert picture(url) == before
    upgrade(app)


def test_the_migration_after_it_lets_others_pass_again(project, app, url, database, caplog):
    block = f"with op.get_context().autocommit_block():\n    {NO_TRANSACTION[database]}"
    add_revision(project, "late", f"{EARLY}\n{block}")
    add_revision(project, "wider", f"{HERE}\n{WIDER}")
    with somebody_reads(url, database, seconds=1):
        upgrade(app)
    assert "Tables are in use by another session; waiting" in caplog.text, "It waited in others' way."
    assert picture(url).heads == {"wider"}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_stands_in_an_autocommit_block_waits_for_others(project, app, url, database):
    add_revision(project, "late", f"with op.get_context().autocommit_block():\n    {NO_TRANSACTION[database]}")
    with another_session(url, "UPDATE users SET email = 'held' WHERE id = 1", seconds=1):
        upgrade(app)
    assert picture(url).heads == {"late"}


# --- but a script that says resumable = True is begun again -------------------

AGAIN = EARLY.replace("primary_key=True)", "primary_key=True), if_not_exists=True")
BEGUN_AGAIN = "Tables are in use by another session; waiting"


@pytest.mark.parametrize("way", COMMITS)
def test_a_resumable_script_lets_others_pass_and_is_begun_again_after_its_commit_too(
    project, app, url, database, way, caplog
):
    add_revision(project, "late", "\n".join([AGAIN, COMMITS[way].format("pass"), WIDER]), resumable=True)
    with somebody_reads(url, database, seconds=1):
        upgrade(app)
    seen = picture(url)
    assert seen.heads == {"late"} and "early" in seen.schema and "wider" in seen.schema["users"]["columns"]
    assert BEGUN_AGAIN in caplog.text, "It waited in others' way, and was not begun again."


def test_readers_go_on_while_a_resumable_script_waits_for_somebody_after_its_commit(project, app, url, database):
    add_revision(project, "late", "\n".join([AGAIN, COMMITS["autocommit_block"].format("pass"), WIDER]), resumable=True)
    with repeating(url, "SELECT count(*) FROM users") as readers, somebody_reads(url, database, seconds=3):
        upgrade(app)
    assert picture(url).heads == {"late"}
    assert not readers.failures
    assert readers.longest < 1.5, f"A reader was stopped for {readers.longest:.1f} s: see LOCK_TIMEOUT."


def test_what_stands_in_its_autocommit_block_is_begun_again_as_well(project, app, url, database, caplog):
    change = "op.execute(\"UPDATE users SET email = 'x' || substr(email, 2)\")"
    block = f"with op.get_context().autocommit_block():\n    {change}"
    add_revision(project, "late", f"{AGAIN}\n{block}", resumable=True)
    writes = ["BEGIN"] * (database == "sqlite") + ["UPDATE users SET email = 'held' WHERE id = 1"]
    with another_session(url, *writes, seconds=1):
        upgrade(app)
    assert BEGUN_AGAIN in caplog.text
    seen = picture(url)
    assert seen.heads == {"late"} and all(row["email"][0] == "x" for row in seen.rows["users"].values())


def test_when_others_take_too_long_a_resumable_script_says_so_and_goes_on_later(project, app, url, database):
    add_revision(project, "late", "\n".join([AGAIN, COMMITS["autocommit_block"].format("pass"), WIDER]), resumable=True)
    patience_over = pytest.raises(CommandError, match="^Tables are in use by another session, for 1 s now. Try again")
    with somebody_reads(url, database, seconds=30), patience_over:
        upgrade_within(app, 1)
    seen = picture(url)
    assert seen.heads == {HEAD} and "early" in seen.schema
    upgrade(app)
    assert picture(url).heads == {"late"}


@pytest.mark.parametrize("way", COMMITS)
@pytest.mark.parametrize("resumable", [True, False])
def test_when_a_script_fails_after_a_commit_the_line_says_whether_it_can_run_again(project, app, url, way, resumable):
    commit = COMMITS[way].format("pass")
    path = add_revision(project, "late", "\n".join([AGAIN, commit, FAILS_ONCE]), resumable=resumable)
    with pytest.raises(CommandError) as caught:
        upgrade(app)
    committed, failed = line_of(path, commit.partition("\n")[0]), line_of(path, "1 / 0")
    assert str(caught.value) == (
        f"Stopped in late.py, line {failed}: ZeroDivisionError: division by zero. "
        f"What was done up to late.py, line {committed} is in the database, "
    ) + (
        "and the script goes on from there when it is run again"
        if resumable
        else "so the script cannot simply run again: undo that by hand, or make the script step over it"
    )
    assert picture(url).heads == {HEAD}
    upgrade(app)
    assert picture(url).heads == {"late"}


def test_a_resumable_script_in_the_middle_of_others_is_begun_again_alone(project, app, url, database, caplog):
    block = COMMITS["autocommit_block"].format("pass")
    add_revision(project, "before", 'op.create_table("once", sa.Column("id", sa.Integer, primary_key=True))')
    add_revision(project, "middle", "\n".join([AGAIN, block, WIDER]), resumable=True)
    path = add_revision(project, "after", f'{block}\nop.add_column("users", sa.Column("last", sa.Integer))\n1 / 0')
    with somebody_reads(url, database, seconds=1), pytest.raises(CommandError) as caught:
        upgrade(app)
    assert BEGUN_AGAIN in caplog.text
    assert str(caught.value).startswith(f"Stopped in after.py, line {line_of(path, '1 / 0')}: ZeroDivisionError")
    assert "so the script cannot simply run again" in str(caught.value)
    seen = picture(url)
    assert seen.heads == {"middle"} and "once" in seen.schema and "last" not in seen.schema["users"]["columns"]


def test_a_script_before_a_resumable_one_that_has_committed_is_not_begun_again(project, app, url, database, caplog):
    block = COMMITS["autocommit_block"].format("pass")
    add_revision(project, "late", "\n".join([EARLY, block, WIDER]))
    add_revision(project, "after", "pass", resumable=True)
    with somebody_reads(url, database, seconds=1):
        upgrade(app)
    assert BEGUN_AGAIN not in caplog.text
    assert picture(url).heads == {"after"}


def test_0009_goes_on_where_somebody_was_in_its_way(tmp_path, url, database, caplog):
    project = copy_with_small_batches(tmp_path / "small batches")
    with stage_app(project, url) as app:
        downgrade(app, "0008")
        add_rows(url)
        last = max(picture(url).rows["users"])
        writes = ["BEGIN"] * (database == "sqlite") + [f"UPDATE users SET email = 'held' WHERE id = {last}"]
        with another_session(url, *writes, seconds=1):
            upgrade(app, "0009")
    assert BEGUN_AGAIN in caplog.text
    assert all(row["display_name"] for row in picture(url).rows["users"].values())


# --- a migration never waits for itself ---------------------------------------

DB = """
from flask import current_app
db = current_app.extensions["migrate"].db
own = sa.create_engine(db.engine.url, poolclass=sa.pool.NullPool)
"""
SECOND = {
    "session": 'db.session.execute(sa.text("SELECT count(*) FROM users"))',
    "session, writing": "db.session.execute(sa.text(\"UPDATE users SET email = 'x'\"))",
    "engine": 'with db.engine.connect() as other: other.execute(sa.text("SELECT count(*) FROM users"))',
    "engine of its own": 'with own.connect() as other: other.execute(sa.text("SELECT count(*) FROM users"))',
    "helper": 'current_app.config["HELPER"](db)',
}


def helper(db):
    db.session.execute(text("SELECT count(*) FROM users"))


def refused(path, statement):
    """A pattern for the one line that refuses a script's second connection."""
    line = f"{path.name}, line {line_of(path, statement)}"
    return rf"^Rolled back in {line}: a second connection .* use op\.get_bind\(\)$"


@pytest.mark.parametrize("order", ["after an op", "before any op"])
@pytest.mark.parametrize("statement", SECOND.values(), ids=SECOND)
def test_a_second_connection_of_a_script_is_refused_at_once(project, app, url, statement, order):
    app.config["HELPER"] = helper
    before = picture(url)
    lines = [WIDER, statement] if order == "after an op" else [statement, WIDER]
    path = add_revision(project, "second", DB + "\n".join(lines))
    with pytest.raises(CommandError, match=refused(path, statement)) as caught:
        upgrade_within(app, 1)
    assert "\n" not in str(caught.value)
    assert picture(url) == before
    helper(app.extensions["sqlalchemy"])  # the app may use its session again


def test_a_session_that_was_open_before_is_no_way_round(project, app, url):
    db = app.extensions["sqlalchemy"]
    helper(db)
    path = add_revision(project, "second", DB + SECOND["session"])
    with pytest.raises(CommandError, match=refused(path, SECOND["session"])):
        upgrade_within(app, 1)


@ON_SQLITE
def test_a_second_connection_is_known_though_its_url_is_another_one(project, url):
    file = make_url(url).database
    path = add_revision(project, "second", DB + SECOND["session"])
    refusal = pytest.raises(CommandError, match=refused(path, SECOND["session"]))
    with stage_app(project, url, MIGRATION_DATABASE_URL=f"sqlite:///file:{file}?uri=true") as app, refusal:
        upgrade_within(app, 1)


def test_a_session_of_the_app_that_is_in_the_way_is_named_at_once(project, app, url):
    db = app.extensions["sqlalchemy"]
    db.session.execute(text("UPDATE users SET email = 'held' WHERE id = 1"))
    add_revision(project, "wider", WIDER)
    with pytest.raises(CommandError, match=r"^db\.session .*: call db\.session\.commit\(\) first$"):
        upgrade_within(app, 1)
    db.session.commit()
    upgrade(app)
    assert picture(url).heads == {"wider"}


def test_another_database_and_another_thread_are_not_refused(project, app, url, new_database):
    app.config["OTHER"] = new_database()
    app.config["HELPER"] = threading.Thread(target=picture, args=(url,))
    script = """
        from flask import current_app
        with sa.create_engine(current_app.config["OTHER"], poolclass=sa.pool.NullPool).begin() as other:
            other.execute(sa.text("CREATE TABLE elsewhere (id INTEGER)"))
        current_app.config["HELPER"].start()
        current_app.config["HELPER"].join()
    """
    add_revision(project, "elsewhere", script)
    upgrade(app)
    assert "elsewhere" in picture(app.config["OTHER"]).schema


# --- looking never waits ------------------------------------------------------

GATE = """
op.add_column("users", sa.Column("wider", sa.Integer))
op.create_table("early", sa.Column("id", sa.Integer, primary_key=True))
gate = Path(__file__).parent
gate.joinpath("reached").touch()
while not gate.joinpath("open").exists():
    time.sleep(0.02)
"""
LOOKS = [["current"], ["history", "-i"], ["heads"], ["show"], ["branches"], ["check"], ["migrate", "-m", "new"]]


@contextmanager
def upgrade_in_the_middle(folder, url):
    """Another process upgrades the database with the project in `folder`; for the block it stays in mid-migration."""
    path = add_revision(folder, "gate", GATE)
    gate = path.parent / "open"
    process = PROCESSES.Process(target=slow_upgrade, args=(folder, url, 0))
    process.start()
    opener = threading.Timer(20, gate.touch)  # if somebody waits for the upgrade
    opener.start()
    try:
        while process.is_alive() and not (path.parent / "reached").exists():
            time.sleep(0.02)
        yield gate
    finally:
        opener.cancel()
        gate.touch()
        assert code_of(process) == 0


def looks(app):
    """{command: exit code} of every command that changes no database."""
    return {name: app.test_cli_runner().invoke(args=["db", name, *options]).exit_code for name, *options in LOOKS}


@pytest.mark.parametrize(
    "database, journal", [("sqlite", "delete"), ("sqlite", "wal"), ("postgresql", None)], indirect=["database"]
)
def test_looking_does_not_wait_for_an_upgrade(project, app, url, database, journal, tmp_path, caplog):
    if journal:
        with closing(sqlite3.connect(make_url(url).database)) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
    busy = copy_project(tmp_path / "busy")
    with upgrade_in_the_middle(busy, url) as gate:
        failed = {name for name, code in looks(app).items() if code}
        assert not gate.exists(), "Looking waited for the upgrade."
    # To read a column's default, PostgreSQL needs a lock on the table that is being altered.
    assert failed == ({"check", "migrate"} if database == "postgresql" else set()), caplog.text
    assert caplog.text.count("Another session is changing what this command reads") == len(failed)


def read_only(url):
    """The URL of the same database for somebody who may only read it."""
    if make_url(url).get_backend_name() == "sqlite":
        return f"sqlite:///file:{make_url(url).database}?mode=ro&uri=true"
    options = make_url(url).query["options"] + " -c default_transaction_read_only=on"
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


@pytest.mark.parametrize("state", ["empty", "upgraded"])
def test_looking_only_reads(project, url, new_database, database, state, caplog):
    url = new_database() if state == "empty" else url
    before = picture(url)  # which creates SQLite's file
    folder = Path(make_url(url).database).parent if database == "sqlite" else project
    files = sorted(folder.iterdir())
    with stage_app(project, read_only(url)) as app:
        failed = {name for name, code in looks(app).items() if code}
    assert failed == ({"check", "migrate"} if state == "empty" else set()), caplog.text
    assert caplog.text.count("Target database is not up to date") == len(failed)
    assert picture(url) == before and sorted(folder.iterdir()) == files


def test_looking_at_a_database_that_is_not_there_does_not_create_it(project, tmp_path):
    with stage_app(project, f"sqlite:///{(tmp_path / 'missing.db').as_posix()}") as app:
        assert {name for name, code in looks(app).items() if code} == {"check", "migrate"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]
