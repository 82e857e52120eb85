"""A script passes on every machine but one: rows that only production has, and changes that somebody made by hand."""
from workbook.clinic.cases.upgrades import LESSON, NOTES, VERSION, write_script
from workbook.clinic.examination import new_database_of
from workbook.clinic.patients import Case, said

# --- one address, two accounts ------------------------------------------------

FREE_EMAILS = """\
with op.batch_alter_table("users") as batch_op:
    batch_op.drop_constraint(op.f("uq_users_email"), type_="unique")
"""
UNIQUE_EMAILS = """\
op.execute("UPDATE users SET email = lower(email)")
with op.batch_alter_table("users") as batch_op:
    batch_op.create_unique_constraint(op.f("uq_users_email"), ["email"])
"""
IMPORTED = {7: ("User2@example.com", 2), 8: ("USER5@EXAMPLE.COM", 5), 9: ("Nadia@Example.com", None)}


def import_addresses(work):
    write_script(work, "0008", "0007", "let emails repeat", FREE_EMAILS, UNIQUE_EMAILS)
    write_script(work, "0009", "0008", "emails unique again", UNIQUE_EMAILS, FREE_EMAILS)
    work.must("db", "upgrade", "0008")
    for email, twin in IMPORTED.values():
        name = f"(SELECT name FROM users WHERE id = {twin})" if twin else "'Nadia Haddad'"
        work.sql(f"INSERT INTO users (name, email) VALUES ({name}, '{email}')")
    for model, owner in {1: 7, 4: 8, 6: 9}.items():
        work.sql(f"UPDATE model_metadata SET owner_id = {owner} WHERE id = {model}")
    twins = {id for id, (_, twin) in IMPORTED.items() if twin}
    rows = work.all_rows()
    rows["users"] = {id: without(user, "email") for id, user in rows["users"].items() if id not in twins}
    rows["model_metadata"] = {
        id: without(model, "owner_id") if model["owner_id"] in twins else model
        for id, model in rows["model_metadata"].items()
    }
    work.worth = rows


def without(row, column):
    return {name: value for name, value in row.items() if name != column}


def one_account_each(work):
    rows = work.all_rows()
    emails = {id: user["email"] for id, user in rows["users"].items()}
    wanted = {id: f"user{id}@example.com" for id in range(1, 7)} | {9: "nadia@example.com"}
    for id, email in wanted.items():
        if emails.get(id) != email:
            return f"User {id} is to be known by {email}; the database says {emails.get(id)}."
    for id in emails.keys() - wanted.keys():
        return f"User {id} ({emails[id]}) is somebody's second account still. The older one is to stay, alone."
    for model, owner in {1: 2, 4: 5}.items():
        if rows["model_metadata"][model]["owner_id"] != owner:
            return f"Model {model} belonged to a second account of user {owner}, and has lost its owner: move it first."
    return None


Case(
    name="duplicate_emails",
    title="It passed everywhere, and fails in production",
    story="0009 makes emails unique again, after an import. It passed in the tests, and fails in production.\n"
    "Agreed: who has two accounts with one address, in whatever case, is one person. The older account stays\n"
    "(the smaller id), and owns the models of both.",
    breaks=import_addresses,
    shows=("db", "upgrade"),
    hints=(
        "Which addresses are there twice, once the case is ignored? GROUP BY lower(email) HAVING count(*) > 1.",
        "What points at the accounts that go? Move that to the ones that stay, and only then delete.",
        "0009 has run nowhere yet: it may still change. Between its two steps: UPDATE model_metadata, then DELETE.",
    ),
    solution='''work.edit(work.script("0009"), """def upgrade():
    op.execute("UPDATE users SET email = lower(email)")
""", """def upgrade():
    op.execute("UPDATE users SET email = lower(email)")
    oldest = "(SELECT min(id) FROM users GROUP BY email)"
    op.execute(
        "UPDATE model_metadata SET owner_id = ("
        "SELECT min(kept.id) FROM users AS kept JOIN users AS twin ON kept.email = twin.email "
        f"WHERE twin.id = model_metadata.owner_id) WHERE owner_id NOT IN {oldest}"
    )
    op.execute(f"DELETE FROM users WHERE id NOT IN {oldest}")
""")
%flask db upgrade
''',
    repaired=one_account_each,
    rule="Before a constraint: count the rows that break it, agree on a rule for them, and move what points at them.",
    lesson=LESSON,
)


# --- NULLs before NOT NULL ----------------------------------------------------

