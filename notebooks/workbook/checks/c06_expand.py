"""Checkers of 06_expand."""
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from workbook.checks import checker
from workbook.postgres import drop_database
from workbook.schema import schema_differences
from workbook.stages import script_directory
from workbook.workspace import LEFT_OUT, Project

ROWS, STOP = 2500, 1700  # the rows of a trial, and the one at which it is stopped the first time
STOPPED, TWICE = "stopped by the checker", "seen.id"
BUSY_TWICE = (
    "A row that has nothing to copy is written again and again: the loop finds it in every batch and never ends. "
    "Go from id to id, or leave such rows out."
)


@checker
def resumable(work):
    problem = script_of(work, "0011t", "0010t")
    if problem:
        return problem
    with trial(work, "0010t") as copy:
        copy.sql(numbers("model_name, accuracy", "'model ' || n, 0.5"))
        problem = stopped_and_run_again(copy, "0011t", "model_name", "title")
    return problem or promised(work, "0011t") or applied(work, "0011t") or better_title(work)


def better_title(work):
    title = work.sql("SELECT title FROM model_metadata WHERE id = 7").rows[0][0]
    if title != "The best one":
        return (
            f"The script is right now, but row 7 of your database has the title {title!r}: another version has written "
            "over it. Run the cell with the exercise again for a fresh copy, repair the script there, then upgrade."
        )


@checker
def description(work):
    problem = script_of(work, "0010d", "0009") or script_of(work, "0011d", "0010d")
    if problem:
        return problem
    with trial(work, "0009") as copy:
        before = copy.tables()
        problem = expanded(copy)
        if problem:
            return problem
        copy.sql(numbers("model_name, accuracy, notes", "'m', 0.5, CASE WHEN n % 3 > 0 THEN 'note ' || n END"))
        problem = stopped_and_run_again(copy, "0011d", "notes", "description") or back(copy, before)
    return problem or promised(work, "0011d") or applied(work, "0011d")


def expanded(copy):
    ended = copy.flask("db", "upgrade", "0010d")
    if ended.code:
        return f"flask db upgrade 0010d fails: {last_line(ended)}"
    columns = copy.tables()["model_metadata"]["columns"]
    if "notes" not in columns:
        return "After 0010d there is no column notes any more, and app 06, which is running, reads and writes it."
    if "description" not in columns:
        return "After 0010d model_metadata has no column description."
    if not columns["description"]["nullable"]:
        return "description may not be NULL, but notes are optional: what would a model without notes have there?"
    if columns["description"]["type"] != columns["notes"]["type"]:
        return f"Notes are of type {columns['notes']['type']}; description is {columns['description']['type']}."


def back(copy, before):
    """The way down to 0009, where app 06 began; with a note that was written meanwhile."""
    copy.sql("INSERT INTO model_metadata (model_name, accuracy, notes) VALUES ('late', 0.5, 'a late note')")
    notes = notes_of(copy)
    ended = copy.flask("db", "downgrade", "0009")
    if ended.code:
        return f"flask db downgrade 0009 fails: {last_line(ended)}"
    if wrong := schema_differences(copy.tables(), before, ("your downgrade", "revision 0009")):
        return f"The downgrade does not lead back to the schema before: {wrong[0]}."
    if notes_of(copy) != notes:
        return "The downgrade has changed notes, which app 06 goes on using."


def notes_of(copy):
    return copy.sql("SELECT id, notes FROM model_metadata ORDER BY id").rows


# --- what both exercises share ------------------------------------------------


def script_of(work, revision, parent):
    """What is wrong with the place of a script in the history, or None."""
    try:
        scripts = {script.revision: script for script in script_directory(work.folder).walk_revisions()}
    except Exception as error:  # whatever is wrong in a learner's script
        return f"Alembic can't read the scripts: {type(error).__name__}: {error}"
    if revision not in scripts:
        return f"No script has the id {revision} yet."
    if scripts[revision].down_revision != parent:
        return f"{revision} comes after {scripts[revision].down_revision}; it is to come after {parent}."


def promised(work, revision):
    if not re.search(r"^resumable = True", work.read(work.script(revision)), re.MULTILINE):
        return f"{revision} may be run again, but does not say so to env.py: a lock would stop it for good."


