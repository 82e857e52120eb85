"""Alembic finds no way: the scripts, the revision in the database and the models do not fit together."""
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

from workbook.clinic.examination import findings, new_database_of
from workbook.clinic.patients import Case, git, said
from workbook.rows import add_rows

LESSON = "10_repair_clinic"
NAME = "    name: Mapped[str] = mapped_column(String(100))\n"
EMAIL = "    email: Mapped[str] = mapped_column(String(120), unique=True)\n"
TEAM = "    team: Mapped[str | None] = mapped_column(String(50))\n"
OFFICE = "    office: Mapped[str | None] = mapped_column(String(50))\n"
NOTES = "    notes: Mapped[str | None] = mapped_column(Text)\n"
TAGS = "    tags: Mapped[str | None] = mapped_column(String(200))\n"
FRAMEWORK = '    framework: Mapped[str] = mapped_column(String(30), server_default="unknown", index=True)\n'
CREATE_ALL = "        db.create_all()\n"

SCRIPT = '''"""{message}

Revision ID: {revision}
Revises: {after}
"""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {parent}
branch_labels = None
depends_on = None


def upgrade():
{up}

def downgrade():
{down}'''


def write_script(work, revision, after, message, up, down):
    """A migration script as a person writes it; `after` is its parent's id or None. Returns its name."""
    name = f"migrations/versions/{revision}_{message.replace(' ', '_')}.py"
    ids = {"revision": revision, "after": after or "", "parent": f'"{after}"' if after else None}
    work.write(name, SCRIPT.format(message=message, up=up, down=down, **ids))
    return name


def write_add_team(work, revision="0008"):
    """The models and a script give users a team; returns the script's name. Nothing is applied."""
    work.edit("models.py", EMAIL, EMAIL + TEAM)
    up = '    op.add_column("users", sa.Column("team", sa.String(length=50), nullable=True))\n'
    return write_script(work, revision, "0007", "add team to users", up, '    op.drop_column("users", "team")\n')


def add_team(work):
    """As `write_add_team`, applied, and two users have a team."""
    name = write_add_team(work)
    work.must("db", "upgrade")
    work.sql("UPDATE users SET team = 'Data' WHERE id IN (1, 2)")
    work.worth = work.all_rows()
    return name


def commit(work, message):
    git(work, "add", ".")
    git(work, "commit", "-qm", message)


def begin_repository(work, message):
    git(work, "init", "-q")
    commit(work, message)


def put_back(work, rows):
    """Insert `rows`, as `rows_of` returns them, into tables that are empty; the ids are counted anew."""
    engine = create_engine(work.url, poolclass=NullPool)
    with engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for name, found in rows.items():
            columns = tables.tables[name].columns.keys()
            new = [{key: row[key] for key in columns if key in row and key != "id"} for row in found.values()]
            connection.execute(tables.tables[name].insert(), new)


def wrong_in_second(work, place):
    """What is wrong with the other database of `work`; `place` says where that is, such as "On the laptop"."""
    found = next(findings(work.second), None)
    return f"{place} (work.second): {found}" if found else None


# --- a revision file lost, without git ----------------------------------------


def lose_revision(work):
    work.edit("models.py", NOTES, NOTES + FRAMEWORK)
    up = """\
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.add_column(sa.Column("framework", sa.String(length=30), server_default="unknown", nullable=False))
        batch_op.create_index(op.f("ix_model_metadata_framework"), ["framework"])
"""
    down = """\
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.drop_index(op.f("ix_model_metadata_framework"))
        batch_op.drop_column("framework")
"""
    name = write_script(work, "0008", "0007", "add framework to model_metadata", up, down)
    work.must("db", "upgrade")
    work.sql("UPDATE model_metadata SET framework = 'torch' WHERE id IN (2, 5)")
    work.worth = work.all_rows()
    work.delete(name)


Case(
    name="lost_revision",
    title="A revision file is lost",
    story="I tidied up the folder versions/ and took one file too many. The project was never in git.",
    breaks=lose_revision,
    shows=("db", "current"),
    hints=(
        "The database names the file that is missing. What did that script do? The tables still show it.",
        "The script has to exist again, under the same id, and do the same. "
        "On this database it must not run again: here it was applied.",
        "Let Alembic write it: `work.another(\"new\")` is an empty database. Upgrade that one with the scripts "
        "that are left; compared with it, the models have something new: `flask db migrate … --rev-id 0008`.",
    ),
    solution="""\
new = work.another("new")
new.use()
%flask db upgrade
%flask db migrate -m "add framework to model_metadata" --rev-id 0008
work.use()
%flask db current
%flask db check
""",
    rule="A lost script is written again under its id, until it makes what is there; `stamp --purge` only silences.",
    lesson=LESSON,
    walked=True,
)


