"""Wrong but plausible repairs of the cases of 10_repair_clinic, a part of what each is told, and other right ones."""

GENERATE_AGAINST_NEW = """\
new = work.another("new")
new.use()
%flask db upgrade
%flask db migrate -m "add framework to model_metadata" --rev-id {revision}
work.use()
"""
EMPTY_SCRIPT = '''work.write("migrations/versions/0008_lost.py", """
revision = "0008"
down_revision = "0007"
def upgrade():
    pass
def downgrade():
    pass
""")
'''
ONE_COLUMN = "work.sql('ALTER TABLE model_metadata ADD COLUMN {column}')\n"
MERGE = '%flask db merge heads -m "merge" --rev-id 0009\n'
AFTER_TEAM = """work.edit(work.script("0008b"), 'down_revision = "0007"', 'down_revision = "0008a"')\n"""
RESTORED = "%git restore --source=release-2 migrations/versions/0008_add_team_to_users.py\n"
OFFICE = "work.sql('ALTER TABLE users ADD COLUMN office VARCHAR(50)')\n"
NO_CREATE_ALL = """work.edit("app.py", "        db.create_all()\\n", "")\n"""
DROP_ALL = "work.sql('DROP TABLE model_metadata')\nwork.sql('DROP TABLE users')\n"
NO_SYNC = """work.delete(work.script("0009"))\n"""
IMPORT = """work.edit("app.py", "from paging import page_of\\n", "from paging import page_of\\nimport reports\\n")\n"""
WITH = """work.edit("app.py", '"migrations")\\n', '"migrations", {option})\\n')\n"""
HIDDEN = WITH.format(option="include_object=lambda object, name, *rest: name not in (\"dashboard_cache\", \"reports\")")
SECOND = "work.second.use()\n"
STATUS_BY_HAND = """work.second.sql(
    "ALTER TABLE model_metadata ADD COLUMN status VARCHAR(20) DEFAULT 'active' NOT NULL"
    " CONSTRAINT ck_model_metadata_status_known CHECK (status IN ('active', 'archived'))"
)
"""

