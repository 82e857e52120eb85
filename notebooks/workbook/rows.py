"""Rows before and after a migration: read them all, say what changed."""
from collections import Counter, defaultdict, deque
from datetime import datetime

from sqlalchemy import CHAR, inspect, select, type_coerce
from sqlalchemy.types import NullType

from workbook.kept import is_kept, plain
from workbook.schema import engine_of
from workbook.tables import quiet, tables_in

# {table: {column: its new name}}: while it is renamed, a row has the one, both, or the other.
RENAMED = {"users": {"name": "display_name"}}


class TableRows(dict):
    """The rows of a table: {primary key: {column: value}}.

    `key` has the names of the primary key's columns, `required` those of the columns that may not be NULL.
    """

    key = required = ()


def rows_of(url):
    """Every row of the database `url`: {table: {primary key: {column: value}}}, without Alembic's own table.

    A primary key of several columns is a tuple; in a table without one, a row is
    known by all its values, the same again by its number as well. What else is left out, `tables_in` says.
    """
    with engine_of(url).connect() as connection:
        return rows_in(connection, inspect(connection))


def rows_in(connection, inspector):
    """As `rows_of`, on a connection; what the Inspector has read before is not read again."""
    with quiet():
        return {shape.name: rows_of_table(connection, shape) for shape in tables_in(connection, inspector)}


def rows_of_table(connection, shape):
    query = select(shape.table).order_by(*(shape.table.c[name] for name in shape.key))
    dialect = connection.dialect.name
    try:
        return table_rows(shape, connection.execute(query).mappings(), dialect)
    except (ValueError, TypeError, ArithmeticError):  # SQLite holds what is not of the column's type: as it is, then
        columns = [type_coerce(each, NullType()).label(each.name) for each in shape.table.c]
        return table_rows(shape, connection.execute(query.with_only_columns(*columns)).mappings(), dialect)


def table_rows(shape, rows, dialect):
    found, seen = TableRows(), Counter()
    found.key = shape.key
    found.required = tuple(name for name, each in shape.columns.items() if not each["nullable"])
    # The blanks at the end of a CHAR(n) are PostgreSQL's, not of the value.
    padded = [name for name in shape.columns if isinstance(shape.columns[name]["type"], CHAR)]
    padded = padded if dialect == "postgresql" else []
    for row in map(dict, rows):
        for name in padded:
            row[name] = row[name] and row[name].rstrip(" ")
        values = tuple(row[name] if shape.key else hashable(row[name]) for name in shape.key or row)
        if not shape.key:
            seen[values] += 1
            values = (*values, seen[values]) if seen[values] > 1 else values
        found[values if len(values) > 1 else values[0]] = row
    return found


def hashable(value):
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def changed_values(before, after, renamed=None):
    """One readable line for each row that is missing or new, and for each value that changed.

    `before` and `after` are results of `rows_of`. Tables and columns that only
    one of them has are a matter of the schema, not of the rows; so is a NULL whose
    column may not be NULL any more. What counts as the same value after a change of type, `is_kept` says. In
    a table without a primary key, or with another one, rows are the same if the columns on both sides are.
    With `renamed`, such as RENAMED, a value may stand under either name or under both.
    """
    for table, names in (renamed or {}).items():
        before, after = (rows | {table: under_both(names, rows[table])} if table in rows else rows
                         for rows in (before, after))
    return [line for table in before if table in after for line in changed_rows(table, before[table], after[table])]


def changed_rows(table, old, new):
    partners = matched(old, new)
    known, required = set(partners.values()), getattr(new, "required", ())
    lines = [f"{table} {key}: the row is missing" for key in old if key not in partners]
    lines += [f"{table} {key}: the row is new" for key in new if key not in known]
    for key, partner in partners.items():
        there = new[partner]
        lines += [
            f"{table} {key}: {column} was {shown(value)}, is {shown(there[column])}"
            for column, value in old[key].items()
            if column in there and not is_kept(value, there[column]) and not (value is None and column in required)
        ]
    return lines


def matched(old, new):
    """{key of a row in `old`: key of the same row in `new`}: by the primary key, or by the columns that both have."""
    names = [getattr(rows, "key", None) for rows in (old, new)]
    if None in names or names[0] == names[1] != ():
        partners, values = {key: key for key in old if key in new}, key_values
    else:
        columns = common_columns(old, new)
        partners, values = {}, lambda rows, key: [rows[key][column] for column in columns]
    if len(partners) in (len(old), len(new)):
        return partners
    for form in repr, plain:  # first what is the same to the letter
        waiting, known = defaultdict(deque), set(partners.values())
        for key in new:
            if key not in known:
                waiting[tuple(map(form, values(new, key)))].append(key)
        for key in old:
            if key not in partners and (found := waiting.get(tuple(map(form, values(old, key))))):
                partners[key] = found.popleft()
    return partners


def key_values(rows, key):
    return key if isinstance(key, tuple) else (key,)


def common_columns(old, new):
    """The columns that both have, but those that were NULL in a row and may not be any more."""
    required = set(getattr(new, "required", ()))
    filled = {column for row in old.values() for column, value in row.items() if value is None} & required
    first = next(iter(new.values()), {})
    return [column for column in next(iter(old.values()), {}) if column in first and column not in filled]


def under_both(names, rows):
    """`rows` of a table, each with its value under the old name and the new one."""
    both = TableRows()
    both.__dict__ |= getattr(rows, "__dict__", {})
    for key, row in rows.items():
        both[key] = dict(row)
        for old, new in names.items():
            if old in row or new in row:
                both[key] |= dict.fromkeys((old, new), row.get(old) if row.get(new) is None else row[new])
    return both


def shown(value):
    text = str(value) if isinstance(value, datetime) else repr(value)
    if len(text) <= 60:
        return text
    return f"{text[:40]}… ({len(value if isinstance(value, str | bytes) else text):,} long)"
