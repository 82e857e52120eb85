"""An upgrade fails half-way, or succeeds and something is gone: faults of the set-up around the scripts."""
import shutil
import sqlite3
from contextlib import closing, contextmanager
from textwrap import indent

from workbook.clinic.cases import revisions
from workbook.clinic.examination import new_database_of
from workbook.clinic.patients import Case, said
from workbook.rows import changed_values, rows_of
from workbook.stages import script_directory

LESSON = "11_repair_upgrades"
NOTES = "    notes: Mapped[str | None] = mapped_column(Text)\n"
VERSION = "    version: Mapped[str | None] = mapped_column(String(20))\n"
REGION = "    region: Mapped[str | None] = mapped_column(String(30))\n"
ADD_REGION = 'op.add_column("model_metadata", sa.Column("region", sa.String(30), nullable=True))\n'
DROP_REGION = 'op.drop_column("model_metadata", "region")\n'
NEW_ENV = """%flask db init -d fresh -t {work.template}
import shutil
for name in ("env.py", "safety.py", "alembic.ini", "script.py.mako"):
    shutil.move(work.folder / "fresh" / name, work.folder / "migrations" / name)
shutil.rmtree(work.folder / "fresh")
"""


def write_script(work, revision, parent, message, upgrade, downgrade):
    """Write the migration script `revision`; `upgrade` and `downgrade` are the lines of its two functions."""
    bodies = [indent(body.strip(), "    ") + "\n" for body in (upgrade, downgrade)]
    revisions.write_script(work, revision, parent, message, *bodies)


def use_stock_set_up(work):
    """Put what `flask db init` makes, when it is told of no template, around the scripts of the copy."""
    migrations, aside = work.folder / "migrations", work.folder / "versions"
    (migrations / "versions").rename(aside)
    shutil.rmtree(migrations)
    work.must("db", "init")
    shutil.rmtree(migrations / "versions")
    aside.rename(migrations / "versions")


def copy_database(source, target):
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


@contextmanager
def copy_with_script(work, upgrade, rows=False):
    """A copy of the project with one script more, not applied.

    Its database is at the revision before: a new one, or with `rows` (on SQLite) a copy of the one of `work`.
    """
    with new_database_of(work) as copy:
        if rows:
            copy.file.parent.mkdir()
            copy_database(work.file, copy.file)
        else:
            copy.must("db", "upgrade")
        head = script_directory(copy.folder).get_current_head()
        ids = {"revision": "probe", "after": head, "parent": f'"{head}"', "message": "probe"}
        text = revisions.SCRIPT.format(up=f"{upgrade}\n", down="    pass\n", **ids)
        (copy.folder / "migrations" / "versions" / "probe.py").write_text(text, "utf-8")
        yield copy


# --- stuck half-way -----------------------------------------------------------

LONGER = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.alter_column("version", existing_type=sa.String(20), type_=sa.String(40))
"""
SHORTER = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.alter_column("version", existing_type=sa.String(40), type_=sa.String(20))
"""


def stop_half_way(work):
    use_stock_set_up(work)
    work.edit("models.py", VERSION, VERSION.replace("20", "40") + REGION)
    message = "add region and longer versions"
    plain = 'op.alter_column("model_metadata", "version", type_=sa.String(40))\n'
    write_script(work, "0008", "0007", message, ADD_REGION + plain, SHORTER + DROP_REGION)
    first = said(work, "db", "upgrade")
    write_script(work, "0008", "0007", message, ADD_REGION + LONGER, SHORTER + DROP_REGION)
    return f"{first}\n\nThe second step of 0008 is corrected now: it uses a batch.\n"


