"""Each migration at many rows: beside hand-written SQL, its growth, its memory, and how long a writer waits for it."""
import time
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from databases import FOLDER, copied, prepared
from kinds import run_alone
from sqlalchemy import Engine, Pool, event

from workbook import commands
from workbook.rows import changed_values, rows_of
from workbook.schema import schema_differences, schema_of
from workbook.sessions import repeating
from workbook.stages import downgrade, stage_app, upgrade

FEW = 100  # rows of the database that memory is compared with
CHECKED = 6_000  # rows of the database where both ways must end at the same: names of more than one group
NO_GROWTH = 0.02  # seconds; what takes less than that at many rows has not grown
ENOUGH = 60  # seconds; what has been measured for so long is not run once more


class Measured(NamedTuple):
    """Seconds of the migration and of hand-written SQL; seconds at a tenth of the rows; MiB; seconds or None."""

    ours: float
    by_hand: float
    tenth: float
    memory: float
    stall: float | None


def measured_steps(kind, steps, rows, runs):
    """Yield (step, Measured) for each of `steps`; those with the same start share one database."""
    for start in dict.fromkeys(step.start for step in steps):
        here = [step for step in steps if step.start == start]
        with prepared(kind, start, min(rows, CHECKED)) as few:
            for step in here:
                check(kind, step, few)
        with (
            prepared(kind, start, rows) as many,
            prepared(kind, start, rows // 10) as tenth,
            prepared(kind, start, FEW) as few,
        ):
            for step in here:
                ours, by_hand = side_by_side(kind, step, many, runs)
                small = median(once(kind, tenth, in_process, step) for _ in turns(runs))
                memory = once(kind, many, peak, step) - once(kind, few, peak, step)
                stall = max(once(kind, many, worst_stall, step) for _ in turns(runs)) if has_writers(kind) else None
                yield step, Measured(ours, by_hand, small, memory, stall)


def side_by_side(kind, step, url, runs):
    """(seconds of the migration, seconds of the hand-written SQL): medians of runs in turn, each on a fresh copy."""
    seconds = {in_process: [], by_hand: []}
    for turn in turns(runs):
        for way in list(seconds)[:: -1 if turn % 2 else 1]:  # each goes first as often
            seconds[way].append(once(kind, url, way, step))
    return [median(taken) for taken in seconds.values()]


def turns(runs):
    """Yield 0, 1, 2 and so on, `runs` of them, or fewer if ENOUGH seconds have passed."""
    end = time.monotonic() + ENOUGH
    for turn in range(runs):
        if turn and time.monotonic() > end:
            return
        yield turn


def once(kind, url, way, step):
    with copied(kind, url) as copy:
        return way(kind, step, copy)


def in_process(kind, step, url):
    """Seconds from the migration's first statement to the end of its COMMIT, through migrations/env.py."""
    with stage_app(FOLDER, url) as app, statements() as moments:
        move(app, step)
    return moments["last"] - moments["first"]


def move(app, step):
    (downgrade if step.down else upgrade)(app, step.target)


@contextmanager
def statements():
    """Note the moments of the first statement and of the last return of a connection, which follows COMMIT."""
    moments = {}

    def first(*arguments):
        moments.setdefault("first", time.perf_counter())

    def last(*arguments):
        moments["last"] = time.perf_counter()

    listeners = [(Engine, "before_cursor_execute", first), (Pool, "checkin", last)]
    for listener in listeners:
        event.listen(*listener)
    try:
        yield moments
    finally:
        for listener in listeners:
            event.remove(*listener)


def by_hand(kind, step, url):
    """Seconds that the hand-written SQL takes, in as many transactions."""
    with kind.connection(url) as connection:
        start = time.perf_counter()
        run_alone(connection, step.alone.get(kind.name, []))
        kind.run(connection, step.sql[kind.name])
        return time.perf_counter() - start


def check(kind, step, url):
    """RuntimeError unless the migration and the hand-written SQL end at the same schema and rows."""
    with copied(kind, url) as ours, copied(kind, url) as theirs:
        in_process(kind, step, ours)
        by_hand(kind, step, theirs)
        names = ("the migrated database", "the hand-written one")
        wrong = schema_differences(schema_of(ours), schema_of(theirs), names)
        changed = changed_values(rows_of(ours), rows_of(theirs))
    # A time that the database has just put in is another one each time.
    wrong += [line for line in changed if step.name != "0002 up" or ": created_at was" not in line]
    if wrong:
        raise RuntimeError(f"{kind.name} {step.name}: correct hand_written.py: {'; '.join(wrong[:5])}")


def peak(kind, step, url):
    """MiB that `flask db` takes at most, as a command of its own."""
    command = ["flask", "db", "downgrade" if step.down else "upgrade", step.target]
    ended, cost = commands.measure(command, FOLDER, {"DATABASE_URL": url})
    if ended.code:
        raise RuntimeError(f"{kind.name} {step.name} failed as a command: {ended.output}")
    return cost.memory


def has_writers(kind):
    return kind.name == "postgresql"  # SQLite lets one write at a time: all others wait for the whole migration


def worst_stall(kind, step, url):
    """Seconds that the slowest of many small writes took while the migration ran."""
    one_row = f"UPDATE {{}} SET id = id WHERE id = 1 + :turn % {FEW}"
    users, models = (repeating(url, one_row.format(table)) for table in ("users", "model_metadata"))
    with users as of_users, models as of_models, stage_app(FOLDER, url) as app:
        move(app, step)
    return max(of_users.longest, of_models.longest)
