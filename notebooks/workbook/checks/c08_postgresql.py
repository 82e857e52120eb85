"""Checkers of 08_postgresql."""
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from workbook.checks import checker
from workbook.made_up import add_rows
from workbook.postgres import drop_database
from workbook.rows import changed_values, rows_of
from workbook.schema import engine_of
from workbook.stages import script_directory
from workbook.workspace import LEFT_OUT, Project

NAME = "ck_model_metadata_version_given"
VALIDATED = f"SELECT convalidated FROM pg_constraint WHERE conname = '{NAME}'"


@contextmanager
def trial(work):
    """The learner's scripts in a copy, on a database of its own that holds rows at the end of stage 05."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Project(shutil.copytree(work.folder, Path(scratch) / "copy", ignore=LEFT_OUT), "postgresql")
        try:
            copy.must("db", "upgrade", "0007")
            add_rows(copy.url)
            yield copy
        finally:
            drop_database(copy.url)


def reason(ended):
    """What a failed command says at its end."""
    return ended.output.strip().splitlines()[-1].partition("Error: ")[2]


@checker
def enum_value(work):
    script = work.read(work.script("0009s")) if "0009s" in revisions(work) else "..."
    if "..." in script:
        return "There is still a blank: give retire() a block, an ALTER TYPE and a condition, each as a text."
    if "0009s" not in work.revision():
        if "autocommit_block" not in script:
            return "Not applied. A new value can be used only after the transaction that added it: which block ends it?"
        return "The script is complete, but not applied. Run flask db upgrade; if it fails, its last line says why."
    return wrong_stage(work.all_rows()) or second_run(work)


def wrong_stage(rows):
    for key, row in rows["model_metadata"].items():
        if (row["status"] == "archived") != (row["stage"] == "retired"):
            return f"Model {key} is {row['status']}, and its stage is {row['stage']}. Only the archived are retired."


def second_run(work):
    with trial(work) as copy:
        for step in (["upgrade"], ["stamp", "0008s"], ["upgrade"]):
            ended = copy.flask("db", *step)
            if ended.code and step == ["upgrade"]:
                return f"In a copy where the value was added before the script was stopped, it fails: {reason(ended)}"
        return wrong_stage(rows_of(copy.url))


@checker
def valid_check(work):
    parents = revisions(work)
    for revision, parent in {"0008c": "0007", "0009c": "0008c"}.items():
        if revision not in parents:
            return f"No script has the revision {revision} yet."
        if parents[revision] != parent:
            return f"{revision} is to come after {parent}: look at its down_revision."
    if work.revision() == ("0007",):
        return (
            "Not applied. If flask db upgrade says `is violated by some row`, the CHECK looks at the rows that are "
            "there. It can leave that for later."
        )
    if work.revision() != ("0009c",):
        return "0008c is applied, 0009c is not. Can the validation succeed while versions are empty?"
    return wrong_check(work) or in_two_steps(work)


def wrong_check(work):
    found = work.sql(VALIDATED).rows
    if not found:
        return f"Both are applied, and there is no constraint {NAME}. Without op.f the name is put together anew."
    if found != [(True,)]:
        return f"{NAME} is there, and still not valid for the rows of before: validate it."
    for key in (3, 7):
        if work.all_rows()["model_metadata"].get(key, {"version": "gone"})["version"] is not None:
            return f"Model {key} had an empty version. It is to be kept, and its version to be NULL."


def in_two_steps(work):
    with trial(work) as copy:
        before = rows_of(copy.url)
        ended = copy.flask("db", "upgrade", "0008c")
        if ended.code:
            return f"In a copy with other rows 0008c fails: {reason(ended)}"
        if changed_values(before, rows_of(copy.url)):
            return "0008c writes rows, under the lock that it holds for the CHECK. Let 0009c do that."
        not_valid = check_of(copy)
        ended = copy.flask("db", "upgrade", "0009c")
        if ended.code:
            return f"In a copy with other rows 0009c fails: {reason(ended)}"
        if check_of(copy) != not_valid:
            return "0009c makes the CHECK anew, and that reads all rows under a strong lock. Validate the one of 0008c."
        for row in before["model_metadata"].values():
            row["version"] = row["version"] or None
        wrong = changed_values(before, rows_of(copy.url))
        return f"In a copy with other rows, after both: {wrong[0]}." if wrong else None


def check_of(project):
    """What identifies the constraint: another one of the same name has another number."""
    with engine_of(project.url).connect() as connection:
        return connection.exec_driver_sql(f"SELECT oid FROM pg_constraint WHERE conname = '{NAME}'").scalar()


def revisions(work):
    """{revision: its parent} of the learner's scripts."""
    return {script.revision: script.down_revision for script in script_directory(work.folder).walk_revisions()}
