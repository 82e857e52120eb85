"""Wrong but plausible repairs of 11_repair_upgrades, with a part of what each is told; and other right ones."""

STAMP = "%flask db stamp head"
BEGIN_AFRESH = "work.file.unlink()\n%flask db upgrade\n"
ADD_REGION = '    op.add_column("model_metadata", sa.Column("region", sa.String(30), nullable=True))\\n'
RESTORE = """import shutil
shutil.copyfile(work.folder / "instance" / "backup.db", work.folder / "instance" / "app.db")
"""
REVIEWS_FROM_BACKUP = """import sqlite3
from contextlib import closing
with closing(sqlite3.connect(work.file)) as database, database:
    database.execute("ATTACH ? AS backup", (str(work.file.with_name("backup.db")),))
    database.execute("INSERT INTO reviews SELECT * FROM backup.reviews")
"""
KEYS_OFF = '''work.edit("migrations/env.py", """        context.configure(
            connection=connection,""", """        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.commit()  # a transaction that is open here would be taken for somebody else's
        context.configure(
            connection=connection,""")
'''
NEW_ENV = """%flask db init -d fresh -t {work.template}
import shutil
for name in ("env.py", "safety.py", "alembic.ini", "script.py.mako"):
    shutil.move(work.folder / "fresh" / name, work.folder / "migrations" / name)
shutil.rmtree(work.folder / "fresh")
"""
INCLUDE_OBJECT = '''work.edit("app.py", ' / "migrations")\\n', ' / "migrations"' + settings)
work.edit("app.py", "def create_app():\\n", """def include_object(object, name, type_, reflected, compare_to):
    return not (type_ == "table" and name == "audit_log")


def create_app():
""")
'''
VERSIONS_ASIDE = """import shutil
shutil.move(work.folder / "migrations" / "versions", work.folder / "versions")
shutil.rmtree(work.folder / "migrations")
%flask db init -t {work.template}
(work.folder / "migrations" / "versions").rmdir()
shutil.move(work.folder / "versions", work.folder / "migrations" / "versions")
"""
MOVE_MODELS = """work.sql("UPDATE model_metadata SET owner_id = 2 WHERE owner_id = 7")
work.sql("UPDATE model_metadata SET owner_id = 5 WHERE owner_id = 8")
"""
NO_OWNER = 'work.sql("UPDATE model_metadata SET owner_id = NULL WHERE owner_id IN (7, 8)")\n'
DELETE_TWINS = 'work.sql("DELETE FROM users WHERE id IN (7, 8)")\n'
SHORT = '"name", existing_type=sa.String(100), type_=sa.String(30)'
UPGRADE = "def upgrade():\\n"
IMPORT = '"from alembic import op\\n", "from alembic import op\\n\\nimport models\\n")\n'
DROP_OLD_INDEX = '    op.drop_index(op.f("ix_model_metadata_owner_id"), table_name="model_metadata")\\n'

