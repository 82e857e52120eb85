"""Wrong but plausible answers to the exercises of 03_ml_metadata, and a part of what each is told."""


def script(up, down):
    return f'''mine.write("migrations/versions/0005t_rename_model_name.py", """
import sqlalchemy as sa
from alembic import op

revision = "0005t"
down_revision = "0004"


def upgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        {up}


def downgrade():
    with op.batch_alter_table("model_metadata") as batch_op:
        {down}
""")'''


def rename(up, up_to, down, down_to):
    return script(*(f'batch_op.alter_column("{a}", new_column_name="{b}")' for a, b in ((up, up_to), (down, down_to))))


def add_and_drop(new, old):
    column = f"sa.Column('{new}', sa.String(100), nullable=False, server_default='')"
    return f"batch_op.add_column({column}); batch_op.drop_column('{old}')"


COLUMN = """mine.write("models.py", mine.read("models.py") + "    loss: Mapped[float | None] = mapped_column(Float)\\n")
"""
RULE = """mine.edit("models.py", 'name="accuracy_range"),)', '''name="accuracy_range"),
    CheckConstraint("loss >= 0", name="loss_not_negative"))''')
"""
GENERATE = '%flask db migrate -m "add loss" --rev-id 0005l\nscript = mine.script("0005l")\n'
UP = '''mine.edit(script, "nullable=True))\\n", """nullable=True))
        batch_op.create_check_constraint("loss_not_negative", "loss >= 0")
""")
'''
DOWN = '''mine.edit(script, "        batch_op.drop_column", """
        batch_op.drop_constraint(op.f("ck_model_metadata_loss_not_negative"), type_="check")
        batch_op.drop_column""")
'''
APPLY = "%flask db upgrade\n"

WRONG = {
    "rename-by-hand": [
        (rename("model_name", "title", "____", "____"), "still 2 blanks"),
        (rename("title", "model_name", "model_name", "title"), "flask db upgrade 0005t fails"),
        (rename("model_name", "title", "model_name", "title"), "flask db downgrade 0004 fails"),
        (rename("model_name", "title", "title", "name"), "does not lead back to the schema"),
        (script(add_and_drop("title", "model_name"), add_and_drop("model_name", "title")), "not what the model"),
    ],
    "loss-not-negative": [
        (COLUMN + RULE, "No script has the id 0005l"),
        (COLUMN + RULE + GENERATE + APPLY, "Which script would have made it?"),
        (COLUMN + RULE + GENERATE + UP + APPLY, "flask db downgrade 0004 fails"),
        (COLUMN + RULE + GENERATE + UP.replace('"loss_', '"ck_model_metadata_loss_') + DOWN, "The rule is called"),
        (COLUMN + RULE + GENERATE + UP.replace(">=", ">") + DOWN + APPLY, "refuses a loss of 0"),
        (COLUMN.replace(" | None", "") + RULE + GENERATE + APPLY, "flask db upgrade 0005l fails"),
        (COLUMN + RULE + GENERATE + UP + DOWN, "not at 0005l yet"),
    ],
}