Case(
    name="half_way",
    title="The same upgrade fails earlier on the second try",
    story="An upgrade failed in the second of its two steps. I corrected that step, and now the first one fails.\n"
    "We use env.py as `flask db init` makes it.",
    breaks=stop_half_way,
    shows=("db", "upgrade"),
    hints=(
        "At which revision is the database, and which of the two steps of 0008 does it have already?",
        "What the first try has left is in the way, and it is empty: take it back by hand. "
        "Then `flask db upgrade` can do both steps.",
    ),
    solution='work.sql("ALTER TABLE model_metadata DROP COLUMN region")\n%flask db upgrade\n',
    rule="On SQLite the stock env.py leaves half of a failed script: take back by hand what is there, then upgrade.",
    lesson=LESSON,
    walked=True,
    databases=("sqlite",),
)


# --- the leftover of a batch --------------------------------------------------

SOURCE = """    source: Mapped[str] = mapped_column(String(20), server_default="import")\n"""
ADD_SOURCE = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.add_column(sa.Column("source", sa.String(20), nullable=False{default}))
    batch_op.alter_column("version", existing_type=sa.String(20), type_=sa.String(40))
"""
DROP_SOURCE = SHORTER + '    batch_op.drop_column("source")\n'


def leave_a_table(work):
    use_stock_set_up(work)
    work.edit("models.py", VERSION, VERSION.replace("20", "40") + SOURCE)
    message = "add source and longer versions"
    write_script(work, "0008", "0007", message, ADD_SOURCE.format(default=""), DROP_SOURCE)
    first = said(work, "db", "upgrade")
    default = ', server_default="import"'
    write_script(work, "0008", "0007", message, ADD_SOURCE.format(default=default), DROP_SOURCE)
    return f"{first}\n\nThe new column has a server default now.\n"


Case(
    name="leftover_table",
    title="A table that nobody made is in the way",
    story="A batch failed on the rows. I corrected the script, and now it says that a table is there\n"
    "which I never made. We use env.py as `flask db init` makes it.",
    breaks=leave_a_table,
    shows=("db", "upgrade"),
    hints=(
        "Which tables are there, and how many rows has each? A batch makes a new table, fills it, puts it in place.",
        "Count first: the one with the odd name is empty, the other one has all the rows. One of the two has to go.",
    ),
    solution='work.sql("DROP TABLE _alembic_tmp_model_metadata")\n%flask db upgrade\n',
    rule="Of a failed batch drop the leftover only, and only after a look that the real table has all rows.",
    lesson=LESSON,
    databases=("sqlite",),
)


# --- child rows are gone ------------------------------------------------------

REVIEW = '''

class Review(db.Model):
    """What somebody says about a model; it goes with the model."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model_metadata.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
