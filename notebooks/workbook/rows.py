"""Rows before and after a migration: put awkward ones in, read them all, say what changed."""
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    Table,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
)

from workbook.schema import engine_of

ROWS = 24  # added to each table by one call of add_rows; no pool below is longer

TEXTS = [
    "Ada Okafor",
    "Zoe\u0308 with a combining diaeresis",
    "Zo\u00eb with one letter for it",
    "\U0001f469\U0001f3fd\u200d\U0001f4bb emoji of four characters",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",  # right to left
    "quotes ' '' \" ` and % %s :name \\ {} --",
    " blanks around ",
    "İstanbul, STRASSE, straße",
]
ZONES = [timezone(timedelta(hours=hours)) for hours in (0, 2, -9.5, 5.75)]
TIMES = [datetime(2024, 3, 31, 1 + hour, 30, 0, 7, zone) for hour in range(3) for zone in ZONES]
# Columns whose values follow a rule of their own; all others are filled by their type.
NAMED = {
    "email": ["ada{}@example.com", "zo\u00eb{}@example.com", "{:0>64}@" + "d" * 43 + ".example.com"],  # {} is unique
    "model_name": ["churn", "Churn", "CHURN", "churn ", " churn", "churn  ", "m" * 100]
    + ["caf\u00e9", "cafe\u0301", "\u05de\u05d5\u05d3\u05dc", "\U0001f40d"],
    "accuracy": [0.0, 1.0, 1e-300, 0.1 + 0.2, 0.93, 0.5, 1 - 2**-53],
    "version": ["1.0", "v" * 20, "", None, "\u03b2-2 \U0001f680"],
    "status": ["active", "archived"],
}
# {table: {column: its new name}}: while it is renamed, a row has the one, both, or the other.
RENAMED = {"users": {"name": "display_name"}}
TYPED = {
    bool: [True, False],
    int: [0, 1, -1, 2**31 - 1],
    float: [0.0, -0.5, 1e-300, 0.1 + 0.2, 1e300],
    datetime: TIMES,
    date: [date(2024, 2, 29), date(1970, 1, 1)],
    bytes: [b"", b"\x00\xff"],
}


def rows_of(url):
    """Every row of the database `url`: {table: {primary key: {column: value}}}, without Alembic's own table.

    A primary key of several columns is a tuple; a table without one is keyed
    by all its columns.
    """
    with engine_of(url).connect() as connection:
        return rows_in(connection, inspect(connection))


def rows_in(connection, inspector):
    """As `rows_of`, on a connection; what the Inspector has read before is not read again."""
    metadata, keys, references = MetaData(), inspector.get_multi_pk_constraint(), inspector.get_multi_foreign_keys()
    for place, columns in inspector.get_multi_columns().items():
        key = keys[place]["constrained_columns"]
        parts = [Column(each["name"], each["type"], primary_key=each["name"] in key) for each in columns]
        parts += [ForeignKeyConstraint(each["constrained_columns"], targets_of(each)) for each in references[place]]
        Table(place[1], metadata, *parts)
    return {table.name: rows_of_table(connection, table) for table in ordered(metadata)}


def targets_of(reference):
    return [f"{reference['referred_table']}.{column}" for column in reference["referred_columns"]]


def ordered(metadata):
    """The tables, each after those that it refers to, without Alembic's own one."""
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def rows_of_table(connection, table):
    key = list(table.primary_key) or list(table.columns)
    found = {}
    for row in connection.execute(select(table).order_by(*key)).mappings():
        values = tuple(row[column] for column in key)
        found[values if len(values) > 1 else values[0]] = dict(row)
    return found


def changed_values(before, after, renamed=None):
    """One readable line for each row that is missing or new, and for each value that changed.

    `before` and `after` are results of `rows_of`. Tables and columns that only
    one of them has are a matter of the schema, not of the rows. Times are
    compared as UTC; one without a zone is in UTC already. With `renamed`, such as
    RENAMED, a value may stand under either name or under both.
    """
    for table, names in (renamed or {}).items():
        before, after = (rows | {table: under_both(names, rows[table])} if table in rows else rows
                         for rows in (before, after))
    lines = []
    for table in before:
        if table not in after:
            continue
        old, new = before[table], after[table]
        lines += [f"{table} {key}: the row is missing" for key in old if key not in new]
        lines += [f"{table} {key}: the row is new" for key in new if key not in old]
        lines += [
            f"{table} {key}: {column} was {shown(value)}, is {shown(new[key][column])}"
            for key, row in old.items()
            if key in new
            for column, value in row.items()
            if column in new[key] and not same(value, new[key][column])
        ]
    return lines


