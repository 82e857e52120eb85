"""A project of anybody, copied into a scratch folder: its own files and databases are never touched."""
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sqlalchemy import make_url

from workbook.verify.databases import KINDS
from workbook.verify.history import History
from workbook.verify.remote import CannotVerify, Failed, Remote, for_driver, interpreter_of

# What is large, what belongs to one machine, and what may hold somebody's rows.
LEFT_OUT = shutil.ignore_patterns(
    ".venv", "venv", "env", "node_modules", ".git", ".hg", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", "__pycache__", "*.pyc", "instance", "*.db", "*.sqlite", "*.sqlite3",
)  # fmt: skip
VARIABLE = re.compile(r"""["']([A-Z0-9_]*(?:DB|DATABASE|SQL|PG|POSTGRES)[A-Z0-9_]*(?:URL|URI|DSN))["']""")
NO_FLASK_MIGRATE = re.compile(r"No module named '(\w+)'")


class NoDriver(CannotVerify):
    """A kind of database that the project cannot use."""


class Opened(NamedTuple):
    """A project whose app is loaded."""

    remote: Remote
    history: History
    versions: dict  # {"Python": "3.13.1", "Alembic": …}
    binds: list  # names of further databases
    names_constraints: bool  # whether its metadata has a naming convention


@contextmanager
def copied(path):
    """A copy of the project in the folder `path`, for the block; CannotVerify if it is no project."""
    path = Path(path)
    if not path.is_dir():
        raise CannotVerify(f"There is no folder {path}")
    if not any(path.glob("*.py")) and not any(path.glob("*/env.py")) and not any(path.glob("*/*.py")):
        raise CannotVerify("There is no Python file in it: name the folder in which you run `flask db`")
    with TemporaryDirectory(prefix="verify", ignore_cleanup_errors=True) as scratch:
        # In a folder of its own name, as the app may be imported by that.
        copy = Path(scratch) / path.resolve().name
        shutil.copytree(path, copy, ignore=LEFT_OUT, symlinks=True, ignore_dangling_symlinks=True)
        (copy / "instance").mkdir()
        yield copy


class Opening:
    """How a project is opened: its interpreter, its app, and the variable that names its database."""

    def __init__(self, folder, python=None, app=None, variable="DATABASE_URL", directory=None):
        self.app, self.variable, self.directory = app, variable, directory
        self.python = interpreter_of(folder, python)

    @contextmanager
    def opened(self, copy, database):
        """Opened, the project in `copy` on a throw-away `database`, for the block; CannotVerify if that fails."""
        with Remote(self.python, copy) as remote:
            here = self.hello(remote)
            if database.name == "postgresql" and not here["postgresql"]:
                raise NoDriver("the project's interpreter has no driver for it: pip install psycopg2-binary")
            url, more = for_driver(database.url, here["postgresql"])
            variables = {self.variable: url, "SECRET_KEY": "only to verify"} | more
            names = [make_url(database.url).database]
            try:
                history, told = remote.load(self.app, self.variable, variables, names, self.directory)
            except CannotVerify as error:
                raise self.with_advice(str(error), copy) from error
            yield Opened(remote, history, here["versions"], told["binds"], told["named constraints"])

    def hello(self, remote):
        try:
            return remote.ask("hello")
        except Failed as error:
            if found := NO_FLASK_MIGRATE.search(str(error)):
                text = f"{self.python} has no module {found[1]}: name the project's own interpreter by --python"
                raise CannotVerify(text) from error
            raise CannotVerify(str(error)) from error

    def with_advice(self, text, copy):
        if "takes its database from elsewhere" in text or "opens another database" in text:
            names = variables_in(copy) - {self.variable}
            known = f" It speaks of {', '.join(sorted(names))}." if names else ""
            text += f".{known} Name the variable by --url-variable"
        if "Could not locate a Flask application" in text or "Failed to find Flask application" in text:
            text += " Name the app by --app, such as --app myapp:create_app"
        if "There is no folder" in text:
            text += ": name the one with env.py by --directory"
        return CannotVerify(text)


def variables_in(copy):
    """What sounds like a database's environment variable in the project's modules."""
    files = [*copy.glob("*.py"), *copy.glob("*/*.py"), *copy.glob("*/*/*.py")]
    return {name for file in files for name in VARIABLE.findall(file.read_text("utf-8", errors="replace"))}


@contextmanager
def throw_away(kind, folder, number=0):
    """A new database of that kind ("sqlite" or "postgresql"), for the block."""
    database = KINDS[kind](folder, number)
    try:
        yield database
    finally:
        database.drop()