WRONG = {
    "half-way": [
        (STAMP, "Revision and tables do not fit together"),
        (f"work.edit(work.script('0008'), '{ADD_REGION}', '')\n%flask db upgrade", "column region only in your"),
        (BEGIN_AFRESH, "the row is missing"),
    ],
    "leftover-table": [
        (STAMP, "Revision and tables do not fit together"),
        (
            'work.sql("DROP TABLE model_metadata")\n'
            'work.sql("ALTER TABLE _alembic_tmp_model_metadata RENAME TO model_metadata")\n' + STAMP,
            "column source: default is none in your database",
        ),
        (
            'work.sql("ALTER TABLE _alembic_tmp_model_metadata RENAME TO leftover")\n%flask db upgrade',
            "leftover: table only in your database",
        ),
    ],
    "child-rows-gone": [
        (RESTORE + "%flask db upgrade", "reviews 1: the row is missing"),
        (REVIEWS_FROM_BACKUP, "empties reviews again"),
        (NEW_ENV, "reviews 1: the row is missing"),
    ],
    "old-env": [
        (NEW_ENV, "remove_table"),
        (NEW_ENV + 'settings = ", include_object=include_object)\\n"\n' + INCLUDE_OBJECT, "was not carried over"),
        (
            "import shutil\nshutil.rmtree(work.folder / 'migrations')\n%flask db init -t {work.template}\n"
            '%flask db stamp --purge head\n%flask db migrate -m "initial" --rev-id 0001',
            "The database is at no revision",
        ),
        (NEW_ENV + '%flask db migrate -m "tidy up" --rev-id 0009\n%flask db upgrade', "audit_log is gone"),
    ],
    "duplicate-emails": [
        (STAMP, "Revision and tables do not fit together"),
        (NO_OWNER + DELETE_TWINS + "%flask db upgrade", "has lost its owner"),
        (
            'work.sql("UPDATE users SET email = \'old-\' || email WHERE id IN (7, 8)")\n%flask db upgrade',
            "second account",
        ),
    ],
    "nulls-in-production": [
        (STAMP, "Revision and tables do not fit together"),
        ('work.sql("DELETE FROM model_metadata WHERE version IS NULL")\n%flask db upgrade', "the row is missing"),
        (
            "work.sql(\"UPDATE model_metadata SET version = '1.0' WHERE version IS NULL\")\n%flask db upgrade",
            "agreed was 'unknown'",
        ),
    ],
    "value-too-long": [
        (
            f"""work.edit(work.script("0008"), '{SHORT}', '{SHORT}, postgresql_using="name::varchar(30)"')\n"""
            "%flask db upgrade",
            "is lost: users 4: name",
        ),
        ('work.sql("UPDATE users SET name = left(name, 30)")\n%flask db upgrade', "is lost: users 4: name"),
        (STAMP, "Revision and tables do not fit together"),
    ],
    "column-by-hand": [
        ('work.sql("ALTER TABLE model_metadata DROP COLUMN region")\n%flask db upgrade', "region was 'north'"),
        (STAMP, "index ix_model_metadata_region only in a new one"),
    ],
    "index-by-hand": [
        (STAMP, "index ix_model_metadata_owner_id_status only in a new one"),
        (
            f"work.edit(work.script('0008'), '{UPGRADE}{DROP_OLD_INDEX}', '{UPGRADE}')\n%flask db upgrade",
            "index ix_model_metadata_owner_id only in a new one",
        ),
    ],
    "home-made-type": [
        (STAMP, "can't make a new database"),
        (
            'work.edit(work.script("0008"), ' + IMPORT + "%flask db upgrade",
            "The next script with this type is not",
        ),
        (
            'work.edit(work.script("0008"), "models.Words(", "sa.String(")\n%flask db upgrade',
            "The next script with this type is not",
        ),
    ],
    "silent-loggers": [
        ('work.edit("nightly.py", "    upgrade()\\n", "")', "has to bring the database to the head"),
        ('work.edit("nightly.py", "setLevel(logging.INFO)", "setLevel(logging.DEBUG)")', "is still missing"),
    ],
}

RIGHT = {
    "half-way": [
        f"""work.edit(work.script("0008"), '{ADD_REGION}', "")  # for this one run
%flask db upgrade
work.edit(work.script("0008"), "def upgrade():\\n", 'def upgrade():\\n{ADD_REGION}')
"""
    ],
    "leftover-table": [NEW_ENV + 'work.sql("DROP TABLE _alembic_tmp_model_metadata")\n%flask db upgrade'],
    "child-rows-gone": [KEYS_OFF + REVIEWS_FROM_BACKUP],
    "old-env": [
        VERSIONS_ASIDE
        + 'settings = ", compare_server_default=True, include_object=include_object)\\n"\n'
        + INCLUDE_OBJECT
    ],
    "duplicate-emails": [MOVE_MODELS + DELETE_TWINS + "%flask db upgrade"],
    "nulls-in-production": [
        "work.sql(\"UPDATE model_metadata SET version = 'unknown' WHERE version IS NULL\")\n%flask db upgrade"
    ],
    "value-too-long": [
        'work.delete(work.script("0008"))\n'
        'name = "name: Mapped[str] = mapped_column"\n'
        'work.edit("models.py", f" {name}(String(30))", f" {name}(String(100))")'
    ],
    "column-by-hand": [
        """work.sql("ALTER TABLE model_metadata RENAME COLUMN region TO region_by_hand")
%flask db upgrade
work.sql("UPDATE model_metadata SET region = region_by_hand")
work.sql("ALTER TABLE model_metadata DROP COLUMN region_by_hand")
"""
    ],
    "index-by-hand": [
        '''work.edit(
    work.script("0008"),
    """def upgrade():
    op.drop_index(op.f("ix_model_metadata_owner_id"), table_name="model_metadata")""",
    """def upgrade():
    op.drop_index(op.f("ix_model_metadata_owner_id"), table_name="model_metadata", if_exists=True)""",
)
%flask db upgrade
'''
    ],
    "home-made-type": [
        'work.edit("migrations/script.py.mako", ' + IMPORT + """\
work.edit(work.script("0008"), "models.Words(", "sa.String(")
%flask db upgrade
"""
    ],
    "silent-loggers": [NEW_ENV],
}
