"""add notes to model_metadata

Revision ID: 0006b
Revises: 0005
Create Date: 2026-02-10 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0006b"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("model_metadata", sa.Column("notes", sa.Text(), nullable=True))


def downgrade():
    # The notes are gone after this. In place, as nothing else uses the column.
    op.drop_column("model_metadata", "notes")