'''
CREATE_REVIEWS = """\
op.create_table(
    "reviews",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("model_id", sa.Integer(), nullable=False),
    sa.Column("text", sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(
        ["model_id"], ["model_metadata.id"], name=op.f("fk_reviews_model_id_model_metadata"), ondelete="CASCADE"
    ),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
)
op.create_index(op.f("ix_reviews_model_id"), "reviews", ["model_id"])
"""
PROBE_BATCH = '    with op.batch_alter_table("model_metadata", recreate="always"):\n        pass'


def empty_the_child_table(work):
    use_stock_set_up(work)
    work.write("models.py", work.read("models.py") + REVIEW)
    write_script(work, "0008", "0007", "create reviews", CREATE_REVIEWS, 'op.drop_table("reviews")')
    work.must("db", "upgrade")
    work.sql(
        "INSERT INTO reviews (model_id, text) VALUES (1, 'Fast.'), (2, 'Misses half of it.'), "
        "(2, 'Better since May.'), (5, 'In use.')"
    )
    work.worth = work.all_rows()
    copy_database(work.file, work.file.with_name("backup.db"))
    work.edit("models.py", VERSION, VERSION.replace("20", "40"))
    write_script(work, "0009", "0008", "longer versions", LONGER, SHORTER)
    before, upgraded = work.count("reviews"), said(work, "db", "upgrade")
    return f"\nreviews before: {before}\n{upgraded}\nreviews now: {work.count('reviews')}"


def child_rows_stay(work):
    with copy_with_script(work, PROBE_BATCH, rows=True) as copy:
        before, ended = work.all_rows(), copy.flask("db", "upgrade")
        if ended.code or changed_values(before, rows_of(copy.url)):
            return "All rows are back. But the next script that rebuilds model_metadata empties reviews again."
    return None


Case(
    name="child_rows_gone",
    title="The upgrade succeeded, and a table is empty",
    story="0009 makes a column of model_metadata longer, nothing else. Since then all reviews are gone, and no\n"
    "command has failed. We stopped the app at once; instance/backup.db is from just before the upgrade.\n"
    "We use env.py as `flask db init` makes it, and the app switches foreign keys on.",
    breaks=empty_the_child_table,
    hints=(
        "What does a batch do with model_metadata on SQLite, and what does the foreign key of reviews say about it?",
        "Two things: the rows of the backup, and an env.py that has foreign keys off while a table is rebuilt.",
        "Put the new env.py in place, copy backup.db over app.db (it is at 0008), upgrade, and count.",
    ),
    solution=NEW_ENV
    + """\
shutil.copyfile(work.folder / "instance" / "backup.db", work.folder / "instance" / "app.db")
%flask db upgrade
work.count("reviews")
""",
    repaired=child_rows_stay,
    rule="With foreign keys on, a batch on a parent table deletes child rows: off before BEGIN, checked before COMMIT.",
    lesson=LESSON,
    databases=("sqlite",),
)


# --- this env.py in a project that is in use ----------------------------------

INCLUDE_OBJECT = '''

def include_object(object, name, type_, reflected, compare_to):
    # audit_log is written by a job in SQL; the app has no model for it
    return name != "audit_log"
'''
CREATE_AUDIT_LOG = """\
op.create_table(
    "audit_log",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("what", sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
)
"""
MIGRATE = '    Migrate(app, db, directory=Path(app.root_path) / "migrations")\n'
PROBE_FAILURE = (
    '    op.add_column("users", sa.Column("probe", sa.Integer()))\n    op.execute("INSERT INTO missing VALUES (1)")'
)


def grow_old(work):
    use_stock_set_up(work)
    env = "migrations/env.py"
    logger = "logger = logging.getLogger('alembic.env')\n"
    work.edit(env, logger, logger + INCLUDE_OBJECT)
    old = "            target_metadata=get_metadata(),\n            **conf_args\n"
    custom = "            include_object=include_object,\n            compare_server_default=True,\n"
    work.edit(env, old, old.replace("            **", f"{custom}            **"))
    write_script(work, "0008", "0007", "create audit_log", CREATE_AUDIT_LOG, 'op.drop_table("audit_log")')
    work.must("db", "upgrade")
    work.sql("INSERT INTO audit_log (what) VALUES ('user 3 renamed'), ('model 5 archived')")
    work.worth = work.all_rows()
    versions = sorted((work.folder / "migrations" / "versions").glob("*.py"))
    work.versions = {path.name: path.read_bytes() for path in versions}
    ended = work.flask("db", "init", "-t", work.template)
    return f"$ flask db init -t …/shared_templates/migrations\n{ended.output}(exit code {ended.code})\n"


def has_the_new_env(work):
    folder = work.folder / "migrations" / "versions"
    for name, content in work.versions.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            return f"versions/{name} is not what it was. Scripts that are applied do not change."
    with copy_with_script(work, PROBE_FAILURE) as copy:
        before, ended = copy.tables(), copy.flask("db", "upgrade")
        if "Rolled back in probe.py" not in ended.output or copy.tables() != before:
            return "All agrees, but a script that fails is still not taken back: it is not this workbook's env.py yet."
        (copy.folder / "migrations" / "versions" / "probe.py").unlink()
        models = copy.folder / "models.py"
        changed = models.read_text("utf-8").replace('server_default="active"', 'server_default="archived"')
        models.write_text(changed, "utf-8")
        if not copy.flask("db", "check").code:
            return (
                "A changed server default in a model was found by `flask db check` under the old env.py, and is not "
                "now: a setting of the old one was not carried over."
            )
    return None


Case(
    name="old_env",
    title="A safer env.py for a project that is in use",
    story="Two upgrades have stopped half-way this year. I want this workbook's env.py in our project,\n"
    "which is in use. `flask db init -t` refuses. Somebody has changed our env.py, long ago.",
    breaks=grow_old,
    hints=(
        "`flask db init -d fresh -t …` makes the files in another folder. Which four do you need? versions/ stays.",
        "`flask db check` should be as clean as before. What did the old env.py say to context.configure()?",
        "It is said in app.py now: Migrate(app, db, directory=…, include_object=…, compare_server_default=True).",
    ),
    solution=NEW_ENV
    + '''settings = ", include_object=include_object, compare_server_default=True)\\n"
