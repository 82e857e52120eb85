"""What a check reports, and the list of all checks."""
from typing import NamedTuple

ERROR, WARNING = "error", "warning"
MANY = 10  # warnings about one thing: what a project does more often is a habit, and one line tells it


class Finding(NamedTuple):
    """One thing that a check found in a project."""

    check: str  # a key of CHECKS
    revision: str | None  # the id of the revision at fault; None if it is not one of them alone
    what: str  # what is wrong, and where: file, line
    do: str  # what to do about it
    level: str = ERROR  # or WARNING: it works, and somebody should know


# {name: (what holds if the check finds nothing, the notebook that teaches it)}, in the order of the report
CHECKS = {
    "history": ("The scripts can be read, and fit together", "10_repair_clinic"),
    "one_head": ("The history has one head", "05_merge_conflict"),
    "imports": ("No script needs the app's models", "04_status_data_migration"),
    "names": ("Every constraint has a name", "04_status_data_migration"),
    "required": ("A new required column has a value for the rows that are there", "02_created_at"),
    "rename": ("A new name for a column keeps its values", "03_ml_metadata"),
    "destructive": ("What takes data away says so", "07_contract"),
    "downgrade": ("Every step has a way back", "02_created_at"),
    "secrets": ("No password, token or key stands in a script", "09_production"),
    "locks": ("No step stops a table of PostgreSQL's", "08_postgresql"),
}
