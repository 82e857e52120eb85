"""Checkers of 04_status_data_migration."""
import re
import shutil
import tempfile
from pathlib import Path

from workbook.checks import checker
from workbook.workspace import LEFT_OUT, Project


@checker
def three_steps(work):
    name = "migrations/versions/0005t_add_title_to_model_metadata.py"
    script = work.read(name) if (work.folder / name).exists() else "..."
    if "..." in script or "Ellipsis" in script:
        return "There is still a blank: give fill() True or False, an SQL expression as a text, and True or False."
    if "0005t" not in work.revision():
        if "nullable=True" not in script.partition("op.execute")[0]:
            return "Not applied. When the column arrives, no row has a title yet: may it be NOT NULL at that moment?"
        if re.search(r"\|\|\s*version\s*\"", script):
            return "Not applied. A text joined with NULL is NULL: what is the title of a model without a version?"
        return "The script is complete but not applied. Run flask db upgrade; if it fails, its last line says why."
    if work.tables()["model_metadata"]["columns"]["title"]["nullable"]:
        return "The title may still be NULL: the last of the three steps has to forbid it."
    for row in rows_of(work):
        wanted = f"{row['model_name']} {row['version']}" if row["version"] else row["model_name"]
        if row["title"] != wanted:
            return f"Row {row['id']} has the title {row['title']!r}; wanted: {wanted!r}. Downgrade, fill in, upgrade."


@checker
def risk(work):
    return model_of_risk(work) or script_of_risk(work) or schema_of_risk(work) or values_of_risk(work) or way_back(work)


def model_of_risk(work):
    line = next((line for line in work.read("models.py").splitlines() if line.strip().startswith("risk:")), None)
    if line is None:
        return "models.py has no column risk yet."
    if "server_default" not in line:
        return (
            "risk has no server_default in models.py. A new model is high also if plain SQL writes it, "
            "and the model says the same as the database."
        )


def script_of_risk(work):
    # As texts: a script that imports the app's models cannot be imported here.
    scripts = [path.read_text(encoding="utf-8") for path in (work.folder / "migrations/versions").glob("*.py")]
    script = next((text for text in scripts if re.search(r"^revision = ['\"]0005r['\"]", text, re.MULTILINE)), None)
    if script is None:
        return "No script has the id 0005r: generate one with flask db migrate, and give it --rev-id 0005r."
    if re.search(r"^\s*(from|import) (models|app)\b", script, re.MULTILINE):
        return "The script imports the app's code, which will change. Describe the table in the script: sa.table."
    if "0005r" not in work.revision():
        return (
            "The script 0005r is not applied. Run flask db upgrade; if it fails, its last line says why. If it says "
            "no such column, the UPDATE stands inside the batch, which makes its changes when it ends."
        )


def schema_of_risk(work):
    table = work.tables()["model_metadata"]
    column = table["columns"].get("risk")
    if column is None:
        return "At 0005r model_metadata has no column risk. Downgrade, correct the script, upgrade."
    if column["type"] != "VARCHAR(10)":
        return f"risk is to be a text of at most 10 characters; found: {column['type']}."
    if column["nullable"]:
        return "risk may be NULL; it is to be required."
    if column["default"] != "'high'":
        return f"A new model has a high risk, but the database's default is {column['default'] or 'missing'}."
    checks = [name for name, check in table["check"].items() if "risk" in check["condition"]]
    if not checks:
        return (
            "The database takes any text as risk: there is no CHECK. Autogenerate does not see it, so downgrade, "
            "write it into the script and upgrade."
        )
    if checks != ["ck_model_metadata_risk_known"]:
        return f"The CHECK is called {checks[0]}; the convention makes ck_model_metadata_risk_known of risk_known."


def values_of_risk(work):
    rows = rows_of(work)
    if len({row["risk"] for row in rows}) == 1:
        return (
            f"All rows are {rows[0]['risk']}: no UPDATE has changed some of them. "
            "With a server default no row is NULL any more; which rows are meant is said by accuracy."
        )
    for row in rows:
        wanted = "low" if row["accuracy"] >= 0.75 else "high"
        if row["risk"] != wanted:
            return f"Row {row['id']} with accuracy {row['accuracy']} is {row['risk']}; wanted: {wanted}."


def way_back(work):
    """Tried on a copy, so that nothing changes for the learner."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Project(Path(scratch) / "copy")
        shutil.copytree(work.folder, copy.folder, ignore=LEFT_OUT)
        copy.file.parent.mkdir()
        shutil.copyfile(work.file, copy.file)
        ended = copy.flask("db", "downgrade", "0005")
        if ended.code:
            return f"The way back fails: {ended.output.strip().splitlines()[-1].partition('Error: ')[2]}"
        table = copy.tables()["model_metadata"]
        if "risk" in table["columns"]:
            return "After flask db downgrade the column risk is still there."


def rows_of(work):
    return list(work.all_rows()["model_metadata"].values())
