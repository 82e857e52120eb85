"""What the verifier sees without running anything: each mistake is written into a script, and found in its line."""
import shutil

import pytest
from planted import ADD_AGE, DROP_AGE, HARMLESS, IMPORTS, MISTAKES, SCRIPT, SECRET, adds, write

from workbook.stages import NOTEBOOKS, stage_folders
from workbook.verify.findings import CHECKS
from workbook.verify.fits import fits, history_in, one_head
from workbook.verify.imports import app_imports
from workbook.verify.scripts import scripts_of
from workbook.verify.static import static_checks, static_findings


def found(folder, **options):
    """The Findings in the project in `folder`."""
    return list(static_findings(history_in(folder), folder, **options))


@pytest.mark.parametrize("has_naming_convention", [True, False])
@pytest.mark.parametrize("folder", stage_folders(), ids=lambda folder: folder.name)
def test_nothing_is_found_in_a_stage(folder, has_naming_convention):
    history = history_in(folder)
    assert len(scripts_of(history, folder)) == len(history) == len(list(folder.glob("migrations/versions/*.py")))
    assert not list(static_findings(history, folder, has_naming_convention))


def test_each_check_has_a_title_and_a_notebook():
    assert set(static_checks()) | {"locks"} <= set(CHECKS)
    for check in CHECKS.values():
        assert check.title and (NOTEBOOKS / f"{check.notebook}.ipynb").exists()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_in_its_revision_and_line(mistake, tmp_path):
    check, said, upgrade, downgrade, line, level = MISTAKES[mistake]
    write(tmp_path, "0001", 'op.create_table("towns")', 'op.drop_table("towns")')
    write(tmp_path, "0002", upgrade, downgrade, parents="0001")
    write(tmp_path, "0003", adds('"more", sa.Text()'), 'op.drop_column("users", "more")', parents="0002")
    [finding] = found(tmp_path)
    assert (finding.check, finding.revision, finding.level) == (check, "0002", level), finding
    assert f"0002_.py, line {line}: " in finding.what and said in finding.what, finding.what
    assert finding.do and SECRET not in finding.what


@pytest.mark.parametrize("case", HARMLESS)
def test_nothing_is_found_in(case, tmp_path):
    upgrade, downgrade = HARMLESS[case]
    write(tmp_path, "0001", upgrade, downgrade or "pass")
    assert not found(tmp_path)


@pytest.mark.parametrize("helper", ["upgrade_users", "prepare"])
def test_a_mistake_is_found_in_a_function_that_upgrade_calls(helper, tmp_path):
    call = "prepare()" if helper == "prepare" else 'globals()["upgrade_" + "users"]()'  # as db init --multidb writes it
    write(tmp_path, "0001", call, script=f"{SCRIPT}\n\ndef {helper}():\n    {DROP_AGE}\n")
    [destructive, downgrade] = found(tmp_path)
    assert destructive.check == "destructive" and "0001_.py, line 21: " in destructive.what
    assert downgrade.check == "downgrade"


def test_constraints_without_a_name_in_tables_are_one_finding_without_a_naming_convention(tmp_path):
    for number in (1, 2, 3):
        table = f'op.create_table("pets{number}", sa.Column("id", sa.Integer()),\n    sa.UniqueConstraint("id"))'
        parent = f"000{number - 1}" if number > 1 else None
        write(tmp_path, f"000{number}", table, f'op.drop_table("pets{number}")', parent)
    [finding] = found(tmp_path)
    assert (finding.check, finding.revision, finding.level) == ("names", None, "warning")
    assert finding.what.startswith("3 constraints have no name in create_table, the first in 0001_.py, line 14")
    assert not found(tmp_path, has_naming_convention=True)


def test_with_a_naming_convention_only_a_drop_needs_a_name(tmp_path):
    create = 'op.create_unique_constraint(None, "users", ["name"])'
    write(tmp_path, "0001", create, 'op.drop_constraint("uq_users_name", "users")')
    assert not found(tmp_path, has_naming_convention=True)
    write(tmp_path, "0001", create, 'op.drop_constraint(None, "users")')
    assert [finding.check for finding in found(tmp_path, has_naming_convention=True)] == ["names"]


@pytest.mark.parametrize("use", IMPORTS)
def test_what_a_script_takes_from_the_app_is_found(use, tmp_path):
    line, upgrade, level, said = IMPORTS[use]
    write(tmp_path, "0001", upgrade, script=SCRIPT.replace("import sqlalchemy", f"{line}\nimport sqlalchemy"))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "models.py").touch()
    (tmp_path / "migrations" / "helpers.py").touch()
    findings = list(app_imports(history_in(tmp_path), tmp_path))
    assert [finding.level for finding in findings] == ([level] if level else [])
    for finding in findings:
        assert finding.revision == "0001" and "0001_.py, line 5: imports app" in finding.what
        assert said in finding.what, finding.what


