"""Alembic cannot find its way: the scripts and the revision in the database do not fit together."""
from workbook.clinic.patients import Case


def lose_revision(work):
    work.delete(work.script("0004"))


Case(
    name="lost_revision",
    title="A revision file is lost",
    story="The file of revision 0004 is gone, and the project was never under version control.",
    breaks=lose_revision,
    shows=("db", "current"),
    hints=("Which id is missing?", "What did the lost script do?"),
    solution="work.take('05_merge_conflict', 'migrations/versions/0004_add_version_to_model_metadata.py')",
    rule="Scripts belong into version control.",
    lesson="10_repair_clinic",
)
