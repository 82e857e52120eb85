"""Checkers of 02_created_at."""
import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa

from workbook.checks import checker
from workbook.made_up import add_rows
from workbook.prove import copy_of
from workbook.rows import rows_of
from workbook.schema import engine_of
from workbook.stages import script_directory
from workbook.workspace import Project

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SCRIPT = '''"""add active to users"""
import sqlalchemy as sa
from alembic import op

revision = "0003a"
down_revision = "0002"

{upgrade}

def downgrade():
    op.drop_column("users", "active")
'''


def reason(ended):
    """What a failed command says at its end, without the name of the logger before it."""
    return ended.output.strip().rpartition("\n")[2].rpartition("Error: Rolled back in ")[2]


@checker
def active_column(upgrade):
    if blanks := upgrade.count("____"):
        return f"Blanks left: {blanks}."
    return trial(upgrade, "sqlite") or trial(upgrade, "postgresql")


def trial(upgrade, database):
    """Run the script on a copy of the stage with rows."""
    name = NAMES[database]
    with copy_of("02_created_at", database) as project:
        project.must("db", "upgrade")
        there = add_rows(project.url)["users"]
        script = project.folder / "migrations" / "versions" / "0003a_add_active_to_users.py"
        script.write_text(SCRIPT.format(upgrade=upgrade), encoding="utf-8")
        ended = project.flask("db", "upgrade")
        if ended.code:
            return f"On {name}, with {there} users in the table, the upgrade fails: {reason(ended)}"
        column = project.tables()["users"]["columns"].get("active")
        if column is None or column["type"] != "BOOLEAN":
            return "The script runs, but there is no column active of type BOOLEAN after it."
        if column["nullable"]:
            return "active may be NULL, but it is to be required."
        active = count_active(project.url)
        if active < there:
            return f"On {name} {active} of the {there} users who were there are active; all of them are to be."


def count_active(url):
    users = sa.table("users", sa.column("active", sa.Boolean))
    with engine_of(url).connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(users).where(users.c.active.is_(True)))


@checker
def contact_column(work):
    if "contact" not in work.read("models.py"):
        return "models.py does not say contact yet: begin with the model."
    script = next((each for each in script_directory(work.folder).walk_revisions() if each.revision == "0003c"), None)
    if script is None:
        return "No script has the id 0003c: generate one with flask db migrate, and give it --rev-id 0003c."
    if "0003c" not in work.revision():
        return (
            "The script 0003c is there, and the database is not at it. If flask db upgrade fails, "
            "ask what the four users get before the column is NOT NULL. If it says no such column, the UPDATE stands "
            "inside the batch, which makes its changes when it ends: let it stand after the block."
        )
    column = work.tables()["users"]["columns"].get("contact")
    if column is None or column["type"] != "VARCHAR(120)":
        return f"contact is to be a text of at most 120 characters; found: {column['type'] if column else 'no column'}."
    if column["default"]:
        return f"A new row without a contact would get {column['default']} from the database; it is to be refused."
    if column["nullable"]:
        return "contact may be NULL: the step that makes it NOT NULL is missing, in the model or in the script."
    users = rows_of(work.url)["users"]
    if len(users) < 4:
        return f"Of the four users {len(users)} are left."
    for key, user in users.items():
        if user["contact"] != user["email"]:
            return f"The contact of user {key} is {user['contact']!r}, the email {user['email']!r}."
    if work.flask("db", "check").code:
        return "flask db check fails: the models and the database do not agree."
    return there_and_back(work, users)


def there_and_back(work, users):
    """Go down and up in a copy, so that the learner's own database stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Project(shutil.copytree(work.folder, Path(folder) / "copy"), work.database)
        for step in (("downgrade", "0002"), ("upgrade", "0003c")):
            ended = copy.flask("db", *step)
            if ended.code:
                return f"In a copy, flask db {' '.join(step)} fails: {reason(ended)}"
        if rows_of(copy.url)["users"] != users:
            return "In a copy, after flask db downgrade 0002 and flask db upgrade, the users were not the same."
