"""The checks of this folder find what they are for: each mistake is made in a copy of a stage, and reported."""
import shutil
from unittest.mock import Mock

import pytest
from alembic.util import CommandError
from migration_checks import app_imports, model_differences, unclear_names, wrong_names, wrong_statuses
from projects import copy_with_small_batches
from publish import broken_promises, stage_digests

from workbook.stages import STAGES, script_directory, stage_app, upgrade
from workbook.verify import walk as walking
from workbook.verify.driver import Loaded
from workbook.verify.history import history_of

STAGE = STAGES / "05_merge_conflict"


@pytest.fixture
def copy(tmp_path):
    """A copy of the stage, to make mistakes in."""
    ignore = shutil.ignore_patterns("__pycache__", "instance", ".venv", ".pytest_cache")
    return shutil.copytree(STAGE, tmp_path / "stages" / STAGE.name, ignore=ignore)


@pytest.fixture
def renaming(tmp_path):
    """A copy of the last stage, which renames users.name, to make mistakes in."""
    return copy_with_small_batches(tmp_path / "renaming")


def change(folder, pattern, old, new):
    [file] = folder.rglob(pattern)
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} has {text.count(old)} times: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def found_by_a_round_trip(folder, url, name):
    history = history_of(script_directory(folder))
    applied = history.up_to(name) - {name}
    with stage_app(folder, url) as app:
        for head in history.tips(applied):
            upgrade(app, head)
        lines = []
        try:
            lines.extend(walking.round_trips(Loaded(app), url, history, applied, history[name]))
        except CommandError as error:
            lines.append(str(error))
    return "\n".join(lines)


DROP_VERSION = 'op.drop_column("model_metadata", "version")'
DROP_NOTES = 'op.drop_column("model_metadata", "notes")'
ADD_CREATED_AT = 'with op.batch_alter_table("users") as batch_op:'
BOTH = ("sqlite", "postgresql")
# A dropped column takes its index and FOREIGN KEY along, and on PostgreSQL its CHECK: to forget those is no mistake.
ROUND_TRIPS = {  # mistake: (databases, revision, text, what is there instead, a part of what is reported)
    "a downgrade that does nothing": (BOTH, "0004", DROP_VERSION, "pass", "column version only in the schema after"),
    "a downgrade that leaves a column behind": (
        BOTH,
        "0006a",
        'batch_op.drop_column("owner_id")',
        "pass",
        "model_metadata: column owner_id only in the schema after the downgrade",
    ),
    "a downgrade that drops a column before its CHECK": (
        ("sqlite",),
        "0005",
        'batch_op.drop_constraint(op.f("ck_model_metadata_status_known"), type_="check")',
        "pass",
        "no such column: status",
    ),
    "a downgrade that drops another CHECK as well": (
        BOTH,
        "0005",
        'batch_op.drop_column("status")',
        'batch_op.drop_column("status")\n'
        '        batch_op.drop_constraint(op.f("ck_model_metadata_accuracy_range"), type_="check")',
        "CHECK ck_model_metadata_accuracy_range only in the schema before",
    ),
    "a downgrade that deletes a row": (
        BOTH,
        "0006b",
        DROP_NOTES,
        DROP_NOTES + '\n    op.execute("DELETE FROM model_metadata WHERE id = 3")',
        "up and down: model_metadata 3: the row is missing",
    ),
    "an upgrade that changes a value": (
        BOTH,
        "0002",
        ADD_CREATED_AT,
        'op.execute("UPDATE users SET name = trim(name)")\n    ' + ADD_CREATED_AT,
        "name was ' blanks around ', is 'blanks around'",
    ),
    "a value lost by the way back alone": (
        BOTH,
        "0006b",
        DROP_NOTES,
        DROP_NOTES + '\n    op.execute("UPDATE model_metadata SET version = NULL")',
        "version was '1.0', is None",
    ),
}


@pytest.mark.parametrize(
    ("database", "mistake"),
    [(database, mistake) for mistake, (databases, *_) in ROUND_TRIPS.items() for database in databases],
    indirect=["database"],
)
def test_a_round_trip_finds(mistake, copy, url):
    _, name, old, new, expected = ROUND_TRIPS[mistake]
    change(copy, f"{name}_*.py", old, new)
    assert expected in found_by_a_round_trip(copy, url, name)