REQUIRED = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.alter_column("version", existing_type=sa.String(20), nullable=False)
"""
OPTIONAL = REQUIRED.replace("False", "True")


def require_versions(work):
    work.edit("models.py", VERSION, "    version: Mapped[str] = mapped_column(String(20))\n")
    write_script(work, "0008", "0007", "version is required", REQUIRED, OPTIONAL)
    models = work.worth["model_metadata"]
    work.unversioned = [id for id, model in models.items() if model["version"] is None]
    work.worth["model_metadata"] = {
        id: without(model, "version") if id in work.unversioned else model for id, model in models.items()
    }


def unknown_is_said(work):
    rows = work.all_rows()["model_metadata"]
    for id in work.unversioned:
        if rows[id]["version"] != "unknown":
            return f"Model {id} had no version: agreed was 'unknown', the database says {rows[id]['version']!r}."
    return None


Case(
    name="nulls_in_production",
    title="NOT NULL, and rows that are NULL",
    story="0008 makes `version` required. In the tests every model has one. Agreed: where nobody wrote one down,\n"
    "the version is 'unknown'.",
    breaks=require_versions,
    shows=("db", "upgrade"),
    hints=(
        "How many rows are in the way? SELECT count(*) FROM model_metadata WHERE version IS NULL.",
        "The rows get their value before the constraint comes: in the script, so that the next database gets it too.",
    ),
    solution='''work.edit(work.script("0008"), """def upgrade():
""", """def upgrade():
    op.execute("UPDATE model_metadata SET version = 'unknown' WHERE version IS NULL")
""")
%flask db upgrade
''',
    repaired=unknown_is_said,
    rule="NOT NULL comes last: first the rows get a value that is true, by a rule that is in the script.",
    lesson=LESSON,
)


# --- a value too long for the new type ----------------------------------------

NAME = "    name: Mapped[str] = mapped_column(String(100))\n"
SHORT_NAMES = """\
with op.batch_alter_table("users") as batch_op:
    batch_op.alter_column("name", existing_type=sa.String(100), type_=sa.String(30))
"""
LONG_NAMES = """\
with op.batch_alter_table("users") as batch_op:
    batch_op.alter_column("name", existing_type=sa.String(30), type_=sa.String(100))
"""
LONG_NAME = "María de los Ángeles Fernández de Córdoba"


def shorten_names(work):
    work.sql(f"UPDATE users SET name = '{LONG_NAME}' WHERE id = 4")
    work.worth = work.all_rows()
    work.edit("models.py", NAME, NAME.replace("100", "30"))
    write_script(work, "0008", "0007", "shorter names", SHORT_NAMES, LONG_NAMES)


Case(
    name="value_too_long",
    title="A value is too long for the new type",
    story="0008 shortens users.name to 30 characters, for the looks of a page. On laptops, with SQLite, it passed.\n"
    "Agreed: nobody's name is cut.",
    breaks=shorten_names,
    shows=("db", "upgrade"),
    hints=(
        "How long is the longest name? SELECT max(length(name)) FROM users.",
        "If no value may be cut, the limit is wrong. The model and the script both say it, and 0008 has not run yet.",
    ),
    solution='''name = "name: Mapped[str] = mapped_column"
work.edit("models.py", f" {name}(String(30))", f" {name}(String(60))")
work.edit(work.script("0008"), "type_=sa.String(30)", "type_=sa.String(60)")
work.edit(work.script("0008"), "existing_type=sa.String(30)", "existing_type=sa.String(60)")
%flask db upgrade
''',
    rule="Measure before a limit gets smaller. A cast such as `USING name::varchar(30)` silences the error and cuts.",
    lesson=LESSON,
    databases=("postgresql",),
)


# --- a database that was changed by hand --------------------------------------

INDEXED_REGION = """    region: Mapped[str | None] = mapped_column(String(30), index=True)\n"""
ADD_INDEXED = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.add_column(sa.Column("region", sa.String(30), nullable=True))
    batch_op.create_index(op.f("ix_model_metadata_region"), ["region"])
"""
DROP_INDEXED = """\
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.drop_index(op.f("ix_model_metadata_region"))
    batch_op.drop_column("region")
"""


def add_a_column_by_hand(work):
    work.sql("ALTER TABLE model_metadata ADD COLUMN region VARCHAR(30)")
    work.sql("UPDATE model_metadata SET region = 'north' WHERE id IN (2, 3)")
    work.worth = work.all_rows()
    told = said(work, "db", "check")
    work.edit("models.py", VERSION, VERSION + INDEXED_REGION)
    write_script(work, "0008", "0007", "add region", ADD_INDEXED, DROP_INDEXED)
    return f"\nBefore the release:\n{told}\n\nNow:"


