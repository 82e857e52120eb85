"""Wrong but plausible repairs of the cases on call, a part of what each is told, and other right ones."""

STAMP = "%flask db stamp head"
NO_TEAM = """work.edit("models.py", "    team: Mapped[str | None] = mapped_column(String(50))\\n", "")\n"""
NO_REGION = """work.edit("models.py", "    region: Mapped[str | None] = mapped_column(String(30))\\n", "")\n"""
DELETE = 'work.delete("migrations/versions/{}.py")\n'
FROM_BACKUP = """import sqlite3
from contextlib import closing
with closing(sqlite3.connect(work.file)) as database, database:
    database.execute("ATTACH ? AS backup", (str(work.file.with_name("backup.db")),))
    database.execute(
        "UPDATE model_metadata SET release = (SELECT version FROM backup.model_metadata AS old"
        " WHERE old.id = model_metadata.id)"
    )
"""
RENAME = '''work.write("migrations/versions/0008_rename_version.py", """
import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column("version", new_column_name="release")


def downgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        {back}
""")
'''
BACK = 'batch_op.alter_column("release", new_column_name="version")'
LOSING_BACK = 'batch_op.drop_column("release")\n        batch_op.add_column(sa.Column("version", sa.String(20)))'
DEFAULT_0 = 'work.edit("models.py", "priority: Mapped[int]", "priority: Mapped[int] = mapped_column(default=0)")\n'
TEXT_AS_DEFAULT = '''work.write("migrations/versions/0009_default.py", """
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("written_at", server_default="now()")


def downgrade():
    pass
""")
%flask db upgrade
'''

WRONG = {
    "unknown-parent": [
        ("%flask db stamp --purge head", "Alembic can't follow the scripts"),
        ('work.delete("migrations/versions/0008_add_team_to_users.py")', "Models and database disagree"),
        (NO_TEAM + DELETE.format("0008_add_team_to_users"), "users has no team"),
    ],
    "one-id-twice": [
        (
            'work.delete("migrations/versions/0008_region_of_a_model.py")',
            "Models and database disagree",
        ),
        (
            'work.delete("migrations/versions/0008_add_team_to_users.py")\n'
            "%flask db stamp 0007\n%flask db upgrade",
            "column team only in your database",
        ),
        (
            'work.sql("ALTER TABLE model_metadata ADD COLUMN region VARCHAR(30)")',
            "Revision 0008 is present more than once",
        ),
        (NO_REGION + DELETE.format("0008_region_of_a_model"), "model_metadata has no region"),
    ],
    "conflict-in-a-script": [
        ('work.delete("migrations/versions/0008_add_team_to_users.py")', "Models and database disagree"),
        (
            'script = "migrations/versions/0008_add_team_to_users.py"\n'
            "text = work.read(script)\n"
            'work.write(script, text.replace("<<<<<<< HEAD\\n", "").replace("=======\\n", "")'
            '.replace(">>>>>>> teams\\n", ""))\n'
            "%flask db upgrade",
            "is at 0007, the scripts go up to 0008",
        ),
        ("%flask db stamp head", "Alembic can't follow the scripts"),
        (
            DELETE.format("0008_add_team_to_users")
            + 'work.edit("models.py", "team: Mapped[str | None] = mapped_column(String(50))",'
            ' "team: Mapped[str | None] = mapped_column(String(80))")\n'
            '%flask db migrate -m "add team to users" --rev-id 0008\n%flask db upgrade',
            "users.team is a VARCHAR(80)",
        ),
    ],
    "no-version": [
        (STAMP, "Revision and tables do not fit together"),
        ("%flask db stamp 0004\n%flask db upgrade", "at 0004, the scripts go up to 0007"),
        (
            'work.sql("DROP TABLE model_metadata")\nwork.sql("DROP TABLE users")\n%flask db upgrade',
            "the row is missing",
        ),
    ],
    "forgotten-by-the-downgrade": [
        ('work.sql("DROP TABLE tags")\n%flask db upgrade', "the row is missing"),
        (STAMP, "its downgrade has to drop"),
        (
            "work.edit(work.script(\"0008\"), '''def downgrade():\n    pass\n''', "
            "'''def downgrade():\n    op.drop_table(\"tags\")\n''')",
            "is at 0007",
        ),
    ],
    "models-without-a-script": [
        (STAMP, "Models and database disagree"),
        (
            'work.sql("ALTER TABLE model_metadata ADD COLUMN priority INTEGER DEFAULT 0 NOT NULL")',
            "priority only in your database",
        ),
        (
            'work.edit("models.py", "    priority: Mapped[int]\\n", "    priority: Mapped[int | None]\\n")\n'
            '%flask db migrate -m "add priority" --rev-id 0008\n%flask db upgrade\n'
            'work.sql("UPDATE model_metadata SET priority = 0")',
            "it was to be required",
        ),
        (
            'work.edit("models.py", "    priority: Mapped[int]\\n", "")',
            "model_metadata has no priority",
        ),
        (
            'work.sql("DELETE FROM model_metadata")\n'
            '%flask db migrate -m "add priority" --rev-id 0008\n%flask db upgrade',
            "the row is missing",
        ),
    ],
    "renamed-and-lost": [
        ("%flask db downgrade", "is at 0007"),
        (
            "import shutil\n"
            'shutil.copyfile(work.file.with_name("backup.db"), work.file)\n%flask db upgrade',
            "release was",
        ),
        (
            "import shutil\n"
            'shutil.copyfile(work.file.with_name("backup.db"), work.file)\n%flask db stamp head',
            "Revision and tables do not fit together",
        ),
        (FROM_BACKUP, "On the next one your script still loses"),
        (FROM_BACKUP + RENAME.format(back=LOSING_BACK), "On the way back your script still loses"),
    ],
    "orphans": [
        (
            'work.sql("DELETE FROM model_metadata WHERE owner_id NOT IN (SELECT id FROM users)")\n%flask db upgrade',
            "the row is missing",
        ),
        (
            "import sqlite3\nfrom contextlib import closing\n"
            "with closing(sqlite3.connect(work.file)) as database, database:\n"
            "    database.execute(\"UPDATE alembic_version SET version_num = '0008'\")",
            "Revision and tables do not fit together",
        ),
        (
            'work.sql("UPDATE model_metadata SET owner_id = 1 WHERE owner_id NOT IN (SELECT id FROM users)")\n'
            "%flask db upgrade",
            "owner_id was None, is 1",
        ),
    ],
    "default-of-another-database": [
        (
            """work.edit(work.script("0008"), 'sa.text("(now())")', "sa.func.now()")""",
            "Revision and tables do not fit together",
        ),
        (
            """work.edit(work.script("0008"), 'sa.text("(now())")', "sa.func.now()")\n"""
            "%flask db downgrade 0007\n%flask db upgrade",
            "the row is missing",
        ),
        ('%flask db migrate -m "the default" --rev-id 0009\n%flask db upgrade', "A new review is not well"),
        (TEXT_AS_DEFAULT, "is no time"),
    ],
}

