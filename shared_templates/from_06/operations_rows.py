"""What a database holds, and what an upgrade has changed of it. Nothing here needs editing."""
import warnings
from typing import NamedTuple

from alembic.migration import MigrationContext
from sqlalchemy import Text, and_, cast, column, func, inspect, select, table
from sqlalchemy.exc import SAWarning

from errors import name as revision_text

BEFORE = "rehearsal_before"  # the schema that has the rows from before the upgrade


class Contents(NamedTuple):
    revisions: set
    rows: dict  # {table: how many rows}

    def __str__(self):
        tables = [f"{table} {rows_text(rows)}" for table, rows in sorted(self.rows.items())]
        return ", ".join([revision_text(self.revisions), *(tables or ["no tables"])])


class Table(NamedTuple):
    key: list  # names of columns
    columns: dict  # {name: type}


def contents_of(connection):
    inspector, rows = inspect(connection), {}
    for schema in inspector.get_schema_names():
        if schema not in ("information_schema", BEFORE):
            prefix = "" if schema == inspector.default_schema_name else f"{schema}."
            for each in inspector.get_table_names(schema):
                if each != "alembic_version":
                    rows[prefix + each] = count(connection, table(each, schema=schema))
    return Contents(set(MigrationContext.configure(connection).get_current_heads()), rows)


def count(connection, each):
    return connection.scalar(select(func.count()).select_from(each))


def tables_of(connection):
    """{name: Table}, without Alembic's own one."""
    inspector = inspect(connection)
    found = {}
    with warnings.catch_warnings(category=SAWarning, action="ignore"):  # of types that SQLAlchemy does not know
        for each in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
            types = {column["name"]: str(column["type"]) for column in inspector.get_columns(each)}
            found[each] = Table(inspector.get_pk_constraint(each)["constrained_columns"], types)
    return found


def changes(connection, old, new):
    """One line for each table: which rows and values are other ones than in BEFORE.

    `old` and `new` are the tables_of before and after. The database compares, so
    a million rows need no memory here.
    """
    for each in sorted(old.keys() | new.keys()):
        if each not in new:
            yield f"{each}: gone, with {rows_text(count(connection, table(each, schema=BEFORE)))}"
        elif each not in old:
            yield f"{each}: new, {rows_text(count(connection, table(each)))}"
        else:
            yield f"{each}: {'; '.join(changes_in(connection, each, old[each], new[each]))}"


def changes_in(connection, each, old, new):
    before = table(each, *map(column, old.columns), schema=BEFORE).alias("before")
    after = table(each, *map(column, new.columns)).alias("after")
    kept = [name for name in old.columns if name in new.columns]
    pairs, differ = compare(connection, before, after, old, new, kept)
    rows = rows_text(count(connection, after))
    if pairs is None:
        yield f"{rows}, {count(connection, before)} before; without a primary key no values are compared"
    else:
        missing, added = count(connection, before) - pairs, count(connection, after) - pairs
        rows += f", {missing} missing" * (missing > 0) + f", {added} new" * (added > 0)
        same = [name for name in kept if not differ[name]]
        yield f"{rows}, the same values in {', '.join(same)}" if pairs else rows
        for name in kept:
            if differ[name]:
                yield f"{name}: {values_text(differ[name])} {'differs' if differ[name] == 1 else 'differ'}"
    for name in old.columns:
        if name in new.columns:
            continue
        values = connection.scalar(select(func.count(before.c[name])))
        yield f"{name}: gone, with {values_text(values)}"
    if added := [name for name in new.columns if name not in old.columns]:
        yield f"new: {', '.join(added)}"


def compare(connection, before, after, old, new, kept):
    """(how many rows are in both tables, {column: how many of them have another value}); (None, {}) without a key."""
    if not old.key or not set(old.key) <= set(kept):
        return None, {}
    sqlite = connection.dialect.name == "sqlite"

    def as_text(side, name):
        # What is written alike is the same: also a type that has no =, such as JSON. SQLite's quote() writes
        # every digit and tells 1 from '1', which matters as long as the type has not changed.
        exactly = sqlite and old.columns[name] == new.columns[name]
        return func.quote(side.c[name]) if exactly else cast(side.c[name], Text)

    def keys(side):
        return [side.c[name] if sqlite else cast(side.c[name], Text) for name in old.key]

    same_row = and_(*(one == other for one, other in zip(keys(before), keys(after))))
    differ = [func.count().filter(as_text(before, name).is_distinct_from(as_text(after, name))) for name in kept]
    pairs, *numbers = connection.execute(select(func.count(), *differ).select_from(before.join(after, same_row))).one()
    return pairs, dict(zip(kept, numbers))


def rows_text(number):
    return f"{number or 'no'} {'row' if number == 1 else 'rows'}"


def values_text(number):
    return f"{number or 'no'} {'value' if number == 1 else 'values'}"
