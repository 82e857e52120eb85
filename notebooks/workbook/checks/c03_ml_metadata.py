"""Checkers of 03_ml_metadata. They try a script on a copy of the learner's project, with rows in its database."""
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from workbook.checks import checker
from workbook.made_up import add_rows
from workbook.rows import changed_values, rows_of
from workbook.schema import engine_of, schema_differences
from workbook.workspace import LEFT_OUT, Project

PARENT = "0004"


@checker
def rename_by_hand(work):
    script = work.read("migrations/versions/0005t_rename_model_name.py")
    if "____" in script:
        return f"There are still {script.count('____')} blanks in the script."
    with trial(work) as project:
        if failed := failure(project, "upgrade", PARENT):
            return failed
        rows, tables = fill(project)
        if failed := failure(project, "upgrade", "0005t"):
            return failed
        columns = project.tables()["model_metadata"]["columns"]
        if "title" not in columns:
            return f"After the upgrade there is no column title; the columns are {', '.join(columns)}."
        values = {key: row["title"] for key, row in rows_of(project.url)["model_metadata"].items()}
        if values != {key: row["model_name"] for key, row in rows["model_metadata"].items()}:
            return "After the upgrade the titles are not what the model names were."
        return back(project, rows, tables)


@checker
def loss_not_negative(work):
    models = work.read("models.py")
    if "loss:" not in models:
        return "models.py has no column loss yet."
    if "loss_not_negative" not in models:
        return "The model has no rule loss_not_negative: it belongs into __table_args__, beside accuracy_range."
    if not any((work.folder / "migrations" / "versions").glob("0005l_*.py")):
        return "No script has the id 0005l: generate one with flask db migrate, and give it --rev-id 0005l."
    with trial(work) as project:
        if failed := failure(project, "upgrade", PARENT):
            return failed
        rows, tables = fill(project)
        if failed := failure(project, "upgrade", "0005l"):
            return failed
        if wrong := column_and_rule(project.tables()["model_metadata"]) or rule_at_work(project.url):
            return wrong
        if project.flask("db", "check").code:
            return "After the upgrade flask db check still finds a difference between the models and the database."
        if lost := changed_values(rows, rows_of(project.url)):
            return f"The upgrade changed rows: {lost[0]}."
        if wrong := back(project, rows, tables):
            return wrong
    if "0005l" not in work.revision():
        return "The script works in a trial, but your database is not at 0005l yet: apply it."


@contextmanager
def trial(work):
    """A copy of the learner's project for the block, with a database of its own that does not exist yet."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / work.folder.name
        shutil.copytree(work.folder, folder, ignore=LEFT_OUT)
        yield Project(folder)


def fill(project):
    """Put rows into the tables; returns all rows, and the schema."""
    add_rows(project.url)
    return rows_of(project.url), project.tables()


def failure(project, command, revision):
    """A sentence with the first error that `flask db <command> <revision>` printed if it failed, or None."""
    ended = project.flask("db", command, revision)
    if ended.code:
        found = re.search(r"\w*Error: .*", ended.output)
        return f"flask db {command} {revision} fails: {found[0] if found else ended.output}"


def back(project, rows, tables):
    """What is not as it was, after the way back to revision 0004, or None."""
    if failed := failure(project, "downgrade", PARENT):
        return failed
    if wrong := schema_differences(project.tables(), tables, ("your downgrade", "revision 0004")):
        return f"The downgrade does not lead back to the schema before: {wrong[0]}."
    if lost := changed_values(rows, rows_of(project.url)):
        return f"The downgrade does not lead back to the rows before: {lost[0]}."


def column_and_rule(table):
    """What is wrong with the column and the name of its rule in a table of `schema_of`, or None."""
    column = table["columns"].get("loss")
    if column is None:
        return "After the upgrade there is no column loss."
    if column["type"] != "FLOAT":
        return f"loss is to be a float; found: {column['type']}."
    if not column["nullable"]:
        return "loss is optional, but the column is NOT NULL. Mapped[float | None] makes it optional."
    wanted = "ck_model_metadata_loss_not_negative"
    if wanted not in table["check"]:
        found = [name for name, check in table["check"].items() if "loss" in check["condition"]]
        if not found:
            return "After the upgrade the database has no rule about loss. Which script would have made it?"
        return f"The rule is called {found[0]}, not {wanted}: the naming convention completes a name without op.f."


def rule_at_work(url):
    """What the database accepts or refuses wrongly, or None."""
    for value, wanted in (("-0.5", False), ("0", True), ("12.5", True), ("NULL", True)):
        if accepts(url, value) != wanted:
            return f"The database {'refuses' if wanted else 'accepts'} a loss of {value}."


def accepts(url, loss):
    with engine_of(url).connect() as connection:
        try:
            connection.execute(text(f"INSERT INTO model_metadata (model_name, accuracy, loss) VALUES ('', 0, {loss})"))
        except IntegrityError:
            return False
    return True  # not committed: no row stays
