"""`flask rehearse`: the upgrade is tried on a clone, which is gone at the end, and the database is only read."""
import os
import re
import signal
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from browsing import ON_POSTGRESQL
from operating import EACH_STAGE, LAST, OLDER, Place, check_same
from projects import add_revision, copy_project
from sqlalchemy import make_url

from workbook import postgres
from workbook.schema import engine_of
from workbook.stages import script_directory, stage_app
from workbook.verify.walk import picture

SECONDS = re.compile(r" \d+\.\d\d s$")
END = "The clone is dropped, the database is as it was."


@pytest.fixture
def project(tmp_path):
    """A copy of the last stage, to add migrations to."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def copied(project, place):
    """The app of that copy on a database at the newest revision."""
    with stage_app(project, place.url) as app:
        yield Place(app, place.url, place.before, place.folder)


@EACH_STAGE
def test_a_rehearsal_says_how_long_each_revision_takes_and_what_it_changes(new_place, stage):
    place = new_place(OLDER)
    lines = place.flask("rehearse").splitlines()
    place.check_unchanged()
    assert place.clones() == []
    script = script_directory(stage)
    there = {each.revision for each in script.iterate_revisions(OLDER, "base")}
    steps = [each for each in reversed(list(script.walk_revisions())) if each.revision not in there]
    timed = [line for line in lines if SECONDS.search(line)]
    assert [SECONDS.sub("", line) for line in timed] == [f"{each.revision} {each.doc}:" for each in steps]
    assert lines[len(timed)] == (
        "model_metadata: 24 rows, the same values in id, model_name, accuracy, created_at, version, status; "
        "new: notes, owner_id"
    )
    assert lines[len(timed) + 1].startswith("users: 24 rows, the same values in id, ")
    assert lines[len(timed) + 2 :] == [f"The upgrade works. {END}"]
    place.upgrade()
    assert place.flask("rehearse") == "There is nothing to rehearse: the database is at the newest revision.\n"


LOSSY = """
op.execute("UPDATE users SET display_name = substr(display_name, 1, 3) WHERE id IN (1, 2, 3)")
op.execute("UPDATE model_metadata SET version = 'other' WHERE id = 2")
op.execute("DELETE FROM model_metadata WHERE id IN (7, 8)")
op.execute("INSERT INTO model_metadata (id, model_name, accuracy) VALUES (99, 'new', 0.5)")
op.create_table("late", sa.Column("id", sa.Integer, primary_key=True))
with op.batch_alter_table("model_metadata") as batch_op:
    batch_op.drop_column("notes")
with op.batch_alter_table("users") as batch_op:
    batch_op.alter_column("email", type_=sa.Text())