WRONG = {
    "lost-revision": [
        ("%flask db stamp --purge head", "column framework only in your database"),
        (EMPTY_SCRIPT, "only in your database"),
        (
            "work.sql('DROP INDEX ix_model_metadata_framework')\n"
            "work.sql('ALTER TABLE model_metadata DROP COLUMN framework')\n"
            '%flask db stamp --purge head\n%flask db migrate -m "again" --rev-id 0008\n%flask db upgrade',
            "framework was 'torch', is 'unknown'",
        ),
        ("%flask db stamp --purge base\n%flask db upgrade", "at no revision"),
    ],
    "lost-in-commit": [
        ("%flask db stamp --purge head", "users: column team only in your database"),
        ("%git restore --source=HEAD~2 migrations/versions/0008_add_team_to_users.py", "in your folder only"),
        (
            "%git switch -q --detach HEAD~2\nwork.sql('UPDATE users SET team = NULL')\n%flask db downgrade 0007\n"
            "%git switch -q main\n%flask db migrate -m 'add team' --rev-id 0008\n%flask db upgrade\n"
            "%git add .\n%git commit -qm 'Add team'",
            "team was 'Data', is None",
        ),
    ],
    "ahead-after-rollback": [
        ("%flask db stamp --purge head", "users: column team only in your database"),
        ("%git checkout -q release-2 -- migrations", "Models and database disagree"),
        (DROP_ALL + "%flask db stamp --purge base\n%flask db upgrade", "the row is missing"),
    ],
    "stamped-wrong": [
        ('%flask db migrate -m "add the owner" --rev-id 0008\n%flask db upgrade', "can't make a new database"),
        (ONE_COLUMN.format(column="owner_id INTEGER"), "FOREIGN KEY fk_model_metadata_owner_id_users only"),
        ("%flask db stamp 0005\n%flask db upgrade", "is at 0005, the scripts go up to 0007"),
        (
            "work.sql('ALTER TABLE model_metadata DROP COLUMN notes')\n%flask db stamp 0005\n%flask db upgrade",
            "notes was",
        ),
    ],
    "heads-on-two-servers": [
        ("%flask db upgrade heads\nwork.second.use()\n%flask db upgrade heads\nwork.use()", "There are 2 heads"),
        (MERGE + "%flask db upgrade", "On the second server (work.second): The database is at 0008b"),
        (
            AFTER_TEAM + "%flask db upgrade\n" + SECOND + "%flask db upgrade\nwork.use()",
            "On the second server (work.second): Revision and tables do not fit together: users: column team",
        ),
        (MERGE + "%flask db upgrade\n" + SECOND + "%flask db stamp head\nwork.use()", "users: column team only"),
        (
            'work.delete(work.script("0008b"))\n' + SECOND + "%flask db stamp --purge head\nwork.use()",
            "Models and database disagree",
        ),
    ],
    "edited-script": [
        (OFFICE, "0008 still says something else"),
        (
            "work.sql('ALTER TABLE users DROP COLUMN team')\n%flask db stamp 0007\n%flask db upgrade",
            "team was 'Data', is None",
        ),
        (RESTORED + OFFICE + "%flask db check", "users: column office only in your database"),
        (
            RESTORED + '%flask db migrate -m "add office" --rev-id 0009\n%flask db upgrade',
            "On the laptop (work.second): The database is at 0008",
        ),
        ('%flask db migrate -m "add office" --rev-id 0009\n%flask db upgrade', "can't make a new database"),
    ],
    "began-with-create-all": [
        ("%flask db stamp head", "can't make a new database"),
        (NO_CREATE_ALL, "The database is at no revision"),
        (NO_CREATE_ALL + DROP_ALL + "%flask db upgrade", "the row is missing"),
        (NO_CREATE_ALL + "%flask db stamp 0006b\n%flask db upgrade", "is at 0006b"),
    ],
    "create-all-not-quite": [
        ("%flask db stamp head", "users: column created_at only in a new one"),
        (
            '%flask db stamp head\n%flask db migrate -m "catch up" --rev-id 0002\n%flask db upgrade',
            "can't make a new database",
        ),
        ("work.sql('DROP TABLE users')\n%flask db upgrade", "the row is missing"),
        ("work.sql('CREATE INDEX ix_users_name ON users (name)')\n%flask db stamp head", "column created_at only"),
    ],
    "models-not-imported": [
        ("%flask db upgrade", "Models and database disagree"),
        (NO_SYNC, "Models and database disagree"),
        (NO_SYNC + IMPORT, "Models and database disagree"),
        (NO_SYNC + HIDDEN, "only hidden from Alembic"),
        (NO_SYNC + IMPORT + "work.sql('DROP TABLE dashboard_cache')", "The table dashboard_cache is gone"),
    ],
    "squashed-history": [
        (SECOND + "%flask db stamp --purge 0005\n%flask db upgrade\nwork.use()", "column status only in a new one"),
        (SECOND + "%flask db stamp --purge head\nwork.use()", "column notes only in a new one"),
        (
            "for table in ('model_metadata', 'users', 'alembic_version'):\n    work.second.sql(f'DROP TABLE {table}')\n"
            + SECOND + "%flask db upgrade\nwork.use()",
            "At the branch office (work.second): A value or a row is lost",
        ),
        (STATUS_BY_HAND + SECOND + "%flask db stamp --purge 0005\n%flask db upgrade", "No model of the branch office"),
        ("%git switch -q --detach before-the-squash", "At the branch office (work.second): The database is at 0004"),
    ],
}

RIGHT = {
    "lost-revision": [
        "%flask db stamp --purge 0007\n" + GENERATE_AGAINST_NEW.format(revision="0009") + "%flask db stamp 0009"
    ],
    "lost-in-commit": ["%git revert --no-edit HEAD~1"],
    "ahead-after-rollback": ["%git switch -q --detach release-2"],
    "stamped-wrong": ["%flask db stamp 0005\n%flask db upgrade 0006a\n%flask db stamp head"],
    "heads-on-two-servers": [
        "%flask db upgrade heads\nwork.second.use()\n%flask db upgrade heads\n" + MERGE
        + "%flask db upgrade\nwork.use()\n%flask db upgrade"
    ],
    "edited-script": [
        "work.second.sql('ALTER TABLE users DROP COLUMN office')\n" + RESTORED
        + '%flask db migrate -m "add office" --rev-id 0009\n%flask db upgrade\n' + SECOND + "%flask db upgrade"
    ],
    "began-with-create-all": ['work.take("05_merge_conflict", "app.py")\n%flask db stamp 0007'],
    "create-all-not-quite": [
        'work.delete(work.script("0001"))\n'
        'work.take("01_initial", "migrations/versions/0001_create_users.py")\n'
        '%flask db stamp head\n%flask db migrate -m "to the models" --rev-id 0002\n%flask db upgrade'
    ],
    "models-not-imported": [
        NO_SYNC + IMPORT
        + WITH.format(option="include_name=lambda name, kind, parents: name != \"dashboard_cache\"")
    ],
    "squashed-history": [
        "%git revert --no-edit HEAD\nwork.second.use()\n%flask db upgrade\nwork.use()"
    ],
}  # fmt: skip
