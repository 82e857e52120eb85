"""Checks that run twice, with psycopg on libpq and with psycopg on the stand-in for it, and have to find the same.

A check is a function without arguments that returns a list of what it found; what is compared is the repr of each.
"""
from contextlib import contextmanager
from importlib import import_module

CHECKS = {}  # {name: function}, in the order in which they are written
LAST = {}  # those after which the stand-in has no server any more
FIELDS = (
    "severity_nonlocalized", "sqlstate", "message_primary", "message_detail", "message_hint", "statement_position",
    "internal_position", "internal_query", "context", "schema_name", "table_name", "column_name", "datatype_name",
    "constraint_name",
)  # fmt: skip


class Side:
    """Where a side's checks find their database."""

    url = None  # SQLAlchemy's URL of the database of the checks
    beside = None  # SQL -> None: runs it in one more session of the real server, whichever side this is
    names = {}  # {a name or a path that only this side has: what is compared instead}
    opened = []  # connections, which are closed after each check


def all_checks(others=()):
    """{name: function} of all modules here, and `others`."""
    for module in ("values", "refusals", "statements", "sessions", "databases", "models"):
        import_module(f"side_by_side.{module}")
    return CHECKS | dict(others) | LAST


def check(function):
    CHECKS[function.__name__] = function
    return function


def last(function):
    LAST[function.__name__] = function
    return function


def connect(conninfo="", **keywords):
    """A psycopg connection to the database of the checks, with other keywords than its URL's if they are given."""
    import psycopg

    url = Side.url
    own = {"user": url.username, "password": url.password, "dbname": url.database, "host": url.host, "port": url.port}
    options = {name: value for name, value in (own | url.query | keywords).items() if value is not None}
    Side.opened.append(psycopg.connect(conninfo, **options))
    return Side.opened[-1]


@contextmanager
def autocommit(**keywords):
    with connect(autocommit=True, **keywords) as connection:
        yield connection


def found(function, *arguments, **named):
    """What the function returns; of an error of the database all that a person or a program can learn of it."""
    import psycopg

    try:
        return function(*arguments, **named)
    except psycopg.Error as error:
        fields = {name: getattr(error.diag, name) for name in FIELDS if getattr(error.diag, name) is not None}
        return type(error), error.sqlstate, str(error), fields


def rows(connection, query, *parameters, **named):
    return found(lambda: connection.execute(query, parameters or None, **named).fetchall())