RIGHT = {
    "unknown-parent": [
        'work.delete("migrations/versions/0008_add_team_to_users.py")\n'
        '%flask db migrate -m "add team to users" --rev-id 0008\n%flask db upgrade'
    ],
    "one-id-twice": [
        'work.delete("migrations/versions/0008_region_of_a_model.py")\n'
        '%flask db migrate -m "region of a model" --rev-id 0009\n%flask db upgrade'
    ],
    "conflict-in-a-script": [
        'work.delete("migrations/versions/0008_add_team_to_users.py")\n'
        '%flask db migrate -m "add team to users" --rev-id 0008\n%flask db upgrade'
    ],
    "no-version": ["%flask db stamp 0005\n%flask db upgrade 0006a\n%flask db upgrade 0006b\n%flask db upgrade"],
    "forgotten-by-the-downgrade": [
        """work.edit(work.script("0008"), '''def downgrade():
    pass
''', '''def downgrade():
    op.drop_table("tags")
''')
work.sql("ALTER TABLE tags RENAME TO kept")
%flask db upgrade
work.sql("INSERT INTO tags SELECT * FROM kept")
work.sql("DROP TABLE kept")
"""
    ],
    "models-without-a-script": [
        DEFAULT_0
        + """%flask db migrate -m "add priority" --rev-id 0008
script = work.script("0008")
work.edit(script, "sa.Integer(), nullable=False))", "sa.Integer(), nullable=True))")
text = work.read(script).replace("\\n\\n\\ndef downgrade", '''
    op.execute("UPDATE model_metadata SET priority = 0")
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column("priority", existing_type=sa.Integer(), nullable=False)


def downgrade''')
work.write(script, text)
%flask db upgrade
"""
    ],
    "renamed-and-lost": [FROM_BACKUP + RENAME.format(back=BACK)],
    "orphans": [
        'work.sql("UPDATE model_metadata SET owner_id = NULL WHERE id IN (1, 3)")\n%flask db upgrade'
    ],
    "default-of-another-database": [
        '''work.write("migrations/versions/0009_default.py", """
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("written_at", server_default=sa.text("CURRENT_TIMESTAMP"))


def downgrade():
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("written_at", server_default=sa.text("(now())"))
""")
%flask db upgrade
'''
    ],
}  # fmt: skip
