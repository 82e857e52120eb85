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
# How many wait for a lock that this session has.
WAITS_FOR_THIS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
ONE_PROCESS = ["max_parallel_workers_per_gather", "max_parallel_maintenance_workers"]


@contextmanager
def another_session(url, *statements, seconds=None, waited=None):
    """Another session that has run `statements` and leaves its transaction open, as somebody does who went for lunch.

    It is rolled back after `seconds`, or with the block if that ends before. With `waited`, on PostgreSQL, the seconds
    begin when somebody waits for it, however long the others take to come that far. Yields a list that then holds
    the moment of the end (time.monotonic). A statement that fails is raised here. SQLite begins a transaction only
    where `statements` say BEGIN.
    """
    ended = []

    def hold(began, end):
        with engine(url).connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
            began.set()
            if waited is not None:
                while not (end.wait(0.02) or connection.exec_driver_sql(WAITS_FOR_THIS).scalar()):
                    pass
            end.wait(seconds if waited is None else waited)
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
    """Show which tables each of `statements` locks on PostgreSQL, who waits behind that, and how many rows it reads.

    They run one after the other in one transaction, which is rolled back: nothing changes. Of a table the strongest
    lock is shown, where a statement takes it and where a later one reads all rows while it is held.
    """
    held, found = {}, []
    with engine(url).connect() as connection:
        for setting in ONE_PROCESS:  # else other processes read a part of the rows, and count them later
            connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
        read = rows_read(connection)
        for statement in statements:
            connection.execute(text(statement))
            locks, before, read = strongest_locks(connection), read, rows_read(connection)
            for table, lock in sorted(locks.items()):
                rows = read[table] - before.get(table, 0)
                if rows or lock != held.get(table):
                    found.append((statement, table, lock, WAIT_BEHIND[lock], rows))
            held = locks
    return Rows(["statement", "table", "lock", "who waits", "rows read"], found)


def strongest_locks(connection):
    """{table: the strongest lock that this connection has on it}, without PostgreSQL's own tables."""
    order = list(WAIT_BEHIND)
    # The last of a table's locks is the one that stays in the dictionary.
    return dict(sorted(map(tuple, connection.exec_driver_sql(LOCKS)), key=lambda lock: order.index(lock[1])))


def rows_read(connection):
    """{table: rows that this transaction has read by going through the whole table}"""
    return dict(map(tuple, connection.exec_driver_sql("SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables")))


def engine(url, **options):
    return create_engine(url, poolclass=NullPool, **options)
