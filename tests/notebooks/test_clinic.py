"""Each case of the clinic, really broken: the same each time, and well after a right repair only.

A notebook runs its cases on one database: there test_notebooks.py tries the
wrong repairs and the solution, and here is tried what is left.

`flask` runs in this process here, in a third of the time: all the cases, on
each database, are some 600 commands. As processes they run in the notebooks.
"""
import contextlib
import functools
import io
import logging
import re
import runpy
import shutil
import traceback
import warnings
from pathlib import Path

import flask.cli
import pytest
from IPython.core.interactiveshell import InteractiveShell
from sqlalchemy import event, make_url
from sqlalchemy.pool import Pool
from traitlets.config import Config

from workbook import clinic, commands, magics, notebook_files, postgres
from workbook.clinic import CASES
from workbook.clinic.patients import Patient
from workbook.notebook_files import code_cells, notebook_paths, sanitized
from workbook.runners import Finished
from workbook.stages import own_modules
from workbook.workspace import Workspace, projects

read = functools.cache(notebook_files.read)
ANSWERS = [runpy.run_path(str(path)) for path in sorted(Path(__file__).with_name("wrong_answers").glob("*.py"))]
# {case: [(a repair that a learner might well try, a part of what is said to it)]}, {case: [another right repair]}
WRONG, RIGHT = (
    {
        name.replace("-", "_"): found
        for each in ANSWERS
        if isinstance(each.get(kind), dict)
        for name, found in each[kind].items()
        if name.replace("-", "_") in CASES
    }
    for kind in ("WRONG", "RIGHT")
)
ON_EACH = [(name, database) for name, case in CASES.items() for database in case.databases]


def dealt_in(path):
    """{case: database} of the cases that stand in a notebook."""
    text = "\n".join(cell.source for cell in code_cells(read(path)))
    return {name: database or "sqlite" for name, database in re.findall(r'clinic\.case\("(\w+)"(?:, "(\w+)")?\)', text)}


def exercises_of(path):
    """The cases whose repair is an exercise of a notebook; test_notebooks.py tries it."""
    tags = [tag.partition(":") for cell in read(path).cells for tag in cell.metadata.get("tags", [])]
    return {name.replace("-", "_") for kind, _, name in tags if kind == "exercise"} & CASES.keys()


TRIED = {  # (case, database): its wrong repairs and its solution are tried in a notebook
    (name, database)
    for path in notebook_paths()
    for name, database in dealt_in(path).items()
    if name in exercises_of(path)
}


def flask_here(command, folder, environment):
    """As Runner.run does it, of `python -m flask …`."""
    said = io.StringIO()
    with contextlib.ExitStack() as block:
        patch = block.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("os.environ", dict(environment))
        patch.chdir(folder)
        block.enter_context(own_modules(Path(folder)))
        block.enter_context(connections_end())
        block.enter_context(fresh_logging())
        block.enter_context(warnings.catch_warnings(action="default"))
        block.enter_context(contextlib.redirect_stdout(said))
        block.enter_context(contextlib.redirect_stderr(said))
        return Finished(exit_code(command[3:]), said.getvalue())


@contextlib.contextmanager
def connections_end():
    """Close what was opened in the block, as the end of a process does."""
    opened = []

    def note(connection, record):
        opened.append(connection)

    event.listen(Pool, "connect", note)
    try:
        yield
    finally:
        event.remove(Pool, "connect", note)
        for connection in opened:
            connection.close()


def exit_code(arguments):
    try:
        flask.cli.cli.main(arguments, prog_name="flask")  # which has found the packages' commands before
    except SystemExit as ended:
        return ended.code or 0
    except Exception:
        traceback.print_exc()
        return 1


@contextlib.contextmanager
def fresh_logging():
    """No logger has a handler or a level, as in a new process; after the block all are as before."""
    loggers = [logging.root, *(each for each in logging.root.manager.loggerDict.values() if hasattr(each, "handlers"))]
    before = [(each, {name: vars(each)[name] for name in ("handlers", "disabled", "level")}) for each in loggers]
    for each in loggers:
        each.handlers, each.disabled, each.level = [], False, logging.NOTSET
    logging.root.setLevel(logging.WARNING)  # and no logger goes by what it has noted of the levels before
    yield
    for each, attributes in before:
        vars(each).update(attributes)
    logging.root.setLevel(logging.root.level)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    runner = commands.choose()
    run = runner.run

    def run_here(command, *rest):
        return (flask_here if command[1:3] == ["-m", "flask"] else run)(command, *rest)

    monkeypatch.setattr(runner, "run", run_here)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs the code of a cell with `work` in it, as a kernel does; it stops at the first error."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    for magic in (magics.flask, magics.git):
        shell.register_magic_function(magic, "line")

    def run(code, work):
        work.use()
        shell.user_ns |= {"work": work, "clinic": clinic}
        return shell.run_cell(code)

    return run