Case(
    name="column_by_hand",
    title="The column is there already, and nobody's script made it",
    story="A colleague needed a column `region` at once and added it in production, with a database tool.\n"
    "Two models have a region by now. Our release brings 0008, which adds the same column, and an index on it.",
    breaks=add_a_column_by_hand,
    shows=("db", "upgrade"),
    hints=(
        "What of all that 0008 does is in the database already, and what is not?",
        "The values have to stay. Either you do the rest of 0008 by hand, and then a stamp says the truth; "
        "or the column gets another name while 0008 runs.",
        "The rest of 0008 is one index: CREATE INDEX ix_model_metadata_region ON model_metadata (region).",
    ),
    solution='''work.sql("CREATE INDEX ix_model_metadata_region ON model_metadata (region)")
%flask db stamp 0008
%flask db check
''',
    rule="A stamp is right when the tables are just what the scripts make: do by hand what is missing, then stamp.",
    lesson=LESSON,
)

OWNER_ID = 'ForeignKey("users.id", ondelete="SET NULL"), index=True)'
BOTH = 'ForeignKey("users.id", ondelete="SET NULL"))'
LAST_CHECK = """name="status_known"),\n"""
STATUS_INDEX = """        db.Index("ix_model_metadata_owner_id_status", "owner_id", "status"),\n"""
REPLACE_INDEX = """\
op.drop_index(op.f("ix_model_metadata_owner_id"), table_name="model_metadata")
op.create_index(op.f("ix_model_metadata_owner_id_status"), "model_metadata", ["owner_id", "status"])
"""
OLD_INDEX = """\
op.drop_index(op.f("ix_model_metadata_owner_id_status"), table_name="model_metadata")
op.create_index(op.f("ix_model_metadata_owner_id"), "model_metadata", ["owner_id"])
"""


def drop_an_index_by_hand(work):
    work.sql("DROP INDEX ix_model_metadata_owner_id")
    told = said(work, "db", "check")
    work.edit("models.py", OWNER_ID, BOTH)
    work.edit("models.py", LAST_CHECK, LAST_CHECK + STATUS_INDEX)
    write_script(work, "0008", "0007", "index owners by status", REPLACE_INDEX, OLD_INDEX)
    return f"\nBefore the release:\n{told}\n\nNow:"


Case(
    name="index_by_hand",
    title="The script drops what is gone already",
    story="Somebody dropped an index in production, with a database tool, to see whether it was needed.\n"
    "Our release brings 0008, which replaces that index by another one.",
    breaks=drop_an_index_by_hand,
    shows=("db", "upgrade"),
    hints=(
        "Which index do the scripts up to 0007 make that this database does not have? How do they make it (0006a)?",
        "Bring the database to where the scripts believe it is. Then 0008 runs as it is written.",
    ),
    solution='''work.sql("CREATE INDEX ix_model_metadata_owner_id ON model_metadata (owner_id)")
%flask db upgrade
''',
    rule="A database that was changed by hand goes back, by hand, to what its revision says. Then the scripts run.",
    lesson=LESSON,
)


# --- a home-made type ---------------------------------------------------------

WORDS = '''

class Words(TypeDecorator):
    """A set of words, stored as one text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value, dialect):
        return None if value is None else set(value.split())
'''
TAGS = "    tags: Mapped[set | None] = mapped_column(Words(200))\n"


def use_a_home_made_type(work):
    work.edit("models.py", ", String, Text, func\n", ", String, Text, TypeDecorator, func\n")
    work.edit("models.py", "db = SQLAlchemy(model_class=Base)\n", f"db = SQLAlchemy(model_class=Base)\n{WORDS}")
    work.edit("models.py", NOTES, NOTES + TAGS)
    work.must("db", "migrate", "-m", "add tags to model_metadata", "--rev-id", "0008")


def the_next_script_loads(work):
    with new_database_of(work) as copy:
        models = copy.folder / "models.py"
        models.write_text(models.read_text("utf-8").replace(TAGS, TAGS + TAGS.replace("tags", "labels")), "utf-8")
        upgrade = ("db", "upgrade")
        for command in (upgrade, ("db", "migrate", "-m", "probe", "--rev-id", "probe"), upgrade):
            ended = copy.flask(*command)
            if ended.code:
                return f"0008 is well. The next script with this type is not: {ended.output.strip().splitlines()[-1]}"
    return None


Case(
    name="home_made_type",
    title="The generated script does not know a name",
    story="My new column has a type of my own, from models.py. `flask db migrate` wrote the script, and\n"
    "`flask db upgrade` stops in it. The next such script shall work as it is generated.",
    breaks=use_a_home_made_type,
    shows=("db", "upgrade"),
    hints=(
        "Which line of 0008 uses a name that no line of it imports?",
        "Scripts are made from migrations/script.py.mako. An import that stands there stands in every new script.",
    ),
    solution='''for name in (work.script("0008"), "migrations/script.py.mako"):
    work.edit(name, "from alembic import op\\n", "from alembic import op\\n\\nimport models\\n")
%flask db upgrade
''',
    repaired=the_next_script_loads,
    rule="A name that is not defined in a script: import it there, and in script.py.mako for all scripts to come.",
    lesson=LESSON,
)
