"""Sessions beside a migration: one that holds locks, one that goes on working and notes how long it waited."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from workbook.views import Rows

PAUSE = 0.002  # seconds between two statements of a session that works
NEITHER = "neither readers nor writers"
WAIT_BEHIND = {  # PostgreSQL's locks on a table, the strongest last: who has to wait until the transaction ends
    "AccessShareLock": NEITHER,
    "RowShareLock": NEITHER,
    "RowExclusiveLock": NEITHER,
    "ShareUpdateExclusiveLock": NEITHER,
    "ShareLock": "writers",
    "ShareRowExclusiveLock": "writers",
    "ExclusiveLock": "writers",
    "AccessExclusiveLock": "readers and writers",
}
LOCKS = """
    SELECT relname, mode FROM pg_locks JOIN pg_class c ON c.oid = relation
    WHERE pid = pg_backend_pid() AND granted AND relkind = 'r' AND c.oid >= 16384
"""


@contextmanager
def another_session(url, *statements, seconds=None):
    """Another session that has run `statements` and leaves its transaction open, as somebody does who went for lunch.

    It is rolled back after `seconds`, or with the block if that ends before. Yields a list that then holds the
    moment of it (time.monotonic). A statement that fails is raised here. SQLite begins a transaction only where
    `statements` say BEGIN.
    """
    ended = []

    def hold(began, end):
        with engine(url).connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            began.set()
            end.wait(seconds)
            ended.append(time.monotonic())

    with beside(hold):
        yield ended


class Waits:
    """What a session met that ran one statement again and again: `seconds` of each run, and the `failures`.

    A failure is the first line of what the database said; its run counts in `seconds` too.
    """

    def __init__(self):
        self.seconds, self.failures = [], []

    @property
    def longest(self):
        """Seconds of the run that took longest."""
        return max(self.seconds)


@contextmanager
def repeating(url, statement, pause=PAUSE):
    """Another session that runs `statement` again and again for the block, each time in a transaction of its own.

    `:turn` in the statement is 1, 2, 3 and so on; `pause` are the seconds between two runs. Yields its Waits. The
    first run has ended when the block begins, the last one ends with the block.
    """
    waits = Waits()

    def work(began, end):
        with engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            while not end.is_set():
                run(connection)
                began.set()
                time.sleep(pause)

    def run(connection):
        start = time.perf_counter()
        try:
            connection.execute(text(statement), {"turn": len(waits.seconds) + 1})
        except DBAPIError as error:
            waits.failures.append(str(error.orig).partition("\n")[0])
        waits.seconds.append(time.perf_counter() - start)

    with beside(work):
        yield waits


@contextmanager
def beside(work):
    """Call `work` in a thread, with two events between which the block runs; an error of it is raised here."""
    began, end = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(work, began, end)
        running.add_done_callback(lambda _: began.set())
        began.wait()
        try:
            if running.done():
                running.result()
            yield
        finally:
            end.set()
    running.result()


def locks_of(url, *statements):
    """Show which tables each of `statements` locks on PostgreSQL, and who has to wait behind it.

    They run one after the other in one transaction, which is rolled back: nothing changes. Of each table only the
    strongest lock is shown, and only where it is stronger than what the statements before it hold already.
    """
    held, found = {}, []
    with engine(url).connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
            now = strongest_locks(connection)
            new = sorted(now.items() - held.items())
            found += [(statement, table, mode, WAIT_BEHIND[mode]) for table, mode in new]
            held = now
    return Rows(["statement", "table", "lock", "who waits"], found)


def strongest_locks(connection):
    """{table: the strongest lock that this connection has on it}, without PostgreSQL's own tables."""
    order = list(WAIT_BEHIND)
    # The last of a table's locks is the one that stays in the dictionary.
    return dict(sorted(map(tuple, connection.exec_driver_sql(LOCKS)), key=lambda lock: order.index(lock[1])))


def engine(url, **options):
    return create_engine(url, poolclass=NullPool, **options)
