"""A project of anybody, in its own interpreter, on a database that it was given: what driver.py does there."""
import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import make_url

from workbook.commands import clean_environment
from workbook.verify.history import History, Revision

INTERPRETERS = ("bin/python", "Scripts/python.exe")
DRIVER = Path(__file__).with_name("driver.py")


class CannotVerify(Exception):
    """Why there is nothing to verify, or no way to do it: one line that says what to do."""


class Failed(CommandError):
    """What went wrong in the project, in one line. `where` is the place in its files; empty if it is nowhere there."""

    def __init__(self, says, where="", kind=""):
        super().__init__(where + says)
        self.says, self.where, self.kind = says, where, kind


class Remote:
    """A process of the project's interpreter. Its methods are those of driver.Loaded; Failed is what they raise."""

    def __init__(self, python, folder, seconds=600):
        self.python, self.folder, self.seconds = str(python), Path(folder), seconds
        try:
            self.process = subprocess.Popen(
                [self.python, str(DRIVER)], cwd=folder, env=clean_environment(), encoding="utf-8",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise CannotVerify(f"{python} cannot be started: {error.strerror}") from error
        self.said = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            del self.said[:-200]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with suppress(OSError):  # it may have ended before it has read all
                pipe.close()

    def ask(self, do, **arguments):
        """What the driver gives; Failed if it says that something went wrong, or has ended."""
        self.send(do, **arguments)
        return self.receive()

    def send(self, do, **arguments):
        with suppress(OSError):  # it has ended: `receive` says so
            self.process.stdin.write(json.dumps({"do": do} | arguments) + "\n")
            self.process.stdin.flush()

    def receive(self):
        watch = threading.Timer(self.seconds, self.process.kill)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if not line:
            self.process.wait()
            self.reader.join(5)
            last = next((text for text in reversed(self.said) if text.strip()), "without a word")
            raise Failed(f"the project's process ended ({self.process.returncode}): {last}", kind="ended")
        given = json.loads(line)
        if "says" in given:
            raise Failed(given["says"], given["where"], given["kind"])
        return given["gives"]

    def load(self, app, variable, variables, names, directory=None):
        """Load the app; returns its History, and what the driver tells of it. CannotVerify if it fails.

        `variables` are set before; the app may open databases only that have one of `names` in their place, and it
        has to take that from the `variable`.
        """
        try:
            found = self.ask("load", app=app, variable=variable, variables=variables, names=names, directory=directory)
            revisions = [Revision(id, tuple(up), tuple(needs), *rest) for id, up, needs, *rest in found["revisions"]]
            return History(revisions), found
        except (Failed, ValueError) as error:
            raise CannotVerify(str(error)) from error

    def upgrade(self, revision="head"):
        self.ask("upgrade", revision=revision)

    def downgrade(self, revision):
        self.ask("downgrade", revision=revision)

    def stamp(self, revision):
        self.ask("stamp", revision=revision)

    def sql(self, revisions):
        return self.ask("sql", revisions=revisions)

    def differences(self):
        return self.ask("differences")


def interpreter_of(folder, named=None):
    """The interpreter that a project runs in: the one that was named, else its .venv or venv, else this one."""
    if named:
        return Path(named)
    found = (Path(folder, name, place) for name in (".venv", "venv", "env") for place in INTERPRETERS)
    return next((path for path in found if path.exists()), Path(sys.executable))


def for_driver(url, driver):
    """(`url` as the project's interpreter can use it with its `driver` for PostgreSQL, further variables for that).

    No % is in it, as of a socket's path: many an env.py hands a URL to ConfigParser as it is.
    """
    url = make_url(url)
    if url.get_backend_name() != "postgresql":
        return url.render_as_string(False), {}
    socket, options = url.query.get("host"), url.query.get("options")
    variables = {"PGOPTIONS": options} if options else {}
    if socket:
        variables |= {"PGHOST": socket} | ({"PGPORT": str(url.port)} if url.port else {})
    return url.set(drivername=driver, query={}).render_as_string(False), variables