"""


@LAST
def test_a_migration_that_loses_rows_and_values_is_found_out(copied, project):
    add_revision(project, "lossy", LOSSY)
    notes = sum(row["notes"] is not None for row in copied.before.rows["model_metadata"].values())
    changed = sum(len(copied.before.rows["users"][key]["display_name"]) > 3 for key in (1, 2, 3))
    assert copied.flask("rehearse").splitlines()[1:] == [
        "late: new, no rows",
        "model_metadata: 23 rows, 2 missing, 1 new, the same values in id, model_name, accuracy, created_at, status, "
        f"owner_id; version: 1 value differs; notes: gone, with {notes} values",
        f"users: 24 rows, the same values in id, email, created_at; display_name: {changed} values differ",
        f"The upgrade works. {END}",
    ]
    copied.check_unchanged()
    assert copied.clones() == []


@LAST
def test_tables_that_go_or_have_no_primary_key_are_counted(copied, project, database):
    other = "ENUM" if database == "postgresql" else "TEXT"
    copied.execute("CREATE TABLE pairs (a INTEGER, b INTEGER)", "INSERT INTO pairs VALUES (1, 2), (1, 2)",
                   "CREATE TABLE \"odd name\" (id INTEGER PRIMARY KEY, \"a b\" DOUBLE PRECISION, j JSON)",
                   "INSERT INTO \"odd name\" VALUES (1, 0.1, '[1]'), (2, 1e300, NULL)",
                   "CREATE TABLE gone (id INTEGER PRIMARY KEY)", "INSERT INTO gone VALUES (1)")  # fmt: skip
    if other == "ENUM":
        copied.execute("CREATE TYPE mood AS ENUM ('good', 'bad')", "ALTER TABLE pairs ADD COLUMN mood mood")
    change = 'op.drop_table("gone")\nop.execute("INSERT INTO pairs (a) VALUES (3)")\n'
    if other == "ENUM":  # the type must not be in use by what the rehearsal keeps
        change += 'op.drop_column("pairs", "mood")\nop.execute("DROP TYPE mood")\n'
    add_revision(project, "late", change)
    lines = copied.flask("rehearse").splitlines()
    assert lines[1] == "gone: gone, with 1 row"
    assert lines[3] == "odd name: 2 rows, the same values in id, a b, j"
    start = "pairs: 3 rows, 2 before; without a primary key no values are compared"
    assert lines[4] == start + "; mood: gone, with no values" * (other == "ENUM")


@LAST
@pytest.mark.parametrize("database, change, reason", [
    ("sqlite", 'op.execute("UPDATE users SET email = \'same\'")', "IntegrityError: "),
    ("postgresql", 'op.execute("UPDATE users SET email = \'same\'")', "IntegrityError: "),
    ("sqlite", 'raise RuntimeError("not today.")', "RuntimeError: not today. "),
    ("sqlite", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'. "),
], indirect=["database"])  # fmt: skip
def test_a_failing_migration_is_named_with_its_reason_and_the_clone_is_gone(copied, project, change, reason):
    add_revision(project, "fails", f'op.drop_column("users", "created_at")\n{change}')
    line = copied.error("rehearse")
    assert line.startswith("fails fails: Rolled back in fails.py, line ") and reason in line and line.endswith(END)
    copied.check_unchanged()
    assert copied.clones() == []


@LAST
@pytest.mark.parametrize("database, stop", [
    ("sqlite", "raise KeyboardInterrupt"),
    ("sqlite", "signal.raise_signal(signal.SIGTERM)"),
    ("postgresql", "signal.raise_signal(signal.SIGTERM)"),
], indirect=["database"])  # fmt: skip
def test_a_rehearsal_that_is_stopped_drops_its_clone(copied, project, stop):
    before = signal.getsignal(signal.SIGTERM)
    add_revision(project, "stopped", f'import signal\nop.drop_column("users", "created_at")\n{stop}')
    assert copied.error("rehearse") == f"Stopped: {END[0].lower()}{END[1:]}"
    copied.check_unchanged()
    assert copied.clones() == [] and signal.getsignal(signal.SIGTERM) == before
    assert "MIGRATION_DATABASE_URL" not in os.environ and not copied.app.config["MIGRATION_DATABASE_URL"]


@LAST
def test_a_migration_that_uses_the_apps_own_session_does_not_reach_the_real_database(copied, project):
    session = "session = current_app.extensions['sqlalchemy'].session"
    delete = "session.execute(sa.text('DELETE FROM model_metadata'))\nsession.commit()"
    add_revision(project, "own", f"from flask import current_app\n{session}\n{delete}")
    assert "a second connection" in copied.error("rehearse")
    copied.check_unchanged()


@LAST
def test_two_heads_and_an_unknown_revision_are_one_line(copied, project):
    head = script_directory(project).get_current_head()
    for name in ("left", "right"):
        add_revision(project, name, "pass", parent=head)
    expected = f"The database is at revision {head}. The scripts have more than one head; see: flask db heads"
    assert copied.error("rehearse") == expected
    copied.execute("UPDATE alembic_version SET version_num = '9999'")
    (project / "migrations" / "versions" / "right.py").unlink()
    expected = "The database is at revision 9999. This code does not know that revision: deploy the newer code."
    assert copied.error("rehearse") == expected
    assert copied.clones() == []


@contextmanager
def left_clones(place, database):
    """What two killed rehearsals have left, one of them still in use; yields the name of that."""
    url = make_url(place.url)
    if database == "sqlite":
        names = [f"{Path(url.database).name}.{number}.rehearsal" for number in (1, 2)]
        folders = [Path(url.database).with_name(name) for name in names]
        for folder in folders:
            folder.mkdir()
            (folder / "app.db").touch()
        with closing(sqlite3.connect(folders[1] / "lock", isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            yield names[1]
        (folders[1] / "lock").unlink()
        (folders[1] / "app.db").unlink()
        folders[1].rmdir()
        return
    names = [f"{url.database[:40]}_rehearsal_0000000{number}" for number in (1, 2)]
    with postgres.admin_connection() as connection:
        for name in names:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    used = url.set(database=names[1]).render_as_string(hide_password=False)
    with engine_of(used).connect():
        yield names[1]
    postgres.drop_database(used)


@LAST
def test_clones_of_killed_rehearsals_are_dropped_unless_somebody_uses_them(new_place, database):
    place = new_place("0009")
    with left_clones(place, database) as used:
        assert "what a" in place.flask("rehearse").splitlines()[0]
        assert place.clones() == [used]


@LAST
@ON_POSTGRESQL
def test_a_role_that_may_not_create_databases_is_told_so(new_place):
    place, role = new_place("0009"), f"no_createdb_{os.urandom(4).hex()}"
    with postgres.admin_connection(place.url) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        try:
            url = make_url(place.url).set(username=role, password="secret").difference_update_query(["options"])
            place.app.config["MIGRATION_DATABASE_URL"] = url.render_as_string(hide_password=False)
            assert place.error("rehearse").endswith(f"A superuser can allow it: ALTER ROLE {role} CREATEDB")
        finally:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
    check_same(place.before, picture(place.url))
