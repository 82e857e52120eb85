"""What the pages say when the database is at another revision, busy or out of reach: a 503 that helps."""
import importlib
import socket
import sqlite3
import time
from contextlib import closing, contextmanager

import pytest
from browsing import LAST_STAGE, ON_POSTGRESQL, ON_SQLITE, Browser, elements, rows, seed
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workbook.stages import own_modules, script_directory, stage_app, upgrade

ADA = {"name": "Ada Okafor", "display_name": "Ada Okafor", "email": "ada@example.com"}


def list_pages(app):
    return [path for path in ("/", "/models") if any(rule.rule == path for rule in app.url_map.iter_rules())]


def revisions_upwards(stage):
    """The ids of a stage's revisions, each after those that it builds on."""
    return [revision.revision for revision in script_directory(stage).walk_revisions()][::-1]


def test_a_page_on_a_database_without_tables_says_what_to_run(stage, url):
    with stage_app(stage, url) as app:
        for path in list_pages(app):
            answer = Browser(app).get(path)
            assert answer.status_code == 503
            assert "at no revision" in answer.text and "flask db upgrade" in answer.text
        assert Browser(app).post("/add", ADA).status_code == 503
        upgrade(app)
        for path in list_pages(app):
            assert Browser(app).get(path).status_code == 200


def test_a_page_whose_query_fails_behind_the_code_names_both_revisions(stage, url, caplog):
    *behind, head = revisions_upwards(stage)
    failed = []
    with stage_app(stage, url) as app:
        for revision in behind:
            upgrade(app, revision)
            found = sorted(version for version, in rows(app, "SELECT version_num FROM alembic_version"))
            for path in list_pages(app):
                answer = Browser(app).get(path)
                failed += [revision] * (answer.status_code != 200)
                expected = f"The database is at revision {' and '.join(found)}, this code expects revision {head}."
                assert answer.status_code == 200 or answer.status_code == 503 and expected in answer.text
                assert answer.status_code == 200 or "flask db upgrade" in answer.text
                assert answer.status_code == 200 or expected in caplog.text
    assert not behind or behind[0] in failed, "the code should not be content with the first revision"


@contextmanager
def renamed(app, table):
    """Within the block, the table has another name than the code uses."""
    rows(app, f"ALTER TABLE {table} RENAME TO renamed")
    yield
    rows(app, f"ALTER TABLE renamed RENAME TO {table}")


def test_a_database_ahead_of_the_code_is_served_as_long_as_its_queries_work(app, browser):
    seed(app, 2)
    rows(app, "UPDATE alembic_version SET version_num = '<b>99'")
    for path in list_pages(app):
        assert browser.get(path).status_code == 200
    with renamed(app, "users"):
        answer = browser.get("/")
    assert answer.status_code == 503
    assert "at revision <b>99," in elements(answer, "main")[0].text and "deploy the newer code" in answer.text
    assert "flask db upgrade" not in answer.text


def test_a_query_that_fails_at_the_right_revision_is_a_logged_500(app, browser, caplog):
    with renamed(app, "users"):
        answer = browser.get("/")
    assert answer.status_code == 500
    assert "has been logged" in answer.text and "users" in caplog.text


@LAST_STAGE
@ON_POSTGRESQL
@pytest.mark.parametrize(
    "left_behind",
    ["LOCK TABLE users", "ALTER TABLE users RENAME TO people", "UPDATE alembic_version SET version_num = '9999'"],
)
def test_whatever_a_test_leaves_behind_the_next_one_gets_empty_tables(stage, database, migrated_database, left_behind):
    engine = create_engine(migrated_database(stage))
    columns = "(model_name, accuracy) VALUES ('spam', 0)"
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO model_metadata {columns}"))
    with engine.connect() as left_open:
        left_open.execute(text(left_behind))
        if not left_behind.startswith("LOCK"):
            left_open.commit()
        other = create_engine(migrated_database(stage))
        with other.begin() as connection:
            assert connection.scalar(text(f"INSERT INTO model_metadata {columns} RETURNING id")) == 1
            assert connection.scalar(text("SELECT count(*) FROM users")) == 0
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) != "9999"
        with pytest.raises(OperationalError):
            left_open.execute(text("SELECT 1"))
    other.dispose()
    engine.dispose()


@pytest.fixture
def module(stage):
    """A function that imports a module of the stage, to look at one decision of it."""
    with own_modules(stage):
        yield importlib.import_module


@LAST_STAGE
def test_what_to_do_depends_on_the_revisions_that_are_found_and_expected(module):
    name, what_to_do = module("errors").name, module("errors").what_to_do
    assert name({"b", "a"}) == "revision a and b" and name(set()) == "no revision"
    assert what_to_do({"a"}, True) == "Run: flask db upgrade"
    assert "flask db heads" in what_to_do({"a", "b"}, True)
    assert "deploy the newer code" in what_to_do({"a", "b"}, False)


# Whether to try again later helps, as the database says it; SQLite's extended codes hold the code in their last byte.
BUSY = [5, 5 | 2 << 8, 6, 6 | 1 << 8, 14, 14 | 2 << 8]
BUSY += ["08006", "28P01", "3D000", "40001", "40P01", "53300", "55P03", "57P01"]
WRONG = [1, 19, 19 | 8 << 8, "22003", "23505", "42P01", "55000", "P0001"]


