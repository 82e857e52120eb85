"""How long those who write to users wait while 0009 fills a column of all rows, and while one UPDATE does.

A disk that is busy lets everybody wait, whoever has made it busy. What a
migration makes others wait for is seen where there is none: PostgreSQL's data
is in memory if the platform has a folder there, and there is room.
"""
import shutil
import time
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import psutil
from databases import FOLDER, copied, prepared
from hand_written import STEPS
from kinds import run_alone
from migrations import has_writers
from sqlalchemy import text

from workbook import commands, postgres
from workbook.sessions import PAUSE, beside, engine, repeating

STEP = next(step for step in STEPS if step.name == "0009 up")
ADD = "INSERT INTO users (name, display_name, email) VALUES ('New', 'New', 'new' || CAST(:turn AS VARCHAR(9)))"
CHANGE = "UPDATE users SET email = email WHERE id = 1 + :turn * 7919 % {rows}"
CHANGE_NEXT = "UPDATE users SET email = email WHERE id = :id"
NEXT = "SELECT id FROM users WHERE id > :last AND display_name IS NULL ORDER BY id LIMIT 1"
SELDOM = 0.1  # seconds between two writes on SQLite, and one session only: else they would wait for each other
IN_MEMORY = Path("/dev/shm")  # Linux has it
ROOM = 1_000  # bytes a user: a copy, what the migration writes, and the log of that
NOBODY = 5  # seconds that the writers are watched without a migration


def waits(kind, rows):
    """Yield (what runs meanwhile, its seconds, {which session: the seconds of each of its writes})."""
    ways = {"nothing": nothing, "0009": migration, "one UPDATE": one_update}
    with careful(kind, place(rows)), prepared(kind, STEP.start, rows, tables=["users"]) as url:
        for name, way in ways.items():
            with copied(kind, url) as copy:
                with kind.connection(copy) as connection:
                    kind.settle(connection)
                with writers(kind, copy, rows) as seconds:
                    start = time.perf_counter()
                    way(kind, copy)
                    taken = time.perf_counter() - start
            yield name, taken, seconds


def place(rows):
    """The folder in memory, if it can hold the server's data; else None."""
    if not IN_MEMORY.is_dir():
        return None
    free = min(shutil.disk_usage(IN_MEMORY).free, psutil.virtual_memory().available)
    return IN_MEMORY if free > rows * ROOM else None


def careful(kind, place):
    """A server that does not risk anything for speed; one that the environment names is taken as it is."""
    ours = kind.name == "postgresql" and postgres.is_the_packages(postgres.server_url())
    return postgres.careful_server(place) if ours else nullcontext()


def nothing(kind, url):
    time.sleep(NOBODY)


def migration(kind, url):
    """In a process of its own, so that it takes no time from the writers here."""
    ended = commands.run(["flask", "db", "upgrade", STEP.target], FOLDER, {"DATABASE_URL": url})
    if ended.code:
        raise RuntimeError(f"0009 fails while others write:\n{ended.output}")


def one_update(kind, url):
    with kind.connection(url) as connection:
        # In one transaction with ALTER, PostgreSQL would find a deadlock with whoever waits for a row.
        run_alone(connection, ["UPDATE users SET display_name = name WHERE display_name IS NULL"])
        kind.run(connection, STEP.sql[kind.name])


@contextmanager
def writers(kind, url, rows):
    """Sessions that write for the block. Yields a dictionary that then holds {what they do: the seconds of each}.

    Who adds rows never waits for a row, only for the disk and the processor: what the others wait longer is due to
    the migration's locks.
    """
    seconds, next_ones = {}, []
    with ExitStack() as stack:
        pause = PAUSE if has_writers(kind) else SELDOM
        sessions = {"any row": stack.enter_context(repeating(url, CHANGE.format(rows=rows), pause))}
        if has_writers(kind):
            sessions["new rows"] = stack.enter_context(repeating(url, ADD))
            stack.enter_context(beside(lambda began, end: change_next(url, next_ones, began, end)))
        yield seconds
    seconds |= {name: session.seconds for name, session in sessions.items()}
    if next_ones:
        seconds["next row"] = next_ones


def change_next(url, seconds, began, end):
    """Change again and again the first user who has no display_name yet: the one whom a migration has just locked."""
    last = 0
    with engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        began.set()
        while not end.is_set() and (found := connection.scalar(text(NEXT), {"last": last})):
            start = time.perf_counter()
            connection.execute(text(CHANGE_NEXT), {"id": found})
            seconds.append(time.perf_counter() - start)
            last = found - 1
            time.sleep(PAUSE)
