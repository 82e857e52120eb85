"""What all stages share is the same in each of them, byte for byte."""
import runpy
import shutil

import pytest

from workbook.commands import run
from workbook.stages import STAGES, TEMPLATES, stage_folders

sync = runpy.run_path(str(TEMPLATES / "sync.py"))


@pytest.fixture
def copied(tmp_path):
    """Copies of all stages."""
    ignore = shutil.ignore_patterns("__pycache__", "instance", ".venv", ".pytest_cache")
    return shutil.copytree(STAGES, tmp_path / "stages", ignore=ignore)


def test_every_stage_has_true_copies_of_the_shared_files(capsys):
    assert sync["main"](["--check"]) == 0, capsys.readouterr().out


def test_a_shared_file_that_is_edited_or_missing_in_one_stage_is_found_and_written_again(copied, capsys):
    stages = [folder.name for folder in stage_folders()]
    edited, missing = copied / stages[0] / "paging.py", copied / stages[-1] / "migrations" / "env.py"
    edited.write_bytes(edited.read_bytes() + b"# edited\n")
    missing.unlink()
    assert sync["main"](["--check"], copied) == 1
    differs = [line for line in capsys.readouterr().out.splitlines() if line.startswith("differs")]
    assert differs == [f"differs: stages/{stages[0]}/paging.py", f"differs: stages/{stages[-1]}/migrations/env.py"]
    assert edited.read_bytes().endswith(b"# edited\n"), "--check changed a file"
    assert sync["main"]([], copied) == 0
    assert sync["main"](["--check"], copied) == 0


def test_flask_db_init_with_the_template_makes_the_stages_migrations_folder(tmp_path):
    copy = tmp_path / "app"
    shutil.copytree(STAGES / "01_initial", copy, ignore=shutil.ignore_patterns("migrations", "instance"))
    ended = run(["flask", "db", "init", "-t", (TEMPLATES / "migrations").as_posix()], copy)
    assert ended.code == 0, ended.output
    assert files_in(copy / "migrations") == files_in(STAGES / "01_initial" / "migrations")


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
