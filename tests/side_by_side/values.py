"""Values in both directions, as text and as binary."""
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from psycopg import sql
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Json, Jsonb

from side_by_side import autocommit, check, found, rows

VALUES = {
    "bool": [True, False],
    "smallint": [-32768, 7],
    "int": [0, -1, 2**31 - 1],
    "bigint": [-(2**63), 2**63 - 1],
    "numeric": [Decimal("1.50"), Decimal("-0.00001"), Decimal("NaN"), Decimal(10) ** 30],
    "real": [1.5, -0.25],
    "float8": [0.1, float("inf"), -1e300],
    "text": ["", "Ada", "O'Brien \\ \"q\" %s", "naïve 日本 🐍", "two\nlines\ttab"],
    "varchar(5)": ["abc"],
    "char(5)": ["abc"],
    "date": [date(2026, 2, 28), date(1, 1, 1)],
    "time": [time(23, 59, 59, 999999)],
    "timestamp": [datetime(2026, 1, 2, 3, 4, 5, 678901)],
    "timestamptz": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))],
    "interval": [timedelta(days=-3, seconds=5, microseconds=7), timedelta(0)],
    "bytea": [b"", bytes(range(256)), b"\\x00'"],
    "uuid": [UUID("12345678-1234-5678-1234-567812345678")],
    "json": [Json({"a": [1, None, "ü"]})],
    "jsonb": [Jsonb({"b": 2.5, "a": [True]})],
    "int[]": [[1, None, 3], [], [[1, 2], [3, 4]]],
    "text[]": [["a", 'b "c"', "d,e", "", "NULL"]],
    "timestamptz[]": [[datetime(2026, 1, 2, tzinfo=UTC)]],
}


@check
def values_of_each_type_come_back_as_text_and_as_binary():
    with autocommit() as connection:
        return [
            (kind, rows(connection, f"SELECT v, pg_typeof(v)::text FROM CAST(%s AS {kind}) v", each, binary=binary))
            for kind, each_of in VALUES.items() for binary in (False, True) for each in [*each_of, None]
        ]  # fmt: skip


@check
def values_of_each_type_go_there_as_text_and_as_binary():
    with autocommit() as connection:
        return [
            (kind, place, rows(connection, f"SELECT {place}::{kind}::text", each))
            for kind, each_of in VALUES.items() for place in ("%t", "%b", "%s") for each in each_of
            if not (place == "%b" and kind == "numeric" and each != each)
        ]  # fmt: skip


@check
def binary_parameters_have_zero_bytes_and_text_has_none():
    with autocommit() as connection:
        return [
            rows(connection, "SELECT length(%b), length(%t)", b"a\0b\0", b"a\0b\0"),
            found(connection.execute, "SELECT %s::text", ["a\0b"]),
            rows(connection, "SELECT %s::text", "after it"),
        ]


@check
def an_enum_comes_back_as_text_and_as_python_s_enum():
    with autocommit() as connection:
        connection.execute("CREATE TYPE stage AS ENUM ('draft', 'ready')")
        plain = rows(connection, "SELECT 'draft'::stage, ARRAY['ready', NULL]::stage[]")
        info = EnumInfo.fetch(connection, "stage")
        register_enum(info, connection)
        ready = info.enum.ready
        return [
            plain,
            info.labels,
            rows(connection, "SELECT 'draft'::stage, %s", ready),
            rows(connection, "SELECT %s::stage", ready, binary=True),
            rows(connection, "SELECT 'lost'::stage"),
        ]


@check
def a_row_of_a_table_and_a_composite_come_back():
    with autocommit() as connection:
        connection.execute("CREATE TABLE point (x int, y text)")
        connection.execute("INSERT INTO point VALUES (1, 'a,\"b'), (NULL, '')")
        return [
            rows(connection, "SELECT p, p.* FROM point AS p ORDER BY x"),
            rows(connection, "SELECT ROW(1, 'a', NULL, 2.5)", binary=True),
            rows(connection, "SELECT int4range(1, 5), '{[1,3),[5,9)}'::int4multirange"),
        ]


@check
def many_rows_and_long_values_come_back_whole():
    with autocommit() as connection:
        many = rows(connection, "SELECT n, repeat(n::text, 3) FROM generate_series(1, 20000) AS n")
        long = rows(connection, "SELECT repeat('ab', 500000)")
        return [len(many), many[-1], len(long[0][0]), rows(connection, "SELECT length(%s)", "ü" * 300000)]


@check
def text_is_written_as_sql_with_its_quotes():
    with autocommit() as connection:
        for each in ("O'Brien", "back\\slash", 'double"quote', "ü%", b"\x00\xff'", date(2026, 1, 2), None, [1, 2]):
            query = sql.SQL("SELECT {} AS {}").format(sql.Literal(each), sql.Identifier(f"n {each!r}"))
            written = query.as_string(connection)
            yield written, rows(connection, query)
        yield sql.Literal("a\\b").as_string(None), sql.Identifier("a", 'b"c').as_string(None)
