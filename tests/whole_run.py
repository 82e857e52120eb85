"""What a run has verified: the table at its end, and what a run of everything has left out.

What is not run fails nothing. So a run of everything, which is `tox` without
arguments, is red if it leaves out a cell, a test, a stage or a database.
"""
import ast
import os
from collections import Counter, defaultdict
from pathlib import Path

from workbook.notebook_files import notebook_paths, read
from workbook.stages import ROOT, stage_folders

TESTS = Path(__file__).parent
DATABASES = ("sqlite", "postgresql")
# Options of pytest that leave out tests, or what a test has to compare.
NARROWING = ["keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise", "nbval_lax"]


def is_everything():
    return os.environ.get("WORKBOOK_RUN") == "everything"


def facts_of(item):
    """What the reports of a test or a cell have to say of it, as pairs of a name and a value."""
    facts = []
    if hasattr(item, "cell"):
        tags = [tag.partition(":") for tag in item.cell.metadata.get("tags", [])]
        facts += [("proves", database) for kind, _, database in tags if kind == "prove"]
    chosen_here = " ".join(str(mark.args[0]) for mark in item.iter_markers("parametrize"))
    for name in ("stage", "database"):
        if hasattr(item, "callspec") and name in item.callspec.params:
            facts.append((name, item.callspec.params[name]))
            if name not in chosen_here:
                facts.append(("each", name))
    return facts


def values(report, wanted):
    return [value for name, value in report.user_properties if name == wanted]


def table(reports):
    """Line by line: what was verified of each notebook, and of the stage of its name on each database."""
    yield f"{'notebook and stage':<28} {'database':<12} {'nbval':<20} pytest"
    stages = [folder.name for folder in stage_folders()]
    for name in [path.stem for path in notebook_paths()]:
        cells = [report for report in reports if f"{name}.ipynb::" in report.nodeid]
        yield f"{name:<28} {'':<12} {outcome_of(cells, ' cells')}".rstrip()
        for database in DATABASES if name in stages else ():
            tests = outcome_of(tests_of(name, database, reports))
            yield f"{'':<28} {database:<12} {proof_of(database, cells):<20} {tests}"


def proof_of(database, cells):
    for report in cells:
        if report.outcome == "passed" and database in values(report, "proves"):
            return f"proved by {report.nodeid.rpartition('::')[2].lower()}"
    return "NOT PROVED"


def tests_of(stage, database, reports):
    return [each for each in reports if stage in values(each, "stage") and database in values(each, "database")]


def outcome_of(reports, what=""):
    said = {"passed": "passed", "skipped": "skipped"}
    counts = Counter(said.get(report.outcome, "FAILED") for report in reports)
    return ", ".join(f"{counts[each]}{what} {each}" for each in ("FAILED", *said) if counts[each]) or "not run"


def left_out(reports, options):
    """One line for each thing that these reports of a run of everything do not speak of."""
    run = [report for report in reports if report.outcome != "skipped" or hasattr(report, "wasxfail")]
    yield from (f"--{name.replace('_', '-')} is set" for name in NARROWING if getattr(options, name, None))
    yield from cells_left_out(run)
    proved = {database for report in run for database in values(report, "proves")}
    every = {"stage": {folder.name for folder in stage_folders()}, "database": proved | set(DATABASES)}
    for stage in sorted(every["stage"]):
        for database in sorted(every["database"]):
            if not tests_of(stage, database, run):
                yield f"{stage} on {database}: no test was run"
    functions = defaultdict(list)
    for report in reports:
        file, *_, name = report.nodeid.partition("[")[0].split("::")
        functions[f"{file}::{name}"].append(report)
    yield from (f"{name}: not run" for name in functions_in_files() if name not in functions)
    for name, those in functions.items():
        for kind in {kind for report in those for kind in values(report, "each")}:
            missing = every[kind].difference(*(values(report, kind) for report in those))
            yield from (f"{name}: not run for {value}" for value in sorted(missing))


def cells_left_out(run):
    for path in notebook_paths():
        expected = sum(cell.cell_type == "code" for cell in read(path).cells)
        found = len({report.nodeid for report in run if f"{path.name}::" in report.nodeid})
        if found != expected:
            yield f"{path.stem}: {found} of its {expected} cells were run"


def functions_in_files():
    """The test functions of the default run, `file::name`, read from the text of the files."""
    for file in sorted([*TESTS.glob("stages/test_*.py"), *TESTS.glob("notebooks/test_*.py")]):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{file.relative_to(ROOT).as_posix()}::{node.name}"
