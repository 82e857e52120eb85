"""`tox` without arguments runs everything, and a run that leaves something out is red."""
import configparser
import re
from types import SimpleNamespace

import pytest
from whole_run import DATABASES, TESTS, functions_in_files, left_out, table

from workbook.notebook_files import notebook_paths, read
from workbook.stages import ROOT, stage_folders

NARROWED = SimpleNamespace(keyword="not slow")
WHOLE = SimpleNamespace()


def report(nodeid, *facts, outcome="passed"):
    return SimpleNamespace(nodeid=nodeid, outcome=outcome, user_properties=list(facts))


@pytest.fixture
def reports():
    """What a run of everything reports: each cell, and each test function for each stage on each database."""
    made = []
    for path in notebook_paths():
        for number, cell in enumerate(cell for cell in read(path).cells if cell.cell_type == "code"):
            tags = [tag.partition(":") for tag in cell.metadata.get("tags", [])]
            proves = [("proves", database) for kind, _, database in tags if kind == "prove"]
            made.append(report(f"notebooks/{path.name}::Cell {number}", *proves))
    for name in functions_in_files():
        for stage in [folder.name for folder in stage_folders()]:
            for database in DATABASES:
                facts = ("stage", stage), ("each", "stage"), ("database", database), ("each", "database")
                made.append(report(f"{name}[{stage}-{database}]", *facts))
    return made


def test_nothing_is_left_out_if_everything_was_run(reports):
    assert list(left_out(reports, WHOLE)) == []
    assert list(left_out(reports, NARROWED)) == ["--keyword is set"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("notebooks/00_", "00_start_here: 0 of its"),
        ("ipynb", "01_initial: 0 of its"),
        ("tests/stages/", "tests/stages/test_history.py::test_no_migration_imports_the_app: not run"),
        ("tests/notebooks/", "tests/notebooks/test_notebooks.py::test_every_stage_has_a_notebook_of_its_name: not run"),
        ("-postgresql]", "02_created_at on postgresql: no test was run"),
        ("[03_ml_metadata", "03_ml_metadata on sqlite: no test was run"),
        ("test_no_migration_imports_the_app[03_ml_metadata",
         "tests/stages/test_history.py::test_no_migration_imports_the_app: not run for 03_ml_metadata"),
    ],
)  # fmt: skip
def test_what_was_not_run_is_named(part, said, reports):
    lines = left_out([report for report in reports if part not in report.nodeid], WHOLE)
    assert said in "\n".join(lines)


def test_a_cell_that_is_skipped_was_not_run(reports):
    number = len(cells := [report for report in reports if "01_initial.ipynb::" in report.nodeid])
    cells[-1].outcome = "skipped"
    assert list(left_out(reports, WHOLE)) == [f"01_initial: {number - 1} of its {number} cells were run"]


def test_the_tests_have_to_run_on_each_database_that_the_notebooks_prove_a_stage_on(reports):
    reports[0].user_properties = [("proves", "mariadb")]
    assert "01_initial on mariadb: no test was run" in left_out(reports, WHOLE)


def test_the_table_counts_a_notebook_s_cells_once_and_names_the_cell_that_proves_its_stage(reports):
    def lines_of_01():
        lines = [" ".join(line.split()) for line in table(reports)]
        start = next(number for number, line in enumerate(lines) if line.startswith("01_initial "))
        return lines[start : start + 3]

    cells = [report for report in reports if "01_initial.ipynb::" in report.nodeid]
    [proof] = [cell for cell in cells if ("proves", "sqlite") in cell.user_properties]
    notebook, sqlite, postgresql = lines_of_01()
    assert notebook == f"01_initial {len(cells)} cells passed"
    assert sqlite.startswith(f"sqlite proved by {proof.nodeid.partition('::')[2].lower()} ")
    assert postgresql.startswith("postgresql proved by cell ")
    proof.outcome = "failed"
    notebook, sqlite, postgresql = lines_of_01()
    assert notebook == f"01_initial 1 cells FAILED, {len(cells) - 1} cells passed"
    assert sqlite.startswith("sqlite NOT PROVED ")
    assert postgresql.startswith("postgresql proved by cell ")


@pytest.fixture
def tox():
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    return parser


def test_tox_without_arguments_runs_everything_and_its_result_counts(tox):
    assert tox["tox"]["env_list"] == "copies, proof"
    assert "\nWORKBOOK_RUN = {posargs:everything}\n" in tox["testenv"]["set_env"], "else no run is checked to be whole"
    assert "--nbval-sanitize-with notebooks/workbook/sanitize.cfg " in tox["testenv"]["commands"]
    for name in ("testenv", "testenv:copies"):
        lines = tox[name]["commands"].splitlines()
        assert not [line for line in lines if line.startswith("-")], "a command that begins with - may fail unnoticed"
        assert not {"ignore_outcome", "ignore_errors", "commands_pre"} & set(tox[name])
    assert "testenv:proof" not in tox, "proof is [testenv]: everything that is said there"


def test_no_test_is_skipped_or_expected_to_fail_on_no_condition():
    for file in TESTS.rglob("*.py"):
        text = file.read_text("utf-8")
        found = re.findall(r"mark\.(?:skip|xfail)\b.*|pytest\.xfail\(.*|^    pytest\.skip\(.*", text, re.MULTILINE)
        assert not found, f"{file.name}: {found[0]}: run the test, or skip it where its condition holds (skipif)"
