"""drop name from users

The last step of the rename: when no app is left that reads name or writes it.
What that app still wrote into name alone is copied first; then display_name
is required, and name goes.

Revision ID: 0010
Revises: 0009
Create Date: 2026-02-23 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
# Nothing here minds being done twice, so env.py may begin this script again.
resumable = True

users = sa.table("users", sa.column("name", sa.String), sa.column("display_name", sa.String))
REQUIRED = "ck_users_display_name_required"


def upgrade():
    on_postgresql = op.get_context().dialect.name == "postgresql"
    if on_postgresql:
        with op.get_context().autocommit_block():
            require_it_of_new_rows()
            fill_what_is_left()
            look_at_every_row()
    else:
        fill_what_is_left()
    with op.batch_alter_table("users") as batch_op:
        batch_op.alter_column("display_name", existing_type=sa.String(length=100), nullable=False)
        batch_op.drop_column("name")
        if on_postgresql:
            batch_op.drop_constraint(op.f(REQUIRED), type_="check")


def require_it_of_new_rows():
    # NOT NULL would look at every row while nobody else can use the table. A CHECK that is
    # NOT VALID looks at none: it holds for what is written from now on.
    op.execute(f"ALTER TABLE users DROP CONSTRAINT IF EXISTS {REQUIRED}")
    op.execute(f"ALTER TABLE users ADD CONSTRAINT {REQUIRED} CHECK (display_name IS NOT NULL) NOT VALID")


def fill_what_is_left():
    op.execute(users.update().where(users.c.display_name.is_(None)).values(display_name=users.c.name))


def look_at_every_row():
    # This reads the other rows while people go on reading and writing. After that, NOT NULL
    # believes the CHECK and looks at nothing.
    op.execute(f"ALTER TABLE users VALIDATE CONSTRAINT {REQUIRED}")


def downgrade():
    # name comes back empty: the app before reads display_name as well, and the downgrade
    # of 0009 fills name before it is required again.
    with op.batch_alter_table("users") as batch_op:
        batch_op.alter_column("display_name", existing_type=sa.String(length=100), nullable=True)
        batch_op.add_column(sa.Column("name", sa.String(length=100), nullable=True))
