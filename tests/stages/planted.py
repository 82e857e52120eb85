"""Migration scripts with a mistake in them, and such as only look like it: for tests of what the verifier reads."""
from typing import NamedTuple

SCRIPT = '''"""{message}

Revision ID: {id}
"""
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {parents!r}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''
UP, DOWN = 13, 17  # the lines of the first statement in upgrade(), and of that in downgrade() if upgrade() has one line


def write(folder, id, upgrade="pass", downgrade="pass", parents=None, message="first steps", script=SCRIPT):
    """Write a migration script into the project in `folder`; returns its path."""
    place = folder / "migrations" / "versions"
    place.mkdir(parents=True, exist_ok=True)
    text = script.format(
        id=id, parents=parents, message=message, upgrade=indented(upgrade), downgrade=indented(downgrade)
    )
    (place / f"{id}_.py").write_text(text, encoding="utf-8")
    return place / f"{id}_.py"


def indented(text):
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())


def adds(column):
    return f'op.add_column("users", sa.Column({column}))'


ADD_AGE, DROP_AGE = adds('"age", sa.Integer()'), 'op.drop_column("users", "age")'
DROP_FK = 'op.drop_constraint("its name", "pets")'


class Mistake(NamedTuple):
    """What a script does, and what is to be said of it, with which line."""

    check: str
    said: str
    upgrade: str
    downgrade: str = "pass"
    line: int = UP
    level: str = "error"


SECRET = "correct-horse"  # never to be printed
MISTAKES = {
    "a foreign key without a name, in a batch": Mistake(
        "names",
        "create_foreign_key(None, …) on pets fails on SQLite",
        """
with op.batch_alter_table("pets") as batch_op:
    batch_op.create_foreign_key(None, "users", ["owner"], ["id"])""",
        DROP_FK,
        line=UP + 1,
    ),
    "a foreign key without a name": Mistake(
        "names",
        "create_foreign_key(None, …) on pets: the database makes up a name",
        'op.create_foreign_key(None, "pets", "users", ["owner"], ["id"])',
        DROP_FK,
        level="warning",
    ),
    "a constraint that is dropped without a name": Mistake(
        "names",
        "drop_constraint(None, …) on pets always fails",
        'op.create_foreign_key("its name", "pets", "users", ["owner"], ["id"])',
        'op.drop_constraint(None, "pets", type_="foreignkey")',
        line=DOWN,
    ),
    "a required column without a default": Mistake(
        "required", "users.age: NOT NULL without", adds('"age", sa.Integer(), nullable=False'), DROP_AGE
    ),
    "a required column whose default is none": Mistake(
        "required", "users.age", adds('"age", sa.Integer(), nullable=False, server_default=None'), DROP_AGE
    ),
    "a rename as add and drop": Mistake(
        "rename",
        f"users.name goes, and full_name of the same type comes (line {UP})",
        adds('"full_name", sa.String(length=99)') + '\nop.drop_column("users", "name")  # the one of before',
        # As Alembic writes it: the type as it was read from the database.
        adds('"name", sa.VARCHAR(length=99), autoincrement=False') + '\nop.drop_column("users", "full_name")',
        line=UP + 1,
        level="warning",
    ),
    "a column that goes": Mistake(
        "destructive", "upgrade() drops users.age, and nobody says", DROP_AGE, ADD_AGE, level="warning"
    ),
    "a column that goes, in a batch": Mistake(
        "destructive",
        "upgrade() drops users.age, and nobody says",
        'with op.batch_alter_table("users", schema=None) as batch_op:\n    batch_op.drop_column("age")',
        ADD_AGE,
        line=UP + 1,
        level="warning",
    ),
    "a column that goes, as SQL": Mistake(
        "destructive",
        "upgrade() drops users.age",
        'op.get_bind().execute(sa.text("""\nALTER TABLE users\n    DROP COLUMN age"""))',
        ADD_AGE,
        level="warning",
    ),
    "a table that goes": Mistake(
        "destructive", "drops the table pets", 'op.drop_table("pets")', 'op.create_table("pets")', level="warning"
    ),
    "rows that go": Mistake(
        "destructive", "runs DELETE FROM users", 'op.execute("DELETE FROM users WHERE id > 7")', level="warning"
    ),
    "rows that go, by sa.text": Mistake(
        "destructive", "runs TRUNCATE TABLE users", 'op.execute(sa.text("TRUNCATE TABLE users"))', level="warning"
    ),
    "rows that go, by an expression": Mistake(
        "destructive",
        "deletes rows of users",
        'users = sa.table("users")\nop.execute(users.delete())',
        line=UP + 1,
        level="warning",
    ),
    "a column that holds no fractions any more": Mistake(
        "destructive",
        "makes users.weight narrower",
        'op.alter_column("users", "weight", existing_type=sa.NUMERIC(precision=9, scale=3), type_=sa.Integer())',
        'op.alter_column("users", "weight", existing_type=sa.Integer(), type_=sa.Numeric())',
        level="warning",
    ),
    "a column that gets narrower": Mistake(
        "destructive",
        "makes users.name narrower",
        'op.alter_column("users", "name", existing_type=sa.String(length=100), type_=sa.String(length=40))',
        'op.alter_column("users", "name", existing_type=sa.String(length=40), type_=sa.String(length=100))',
        level="warning",
    ),
    "a downgrade that does nothing": Mistake(
        "downgrade", "does nothing, and upgrade()", 'op.create_table("pets")', line=DOWN - 1, level="warning"
    ),
    "a downgrade that refuses": Mistake(
        "downgrade", "no way back", 'op.create_table("pets")', "raise NotImplementedError", DOWN - 1, "warning"
    ),
    "a password in a row": Mistake(
        "secrets",
        "a value for password",
        f'users = sa.table("users")\nop.bulk_insert(users, [{{"name": "admin", "password": "{SECRET}"}}])',
        line=UP + 1,
    ),
    "a password in a table of settings": Mistake(
        "secrets",
        "a value for mail_password",
        f'op.bulk_insert(sa.table("settings"), [{{"name": "mail_password", "value": "{SECRET}"}}])',
    ),
    "a password in SQL": Mistake(
        "secrets",
        "a value for password",
        f"op.execute(\"INSERT INTO users (name, password) VALUES ('admin', '{SECRET}')\")",
    ),
    "a password that is hashed in the script": Mistake(
        "secrets", "a value for password", f'hashed = generate_password_hash("{SECRET}")'
    ),
    "a password of a role": Mistake(
        "secrets", "a password of a role", f"op.execute(\"CREATE ROLE app LOGIN PASSWORD '{SECRET}'\")"
    ),
    "a URL with a password": Mistake(
        "secrets", "a URL with a password", f'engine = sa.create_engine("postgresql://app:{SECRET}@db.internal/app")'
    ),
    "a key of AWS, in a comment": Mistake("secrets", "an AWS key", "# it was AKIA2E0A8F3B244C9986\npass"),
    "a private key": Mistake(
        "secrets", "a private key", 'KEY = """\n-----BEGIN RSA PRIVATE KEY-----\nMIIE"""', line=UP + 1
    ),
    "a token": Mistake("secrets", "a value for API_TOKEN", 'API_TOKEN = "hc8WPdLtkX2qYz"'),
    "a default for a secret": Mistake(
        "secrets",
        "a value for ADMIN_PASSWORD",
        f'import os\nmine = os.environ.get("ADMIN_PASSWORD", "{SECRET}")',
        line=UP + 1,
    ),
}
HARMLESS = {  # what looks like a mistake and is none: (upgrade, downgrade)
    "a required column with a default": (adds('"age", sa.Integer(), server_default="0", nullable=False'), DROP_AGE),
    "a required column of a new table": (
        'op.create_table("pets")\nop.add_column("pets", sa.Column("age", sa.Integer(), nullable=False))',
        'op.drop_table("pets")',
    ),
    "a required column of a table that is emptied": (
        'op.execute("DELETE FROM users")  # they are made again at night\n'
        + adds('"age", sa.Integer(), nullable=False'),
        DROP_AGE,
    ),
    "a drop with a comment": (f"# nobody has asked for it since May\n{DROP_AGE}", ADD_AGE),
    "a drop with a docstring": (f'"""Drop the age: it is in birthday."""\n\n\n\n\n{DROP_AGE}', ADD_AGE),
    "a drop of what was moved": (f'op.execute("UPDATE users SET birth_year = 2000 - age")\n{DROP_AGE}', ADD_AGE),
    "a table for the time of the script": ('op.create_table("work")\nop.drop_table("work")', ""),
    "rows that are replaced": (
        'op.execute("DELETE FROM roles WHERE id = 1")\nop.execute("INSERT INTO roles VALUES (1)")',
        "",
    ),
    "a function that will delete rows": (
        'op.execute("CREATE OR REPLACE FUNCTION f() RETURNS void AS $$ DELETE FROM users; $$ LANGUAGE sql")',
        "",
    ),
    "a column that gets wider": (
        'op.alter_column("users", "name", existing_type=sa.String(40), type_=sa.String(100))',
        'op.alter_column("users", "name", existing_type=sa.String(100), type_=sa.String(40))',
    ),
    "a column that goes and one of another type": (
        adds('"age_group", sa.Text()') + f"\n{DROP_AGE}  # it was too exact",
        ADD_AGE + '\nop.drop_column("users", "age_group")',
    ),
    "a column that goes and another one of the same type": (
        adds('"height", sa.Integer()') + f"\n{DROP_AGE}  # nobody asked for it",
        adds('"age", sa.INTEGER()') + '\nop.drop_column("users", "height")',
    ),
    "a rename": (
        'op.alter_column("users", "name", new_column_name="full_name")',
        'op.alter_column("users", "full_name", new_column_name="name")',
    ),
    "a change of data that needs no way back": ('op.execute("UPDATE users SET name = trim(name)")', ""),
    "a check that is validated": ('op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_age")', ""),
    "columns for secrets": (
        'users = sa.table("users", sa.column("password_hash"), sa.column("token"))\npassword = "password"\n'
        + adds('"token", sa.String(length=64), server_default="none"'),
        'op.drop_column("users", "token")',
    ),
    "a hash and an id": (
        'op.bulk_insert(sa.table("users"), [{"password": "$2b$12$abcdefghijklmnopqrstuv", "id": "d6aa2c68-a2d9"}])',
        "",
    ),
    "a secret of the environment": (
        'import os\npassword = os.environ["ADMIN_PASSWORD"]\nurl = f"postgresql://app:{password}@db/app"',
        "",
    ),
    "an address of nobody": (f'url = "postgresql://app:{SECRET}@db.example.com/app"', ""),
}


class Import(NamedTuple):
    """How a script uses the app, in which there are app/, app/models.py and migrations/helpers.py."""

    line: str
    upgrade: str
    level: str | None = None
    said: str = ""


MODEL = "from app.models import User"
IMPORTS = {
    "a query": Import(MODEL, "User.query.all()", "error", f"Line {UP + 1} works with its tables"),
    "a session": Import("from app import db", "db.session.commit()", "error", "imports app. Line"),
    "a session of a module": Import("import app.models", "app.models.db.session.commit()", "error", "models. Line"),
    "a select": Import(MODEL, "op.execute(sa.select(User))", "error", "imports app.models."),
    "its table": Import(MODEL, "op.bulk_insert(User.__table__, [])", "error", "imports app.models."),
    "a row": Import(MODEL, "session.add(User(name='Ada'))", "error", "imports app.models."),
    "a constant, in a set": Import("from app.roles import ADMIN", "set().add(ADMIN)", "warning", "needs its ADMIN"),
    "a constant": Import("from app.roles import ADMIN", "print(ADMIN)", "warning", f"Line {UP + 1} needs its ADMIN"),
    "nothing": Import(MODEL, "pass", "warning", "does not use User, and fails once that is moved"),
    "a type": Import("from app import types", adds('"kind", types.Kind(length=3)')),
    "a helper of the migrations": Import("from migrations.helpers import fill", "fill()"),
    "an installed package": Import("from sqlalchemy_utils import UUIDType", "UUIDType.query"),
}
