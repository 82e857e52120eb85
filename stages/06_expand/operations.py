"""`flask backup`, `flask restore` and `flask rehearse`. Nothing here needs editing.

They work at every revision, and connect as `flask db` does.
"""
import re
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from database import revisions
from errors import what_to_do
from operations_connect import KINDS, connect, first_line, my_turn, one_line_errors
from operations_files import publish, readable, taken, working_folder
from operations_rehearsal import rehearse_steps, steps_to_rehearse
from operations_rows import contents_of

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=FILE, required=False)
@with_appcontext
def backup(file):
    """Copy the database into FILE, while the app goes on.

    Without FILE: into the folder instance/backups, under a name that says when
    and at which revision. A file that is there is never overwritten.
    """
    with one_line_errors("Stopped: no backup was written."):
        engine, kind = connect()
        file = file or default_file(engine, kind)
        check_target(file)
        with working_folder(file, "partial-backup") as folder:
            kind.save(engine, folder / file.name)
            try:
                found = kind.contents(engine, folder / file.name)
            except ValueError as error:
                raise click.ClickException(f"The copy is damaged, maybe as the database is: {error}") from None
            publish(folder / file.name, file)
    click.echo(f"Backed up to {readable(file)}: {found}")


@click.command()
@click.argument("file", type=FILE)
@click.option("--yes", is_flag=True, help="Replace all that the database holds.")
@click.option("--wait", default=10, show_default=True, type=click.IntRange(min=0), help="Seconds to wait for others.")
@with_appcontext
def restore(file, yes, wait):
    """Make the database what it was when FILE was backed up.

    Tables, rows and revision: all of them or, if anything goes wrong, none.
    """
    with one_line_errors("Stopped: the database is whole, as it was or restored."):
        engine, kind = connect(new=True)
        found = checked(engine, kind, file)
        with engine.connect() as connection, my_turn(connection, wait):
            there = look(connection)
            connection.rollback()  # nothing may be locked by us now
            if there and not yes:
                click.echo(f"The database holds {there}")
                click.echo(f"The backup holds   {found}")
                raise click.ClickException("The database is not empty. To replace all that it holds, add --yes")
            kind.load(engine, file, wait)
            click.echo(f"Restored from {readable(file)}: {found}")
            now, expected, known = revisions(connection)
    if now != expected:
        click.echo(f"This code is for another revision. {what_to_do(expected, known)}")


@click.command()
@with_appcontext
def rehearse():
    """Upgrade a copy of the database, and say what that changed.

    The copy has all rows, so a migration that fails on them fails here first, and
    takes about as long as it will. The database itself is only read.
    """
    with one_line_errors("Stopped: the clone is dropped, the database is as it was."):
        engine, kind = connect()
        steps = steps_to_rehearse(engine)
        if not steps:
            click.echo("There is nothing to rehearse: the database is at the newest revision.")
            return
        with kind.clone(engine) as clone:
            rehearse_steps(clone, steps)
        click.echo("The upgrade works. The clone is dropped, the database is as it was.")


def look(connection):
    """What the database holds, as text; None if it has no tables."""
    try:
        found = contents_of(connection)
    except DBAPIError as error:
        return f"what cannot be read: {first_line(error)}"
    return str(found) if found.rows else None


def default_file(engine, kind):
    with engine.connect() as connection:
        found = "+".join(sorted(revisions(connection)[0])) or "empty"
    folder = Path(current_app.instance_path, "backups")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{found}{kind.SUFFIX}"
    return folder / re.sub(r"[^\w.+-]", "_", name)


def check_target(file):
    if file.is_dir():
        raise click.ClickException(f"{readable(file)} is a folder. Name a file in it.")
    if file.exists():
        raise taken(file)
    if not file.parent.is_dir():
        raise click.ClickException(f"There is no folder {readable(file.parent)}. Make it, or name another one.")


def checked(engine, kind, file):
    """What the backup `file` holds, if it is a whole one of this kind of database."""
    with file.open("rb") as opened:  # a folder or a file that may not be read is an error here
        start = opened.read(16)
    name = readable(file)
    if kind.NAME == "SQLite" and Path(engine.url.database).exists() and file.samefile(engine.url.database):
        raise click.ClickException(f"{name} is the database itself. Name a backup of it.")
    for each in KINDS.values():
        if start.startswith(each.FIRST_BYTES) and each is not kind:
            raise click.ClickException(f"{name} is a backup of {each.NAME}, and this database is {kind.NAME}.")
    if not start.startswith(kind.FIRST_BYTES):
        raise click.ClickException(f"{name} is {'no backup' if start else 'empty'}: nothing was restored.")
    try:
        return kind.contents(engine, file)
    except ValueError as error:
        raise click.ClickException(f"{name} is damaged, nothing was restored: {error}") from None
