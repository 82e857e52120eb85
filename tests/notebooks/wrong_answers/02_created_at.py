"""Wrong but plausible answers to the exercises of 02_created_at, and a part of what each is told."""

UPGRADE = """upgrade = '''
def upgrade():
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("active", sa.Boolean(), {}))
'''"""

MODEL = """
column = "    contact: Mapped[str] = mapped_column(String(120))\\n"
mine.edit("models.py", "unique=True)\\n", "unique=True)\\n" + column)
"""
GENERATE = '%flask db migrate -m "add contact to users" --rev-id 0003c\n'
STEPS = '''script = mine.script("0003c")
mine.edit(script, """    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contact', sa.String(length=120), nullable=False))
""", """    with op.batch_alter_table('users') as batch_op:
        batch_op.add_column(sa.Column('contact', sa.String(length=120), nullable=True))
    op.execute("UPDATE users SET contact = email")
    with op.batch_alter_table('users') as batch_op:
        batch_op.alter_column('contact', existing_type=sa.String(length=120), nullable=False)
""")
'''
RIGHT = MODEL + GENERATE + STEPS
APPLY = "%flask db upgrade"


def but(name, old, new):
    """All right but for one place in a file."""
    return f"{RIGHT}mine.edit({name}, {old!r}, {new!r})\n{APPLY}"


WRONG = {
    "active-column": [
        (UPGRADE.format("____=____, nullable=False"), "Blanks left: 2"),
        (UPGRADE.format("default=True, nullable=False"), "Cannot add a NOT NULL column with default value NULL"),
        (UPGRADE.format("server_default=sa.text('1'), nullable=False"), "default expression is of type integer"),
        (UPGRADE.format("server_default=sa.true(), nullable=True"), "may be NULL"),
        (UPGRADE.format("server_default=sa.false(), nullable=False"), "0 of the 24"),
        (UPGRADE.format("server_default=sa.true()").replace('"active"', '"aktive"'), "no column active"),
    ],
    "contact-column": [
        (MODEL, "No script has the id 0003c"),
        (MODEL + GENERATE + APPLY, "ask what the four users get"),
        (RIGHT.replace("120", "100") + APPLY, "at most 120"),
        (MODEL.replace("120", "120), server_default=('x'") + GENERATE + APPLY, "would get 'x' from the database"),
        (MODEL.replace("[str]", "[str | None]") + GENERATE + APPLY, "may be NULL"),
        (RIGHT.replace("= email", "= name") + APPLY, "The contact of user 1 is 'Zoë Nguyễn'"),
        (but('"models.py"', "contact: Mapped[str]", "contact: Mapped[str | None]"), "flask db check fails"),
        (but("script", "drop_column('contact')", "drop_column('contacts')"), "flask db downgrade 0002 fails"),
        (but("script", "UPDATE users SET contact = email", "DELETE FROM users"), "Of the four users 0 are left"),
        (but("script", "batch_op.drop_column", "op.execute('UPDATE users SET id = id + 9'); batch_op.drop_column"),
         "the users were not the same"),
    ],
}  # fmt: skip
