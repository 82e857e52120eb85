"""The problems that people have with migrations: each is met in a notebook, with its evidence in a stored output.

What stands in a text proves nothing; a stored output is compared with a real
run by nbval.
"""
import html
import re

import pytest

from workbook.notebook_files import code_cells, read
from workbook.stages import NOTEBOOKS

PROBLEMS = [
    ("app does not import", "00_start_here", ["No such command 'db'", "No module named 'flask_migrat'"]),
    ("unapplied script", "01_initial", ["Target database is not up to date."]),
    ("models not imported", "01_initial", ["No changes in schema detected.", "Detected added table 'tags'"]),
    ("init in a project that has migrations", "01_initial", ["already exists and is not empty"]),
    (
        "NOT NULL column on a table with rows",
        "02_created_at",
        ["Cannot add a NOT NULL column with default value NULL", 'relation "users" contains null values'],
    ),
]


def outputs(notebook):
    """All that a notebook's cells have printed, shown or raised, as plain text."""
    texts = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            texts += [output.get("text", ""), output.get("evalue", "")]
            data = output.get("data", {})
            texts += [data.get("text/plain", ""), html.unescape(re.sub("<[^>]*>", " ", data.get("text/html", "")))]
    return "\n".join(texts)


@pytest.mark.parametrize("problem, notebook, evidence", PROBLEMS, ids=[problem for problem, _, _ in PROBLEMS])
def test_a_problem_is_met_with_its_evidence_in_a_stored_output(problem, notebook, evidence):
    said = outputs(read(NOTEBOOKS / f"{notebook}.ipynb"))
    missing = [text for text in evidence if text not in said]
    assert not missing, f"{notebook} no longer shows {missing}: show the failure in a cell, not only in the text"
