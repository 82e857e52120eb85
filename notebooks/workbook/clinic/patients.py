"""A case is a way to break a project; a patient is a scratch copy that was broken that way."""
import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass

from workbook import commands
from workbook.checks import register
from workbook.clinic import cases
from workbook.clinic.examination import findings
from workbook.workspace import Project, Workspace, succeeded

CASES = {}  # {name: Case}, in the order of the modules in cases/ and of the cases in them


@dataclass(frozen=True)
class Case:
    """A way to break a project.

    `breaks(work)` does it, by commands, edits and SQL, always the same way. `story` is
    what the owner tells. `shows` is the command that shows the symptom, such as
    ("db", "upgrade"); with none, the symptom is in the story or in what
    `breaks` returns. `repaired(work)`, if there is one, returns the first thing
    that is missing beside what holds for all cases, or None.

    `hints` are steps, from a nudge to nearly the answer, `solution` is code of a notebook
    that repairs it, `rule` is what to remember. `lost` are the columns ("users.name") or
    tables whose values cannot or need not come back, `not_ours` tables that belong to another
    program: no script makes them, and they have to stay. `lesson` is the notebook
    where it stands, None if it is dealt on call only; `walked` says that its repair is
    shown there, and is no exercise.
    """

    name: str
    title: str
    story: str
    breaks: Callable
    solution: str
    hints: tuple
    rule: str
    shows: tuple = ()
    repaired: Callable | None = None
    lost: frozenset = frozenset()
    not_ours: frozenset = frozenset()
    lesson: str | None = None
    walked: bool = False
    stage: str = "05_merge_conflict"
    rows: int = 6
    databases: tuple = ("sqlite", "postgresql")

    def __post_init__(self):
        CASES[self.name] = self
        register(self.name, self.missing, notebook=None if self.walked else self.lesson)

    def missing(self, work):
        """What keeps `work` from being repaired, in a sentence that helps; None if nothing does."""
        found = next(findings(work, self.lost, self.not_ours), None)
        return found or (self.repaired(work) if self.repaired else None)


class Patient(Workspace):
    """A scratch copy that was broken as `case` says, with rows in it.

    `worth` are the rows to be saved, as `rows_of` returns them: those that were
    there before, unless the case puts others there.
    """

    def __init__(self, case, database="sqlite"):
        super().__init__(case.stage, rows=case.rows, database=database, name=f"clinic_{case.name}")
        self.case, self.worth = case, self.all_rows()
        self.use()
        self.told = case.breaks(self) or ""
        self.use()
        if case.shows:
            self.told += f"\n{said(self, *case.shows)}"

    def __repr__(self):
        return f"{self.case.title}\n\n{self.case.story}\n{self.told}".rstrip()

    def another(self, name):
        """A second database of this project, such as that of another server; `.use()` lets `%flask` work there."""
        return Another(self, name)


class Another(Workspace):
    """A second database, empty at first, of a Patient's project: the files are the same ones."""

    def __init__(self, work, name):
        Project.__init__(self, work.folder, work.database)  # and no copy of the stage
        self.stage, self.name = work.stage, name
        if self.database == "sqlite":
            self.file.parent.mkdir(exist_ok=True)
            self.file.unlink(missing_ok=True)
            self.variables = {"DATABASE_URL": f"sqlite:///{self.file.as_posix()}"}

    @property
    def file(self):
        return self.folder / "instance" / f"{self.name}.db"

    def __repr__(self):
        return f"The database {self.name} of the same project, on {self.database}."


def said(project, *command):
    """`flask <command>` and what it says, as `told` has it."""
    ended = project.flask(*command)
    return f"$ flask {' '.join(command)}\n{symptom(ended.output)}(exit code {ended.code})"


def symptom(output):
    """What a command printed; of a traceback, only the line that names the error."""
    before, traceback, after = output.partition("Traceback (most recent call last):\n")
    if not traceback:
        return output
    named = [line for line in after.splitlines() if re.match(r"[\w.]+(Error|Exception|Exit|Violation\w*): ", line)]
    return f"{before}[…]\n{named[-1]}\n"


def case(name, database="sqlite"):
    """A new patient with the case `name`; ValueError if there is none of that name, or not on that database."""
    if name not in CASES:
        raise ValueError(f"There is no case {name!r}. The cases are {', '.join(CASES)}.")
    if database not in CASES[name].databases:
        raise ValueError(f"The case {name!r} is one of {' and '.join(CASES[name].databases)}, not of {database}.")
    return Patient(CASES[name], database)


def git(work, *arguments):
    """Run `git …` in the copy; CommandFailed if it fails."""
    return succeeded(arguments, commands.git(arguments, work.folder))


for module in pkgutil.iter_modules(cases.__path__, cases.__name__ + "."):
    importlib.import_module(module.name)
