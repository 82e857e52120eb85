"""Is a project well? Its scripts, its models and its database agree, and no row is lost.

What is asked is the same for every case, so that any repair counts that leads
there, and none that only silences the error: a stamp over a schema that does
not match, a table dropped and made anew, rows deleted.
"""
import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

from workbook.postgres import drop_database
from workbook.rows import changed_values
from workbook.schema import schema_differences
from workbook.stages import script_directory
from workbook.workspace import LEFT_OUT, Project

made_before = {}  # {(kind of database, files of the project): what made_by_scripts returned}


def findings(work, lost=frozenset(), not_ours=frozenset()):
    """What is wrong with the Patient `work`, the first thing to mend first, each in a sentence that helps.

    `lost` are columns ("users.name") and tables whose values cannot come back; `not_ours`
    are tables in the database that no script has to make.
    """
    yield from wrong_scripts(work)
    yield from wrong_revision(work)
    yield from wrong_schema(work, not_ours)
    yield from wrong_models(work)
    yield from wrong_rows(work, lost)


def wrong_scripts(work):
    try:
        with warnings.catch_warnings(record=True, action="always") as warned:  # Alembic warns first and fails then
            script = script_directory(work.folder)
            heads = script.get_heads()
            list(script.walk_revisions())
    except Exception as error:  # a script is code: it can fail in any way when it is loaded
        yield f"Alembic can't follow the scripts: {str(error).partition(chr(10))[0]}"
        return
    for warning in warned:
        if "more than once" in str(warning.message):
            yield f"Alembic's warning: {warning.message}."
    if not heads:
        yield "There is no script at all: from what shall a new database be made?"
    if len(heads) > 1:
        yield f"There are {len(heads)} heads: {' and '.join(sorted(heads))}. `flask db upgrade` wants one."


def wrong_revision(work):
    """Whether the database is at the head of the scripts."""
    ended = work.flask("db", "current")
    if ended.code:
        yield f"`flask db current` fails: {ended.output.strip().splitlines()[-1]}"
        return
    [head], at = script_directory(work.folder).get_heads(), work.revision()
    if at != (head,):
        yield f"The database is at {' and '.join(at) or 'no revision'}, the scripts go up to {head}."


def wrong_schema(work, not_ours=frozenset()):
    """Whether the database has the tables that the scripts make from nothing."""
    made = made_by_scripts(work)
    if isinstance(made, str):
        yield f"The scripts can't make a new database: {made}"
        return
    mine, made = ({name: each[name] for name in each.keys() - not_ours} for each in (work.tables(), made))
    if differences := schema_differences(mine, made, ("your database", "a new one that the scripts make")):
        yield f"Revision and tables do not fit together: {differences[0]}"


def compare_with_new(work):
    """Print in what the tables differ from those of a new database that the scripts make, at their head."""
    made = made_by_scripts(work)
    if isinstance(made, str):
        print(f"The scripts can't make a new database: {made}")
        return
    differences = schema_differences(work.tables(), made, ("this database", "a new one"))
    print(*differences or ["The tables are those of a new database that the scripts make."], sep="\n")


def made_by_scripts(work):
    """The tables of an empty database after `flask db upgrade`, or the last line of why it fails."""
    files = sorted((work.folder / "migrations").rglob("*.py")) + sorted(work.folder.glob("*.py"))
    key = work.database, tuple((file.relative_to(work.folder), file.read_bytes()) for file in files)
    if key not in made_before:
        with new_database_of(work) as fresh:
            ended = fresh.flask("db", "upgrade")
            made_before[key] = ended.output.strip().splitlines()[-1] if ended.code else fresh.tables()
    return made_before[key]


def wrong_models(work):
    """Whether `flask db check` finds nothing to do."""
    ended = work.flask("db", "check")
    if ended.code:
        yield f"Models and database disagree: {ended.output.strip().splitlines()[-1]}"


def wrong_rows(work, lost):
    """Whether the rows that are worth it are there, with all their values."""
    now = work.all_rows()
    for table, rows in work.worth.items():
        if table in lost:
            continue
        if table not in now:
            yield f"The table {table} is gone, with {len(rows)} rows."
            continue
        there = next(iter(now[table].values()), {})
        gone = [column for row in rows.values() for column in row if now[table] and column not in there]
        gone = [column for column in dict.fromkeys(gone) if f"{table}.{column}" not in lost]
        if gone:
            yield f"The column {table}.{gone[0]} is gone, with its values."
    for line in changed_values(without(work.worth, lost), without(now, lost)):
        if not line.endswith("the row is new"):
            yield f"A value or a row is lost: {line}"


def without(rows, lost):
    return {
        table: {
            key: {column: value for column, value in row.items() if f"{table}.{column}" not in lost}
            for key, row in found.items()
        }
        for table, found in rows.items()
        if table not in lost
    }


@contextmanager
def new_database_of(work):
    """A copy of the project, with an empty database of its own; both are gone after the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "project"
        shutil.copytree(work.folder, folder, ignore=LEFT_OUT)
        fresh = Project(folder, work.database)
        try:
            yield fresh
        finally:
            if work.database == "postgresql":
                drop_database(fresh.url)