RENAME, INDEX = 'op.execute("UPDATE users SET name = 9 || name")', 'op.create_index("ix_users_name", "users", ["name"])'
MANY = 'if op.get_bind().scalar(sa.text("SELECT count(*) FROM users")) > 24: '
DOWN_BEFORE = '__import__("os").path.exists(__file__ + ".was_down")'
NOTE_DOWN = 'open(__file__ + ".was_down", "w").close()'
ONE_WAY = {  # what one of the comparisons alone can see: (added to 0006b's upgrade, to its downgrade, what is reported)
    "a value that is wrong above only": (
        RENAME,
        'op.execute("UPDATE users SET name = substr(name, 2)")',
        "up: users 1: name was",
    ),
    "a value that only the second upgrade changes": (f"if {DOWN_BEFORE}: {RENAME}", NOTE_DOWN, "up again: users 1: "),
    "an index that only the second upgrade makes": (f"if {DOWN_BEFORE}: {INDEX}", NOTE_DOWN, "up again: users: index"),
    "a row that was made above and is lost below": (
        "pass",
        'op.execute("DELETE FROM users WHERE id > 24")',
        "down: users 25: the row is missing",
    ),
    "an index that is left when rows were made above": ("pass", MANY + INDEX, "down: users: index ix_users_name only"),
    "a value that changes when rows were made above": (MANY + RENAME, "pass", "down and up: users 1: name was"),
    "a revision too many": (
        "op.execute(\"INSERT INTO alembic_version VALUES ('0004')\")",
        "pass",
        "alembic_version holds ['0004', '0006b'], not ['0006b']",
    ),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mistake", ONE_WAY)
def test_a_round_trip_finds_what_goes_wrong_one_way_only(mistake, copy, url):
    up, down, expected = ONE_WAY[mistake]
    change(copy, "0006b_*.py", "nullable=True))", f"nullable=True))\n    {up}")
    change(copy, "0006b_*.py", DROP_NOTES, f"{DROP_NOTES}\n    {down}")
    reported = found_by_a_round_trip(copy, url, "0006b").splitlines()
    assert any(line.startswith(expected) for line in reported), reported


def test_a_walk_takes_every_step_from_every_state_that_it_can_be_taken_from(monkeypatch):
    steps = []

    def note(project, url, history, applied, revision):
        steps.append((" and ".join(sorted(history.tips(applied))), revision.id))
        return [f"seen {len(steps)}"]

    monkeypatch.setattr(walking, "round_trips", note)
    lines = walking.walk(Mock(), None, history_of(script_directory(STAGE)))
    line = [("", "0001"), ("0001", "0002"), ("0002", "0003"), ("0003", "0004"), ("0004", "0005")]
    branches = [("0005", "0006a"), ("0006a", "0006b"), ("0005", "0006b"), ("0006b", "0006a")]
    assert sorted(steps) == sorted([*line, *branches, ("0006a and 0006b", "0007")])
    assert len(lines) == len(steps) and lines[0] == "0001 after nothing: seen 1"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_walk_that_cannot_go_on_says_where_it_is(copy, url):
    change(copy, "0001_*.py", 'op.drop_table("users")', 'op.drop_table("no_such_table")')
    with stage_app(copy, url) as app:
        [line] = walking.walk(Loaded(app), url, history_of(script_directory(copy)))
    assert line.startswith("0001 after nothing: ") and "no_such_table" in line


def test_revisions_on_no_branch_are_known():
    assert history_of(script_directory(STAGE)).on_every_way() == {"0001", "0002", "0003", "0004", "0005", "0007"}


NEW_REVISION = '''"""drop something"""
from alembic import op

revision, down_revision = "0008", "0007"


def upgrade():
    with op.batch_alter_table("{table}") as batch_op:
        batch_op.{drop}


def downgrade():
    pass
'''
FORGOTTEN = {  # what the downgrade does not bring back: (table, how it was dropped)
    "index ix_model_metadata_owner_id": ("model_metadata", 'drop_index("ix_model_metadata_owner_id")'),
    "FOREIGN KEY fk_model_metadata_owner_id_users": (
        "model_metadata",
        'drop_constraint(op.f("fk_model_metadata_owner_id_users"), type_="foreignkey")',
    ),
    "CHECK ck_model_metadata_status_known": (
        "model_metadata",
        'drop_constraint(op.f("ck_model_metadata_status_known"), type_="check")',
    ),
    "UNIQUE uq_users_email": ("users", 'drop_constraint(op.f("uq_users_email"), type_="unique")'),
    "column name": ("users", 'drop_column("name")'),
}


@pytest.mark.parametrize("part", FORGOTTEN)
def test_a_downgrade_is_found_that_forgets(part, copy, url):
    table, drop = FORGOTTEN[part]
    file = copy / "migrations" / "versions" / "0008_drop_something.py"
    file.write_text(NEW_REVISION.format(table=table, drop=drop), encoding="utf-8")
    reported = found_by_a_round_trip(copy, url, "0008")
    assert f"up and down: {table}: {part} only in the schema before the upgrade" in reported


MODELS = {  # mistake: (text, what is there instead, a part of what is reported)
    "a new column": ("    notes:", "    more: Mapped[str | None]\n    notes:", "column more only in the models"),
    "another CHECK": ("accuracy <= 1", "accuracy <= 2", "CHECK ck_model_metadata_accuracy_range: condition is"),
    "another server default": ('default="active"', 'default="archived"', "column status: default is 'active'"),
    "another ON DELETE": ("SET NULL", "CASCADE", "is SET NULL in the migrated database, CASCADE in the models"),
    "no index": (", index=True", "", "index ix_model_metadata_owner_id only in the migrated database"),
    "another length": ("String(20))\n", "String(21))\n", "type is VARCHAR(20) in the migrated database, VARCHAR(21)"),
}


@pytest.mark.parametrize("mistake", MODELS)
def test_a_model_that_was_changed_without_a_migration_is_found(mistake, copy, new_database):
    *change_of, expected = MODELS[mistake]
    change(copy, "models.py", *change_of)
    assert expected in "\n".join(model_differences(copy, new_database(), new_database()))


def test_a_0005_without_its_update_is_found(copy, url):
    change(copy, "0005_*.py", "    op.execute(", "    print(")
    assert wrong_statuses(copy, url, ["churn"]) == ["1: 'churn' is archived"]


def test_a_0005_that_takes_names_in_another_case_for_the_same_is_found(copy, url):
    change(copy, "0005_*.py", "(model_metadata.c.model_name)", "(sa.func.lower(model_metadata.c.model_name))")
    assert wrong_statuses(copy, url, ["churn", "Churn"]) == ["1: 'Churn' is archived"]


FILL_UP, FILL_DOWN = 'fill("display_name", source="name")', 'fill("name", source="display_name")'
FILL_BADLY = "op.execute(\"UPDATE users SET name = 'x' WHERE name IS NULL\")"
BACKFILLS = {  # mistake: (what is in 0009, what is there instead, a part of what is reported)
    "no backfill": (FILL_UP, "pass", "0008 to 0009: display_name of 3 is None"),
    "another value": ("{target: users.c[source]}", '{target: "x"}', "0008 to 0009: display_name of 3 is 'x'"),
    "one batch only": ("is not None:", "is not None and not done:", "0008 to 0009: display_name of"),
    "rows left out between two batches": ("done = found", "done = found + 3", "0008 to 0009: display_name of"),
    "another value on the way back": (FILL_DOWN, FILL_BADLY, "0009 to 0008: name of"),
}


@pytest.mark.parametrize("mistake", BACKFILLS)
def test_a_wrong_backfill_in_0009_is_found(mistake, renaming, url):
    *change_of, expected = BACKFILLS[mistake]
    change(renaming, "0009_*.py", *change_of)
    assert expected in "\n".join(wrong_names(renaming, url))


NOT_NULL = ("NOT NULL constraint failed", "null value", "is violated by some row", "violates check constraint")
RENAME_STEPS = {  # mistake: (revision, text, what is there instead, parts of what is reported: one of them)
    "a backfill over what is there": ("0009", "empty = users.c[target].is_(None)", "empty = sa.true()", NOT_NULL),
    "a batch over what is there": ("0009", "<= end, empty)", "<= end)", NOT_NULL),
    "a way back that leaves name empty": ("0009", FILL_DOWN, "pass", NOT_NULL),
    "a way back to a name that may be NULL": (
        "0009",
        "nullable=False",
        "nullable=True",
        ["users: column name: nullable is no in the schema before the upgrade, yes in"],
    ),
    "no backfill of what is left": ("0010", "    op.execute(users.update()", "    print(users.update()", NOT_NULL),
    "a last backfill over what is there": ("0010", ".where(users.c.display_name.is_(None))", "", NOT_NULL),
    "a way back to a display_name that may not be NULL": (
        "0010",
        "nullable=True)\n        batch_op.add_column",
        "nullable=False)\n        batch_op.add_column",
        ["users: column display_name: nullable is yes in the schema before the upgrade, no in"],
    ),
}


@pytest.mark.parametrize("mistake", RENAME_STEPS)
def test_a_wrong_step_of_the_rename_is_found(mistake, renaming, url):
    name, old, new, expected = RENAME_STEPS[mistake]
    change(renaming, f"{name}_*.py", old, new)
    reported = found_by_a_round_trip(renaming, url, name)
    assert any(part in reported for part in expected), reported


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_constraint_that_0010_leaves_behind_is_found(renaming, new_database):
    change(renaming, "0010_*.py", 'batch_op.drop_constraint(op.f(REQUIRED), type_="check")', "pass")
    [line] = model_differences(renaming, new_database(), new_database())
    assert "CHECK ck_users_display_name_required only in the migrated database" in line


def test_an_edited_revision_is_found_in_the_stage_that_edited_it(copy):
    stages = stage_digests()
    change(copy, "0003_*.py", "length=100", "length=101")
    lines = broken_promises(stages | stage_digests(copy.parent), {})
    assert [line.partition(" is changed")[0] for line in lines] == [f"{STAGE.name}: 0003_create_model_metadata.py"]


def test_a_migration_that_imports_the_app_is_found(copy):
    change(copy, "0005_*.py", "from alembic import op\n", "from alembic import op\nfrom models import ModelMetadata\n")
    [line] = app_imports(copy)
    assert line.startswith("0005_add_status_to_model_metadata.py, line 11: imports models, does not use ModelMetadata")


def test_a_message_that_says_nothing_and_a_file_with_another_name_are_found(copy):
    change(copy, "0004_*.py", "add version to model_metadata", "update")
    reported = "\n".join(unclear_names(copy, script_directory(copy)))
    assert "the message 'update' does not say what changes" in reported
    assert "by its id and message the file is 0004_update.py" in reported
