"""A project of anybody, copied into a scratch folder: its own files and databases are never touched."""
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from workbook.verify.databases import KINDS
from workbook.verify.remote import CannotVerify, Failed, Remote, for_driver, interpreter_of

# What is large, what belongs to one machine, and what may hold somebody's rows.
LEFT_OUT = shutil.ignore_patterns(
    ".venv", "venv", "env", "node_modules", ".git", ".hg", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", "__pycache__", "*.pyc", "instance", "*.db", "*.sqlite", "*.sqlite3",
)  # fmt: skip
READ = r"(?:environ(?:\.get)?|getenv|env(?:\.\w+)?)\s*[\[(]\s*"
VARIABLE = re.compile(READ + r"""["'](\w*(?:DB|DATABASE|SQL|DSN)\w*)["']""")
NO_FLASK_MIGRATE = re.compile(r"No module named '(\w+)'")


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

    def __init__(self, folder, python=None, app=None, variable="DATABASE_URL"):
        self.folder, self.app, self.variable = folder, app, variable
        self.python = interpreter_of(folder, python)

    def versions(self):
        """What the interpreter has: {"versions": {name: version}, "postgresql": its driver or None}."""
        with Remote(self.python, self.folder.parent) as remote:
            try:
                return remote.ask("hello")
            except Failed as error:
                if found := NO_FLASK_MIGRATE.search(str(error)):
                    raise CannotVerify(
                        f"{self.python} has no module {found[1]}: name the project's own interpreter by --python"
                    ) from error
                raise CannotVerify(str(error)) from error

    @contextmanager
    def remote(self, copy, database, driver):
        """(Remote, History, what load tells) of the project in `copy` on a throw-away `database`, for the block."""
        variables = {self.variable: for_driver(database.url, driver), "SECRET_KEY": "only to verify"}
        with Remote(self.python, copy, variables) as remote:
            try:
                history, told = remote.load(
                    app=self.app, names=[make_url(database.url).database], variable=self.variable
                )
            except CannotVerify as error:
                raise self.with_advice(error, copy) from error
            yield remote, history, told

    def with_advice(self, error, copy):
        text = str(error)
        if "takes its database from elsewhere" in text or "opens another database" in text:
            names = variables_in(copy) - {self.variable}
            known = f" It reads {', '.join(sorted(names))}." if names else ""
            return CannotVerify(f"{text}.{known} Name the variable by --url-variable")
        if "Could not locate a Flask application" in text or "Failed to find Flask application" in text:
            return CannotVerify(f"{text} Name the app by --app, such as --app myapp:create_app")
        return error


def variables_in(copy):
    """The environment variables that the project's modules read and that sound like a database."""
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

