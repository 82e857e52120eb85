"""add created_at to users

Revision ID: 0002
Revises: 0001
Create Date: 2026-01-19 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    # Rows that are already there get the time of this migration. SQLite cannot add
    # a column whose default is not a constant: batch mode rebuilds the table there.
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(
            sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
        )


def downgrade():
    # The times are gone after this. No index or constraint uses the column, so SQLite
    # drops it in place, which is many times faster than a rebuild in batch mode.
    op.drop_column("users", "created_at")