@pytest.fixture(scope="module", autouse=True)
def filled_once():
    """On PostgreSQL, too, a database with sample rows is made once and copied then; the run drops what is left."""
    fill, filled = Workspace.fill, {}

    def copy_or_fill(work, rows):
        key = work.stage, rows
        if work.database == "postgresql" and key in filled:
            replace_database(work, filled[key])
            return
        fill(work, rows)
        if work.database == "postgresql":
            filled[key] = copy_of(work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "fill", copy_or_fill)
        yield


def copy_of(project):
    return postgres.create_database(template=make_url(project.url).database)


def replace_database(project, template):
    postgres.drop_database(project.url)
    project.variables["DATABASE_URL"] = postgres.create_database(template=make_url(template).database)


def state(work):
    """All that is to be the same each time: what the patient shows, its files, its databases."""
    folders = sorted((work.folder / "migrations" / "versions").glob("*.py")) + sorted(work.folder.glob("*.py"))
    return {"shown": repr(work), "files": {path.name: sanitized(path.read_text("utf-8")) for path in folders}} | {
        f"database {number}": (each.revision(), each.tables(), sanitized(str(texts(each.all_rows()))))
        for number, each in enumerate(projects(work).values())
    }


def texts(rows):
    """`rows`, as `rows_of` returns them, with each value as text."""
    return {
        table: {key: {column: str(value) for column, value in row.items()} for key, row in found.items()}
        for table, found in rows.items()
    }


class Kept:
    """A patient's files and databases as they are now, to be put back before each try."""

    def __init__(self, work, folder):
        self.work, self.folder = work, folder
        shutil.copytree(work.folder, folder, symlinks=True)
        self.databases = [copy_of(each) for each in projects(work).values()] if work.database == "postgresql" else []

    def put_back(self):
        shutil.rmtree(self.work.folder)
        shutil.copytree(self.folder, self.work.folder)
        for project, database in zip(projects(self.work).values(), self.databases):
            replace_database(project, database)

    def drop(self):
        for database in [*self.databases, *(each.url for each in projects(self.work).values() if self.databases)]:
            postgres.drop_database(database)


def attempts(name, database):
    """[(code, a part of what is said to it, or None if it is right)] of what is not tried in a notebook."""
    solution = CASES[name].solution, None
    if (name, database) in TRIED:
        return [(code, None) for code in RIGHT[name]]
    if database == "postgresql":  # what is said is the same; that the case is repaired there as well is what counts
        return [WRONG[name][0], solution]
    return [*WRONG[name], solution, *((code, None) for code in RIGHT[name])]


@pytest.mark.parametrize(("name", "database"), ON_EACH, ids=[f"{name}-{database}" for name, database in ON_EACH])
def test_a_case_breaks_the_same_each_time_and_only_a_right_repair_is_taken(
    name, database, run, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path / "scratch"))
    case = CASES[name]
    first = Patient(case, database)
    before = state(first)
    if database == "postgresql":
        for each in projects(first).values():
            postgres.drop_database(each.url)
    work = Patient(case, database)
    again = state(work)
    for part, found in before.items():
        assert again[part] == found, f"{name} is broken in another way the second time: {part}"
    kept = Kept(work, tmp_path / "kept")
    assert case.missing(work), f"{name} is well before anybody has repaired it"
    for code, reason in attempts(name, database):
        kept.put_back()
        ended = run(code, work)
        said = case.missing(work)
        if reason:
            assert said and reason in sanitized(said), f"{name}: to this was said: {said}\n{code}"
        else:
            printed = capsys.readouterr().out
            assert ended.success and said is None, f"{name}: to this right repair was said: {said}\n{code}\n{printed}"
    kept.drop()


def test_a_case_has_all_that_a_learner_and_this_test_need():
    for name, case in CASES.items():
        assert case.title and case.story and case.rule and case.solution.strip(), name
        assert len(case.hints) >= 2, f"{name}: a nudge, and nearly the answer"
        assert len(WRONG.get(name, [])) >= 2, f"{name}: two plausible wrong repairs in wrong_answers/*.py: WRONG"
        assert RIGHT.get(name), f"{name}: a right repair other than the solution in wrong_answers/*.py: RIGHT"
        assert case.solution not in RIGHT[name]


def test_each_case_stands_in_the_notebook_of_its_lesson_and_six_or_more_in_none():
    dealt = {name: path.stem for path in notebook_paths() for name in dealt_in(path)}
    for name, case in CASES.items():
        assert case.lesson == dealt.get(name), f"{name}: Case.lesson names the notebook where it stands, or is None"
    assert sum(case.lesson is None for case in CASES.values()) >= 6


@pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)
def test_the_solution_in_a_notebook_is_the_one_that_the_case_has(path):
    text = "\n".join(cell.source for cell in read(path).cells)
    shown = [each.strip() for each in re.findall(r"<summary>Solution</summary>\s+```python\n(.*?)```", text, re.DOTALL)]
    for name in exercises_of(path):
        wanted = CASES[name].solution.strip()
        assert wanted in shown, f"{path.stem} shows another solution of {name} than\n{wanted}"
