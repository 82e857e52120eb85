"""Wrong but plausible answers to the exercises of 01_initial, and a part of what each is told."""

TEAM = '''mine.write("models.py", mine.read("models.py") + """

class Team(db.Model):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
""")
'''
APPLY = '%flask db migrate -m "create teams" --rev-id 0001t\n%flask db upgrade'

WRONG = {
    "order-of-steps": [
        ('steps = ["change the model", "generate", "apply", "review", "prove"]', "applied unread"),
        ('steps = ["change the model", "review", "generate", "apply", "prove"]', "no script to read"),
        ('steps = ["change the model", "generate", "review", "prove", "apply"]', "too early"),
    ],
    "teams-table": [
        ('mine.edit("models.py", "class User(", "class Team(")', "to be called teams"),
        (TEAM, "No script has the id 0001t"),
        (TEAM + '%flask db migrate -m "create teams" --rev-id 0001t', "not applied"),
        (TEAM + '%flask db revision -m "create teams" --rev-id 0001t\n%flask db upgrade', "creates no table"),
        (TEAM.replace("50", "100") + APPLY, "at most 50"),
        (TEAM.replace("[str]", "[str | None]") + APPLY, "NULL"),
        (TEAM.replace(", unique=True", "") + APPLY, "not unique"),
    ],
}
