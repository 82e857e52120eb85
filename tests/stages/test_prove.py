"""`prove` and `compare` of the notebooks find what they are for: each mistake is made in a copy of a stage.

The commands run in this process, which is many times faster; the notebooks run them as they are.
"""
import shutil
import sys

import pytest

from workbook.postgres import drop_database
from workbook.prove import NotProved, compare, prove
from workbook.stages import STAGES, downgrade, stage_app, upgrade
from workbook.workspace import LEFT_OUT, Project

FIRST, STAGE = "01_initial", "02_created_at"
DROP = 'op.drop_column("users", "created_at")'


class InThisProcess(Project):
    def must(self, group, command, revision=None):
        self.file.parent.mkdir(exist_ok=True)
        with stage_app(self.folder, self.url) as app:
            upgrade(app, revision or "head") if command == "upgrade" else downgrade(app, revision)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the second stage, which `prove` and `compare` take for the stage itself."""
    folder = shutil.copytree(STAGES / STAGE, tmp_path / STAGE, ignore=LEFT_OUT)
    module = sys.modules["workbook.prove"]  # `workbook.prove` is the function
    monkeypatch.setattr(module, "stage_folder", lambda name: folder)
    monkeypatch.setattr(module, "stage_folders", lambda: [STAGES / FIRST, folder])
    monkeypatch.setattr(module, "Project", InThisProcess)
    return folder


def change(folder, up="", down=""):
    """Add lines to the end of the copy's upgrade, and of its downgrade."""
    [file] = (folder / "migrations" / "versions").glob("0002_*.py")
    text = file.read_text("utf-8").replace("\n\n\ndef downgrade", f"\n    {up or 'pass'}\n\n\ndef downgrade")
    assert text.count(DROP) == 1
    file.write_text(text.replace(DROP, f"{DROP}\n    {down or 'pass'}"), "utf-8")


def execute(sql, where=""):
    return f"{where}op.execute({sql!r})"


def on(database):
    return f'if op.get_bind().dialect.name == "{database}": '


SECOND_TIME = 'if op.get_bind().scalar(sa.text("SELECT count(*) FROM users")) > 24: '
MISTAKES = {  # mistake: (at the end of upgrade(), at the end of downgrade(), a part of what is reported)
    "the upgrade changes a value": (
        execute("UPDATE users SET name = trim(name)"), "", "name was ' blanks around ', is 'blanks around'"),
    "the upgrade deletes a row": (execute("DELETE FROM users WHERE id = 3"), "", "users 3: the row is missing"),
    "the upgrade gives other ids": (
        execute("UPDATE users SET id = id + 900"), "", "users 1: the row is missing"),
    "the downgrade changes a value": ("", execute("UPDATE users SET name = 'x' WHERE id = 2"), "is 'x'"),
    "the downgrade deletes a row that was there before": (
        "", execute("DELETE FROM users WHERE id = 1"), "users 1: the row is missing"),
    "the downgrade deletes a row that came after the upgrade": (
        "", execute("DELETE FROM users WHERE id = 25"), "users 25: the row is missing"),
    "the downgrade forgets an index": (
        "op.create_index('ix_users_name', 'users', ['name'])", "",
        "users: index ix_users_name only in the schema after the downgrade"),
    "the second upgrade changes a value": (
        execute("UPDATE users SET name = 'x' WHERE id = 2", SECOND_TIME), "", "users 2: name was"),
    "the second upgrade makes another schema": (
        f"{SECOND_TIME}op.create_index('ix_users_name', 'users', ['name'])", "",
        "users: index ix_users_name only in the second upgrade"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_stage_is_not_proved_if(mistake, copy, capsys):
    *lines, expected = MISTAKES[mistake]
    change(copy, *lines)
    with pytest.raises(NotProved) as raised:
        prove(STAGE, "sqlite")
    assert expected in str(raised.value)
    assert "Proved" not in capsys.readouterr().out


def test_a_stage_is_proved_on_the_database_that_is_said(database, copy, capsys):
    """A mistake on one kind of database is found there, and there alone."""
    change(copy, up=execute("UPDATE users SET name = 'x' WHERE id = 2", on(database)))
    with pytest.raises(NotProved, match="users 2: name was .*, is 'x'"):
        prove(STAGE, database)
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[database]
    prove(STAGE, other)
    assert capsys.readouterr().out.endswith(
        "upgrade    0001 → 0002: 24 users before, and the same after it\n"
        "           and 24 users added\n"
        "downgrade  0002 → 0001: the schema as before; 48 users kept\n"
        "upgrade    0001 → 0002: schema and rows as after the first upgrade\n"
        f"Proved: {STAGE} on {other}.\n"
    )


@pytest.fixture
def work(copy, database, tmp_path):
    """A learner's copy, as `compare` is given one: it stands at the end of the stage, on each kind of database."""
    folder = shutil.copytree(copy, tmp_path / "work" / STAGE)
    project = InThisProcess(folder, database)
    project.stage = STAGE
    project.must("db", "upgrade")
    yield project
    if database == "postgresql":
        drop_database(project.url)


def test_a_copy_that_has_come_to_the_finished_stage_is_told_so(work, capsys):
    compare(work)
    assert capsys.readouterr().out == f"Your database has the schema of {STAGE}, and is at 0002 as well.\n"


def test_a_copy_with_another_schema_is_told_what_differs(work, copy):
    change(copy, up="op.create_index('ix_users_name', 'users', ['name'])")
    with pytest.raises(NotProved, match="users: index ix_users_name only in the finished stage"):
        compare(work)


def test_a_copy_at_another_revision_is_told_so(work, copy):
    [file] = (copy / "migrations" / "versions").glob("0002_*.py")
    file.write_text(file.read_text("utf-8").replace('revision = "0002"', 'revision = "0002x"'), "utf-8")
    with pytest.raises(NotProved, match="at .'0002'"):
        compare(work)
