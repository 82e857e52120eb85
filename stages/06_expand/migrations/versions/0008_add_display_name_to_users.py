"""add display_name to users

The first step of a rename that stops nobody: the new column stands beside the
old one, and may be empty, so apps that have never heard of it go on writing.

Revision ID: 0008
Revises: 0007
Create Date: 2026-02-16 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("display_name", sa.String(length=100), nullable=True))


def downgrade():
    # Every name is in the column name as well. In place, as nothing else uses the column.
    op.drop_column("users", "display_name")
