"""Do harm to a migration at a chosen statement, and look at what is left.

A point is a moment before a statement that writes, or before a COMMIT. The
points of a command are counted from 0.
"""
import multiprocessing
import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import Pool

from workbook import postgres, stages
from workbook.rows import add_rows
from workbook.verify.driver import KILLED, Points, die
from workbook.verify.history import history_of
from workbook.verify.kills import look
from workbook.verify.walk import Picture

# A "forkserver" imports the libraries once for all processes; where there is none (Windows), each does for itself.
PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
LIBRARIES = [
    "flask_bootstrap", "flask_migrate.cli", "flask_sqlalchemy.cli", "flask_wtf", "jinja2.ext", "psycopg",
    "sqlalchemy.dialects.sqlite", "workbook.postgres", "workbook.rows", "workbook.schema", "workbook.stages",
]  # fmt: skip
if hasattr(os, "fork"):
    PROCESSES.set_forkserver_preload(LIBRARIES)


class Step(NamedTuple):
    """One migration, in one direction, on a database with rows."""

    command: str
    target: str
    start: str  # the URL of a database to copy
    before: Picture
    after: Picture
    points: int
    between: Sequence = ()  # what else may be left by a kill: pictures of what the migration itself commits on its way


@contextmanager
def at_statement(text, act):
    """Within the block, call `act()` once: before the first statement of this process that has `text` in it."""
    waiting = [act]

    def statement(connection, cursor, statement, *rest):
        if text in statement and waiting:
            waiting.pop()()

    event.listen(Engine, "before_cursor_execute", statement)
    try:
        yield
        assert not waiting, f"No statement had {text} in it, so this proves nothing."
    finally:
        event.remove(Engine, "before_cursor_execute", statement)


@contextmanager
def room_for(pages):
    """Within the block, no SQLite database that is opened here can grow beyond so many pages: its disk is full."""

    def limit(connection, record):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Pool, "connect", limit)
    try:
        yield
    finally:
        event.remove(Pool, "connect", limit)


def every_step(folder, url):
    """Each revision of the project in `folder`, up and down, with rows in all tables; `url` is empty first."""
    script = stages.script_directory(folder)
    with stages.stage_app(folder, url) as app:
        for revision in reversed(list(script.walk_revisions())):
            add_rows(url)
            yield taken(app, url, "upgrade", revision.revision)
            for _ in range(3 if is_resumable(revision) else 1):  # several batches
                add_rows(url)
            yield taken(app, url, "downgrade", history_of(script).way_back(revision.revision))
            stages.upgrade(app, revision.revision)


def taken(app, url, command, target):
    """The step `command target`, taken on the database `url` itself."""
    start, before, between = copy_database(url), look(url), []
    script = ScriptDirectory.from_config(stages.migration_config(app))
    resumable = is_resumable(script.get_revision(target.partition("@")[0]))
    with ThreadPoolExecutor(1) as others:  # a second connection has to be in another thread: see safety.py

        def see(number):
            if resumable and (seen := others.submit(look_beside, url).result()) not in (before, *between, None):
                between.append(seen)

        with Points(see) as points:
            getattr(stages, command)(app, target)
    return Step(command, target, start, before, look(url), points.count, between)


def is_resumable(revision):
    return getattr(revision.module, "resumable", False)


def not_survived(folder, kills):
    """One line for each (step, point) in `kills` that went wrong; [] is what everybody hopes for.

    Survived means: the process is dead, the database is exactly what it was
    before the step or after it (or between two commits of its own), and the same
    command, run again, ends where it should.
    """
    return [line for step, point in kills if (line := killed(folder, step, point))]


def exit_code(function, *arguments):
    """How a new process ended that called `function(*arguments)`."""
    process = PROCESSES.Process(target=function, args=arguments)
    process.start()
    return code_of(process)


def code_of(process):
    """Wait for `process`, a minute at most; returns its exit code."""
    process.join(60)
    if process.exitcode is None:
        process.kill()
        process.join()
        return "nothing for a minute"
    return process.exitcode


def killed_migration(folder, url, command, target, point):
    with stages.stage_app(folder, url) as app, Points(lambda number: die() if number == point else None):
        getattr(stages, command)(app, target)


def slow_upgrade(folder, url, seconds):
    """`flask db upgrade` that rests for `seconds` at each point, so that others surely meet its locks."""
    with stages.stage_app(folder, url) as app, Points(lambda number: time.sleep(seconds)):
        stages.upgrade(app)


def upgrade_at_once(folder, url, barrier, done):
    """`flask db upgrade` when all that share `barrier` are ready; puts the revisions it applied into the queue `done`.

    A process of this kind costs a tenth of a `flask` command.
    """
    with stages.stage_app(folder, url) as app:
        applied = []
        hook = lambda step, **rest: applied.append(step.up_revision_id)
        app.extensions["migrate"].configure_args["on_version_apply"] = hook
        barrier.wait(60)
        with redirect_stdout(None):
            stages.upgrade(app)
        done.put(applied)


def many_at_once(folder, url, count):
    """Upgrade the database `url` in `count` processes at once; returns ([exit code], [[revision it applied]])."""
    barrier, done = PROCESSES.Barrier(count), PROCESSES.SimpleQueue()
    processes = [PROCESSES.Process(target=upgrade_at_once, args=(folder, url, barrier, done)) for _ in range(count)]
    for process in processes:
        process.start()
    codes = [code_of(process) for process in processes]
    return codes, [done.get() for code in codes if code == 0]


def killed(folder, step, point):
    """What went wrong, in one line; None if nothing did."""
    url = copy_database(step.start)
    here = f"{step.command} {step.target} killed at point {point} of {step.points}"
    try:
        if (code := exit_code(killed_migration, folder, url, step.command, step.target, point)) != KILLED:
            return f"{here}: it was not killed, it ended with {code}"
        left = look(url)
        if left not in (step.before, *step.between, step.after):
            return f"{here}: what is left is neither the old revision nor the new one"
        with stages.stage_app(folder, url) as app:
            if left != step.after:
                getattr(stages, step.command)(app, step.target)
        return None if look(url) == step.after else f"{here}: the next run ends with other tables or rows"
    except Exception as error:  # whatever it is, the next run did not work
        return f"{here}: the next run fails: {type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        drop_database(url)


def look_beside(url):
    """As `look`, beside a migration; None if that locks a table: it has committed nothing since the last look then."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.update_query_dict({"options": f"{address.query.get('options', '')} -c lock_timeout=20"})
    try:
        return look(address.render_as_string(hide_password=False))
    except OperationalError:
        return None


def sample(kills, size):
    """About `size` of the list `kills`, evenly spread, the first and the last among them; all if `size` is None."""
    if size is None or len(kills) <= size:
        return kills
    return [kills[round(number * (len(kills) - 1) / (size - 1))] for number in range(size)]


def copy_database(url):
    """The URL of a new database with the content of `url`."""
    if make_url(url).get_backend_name() == "postgresql":
        return postgres.create_database(template=make_url(url).database)
    path = Path(make_url(url).database)
    copy = path.with_name(f"{path.stem}-{os.urandom(6).hex()}.db")
    shutil.copy(path, copy) if path.exists() else copy.touch()
    return f"sqlite:///{copy.as_posix()}"


def drop_database(url):
    if make_url(url).get_backend_name() == "postgresql":
        postgres.drop_database(url)
    else:
        Path(make_url(url).database).unlink()

