"""The index of symptoms: which lesson explains the text of an error."""
import re
from typing import NamedTuple


class Symptom(NamedTuple):
    """A problem, as it is met.

    `pattern` is a regular expression for what a learner pastes; `evidence` are texts
    of a stored output of `notebook`, one of which the pattern finds (an empty pattern: nothing is said, only seen).
    """

    problem: str
    notebook: str
    evidence: tuple
    pattern: str = ""


SYMPTOMS = [
    Symptom(
        "A revision file is lost: from the folder, in a commit, or with a deploy that was rolled back",
        "10_repair_clinic",
        ("Can't locate revision identified by '0008'",),
        r"Can't locate revision identified by",
    ),
    Symptom(
        "A history was squashed, and this database is not past the cut",
        "10_repair_clinic",
        ("Can't locate revision identified by '0004'",),
        r"Can't locate revision identified by",
    ),
    Symptom(
        "A database was stamped at a revision that it does not have",
        "10_repair_clinic",
        ("no such column: owner_id",),
        r"no such (column|table)|UndefinedColumn|UndefinedTable|(column|relation) \S+ does not exist",
    ),
    Symptom(
        "Two heads, each applied on a different server",
        "10_repair_clinic",
        ("Multiple head revisions are present for given argument 'head'",),
        r"Multiple head revisions are present|Multiple heads are present",
    ),
    Symptom(
        "A script was edited after it was applied",
        "10_repair_clinic",
        ("Detected added column 'users.office'",),
        r"Detected added column|no such column|column \S+ does not exist",
    ),
    Symptom(
        "Tables that were made by create_all()",
        "10_repair_clinic",
        ("table users already exists",),
        r"(table|relation) \W?(?!_alembic_tmp_)\w+\W? already exists",
    ),
    Symptom(
        "A model is not imported, or the table belongs to another program",
        "10_repair_clinic",
        ("Detected removed table 'reports'", "op.drop_table('reports')"),
        r"Detected removed table|op\.drop_table|remove_table",
    ),
]


def find(text):
    """Print where the error in `text` is explained: the problem, and its notebook."""
    text = " ".join(text.split())
    found = [each for each in SYMPTOMS if each.pattern and re.search(each.pattern, text, re.IGNORECASE)]
    for each in found:
        print(f"{each.problem}: {each.notebook}")
    if not found:
        print("No case here has this text. Paste the line that names the error: often the first one, not the last.")
