"""add owner to model_metadata

Revision ID: 0006a
Revises: 0005
Create Date: 2026-02-09 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0006a"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_model_metadata_owner_id_users"), "users", ["owner_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(op.f("ix_model_metadata_owner_id"), ["owner_id"])


def downgrade():
    # Who owned what is gone after this.
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.drop_index(op.f("ix_model_metadata_owner_id"))
        batch_op.drop_constraint(op.f("fk_model_metadata_owner_id_users"), type_="foreignkey")
        batch_op.drop_column("owner_id")
