"""Wrong but plausible answers to the exercises of 06_expand, and a part of what each is told."""

PATH = "migrations/versions/0011t_backfill_title.py"
UPGRADE = "\n%flask db upgrade"
NOT_FILLED = f'''
mine.edit("{PATH}", "sa.select(models.c.id)", "sa.select(models.c.id).where(models.c.title.is_(None))")
'''
FROM_KEY_TO_KEY = f'''
mine.edit("{PATH}", ".limit(BATCH).offset(offset)", ".where(models.c.id > offset).limit(BATCH)")
mine.edit("{PATH}", "offset += BATCH", "offset = max(done)")
'''
PROMISE = f'mine.edit("{PATH}", "BATCH = 1000\\n", "BATCH = 1000\\nresumable = True\\n")\n'
ONE_UPDATE = f'''
script = mine.read("{PATH}")
mine.write("{PATH}", script[: script.index("    with op")] + """    op.execute(copy.where(models.c.title.is_(None)))


def downgrade():
    pass
""")
'''


OPTIONAL = 'sa.Column("description", sa.Text(), nullable=True)'


def expand(column=OPTIONAL, down='op.drop_column("model_metadata", "description")'):
    return f'''mine.write("migrations/versions/0010d_expand.py", """
import sqlalchemy as sa
from alembic import op

revision = "0010d"
down_revision = "0009"


def upgrade():
    op.add_column("model_metadata", {column})


def downgrade():
    {down}
""")
'''


LOOP = """with op.get_context().autocommit_block():
        last = 0
        while True:
            batch = sa.select(models.c.id).where(CONDITION).order_by(models.c.id).limit(SIZE)
            done = op.get_bind().scalars(copy.where(models.c.id.in_(batch)).returning(models.c.id)).all()
            if not done:
                break
            last = max(done)"""
CONDITION = "models.c.id > last, models.c.description.is_(None)"


def backfill(loop=LOOP, condition=CONDITION, size=1000, promise="resumable = True", parent="0010d", down="pass"):
    return f'''mine.write("migrations/versions/0011d_backfill.py", """
import sqlalchemy as sa
from alembic import op

revision = "0011d"
down_revision = "{parent}"
{promise}

models = sa.table(
    "model_metadata", sa.column("id", sa.Integer), sa.column("notes", sa.Text), sa.column("description", sa.Text)
)


def upgrade():
    copy = models.update().values(description=models.c.notes)
    {loop.replace("CONDITION", condition).replace("SIZE", str(size))}


def downgrade():
    {down}
""")
'''


WRONG = {
    "resumable": [
        (NOT_FILLED + PROMISE, "rows were left out, row 1001"),
        (FROM_KEY_TO_KEY + PROMISE, "writes over row 7"),
        (NOT_FILLED + FROM_KEY_TO_KEY, "does not say so to env.py"),
        (NOT_FILLED + FROM_KEY_TO_KEY + PROMISE, "run flask db upgrade"),
        (ONE_UPDATE + PROMISE + UPGRADE, "others wait to its end"),
        (UPGRADE + "\n" + NOT_FILLED + FROM_KEY_TO_KEY + PROMISE + "%flask db downgrade 0010t" + UPGRADE, "fresh copy"),
        (f'mine.edit("{PATH}", "revision = \\"0010t\\"", "revision = \\"0010\\"")', "can't read the scripts"),
    ],
    "description": [
        (expand(), "No script has the id 0011d"),
        (expand() + backfill(parent="0009") + UPGRADE, "comes after 0009"),
        (
            expand('sa.Column("description", sa.Text(), nullable=False, server_default="")') + backfill(),
            "notes are optional",
        ),
        (
            """mine.write("migrations/versions/0010d_rename.py", '''
from alembic import op

revision = "0010d"
down_revision = "0009"


def upgrade():
    op.alter_column("model_metadata", "notes", new_column_name="description")
''')\n""".replace("op.alter_column(", 'op.execute("ALTER TABLE model_metadata RENAME notes TO description") #')
            + backfill(),
            "no column notes any more",
        ),
        (expand() + backfill(condition="models.c.description.is_(None)"), "never ends"),
        (expand() + backfill(condition="models.c.id > last"), "writes over row 7"),
        (expand() + backfill("op.execute(copy.where(models.c.description.is_(None)))"), "others wait to its end"),
        (expand() + backfill(promise=""), "does not say so to env.py"),
        (expand() + backfill(), "run flask db upgrade"),
        (expand(down="pass") + backfill(), "does not lead back"),
        (expand() + backfill(down='op.execute("UPDATE model_metadata SET notes = description")'), "changed notes"),
    ],
}
