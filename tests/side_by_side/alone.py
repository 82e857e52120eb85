"""What only the stand-in does: it says what it cannot do. Each check with what it has to find."""
import psycopg
from psycopg.conninfo import conninfo_to_dict

from side_by_side import Side, connect, rows
from workbook.tab import pq, wire

ALONE = {}  # {name: function}
EXPECTED = {}  # {name: what it has to find}
ONE_SESSION = (
    "the PostgreSQL of a browser tab has one session, and another connection is in the middle of a transaction there:"
    " end that one first"
)
NO_COPY = "COPY FROM STDIN and COPY TO STDOUT are not possible here: use INSERT and SELECT"


def finds(*expected):
    def keep(function):
        ALONE[function.__name__], EXPECTED[function.__name__] = function, [*expected]
        return function

    return keep


def refusal(function, *arguments):
    """What is refused, as the error's class and text."""
    try:
        return function(*arguments)
    except psycopg.Error as error:
        return type(error).__name__, str(error)


@finds(("LockNotAvailable", ONE_SESSION), 0, ("OperationalError", ONE_SESSION), [(1,)], [(2,)])
def who_comes_into_another_s_transaction_is_told_to_wait():
    one, other = connect(), connect()
    one.execute("SELECT 1")
    yield refusal(other.execute, "SELECT 1")
    yield int(other.info.transaction_status)
    place, text = refusal(connect)
    yield place, text.partition("FATAL:  ")[2]
    one.rollback()
    yield rows(other, "SELECT 1")
    other.rollback()
    yield rows(one, "SELECT 2")


@finds(*[("FeatureNotSupported", NO_COPY)] * 4, 3, ("InFailedSqlTransaction", None), [(1,)])
def copy_is_refused_and_ends_the_transaction():
    with connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        connection.commit()
        for statement in ("COPY t TO STDOUT", "COPY t FROM STDIN", "SELECT 1; COPY t FROM STDIN; SELECT 2"):
            yield refusal(connection.execute, statement)
            connection.rollback()
        yield refusal(lambda: connection.cursor().copy("COPY t FROM STDIN").__enter__())
        yield int(connection.info.transaction_status)
        yield refusal(connection.execute, "SELECT 1")[0], None
        connection.rollback()
        yield rows(connection, "SELECT a FROM t")


@finds(("FeatureNotSupported", "LISTEN is not possible here: nobody could be waited for"), 3, "NOTIFY", True)
def listening_and_pipelines_are_refused():
    with connect() as connection:
        connection.execute("SELECT 1")
        yield refusal(connection.execute, "listen x")
        yield int(connection.info.transaction_status)
        connection.rollback()
        yield connection.execute("NOTIFY x").statusmessage
        yield refusal(lambda: connection.pipeline().__enter__())[0] == "NotSupportedError"


@finds(
    ("FeatureNotSupported", "a database cannot be copied here, only made empty, without TEMPLATE"),
    ("ObjectInUse", 'database "one_more" is being accessed by other users\nDETAIL:  There is 1 other session using the'
     " database."),
    [("t",)],
)  # fmt: skip
def databases_are_not_copied_and_not_taken_from_others():
    with connect(autocommit=True) as connection:
        yield refusal(connection.execute, f'CREATE DATABASE one_more TEMPLATE "{Side.url.database}"')
        connection.execute("CREATE DATABASE one_more")
        there = connect(dbname="one_more", autocommit=True)
        yield refusal(connection.execute, "DROP DATABASE one_more")
        yield rows(there, "SELECT 't'")
        there.close()
        connection.execute("DROP DATABASE one_more")


@finds(
    ("ProgrammingError", "invalid percent-encoded token in URI\n"),
    ("ProgrammingError", 'end of string reached when looking for matching "]" in IPv6 host address in URI\n'),
    ("ProgrammingError", 'missing "=" after "***" in connection info string\n'),
)
def errors_of_connection_strings_show_no_part_of_a_password():
    for conninfo in ("postgresql://u:secret%4@h/d", "postgresql://u:secret@[::1/d", "password=my secret"):
        yield refusal(conninfo_to_dict, conninfo)


@finds("the PostgreSQL of this tab has ended: restart the kernel, which starts a new one", None)
def a_server_that_crashes_has_ended():
    ended = pq.Session(lambda data: 1 / 0, pq.Databases())
    try:
        ended.ask("SELECT 1")
    except wire.Refused as error:
        yield str(error)
    yield ended.state


@finds(True, [(0,)], [(0,)], True, True)
def connections_that_nobody_has_any_more_end():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int)")
        before = len(pq.session.opened)
        lost = psycopg.connect(**connection.info.get_parameters())
        lost.execute("INSERT INTO t VALUES (1)")
        lost.pgconn.__del__()
        yield len(pq.session.opened) == before
        yield rows(connection, "SELECT count(*) FROM t")
        mark = pq.mark()
        later = connect()
        later.execute("INSERT INTO t VALUES (2)")
        pq.close_since(mark)
        yield rows(connection, "SELECT count(*) FROM t")
        yield later.closed
        yield not connection.closed
