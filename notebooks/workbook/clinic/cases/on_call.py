"""Cases that are dealt on call only: no lesson walks through them."""
import sqlite3
from contextlib import closing
from functools import partial

from workbook.clinic.cases.revisions import NOTES, TEAM, begin_repository, write_script
from workbook.clinic.cases.upgrades import copy_database
from workbook.clinic.examination import new_database_of
from workbook.clinic.patients import Case, git, said
from workbook.made_up import add_rows
from workbook.rows import rows_of
from workbook.workspace import Refused

ADD_TEAM = '    op.add_column("users", sa.Column("team", sa.String(length=50), nullable=True))\n'
DROP_TEAM = '    op.drop_column("users", "team")\n'
ADD_REGION = '    op.add_column("model_metadata", sa.Column("region", sa.String(length=30), nullable=True))\n'
DROP_REGION = '    op.drop_column("model_metadata", "region")\n'
REGION = "    region: Mapped[str | None] = mapped_column(String(30))\n"
VERSION = "    version: Mapped[str | None] = mapped_column(String(20))\n"
NAME = "    name: Mapped[str] = mapped_column(String(100))\n"


def lacks(work, table, column, type):
    """What the release was for: `column` of that type in `table`; None if it is there."""
    found = work.tables()[table]["columns"].get(column)
    if found is None:
        return f"All agree again, but what the script was for is gone: {table} has no {column}."
    if found["type"] != type:
        return f"{table}.{column} is a {found['type']}; it was to be a {type}."


has_team = partial(lacks, table="users", column="team", type="VARCHAR(50)")
has_region = partial(lacks, table="model_metadata", column="region", type="VARCHAR(30)")


# --- a parent that does not exist ---------------------------------------------


def name_no_parent(work):
    work.edit("models.py", NAME, NAME + TEAM)
    write_script(work, "0008", "007", "add team to users", ADD_TEAM, DROP_TEAM)


Case(
    name="unknown_parent",
    title="A new script, and no command works any more",
    story="I wrote a script by hand, for a team of users. I have not even applied it, and everything is broken.",
    breaks=name_no_parent,
    shows=("db", "upgrade"),
    hints=("Read the warning above the error: which two ids does it name?", "Which revision was the head before?"),
    solution="""\
script = "migrations/versions/0008_add_team_to_users.py"
work.edit(script, "Revises: 007", "Revises: 0007")
work.edit(script, 'down_revision = "007"', 'down_revision = "0007"')
%flask db upgrade
%flask db check
""",
    rule="An id that no script has stops every command; the warning names the script that asks for it.",
    repaired=has_team,
)


# --- two scripts with the same id ---------------------------------------------


def use_an_id_twice(work):
    work.edit("models.py", NAME, NAME + TEAM)
    write_script(work, "0008", "0007", "add team to users", ADD_TEAM, DROP_TEAM)
    work.must("db", "upgrade")
    work.sql("UPDATE users SET team = 'Data' WHERE id IN (1, 2)")
    work.worth = work.all_rows()
    work.edit("models.py", NOTES, NOTES + REGION)
    write_script(work, "0008", "0007", "region of a model", ADD_REGION, DROP_REGION)
    return f"\n{said(work, 'db', 'upgrade')}\n{said(work, 'db', 'check')}"


def region_in_a_script_of_its_own(work):
    path = work.folder / "migrations" / "versions" / "0008_add_team_to_users.py"
    if not path.exists() or "region" in path.read_text("utf-8"):
        return "The script of the team was applied, so it stays as it was: the region comes in a script of its own."
    return has_region(work)


Case(
    name="one_id_twice",
    title="The new column does not come",
    story="A colleague and I each wrote a script. Mine, the team, was applied to this database last week. His adds\n"
    "the region of a model; it is applied nowhere. An upgrade is refused, and the column is not there.",
    breaks=use_an_id_twice,
    hints=("Alembic warns of an id. Which files have it?", "Which of the two may change: the one that was applied?"),
    solution="""\
name = "migrations/versions/0008_region_of_a_model.py"
text = work.read(name).replace("Revises: 0007", "Revises: 0008")
text = text.replace('down_revision = "0007"', 'down_revision = "0008"')
text = text.replace("Revision ID: 0008", "Revision ID: 0009").replace('\\nrevision = "0008"', '\\nrevision = "0009"')
work.delete(name)
work.write("migrations/versions/0009_region_of_a_model.py", text)
%flask db upgrade
%flask db check
""",
    rule="An id is given once. Of two scripts with the same one, the one that nobody has applied gets a new id.",
    repaired=region_in_a_script_of_its_own,
)


