"""The problems that people have with migrations: each is met in a notebook, with its evidence in a stored output.

What stands in a text proves nothing; a stored output is compared with a real
run by nbval.
"""
import re

import pytest

from workbook.clinic.symptoms import SYMPTOMS, find
from workbook.notebook_files import code_cells, notebook_paths, read, shown_by
from workbook.stages import NOTEBOOKS

PROMISED = 32
EACH = pytest.mark.parametrize("symptom", SYMPTOMS, ids=[each.problem for each in SYMPTOMS])


def missing(symptom):
    """The evidence that the notebook does not show (as often)."""
    said = shown_by(code_cells(read(NOTEBOOKS / f"{symptom.notebook}.ipynb")))
    return [text for text in symptom.evidence if said.count(text) < symptom.evidence.count(text)]


@EACH
def test_a_problem_is_met_with_its_evidence_in_a_stored_output(symptom):
    assert symptom.evidence, f"which output shows that {symptom.notebook} meets it?"
    assert not missing(symptom), (
        f"{symptom.notebook} no longer shows {missing(symptom)}: show the failure in a cell, not only in the text"
    )


@EACH
def test_the_pattern_of_a_problem_finds_its_evidence(symptom, capsys):
    if not symptom.pattern:
        return
    assert symptom.text, f"{symptom.pattern!r} finds none of {symptom.evidence}"
    find(f"some\n  lines before\n{symptom.text} and after")
    assert f"{symptom.problem}: {symptom.notebook}\n" in capsys.readouterr().out


def test_all_problems_that_the_workbook_promises_are_met():
    met = {each.promised for each in SYMPTOMS if each.promised and each.evidence and not missing(each)}
    print(f"{len(met)} of {PROMISED}")
    lacking = set(range(1, PROMISED + 1)) - met
    assert not lacking, f"{len(met)} of {PROMISED}: SYMPTOMS has nothing with evidence for the numbers {lacking}"


def test_each_symptom_in_a_notebook_belongs_to_a_problem_of_this_list():
    for path in notebook_paths():
        listed = "\n".join(text for each in SYMPTOMS for text in each.evidence if each.notebook == path.stem)
        for cell in read(path).cells:
            for symptom in re.findall(r"\*\*Symptom:\*\*.*", cell.source):
                found = [quote for quote in re.findall("`(.+?)`", symptom) if quote in listed]
                assert found, f"add to SYMPTOMS, with its evidence, what {path.stem} says: {symptom}"


def test_the_table_of_errors_in_the_readme_is_the_list_of_symptoms():
    table = (NOTEBOOKS / "README.md").read_text("utf-8").partition("## What does the error say?")[2]
    rows = [line for line in table.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert rows == [row(each) for each in SYMPTOMS if each.text], (
        "notebooks/README.md: one row for each entry with a pattern, in the order of SYMPTOMS"
    )


def row(symptom):
    marks = "``" if "`" in symptom.text else "`"
    return f"| {marks}{symptom.text}{marks} | {symptom.problem} | [{symptom.notebook}]({symptom.notebook}.ipynb) |"


PASTED = [  # as a learner pastes it, with other names; one of the problems that are named; its notebook
    ("sqlalchemy.exc.OperationalError: no such column: orders.total", "stamped", "10_repair_clinic"),
    ("FAILED: Can't locate revision identified by 'ae1027a6acf'", "A revision file is lost", "10_repair_clinic"),
    ("sqlite3.OperationalError: table _alembic_tmp_orders already exists", "A batch that failed", "11_repair"),
    ('psycopg.errors.DuplicateTable: relation "orders" already exists', "made by create_all", "10_repair_clinic"),
    ("Error: Multiple head revisions are\n   present for given argument 'head'; please", "heads", "05_"),
    ('psycopg.errors.NotNullViolation: column "total" of relation "orders" contains null values', "NOT NULL", "02_"),
    ("psycopg.errors.DuplicateObject: type \"colour\" already exists", "Enum types", "08_postgresql"),
    ("NameError: name 'geoalchemy2' is not defined", "does not know a type", "11_repair"),
    ("ValueError: Constraint must have a name", "no name", "04_"),
]


@pytest.mark.parametrize(("text", "problem", "notebook"), PASTED, ids=[problem for _, problem, _ in PASTED])
def test_a_pasted_error_with_other_names_is_found(text, problem, notebook, capsys):
    find(text)
    found = [line for line in capsys.readouterr().out.splitlines() if problem in line]
    assert found and notebook in found[0]


def test_a_leftover_is_not_taken_for_a_table_of_create_all_and_a_text_that_is_unknown_is_said(capsys):
    find("table _alembic_tmp_orders already exists")
    assert "create_all" not in capsys.readouterr().out
    find("all is well")
    assert capsys.readouterr().out.startswith("No case here has this text.")