# --- a revision file lost, with git -------------------------------------------


def lose_in_commit(work):
    begin_repository(work, "Release 1")
    name = add_team(work)
    commit(work, "Give users a team")
    work.delete(name)
    work.edit("README.md", "## Run it", "## How to run it")
    commit(work, "Tidy up")
    work.write("NOTES.md", "Ask Ada for the server's address.\n")
    commit(work, "Add notes for new people")


def restored_in_git(work):
    if git(work, "status", "--porcelain", "--", "migrations").output:
        return "The script is back in your folder only. Commit it: the others have lost it as well."


Case(
    name="lost_in_commit",
    title="A revision file was deleted in a commit",
    story="Since I pulled this morning, no `flask db` command works any more. The project is in git.",
    breaks=lose_in_commit,
    shows=("db", "upgrade"),
    hints=(
        "What git has had once, it still has. Which commit deleted a file in migrations/versions?",
        "`%git log --diff-filter=D --name-only --oneline -- migrations/versions` names commit and file. "
        "The commit before that one has the file.",
        "`%git restore --source=COMMIT~1 FILE`, where COMMIT is the one that deleted it. Then commit.",
    ),
    solution="""\
%git log --diff-filter=D --name-only --oneline -- migrations/versions
%git restore --source=HEAD~2 migrations/versions/0008_add_team_to_users.py
%git add migrations
%git commit -qm "Bring back the script 0008"
%flask db check
""",
    rule="In git no script is lost: find the commit that deleted it, restore the file from the commit before, commit.",
    repaired=restored_in_git,
    lesson=LESSON,
)


# --- the database ahead of the code -------------------------------------------


def roll_back_the_deploy(work):
    begin_repository(work, "Release 1")
    git(work, "tag", "release-1")
    write_add_team(work)
    commit(work, "Release 2: users have a team")
    git(work, "tag", "release-2")
    work.must("db", "upgrade")
    git(work, "switch", "-q", "--detach", "release-1")


Case(
    name="ahead_after_rollback",
    title="The database is ahead of the code",
    story="At noon we deployed release-2 and upgraded the database. Its new page was too slow, so at one o'clock\n"
    "we put release-1 back, by `git switch --detach release-1`. The pages work, but no `flask db` command does.",
    breaks=roll_back_the_deploy,
    shows=("db", "upgrade"),
    hints=(
        "The old code does not have the script of the revision that the database is at. Which code has it?",
        "There are two ways out: the newer code again, or the database back. Back costs what the new column holds: "
        "look at it first.",
        "Only the newer code knows the way back: switch to release-2, downgrade to the head of release-1, switch back.",
    ),
    solution="""\
work.sql("SELECT count(*) AS users, count(team) AS with_a_team FROM users")
%git switch -q --detach release-2
%flask db downgrade 0007
%git switch -q --detach release-1
%flask db check
""",
    rule="Downgrade with the newer code, before the older one is put back; and look first what it costs.",
    lesson=LESSON,
)


# --- a database that was stamped wrong ----------------------------------------


def stamp_wrong(work):
    work.must("db", "downgrade", "0006a@0005")  # takes the merge and the owners back, leaves the notes
    work.worth = work.all_rows()
    work.must("db", "stamp", "head")
    return f"\n{work.page('/models')!r}\n\n{said(work, 'db', 'upgrade')}"


Case(
    name="stamped_wrong",
    title="A database was stamped at a revision that it does not have",
    story="The server broke, and we restored the database from an older backup. An upgrade seemed risky, so somebody\n"
    "ran `flask db stamp head`: \"then it is up to date\". Since then the list of models ends in an error, and an\n"
    "upgrade has nothing to do.",
    breaks=stamp_wrong,
    hints=(
        "The id in the database is wrong, the tables are right: they are those of an earlier revision. Of which one?",
        "Look at the tables: what did 0005, 0006a and 0006b do, and which of it is there? "
        "`%flask db history` has the order.",
        "The notes are there, the owner is not: it is at 0006b. Stamp that, and let Alembic do the rest.",
    ),
    solution="""\
%flask db stamp 0006b
%flask db upgrade
%flask db check
""",
    rule="Stamp says that something is done and does nothing: stamp what the tables show, then upgrade.",
    lesson=LESSON,
)


