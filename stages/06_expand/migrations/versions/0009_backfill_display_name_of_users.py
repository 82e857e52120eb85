"""backfill display_name of users

Run it when the last app that writes only name has been stopped. The rows are
filled in small batches, each committed by itself, so that whoever writes to
the table waits for one batch and not for all. Killed half-way, it is run
again and does the rest.

Then name may be empty, as the next app does not write it any more.

Revision ID: 0009
Revises: 0008
Create Date: 2026-02-17 09:00:00
"""
import time

import sqlalchemy as sa
from alembic import context, op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
# What a batch has committed is stepped over, so env.py may begin this script again.
resumable = True

BATCH = 1000  # rows: done in about a hundredth of a second
# SQLite keeps no queue: whoever waits for its lock looks again from time to time, and has to find it free.
PAUSE = 0.01  # seconds

users = sa.table(
    "users",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("display_name", sa.String),
)


def upgrade():
    fill("display_name", source="name")
    with op.batch_alter_table("users") as batch_op:
        batch_op.alter_column("name", existing_type=sa.String(length=100), nullable=True)


def downgrade():
    # Users of the next app have a display_name only.
    fill("name", source="display_name")
    with op.batch_alter_table("users") as batch_op:
        batch_op.alter_column("name", existing_type=sa.String(length=100), nullable=False)


def fill(target, source):
    empty = users.c[target].is_(None)
    copy = users.update().values({target: users.c[source]})
    if context.is_offline_mode():  # `--sql` cannot ask where a batch ends
        op.execute(copy.where(empty))
        return
    # From id to id: a batch begins where the last one ended, and never looks at earlier rows.
    last, end = sa.bindparam("last"), sa.bindparam("end")
    batch = sa.select(users.c.id).where(users.c.id > last, empty).order_by(users.c.id).limit(BATCH).subquery()
    find_end = sa.select(sa.func.max(batch.c.id))
    fill_batch = copy.where(users.c.id > last, users.c.id <= end, empty)
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        done = 0
        while (found := connection.scalar(find_end, {"last": done})) is not None:
            connection.execute(fill_batch, {"last": done, "end": found})
            done = found
            if op.get_context().dialect.name == "sqlite":
                time.sleep(PAUSE)