@LAST_STAGE
def test_what_is_busy_or_out_of_reach_and_what_is_an_error(module):
    is_unavailable = module("database").is_unavailable

    def error(code=None, kind=DBAPIError, cut=False):
        original = Exception()
        setattr(original, "sqlite_errorcode" if isinstance(code, int) else "sqlstate", code)
        return kind("SELECT 1", {}, original, connection_invalidated=cut)

    assert [code for code in BUSY + WRONG if is_unavailable(error(code))] == BUSY
    # No answer at all: while connecting, or after that.
    assert is_unavailable(error(kind=OperationalError)) and is_unavailable(error(cut=True))
    assert not is_unavailable(error())
    assert is_unavailable(PoolTimeout())


def check_try_again(answer, secrets=()):
    assert answer.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "try again" in elements(answer, "main")[0].text
    for secret in secrets:
        assert secret not in answer.text and secret not in str(answer.headers)


@contextmanager
def locked(url):
    """Hold every lock that a long migration holds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
    else:
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"))
            yield
        engine.dispose()


def test_a_busy_database_gets_a_503_to_try_again_and_is_served_when_it_is_free(app, browser, migrated_url):
    engine = app.extensions["sqlalchemy"].engine
    engine.dispose()

    @event.listens_for(engine, "connect")  # the last word after the app's own listener: not 5 s, but 0.1 s
    def less_patience(connection, record):
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA busy_timeout = 100")
        else:
            connection.execute("SET lock_timeout = '100ms'")
            connection.commit()

    asked = []
    event.listen(engine, "before_cursor_execute", lambda *called: asked.append(called[2]))
    with locked(migrated_url):
        began = time.monotonic()
        check_try_again(browser.get("/"))
        assert len(asked) == 1, "who found the database busy once does not wait again"
        check_try_again(browser.post("/add", ADA))
        assert time.monotonic() - began < 4
    assert browser.post("/add", ADA).status_code == 302
    assert rows(app, "SELECT count(*) FROM users") == [(1,)]


def test_a_request_waits_5_seconds_at_most_for_a_lock_or_a_connection(app, database):
    engine = app.extensions["sqlalchemy"].engine
    ask = "PRAGMA busy_timeout" if database == "sqlite" else "SHOW lock_timeout"
    with engine.connect() as connection:  # a request that rolls back changes nothing for the next one
        connection.execute(text("SELECT 1"))
    assert rows(app, ask) == [(5000 if database == "sqlite" else "5s",)]
    assert engine.pool.timeout() == 5
    if database == "postgresql":
        with engine.connect() as connection:
            asked_for = connection.connection.driver_connection.info.get_parameters()
        # To connect, in seconds; for an answer from a machine that has gone, in milliseconds.
        assert (asked_for["connect_timeout"], asked_for["tcp_user_timeout"]) == ("5", "5000")


def test_a_database_out_of_reach_gets_a_503_that_shows_no_address(stage, database, tmp_path, caplog):
    if database == "sqlite":
        url, secrets = f"sqlite:///{(tmp_path / 'secret' / 'app.db').as_posix()}", ["secret"]
    else:
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            port = server.getsockname()[1]  # nobody listens there in a moment
        url, secrets = f"postgresql://ada:s3cret@127.0.0.1:{port}/app", ["s3cret", "127.0.0.1", str(port), "ada:"]
    with stage_app(stage, url) as app:
        for path in list_pages(app):
            check_try_again(Browser(app).get(path), secrets)
        check_try_again(Browser(app).post("/add", ADA), secrets)
    assert "The database is busy or out of reach: OperationalError" in caplog.text
    assert not [secret for secret in secrets if secret in caplog.text]


@LAST_STAGE
@ON_SQLITE
def test_a_pool_without_a_free_connection_gets_a_503_to_try_again(app, browser):
    @event.listens_for(app.extensions["sqlalchemy"].engine, "checkout")
    def none_is_free(*_):
        raise PoolTimeout("no connection became free within 5 s")

    check_try_again(browser.get("/"))


@LAST_STAGE
@ON_POSTGRESQL
def test_a_server_that_never_answers_gets_a_503_in_time(stage, database):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with stage_app(stage, f"postgresql://ada:s3cret@127.0.0.1:{port}/app") as app:

            @event.listens_for(app.extensions["sqlalchemy"].engine, "do_connect")
            def less_patience(dialect, record, arguments, options):
                assert options["connect_timeout"] == 5
                options["connect_timeout"] = 2  # the least that PostgreSQL's library takes

            began = time.monotonic()
            check_try_again(Browser(app).get("/"), ["s3cret"])
            assert time.monotonic() - began < 15


@ON_POSTGRESQL
def test_a_server_that_was_restarted_is_used_again_at_once(app, browser, migrated_url):
    assert browser.get("/").status_code == 200
    engine = create_engine(migrated_url)
    with engine.connect() as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.scalar(text(f"SELECT count(pg_terminate_backend(pid)) {others}")) > 0
    engine.dispose()
    assert browser.get("/").status_code == 200


@LAST_STAGE
@ON_POSTGRESQL
def test_a_connection_that_is_cut_during_a_query_gets_a_503_to_try_again(app, browser):
    engine = app.extensions["sqlalchemy"].engine

    @event.listens_for(engine, "before_cursor_execute", once=True)
    def cut(connection, cursor, *_):
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": cursor.connection.info.backend_pid})

    check_try_again(browser.get("/"))
    assert browser.get("/").status_code == 200
