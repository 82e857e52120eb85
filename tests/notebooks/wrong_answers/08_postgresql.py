"""Wrong but plausible answers to the exercises of 08_postgresql, and a part of what each is told."""

BLOCK = "op.get_context().autocommit_block()"
VALUE = "ALTER TYPE stage ADD VALUE IF NOT EXISTS 'retired'"
ARCHIVED = "status = 'archived'"
UPGRADE = "\n%flask db upgrade"


def retire(block=BLOCK, add=VALUE, where=ARCHIVED):
    return f'retire("{block}", "{add}", "{where}")'


CHECK = """op.create_check_constraint(
        op.f("ck_model_metadata_version_given"), "model_metadata", "version <> ''", postgresql_not_valid=True
    )"""
DROP = 'op.drop_constraint(op.f("ck_model_metadata_version_given"), "model_metadata")'
REPAIR = "op.execute(\"UPDATE model_metadata SET version = NULL WHERE version = ''\")"
VALIDATE = 'op.execute("ALTER TABLE model_metadata VALIDATE CONSTRAINT ck_model_metadata_version_given")'


def script(revision, parent, *upgrade):
    lines = "\n    ".join(upgrade)
    return f'''
mine.write("migrations/versions/{revision}_version_given.py", """
from alembic import op

revision = "{revision}"
down_revision = "{parent}"


def upgrade():
    {lines}


def downgrade():
    pass
""")
'''


SECOND = script("0009c", "0008c", REPAIR, VALIDATE)

WRONG = {
    "enum-value": [
        (retire(add="ALTER TYPE stage ..."), "There is still a blank"),
        (retire(block="op.batch_alter_table('model_metadata')") + UPGRADE, "which block ends it?"),
        (retire(block="op.get_context().begin_transaction()") + UPGRADE, "which block ends it?"),
        (retire(), "not applied"),
        (retire(where="stage = 'archived'") + UPGRADE, "its last line says why"),
        (retire(where="status = 'active'") + UPGRADE, "Only the archived are retired"),
        (retire(add="ALTER TYPE stage ADD VALUE 'retired'") + UPGRADE, 'enum label "retired" already exists'),
    ],
    "valid-check": [
        (script("0008c", "0007", CHECK), "No script has the revision 0009c"),
        (script("0008c", "0007", CHECK) + script("0009c", "0007", REPAIR, VALIDATE), "is to come after 0008c"),
        (script("0008c", "0007", CHECK.replace(", postgresql_not_valid=True", "")) + SECOND + UPGRADE, "for later"),
        (script("0008c", "0007", CHECK) + script("0009c", "0008c", VALIDATE) + UPGRADE, "while versions are empty"),
        (script("0008c", "0007", CHECK) + script("0009c", "0008c", REPAIR) + UPGRADE, "validate it"),
        (
            script("0008c", "0007", CHECK.replace('op.f("ck_model_metadata_version_given")', '"version_is_given"'))
            + script("0009c", "0008c", REPAIR)
            + UPGRADE,
            "Without op.f",
        ),
        (
            script("0008c", "0007", CHECK)
            + script("0009c", "0008c", REPAIR.replace("NULL", "'unknown'"), VALIDATE)
            + UPGRADE,
            "its version to be NULL",
        ),
        (
            script("0008c", "0007", CHECK)
            + script("0009c", "0008c", "op.execute(\"DELETE FROM model_metadata WHERE version = ''\")", VALIDATE)
            + UPGRADE,
            "It is to be kept",
        ),
        (
            script("0008c", "0007", REPAIR, CHECK) + script("0009c", "0008c", VALIDATE) + UPGRADE,
            "0008c writes rows",
        ),
        (
            script("0008c", "0007", CHECK)
            + script("0009c", "0008c", REPAIR.replace("version = ''", "id IN (3, 7)"), VALIDATE)
            + UPGRADE,
            "In a copy with other rows 0009c fails",
        ),
        (
            script("0008c", "0007", CHECK)
            + script("0009c", "0008c", REPAIR.replace("version = ''", "version !~ '^[0-9]'"), VALIDATE)
            + UPGRADE,
            "In a copy with other rows, after both: model_metadata",
        ),
        (
            'mine.sql("UPDATE model_metadata SET version = NULL WHERE version = \'\'")'
            + script("0008c", "0007", CHECK.replace(", postgresql_not_valid=True", ""))
            + SECOND
            + UPGRADE,
            "In a copy with other rows 0008c fails",
        ),
        (
            script("0008c", "0007", CHECK)
            + script("0009c", "0008c", REPAIR, DROP, CHECK.replace(", postgresql_not_valid=True", ""))
            + UPGRADE,
            "makes the CHECK anew",
        ),
    ],
}
