"""The tables of a database, whoever made it, in an order in which rows can be put in."""
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import JSON, column, table
from sqlalchemy.exc import SAWarning

ALEMBICS_OWN = ["version_num"]  # the columns of its table, whatever that is called
NO_TABLES_OF_THEIR_OWN = {
    # full-text indexes and the like, with the tables that they keep their data in
    "sqlite": r"""
        SELECT tables.name FROM sqlite_master AS tables JOIN sqlite_master AS virtual
        ON tables.name = virtual.name OR tables.name LIKE virtual.name || '\_%' ESCAPE '\'
        WHERE virtual.sql LIKE 'CREATE VIRTUAL TABLE%'
    """,
    # partitions, whose rows are those of the whole table, and what an extension brought
    "postgresql": """
        SELECT relname FROM pg_class WHERE relispartition AND relnamespace = current_schema()::regnamespace
        UNION ALL SELECT relname FROM pg_depend JOIN pg_class ON pg_class.oid = objid
        WHERE classid = 'pg_class'::regclass AND deptype = 'e'
    """,
}


class Reference(NamedTuple):
    """A foreign key: `columns` hold what the columns `targets` of `table` hold in one row."""

    columns: tuple
    table: str
    targets: tuple


@dataclass
class Shape:
    """What is there of a table."""

    name: str
    columns: dict  # {name: what SQLAlchemy's Inspector says of it}
    key: tuple  # the primary key's columns; () if there is none
    references: list = field(default_factory=list)

    def __post_init__(self):
        for each in self.columns.values():
            if isinstance(each["type"], JSON):
                each["type"].none_as_null = True  # None is NULL, not JSON's null
        self.table = table(self.name, *(column(name, each["type"]) for name, each in self.columns.items()))

    def may_be_null(self, columns):
        """Whether one of `columns` may: a foreign key with a NULL in it refers to nothing."""
        return any(self.columns[name]["nullable"] and name not in self.key for name in columns)


def tables_in(connection, inspector):
    """[Shape] of all tables in the first schema of the search path, each after those that it refers to.

    In a circle of references, those that may be NULL do not count. Left out are
    Alembic's own table, partitions, virtual tables and what extensions brought.
    """
    with quiet():
        columns, keys = inspector.get_multi_columns(), inspector.get_multi_pk_constraint()
        references = inspector.get_multi_foreign_keys()
    left_out = set(connection.exec_driver_sql(NO_TABLES_OF_THEIR_OWN[inspector.dialect.name]).scalars())
    shapes = {}
    for place, found in columns.items():
        if place[1] not in left_out and [each["name"] for each in found] != ALEMBICS_OWN:
            named = {each["name"]: each for each in found}
            shapes[place[1]] = Shape(place[1], named, tuple(keys[place]["constrained_columns"]))
    for place, found in references.items():
        if place[1] in shapes:
            shapes[place[1]].references = [reference_of(each) for each in found]
    return in_order(shapes)


def reference_of(found):
    place = [found["referred_schema"], found["referred_table"]]
    return Reference(
        tuple(found["constrained_columns"]), ".".join(filter(None, place)), tuple(found["referred_columns"])
    )


@contextmanager
def quiet():
    """Without SQLAlchemy's warnings of what it does not know, and psycopg's of a statement that failed among others.

    Who reads a schema did not make it, and who tries rows expects some to fail.
    """
    logger = logging.getLogger("psycopg")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def in_order(shapes):
    left, ordered = dict(sorted(shapes.items())), []
    while left:
        ready = next((shape for shape in left.values() if not waits_for(shape, left)), None)
        ready = ready or next((shape for shape in left.values() if not waits_for(shape, left, strict=True)), None)
        ready = ready or next(iter(left.values()))  # each waits for another one
        ordered.append(left.pop(ready.name))
    return ordered


def waits_for(shape, left, strict=False):
    """The other tables in `left` that `shape` refers to; with `strict`, only by what may not be NULL."""
    return [
        each.table for each in shape.references
        if each.table in left and each.table != shape.name and not (strict and shape.may_be_null(each.columns))
    ]
