"""Databases with many rows at a chosen revision, and copies of them."""
import importlib
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import inspect

from workbook.schema import engine_of
from workbook.stages import own_modules, stage_app, stage_folder, upgrade

FOLDER = stage_folder("05_merge_conflict")  # the newest one that hand_written.py knows the migrations of
with own_modules(FOLDER):
    SAMPLE = importlib.import_module("sample_data")
OWNERS = 1000


@contextmanager
def prepared(kind, revisions, rows, distinct=False):
    """The URL of a new database at `revisions`, with `rows` rows in each table, for the block.

    About 1,000 rows have the same model_name; with `distinct` each has its own.
    """
    url = kind.new()
    try:
        with stage_app(FOLDER, url) as app:
            for revision in revisions:
                upgrade(app, revision)
        with engine_of(url).connect() as connection:
            inspector = inspect(connection)
            there = {name: inspector.get_columns(name) for name in inspector.get_table_names()}
        with kind.connection(url) as connection:
            for table, values in samples(rows, distinct).items():
                if table in there:
                    known = {column["name"] for column in there[table]}
                    columns, values = chosen(values, known)
                    kind.load(connection, table, columns, values)
            kind.settle(connection)
        yield url
    finally:
        kind.drop(url)


def samples(rows, distinct):
    """{table: its rows as dictionaries}, with the values of the stage's own `flask seed`; parents first."""
    owners = list(range(1, min(rows, OWNERS) + 1))
    models = (SAMPLE.model(number, owners) for number in range(1, rows + 1))
    if distinct:
        models = (model | {"model_name": f"model {number}"} for number, model in enumerate(models, 1))
    return {"users": map(SAMPLE.user, range(1, rows + 1)), "model_metadata": models}


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
