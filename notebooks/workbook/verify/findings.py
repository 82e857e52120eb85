"""What the verifier looks for, and how it says what it has found."""
from typing import NamedTuple

ERROR, WARNING = "error", "warning"


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
    "heads": Check("one head", "05_merge_conflict"),
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
