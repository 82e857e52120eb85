"""How `flask seed` fills a table. Nothing here needs editing; the rows are in sample_data.py."""
from contextlib import contextmanager
from itertools import count, islice

import click
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from database import revisions
from models import db

CHUNK = 1000


@contextmanager
def ready_database():
    """End the command in one line if the tables are not what this code expects, or cannot be written."""
    try:
        found, expected, _ = revisions(db.session.connection())
        if found != expected:
            raise click.ClickException("The database is not at this code's revision. Run this first: flask db upgrade")
        yield
    except IntegrityError:
        raise click.ClickException("Another program added rows at the same time. Run this command again.") from None
    except DBAPIError as error:
        raise click.ClickException(f"The database cannot be used: {str(error.orig).splitlines()[0]}") from None


def top_up(model, rows, make_row, unique=None):
    """Insert `make_row(1)`, `make_row(2)`, … until `model`'s table has `rows` rows.

    Numbers that stand for rows already there are stepped over: by the column
    `unique`, or, if a table has none, by how many rows there are.
    """
    table = model.__tablename__
    have = db.session.scalar(select(func.count()).select_from(model))
    numbers = count(1 if unique is not None else have + 1)
    added = 0
    while (done := have + added) < rows:
        new = [make_row(number) for number in islice(numbers, min(CHUNK, rows - done))]
        if unique is not None:
            taken = set(db.session.scalars(select(unique).where(unique.in_([row[unique.key] for row in new]))))
            new = [row for row in new if row[unique.key] not in taken]
        if new:
            db.session.execute(insert(model), new)
            added += len(new)
        if rows > 10_000 and (have + added) // 10_000 > done // 10_000:
            click.echo(f"{table}: {have + added:,} of {rows:,}")
    db.session.commit()
    click.echo(f"{table}: {added} added, {have + added} in all")
