"""Wrong but plausible answers to the exercises of 04_status_data_migration, and a part of what each is told."""

UPGRADE = "\n%flask db upgrade"
TITLE = "model_name || coalesce(' ' || version, '')"


def fill(first, title, last):
    return f'fill(nullable_first={first}, title="{title}", nullable_last={last})'


COLUMN = '''mine.edit("models.py", 'server_default="active")\\n', """server_default="active")
    risk: Mapped[str] = mapped_column(String(10), server_default="high")
""")
'''
CHECK = "batch_op.create_check_constraint('risk_known', \"risk IN ('low', 'high')\")"
UPDATE = "op.execute(\"UPDATE model_metadata SET risk = 'low' WHERE accuracy >= 0.75\")"
DROP_CHECK = "batch_op.drop_constraint('risk_known', type_='check')"


def script(check=CHECK, update=UPDATE, drop_check=DROP_CHECK, length=10, default="'high'", more=""):
    return f'''mine.write("migrations/versions/0005r_add_risk.py", """
import sqlalchemy as sa
from alembic import op
{more}
revision = "0005r"
down_revision = "0005"


def upgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        batch_op.add_column(sa.Column("risk", sa.String({length}), server_default={default}, nullable=False))
        {check}
    {update}


def downgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        {drop_check}
        batch_op.drop_column("risk")
""")
'''


WRONG = {
    "three-steps": [
        (fill(True, TITLE, False), "not applied"),
        (fill(False, TITLE, False) + UPGRADE, "no row has a title yet"),
        (fill(True, "model_name || ' ' || version", False) + UPGRADE, "joined with NULL is NULL"),
        (fill(True, TITLE, True) + UPGRADE, "may still be NULL"),
        (fill(True, "model_name || ' ' || coalesce(version, '')", False) + UPGRADE, "'churn '; wanted: 'churn'"),
    ],
    "risk": [
        (COLUMN.replace(', server_default="high"', ""), "no server_default"),
        (COLUMN, "No script has the id 0005r"),
        (COLUMN + script(), "not applied"),
        (COLUMN + script(more="from models import ModelMetadata") + UPGRADE, "imports the app's code"),
        (COLUMN + script(length=20) + UPGRADE, "at most 10"),
        (COLUMN + script(default="'low'") + UPGRADE, "default is 'low'"),
        (COLUMN + '%flask db migrate -m "add risk" --rev-id 0005r' + UPGRADE, "takes any text"),
        (COLUMN + script(check=CHECK.replace("risk_known", "risk")) + UPGRADE, "is called ck_model_metadata_risk;"),
        (COLUMN + script(update=UPDATE.replace("accuracy >= 0.75", "risk IS NULL")) + UPGRADE, "All rows are high"),
        (COLUMN + script(update=UPDATE.replace(">=", ">")) + UPGRADE, "Row 13 with accuracy 0.75 is high"),
        (COLUMN + script(drop_check="pass") + UPGRADE, "The way back fails"),
        (COLUMN + script().replace('batch_op.drop_column("risk")', "pass") + UPGRADE, "risk is still there"),
    ],
}
