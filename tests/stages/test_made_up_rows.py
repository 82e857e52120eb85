"""Rows are made up for any schema, as its constraints allow; what becomes of them is told, and nothing else."""
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from schemas import NUMBERED, TYPES, UNFILLED, WIDE
from sqlalchemy import Engine, event
from whole_run import DATABASES

from workbook import postgres
from workbook.kept import is_kept
from workbook.made_up import Filled, add_rows, fill
from workbook.rows import changed_values, rows_of
from workbook.schema import engine_of

FULL = Filled(24)
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def run(url, sql):
    """Run the statements of `sql`, each of which ends with a line."""
    with engine_of(url).begin() as connection:
        number = NUMBERED[connection.dialect.name]
        for statement in sql.replace(" #", f" {number}").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%") if "postgresql" in url else statement)


@pytest.fixture(scope="module", params=DATABASES)
def wide(request, tmp_path_factory):
    """The URL of a database with the wide schema, filled twice: to be read only."""
    if request.param == "sqlite":
        yield filled_twice(f"sqlite:///{(tmp_path_factory.mktemp('wide') / 'app.db').as_posix()}")
    else:
        url = postgres.create_database()
        yield filled_twice(url)
        postgres.drop_database(url)


def filled_twice(url):
    run(url, WIDE)
    for _ in range(2):
        filled = fill(url)
        assert {table: each for table, each in filled.items() if each != FULL} == {}
    return url


@pytest.fixture(scope="module")
def rows(wide):
    return rows_of(wide)


def column(rows, table, name):
    return [row[name] for row in rows[table].values()]


def test_every_table_is_filled_and_each_call_adds_as_much(rows):
    assert len(rows) == 18 and "alembic_version" not in rows
    assert {table: len(found) for table, found in rows.items() if len(found) != 48} == {}


@pytest.mark.parametrize("wide", ["sqlite"], indirect=True)  # PostgreSQL has checked it itself
def test_no_row_refers_to_nothing(wide):
    with engine_of(wide).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


