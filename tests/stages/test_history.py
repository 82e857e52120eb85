"""The history of each stage: it can be walked both ways with rows in the tables, and its end is what the models say."""
from collections import Counter

import pytest
from alembic import command
from migration_checks import app_imports, model_differences, run_psql, sql_of, unclear_names
from migration_walk import on_every_way, picture, walk
from publish import broken_promises, main, published, stage_digests, unpublished
from sqlalchemy import text

from workbook.rows import add_rows, changed_values, rows_of
from workbook.schema import engine_of, schema_differences, schema_of
from workbook.stages import downgrade, script_directory, stage_app, stage_folders, upgrade

NEWEST = stage_folders()[-1]


def joined(lines):
    return "\n".join(lines)


def test_every_revision_goes_up_and_down_and_up_again_and_keeps_every_value(stage, url):
    with stage_app(stage, url) as app:
        problems = walk(app, url, script_directory(stage))
    assert not problems, joined(problems)


def test_one_command_goes_back_to_any_revision_that_is_on_no_branch_and_up_again(stage, url):
    targets = on_every_way(script_directory(stage))
    with stage_app(stage, url) as app:
        schemas = {"base": schema_of(url)}
        for revision in reversed(list(script_directory(stage).walk_revisions())):
            upgrade(app, revision.revision)
            add_rows(url)
            if revision.revision in targets:
                schemas[revision.revision] = schema_of(url)
        full = picture(url)
        for target, schema in reversed(schemas.items()):
            downgrade(app, target)
            assert not (lines := schema_differences(schema, schema_of(url))), f"down to {target}: {joined(lines)}"
            assert not (lines := changed_values(full.rows, rows_of(url))), f"down to {target}: {joined(lines)}"
            upgrade(app)
            assert not (lines := schema_differences(full.schema, schema_of(url))), f"up from {target}: {joined(lines)}"
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
        assert not (lines := schema_differences(schema_of(by_command), schema_of(by_psql))), joined(lines)
        assert picture(by_psql).heads == {head}
        run_psql(by_psql, sql_of(app, command.downgrade, f"{head}:base"))
        assert schema_of(by_psql) == {}


def test_no_migration_imports_the_app(stage):
    assert not (lines := app_imports(stage)), joined(lines)


def test_every_migration_has_a_readable_id_and_says_what_it_does(stage):
    assert not (lines := unclear_names(stage, script_directory(stage))), joined(lines)


def test_published_migrations_never_change():
    assert not (lines := broken_promises(stage_digests(), published())), joined(lines)


def test_every_migration_is_published():
    new = unpublished(stage_digests(), published())
    assert not new, f"Not published yet: {', '.join(new)}. When they are final: run tox -e publish"


@pytest.fixture
def published_copy(tmp_path):
    """A stage with one migration, and the list that has it."""
    versions = tmp_path / "01_one" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_make.py").write_bytes(b"first\nlines\n")
    assert main(tmp_path, tmp_path / "list.json") == 0
    return versions, tmp_path / "list.json"


def test_publishing_adds_new_files_and_ignores_how_lines_end(published_copy, tmp_path):
    versions, file = published_copy
    (versions / "0001_make.py").write_bytes(b"first\r\nlines\r\n")
    (versions / "0002_more.py").write_bytes(b"second")
    assert list(unpublished(stage_digests(tmp_path), published(file))) == ["0002_more.py"]
    assert main(tmp_path, file) == 0
    assert list(published(file)) == ["0001_make.py", "0002_more.py"]


def test_publishing_refuses_a_changed_and_a_dropped_file(published_copy, tmp_path, capsys):
    versions, file = published_copy
    before = file.read_bytes()
    (versions / "0001_make.py").write_bytes(b"other\nlines\n")
    assert main(tmp_path, file) == 1
    assert "01_one: 0001_make.py is changed" in capsys.readouterr().out
    (versions / "0001_make.py").unlink()
    assert main(tmp_path, file) == 1
    assert capsys.readouterr().out == "0001_make.py is in no stage any more. Restore it.\n"
    assert file.read_bytes() == before


def test_publishing_refuses_what_an_earlier_stage_has_and_a_later_one_changed_or_lacks(published_copy, tmp_path):
    versions, file = published_copy
    (versions / "0002_more.py").write_bytes(b"second")
    later = tmp_path / "02_two" / "migrations" / "versions"
    later.mkdir(parents=True)
    (later / "0001_make.py").write_bytes(b"first\nlines\n")
    assert broken_promises(stage_digests(tmp_path), published(file)) == ["02_two: 0002_more.py is missing. Restore it."]
    (later / "0002_more.py").write_bytes(b"another")
    lines = broken_promises(stage_digests(tmp_path), published(file))
    assert len(lines) == 1 and lines[0].startswith("02_two: 0002_more.py is changed.")


NAMES = {
    "no rows": [],
    "one row": ["churn"],
    "all names are distinct": ["a", "b", "c"],
    "case and blanks count": ["churn", "Churn", "churn ", " churn", "churn", "churn "],
    "accents that look the same": ["cafe\u0301", "caf\u00e9", "caf\u00e9", "cafe\u0301"],
    "one name": ["churn"] * 5,
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("offline", [False, True], ids=["online", "by --sql"])
def test_0005_leaves_the_row_with_the_greatest_id_of_each_exact_name_active(names, offline, database, url):
    if offline and database == "sqlite":
        pytest.skip("Alembic cannot write a batch of SQLite's as a script.")
    with stage_app(NEWEST, url) as app:
        upgrade(app, "0004")
        # The greatest id is inserted first: neither the order of rows nor their times decide.
        insert_models(url, {len(names) - place: name for place, name in enumerate(names)})
        if offline:
            run_psql(url, sql_of(app, command.upgrade, "0004:0005"))
        else:
            upgrade(app, "0005")
    rows = rows_of(url)["model_metadata"]
    newest = {row["model_name"]: number for number, row in sorted(rows.items())}
    wrong = [
        f"{number}: {row['model_name']!r} is {row['status']}"
        for number, row in rows.items()
        if row["status"] != ("active" if newest[row["model_name"]] == number else "archived")
    ]
    assert not wrong, joined(wrong)
    assert Counter(row["model_name"] for row in rows.values()) == Counter(names)


def insert_models(url, names):
    with engine_of(url).begin() as connection:
        query = text("INSERT INTO model_metadata (id, model_name, accuracy) VALUES (:id, :name, 0.5)")
        for number, name in names.items():
            connection.execute(query, {"id": number, "name": name})


def test_a_row_made_after_0005_without_a_status_is_active(url):
    with stage_app(NEWEST, url) as app:
        upgrade(app, "0005")
    insert_models(url, {1: "churn"})
    assert rows_of(url)["model_metadata"][1]["status"] == "active"
