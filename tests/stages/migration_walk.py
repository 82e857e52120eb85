"""Walks through the history of a stage with rows in the tables, and says in plain lines what went wrong."""
from functools import partial
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.util import CommandError, to_tuple
from sqlalchemy import inspect

from workbook.made_up import add_rows
from workbook.rows import RENAMED, changed_values, rows_in, rows_of
from workbook.schema import engine_of, schema_differences, schema_in
from workbook.stages import downgrade, upgrade

lost_values = partial(changed_values, renamed=RENAMED)
BEFORE_AND_AFTER = ("the schema before the upgrade", "the schema after the downgrade")


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


def parents(script, revision):
    """The ids that `revision` needs to be there first."""
    needed = script.get_revisions(revision.dependencies) if revision.dependencies else ()
    return {*to_tuple(revision.down_revision, default=()), *(other.revision for other in needed)}


def next_revisions(script, applied):
    """The revisions that Alembic can apply when those in `applied` are there."""
    return [
        revision
        for revision in script.walk_revisions()
        if revision.revision not in applied and parents(script, revision) <= applied
    ]


def heads(script, applied):
    """What the table alembic_version holds when the revisions in `applied` are there."""
    return applied - {parent for name in applied for parent in parents(script, script.get_revision(name))}


def on_every_way(script):
    """The ids of the revisions that lie on no branch: each other one comes before or after them."""
    before = {
        revision.revision: {other.revision for other in script.iterate_revisions(revision.revision, "base")}
        for revision in script.walk_revisions()
    }
    return {name for name in before if all(name in before[other] or other in before[name] for other in before)}


def way_back(revision):
    """The target of `flask db downgrade` that takes back `revision` and leaves a sibling's branch alone."""
    return f"{revision.revision}@{to_tuple(revision.down_revision, default=('base',))[0]}"


def walk(app, url, script, known=()):
    """Take every step of the history from every state that it can be taken from; returns what went wrong.

    A state is a set of applied revisions: a history with two branches is walked
    in either order. The revisions in `known` are there at the start and at the
    end, and no step is taken below them: another walk has done that.
    """
    problems, seen = [], set()

    def visit(applied):
        seen.add(applied)
        for revision in next_revisions(script, applied):
            here = f"{revision.revision} after {' and '.join(sorted(heads(script, applied))) or 'nothing'}"
            further = applied | {revision.revision}
            try:
                problems.extend(f"{here}: {line}" for line in round_trips(app, url, script, applied, revision))
            except CommandError as error:
                raise CommandError(f"{here}: {error}") from error
            if further not in seen:
                visit(further)
            downgrade(app, way_back(revision))

    try:
        for head in sorted(heads(script, set(known))):
            upgrade(app, head)
        visit(frozenset(known))
    except CommandError as error:  # the database is at no known place now
        problems.append(str(error))
    return problems


def round_trips(app, url, script, applied, revision):
    """Up, down and up again, then the same with rows that were made at the new revision; yields what went wrong."""
    up, down = revision.revision, way_back(revision)
    add_rows(url)
    before = picture(url)
    upgrade(app, up)
    first = picture(url)
    yield from labelled("up", lost_values(before.rows, first.rows))
    yield from wrong_heads(first, heads(script, applied | {up}))
    downgrade(app, down)
    back = picture(url)
    yield from labelled("up and down", lost_values(before.rows, back.rows))
    yield from labelled("up and down", schema_differences(before.schema, back.schema, BEFORE_AND_AFTER))
    yield from wrong_heads(back, heads(script, applied))
    upgrade(app, up)
    again = picture(url)
    yield from labelled("up again", lost_values(before.rows, again.rows))
    yield from labelled("up again", schema_differences(first.schema, again.schema, ("the first time", "the second")))
    add_rows(url)
    filled = rows_of(url)
    downgrade(app, down)
    emptied = picture(url)
    yield from labelled("down", lost_values(filled, emptied.rows))
    yield from labelled("down", schema_differences(before.schema, emptied.schema, BEFORE_AND_AFTER))
    upgrade(app, up)
    yield from labelled("down and up", lost_values(emptied.rows, rows_of(url)))


def labelled(way, lines):
    return [f"{way}: {line}" for line in lines]


def wrong_heads(found, expected):
    if found.heads != expected:
        yield f"alembic_version holds {sorted(found.heads)}, not {sorted(expected)}"
