"""Walks through a history with rows in the tables, and says in plain lines what went wrong.

A `project` is anything that has `upgrade(revision)` and `downgrade(revision)`,
which raise Alembic's CommandError: driver.Loaded in this process, a Remote in
its own interpreter, or real commands.
"""
from functools import partial
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import inspect

from workbook.rows import RENAMED, add_rows, changed_values, rows_in
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


class Trip(NamedTuple):
    """Pictures on the way up, down and up again, and then down and up with rows that were made at the new revision."""

    before: Picture
    first: Picture
    back: Picture | None  # these two are None in a short trip, which makes the rows at once
    again: Picture | None
    filled: Picture
    emptied: Picture
    last: Picture

    def problems(self, lost=lost_values):
        """Yield what went wrong; `lost` compares rows, as changed_values does."""
        yield from labelled("up", lost(self.before.rows, self.first.rows))
        if self.back:
            yield from labelled("up and down", lost(self.before.rows, self.back.rows))
            yield from labelled("up and down", way_down(self.before.schema, self.back.schema))
            yield from labelled("up again", lost(self.before.rows, self.again.rows))
            yield from labelled("up again", second_time(self.first.schema, self.again.schema))
        yield from labelled("down", lost(self.filled.rows, self.emptied.rows))
        yield from labelled("down", way_down(self.before.schema, self.emptied.schema))
        yield from labelled("down and up", lost(self.emptied.rows, self.last.rows))
        if not self.back:
            yield from labelled("down and up", second_time(self.first.schema, self.last.schema))


def taken(project, url, up, down, fill=add_rows, short=False):
    """Take the Trip from the database as it is to `up`, back to `down`, and so on; rows are put in by `fill(url)`."""
    before = picture(url)
    project.upgrade(up)
    first, back, again = picture(url), None, None
    if not short:
        project.downgrade(down)
        back = picture(url)
        project.upgrade(up)
        again = picture(url)
    fill(url)
    filled = picture(url)
    project.downgrade(down)
    emptied = picture(url)
    project.upgrade(up)
    return Trip(before, first, back, again, filled, emptied, picture(url))


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
    trip = taken(project, url, revision.id, history.way_back(revision.id))
    yield from trip.problems()
    yield from wrong_heads(trip.first, history.tips(applied | {revision.id}))
    yield from wrong_heads(trip.back, history.tips(applied))


def labelled(way, lines):
    return [f"{way}: {line}" for line in lines]


def wrong_heads(found, expected):
    if found.heads != expected:
        yield f"alembic_version holds {sorted(found.heads)}, not {sorted(expected)}"