@pytest.mark.parametrize("wide", ["sqlite"], indirect=True)
def test_the_same_schema_gets_the_same_rows(wide, rows, tmp_path):
    assert rows_of(filled_twice(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")) == rows


def test_values_are_awkward_where_they_may_be(rows):
    right_to_left = "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
    assert {right_to_left, "\u017c" * 100} <= set(column(rows, "people", "name"))
    assert {"", None} <= set(column(rows, "log", "line"))
    assert {None, 0, -1, 2**31 - 1} <= set(column(rows, "log", "number"))


def test_all_that_a_check_lists_is_used(rows):
    assert set(column(rows, "people", "status")) == {"new", "old", "it's"}
    assert {2, 3, 4} == set(column(rows, "staff", "level"))
    assert {"link", "text"} == set(column(rows, "notes", "kind"))


def test_some_rows_are_left_to_a_constant_default(rows):
    points = column(rows, "people", "points")
    assert points.count(5) >= 16 and len(set(points)) > 3
    assert "{}" in column(rows, "people", "options")


def test_a_reference_that_may_be_null_is_so_at_times_only(rows):
    for table, name in (("tags", "parent_id"), ("staff", "boss_id"), ("notes", "tag_id"), ("loans", "taker")):
        values = column(rows, table, name)
        assert None in values and any(values), f"{table}.{name}"


def test_a_circle_is_closed_by_the_second_call(rows):
    assert column(rows, "eggs", "layer_id")[:24] == [None] * 24 and any(column(rows, "eggs", "layer_id")[24:])


def test_what_cannot_be_filled_is_told_in_its_line_and_the_rest_goes_on(url):
    run(url, UNFILLED)
    filled = fill(url)
    assert filled["good"] == FULL
    assert filled["on_impossible"] == (0, "impossible_id refers to impossible, which has no row for it")
    assert filled["impossible"].count == 0 and "no_size" in filled["impossible"].why_not
    assert filled["switches"].count == 2 and "is_on" in filled["switches"].why_not
    assert all("\n" not in each.why_not for each in filled.values() if each.why_not)


def test_add_rows_adds_nothing_at_all_if_a_table_cannot_be_filled(url):
    run(url, UNFILLED)
    with pytest.raises(ValueError, match="^impossible: .*no_size"):
        add_rows(url)
    assert rows_of(url)["good"] == {}


@ON_POSTGRESQL
def test_every_type_of_postgresql_is_filled(url):
    run(url, TYPES)
    for _ in range(2):
        filled = fill(url)
        assert filled.pop("unknown_type") == (0, "no value is known for place, whose type SQLAlchemy does not know")
        assert {table: each for table, each in filled.items() if each != FULL} == {}
    rows = rows_of(url)
    assert set(rows) == {"every_type", "on_every_type", "parted", "unknown_type", "with_things"}
    left_null = {name for row in rows["every_type"].values() for name, value in row.items() if value is None}
    assert left_null == {"point", "xml", "pair"}
    assert changed_values(rows, rows_of(url)) == []


@ON_SQLITE
def test_virtual_tables_and_what_is_behind_them_are_left_alone(url):
    run(url, "CREATE VIRTUAL TABLE found USING fts5(text);\nCREATE TABLE others (id #);\n")
    assert fill(url) == {"others": FULL}
    assert set(rows_of(url)) == {"others"}


@ON_SQLITE
def test_a_table_takes_a_few_statements(url):
    run(url, "CREATE TABLE people (id #);\n")
    seven = "INTEGER NOT NULL CHECK (# IN (1, 2, 3, 4, 5, 6, 7))"
    run(url, "".join(
        f"CREATE TABLE t{number} (id #, person_id INTEGER REFERENCES people (id) NOT NULL,"
        f" day {seven.replace('#', 'day')}, hour {seven.replace('#', 'hour')},"
        " UNIQUE (day, hour), UNIQUE (person_id, day));\n" for number in range(20)
    ))
    statements = []
    listener = (Engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    event.listen(*listener)
    try:
        for _ in range(2):
            assert set(fill(url).values()) == {FULL}
    finally:
        event.remove(*listener)
    assert len(statements) / 2 / 21 < 25, "A table whose rows are not all taken at once takes a hundred."


KEPT = [
    (1, True), (1, Decimal("1.00")), ("1", 1), ("-12.50", Decimal("-12.5")), (0.1, Decimal("0.1")), (0.5, "0.5"),
    (0.1 + 0.2, Decimal("0.300000000000000")), (0.1, 0.10000000149011612), (float("nan"), float("nan")),
    ("t", True), (False, "false"), ("$1,234.50", Decimal("1234.5")), (2**53 + 1, str(2**53 + 1)),
    (datetime(2024, 3, 31, 1, 30), datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
    ("2024-03-31 01:30:00", datetime(2024, 3, 31, 1, 30)), ("2024-03-31T01:30:00+02:00", datetime(2024, 3, 30, 23, 30)),
    (date(2024, 3, 31), datetime(2024, 3, 31, tzinfo=UTC)), (date(2024, 3, 31), "2024-03-31"),
    ('{"a": [1, null]}', {"a": [1, None]}), ([1, 2], "[1, 2]"), ("text", b"text"), ("10.0.0.1/32", "10.0.0.1/32"),
    (uuid.UUID(int=7), str(uuid.UUID(int=7))), (uuid.UUID(int=7).hex, str(uuid.UUID(int=7))),
    (b"\xff" * 16, uuid.UUID(bytes=b"\xff" * 16)),
]  # fmt: skip
LOST = [
    ("x", None), (None, ""), (None, 0), ("", None), ("007", 7), (" 1", 1), ("1.50", 1), ("text", "tex"), ("a ", "a"),
    ("1.0", "1.00"), ("A", "a"), (Decimal("1.25"), Decimal("1.3")), (0.1 + 0.2, 0.3), (0.333, Decimal("0.33")),
    (2**53 + 1, float(2**53 + 1)), (datetime(2024, 3, 31, 1, 30), date(2024, 3, 31)), (True, 0), ("yes", False),
    (datetime(2024, 3, 31, 1, 30, 0, 7), datetime(2024, 3, 31, 1, 30)), ({"a": 1}, {}), ([1], [1, 1]),
    (datetime(2024, 3, 31, 1, 30), datetime(2024, 3, 31, 3, 30)), (b"\x00\xff", b""), (timedelta(1), timedelta(2)),
]  # fmt: skip


CHANGES = {  # (what the column is first, what it is made): what is lost of its values
    ("INTEGER", "BIGINT"): [],
    ("VARCHAR(20)", "TEXT"): [],
    ("TEXT", "VARCHAR(20000)"): [],
    ("VARCHAR(20)", "CHAR(30)"): ["is 'Zo\u00eb with one letter'"],  # the blank behind it
    ("CHAR(30)", "TEXT"): [],
    ("INTEGER", "TEXT"): [],
    ("INTEGER", "NUMERIC(12, 2)"): [],
    ("NUMERIC(8, 2)", "DOUBLE PRECISION"): [],
    ("DOUBLE PRECISION", "NUMERIC"): [],
    ("REAL", "DOUBLE PRECISION"): [],
    ("BOOLEAN", "INTEGER"): [],
    ("BOOLEAN", "TEXT"): [],
    ("DATE", "TIMESTAMP"): [],
    ("TIMESTAMP", "TIMESTAMPTZ"): [],
    ("TIMESTAMPTZ", "TEXT"): [],
    ("UUID", "VARCHAR(36)"): [],
    ("JSON", "JSONB"): [],
    ("JSONB", "TEXT"): [],
    ("INET", "TEXT"): [],
    ("MONEY", "NUMERIC(12, 2)"): [],
    ("INT4RANGE", "TEXT"): [],
    ("TEXT[]", "JSONB USING to_jsonb(it)"): [],
    ("TIMESTAMP", "DATE"): ["is datetime.date"],
    ("TIMESTAMP", "TIMESTAMP(0)"): ["00.000007, is"],
    ("VARCHAR(20)", "VARCHAR(9) USING left(it, 9)"): ["is 'Ada Okafo'"],
    ("NUMERIC(8, 4)", "NUMERIC(8, 2)"): ["is Decimal"],
    ("DOUBLE PRECISION", "REAL USING CASE WHEN abs(it) < 1e30 AND abs(it) > 1e-30 THEN it END"): ["is 0.3", "is None"],
    ("INTEGER", "SMALLINT USING CASE WHEN abs(it) < 9 THEN it END"): ["was 2147483647, is None"],
}


@ON_POSTGRESQL
def test_a_change_of_type_is_told_where_values_are_lost_and_only_there(url):
    columns = {f"c{number}": change for number, change in enumerate(CHANGES)}
    run(url, f"CREATE TABLE t (id #, {', '.join(f'{name} {old}' for name, (old, _) in columns.items())});\n")
    assert fill(url) == {"t": FULL}
    before = rows_of(url)
    run(url, f"ALTER TABLE t {', '.join(altered(name, new) for name, (_, new) in columns.items())};\n")
    lines = changed_values(before, rows_of(url))
    for name, change in columns.items():
        told = [line for line in lines if f": {name} was " in line]
        assert bool(told) == bool(CHANGES[change]), f"{change}: {told}"
        assert all(any(part in line for line in told) for part in CHANGES[change]), f"{change}: {told}"


def altered(name, new):
    type, _, using = new.partition(" USING ")
    return f"ALTER {name} TYPE {type} USING " + re.sub(r"\bit\b", name, using or f"it::{type}")


def test_rows_without_a_key_are_told_apart_by_their_values_and_their_number(url):
    json = {"sqlite": "JSON", "postgresql": "JSONB"}[engine_of(url).dialect.name]
    run(url, f"CREATE TABLE log (line TEXT, it {json});\n")
    run(url, "INSERT INTO log VALUES ('a', '[1]'), ('a', '[1]'), ('b', '[2]'), ('b', NULL);\n")
    before = rows_of(url)
    assert len(before["log"]) == 4
    run(url, "ALTER TABLE log ADD COLUMN level INTEGER DEFAULT 1 NOT NULL;\n")
    assert changed_values(before, rows_of(url)) == []
    run(url, "UPDATE log SET line = 'c' WHERE line = 'b' AND it IS NULL;\n")
    lines = changed_values(before, rows_of(url))
    assert [line.partition(": ")[2] for line in lines] == ["the row is missing", "the row is new"]


def test_a_duplicate_that_is_lost_is_missed(url):
    run(url, "CREATE TABLE log (line TEXT);\nINSERT INTO log VALUES ('a'), ('a'), ('b');\n")
    before = rows_of(url)
    run(url, "DELETE FROM log;\nINSERT INTO log VALUES ('a'), ('b');\n")
    assert changed_values(before, rows_of(url)) == ["log ('a', 2): the row is missing"]


def test_rows_are_the_same_under_another_primary_key(url):
    run(url, "CREATE TABLE old (code VARCHAR(9) PRIMARY KEY, size INTEGER);\n")
    run(url, "INSERT INTO old VALUES ('b', 1), ('a', 2);\n")
    before = {"t": rows_of(url)["old"]}
    run(url, "CREATE TABLE t (id #, code VARCHAR(9), size INTEGER);\n")
    run(url, "INSERT INTO t (code, size) VALUES ('a', 2), ('b', 1);\n")
    assert changed_values(before, rows_of(url)) == []
    run(url, "DELETE FROM t WHERE code = 'a';\n")
    assert changed_values(before, rows_of(url)) == ["t a: the row is missing"]


def test_rows_are_the_same_under_a_key_of_another_type(url):
    run(url, "CREATE TABLE old (id VARCHAR(9) PRIMARY KEY, size INTEGER);\n")
    run(url, "INSERT INTO old VALUES ('7', 1), ('10', 2);\n")
    before = {"t": rows_of(url)["old"]}
    run(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, size INTEGER);\nINSERT INTO t VALUES (7, 1), (10, 3);\n")
    assert changed_values(before, rows_of(url)) == ["t 10: size was 2, is 3"]


def test_a_null_whose_column_may_not_be_null_any_more_has_no_place(url):
    run(url, "CREATE TABLE old (id #, size INTEGER);\nINSERT INTO old (size) VALUES (NULL), (1);\n")
    before = {"t": rows_of(url)["old"]}
    run(url, "CREATE TABLE t (id #, size INTEGER NOT NULL);\nINSERT INTO t (size) VALUES (0), (2);\n")
    assert changed_values(before, rows_of(url)) == ["t 2: size was 1, is 2"]


@ON_SQLITE
def test_what_is_not_of_the_type_of_its_column_is_read_as_it_is_stored(url):
    run(url, "CREATE TABLE t (id #, at DATETIME, it JSON);\nINSERT INTO t (at, it) VALUES ('soon', 'no json');\n")
    assert rows_of(url) == {"t": {1: {"id": 1, "at": "soon", "it": "no json"}}}


@pytest.mark.parametrize(("old", "new"), KEPT, ids=repr)
def test_a_value_is_kept_whose_type_is_another(old, new):
    assert is_kept(old, new) and is_kept(new, old)


@pytest.mark.parametrize(("old", "new"), LOST, ids=repr)
def test_a_value_is_lost_that_says_less(old, new):
    assert not is_kept(old, new)
