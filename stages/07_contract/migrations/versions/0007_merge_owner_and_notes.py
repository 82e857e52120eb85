"""merge owner and notes

Two branches added one column each, from the same parent. Nothing is left to do
here but to make one head of two.

Revision ID: 0007
Revises: 0006a, 0006b
Create Date: 2026-02-11 09:00:00
"""
revision = "0007"
down_revision = ("0006a", "0006b")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
