"""`tox -e verify` finds what is planted in a copy of a stage, names the revision at fault, and finds nothing else."""
import re
import shutil
import sqlite3
import xml.etree.ElementTree as xml
from contextlib import chdir, closing, contextmanager
from pathlib import Path

import pytest
from projects import OLD_CALL, add_revision, use_stock_env

from workbook.stages import STAGES, stage_app, upgrade
from workbook.verify.__main__ import main
from workbook.verify.driver import Loaded, Program, answer
from workbook.verify.history import History, Revision
from workbook.verify.project import Opened, Opening
from workbook.verify.remote import Failed, Remote
from workbook.workspace import LEFT_OUT

STAGE = STAGES / "05_merge_conflict"
DROP_VERSION = 'op.drop_column("model_metadata", "version")'
ADD_VERSION = 'op.add_column("model_metadata", sa.Column("version", sa.String(length=20), nullable=True))'
VERSION = "version: Mapped[str | None]"
RENAME = """
with op.batch_alter_table("users") as batch_op:
    batch_op.add_column(sa.Column("full_name", sa.String(length=100), nullable=True))
    batch_op.drop_column("name")
"""
RENAME_BACK = """
with op.batch_alter_table("users") as batch_op:
    batch_op.add_column(sa.Column("name", sa.String(length=100), server_default="", nullable=False))
    batch_op.drop_column("full_name")
"""


class InThisProcess(Remote):
    """A project without an interpreter of its own: a start costs more than all that is done there."""

    def __init__(self, app):
        self.folder, self.said, self.program = Path.cwd(), [], Program()
        self.program.loaded = Loaded(app)

    def ask(self, do, **arguments):
        given = answer(self.program, {"do": do} | arguments)
        if "says" in given:
            raise Failed(given["says"], given["where"], given["kind"])
        return given["gives"]


@contextmanager
def opened_here(opening, copy, database):
    with chdir(copy), stage_app(copy, database.url) as app:
        project = InThisProcess(app)
        revisions = [Revision(id, tuple(up), tuple(needs), *rest) for id, up, needs, *rest in project.ask("revisions")]
        yield Opened(project, History(revisions), {}, [], True)


@pytest.fixture
def here(monkeypatch):
    """Projects are opened in this process."""
    monkeypatch.setattr(Opening, "opened", opened_here)


@pytest.fixture
def copy(tmp_path):
    """A copy of the stage, to make mistakes in."""
    return shutil.copytree(STAGE, tmp_path / STAGE.name, ignore=LEFT_OUT)


def change(folder, pattern, old, new):
    [file] = folder.rglob(pattern)
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{file.name} has {text.count(old)} times: {old}"
    file.write_text(text.replace(old, new), "utf-8")


def edit(pattern, old, new):
    return lambda folder: change(folder, pattern, old, new)


def add(upgrade, downgrade="pass"):
    return lambda folder: add_revision(folder, "0008", upgrade, downgrade)