# --- markers of a git conflict in a script ------------------------------------


def commit_a_conflict(work):
    begin_repository(work, "Release 1")
    work.edit("models.py", NAME, NAME + TEAM)
    name = write_script(work, "0008", "0007", "add team to users", ADD_TEAM, DROP_TEAM)
    ours, theirs = "sa.String(length=50)", "sa.String(length=80)"
    line = ADD_TEAM
    marked = f"<<<<<<< HEAD\n{line}=======\n{line.replace(ours, theirs)}>>>>>>> teams\n"
    work.edit(name, line, marked)
    git(work, "add", ".")
    git(work, "commit", "-qm", "Merge branch teams")


Case(
    name="conflict_in_a_script",
    title="No command works after a merge",
    story="We merged two branches, and there was a conflict somewhere, but git let us commit. The team of a user is\n"
    "to have 50 characters, as in the models. It is applied nowhere.",
    breaks=commit_a_conflict,
    shows=("db", "upgrade"),
    hints=(
        "It is an error of Python, in a script. `%flask db heads` shows where: the file and the line.",
        "Keep one of the two lines, and none of the markers.",
    ),
    solution="""\
script = "migrations/versions/0008_add_team_to_users.py"
text = work.read(script)
kept, other = text.partition("<<<<<<< HEAD\\n")[2].split("=======\\n")[0], text.partition("=======\\n")[2]
work.write(script, text.partition("<<<<<<< HEAD\\n")[0] + kept + other.partition(">>>>>>> teams\\n")[2])
%flask db upgrade
%flask db check
""",
    rule="A script is code: what git leaves in it is an error of Python. Look at versions/ after every merge.",
    repaired=has_team,
)


# --- the table of the version is gone -----------------------------------------


def lose_the_version(work):
    work.must("db", "downgrade", "0005")
    work.worth = work.all_rows()
    work.sql("DROP TABLE alembic_version")


Case(
    name="no_version",
    title="The database does not know where it is",
    story="We moved to a new server, table by table, and left out one that the app never reads. Some scripts had not\n"
    "been applied before the move, but nobody knows which.",
    breaks=lose_the_version,
    shows=("db", "upgrade"),
    hints=(
        "Which table says at which revision a database is? Where is it?",
        "The tables show what was done: which columns of 0004, 0005, 0006a and 0006b are there?",
    ),
    solution="""\
work.schema()
%flask db stamp 0005
%flask db upgrade
%flask db check
""",
    rule="The revision is a row in alembic_version. If it is lost, the tables tell it: stamp that, then upgrade.",
)


# --- a table that a downgrade forgot ------------------------------------------


def forget_a_table(work):
    work.write("models.py", work.read("models.py") + '''

class Tag(db.Model):
    """A word that is put to models."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(30))
''')
    up = '''\
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
    )
'''
    write_script(work, "0008", "0007", "create tags", up, "    pass\n")
    work.must("db", "upgrade")
    work.sql("INSERT INTO tags (word) VALUES ('nightly'), ('reviewed')")
    work.worth = work.all_rows()
    work.must("db", "downgrade", "0007")


def downgrade_removes_tags(work):
    if "drop_table" not in work.read(work.script("0008")).partition("def downgrade")[2]:
        return "The next who downgrades and upgrades meets the same: what 0008 creates, its downgrade has to drop."


Case(
    name="forgotten_by_the_downgrade",
    title="Up, down, and not up again",
    story="I went one revision down to try something, and now I can't come up again. The words in tags were typed in\n"
    "by hand. The script is on this machine only.",
    breaks=forget_a_table,
    shows=("db", "upgrade"),
    hints=(
        "Whose table is in the way? Is what is in it worth anything?",
        "The table is as 0008 makes it, and full. Need 0008 run at all here?",
        "Stamp 0008, and mend its downgrade.",
    ),
    solution="""\
%flask db stamp 0008
work.edit(work.script("0008"), '''def downgrade():
    pass
''', '''def downgrade():
    op.drop_table("tags")
''')
%flask db check
""",
    rule="A downgrade takes back all that the upgrade did. What it forgot may hold rows: look before you drop it.",
    repaired=downgrade_removes_tags,
)


# --- models without a script, on a table with rows ----------------------------


