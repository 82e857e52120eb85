"""What the texts say that a cell will show is what it shows; nbval compares outputs and reads no text.

For each **Predict** the beginning of its answer stands here with its evidence:
what the next cells show.
"""
import re

import pytest

from workbook.notebook_files import code_cells, notebook_paths, read, sanitized, shown_by

ANSWERS = {  # notebook: [(beginning of the answer, evidence, …), …] in the order of the notebook
    "00_start_here": [
        ("No. Models are code", "no tables"),
        ("No. Flask goes on without the app", "Error: No such command 'db'."),
    ],
    "01_initial": [
        ("Neither. It copies four files", "migrations/env.py migrations/safety.py migrations/script.py.mako"),
        ("No. `migrate` writes a script and applies nothing", "Detected added table 'users'", "(head) not applied"),
        ("It refuses.", "Error: Target database is not up to date."),
        ("`users`, and `alembic_version`: a table with one row", "+ users", "version_num 0001"),
        ("None. The downgrade drops the table", "create users 0 users: 4 added"),
        ("There will be no script.", "No changes in schema detected."),
    ],
    "02_created_at": [
        ("**c.** NOT NULL holds for every row", "Cannot add a NOT NULL column with default value NULL", "= at 0001"),
        ("No. The rows get their value in one step", "4 Mei O'Brien user4@example.com TIME"),
        ("A time.", "name created_at Ravi Import TIME"),
        ("Five rows, and none of the dates.", "joined_in_2019 0 5 joined_in_2019 4"),
        ("Yes. NOT NULL means the same everywhere", 'column "created_at" of relation "users" contains null values'),
        ("No. The table is empty", "0001 -> 0002, add created_at to users form sent from /add: 200"),
        ("It fails: SQLite has no function `now()`.", "unknown function: now()"),
        ("No. A column that may be NULL", "4 Mei O'Brien user4@example.com NULL"),
    ],
    "03_ml_metadata": [
        ("Only `model_metadata`.", "Detected added table 'model_metadata' Generating"),
        ("Nothing. The script does not mention it.", "+ check accuracy >= 0 AND accuracy <= 1 users id INTEGER"),
        ("1.5 only.", "CHECK constraint failed: ck_model_metadata_accuracy_range", "NOT NULL constraint failed"),
        ("`NULL`. The column has no server default", "3 spam 0.5 TIME NULL"),
        ("Three, with name, accuracy and time.", "models versions 3 0"),
        ("**b.** In a history without branches the argument names", "Running downgrade 0004 -> 0003, add version"),
        ("The first one.", "5 baseline – 0.0", "Accuracy: [1.5] ! Enter a number", "Accuracy: [nan] ! Enter a number"),
        ("Yes. PostgreSQL sorts NaN above all numbers", "CheckViolation"),
        ("There will be no script.", "No changes in schema detected."),
        ("Fail.", "IntegrityError: CHECK constraint failed: ck_model_metadata_version_not_empty"),
        ("That models and database differ", "Error: New upgrade operations detected"),
        ("No. The next `check` says the same.", "Error: New upgrade operations detected"),
        ("It does not fail, `check` is content, and all four models are there. But each `release` is `NULL`",
         "No new upgrade operations detected. id model_name release 1 churn NULL", "4 prévision des ventes NULL"),
        ("No. It adds an empty `version`", "id model_name version 1 churn NULL 2 fraud NULL"),
    ],
    "04_status_data_migration": [
        ("It fails, as in notebook 02", "Cannot add a NOT NULL column with default value NULL"),
        ("None. When a column with a server default is added", "rows changed: 0", "status number active 17"),
        ("7 and 10: seven names, and the ten rows", "active 7 11,12,13,14,15,16,17 archived 10 1,2,3"),
        ("`archived`. The downgrade drops the column", "id status 3 archived"),
        ("The same seven as with yours: 11 to 17.", '11 "churn" 12 "fraud"', '17 "churn "'),
        ("No. With `--sql` nothing is run.",
         "COMMIT; INFO [alembic.runtime.migration] Context impl PostgresqlImpl. "
         "INFO [alembic.runtime.migration] Will assume transactional DDL. "
         "INFO [alembic.runtime.migration] Running upgrade 0004 -> 0005"),
        ("No. `0005` asks for all columns", "no such column: model_metadata.framework"),
        ("Nothing. Server defaults are not compared", "No changes in schema detected."),
        ("Still active.", "1 churn active"),
    ],
    "05_merge_conflict": [
        ("It can't say anything.", "Error: Can't locate revision identified by '0006a'"),
        ("Nowhere. The two changes of `models.py`", "Auto-merging models.py On branch main nothing to commit"),
        ("It refuses. `upgrade` means `upgrade head`", "Error: Multiple head revisions are present"),
        ("Nothing. Both branches have done their work", "def upgrade(): pass def downgrade(): pass"),
        ("It stays, and its `owner_id` becomes NULL", "7 churn Beats 1.0. NULL"),
        ("It refuses: \"one step back\" could mean either parent.", "Error: Ambiguous walk"),
        ("The merge only.", "Running downgrade 0007 -> 0006a, 0006b, merge owner and notes …"),
        ("All owners and all notes.", "owner_id was 3, is None", "notes was 'Beats 1.0.', is None"),
        ("Neither. The two lines are equal", "Auto-merging models.py models.py:", "versions/0009_merge_region"),
        ("With the new parent Alembic believes", "Running upgrade 0007 -> 0008a, add region and tags"),
    ],
    "06_expand": [
        ("All that read or write users, and that is nearly all", "after the upgrade all none all none all all –"),
        ("The same ones. Now it is the new app", "new app before the upgrade all none all none all all –"),
        ("None. All that app 05 asks for is still there.", "app 05 at 0008 none none none none none none none"),
        ("All but one: app 06 at `0007`", "0009 yes yes 0008 yes yes 0007 yes no"),
        ("Nina Next is in both columns", "name display_name Zoë Nguyễn Zoë Nguyễn Nina Next Nina Next"),
        ("Beside the UPDATE, by far", "more than four times as long beside one UPDATE as beside the batches"),
        ("2,000 rows are filled: two batches", "the database is at 0008 filled up to 2000 2000"),
        ("3,000. A batch that is done", "empty rows first 0 3000 1 1 2000 1001"),
    ],
    "07_contract": [
        ("It fails: Lena has no `display_name`.", "contains null values"),
        ("No. PostgreSQL sees that a CHECK", "are sufficient to prove that it does not contain nulls"),
        ("App 06 names `name` in every query", "app 06 at 0010 all none all none all all –"),
        ("The first is saved: 302", "302 422", "Name This field is required."),
        ("At `0009` app 07 and app 06.", "0010 yes no no 0009 yes yes shows None 0008 no yes yes 0007 no no yes"),
        ("No, it refuses, and the batch", "cannot drop column name of table users", "display_name_required True"),
    ],
    "08_postgresql": [
        ("On neither. Each migration runs in one transaction", "no such column: first_name",
         'column "first_name" does not exist', "sqlite 0007 False postgresql 0007 False"),
        ("No. There a boolean is not a number", "is of type boolean but default expression is of type integer"),
        ("SQLite takes both, PostgreSQL neither.", "rows changed: 1 StringDataRightTruncation: value too",
         "rows changed: 1 InvalidTextRepresentation: invalid input syntax", "1 five text"),
        ("1. It does not read the table at all", "count it_is_the_role 1 True"),
        ("Nothing is copied, of any table.", "nothing copied: value too long for type character varying(100) 0"),
        ("1, and so it is refused.", "form sent from /add: 409", 'violates unique constraint "pk_users"'),
        ("The ALTER, and every reader that comes after it.", "a reader waited for more than a second: True"),
        ("The column: `create_table` creates the type first", 'line 23: ProgrammingError: type "stage" does not exist'),
        ("On SQLite it becomes 0, without a word.", "3 1 4 0 6 1", "cannot be cast automatically to type integer"),
        ("No. The failed attempt has left an index", "ix_model_metadata_model_name False"),
    ],
    "09_production": [
        ("No. `ON ALL TABLES` means the tables", "permission denied for table alembic_version"),
        ("Nothing. `flask db` runs as the app then", "must be owner of table users", "version_num users 0010 20"),
        ("`0011` fails on these rows", "value too long for type character varying(40)", "notes: 5 values differ"),
        ("`notes: 5 values differ`.", "No new upgrade operations detected.", "approved for all our customers"),
        ("No. It makes the column long again.",
         "0011 -> 0010, shorten notes model_name notes credit Reviewed, approved for all our customers model_name"),
        ("None fails, one applies.", "0012 was applied 1 time"),
        ("For the password `p@ss` at the host", "password: p@ss host: home@db.example.com"),
        ("No. Git keeps every version.", "DATABASE_URL=postgresql://reader:summer2026@"),
    ],
}  # fmt: skip
NOT_SHOWN = {"env.py", "already exists"}  # a file; and in 05 what the line is on PostgreSQL, which it does not run
SHOWING = 10  # so many cells after an answer show it
PREDICTION = re.compile(r"\*\*Predict:\*\*.*?<summary>Answer</summary>\s+(.*?)\s*</details>", re.DOTALL)


