"""add status to model_metadata

Of the rows with the same model_name the newest stays active; the others are archived.

Revision ID: 0005
Revises: 0004
Create Date: 2026-02-02 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The table as it is at this point of the history, with the columns used here. The
# app's models would not do: they change, and this file has to work for ever.
model_metadata = sa.table(
    "model_metadata",
    sa.column("id", sa.Integer),
    sa.column("model_name", sa.String),
    sa.column("status", sa.String),
)


def upgrade():
    # Most rows will be archived. As the default of a new column that value costs
    # nothing, so only the newest row of each name is left to be written.
    op.add_column(
        "model_metadata", sa.Column("status", sa.String(length=20), server_default="archived", nullable=False)
    )
    newest = sa.select(sa.func.max(model_metadata.c.id)).group_by(model_metadata.c.model_name)
    op.execute(model_metadata.update().where(model_metadata.c.id.in_(newest)).values(status="active"))
    # From now on a row without a status is a new one, and active.
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.alter_column(
            "status", existing_type=sa.String(length=20), existing_nullable=False, server_default="active"
        )
        batch_op.create_check_constraint(op.f("ck_model_metadata_status_known"), "status IN ('active', 'archived')")


def downgrade():
    # Which rows were archived is gone after this.
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.drop_constraint(op.f("ck_model_metadata_status_known"), type_="check")
        batch_op.drop_column("status")