# --- two heads, each applied on a server --------------------------------------


def apply_a_head_each(work):
    work.second = work.another("second")
    work.second.must("db", "upgrade")
    work.second.must("seed", "--rows", "4")
    write_add_team(work, "0008a")
    work.edit("models.py", NOTES, NOTES + TAGS)
    up = '    op.add_column("model_metadata", sa.Column("tags", sa.String(length=200), nullable=True))\n'
    down = '    op.drop_column("model_metadata", "tags")\n'
    write_script(work, "0008b", "0007", "add tags to model_metadata", up, down)
    work.must("db", "upgrade", "0008a")
    work.second.must("db", "upgrade", "0008b")
    work.sql("UPDATE users SET team = 'Data' WHERE id IN (1, 2)")
    work.second.sql("UPDATE model_metadata SET tags = 'nightly' WHERE id = 3")
    work.worth, work.second.worth = work.all_rows(), work.second.all_rows()


Case(
    name="heads_on_two_servers",
    title="Two heads, each applied on a different server",
    story="We work on two branches, and each was deployed to another server: 0008a (a team for users) to the first,\n"
    "0008b (tags for models) to the second. Now the branches are merged, and neither server can be upgraded.\n"
    "`work` is the first server's database, `work.second` the second's; `work.second.use()` lets %flask work there.",
    breaks=apply_a_head_each,
    shows=("db", "upgrade"),
    hints=(
        "Both scripts are in production. Which of the ways to one head touches neither?",
        "A merge script. Each server then runs what it lacks, and the merge.",
        "`flask db merge heads`, then `flask db upgrade` with `work.second.use()`, and with `work.use()`.",
    ),
    solution="""\
%flask db merge heads -m "merge team and tags" --rev-id 0009
%flask db upgrade
work.second.use()
%flask db upgrade
work.use()
%flask db check
""",
    rule="Two heads that are both in production are merged; then every server is upgraded.",
    repaired=lambda work: wrong_in_second(work, "On the second server"),
    lesson=LESSON,
)


# --- a script that was edited after it was applied ----------------------------


def edit_applied_script(work):
    begin_repository(work, "Release 1")
    name = add_team(work)
    commit(work, "Release 2: users have a team")
    git(work, "tag", "release-2")
    work.second = work.another("laptop")
    work.edit("models.py", TEAM, TEAM + OFFICE)
    up = '    op.add_column("users", sa.Column("team", sa.String(length=50), nullable=True))\n'
    work.edit(name, up, up + up.replace("team", "office"))
    down = '    op.drop_column("users", "team")\n'
    work.edit(name, down, down.replace("team", "office") + down)
    commit(work, "Users have an office, too")
    work.second.must("db", "upgrade")
    work.second.must("seed", "--rows", "4")
    work.second.worth = work.second.all_rows()
    return "\n".join(
        ["\nOn the laptop:", said(work.second, "db", "check"), "On the server:", said(work, "db", "upgrade")]
        + [said(work, "db", "check")]
    )


def as_released(work):
    if "office" in work.read(work.script("0008")):
        return "0008 still says something else than what ran on the servers. At the tag release-2 git has it as it was."
    return wrong_in_second(work, "On the laptop")


Case(
    name="edited_script",
    title="A script was edited after it was applied",
    story="Release 2 gave users a team. Then they were to have an office, too. I had not noticed that release 2 is in\n"
    "production already, on three servers, and put the office into the same script. On my laptop I made the\n"
    "database anew, and all is well there. Is it the server's fault?\n"
    "`work` is a server's database, `work.second` the laptop's; `work.second.use()` lets %flask work there.",
    breaks=edit_applied_script,
    hints=(
        "A server that is at 0008 never runs 0008 again, whatever the file says by now. Which script will it run?",
        "The script has to say again what the servers ran; git has it so, at the tag release-2. "
        "The office needs a new script.",
        "With 0008 restored, generate 0009 against the server's database and upgrade there. "
        "The laptop is at 0008 and has the office already: its tables are those of 0009.",
    ),
    solution="""\
%git restore --source=release-2 migrations/versions/0008_add_team_to_users.py
%flask db migrate -m "add office to users" --rev-id 0009
%flask db upgrade
work.second.use()
%flask db stamp 0009
%flask db check
work.use()
""",
    rule="What others have applied does not change any more: restore the script, correct by a new one.",
    repaired=as_released,
    lesson=LESSON,
)


# --- a project that began with create_all -------------------------------------