def deploy_models_alone(work):
    work.edit("models.py", VERSION, VERSION + "    priority: Mapped[int]\n")
    return f"\n{work.page('/models')!r}\n\n{said(work, 'db', 'upgrade')}"


def priorities(work):
    if missing := lacks(work, "model_metadata", "priority", "INTEGER"):
        return missing
    if work.tables()["model_metadata"]["columns"]["priority"]["nullable"]:
        return "model_metadata.priority may be NULL; it was to be required."
    wrong = {row["priority"] for row in work.all_rows()["model_metadata"].values()} - {0}
    if wrong:
        return f"The models that were there are to have priority 0, and one has {wrong.pop()}."
    answer = work.submit("/models/add", model_name="probe", accuracy="0.5")
    work.sql("DELETE FROM model_metadata WHERE model_name = 'probe'")
    if answer.status >= 400:
        return f"The list is there again, but a model can't be added: the form is answered with {answer.status}."
    with new_database_of(work) as fresh:
        fresh.must("db", "upgrade", "0007")
        add_rows(fresh.url)
        if fresh.flask("db", "upgrade").code:
            return "On another database that has models your script fails."
        if {row["priority"] for row in rows_of(fresh.url)["model_metadata"].values()} != {0}:
            return "On another database your script gives the models that are there something else than 0."


Case(
    name="models_without_a_script",
    title="The page is broken, the upgrade has nothing to do",
    story="The new release gives each model a priority, a whole number that is required. For the models that are\n"
    "there it is 0. It is deployed, and the list of models is an error page.",
    breaks=deploy_models_alone,
    hints=(
        "What do models and database disagree about? `%flask db check` says it.",
        "A required column on a table that has rows: which three ways are there?",
        '`server_default="0"` in the model, generate the script, upgrade.',
    ),
    solution="""\
work.edit("models.py", "priority: Mapped[int]", 'priority: Mapped[int] = mapped_column(server_default="0")')
%flask db migrate -m "add priority to model_metadata" --rev-id 0008
%flask db upgrade
%flask db check
""",
    rule="A model is a wish: without a script it changes no table. `flask db check` in the release would have said so.",
    repaired=priorities,
)


# --- a rename that lost its values --------------------------------------------

RENAMED = "    release: Mapped[str | None] = mapped_column(String(20))\n"


def rename_and_lose(work):
    worth = work.all_rows()
    copy_database(work.file, work.file.with_name("backup.db"))
    work.edit("models.py", VERSION, RENAMED)
    for file in ("app.py", "forms.py", "sample_data.py", "templates/models.html", "tests/test_pages.py"):
        work.write(file, work.read(file).replace("version", "release"))
    work.must("db", "migrate", "-m", "rename version", "--rev-id", "0008")
    work.must("db", "upgrade")
    for row in worth["model_metadata"].values():
        row["release"] = row.pop("version")
    work.worth = worth
    return "\n" + repr(work.sql("SELECT id, model_name, release FROM model_metadata ORDER BY id"))


def renamed_by_the_script(work):
    """On another database the script carries the values over, and back."""
    with new_database_of(work) as fresh:
        fresh.must("db", "upgrade", "0007")
        add_rows(fresh.url)
        values = values_of(fresh, "version")
        fresh.must("db", "upgrade")
        if values_of(fresh, "release") != values:
            return "This database is well. On the next one your script still loses the values on the way up."
        fresh.must("db", "downgrade", "0007")
        if values_of(fresh, "version") != values:
            return "This database is well. On the way back your script still loses the values."


def values_of(project, column):
    return {key: row[column] for key, row in rows_of(project.url)["model_metadata"].items()}


Case(
    name="renamed_and_lost",
    title="After the release, a column is empty",
    story="`version` is called `release` now. The script was generated, the upgrade ended with exit code 0, and all\n"
    "values are gone. There is a backup of before, instance/backup.db, and nobody has written anything since.\n"
    "Script and release are on this server only.",
    breaks=rename_and_lose,
    hints=(
        "Read the script: what does it do to version?",
        "With the backup in the place of the database (`shutil.copyfile`; nothing else is connected) you are before "
        "the script, which nobody else has.",
        "`alter_column(\"version\", new_column_name=\"release\")` in a batch, in both directions.",
    ),
    solution="""\
import shutil
shutil.copyfile(work.file.with_name("backup.db"), work.file)
work.write("migrations/versions/0008_rename_version.py", '''\"\"\"rename version\"\"\"
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column("version", new_column_name="release")


def downgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column("release", new_column_name="version")
''')
%flask db upgrade
%flask db check
""",
    rule="Add and drop in one script is a rename that loses. After it only a backup helps: restore, write the rename.",
    repaired=renamed_by_the_script,
    databases=("sqlite",),
)


