"""create model_metadata

Revision ID: 0003
Revises: 0002
Create Date: 2026-01-26 09:00:00
"""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "model_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_name", sa.String(length=100), nullable=False),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("accuracy >= 0 AND accuracy <= 1", name=op.f("ck_model_metadata_accuracy_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_metadata")),
    )


def downgrade():
    # Every row of the table is gone after this.
    op.drop_table("model_metadata")
