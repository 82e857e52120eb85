"""Walks through a history with rows in the tables, and says in plain lines what went wrong.

A `project` is anything that has `upgrade(revision)` and `downgrade(revision)`,
which raise Alembic's CommandError: driver.Loaded in this process, a Remote in
its own interpreter, or real commands.
"""
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import inspect

from workbook.made_up import add_rows
from workbook.rows import RENAMED, changed_values, rows_in
from workbook.schema import engine_of, schema_differences, schema_in

lost_values = partial(changed_values, renamed=RENAMED)
way_down = partial(schema_differences, names=("the schema before the upgrade", "the schema after the downgrade"))
second_time = partial(schema_differences, names=("the first upgrade", "the second upgrade"))


class Picture(NamedTuple):
    """A database at one moment."""

    schema: dict
    rows: dict
    heads: set


def picture(url):
    with engine_of(url).connect() as connection:
        heads = set(MigrationContext.configure(connection).get_current_heads())
        inspector = inspect(connection)
        return Picture(schema_in(inspector), rows_in(connection, inspector), heads)


@dataclass
class Trip:
    """Pictures on the way up, down and up again, and then down and up with rows that were made at the new revision.

    What was not reached is None, and so are `back` and `again` in a short trip, which makes the rows at once.
    """

    before: Picture | None = None
    first: Picture | None = None
    back: Picture | None = None
    again: Picture | None = None
    filled: Picture | None = None
    emptied: Picture | None = None
    last: Picture | None = None

    def take(self, project, url, up, down, fill=add_rows, short=False):
        """From the database as it is to `up`, back to `down`, and so on; rows are put in by `fill(url)`."""
        self.before = picture(url)
        project.upgrade(up)
        self.first = picture(url)
        if not short:
            project.downgrade(down)
            self.back = picture(url)
            project.upgrade(up)
            self.again = picture(url)
        fill(url)
        self.filled = picture(url)
        project.downgrade(down)
        self.emptied = picture(url)
        project.upgrade(up)
        self.last = picture(url)

    def problems(self, lost=lost_values):
        """Yield what went wrong as far as it was taken; `lost` compares rows, as changed_values does."""
        up_again = self.again or self.last
        yield from compared("up", lost, self.before, self.first, "rows")
        yield from compared("up and down", lost, self.before, self.back, "rows")
        yield from compared("up and down", way_down, self.before, self.back, "schema")
        yield from compared("up again", lost, self.before, self.again, "rows")
        yield from compared("up again", second_time, self.first, up_again, "schema")
        yield from compared("down", lost, self.filled, self.emptied, "rows")
        yield from compared("down", way_down, self.before, self.emptied, "schema")
        yield from compared("down and up", lost, self.emptied, self.last, "rows")


def compared(way, differences, left, right, part):
    """Yield the lines of `differences` between that part of two Pictures, if both were taken."""
    if left and right:
        yield from (f"{way}: {line}" for line in differences(getattr(left, part), getattr(right, part)))


def walk(project, url, history, known=()):
    """Take every step of the history from every state that it can be taken from; returns what went wrong.

    A state is a set of applied revisions: a history with two branches is walked
    in either order. The revisions in `known` are there at the start and at the
    end, and no step is taken below them: another walk has done that.
    """
    problems, seen = [], set()

    def visit(applied):
        seen.add(applied)
        for revision in history.next_ones(applied):
            here = f"{revision.id} after {' and '.join(sorted(history.tips(applied))) or 'nothing'}"
            further = applied | {revision.id}
            try:
                problems.extend(f"{here}: {line}" for line in round_trips(project, url, history, applied, revision))
            except CommandError as error:
                raise CommandError(f"{here}: {error}") from error
            if further not in seen:
                visit(further)
            project.downgrade(history.way_back(revision.id))

    try:
        for head in sorted(history.tips(known)):
            project.upgrade(head)
        visit(frozenset(known))
    except CommandError as error:  # the database is at no known place now
        problems.append(str(error))
    return problems


def round_trips(project, url, history, applied, revision):
    """Take the step `revision` from the state `applied`, with rows; yields what went wrong."""
    add_rows(url)
    trip, failure = Trip(), None
    try:
        trip.take(project, url, revision.id, history.way_back(revision.id))
    except CommandError as error:
        failure = error
    yield from trip.problems()
    yield from wrong_heads(trip.first, history.tips(applied | {revision.id}))
    yield from wrong_heads(trip.back, history.tips(applied))
    if failure:
        raise failure


def wrong_heads(found, expected):
    if found and found.heads != expected:
        yield f"alembic_version holds {sorted(found.heads)}, not {sorted(expected)}"
