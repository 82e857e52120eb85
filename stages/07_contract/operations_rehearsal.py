"""An upgrade tried out on a clone of the database. Nothing here needs editing."""
import logging
import time
from contextlib import contextmanager

import click
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app

from database import revisions
from errors import name, what_to_do
from operations_rows import changes, tables_of


def steps_to_rehearse(engine):
    """The revisions that the database lacks, in their order; ClickException if it cannot be upgraded at all."""
    script = ScriptDirectory.from_config(config())
    with engine.connect() as connection:
        found, expected, known = revisions(connection)
    if not known or len(expected) > 1:
        raise click.ClickException(f"The database is at {name(found)}. {what_to_do(expected, known)}")
    there = {each.revision for head in found for each in script.iterate_revisions(head, "base")}
    return [each for each in reversed(list(script.walk_revisions())) if each.revision not in there]


def rehearse_steps(clone, steps):
    """Take the steps on the clone, one by one, and print how long each took and what they changed."""
    with clone.connect() as connection:
        old = tables_of(connection)
    for step in steps:
        start = time.perf_counter()
        try:
            with used_by_migrations(clone):
                command.upgrade(config(), step.revision)
        except Exception as error:  # whatever a migration does wrong
            kind = "" if isinstance(error, CommandError) else f"{type(error).__name__}: "
            line = f"{kind}{error}".partition("\n")[0]
            end = "The clone is dropped, the database is as it was."
            raise click.ClickException(f"{step.revision} fails: {line.rstrip('.')}. {end}") from None
        click.echo(f"{step.revision} {step.doc}: {time.perf_counter() - start:.2f} s")
    with clone.connect() as connection:
        for line in changes(connection, old, tables_of(connection)):
            click.echo(line)


@contextmanager
def used_by_migrations(clone):
    """Within the block, `flask db upgrade` upgrades the clone, and does not repeat what is said here."""
    before, disabled = current_app.config.get("MIGRATION_DATABASE_URL"), logging.root.manager.disable
    current_app.config["MIGRATION_DATABASE_URL"] = clone.url.render_as_string(hide_password=False)
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(disabled)
        current_app.config["MIGRATION_DATABASE_URL"] = before


def config():
    return current_app.extensions["migrate"].migrate.get_config()