def applied(work, revision):
    if revision not in work.revision():
        return f"The scripts are right. Your database is at {' and '.join(work.revision())}: run flask db upgrade."


@contextmanager
def trial(work, revision, database="sqlite"):
    """A copy of the project with an empty database at `revision`, gone after the block."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Project(Path(scratch) / "copy", database)
        shutil.copytree(work.folder, copy.folder, ignore=LEFT_OUT)
        try:
            copy.must("db", "upgrade", revision)
            yield copy
        finally:
            if database == "postgresql":
                drop_database(copy.url)


def numbers(columns, values):
    """An INSERT of ROWS models; `n` in `values` is 1, 2, 3 …"""
    series = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ROWS})"
    return f"{series} INSERT INTO model_metadata ({columns}) SELECT {values} FROM s"


def stopped_and_run_again(copy, revision, source, target):
    """What a backfill does wrong that is stopped at row STOP, and run again; or None.

    Triggers of the database stop it: one at that row, one at a row without a `source` that is written a second time.
    """
    copy.sql("CREATE TABLE seen (id INTEGER PRIMARY KEY)")
    copy.sql(f"""
        CREATE TRIGGER once AFTER UPDATE ON model_metadata WHEN new.{target} IS NULL
        BEGIN INSERT INTO seen VALUES (new.id); END
    """)
    copy.sql(f"""
        CREATE TRIGGER stop BEFORE UPDATE ON model_metadata WHEN new.id = {STOP}
        BEGIN SELECT RAISE(ABORT, '{STOPPED}'); END
    """)
    ended = copy.flask("db", "upgrade", revision)
    if TWICE in ended.output:
        return BUSY_TWICE
    if STOPPED not in ended.output:
        left = empty(copy, source, target)
        return f"flask db upgrade {revision} fails: {last_line(ended)}" if ended.code else left_out(revision, left)
    filled = copy.sql(f"SELECT count({target}) FROM model_metadata").rows[0][0]
    if not filled:
        return (
            f"Stopped at row {STOP} of {ROWS}, the script has left nothing: all rows are one batch or one transaction, "
            "and others wait to its end. Batches that are committed one by one stand in an autocommit_block()."
        )
    if filled < copy.sql(f"SELECT count({source}) FROM model_metadata WHERE id < {STOP - 1000}").rows[0][0]:
        return f"Stopped at row {STOP}, only {filled} rows were filled. The batches are to be of at most 1,000 rows."
    copy.sql("DROP TRIGGER stop")
    copy.sql("DELETE FROM seen")
    copy.sql(f"UPDATE model_metadata SET {target} = 'changed by hand' WHERE id = 7")
    ended = copy.flask("db", "upgrade", revision)
    if ended.code:
        return BUSY_TWICE if TWICE in ended.output else f"Run again after a kill, it fails: {last_line(ended)}"
    copy.sql("DROP TRIGGER once")
    copy.sql("DROP TABLE seen")
    if copy.sql(f"SELECT {target} FROM model_metadata WHERE id = 7").rows[0][0] != "changed by hand":
        return (
            "Run again after a kill, the script writes over row 7, which was filled, and then changed by hand. "
            f"Step over what is done: WHERE {target} IS NULL."
        )
    if left := empty(copy, source, target):
        return left_out(revision, left)
    wrong = f"SELECT count(*) FROM model_metadata WHERE id <> 7 AND {target} IS NOT {source}"
    if copy.sql(wrong).rows[0][0]:
        return f"After {revision} some rows have another {target} than their {source}."


def empty(copy, source, target):
    query = f"SELECT count(*), min(id) FROM model_metadata WHERE {source} IS NOT NULL AND {target} IS NULL"
    return copy.sql(query).rows[0] if copy.sql(query).rows[0][0] else None


def left_out(revision, left):
    if left is None:
        return f"{revision} has ended without writing row {STOP}: has it an UPDATE at all?"
    return (
        f"{revision} ends, and {left[0]} of {ROWS} rows were left out, row {left[1]} the first of them. "
        "Rows that are done fall out of the list, so OFFSET jumps over others: go from id to id."
    )


def last_line(ended):
    return ended.output.strip().splitlines()[-1].partition("Error: ")[2] or "see what it prints"