def begin_with_create_all(work):
    rows = work.all_rows()
    for table in ["alembic_version", *reversed(rows)]:  # those that refer to others first
        work.sql(f"DROP TABLE {table}")
    prepare = "        prepare_connections(db.engine)\n"
    work.edit("app.py", prepare, prepare + CREATE_ALL)
    work.must("routes")  # any command makes the app, and the app makes the tables
    put_back(work, rows)
    work.worth = work.all_rows()


Case(
    name="began_with_create_all",
    title="The project began with create_all()",
    story="The app made its tables by itself at first, and has been in use for a year. Now the scripts came in, and\n"
    "with the very first upgrade we get this. The models are as they were.",
    breaks=begin_with_create_all,
    shows=("db", "upgrade"),
    hints=(
        "Who made the tables? It still does so, on every start, also on a new database: see the end of create_app().",
        "With `create_all()` out of app.py, `clinic.compare_with_new(work)` says at which revision the tables are.",
        "They are those of the head. Say so to the database, without running a script.",
    ),
    solution="""\
work.edit("app.py", "        db.create_all()\\n", "")
clinic.compare_with_new(work)
%flask db stamp head
%flask db check
""",
    rule="create_all() out, compare the tables with those of a new database, and stamp what matches.",
    lesson=LESSON,
)


def begin_with_older_models(work):
    work.take("01_initial", "models.py")
    begin_with_create_all(work)
    work.edit("app.py", CREATE_ALL, "")
    work.take("02_created_at", "models.py")
    work.edit("models.py", NAME, NAME.replace("String(100)", "String(100), index=True"))
    for path in (work.folder / "migrations" / "versions").glob("0*.py"):
        path.unlink()
    up = """\
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(op.f("ix_users_name"), "users", ["name"])
"""
    write_script(work, "0001", None, "baseline", up, '    op.drop_table("users")\n')


Case(
    name="create_all_not_quite",
    title="create_all(), and the tables do not quite match",
    story="`db.create_all()` made our tables a year ago; it is out of the code now. I generated the first script on\n"
    "my laptop, against an empty database. It has not run anywhere yet. I was told: stamp it on the server, done.",
    breaks=begin_with_older_models,
    shows=("db", "upgrade"),
    stage="02_created_at",
    hints=(
        "create_all() makes tables and never changes one. Compare the table with what the script 0001 makes: "
        "`work.schema()`, `work.show(…)`.",
        "Two things differ. 0001 ran nowhere, so it may still change: let it say what is on the server.",
        "With created_at and the index out of 0001, stamp 0001. "
        "What the models want beyond that is the next script: generate, review, upgrade.",
    ),
    solution="""\
script = work.script("0001")
created_at = 'sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)'
work.edit(script, f"        {created_at},\\n", "")
work.edit(script, '    op.create_index(op.f("ix_users_name"), "users", ["name"])\\n', "")
%flask db stamp 0001
%flask db migrate -m "bring the first tables to the models" --rev-id 0002
%flask db upgrade
%flask db check
""",
    rule="The baseline describes the tables that are there; the next script brings them to the models.",
    lesson=LESSON,
)


# --- models that are not imported, and tables of others -----------------------

REPORTS = '''"""Reports that were written about the models."""
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models import db


class Report(db.Model):
    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
'''
IMPORT_REPORTS = "from reports import Report\n"


def leave_out_models(work):
    paging = "from paging import page_of\n"
    work.write("reports.py", REPORTS)
    work.edit("app.py", paging, paging + IMPORT_REPORTS)
    up = """\
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
"""
    write_script(work, "0008", "0007", "create reports", up, '    op.drop_table("reports")\n')
    work.must("db", "upgrade")
    work.sql("INSERT INTO reports (title) VALUES ('Churn in May'), ('Fraud, first half-year')")
    work.edit("app.py", IMPORT_REPORTS, "")
    told = said(work, "db", "migrate", "-m", "sync", "--rev-id", "0009")
    # After the script: of two tables Alembic would name now the one first, now the other.
    work.sql("CREATE TABLE dashboard_cache (id INTEGER PRIMARY KEY, content VARCHAR(200))")
    work.sql("INSERT INTO dashboard_cache VALUES (1, 'accuracy by month'), (2, 'models by owner')")
    work.worth = work.all_rows()
    return "\n" + told


def knows_reports(work):
    with new_database_of(work) as empty:
        empty.must("db", "stamp", "head")  # the app's models against no table at all: whatever it knows is new
        if "reports" not in empty.flask("db", "check").output:
            return "The app still does not know the model in reports.py: its table is only hidden from Alembic."