work.edit("app.py", ' / "migrations")\\n', ' / "migrations"' + settings)
work.edit("app.py", "def create_app():\\n", """def include_object(object, name, type_, reflected, compare_to):
    # audit_log is written by a job in SQL; the app has no model for it
    return name != "audit_log"


def create_app():
""")
%flask db check
''',
    repaired=has_the_new_env,
    rule="Replace the files around versions/, never versions/; settings of the old env.py become arguments of Migrate.",
    lesson=LESSON,
)


# --- silent loggers -----------------------------------------------------------

NIGHTLY = '''"""`flask nightly`: upgrade the database, then look after the models. A timer starts it each night."""
import logging

import click
from flask.cli import with_appcontext
from flask_migrate import upgrade

from models import ModelMetadata, db

logger = logging.getLogger("nightly")
logger.setLevel(logging.INFO)
logger.addHandler(logging.StreamHandler())


@click.command()
@with_appcontext
def nightly():
    """Upgrade, then say what there is."""
    logger.info("nightly: it begins")
    upgrade()
    number = db.session.scalar(db.select(db.func.count()).select_from(ModelMetadata))
    logger.info("nightly: it is done, models: %s", number)
'''


def add_nightly(work):
    work.write("nightly.py", NIGHTLY)
    work.edit("app.py", "from models import", "from nightly import nightly\nfrom models import")
    add_command = "    app.cli.add_command(seed)\n"
    work.edit("app.py", add_command, add_command + add_command.replace("seed", "nightly"))


def silence_the_loggers(work):
    use_stock_set_up(work)
    add_nightly(work)
    work.edit("models.py", VERSION, VERSION + REGION)
    write_script(work, "0008", "0007", "add region", ADD_REGION, DROP_REGION)


def nightly_speaks(work):
    with new_database_of(work) as copy:
        ended = copy.flask("nightly")
        if ended.code or copy.revision() != work.revision():
            return "`flask nightly` has to bring the database to the head, as before."
        if "nightly: it is done, models: 0" not in ended.output:
            return "On a database that has to be upgraded, the last line of `flask nightly` is still missing."
    return None


Case(
    name="silent_loggers",
    title="A program that falls silent",
    story="`flask nightly` upgrades and then works. Its last log line, `nightly: it is done`, does not come\n"
    "on the nights after a release. We use env.py as `flask db init` makes it.",
    breaks=silence_the_loggers,
    shows=("nightly",),
    hints=(
        "Which line is the last one before the silence? What runs there that sets up logging?",
        "`fileConfig(…)` in migrations/env.py disables every logger that is there already, unless it is told not to.",
    ),
    solution='''work.edit("migrations/env.py", "fileConfig(config.config_file_name)",
          "fileConfig(config.config_file_name, disable_existing_loggers=False)")
''',
    repaired=nightly_speaks,
    rule="The stock env.py sets up logging for the whole process: disable_existing_loggers=False, or another env.py.",
    lesson=LESSON,
)