# --- rows that point nowhere --------------------------------------------------


def orphan(work):
    work.sql("UPDATE model_metadata SET owner_id = 2 WHERE id IN (1, 3)")
    work.sql("UPDATE model_metadata SET owner_id = 3 WHERE id NOT IN (1, 3)")
    with closing(sqlite3.connect(work.file)) as connection, connection:
        connection.execute("DELETE FROM users WHERE id = 2")  # by a tool that does not switch foreign keys on
    worth = work.all_rows()
    for row in worth["model_metadata"].values():
        row["owner_id"] = None if row["owner_id"] == 2 else row["owner_id"]
    work.worth = worth
    work.edit("models.py", NAME, NAME + TEAM)
    write_script(work, "0008", "0007", "add team to users", ADD_TEAM, DROP_TEAM)


Case(
    name="orphans",
    title="A harmless script fails, and names rows that it does not touch",
    story="A user has left, and was deleted with a database tool. Now no upgrade works any more.",
    breaks=orphan,
    shows=("db", "upgrade"),
    hints=(
        "Which rows does the error name, and what do they point at?",
        "What would the foreign key have done to them, had the tool obeyed it? Look at `ondelete` in the models.",
    ),
    solution="""\
work.sql("UPDATE model_metadata SET owner_id = NULL WHERE owner_id NOT IN (SELECT id FROM users)")
%flask db upgrade
%flask db check
""",
    rule="SQLite obeys foreign keys only where they are switched on. Mend rows as the key would have, and keep them.",
    databases=("sqlite",),
)


# --- a default in the words of another database -------------------------------

ADD_REVIEW = "INSERT INTO reviews (verdict) VALUES ('good')"


def use_anothers_default(work):
    work.write("models.py", work.read("models.py") + '''

class Review(db.Model):
    """What somebody thinks of the models."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(String(100))
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
''')
    up = '''\
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=100), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("(now())"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
'''
    write_script(work, "0008", "0007", "create reviews", up, '    op.drop_table("reviews")\n')
    work.must("db", "upgrade")
    work.sql("INSERT INTO reviews (verdict, written_at) VALUES ('old but sound', '2026-02-12 08:00:00')")
    work.worth = work.all_rows()
    return f"\n{ADD_REVIEW}\n{refused(work)}"


def refused(work):
    """What is wrong with a new review; None if nothing is. It is taken out again."""
    try:
        work.sql(ADD_REVIEW)
    except Refused as reason:
        return f"Refused: {reason}"
    [[written_at]] = work.sql("SELECT written_at FROM reviews ORDER BY id DESC LIMIT 1").rows
    work.sql("DELETE FROM reviews WHERE id = (SELECT max(id) FROM reviews)")
    return None if str(written_at)[:2].isdecimal() else f"It is there, but its written_at is no time: {written_at!r}"


def takes_a_review(work):
    if "now())" not in work.read(work.script("0008")) or "sa.text" not in work.read(work.script("0008")):
        return "0008 says something else than what ran on all machines: restore it, and let a new script correct it."
    reason = refused(work)
    return f"A new review is not well. {reason}" if reason else None


Case(
    name="default_of_another_database",
    title="Since the last upgrade nothing can be added",
    story="0008 was generated on the server, which has PostgreSQL, and all is well there. On this SQLite it ran\n"
    "without a word, too, but a review can't be added. It has been applied on all machines.",
    breaks=use_anothers_default,
    hints=(
        "What does an INSERT need that a SELECT does not? `work.tables()` shows the defaults.",
        "The script was applied everywhere, so it stays as it is. A new one changes the default.",
        '`alter_column("written_at", server_default=sa.func.now())`, in a batch.',
    ),
    solution="""\
work.write("migrations/versions/0009_default_of_written_at.py", '''\"\"\"default of written_at\"\"\"
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("written_at", server_default=sa.func.now())


def downgrade():
    pass
''')
%flask db upgrade
%flask db check
""",
    rule="A default is frozen in the words of the database that it was generated on. Write sa.func.now(), sa.true().",
    repaired=takes_a_review,
    databases=("sqlite",),
)
