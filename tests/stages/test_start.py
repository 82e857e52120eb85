"""`tox -e start`: a stage becomes somebody's own app, whole or not at all."""
import filecmp
import html
import os
import shutil
import subprocess
import sys

import pytest

from workbook import start
from workbook.stages import ROOT, environment, stage_folder, stage_folders

STAGE = "02_created_at"
CHANGED = ["README.md", os.path.join("templates", "base.html")]


@pytest.fixture(autouse=True)
def known_to_git(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada Okafor")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")


@pytest.fixture
def unknown_to_git(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def place(tmp_path):
    """A folder for apps, with nothing in it."""
    return tmp_path.resolve()


def begin(target, *more, stage=STAGE):
    return start.main([stage, str(target), "--no-install", *more])


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True).stdout


def files(folder):
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {str(path) for path in paths if not {".git", "__pycache__", "instance"}.intersection(path.parts)}


@pytest.mark.parametrize("stage", [folder.name for folder in stage_folders()])
def test_an_app_is_its_stage_under_another_name(stage, place):
    assert begin(place / "myapp", stage=stage) == 0
    source, app = stage_folder(stage), place / "myapp"
    assert files(app) == files(source)
    assert sorted(name for name in files(app) if not filecmp.cmp(source / name, app / name, False)) == CHANGED
    assert (app / "README.md").read_text("utf-8").splitlines()[:2] == ["# myapp", ""]
    everything = "".join((app / name).read_text("utf-8") for name in files(app))
    assert stage not in everything and "Migrations workbook" not in everything
    assert [path.name for path in place.iterdir()] == ["myapp"]


def test_what_running_the_stage_has_left_there_is_not_copied(place, tmp_path_factory, monkeypatch):
    used = shutil.copytree(stage_folder(STAGE), tmp_path_factory.mktemp("used") / STAGE)
    for name in ("instance/app.db", ".venv/bin/flask", "tests/__pycache__/test_pages.pyc"):
        (used / name).parent.mkdir(parents=True, exist_ok=True)
        (used / name).touch()
    monkeypatch.setitem(start.STAGES, STAGE, used)
    begin(place / "myapp")
    left = {path.name for path in (place / "myapp").rglob("*")} & {"instance", ".venv", "__pycache__", ".pytest_cache"}
    assert not left


def test_an_apps_pages_show_its_name_whatever_characters_it_has(place, create_app):
    name = "R&D {{ 1 }} <b> 'ä'" if os.name != "nt" else "R&D {{ 1 }} 'ä'"
    assert begin(place / name) == 0
    with environment(DATABASE_URL="sqlite://", MIGRATION_DATABASE_URL=None):
        page = create_app(place / name).test_client().get("/nowhere").text
    assert html.unescape(page).count(name) == 2


def test_the_first_commit_has_everything_and_is_by_whom_git_knows(place, capsys):
    begin(place / "myapp")
    assert git(place / "myapp", "log", "--format=%an <%ae> %s") == f"Ada Okafor <ada@example.com> Start from {STAGE}\n"
    assert git(place / "myapp", "status", "--porcelain") == ""
    assert "README.md" in git(place / "myapp", "ls-files")
    assert "git" not in capsys.readouterr().out


def test_without_a_name_in_git_the_first_commit_is_by_the_app_and_one_line_says_so(place, unknown_to_git, capsys):
    assert begin(place / "myapp") == 0
    assert git(place / "myapp", "log", "--format=%an <%ae>") == "myapp <nobody@localhost>\n"
    assert "user.name" not in (place / "myapp" / ".git" / "config").read_text()
    assert capsys.readouterr().out.splitlines()[0].startswith("git does not know your name")


