"""The promises of migrations/env.py: migrations are whole, alone, lose no rows and block nobody."""
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import flask_migrate
import pytest
from alembic.util import CommandError
from browsing import ON_SQLITE
from faults import (
    Points,
    at_statement,
    every_step,
    not_survived,
    sample,
    taken,
)
from projects import (
    HEAD,
    OLD_CALL,
    add_revision,
    copy_project,
    copy_with_small_batches,
    prepare,
    together,
    use_stock_env,
)
from sqlalchemy import make_url

from workbook.rows import add_rows, changed_values, rows_of
from workbook.schema import engine_of
from workbook.sessions import another_session, repeating
from workbook.stages import stage_app, upgrade
from workbook.verify.walk import picture

KILLS = None if os.environ.get("WORKBOOK_FAULTS") == "all" else 6  # in each direction
REBUILD = 'with op.batch_alter_table("users") as table: table.alter_column("email", type_=sa.String(150))'
BADGES = """
op.create_table(
    "badges",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
)
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{(tmp_path / 'stock.db').as_posix()}"


# --- whole --------------------------------------------------------------------


def test_a_killed_migration_has_happened_or_not_and_the_next_run_succeeds(tmp_path, url):
    project = copy_with_small_batches(tmp_path / "project")
    steps = list(every_step(project, url))
    assert max(len(step.between) for step in steps) > 3, "No script was killed between its batches: see `taken`."
    for command in ("upgrade", "downgrade"):
        points = [(step, point) for step in steps if step.command == command for point in range(step.points)]
        kills = sample(points, KILLS)
        problems = not_survived(project, kills)
        print(f"{command}: kills survived {len(kills) - len(problems)}/{len(kills)}")
        assert not problems, "\n".join(["env.py let a kill do harm:", *problems])


RUNS_AGAIN = """
op.create_table("early", sa.Column("id", sa.Integer, primary_key=True), if_not_exists=True)
with op.get_context().autocommit_block():
    op.create_index("in_block", "users", ["email"], if_not_exists=True, postgresql_concurrently=True)
    op.execute("UPDATE users SET email = lower(email)")
