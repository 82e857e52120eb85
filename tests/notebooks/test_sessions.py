"""Sessions beside a migration: what one holds and how long another waits is as the notebooks tell it."""
import time

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from workbook.schema import engine_of
from workbook.sessions import another_session, locks_of, repeating

TABLES = ["CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE models (id INTEGER, owner INTEGER)"]
RENAME = "UPDATE users SET name = 'new' WHERE id = 1"
HELD = {"sqlite": ["BEGIN IMMEDIATE", RENAME], "postgresql": [RENAME]}
KEY = "ALTER TABLE models ADD CONSTRAINT fk FOREIGN KEY (owner) REFERENCES users (id)"
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def url(new_database):
    url = new_database()
    with engine_of(url).begin() as connection:
        for statement in [*TABLES, "INSERT INTO users VALUES (1, 'old')"]:
            connection.exec_driver_sql(statement)
    return url


def name(url):
    with engine_of(url).connect() as connection:
        return connection.exec_driver_sql("SELECT name FROM users WHERE id = 1").scalar()


def test_what_another_session_holds_is_waited_for_until_it_is_rolled_back(url, database):
    with repeating(url, "UPDATE users SET name = name || '.' WHERE id = 1") as writer:
        with another_session(url, *HELD[database], seconds=0.5) as ended:
            time.sleep(1)
            assert len(ended) == 1, "It has not ended after its seconds."
        working = len(writer.seconds)
        time.sleep(0.1)
    assert 0.4 < writer.longest < 5
    assert len(writer.seconds) > working and not writer.failures
    assert name(url) == "old" + "." * len(writer.seconds), "Not all runs are counted, or the holder was not undone."


def test_another_session_without_seconds_lasts_as_long_as_the_block(url, database):
    with another_session(url, *HELD[database]) as ended:
        time.sleep(0.2)
        assert not ended
    assert ended
    with repeating(url, RENAME) as writer:
        pass
    assert not writer.failures and name(url) == "new"


@ON_POSTGRESQL
def test_another_session_can_stay_until_somebody_has_waited_for_it(url, database):
    with another_session(url, *HELD[database], waited=0.3) as ended:
        time.sleep(0.6)
        assert not ended, "It did not stay until somebody came."
        with repeating(url, f"SET lock_timeout = '5s'; {RENAME}") as writer:
            pass
        assert ended, "It has not ended after somebody had waited for it."
    assert writer.longest > 0.2 and not writer.failures


def test_another_session_that_cannot_begin_says_why(url):
    with pytest.raises(DBAPIError, match="nowhere"), another_session(url, "SELECT * FROM nowhere"):
        raise AssertionError("The block was entered.")


def test_a_session_that_repeats_a_statement_counts_its_turns_and_its_failures(url):
    with repeating(url, "INSERT INTO users VALUES (2 - :turn % 2, 'again')") as writer:  # 1 is there, 2 only later
        while len(writer.seconds) < 4:
            time.sleep(0.01)
    assert "unique" in writer.failures[0].lower() and "\n" not in writer.failures[0]
    assert len(writer.failures) == len(writer.seconds) - 1


def test_an_error_in_the_block_ends_the_other_sessions(url, database):
    with pytest.raises(ZeroDivisionError), another_session(url, *HELD[database]), repeating(url, "SELECT 1"):
        1 / 0  # noqa: B018
    with repeating(url, RENAME) as writer:
        pass
    assert not writer.failures and writer.longest < 5


@ON_POSTGRESQL
def test_the_locks_of_a_statement_are_those_that_are_stronger_than_before(url):
    ways = ["ALTER TABLE models ADD COLUMN x INTEGER", KEY, "CREATE INDEX i ON models (owner)"]
    assert locks_of(url, *ways).rows == [
        (ways[0], "models", "AccessExclusiveLock", "readers and writers", 0),
        (KEY, "users", "ShareRowExclusiveLock", "writers", 0),
    ]
    assert [row[1:] for row in locks_of(url, ways[2]).rows] == [("models", "ShareLock", "writers", 0)]


@ON_POSTGRESQL
def test_the_rows_that_a_statement_reads_are_shown_with_the_lock_that_is_held_meanwhile(url):
    with engine_of(url).begin() as connection:
        connection.exec_driver_sql("INSERT INTO models SELECT n, 1 FROM generate_series(1, 20000) n")
        for setting in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost"):
            connection.exec_driver_sql(f'ALTER DATABASE "{make_url(url).database}" SET {setting} = 0')
    ways = ["ALTER TABLE models ADD COLUMN x INTEGER", f"{KEY} NOT VALID", "CREATE INDEX i ON models (owner)"]
    assert [row[1:] for row in locks_of(url, *ways).rows] == [
        ("models", "AccessExclusiveLock", "readers and writers", 0),
        ("users", "ShareRowExclusiveLock", "writers", 0),
        ("models", "AccessExclusiveLock", "readers and writers", 20000),
    ]
    assert ("models", "ShareRowExclusiveLock", "writers", 20000) in [row[1:] for row in locks_of(url, KEY).rows]


@ON_POSTGRESQL
def test_looking_at_locks_changes_nothing(url):
    locks_of(url, "DROP TABLE models", RENAME)
    assert name(url) == "old"
    locks_of(url, "DROP TABLE models")


@ON_POSTGRESQL
def test_who_reads_and_writes_waits_for_no_validation(url):
    with engine_of(url).begin() as connection:
        connection.exec_driver_sql(f"{KEY} NOT VALID")
    locks = locks_of(url, "ALTER TABLE models VALIDATE CONSTRAINT fk").rows
    assert [row[1:4] for row in locks] == [
        ("models", "ShareUpdateExclusiveLock", "neither readers nor writers"),
        ("users", "RowShareLock", "neither readers nor writers"),
    ]