def predictions(notebook):
    """[(answer, the cells that follow it)]"""
    found = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            following = [each for each in notebook.cells[place:] if each.cell_type == "code"][:SHOWING]
            found += [(answer, following) for answer in PREDICTION.findall(cell.source)]
    return found


PATHS = pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)


@PATHS
def test_the_answer_to_a_prediction_is_what_the_cells_show(path):
    found, listed = predictions(read(path)), ANSWERS.get(path.stem, [])
    for (answer, cells), (beginning, *evidence) in zip(found, listed):
        assert answer.startswith(beginning), f"not {beginning!r} now: look at the outputs, then say here why it is true"
        shown = on_one_line(shown_by(cells))
        missing = [text for text in evidence if text not in shown]
        assert evidence and not missing, f"the cells after the answer {beginning!r} do not show {missing}: {shown}"
    assert len(found) == len(listed), "say here of each prediction which output shows that its answer is true"


@PATHS
def test_what_a_symptom_quotes_is_in_a_stored_output(path):
    """Or in a cell: the names of commands, revisions and columns."""
    notebook = read(path)
    cells = code_cells(notebook)
    shown = on_one_line(shown_by(cells) + "".join(cell.source for cell in cells))
    for cell in notebook.cells:
        for symptom in re.findall(r"\*\*Symptom:\*\*.*", cell.source):
            quotes = set(re.findall("`(.+?)`", symptom)) - NOT_SHOWN
            missing = [quote for quote in quotes if quote not in shown]
            assert not missing, f"no cell shows {missing}: {symptom}"


def on_one_line(text):
    return sanitized(" ".join(text.split()))