def test_without_git_the_app_is_there_and_one_line_says_so(place, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert begin(place / "myapp") == 0
    assert not (place / "myapp" / ".git").exists()
    assert capsys.readouterr().out.splitlines()[0] == "There is no git here, so the app has no repository yet."


def test_git_is_not_sent_to_another_repository(place, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(place / "other"))
    assert begin(place / "myapp") == 0
    assert (place / "myapp" / ".git").is_dir() and not (place / "other").exists()


@pytest.mark.parametrize("windows", [False, True])
def test_the_next_three_commands_are_the_platforms(place, monkeypatch, capsys, windows):
    monkeypatch.setattr(start, "WINDOWS", windows)
    monkeypatch.setattr(start, "install", lambda target: None)
    assert start.main([STAGE, str(place / "my app")]) == 0
    said = capsys.readouterr().out
    commands = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    quoted = f'"{place / "my app"}"' if windows else f"'{place / 'my app'}'"
    activate = r".venv\Scripts\activate" if windows else ". .venv/bin/activate"
    assert commands == [f"cd {quoted}", activate, "flask db upgrade"]


@pytest.mark.skipif(os.name == "nt", reason="a shell of Windows takes these from a keyboard only")
def test_the_next_three_commands_without_an_environment_run(place, capsys):
    begin(place / "my app")
    commands = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert len(commands) == 3
    quick = "\n".join(commands).replace("python3 -m venv", f"{sys.executable} -m venv --without-pip")
    said = subprocess.run(["sh", "-ec", f"{quick}\necho $VIRTUAL_ENV"], capture_output=True, encoding="utf-8").stdout
    assert said.strip() == str(place / "my app" / ".venv")


def refused(capsys, stage, target):
    assert begin(target, stage=stage) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_an_unknown_stage_is_refused_with_a_list_of_those_there_are(place, capsys):
    line = refused(capsys, "99_nothing", place / "myapp")
    assert all(folder.name in line for folder in stage_folders()) and not list(place.iterdir())


def test_a_folder_that_is_not_empty_and_a_file_are_refused_and_kept(place, capsys):
    (place / "full").mkdir()
    for name in ("full/work.txt", "file"):
        (place / name).write_text("mine")
    for name in ("full", "file"):
        assert "is there already" in refused(capsys, STAGE, place / name)
    assert (place / "full" / "work.txt").read_text() == (place / "file").read_text() == "mine"
    assert sorted(path.name for path in place.iterdir()) == ["file", "full"]


@pytest.mark.parametrize("inside", [".", "myapp", "stages/myapp", f"stages/{STAGE}", f"stages/{STAGE}/myapp"])
def test_a_place_inside_the_workbook_is_refused(inside, capsys):
    assert "is inside the workbook" in refused(capsys, STAGE, ROOT / inside)
    assert not (ROOT / "myapp").exists() and not (ROOT / "stages" / STAGE / "myapp").exists()


def test_a_folder_in_no_folder_is_refused(place, capsys):
    assert "there is no folder" in refused(capsys, STAGE, place / "none" / "myapp")
    assert not list(place.iterdir())


def test_an_empty_folder_is_filled(place):
    (place / "myapp").mkdir()
    assert begin(place / "myapp") == 0 and (place / "myapp" / "app.py").exists()


@pytest.mark.parametrize("part", ["give_name", "first_commit"])
@pytest.mark.parametrize("fault", [OSError("disk full"), KeyboardInterrupt()], ids=["fails", "is stopped"])
def test_nothing_half_made_is_left_when_it(fault, part, place, monkeypatch, capsys):
    def fail(*arguments):
        raise fault

    monkeypatch.setattr(start, part, fail)
    if isinstance(fault, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            begin(place / "myapp")
    else:
        assert refused(capsys, STAGE, place / "myapp") == "Nothing was made: disk full"
    assert not list(place.iterdir())


def test_packages_that_cannot_be_installed_are_told_in_one_line_and_the_app_is_there(place, monkeypatch, capsys):
    def fail(folder, *command):
        if "pip" in command:
            raise start.Problem("ERROR: Could not find a version that satisfies the requirement Flask")
        (folder / ".venv").mkdir()

    monkeypatch.setattr(start, "first_commit", lambda *arguments: None)
    monkeypatch.setattr(start, "run", fail)
    assert start.main([STAGE, str(place / "myapp")]) == 1
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert line.startswith("The app is complete, but its packages could not be installed: ERROR: Could not find")
    assert "-m venv .venv" in said.out
    assert files(place / "myapp") == files(stage_folder(STAGE)) and not (place / "myapp" / ".venv").exists()
