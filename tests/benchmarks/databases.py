"""Databases with many rows at a chosen revision, and copies of them."""
import importlib
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import inspect

from workbook.schema import engine_of
from workbook.stages import own_modules, stage_app, stage_folder, upgrade

FOLDER = stage_folder("07_contract")  # the newest one that hand_written.py knows the migrations of
with own_modules(FOLDER):
    SAMPLE = importlib.import_module("sample_data")
OWNERS = 1000
LATE = 100  # where name and display_name stand side by side, one user in so many has a name alone


@contextmanager
def prepared(kind, revisions, rows, distinct=False, tables=("users", "model_metadata")):
    """The URL of a new database at `revisions`, with `rows` rows in each of `tables`, for the block.

    About 1,000 rows have the same model_name; with `distinct` each has its own.
    """
    url = kind.new()
    try:
        with stage_app(FOLDER, url) as app:
            for revision in revisions:
                upgrade(app, revision)
        with engine_of(url).connect() as connection:
            inspector = inspect(connection)
            there = {table: columns_of(inspector, table) for table in inspector.get_table_names()}
        with kind.connection(url) as connection:
            for table, values in samples(rows, distinct, there["users"]).items():
                if table in tables and table in there:
                    columns, values = chosen(values, there[table])
                    kind.load(connection, table, columns, values)
            kind.settle(connection)
        yield url
    finally:
        kind.drop(url)


def samples(rows, distinct, columns):
    """{table: its rows as dictionaries}, with the values of the stage's own `flask seed`; parents first.

    `columns` are those of users: {name: what an Inspector says of it}.
    """
    owners = list(range(1, min(rows, OWNERS) + 1))
    models = (SAMPLE.model(number, owners) for number in range(1, rows + 1))
    if distinct:
        models = (model | {"model_name": f"model {number}"} for number, model in enumerate(models, 1))
    return {"users": (user(number, columns) for number in range(1, rows + 1)), "model_metadata": models}


def user(number, columns):
    """A user as the app of that time wrote it: with a name alone, or, where name may be empty, seldom so."""
    written = SAMPLE.user(number)
    if "name" not in columns or columns["name"]["nullable"] and number % LATE:
        return written | {"name": None}
    return written | {"name": written["display_name"], "display_name": None}


def columns_of(inspector, table):
    return {column["name"]: column for column in inspector.get_columns(table)}


def chosen(rows, known):
    """(the columns that both the rows and the table have, the rows as tuples of these)."""
    first = next(rows)
    columns = [column for column in first if column in known]
    return columns, (tuple(row[column] for column in columns) for row in chain([first], rows))


@contextmanager
def copied(kind, url):
    """The URL of a copy of the database `url`, for the block."""
    copy = kind.copy(url)
    try:
        yield copy
    finally:
        kind.drop(copy)