Case(
    name="models_not_imported",
    title="A generated script wants to drop tables",
    story="I wanted to know whether anything is to be done, and generated a script. It drops our reports! Nothing was\n"
    "changed but some imports that the linter called unused. The script is not applied yet. Since today there is a\n"
    "dashboard on the same database; its table dashboard_cache is not ours, and has to stay.",
    breaks=leave_out_models,
    hints=(
        "The script drops what is in the database and in no model that was imported. Where is the model of reports?",
        "Delete the script; it is not applied. Import reports.py where the app is made. Now `%flask db check` names "
        "the other table, which will never have a model here: Alembic has to leave it alone.",
        "`Migrate(app, db, …, include_object=f)`, where f(object, name, type_, reflected, compare_to) is False "
        "for the one table that is not ours.",
    ),
    solution="""\
work.delete(work.script("0009"))
paging = "from paging import page_of\\n"
work.edit("app.py", paging, paging + "from reports import Report  # noqa: F401 (its table is ours)\\n")
work.edit("app.py", '"migrations")\\n', '"migrations", include_object=is_ours)\\n')
work.edit("app.py", "def create_app():\\n", '''def is_ours(object, name, type_, reflected, compare_to):
    return not (type_ == "table" and name == "dashboard_cache")


def create_app():
''')
%flask db check
""",
    rule="A script drops a table that nobody gave up? An import is missing. Review each script before you upgrade.",
    repaired=knows_reports,
    not_ours=frozenset({"dashboard_cache"}),
    lesson=LESSON,
)


# --- a long history that was squashed -----------------------------------------

SQUASHED_UP = """\
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "model_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_name", sa.String(length=100), nullable=False),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
        sa.CheckConstraint("accuracy >= 0 AND accuracy <= 1", name=op.f("ck_model_metadata_accuracy_range")),
        sa.CheckConstraint("status IN ('active', 'archived')", name=op.f("ck_model_metadata_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_metadata")),
    )
"""
SQUASHED_DOWN = '    op.drop_table("model_metadata")\n    op.drop_table("users")\n'


def squash(work):
    work.second = work.another("branch_office")
    work.second.must("db", "upgrade", "0004")
    add_rows(work.second.url)
    work.second.worth = work.second.all_rows()
    begin_repository(work, "Ten years of scripts")
    git(work, "tag", "before-the-squash")
    before = work.must("db", "history").output
    for path in (work.folder / "migrations" / "versions").glob("000[1-5]_*.py"):
        path.unlink()
    write_script(work, "0005", None, "everything up to here", SQUASHED_UP, SQUASHED_DOWN)
    commit(work, "Squash the history up to 0005")
    return "\n".join(
        [f"\nBefore:\n$ flask db history\n{before}", "After:", said(work, "db", "history")]
        + ["The branch office:", said(work.second, "db", "upgrade")]
    )


def branch_office_went_the_old_way(work):
    found = wrong_in_second(work, "At the branch office")
    if found:
        return found
    if not work.second.sql("SELECT count(*) FROM model_metadata WHERE status = 'archived'").rows[0][0]:
        return "No model of the branch office is archived: its rows did not go through what 0005 does to rows."


Case(
    name="squashed_history",
    title="A long history was squashed, and one database is not past the cut",
    story="Nobody reads our old scripts, so I made one of 0001 to 0005: the new 0005 has no parent and makes all\n"
    "tables that there were at that time. The server is at 0007 and notices nothing. But the branch office had not\n"
    "been upgraded for a long time, and now it can't be. The old scripts are in git, at the tag before-the-squash.\n"
    "`work` is the server's database, `work.second` the branch office's; `work.second.use()` lets %flask work there.",
    breaks=squash,
    hints=(
        "At which revision is the branch office? Which scripts know the way from there, and where are they?",
        "The old scripts have to run once more, on that database only. "
        "What 0005 did to the rows is in none of the new ones.",
        "`%git switch -q --detach before-the-squash`, upgrade the branch office to 0005 or further, "
        "`%git switch -q main`.",
    ),
    solution="""\
%git switch -q --detach before-the-squash
work.second.use()
%flask db upgrade
%git switch -q main
%flask db check
work.use()
%flask db check
""",
    rule="Cut the history only behind the last database: all must be at the cut or past it before the old scripts go.",
    repaired=branch_office_went_the_old_way,
    lesson=LESSON,
)
