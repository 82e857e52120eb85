"""A stage's own tests find what they are for, without the workbook: each mistake is made in a copy, and reported."""
import importlib
import re
import shutil

import pytest
from projects import add_revision, copy_with_small_batches
from sqlalchemy import text
from test_mutations import change

from workbook.commands import run
from workbook.schema import engine_of, schema_of
from workbook.stages import STAGES, environment, own_modules, stage_app, stage_folder, stage_folders
from workbook.workspace import LEFT_OUT

PYTEST = ["pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "-p", "no:xdist"]
ROUND_TRIPS = "tests/test_round_trips.py"
FILL_BADLY = "op.execute(\"UPDATE users SET name = 'x' WHERE name IS NULL\")"
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def copy(tmp_path):
    """A function that copies a stage."""

    def make(stage):
        if stage == "07_contract":
            return copy_with_small_batches(tmp_path / stage)
        return shutil.copytree(stage_folder(stage), tmp_path / stage, ignore=LEFT_OUT)

    return make


def reported(folder, url):
    """What the own test of the project in `folder` says, by a call of what it calls itself."""
    with stage_app(folder, url) as app, own_modules(folder / "tests"):
        return "\n".join(importlib.import_module("test_round_trips").problems_of(app))


@POSTGRESQL
def test_the_last_stage_which_has_all_revisions_has_no_problem_on_postgresql(url):
    """On SQLite, copies.py runs all the tests of each stage."""
    assert reported(stage_folders()[-1], url) == ""


EDITED = {  # mistake: (stage, revision, text, what is there instead, the first line that is reported)
    "a backfill that is forgotten": (
        "07_contract",
        "0009",
        'fill("display_name", source="name")',
        "pass",
        r"0009: up: users, row \d+: display_name is None, name is \"\d+ Zoë's",
    ),
    "another value on the way back": (
        "07_contract",
        "0009",
        'fill("name", source="display_name")',
        FILL_BADLY,
        r"0009: down: users, row \d+: name was \"\d+ Zoë's\", is 'x'",
    ),
    "the last backfill of a rename that is forgotten": (
        "07_contract",
        "0010",
        "    else:\n        fill_what_is_left()",
        "",
        r"0010: Rolled back in 0010_\w+\.py, line \d+: .*NOT NULL constraint failed: \w*users\.display_name",
    ),
    "a downgrade that leaves its column": (
        "03_ml_metadata",
        "0004",
        'op.drop_column("model_metadata", "version")',
        "pass",
        r"0004: down: column model_metadata\.version \(.*\) is too much",
    ),
    "a value that is lost on one of two branches": (
        "05_merge_conflict",
        "0006b",
        "nullable=True))",
        'nullable=True))\n    op.execute("UPDATE model_metadata SET version = NULL")',
        r"0006b: up: model_metadata, row \d+: version was \"\d+ Zoë's.*, is None",
    ),
}


@SQLITE
@pytest.mark.parametrize("mistake", EDITED)
def test_a_mistake_in_a_stages_revision_is_reported(mistake, copy, url):
    stage, revision, old, new, expected = EDITED[mistake]
    folder = copy(stage)
    change(folder, f"{revision}_*.py", old, new)
    said = reported(folder, url)
    assert re.match(expected, said), said
    assert f"\nThe script is migrations/versions/{revision}_" in said


def batch(*lines):
    return "\n    ".join(['with op.batch_alter_table("users") as batch:', *lines])


def column(name, length=100):
    return f'batch.add_column(sa.Column("{name}", sa.String({length}), server_default="", nullable=False))'


UNIQUE = 'op.f("uq_users_email")'
ADDED = {  # mistake: (upgrade, downgrade, the first line that is reported), after 0002
    "a rename that drops the column and adds another one": (
        batch('batch.drop_column("name")', column("full_name")),
        batch('batch.drop_column("full_name")', column("name")),
        r"0003: up and down: users, row 1: name was .* \(100 long\), is '' \(and \d+ more\)",
    ),
    "a value that is cut off": (
        'op.execute("UPDATE users SET name = substr(name, 1, 50)")',
        "pass",
        r"0003: up: users, row 1: name was .* \(100 long\), is .* \(50 long\)",
    ),
    "a row that is deleted on the way back": (
        "pass",
        'op.execute("DELETE FROM users WHERE id = 3")',
        r"0003: down: users, row 3 is gone",
    ),
    "a downgrade that forgets an index": (
        'op.create_index("ix_users_name", "users", ["name"])',
        "pass",
        r"0003: down: Index ix_users_name of users \(name\) is too much",
    ),
    "a downgrade that does not bring back a UNIQUE": (
        batch(f'batch.drop_constraint({UNIQUE}, type_="unique")'),
        "pass",
        r"0003: down: UniqueConstraint uq_users_email of users \(email\) is missing",
    ),
    "a downgrade that does not bring back a column": (
        'op.drop_column("users", "name")',
        "pass",
        r"0003: down: column users\.name \(.*\) is missing",
    ),
    "a column that existing rows have no value for": (
        batch('batch.add_column(sa.Column("age", sa.Integer, nullable=False))'),
        'op.drop_column("users", "age")',
        r"0003: Rolled back in 0003\.py, line \d+: .*NOT NULL",
    ),
    "a downgrade that cannot be done": (
        "pass",
        'raise NotImplementedError("no way back")',
        r"0003: Rolled back in 0003\.py, line \d+: NotImplementedError: no way back",
    ),
}  # fmt: skip


@SQLITE
@pytest.mark.parametrize("mistake", ADDED)
def test_a_mistake_in_a_revision_of_ones_own_is_reported(mistake, copy, url):
    upgrade, downgrade, expected = ADDED[mistake]
    folder = copy("02_created_at")
    add_revision(folder, "0003", upgrade, downgrade)
    said = reported(folder, url)
    assert re.match(expected, said), said


MANY_TYPES = "a table of many types that refers to itself and to users"
RIGHT = {  # what a starter may do: (upgrade, downgrade)
    "a rename": (
        'op.alter_column("users", "name", new_column_name="full_name")',
        'op.alter_column("users", "full_name", new_column_name="name")',
    ),
    "another type, which shows the same values": (
        batch('batch.add_column(sa.Column("size", sa.Integer))', 'batch.alter_column("name", type_=sa.Text)'),
        batch('batch.drop_column("size")', 'batch.alter_column("name", type_=sa.String(100))'),
    ),
    MANY_TYPES: (
        """
        op.create_table(
            "tasks",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False, unique=True),
            sa.Column("after_id", sa.Integer, sa.ForeignKey("tasks.id")),
            sa.Column("price", sa.Numeric(6, 2), sa.CheckConstraint("price > 0", name="price"), nullable=False),
            sa.Column("due", sa.Date, nullable=False),
            sa.Column("done", sa.Boolean, nullable=False),
            sa.Column("kind", sa.Enum("big", "small", name="kind", create_constraint=True), nullable=False),
            sa.Column("code", sa.String(8), nullable=False, unique=True),
            sa.Column("more", sa.JSON),
        )
        """,
        'op.drop_table("tasks")\nsa.Enum(name="kind").drop(op.get_bind())',
    ),
    "a table without a primary key": (
        'op.create_table("visits", sa.Column("page", sa.Text), sa.Column("seconds", sa.Float, nullable=False))',
        'op.drop_table("visits")',
    ),
}


@pytest.mark.parametrize(
    ("what", "database"),
    [*((what, "sqlite") for what in RIGHT), (MANY_TYPES, "postgresql")],
    indirect=["database"],
)
def test_what_is_right_is_not_reported(what, database, copy, url):
    folder = copy("02_created_at")
    upgrade, downgrade = RIGHT[what]
    add_revision(folder, "0003", upgrade, downgrade)
    add_revision(folder, "0004", "pass")  # with rows in what 0003 has made
    if what == MANY_TYPES and database == "sqlite":  # there, an Enum is a text with a CHECK
        change(folder, "row_values.py", "VALUES = {}", 'VALUES = {"kind": ["big", "small"]}')
    assert reported(folder, url) == ""


@SQLITE
def test_a_column_whose_values_are_not_known_is_told_with_what_to_do(copy, new_database):
    folder = copy("02_created_at")
    column = 'sa.Column("plan", sa.String(9), sa.CheckConstraint("plan IN (\'free\', \'paid\')", name="known"))'
    add_revision(folder, "0003", f'op.create_table("plans", {column})', 'op.drop_table("plans")')
    said = reported(folder, new_database())
    assert said.startswith("0003: plans takes no row (CHECK constraint failed: ck_plans_known)")
    assert "Say in tests/row_values.py which values it takes." in said
    change(folder, "row_values.py", "VALUES = {}", 'VALUES = {"plan": ["to come"] * 6 + ["free", "paid"]}')
    assert reported(folder, new_database()) == "", "what a later revision allows is no problem in an earlier one"


@SQLITE
def test_what_a_revision_changes_on_purpose_is_not_reported_if_row_values_says_so(copy, new_database):
    folder = copy("02_created_at")
    add_revision(folder, "0003", 'op.execute("UPDATE users SET email = upper(email)")', "pass")
    assert reported(folder, new_database()).startswith("0003: up: users, row 1: email was")
    change(folder, "row_values.py", "ON_PURPOSE = {}", 'ON_PURPOSE = {"0003": ["users.email"]}')
    assert reported(folder, new_database()) == ""


def test_pytest_in_a_copied_stage_is_red_and_says_what_is_reported(copy):
    folder = copy("02_created_at")
    upgrade, downgrade, expected = ADDED["a value that is cut off"]
    add_revision(folder, "0003", upgrade, downgrade)
    ended = run([*PYTEST, ROUND_TRIPS], folder)
    assert ended.code == 1 and re.search(f"^{expected}", ended.output, re.MULTILINE), ended.output
    assert "Traceback" not in ended.output and "INFO" not in ended.output, ended.output


@POSTGRESQL
@pytest.mark.parametrize(("stage", "tests"), [("02_created_at", "tests"), ("07_contract", "tests/test_operations.py")])
def test_the_tests_run_on_the_database_that_is_named_and_leave_nothing_there(stage, tests, copy, url):
    ended = run([*PYTEST, tests], copy(stage), {"TEST_DATABASE_URL": url})
    assert ended.code == 0, ended.output
    with engine_of(url).connect() as connection:
        query = "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY 1"
        assert connection.scalars(text(query)).all() == ["information_schema", "public"]
    assert schema_of(url) == {}


@POSTGRESQL
def test_the_tests_refuse_a_database_that_has_tables(copy, url):
    with engine_of(url).begin() as connection:
        connection.execute(text("CREATE TABLE bills (id integer)"))
    ended = run([*PYTEST, ROUND_TRIPS], copy("02_created_at"), {"TEST_DATABASE_URL": url})
    assert ended.code == pytest.ExitCode.USAGE_ERROR, ended.output
    assert "TEST_DATABASE_URL has to name an empty database; this one has public.bills." in ended.output
    assert "Traceback" not in ended.output and list(schema_of(url)) == ["bills"]


@pytest.mark.parametrize("wrong", ["", "no url", "oracle://host/db", "postgresql://127.0.0.1:1/none"])
def test_a_wrong_test_database_url_is_told_in_one_line_before_the_first_test(wrong):
    folder = stage_folder("01_initial")
    with own_modules(folder), own_modules(folder / "tests"), environment(TEST_DATABASE_URL=wrong):
        conftest = importlib.import_module("conftest")
        with pytest.raises(pytest.UsageError, match="^TEST_DATABASE_URL") as refused:
            conftest.pytest_sessionstart()
    assert len(str(refused.value).splitlines()) == 1


def test_each_stage_says_in_the_same_words_what_pytest_proves():
    lines = {re.search("(?m)^`pytest` proves .*$", path.read_text("utf-8"))[0] for path in STAGES.glob("*/README.md")}
    assert len(lines) == 1
