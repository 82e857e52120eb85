"""The history of each stage: it can be walked both ways with rows in the tables, and its end is what the models say."""
import pytest
from alembic import command
from migration_checks import (
    app_imports,
    insert_models,
    model_differences,
    run_psql,
    sql_of,
    unclear_names,
    wrong_names,
    wrong_statuses,
)
from projects import copy_with_small_batches

from workbook.rows import add_rows, rows_of
from workbook.schema import schema_differences, schema_of
from workbook.stages import downgrade, script_directory, stage_app, stage_folders, upgrade
from workbook.verify.driver import Loaded
from workbook.verify.history import history_of
from workbook.verify.walk import lost_values, picture, walk

NEWEST = stage_folders()[-1]


def joined(lines):
    return "\n".join(lines)


def test_every_revision_goes_up_and_down_and_up_again_and_keeps_every_value(stage, url):
    # The scripts of the stage before are the same here, byte for byte (test_published.py), and were walked there.
    known = {name for earlier in stage_folders() if earlier < stage for name in ids(earlier)}
    with stage_app(stage, url) as app:
        problems = walk(Loaded(app), url, history_of(script_directory(stage)), known)
    assert not problems, joined(problems)


def ids(folder):
    return {revision.revision for revision in script_directory(folder).walk_revisions()}


def test_one_command_goes_back_to_any_revision_that_is_on_no_branch_and_up_again(stage, url):
    targets = history_of(script_directory(stage)).on_every_way()
    with stage_app(stage, url) as app:
        schemas = {"base": schema_of(url)}
        for revision in reversed(list(script_directory(stage).walk_revisions())):
            upgrade(app, revision.revision)
            add_rows(url)
            if revision.revision in targets:
                schemas[revision.revision] = schema_of(url)
        full = picture(url)
        for target, schema in reversed(schemas.items()):
            names = ("the schema before", "the schema now")
            downgrade(app, target)
            lines = schema_differences(schema, schema_of(url), names)
            assert not lines, f"down to {target}: {joined(lines)}"
            assert not (lines := lost_values(full.rows, rows_of(url))), f"down to {target}: {joined(lines)}"
            upgrade(app)
            lines = schema_differences(full.schema, schema_of(url), names)
            assert not lines, f"up from {target}: {joined(lines)}"
            if target != "base":
                add_rows(url)
            full = picture(url)


def test_models_and_migrations_make_the_same_schema(stage, new_database):
    lines = model_differences(stage, new_database(), new_database())
    assert not lines, f"Write a migration, or correct the model:\n{joined(lines)}"


def test_there_is_one_head_and_upgrading_again_changes_nothing(stage, url):
    script = script_directory(stage)
    assert len(script.get_heads()) == 1, f"Merge them: flask db merge heads ({script.get_heads()})"
    with stage_app(stage, url) as app:
        upgrade(app)
        add_rows(url)
        before = picture(url)
        upgrade(app)
    assert before.heads == set(script.get_heads())
    assert picture(url) == before


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_output_of_sql_makes_the_same_schema_by_psql(stage, new_database):
    by_command, by_psql = new_database(), new_database()
    with stage_app(stage, by_command) as app:
        upgrade(app)
        head = script_directory(stage).get_current_head()
        run_psql(by_psql, sql_of(app, command.upgrade, "head"))
        names = ("the database of flask db upgrade", "the one of psql")
        assert not (lines := schema_differences(schema_of(by_command), schema_of(by_psql), names)), joined(lines)
        assert picture(by_psql).heads == {head}
        run_psql(by_psql, sql_of(app, command.downgrade, f"{head}:base"))
        assert schema_of(by_psql) == {}


def test_no_migration_imports_the_app(stage):
    assert not (lines := app_imports(stage)), joined(lines)


def test_every_migration_has_a_readable_id_and_says_what_it_does(stage):
    assert not (lines := unclear_names(stage, script_directory(stage))), joined(lines)


NAMES = {
    "no rows": [],
    "one row": ["churn"],
    "all names are distinct": ["a", "b", "c"],
    "case and blanks count": ["churn", "Churn", "churn ", " churn", "churn", "churn "],
    "accents that look the same": ["cafe\u0301", "caf\u00e9", "caf\u00e9", "cafe\u0301"],
    "one name": ["churn"] * 5,
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize(
    ("database", "offline"),
    # Alembic cannot write a batch of SQLite's as a script.
    [("sqlite", False), ("postgresql", False), ("postgresql", True)],
    ids=["sqlite", "postgresql", "postgresql by --sql"],
    indirect=["database"],
)
def test_0005_leaves_the_row_with_the_greatest_id_of_each_exact_name_active(names, offline, url):
    wrong = wrong_statuses(NEWEST, url, names, offline)
    assert not wrong, joined(wrong)


@pytest.mark.parametrize(
    ("database", "offline"),
    [("sqlite", False), ("postgresql", False), ("postgresql", True)],
    ids=["sqlite", "postgresql", "postgresql by --sql"],
    indirect=["database"],
)
def test_0009_gives_every_user_a_display_name_and_its_downgrade_a_name(tmp_path, url, offline):
    wrong = wrong_names(copy_with_small_batches(tmp_path / "project"), url, offline)
    assert not wrong, joined(wrong)


def test_a_row_made_after_0005_without_a_status_is_active(url):
    with stage_app(NEWEST, url) as app:
        upgrade(app, "0005")
    insert_models(url, {1: "churn"})
    assert rows_of(url)["model_metadata"][1]["status"] == "active"