op.create_table("late", sa.Column("id", sa.Integer, primary_key=True))
"""


def test_a_kill_near_an_autocommit_block_leaves_what_is_committed_and_the_old_revision(project, url):
    with stage_app(project, url) as app:
        upgrade(app)
        add_rows(url)
        add_revision(project, "again", RUNS_AGAIN, resumable=True)
        step = taken(app, url, "upgrade", "again")
    assert step.between and all(seen.heads == step.before.heads for seen in step.between)
    assert all("early" in seen.schema for seen in step.between)
    assert not any("late" in seen.schema for seen in step.between), "What follows the block was not one transaction."
    kills = sample([(step, point) for point in range(step.points)], KILLS and 4)
    problems = not_survived(project, kills)
    print(f"autocommit_block: kills survived {len(kills) - len(problems)}/{len(kills)}")
    assert not problems, "\n".join(["A migration written to run again did not survive:", *problems])


@OLD_CALL
def test_the_same_kills_do_harm_under_the_stock_env_py_on_sqlite(project, sqlite_url):
    steps = list(every_step(use_stock_env(project), sqlite_url))
    kills = sample([(step, point) for step in steps for point in range(step.points)], KILLS)
    assert not_survived(project, kills), "These kills prove nothing: the stock env.py survives them."


@pytest.mark.parametrize("body", ['raise ValueError("no")', "missing_name", 'raise CommandError("no")'])
def test_a_migration_that_raises_leaves_no_trace(project, url, body):
    with stage_app(project, url) as app:
        upgrade(app)
        add_rows(url)
        before = picture(url)
        changes = f'{REBUILD}\nop.execute("UPDATE users SET email = upper(email)")\n'
        path = add_revision(project, "broken", changes + body)
        line = path.read_text("utf-8").splitlines().index(f"    {body}") + 1
        with pytest.raises(CommandError, match=rf"^Rolled back in broken\.py, line {line}: ") as caught:
            upgrade(app)
        assert "\n" not in str(caught.value)
        assert picture(url) == before, "A migration that raised has left something behind."


def test_migrations_that_were_done_before_one_that_raises_stay(project, url):
    add_revision(project, "broken", "1 / 0")
    with stage_app(project, url) as app, pytest.raises(CommandError):
        upgrade(app)
    assert picture(url).heads == {HEAD}


@pytest.mark.parametrize("target, left", [("0005", {"0005"}), ("base", set())])
def test_stamp_with_purge_is_whole_too(project, url, target, left):
    seen = []
    with stage_app(project, url) as app, ThreadPoolExecutor(1) as others:
        upgrade(app)
        with Points(lambda number: seen.append(others.submit(picture, url).result().heads)):
            flask_migrate.stamp(revision=target, purge=True)
    assert seen and all(heads == {HEAD} for heads in seen), "Others saw a database without a revision."
    assert picture(url).heads == left


# --- alone --------------------------------------------------------------------


@pytest.mark.parametrize("start", ["empty", "one behind"])
def test_of_simultaneous_upgrades_one_works_and_the_others_wait_and_say_so(project, url, database, start):
    prepare(project, url, database, start)
    finished = together(project, url, 4)
    output = "\n---\n".join(one.output for one in finished)
    assert [one.code for one in finished] == [0] * 4, output
    assert sum("Running upgrade" in one.output for one in finished) == 1, f"More than one did the work:\n{output}"
    assert sum("Another `flask db` command is running" in one.output for one in finished) == 3, output
    assert picture(url).heads == {"gate"}


@OLD_CALL
def test_simultaneous_upgrades_fail_under_the_stock_env_py(project, url, database):
    prepare(use_stock_env(project), url, database, "one behind")
    assert any(one.code for one in together(project, url, 4)), "This proves nothing: the stock env.py does it too."


# --- no row lost --------------------------------------------------------------


def rows_changed_by_a_rebuild(project, url):
    """What changes in the rows when `users` is rebuilt, which badges and model_metadata point at."""
    with stage_app(project, url) as app:
        add_revision(project, "badges", BADGES)
        upgrade(app)
        add_rows(url)
        before = rows_of(url)
        assert before["badges"] and any(row["owner_id"] for row in before["model_metadata"].values())
        add_revision(project, "rebuild", REBUILD)
        upgrade(app)
        return changed_values(before, rows_of(url))


def test_rebuilding_a_table_keeps_the_rows_that_point_at_it(project, url):
    assert rows_changed_by_a_rebuild(project, url) == []


@OLD_CALL
def test_rebuilding_a_table_loses_such_rows_under_the_stock_env_py_on_sqlite(project, sqlite_url):
    lines = "\n".join(rows_changed_by_a_rebuild(use_stock_env(project), sqlite_url))
    assert "badges 1: the row is missing" in lines and "owner_id was" in lines, "This proves nothing."


def test_a_migration_that_leaves_rows_pointing_at_nothing_is_rolled_back_and_names_them(project, sqlite_url):
    with stage_app(project, sqlite_url) as app:
        upgrade(app)
        add_rows(sqlite_url)
        before = picture(sqlite_url)
        add_revision(project, "orphans", 'op.execute("DELETE FROM users WHERE id = 2")')
        owned = [key for key, row in before.rows["model_metadata"].items() if row["owner_id"] == 2]
        row = f"model_metadata row {owned[0]} points at no row of users"
        with pytest.raises(CommandError, match=f"^Rolled back: .*{row}"):
            upgrade(app)
        assert picture(sqlite_url) == before


# --- blocks nobody ------------------------------------------------------------


READ = "SELECT count(*) FROM users"
HOLDERS = [("BEGIN", "SELECT * FROM users"), ("BEGIN", "UPDATE users SET email = 'held' WHERE id = 1")]


@pytest.mark.filterwarnings("ignore:there is already a transaction")
@pytest.mark.parametrize("statements", HOLDERS, ids=["reader", "writer"])
def test_who_holds_a_table_is_waited_for_and_readers_go_on(project, url, database, statements):
    with stage_app(project, url) as app:
        upgrade(app)
        add_rows(url)
        add_revision(project, "wider", REBUILD)
        with another_session(url, *statements, seconds=3) as ended, repeating(url, READ) as reader:
            upgrade(app)
            done = time.monotonic()
        assert picture(url).heads == {"wider"}
    assert ended and 0 <= done - ended[0] < 3, "The upgrade did not wait for the holder, or went on long after it."
    assert reader.longest < 1.5, f"A reader was stopped for {reader.longest:.1f} s: see LOCK_TIMEOUT."
    assert not reader.failures


@pytest.mark.parametrize("statements", HOLDERS, ids=["reader", "writer"])
def test_waiting_ends_in_one_line_when_the_patience_is_over(project, url, database, statements, caplog):
    with stage_app(project, url) as app:
        upgrade(app)
        add_rows(url)
        before = picture(url)
        add_revision(project, "wider", REBUILD)
        with another_session(url, *statements, seconds=30):
            start = time.monotonic()
            result = app.test_cli_runner().invoke(args=["db", "upgrade", "-x", "wait=1"])
            assert time.monotonic() - start < 5
        errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert result.exit_code == 1
        assert errors == [
            "Error: Tables are in use by another session, for 1 s now. Try again later, or wait longer: -x wait=SECONDS"
        ]
        assert picture(url) == before
        upgrade(app)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_deadlock_is_no_end_but_begun_again(project, url):
    deadlock = "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"
    script = f"""
        once = Path(__file__).with_name("once")
        op.add_column("users", sa.Column("x", sa.Text))
        if not once.exists():
            once.touch()
            op.execute("{deadlock}")
    """
    add_revision(project, "deadlock", script)
    with stage_app(project, url) as app:
        upgrade(app)
    assert picture(url).heads == {"deadlock"}


@ON_SQLITE
def test_nobody_writes_between_what_a_migration_reads_and_what_it_writes(project, url):
    add_revision(project, "reads", "op.get_bind().execute(sa.text('SELECT count(*) AS here FROM users'))")
    other = sqlite3.connect(make_url(url).database, timeout=0)

    def write():
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("DELETE FROM users")

    with stage_app(project, url) as app, closing(other), at_statement("AS here", write):
        upgrade(app)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_holds_the_version_table_is_waited_for_as_well(project, url):
    with stage_app(project, url) as app:
        upgrade(app)
        ask = "CREATE TABLE asked AS SELECT current_setting('lock_timeout') AS answer"
        add_revision(project, "asks", f'op.execute("{ask}")')
        with another_session(url, "LOCK TABLE alembic_version", seconds=1):
            upgrade(app)
    with engine_of(url).connect() as connection:
        answer = connection.exec_driver_sql("SELECT answer FROM asked").scalar()
    assert answer == "200ms", "Begun again, the migration stops others for longer than at first."
