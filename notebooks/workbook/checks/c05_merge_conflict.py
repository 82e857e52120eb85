"""Checkers of 05_merge_conflict."""
from alembic.util import CommandError

from workbook.checks import checker
from workbook.stages import script_directory


@checker
def branch_b_alone(work):
    at = set(work.revision())
    if at == {"0007"}:
        return "The database is at 0007 still, with both branches applied."
    if at == {"0006a", "0006b"}:
        return "Only the merge is undone: going down to one parent leaves both. Which revision is below both?"
    if at == {"0005"}:
        return "Both branches are undone. Now up again, but not to the head."
    if at != {"0006b"}:
        return f"The database is at {' and '.join(sorted(at)) or 'no revision'}, and is to be at 0006b."
    columns = work.tables()["model_metadata"]["columns"]
    if "owner_id" in columns or "notes" not in columns:
        return "The database says 0006b, but its columns are not those of 0006b: was the id changed alone, by stamp?"
    if not work.count("model_metadata"):
        return "The models are gone: the way down went too far. Run the cell with the two graphs, and go to 0005 only."


@checker
def one_line(work):
    try:
        parents = {script.revision: script.down_revision for script in script_directory(work.folder).walk_revisions()}
    except (CommandError, KeyError):
        return "Alembic can't follow the scripts: a down_revision names an id that no script has, or they form a ring."
    if "0008a" not in parents or "0008b" not in parents:
        return "Both scripts are needed: 0008a and 0008b. Run the cell with the two graphs to begin afresh."
    merges = [revision for revision, parent in parents.items() if isinstance(parent, tuple) and revision != "0007"]
    if merges:
        return f"{merges[0]} is a merge script. It works, but 0008b is on this machine only, so a line is possible."
    if parents["0008a"] != "0007":
        return f"0008a comes after {parents['0008a']} now. That script is on the server: change the one that is yours."
    if parents["0008b"] != "0008a":
        return "There are two heads still: 0008a and 0008b both name 0007 as their parent."
    if work.revision() != ("0008b",):
        return f"The scripts are in one line; the database is at {' and '.join(work.revision())} and not at 0008b."
    if "team" not in work.tables()["users"]["columns"]:
        return (
            "The database says 0008b, but users has no column team: 0008a never ran here. Your database was at 0008b "
            "already when that script got its new parent. Begin afresh with the two graphs, and downgrade first."
        )
    if "tags" not in work.tables()["model_metadata"]["columns"]:
        return "The database says 0008b, but has no column tags. Was the id put there without its script, by stamp?"
