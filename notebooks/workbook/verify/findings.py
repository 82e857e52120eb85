"""What the verifier looks for, and how it says what it has found."""
from typing import NamedTuple

ERROR, WARNING = "error", "warning"
MANY = 10  # warnings about one thing: what a project does more often is a habit, and one line tells it


class Finding(NamedTuple):
    """One thing that is wrong, or that somebody should look at."""

    check: str  # a key of CHECKS
    revision: str | None  # the one at fault; None if it is no single one
    what: str
    do: str
    level: str = ERROR


class Check(NamedTuple):
    title: str
    notebook: str  # the one that teaches it


CHECKS = {
    "history": Check("the scripts fit together", "10_repair_clinic"),
    "heads": Check("one head", "05_merge_conflict"),
    "imports": Check("no script needs the app's code", "04_status_data_migration"),
    "names": Check("constraints have names", "04_status_data_migration"),
    "required": Check("required columns have a default", "02_created_at"),
    "rename": Check("a rename keeps its values", "03_ml_metadata"),
    "destructive": Check("what takes data away says so", "07_contract"),
    "downgrade": Check("every step has a way back", "02_created_at"),
    "secrets": Check("no secret in a script", "09_production"),
    "locks": Check("no step stops a table of PostgreSQL's", "08_postgresql"),
    "upgrade": Check("upgrade from empty", "01_initial"),
    "rerun": Check("upgrading again changes nothing", "01_initial"),
    "models": Check("models and schema agree", "03_ml_metadata"),
    "sql": Check("the same as SQL, offline", "09_production"),
    "steps": Check("each step up, down and up with rows", "02_created_at"),
    "values": Check("values survive", "03_ml_metadata"),
    "trace": Check("a downgrade leaves no trace", "02_created_at"),
    "kills": Check("killed at any statement", "09_production"),
    "at once": Check("several upgrades at once", "09_production"),
}
