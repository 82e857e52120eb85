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
    Symptom(
        "An upgrade that failed has left a column behind",
        "11_repair_upgrades",
        ('near "ALTER": syntax error', "duplicate column name: region"),
        r"duplicate column name|near \"ALTER\": syntax error",
    ),
    Symptom(
        "A batch that failed has left a table behind",
        "11_repair_upgrades",
        ("table _alembic_tmp_model_metadata already exists",),
        r"table _alembic_tmp_\w+ already exists",
    ),
    Symptom("A batch took the rows of another table", "11_repair_upgrades", ("reviews before: 4", "reviews now: 0")),
    Symptom(
        "env.py has to be replaced in a project that is in use",
        "11_repair_upgrades",
        ("Directory migrations already exists and is not empty",),
        r"Directory \S+ already exists and is not empty",
    ),
    Symptom(
        "Rows break a new unique constraint",
        "11_repair_upgrades",
        ("UNIQUE constraint failed: _alembic_tmp_users.email", 'could not create unique index "uq_users_email"'),
        r"UNIQUE constraint failed: _alembic_tmp_|could not create unique index",
    ),
    Symptom(
        "Rows are NULL where a column becomes NOT NULL",
        "11_repair_upgrades",
        ("NOT NULL constraint failed: _alembic_tmp_model_metadata.version",),
        r"NOT NULL constraint failed: _alembic_tmp_|contains null values",
    ),
    Symptom(
        "A value is too long for a new type",
        "11_repair_upgrades",
        ("value too long for type character varying(30)",),
        r"value too long for type",
    ),
    Symptom(
        "Somebody has added a column to the database by hand",
        "11_repair_upgrades",
        ("Detected removed column 'model_metadata.region'", "duplicate column name: region"),
        r"duplicate column name|column \S+ of relation \S+ already exists|Detected removed column|remove_column",
    ),
    Symptom(
        "Somebody has dropped an index in the database by hand",
        "11_repair_upgrades",
        ("no such index: ix_model_metadata_owner_id", "Detected added index 'ix_model_metadata_owner_id'"),
        r"no such index|index \S+ does not exist",
    ),
    Symptom(
        "A generated script does not know a type of your own",
        "11_repair_upgrades",
        ("name 'models' is not defined",),
        r"name '\w+' is not defined",
    ),
    Symptom("A program logs nothing more after an upgrade", "11_repair_upgrades", ("nightly: it is done, models: 2",)),
]


def find(text):
    """Print where the error in `text` is explained: the problem, and its notebook."""
    text = " ".join(text.split())
    found = [each for each in SYMPTOMS if each.pattern and re.search(each.pattern, text, re.IGNORECASE)]
    for each in found:
        print(f"{each.problem}: {each.notebook}")
    if not found:
        print("No case here has this text. Paste the line that names the error: often the first one, not the last.")