def test_an_import_that_the_template_writes_may_be_unused(tmp_path):
    (tmp_path / "app.py").touch()
    write(tmp_path, "0001", script=SCRIPT.replace("import sqlalchemy", "import app\nimport sqlalchemy"))
    assert found(tmp_path)
    template = "from alembic import op\nimport app\n${imports if imports else ''}\n"
    (tmp_path / "migrations" / "script.py.mako").write_text(template, encoding="utf-8")
    scripts_of.cache_clear()
    assert not found(tmp_path)


def told(folder, history=None):
    return "\n".join(f"{finding.revision}: {finding.what}" for finding in fits(history, folder))


def test_a_history_that_does_not_fit_together_is_told_from_the_files(tmp_path):
    write(tmp_path, "0001")
    write(tmp_path, "0002", parents="0001")
    assert told(tmp_path) == ""
    write(tmp_path, "0003", parents=("0002", "0002b"))
    assert told(tmp_path) == "0003: migrations/versions/0003_.py comes after 0002b, which is in no script."
    write(tmp_path, "0003", parents="0002")
    write(tmp_path, "0001", parents="0003")
    assert "comes before and after itself" in told(tmp_path)


def test_an_id_that_two_scripts_have_is_told(tmp_path):
    write(tmp_path, "0001")
    shutil.copy(tmp_path / "migrations/versions/0001_.py", tmp_path / "migrations/versions/0002_copied.py")
    lines = "0001: 0001 is the id of 2 scripts: migrations/versions/0001_.py, migrations/versions/0002_copied.py."
    assert told(tmp_path) == lines
    assert told(tmp_path, history_in(tmp_path)) == lines  # Alembic itself only warns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print 'hello'", "cannot read it. SyntaxError: Missing parentheses"),
        ("def upgrade(:", "0002_.py, line 1: Python"),
        ("# caf\xe9", "cannot read it. SyntaxError: invalid or missing encoding"),
        ("x = 1", "0002_.py: no `revision = …` in it"),
    ],
)
def test_a_script_that_cannot_be_read_or_placed_is_one_finding(text, said, tmp_path):
    write(tmp_path, "0001")
    (tmp_path / "migrations" / "versions" / "0002_.py").write_bytes(text.encode("latin-1"))
    [finding] = fits(None, tmp_path)
    assert said in finding.what and finding.level == "error"


def test_a_script_that_only_the_projects_own_python_can_read_stops_no_check(tmp_path):
    script = write(tmp_path, "0001", DROP_AGE)
    history = history_in(tmp_path)
    script.write_text("print 'hello'", encoding="utf-8")
    [finding] = static_findings(history, tmp_path)
    assert finding.check == "history" and finding.level == "warning"


def test_several_heads_are_named(tmp_path):
    write(tmp_path, "0001")
    write(tmp_path, "0002a", parents="0001")
    write(tmp_path, "0002b", parents="0001")
    [finding] = one_head(history_in(tmp_path), tmp_path)
    assert finding.what == "2 heads: 0002a (0002a_.py), 0002b (0002b_.py)." and "flask db merge heads" in finding.do
    write(tmp_path, "0003", parents=("0002a", "0002b"))
    assert not list(one_head(history_in(tmp_path), tmp_path))


def many(folder, count):
    """A project of `count` revisions: now and then two branches that are merged."""
    ids = [f"{number:04}" for number in range(count)]
    for number, id in enumerate(ids):
        parents = ids[number - 1] if number else None
        if number % 10 == 5:
            parents = ids[number - 2]  # beside the one before
        elif number % 10 == 6:
            parents = (ids[number - 2], ids[number - 1])
        up, down = adds(f'"c{number}", sa.String(length=20)'), f'op.drop_column("users", "c{number}")'
        write(folder, id, up, down, parents)


def test_a_mistake_is_found_among_five_hundred_revisions_with_merges(tmp_path):
    many(tmp_path, 500)
    write(tmp_path, "0257", DROP_AGE, ADD_AGE, "0256")
    history = history_in(tmp_path)
    assert len(history) == 500 and sum(len(each.parents) == 2 for each in history) == 50
    [finding] = static_findings(history, tmp_path)
    assert (finding.check, finding.revision) == ("destructive", "0257")


def test_a_habit_is_told_in_one_line(tmp_path):
    for number in range(12):
        parent = f"{number - 1:04}" if number else None
        write(tmp_path, f"{number:04}", 'op.create_table("pets")', "pass  # we only go up", parent)
    [finding] = found(tmp_path)
    assert finding.revision is None and finding.what.startswith("12 of 12 scripts cannot be taken back")
