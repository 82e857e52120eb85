"""Wrong but plausible answers to the exercises of 07_contract, and a part of what each is told."""

UPGRADE = "\n%flask db upgrade"
FILL = "op.execute(models.update().where(models.c.title.is_(None)).values(title=models.c.model_name))"
DROP = 'op.execute(f"ALTER TABLE model_metadata DROP CONSTRAINT IF EXISTS {REQUIRED}")'
ADD = 'op.execute(f"ALTER TABLE model_metadata ADD CONSTRAINT {REQUIRED} CHECK (title IS NOT NULL) NOT VALID")'
VALIDATE = 'op.execute(f"ALTER TABLE model_metadata VALIDATE CONSTRAINT {REQUIRED}")'
BLOCK = "op.get_context().autocommit_block()"
DROP_CHECK = "batch_op.drop_constraint(op.f(REQUIRED), type_='check')"
NOT_NULL = 'batch_op.alter_column("title", existing_type=sa.String(length=100), nullable=False)'
NO_CHECK = dict(drop="pass", add="pass", validate="pass", drop_check="pass")


def contract(
    fill=FILL, drop=DROP, add=ADD, validate=VALIDATE, block=BLOCK, drop_check=DROP_CHECK, not_null=NOT_NULL,
    drop_column='batch_op.drop_column("model_name")', promise="resumable = True", back_nullable=True, parent="0011t",
):  # fmt: skip
    return f'''mine.write("migrations/versions/0012t_drop_model_name.py", """
from contextlib import nullcontext

import sqlalchemy as sa
from alembic import op

revision = "0012t"
down_revision = "{parent}"
{promise}

models = sa.table("model_metadata", sa.column("model_name", sa.String), sa.column("title", sa.String))
REQUIRED = "ck_model_metadata_title_required"


def upgrade():
    on_postgresql = op.get_context().dialect.name == "postgresql"
    {fill}
    if on_postgresql:
        with {block}:
            {drop}
            {add}
            {validate}
    with op.batch_alter_table("model_metadata") as batch_op:
        {not_null}
        {drop_column}
        if on_postgresql:
            {drop_check}


def downgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column("title", existing_type=sa.String(length=100), nullable=True)
        batch_op.add_column(sa.Column("model_name", sa.String(length=100), nullable={back_nullable}))
""")
'''


WRONG = {
    "deploy-order": [
        ('order = "f g"', "Each of the letters"),
        ('order = "g f e b c a d"', "Step 1, start app 06 as well: app 06 is running, and its requests fail at 0007"),
        ('order = "fbgecad"', "Step 2, flask db upgrade 0009: app 05 is running"),
        ('order = "f e g b c a d"', "Step 2, stop app 05: now no app is running"),
        ('order = "f g e b c d a"', "Step 6, flask db upgrade 0010: app 06 is running"),
        ('order = "f g e c b a d"', "Step 4, start app 07 as well: app 07 is running, and its requests fail at 0008"),
        ('order = ["b", "f", "g", "e", "c", "a", "d"]', "Step 1, flask db upgrade 0009: app 05 is running"),
    ],
    "contract": [
        ('%flask db migrate -m "drop model_name" --rev-id 0012t' + UPGRADE, "rows of the app before"),
        (contract(parent="0010"), "comes after 0010"),
        (contract(fill='op.execute("DELETE FROM model_metadata WHERE title IS NULL")'), "the titles are"),
        (contract(fill='op.execute("UPDATE model_metadata SET title = model_name")'), "rows of the app before"),
        (contract(not_null="pass"), "may still be NULL"),
        (contract(back_nullable=False), "On SQLite: flask db downgrade 0011t fails"),
        (contract(**NO_CHECK), "nobody can use the table meanwhile"),
        (contract(validate="pass"), "never validated"),
        (contract(block="nullcontext()"), "in one transaction"),
        (contract(drop="pass"), "already exists"),
        (contract(drop_check="pass"), "is still there"),
        (contract(promise=""), "does not say so to env.py"),
        (contract(), "run flask db upgrade"),
    ],
}
