"""Checkers of 01_initial."""
from workbook.checks import checker
from workbook.stages import script_directory

STEPS = ["change the model", "generate", "review", "apply", "prove"]


@checker
def order_of_steps(steps):
    if sorted(steps) != sorted(STEPS):
        return f"Use each of these once: {', '.join(sorted(STEPS))}."
    if steps.index("generate") < steps.index("change the model"):
        return "Alembic compares the models with the database: what does it find before the model has changed?"
    if steps.index("apply") < steps.index("review"):
        return "A script that is applied unread has already changed the database when somebody finds its mistake."
    if steps.index("review") < steps.index("generate"):
        return "There is no script to read before one is generated."
    if steps != STEPS:
        return "One step is still too early: what can be proved before the script has run?"


@checker
def teams_table(work):
    models = work.read("models.py")
    if "class Team" not in models:
        return "models.py has no class Team yet."
    if '"teams"' not in models:
        return 'The table is to be called teams: __tablename__ = "teams".'
    script = next((each for each in script_directory(work.folder).walk_revisions() if each.revision == "0001t"), None)
    if script is None:
        return (
            "No script has the id 0001t: generate one with flask db migrate, and give it --rev-id 0001t. If the "
            "command said that nothing has changed, it ran in another copy: run the cell that makes this one again."
        )
    if "create_table" not in work.read(work.script("0001t")):
        return "The script 0001t creates no table: nothing was new when it was made. Delete it and generate it again."
    if "0001t" not in work.revision():
        return "The script is there, but not applied: flask db heads says 0001t, flask db current does not."
    table = work.tables().get("teams")
    if table is None:
        return "The database is at 0001t, but has no table teams. Its id was put there without its script (stamp)?"
    name = table["columns"].get("name")
    if name is None or name["type"] != "VARCHAR(50)":
        found = name["type"] if name else "no such column"
        return f"teams.name is to be a text of at most 50 characters; found: {found}."
    if name["nullable"]:
        return "teams.name may be NULL. Mapped[str] makes it required, Mapped[str | None] does not."
    if not any(each["columns"] == ["name"] for each in table["unique"].values()):
        return "Two teams could have the same name: the column is not unique."
