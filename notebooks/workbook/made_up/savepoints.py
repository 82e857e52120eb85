"""Savepoints around what the database may refuse, on a connection that has been told to be careful."""
from contextlib import nullcontext

CAREFUL = "made_up_careful"  # an execution option


def is_careful(connection):
    return connection.get_execution_options().get(CAREFUL, False)


def savepoint(connection):
    """A context: after an error in it, a careful connection can be used on."""
    return connection.begin_nested() if is_careful(connection) else nullcontext()