MISTAKES = {  # mistake: (what makes it, the check that finds it, the revision at fault, a part of what is said)
    "a script that fails on an empty database": (
        edit("0004_*.py", ADD_VERSION, ADD_VERSION.replace("model_metadata", "no_such_table")),
        "upgrade from empty", "0004", "no_such_table"),
    "a required column without a default": (
        edit("0004_*.py", ADD_VERSION, ADD_VERSION.replace("nullable=True", "nullable=False")),
        "each step up, down and up with rows", "0004", "it fails on a table with rows"),
    "a downgrade that does nothing": (
        edit("0004_*.py", DROP_VERSION, "pass"),
        "each step up, down and up with rows", "0004", "up and down once only"),
    "a downgrade that fails": (
        edit("0004_*.py", DROP_VERSION, 'op.drop_column("model_metadata", "versions")'),
        "each step up, down and up with rows", "0004", "it does not go down"),
    "a downgrade that leaves a table behind": (
        add('op.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY)")'),
        "a downgrade leaves no trace", "0008", "notes: table only in the one after up and down"),
    "a downgrade that forgets an index": (
        add('op.drop_index("ix_model_metadata_owner_id", "model_metadata")',
            'op.execute("SELECT 1")'),
        "each step up, down and up with rows", "0008", "up and down once only"),
    "a downgrade that brings another type back": (
        add('op.drop_column("model_metadata", "notes")',
            'op.add_column("model_metadata", sa.Column("notes", sa.String(length=80)))'),
        "a downgrade leaves no trace", "0008", "model_metadata: column notes: type is TEXT in the schema before"),
    "a rename that drops and adds": (add(RENAME, RENAME_BACK), "values survive", "0008", "users.full_name"),
    "an upgrade that cuts values": (
        add("op.execute(\"UPDATE users SET email = substr(email, 1, 9) || id WHERE id > 90\")\n"
            "op.execute(\"UPDATE users SET name = substr(name, 1, 5)\")"),
        "values survive", "0008", "the upgrade loses"),
    "an upgrade that empties a column": (
        add('op.execute("UPDATE model_metadata SET version = NULL")'), "values survive", "0008", "the upgrade loses"),
    "an upgrade that changes values by batch": (
        add('op.get_bind().exec_driver_sql("UP" + "DATE users SET name = \'x\' || name")'),
        "values survive", "0008", "changes"),
    "an upgrade that deletes rows": (
        add('op.get_bind().exec_driver_sql("DEL" + "ETE FROM model_metadata WHERE id % 5 = 0")'),
        "values survive", "0008", "deletes"),
    "a downgrade that deletes rows": (
        add("pass", 'op.get_bind().exec_driver_sql("DEL" + "ETE FROM model_metadata WHERE id % 5 = 0")'),
        "values survive", "0008", "the downgrade deletes"),
    "a model that no script knows": (
        edit("models.py", VERSION, f"stage: Mapped[str | None] = mapped_column(String(9))\n    {VERSION}"),
        "models and schema agree", None, "only the models have the column model_metadata.stage"),
    "a column that no model knows": (
        add('op.add_column("users", sa.Column("age", sa.Integer))', 'op.drop_column("users", "age")'),
        "models and schema agree", None, "only the database has the column users.age"),
}  # fmt: skip


def found(output, check):
    """The lines below the check in what was printed."""
    lines = output.splitlines()
    [start] = [number for number, line in enumerate(lines) if check in line]
    rest = lines[start + 1 :]
    end = next((number for number, line in enumerate(rest) if not line.startswith("      ")), len(rest))
    return lines[start], rest[:end]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_planted_is_found_and_the_revision_named(mistake, copy, here, capsys):
    make, check, revision, said = MISTAKES[mistake]
    make(copy)
    start = {"0004": "0003", "0008": "0007"}.get(revision, "0005")  # what comes before is clean
    code = main([str(copy), "--database", "sqlite", "--start", start])
    output = capsys.readouterr().out
    head, lines = found(output, check)
    assert any(said in line and (not revision or line.strip().startswith(f"{revision}: ")) for line in lines), output
    assert code == (1 if "FAULT" in head else 0), output
    others = set(re.findall(r"^      (\w+): ", output, re.MULTILINE)) - {revision}
    assert not others, f"Others are told to be at fault: {output}"


@pytest.mark.parametrize("stage", ["02_created_at", "07_contract"])
def test_a_stage_is_clean(stage, database, here, capsys):
    assert main([str(STAGES / stage), "--database", database]) == 0
    output = capsys.readouterr().out
    assert re.search(rf"^{stage}: clean ", output, re.MULTILINE), output
    looks = [line for line in output.splitlines() if line.startswith("  look ") and "stops a table" not in line]
    assert not looks, output


@OLD_CALL
def test_with_the_stock_env_kills_are_told_and_what_the_workbooks_would_gain(copy, capsys):
    use_stock_env(copy)
    for script in copy.glob("migrations/versions/000[3-7]*.py"):
        script.unlink()
    assert main([str(copy), "--database", "sqlite", "--faults"]) == 1
    head, lines = found(capsys.readouterr().out, "killed at any statement")
    assert "FAULT" in head and "With the workbook's env.py" in lines[0]
    counted = re.search(r"(\d+) of (\d+) survive in all. With the workbook's env.py (\d+) of (\d+) do", lines[0])
    here, kills, gained, of = map(int, counted.groups())
    assert here < kills and gained == of


