"""Rows for whatever tables are there, made up from the types of their columns. Nothing here needs editing.

What cannot be seen from the types is said in row_values.py.
"""
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from sqlalchemy import MetaData, insert, select
from sqlalchemy.exc import SQLAlchemyError

from row_values import RENAMED, VALUES

ROWS = 3  # with a value in each column; each call adds as many to each table
TRIES = 12  # as the database may refuse some
SPARSE = 4  # each fourth row has only what it must have
DAY = datetime(2024, 2, 29, 23, 30)
MAKE = {  # a value of each type, from a number; texts are in value_for
    bool: lambda number: number % 2 == 0,
    int: lambda number: number,
    float: lambda number: 1 - 1 / number,  # 0, 0.5, 0.667 …
    Decimal: lambda number: Decimal(number % 10),
    datetime: lambda number: DAY + timedelta(days=number),
    date: lambda number: (DAY + timedelta(days=number)).date(),
    bytes: lambda number: b"\x00\xff%d" % number,
}


def tables_in(engine):
    """The tables, each after those that it refers to."""
    metadata = MetaData()
    metadata.reflect(engine)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def add_rows(engine, tables, numbers, full=False):
    """Add rows to each table, with texts that fill their columns if `full`; a line for each table that takes none.

    Each row is made from the next one of `numbers`. A row that the database refuses is left out.
    """
    problems = []
    for table in tables:
        rows, refused = 0, []
        for number in islice(numbers, TRIES):
            with engine.connect() as connection:
                try:
                    connection.execute(insert(table), make_row(connection, table, number, full))
                    connection.commit()
                    rows += number % SPARSE != 0
                except SQLAlchemyError as error:
                    refused.append(first_line(error))
            if rows == ROWS:
                break
        if not rows:
            problems.append(f"{table} takes no row ({refused[0]}). Say in tests/row_values.py which values it takes.")
    return problems


def make_row(connection, table, number, full):
    row = {column.name: value_for(column, number, full) for column in table.columns}
    for key in table.foreign_key_constraints:
        there = connection.execute(select(*[each.column for each in key.elements])).all()
        row |= zip(key.column_keys, there[number % len(there)] if there else [None] * len(key.elements))
    if number % SPARSE == 0:  # what may be left out: the database leaves it empty, or has a value for it
        row |= {column.name: None for column in table.columns if column.nullable or column.server_default is not None}
    for where, old, new in RENAMED.values():
        if where == table.name and old in row and new in row:  # the same value in both, or one of them is left out
            row[old] = row[new] = value_for(table.c[new], number, full)
            left_out = (old, new)[number % 2]
            if table.c[left_out].nullable:
                row[left_out] = None
    return {name: value for name, value in row.items() if value is not None}


def value_for(column, number, full):
    if column is column.table.autoincrement_column or column.computed is not None:
        return None
    if values := VALUES.get(column.name) or getattr(column.type, "enums", None):
        value = values[(number - number // SPARSE) % len(values)]  # each in turn
        return value.replace("{}", str(number)) if isinstance(value, str) else value
    try:
        kind = column.type.python_type
    except NotImplementedError:  # a type that SQLAlchemy does not know
        return None
    if kind is str:
        text, length = f"{number} Zoë's", column.type.length or 1000
        return (text.ljust(length, "ż") if full else text)[:length]
    return MAKE[kind](number) if kind in MAKE else None


def first_line(error):
    return str(getattr(error, "orig", error)).splitlines()[0]