def under_both(names, rows):
    """`rows` of a table, each with its value under the old name and the new one."""
    both = {}
    for key, row in rows.items():
        both[key] = dict(row)
        for old, new in names.items():
            if old in row or new in row:
                both[key] |= dict.fromkeys((old, new), row.get(old) if row.get(new) is None else row[new])
    return both


def same(left, right):
    left, right = in_utc(left), in_utc(right)
    return left == right or (left != left and right != right)  # NaN is not equal to itself


def in_utc(value):
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def shown(value):
    text = str(value) if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(value):,} long)"


def add_rows(url):
    """Add 24 rows, ordinary and awkward ones, to each table of the database `url`; returns {table: rows added}.

    It fills whatever tables and columns are there, so it works at every
    revision. The same values each time; called again, it adds rows with other
    emails. ValueError if a column needs a value and none is known for it.
    """
    with open_tables(url) as (connection, tables):
        for table in tables:
            start = connection.scalar(select(func.count()).select_from(table))
            pools = {column: pool for column in table.columns if (pool := pool_of(connection, column))}
            rows = [
                {column.name: value_of(column, pool, number) for column, pool in pools.items()}
                for number in range(start, start + ROWS)
            ]
            for old, new in RENAMED.get(table.name, {}).items():
                rows = [one_or_both(table, old, new, row, start + place) for place, row in enumerate(rows)]
            defaults = {column.name for column in pools if has_constant_default(column)}
            connection.execute(insert(table), rows[ROWS // 3 :])
            # These get the database's defaults, so those are tried as well.
            rest = [{name: value for name, value in row.items() if name not in defaults} for row in rows[: ROWS // 3]]
            connection.execute(insert(table), rest)
        connection.commit()
        return {table.name: ROWS for table in tables}


@contextmanager
def open_tables(url):
    """A connection, and the tables that are there now, each after those that it refers to."""
    with engine_of(url).connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        yield connection, ordered(metadata)


def pool_of(connection, column):
    """The values for `column`, used in turn; empty if the database fills it in."""
    if column is column.table.autoincrement_column or column.computed is not None:
        return []
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        pool = list(connection.scalars(select(target).order_by(target).limit(5)))
    else:
        pool = NAMED.get(column.name) or getattr(column.type, "enums", None) or typed_pool(column.type)
    if column.nullable:
        return pool if None in pool else [*pool, None]
    if not pool and column.server_default is None:
        raise ValueError(f"No value is known for {column.table.name}.{column.name}: add some to NAMED in {__name__}.")
    return [value for value in pool if value is not None]


def typed_pool(type):
    if type.python_type is not str:
        return TYPED.get(type.python_type, [])
    if type.length:
        return [text[: type.length] for text in TEXTS] + ["\u017c" * type.length]
    return [*TEXTS, "", "two\nlines,\r\nand\ta tab\n\n", "0123456789" * 1000]


def value_of(column, pool, number):
    value = pool[number % len(pool)]
    if column.name == "email":
        return value.format(number)
    if isinstance(value, datetime) and not column.type.timezone:  # SQLite: what is stored is in UTC
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, str) and is_unique(column):
        return f"{number} {value}"[: column.type.length]
    return value


def one_or_both(table, old, new, row, number):
    """`row` with a value in column `old`, in `new`, or the same one in both: in turn, as far as they may be NULL."""
    if old in table.columns and new in table.columns:
        value = pool[number % len(pool)] if (pool := typed_pool(table.columns[new].type)) else None
        row |= {old: value, new: value}
        left_out = (old, new, None)[number % 3]
        if left_out and table.columns[left_out].nullable:
            row[left_out] = None
    return row


def is_unique(column):
    """Whether `column` alone is UNIQUE, by a constraint or by an index."""
    parts = [*column.table.constraints, *column.table.indexes]
    return any(
        list(part.columns) == [column]
        for part in parts
        if isinstance(part, UniqueConstraint) or getattr(part, "unique", False)
    )


def has_constant_default(column):
    """Whether the database fills `column` with the same value on every day."""
    return column.server_default is not None and not isinstance(column.type, DateTime)
