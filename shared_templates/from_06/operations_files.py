"""Files that appear whole or not at all. Nothing here needs editing."""
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import click
from alembic.util import CommandError, load_python_file
from flask import current_app

STEP = 100_000_000  # bytes; below that nothing is said while a copy is made


def safety():
    """migrations/safety.py, a copy of our own: `flask db` reads another one."""
    return load_python_file(current_app.extensions["migrate"].directory, "safety.py")


@contextmanager
def working_folder(place, kind):
    """A folder beside `place` for what is not whole yet, named NAME.….kind; it is gone after the block.

    A process that is killed leaves its folder behind; the next one removes it. It
    knows by a lock that nobody uses it any more: that ends with its process.
    """
    for left in place.parent.glob(f"*.{kind}"):
        with suppress(CommandError, sqlite3.Error):  # not ours to remove
            remove_unused(left)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{place.name}.", suffix=f".{kind}", dir=place.parent))
    except OSError as error:
        raise click.ClickException(f"Nothing can be written in {readable(place.parent)}: {error.strerror}") from None
    try:
        with closing(safety().open_lock(folder / "lock")) as lock:
            safety().lock_file(lock)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_unused(folder):
    with closing(safety().open_lock(folder / "lock")) as lock:
        unused = safety().lock_file(lock)
    if unused:
        shutil.rmtree(folder, ignore_errors=True)
        click.echo(f"Removed {readable(folder)}: what a command left that was killed.", err=True)


def publish(file, target):
    """Give the finished `file` its name. Never over another file, also if that was made just now."""
    file.chmod(0o600)  # all rows are in it
    try:
        if os.name == "posix":
            os.link(file, target)  # unlike a rename, it fails if the name is taken
        else:
            os.rename(file, target)  # fails on Windows if the name is taken
    except FileExistsError:
        raise taken(target) from None
    except OSError:  # a file system without links
        if target.exists():
            raise taken(target) from None
        os.rename(file, target)
    if os.name == "posix":  # the name itself is on the disk only when the folder is
        folder = os.open(target.parent, os.O_RDONLY)
        with suppress(OSError):  # not every file system can
            os.fsync(folder)
        os.close(folder)


def taken(target):
    return click.ClickException(f"{readable(target)} is already there, and is not overwritten. Name another file.")


def readable(path):
    """The path as a person would type it here."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def progress(what):
    """A function that is told how many bytes are done, and says so now and then."""
    said = 0

    def tell(done):
        nonlocal said
        if done // STEP > said:
            said = done // STEP
            click.echo(f"{done / 1_000_000:,.0f} MB {what}", err=True)

    return tell
