"""Each revision goes up, down and up again with rows in the tables, and no value is lost. Nothing here needs editing.

What it cannot know, such as what a revision changes on purpose, is said in row_values.py.
"""
import logging
from itertools import count
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError, to_tuple
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from made_up_rows import add_rows, first_line, tables_in
from row_values import ON_PURPOSE, RENAMED

SHOWN = 8  # lines


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # about types that SQLAlchemy does not know
def test_each_revision_goes_up_down_and_up_and_every_value_survives(app):
    if problems := problems_of(app):
        pytest.fail("\n".join(problems), pytrace=False)


def problems_of(app):
    """What is wrong with the first revision that is not right, in lines; none if all are right."""
    engine = app.extensions["sqlalchemy"].engine
    config = app.extensions["migrate"].migrate.get_config()
    numbers = count(1)
    logging.disable(logging.INFO)  # Alembic has a line for each step
    try:
        for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
            problems = []
            try:
                problems.extend(round_trip(engine, config, script, numbers))
            except (CommandError, SQLAlchemyError) as error:
                problems.append(first_line(error))
            if problems:
                meant = "What it changes on purpose can be said in tests/row_values.py."
                return [
                    *(f"{script.revision}: {line}" for line in problems[:SHOWN]),
                    f"The script is migrations/versions/{Path(script.path).name}. {meant}",
                ]
        return []
    finally:
        logging.disable(logging.NOTSET)


def round_trip(engine, config, script, numbers):
    """Take the database up by one revision, down and up again; yields what went wrong, in lines."""
    # such as 0006b@0005: this revision alone, and not what is beside it on another branch
    way_back = f"{script.revision}@{to_tuple(script.down_revision, default=('base',))[0]}"
    meant = ON_PURPOSE.get(script.revision, ())

    tables = tables_in(engine)
    yield from add_rows(engine, tables, numbers, full=True)
    rows = rows_of(engine, tables)

    command.upgrade(config, script.revision)
    tables_up = tables_in(engine)
    rows_up = rows_of(engine, tables_up)
    yield from changes("up", rows, rows_up, meant)
    yield from not_filled(script.revision, rows_up)
    yield from add_rows(engine, tables_up, numbers)
    rows_up = rows_of(engine, tables_up)

    command.downgrade(config, way_back)
    tables_down = tables_in(engine)
    rows_down = rows_of(engine, tables_down)
    yield from changes("down", rows_up, rows_down, meant)
    yield from changes("up and down", rows, rows_down, meant)
    yield from schema_changes("down", tables, tables_down)

    command.upgrade(config, script.revision)
    tables_again = tables_in(engine)
    yield from changes("up again", rows_down, rows_of(engine, tables_again), meant)
    yield from schema_changes("up again", tables_up, tables_again)


def rows_of(engine, tables):
    """{table: {key: {column: value}}}"""
    found = {}
    with engine.connect() as connection:
        for table in tables:
            key = list(table.primary_key) or list(table.columns)
            rows = connection.execute(select(table)).mappings()
            found[table.name] = {tuple(row[column] for column in key): dict(row) for row in rows}
    return found


def parts_of(table):
    """Its columns, constraints and indexes, each as a text."""
    for column in table.columns:
        default = str(getattr(column.server_default, "arg", None)).strip("()")
        yield f"column {column} ({column.type!r}, nullable {column.nullable}, default {default})"
    for part in [*table.constraints, *table.indexes]:
        columns = ", ".join(column.name for column in part.columns)
        more = f" ON DELETE {part.ondelete}" if getattr(part, "ondelete", None) else ""
        more += " UNIQUE" if getattr(part, "unique", False) else ""
        yield f"{type(part).__name__} {part.name} of {table} ({columns}){more}"


def schema_changes(way, tables, tables_then):
    before, after = ({part for table in each for part in parts_of(table)} for each in (tables, tables_then))
    missing = [f"{way}: {part} is missing" for part in sorted(before - after)]
    return missing + [f"{way}: {part} is too much" for part in sorted(after - before)]


def changes(way, before, after, meant):
    """A line for each table with rows that are gone, and for each column with a value that is another one.

    A value is looked for on the other side if its column is there. A line names the first row, and counts the others.
    """
    found = {}
    for table in sorted((before.keys() & after.keys()) - set(meant)):
        for key, row in before[table].items():
            if key not in after[table]:
                found.setdefault(table, []).append(f"{place(table, key)} is gone")
                continue
            old, new = with_both_names(table, row), with_both_names(table, after[table][key])
            for column in sorted(old.keys() & new.keys()):
                was, now = old[column], new[column]
                # As texts as well: where a column gets another type, 1 becomes '1'.
                if was != now and str(was) != str(now) and f"{table}.{column}" not in meant:
                    line = f"{place(table, key)}: {column} was {shown(was)}, is {shown(now)}"
                    found.setdefault((table, column), []).append(line)
    return [counted(way, lines) for lines in found.values()]


def counted(way, lines):
    return f"{way}: {lines[0]}" + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")


def with_both_names(table, row):
    """`row`; where a column is renamed in steps, what is empty or not there under one name is taken from the other."""
    both = dict(row)
    for where, old, new in RENAMED.values():
        if where == table and (old in row or new in row):
            both[old] = row.get(new) if row.get(old) is None else row[old]
            both[new] = row.get(old) if row.get(new) is None else row[new]
    return both


def not_filled(revision, rows):
    if revision not in RENAMED:
        return []
    table, old, new = RENAMED[revision]
    lines = [
        f"{place(table, key)}: {new} is None, {old} is {shown(row.get(old))}"
        for key, row in rows[table].items()
        if row[new] is None
    ]
    return [counted("up", lines)] if lines else []


def place(table, key):
    return f"{table}, row {', '.join(map(str, key))}"


def shown(value):
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:20]}… ({len(str(value))} long)"
