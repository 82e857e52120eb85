"""What is the learner's stays so: copies of notebooks, scratch copies of other kernels, settings of the shell."""
import shutil
import subprocess
import sys

import pytest

from workbook import learn
from workbook.notebook_files import notebook_paths
from workbook.stages import NOTEBOOKS, ROOT
from workbook.workspace import Project, Workspace, claim

OTHER_KERNEL = """
from workbook.workspace import claim
folder = claim("01_initial")
folder.mkdir()
(folder / "work.txt").write_text("of the other kernel")
print(folder, flush=True)
input()
"""


def test_two_kernels_at_once_never_meet_in_one_folder_and_an_ended_one_leaves_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS))
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as other:
        theirs = other.stdout.readline().strip()
        ours = claim("01_initial")
        assert theirs == str(tmp_path.resolve() / "01_initial")
        assert ours == tmp_path.resolve() / "01_initial-2"
        assert (tmp_path / "01_initial" / "work.txt").read_text() == "of the other kernel"
        ours.mkdir()
        other.communicate("\n")
    assert claim("01_initial") == tmp_path.resolve() / "01_initial", "the folder of a kernel that has ended is free"
    assert claim("01_initial") == tmp_path.resolve() / "01_initial", "made again in the same kernel, it is the same one"
    assert not (tmp_path / "01_initial").exists(), "a copy is made anew each time"


def test_learners_copies_are_no_tests_of_the_workbook(pytestconfig):
    folder = learn.WORK.relative_to(NOTEBOOKS).as_posix()
    assert folder in pytestconfig.getini("norecursedirs"), f"pytest looks into notebooks/{folder}: see tox.ini"


SETTINGS = [
    "DATABASE_URL", "MIGRATION_DATABASE_URL", "TEST_DATABASE_URL", "SECRET_KEY", "FLASK_APP", "FLASK_ENV",
    "FLASK_DEBUG", "FLASK_SQLALCHEMY_DATABASE_URI", "ALEMBIC_CONFIG", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS",
    "FORCE_COLOR", "COLUMNS",
]  # fmt: skip
APP = """
import os

from flask import Flask

app = Flask(__name__)


@app.cli.command("settings")
def settings():
    print([name for name, value in os.environ.items() if "of the shell" in value])
"""


def test_no_setting_of_the_shell_reaches_a_command(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text(APP)
    for name in SETTINGS:
        monkeypatch.setenv(name, "of the shell")
    ended = Project(tmp_path).flask("settings")
    assert (ended.code, ended.output) == (0, "[]\n")


def test_git_ignores_the_learners_folder():
    if shutil.which("git") and (ROOT / ".git").exists():
        ignored = ["git", "-C", str(ROOT), "check-ignore", "--quiet", "notebooks/work/scratch/01_initial/app.py"]
        assert subprocess.run(ignored).returncode == 0
        tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "notebooks/work"], capture_output=True, text=True)
        assert tracked.stdout == ""
    assert "notebooks/work/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The learner's copies of the first two notebooks, the first one worked on."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(learn, "WORK", tmp_path / "work")
    monkeypatch.setattr(learn, "notebook_paths", lambda: notebook_paths()[:2])
    copies = learn.copy_notebooks()
    copies[0].write_text("my work", "utf-8")
    return copies


def test_a_learners_copy_is_never_overwritten(copies):
    other = copies[1].read_bytes()
    assert learn.copy_notebooks() == copies
    assert copies[0].read_text("utf-8") == "my work" and copies[1].read_bytes() == other
    assert len(list(learn.WORK.iterdir())) == 2


def test_a_fresh_copy_keeps_the_old_one_beside_it_and_leaves_the_others_alone(copies, capsys):
    copies[1].write_text("more of my work", "utf-8")
    learn.copy_notebooks(fresh=copies[0].stem)
    [kept] = [path for path in learn.WORK.iterdir() if path not in copies]
    assert kept.read_text("utf-8") == "my work" and copies[1].read_text("utf-8") == "more of my work"
    assert copies[0].read_text("utf-8").startswith("{")
    assert capsys.readouterr().out == f"Your old copy is kept as {kept.name}\n"


def test_a_copy_shows_no_output_before_it_is_run(copies):
    assert '"output_type"' not in copies[1].read_text("utf-8")


TYPED = {
    "as it stands": "a = 1\nb = 'x'\n",
    "with other blanks and quotes": 'a = 1\n\nb  =  "x"  \n',
    "nothing": "a = 1\n",
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_a_change_that_a_learner_has_typed_is_not_made_again(typed, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))
    work = Workspace("01_initial")
    work.write("lesson.py", f"{typed}c = 2\n")
    shown = repr(work.edit("lesson.py", "a = 1\n", "a = 1\nb = 'x'\n"))
    if typed == "a = 1\n":
        assert work.read("lesson.py") == "a = 1\nb = 'x'\nc = 2\n" and "+b = 'x'" in shown
    else:
        assert work.read("lesson.py") == f"{typed}c = 2\n" and shown == "lesson.py: the change is there already"
    with pytest.raises(ValueError, match="holds this text 0 times"):
        work.edit("lesson.py", "not there", "neither")


def test_a_text_is_shortened_at_its_beginning_or_its_end(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))
    work = Workspace("01_initial")
    work.write("lesson.py", "first()\nsecond()\nthird()\n")
    work.edit("lesson.py", "first()\nsecond()\n", "first()\n")
    work.edit("lesson.py", "first()\nthird()\n", "third()\n")
    assert work.read("lesson.py") == "third()\n"
    assert repr(work.edit("lesson.py", "first()\nthird()\n", "third()\n")).endswith("is there already")