NO_PROJECT = {  # what is given: (files in the folder, a part of what is said)
    "an empty folder": ({}, "There is no Python file in it"),
    "no app": ({"notes.py": "x = 1"}, "Name the app by --app"),
    "an app that does not import": ({"app.py": "import no_such_module"}, "app.py, line 1: ModuleNotFoundError"),
    "no Flask-Migrate": ({"app.py": "import flask\napp = flask.Flask(__name__)"}, "Migrate(app, db) is missing"),
}


@pytest.mark.parametrize("given", NO_PROJECT)
def test_what_is_no_project_is_told_in_one_line(given, tmp_path, capsys):
    files, said = NO_PROJECT[given]
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert main([str(tmp_path), "--database", "sqlite"]) == 2
    [line] = capsys.readouterr().out.strip().splitlines()
    assert said in line


def test_an_app_that_would_use_its_own_database_is_refused_and_that_is_not_touched(copy, tmp_path, capsys):
    change(copy, "config.py", 'database_url("DATABASE_URL", ', 'database_url("MY_DATABASE_URL", ')
    assert main([str(copy), "--database", "sqlite"]) == 2
    said = capsys.readouterr().out
    assert " MY_DATABASE_URL, " in said and "Name the variable by --url-variable" in said
    assert main([str(copy), "--database", "sqlite", "--url-variable", "MY_DATABASE_URL"]) == 0
    assert not list(copy.rglob("*.db"))


def test_many_projects_give_a_summary_and_junit_xml(copy, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    change(copy, "0004_*.py", DROP_VERSION, "pass")
    report = tmp_path / "report.xml"
    arguments = [str(STAGES / "02_created_at"), str(copy), str(empty), "--database", "sqlite"]
    assert main([*arguments, "--junit-xml", str(report)]) == 2
    table = capsys.readouterr().out.rpartition("\n\n")[2].splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["02_created_at", "clean"], ["05_merge_conflict", "FAULTS"], ["empty", "not"]
    ]  # fmt: skip
    suites = xml.parse(report).getroot()
    assert [(suite.get("name"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("02_created_at", "0", "0"), ("05_merge_conflict", "1", "0"), ("empty", "0", "1")
    ]  # fmt: skip


def test_a_history_that_does_not_start_from_empty_is_verified_from_what_a_file_makes(copy, here, tmp_path, capsys):
    url = f"sqlite:///{(tmp_path / 'old.db').as_posix()}"
    with stage_app(copy, url) as app:
        upgrade(app, "0005")
    seed = tmp_path / "old.sql"
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        seed.write_text("\n".join(line for line in old.iterdump() if "alembic_version" not in line), "utf-8")
    change(copy, "0001_*.py", "def upgrade():\n", "def upgrade():\n    1 / 0\n")
    arguments = [str(copy), "--database", "sqlite", "--start", "0005"]
    assert main([*arguments, "--seed", str(seed)]) == 0, capsys.readouterr().out
    change(copy, "0006b_*.py", 'op.drop_column("model_metadata", "notes")', "pass")
    assert main([*arguments, "--seed", str(seed)]) == 1
    _, lines = found(capsys.readouterr().out.rpartition(" revisions (")[2], "each step up, down and up with rows")
    assert lines[0].strip().startswith("0006b: it goes up and down once only")


BEGINNINGS = {  # what cannot be begun with: (text of the seed, a part of what is said)
    "a file that the database does not take": ("CREATE TABLE users (", "old.sql: incomplete input"),
    "a script before --start that fails": (None, "0001 cannot be reached: migrations/versions/0001_create_users.py"),
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_beginning_that_fails_is_told_in_one_line(beginning, copy, here, tmp_path, capsys):
    text, said = BEGINNINGS[beginning]
    change(copy, "0001_*.py", "def upgrade():\n", "def upgrade():\n    1 / 0\n")
    arguments = [str(copy), "--database", "sqlite", "--start", "0001"]
    if text:
        (tmp_path / "old.sql").write_text(text, "utf-8")
        arguments += ["--seed", str(tmp_path / "old.sql")]
    assert main(arguments) == 2
    assert said in capsys.readouterr().out.strip().splitlines()[-1]
