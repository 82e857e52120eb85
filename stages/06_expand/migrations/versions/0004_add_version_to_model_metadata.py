"""add version to model_metadata

Revision ID: 0004
Revises: 0003
Create Date: 2026-01-27 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("model_metadata", sa.Column("version", sa.String(length=20), nullable=True))


def downgrade():
    # The versions are gone after this. In place, as nothing else uses the column.
    op.drop_column("model_metadata", "version")
