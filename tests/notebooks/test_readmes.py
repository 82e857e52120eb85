"""The READMEs: their commands are there, their tables are complete, and their links lead somewhere."""
import configparser
import re
from pathlib import Path

import pytest

from workbook.notebook_files import notebook_paths, read
from workbook.stages import NOTEBOOKS, ROOT, STAGES, stage_folders

READMES = [ROOT / "README.md", NOTEBOOKS / "README.md", STAGES / "README.md"]
READMES += [folder / "README.md" for folder in stage_folders()]
OF_ALL = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
SETUP = "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox"
FOUR = ["pip install -r requirements.txt", "flask db upgrade", "flask seed", "flask run"]


def test_the_two_commands_of_the_readme_are_the_ones_that_are_offered_and_checked():
    blocks = re.findall(r"```\n(.*?)\n```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert blocks == [f"{SETUP} -e learn", SETUP]
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == SETUP, ".ci/run verifies the second command"
    assert "set -eu" in (ROOT / ".ci" / "run").read_text("utf-8")


def texts():
    """{file: text} of all that may name a command of tox."""
    files = [path for folder in (ROOT / "tests", NOTEBOOKS / "workbook", ROOT / "shared_templates")
             for path in folder.rglob("*.py")]
    for name in (".binder", ".devcontainer", ".github"):
        files += filter(Path.is_file, (ROOT / name).rglob("*"))
    found = {path: path.read_text("utf-8") for path in [*files, *READMES, ROOT / "tox.ini"]}
    for path in notebook_paths():
        found[path] = "\n".join(cell.source for cell in read(path).cells)
    return found


def test_each_command_of_tox_that_is_named_anywhere_exists():
    tox = configparser.RawConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    labels = {line.partition("=")[0].strip() for line in tox["tox"]["labels"].splitlines() if line.strip()}
    there = {"-e": {name.partition(":")[2] for name in tox.sections()}, "-m": labels}
    for path, text in texts().items():
        for option, name in re.findall(r"\btox (-[em]) (\w[\w-]*)", text):
            assert name in there[option], f"{path.relative_to(ROOT)} says tox {option} {name}; tox.ini has no such"


def test_the_table_of_the_stages_has_each_one_and_says_what_its_own_readme_says():
    rows = re.findall(r"^\| \[(\w+)\]\(\1/\) \| (.+) \|$", (STAGES / "README.md").read_text("utf-8"), re.MULTILINE)
    said = {folder.name: (folder / "README.md").read_text("utf-8").splitlines()[2] for folder in stage_folders()}
    assert dict(rows) == said and len(rows) == len(said)


@pytest.mark.parametrize("folder", stage_folders(), ids=lambda folder: folder.name)
def test_the_four_commands_of_a_stage_are_the_ones_that_copies_py_tries(folder):
    text = (folder / "README.md").read_text("utf-8")
    assert re.findall(r"```\n(.*?)\n```", text, re.DOTALL)[0].splitlines() == FOUR


def test_the_table_of_the_notebooks_has_each_one_in_order_and_the_guide_speaks_of_each():
    text = (NOTEBOOKS / "README.md").read_text("utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\1\.ipynb\) \|", text, re.MULTILINE) == [path.stem for path in notebook_paths()]
    guide = text.partition("### Objectives, misconceptions")[2]
    missing = [path.stem for path in notebook_paths() if f"\n| {path.stem[:2]} | " not in guide]
    assert not missing, f"say in the instructor's guide which misconceptions {missing} uncovers"


@OF_ALL
def test_each_link_of_a_readme_leads_somewhere(readme):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", readme.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (readme.parent / link).exists()]
    assert not missing, f"{readme.relative_to(ROOT)}: no such file: {missing}"


def test_the_questions_that_the_guide_quotes_are_in_the_notebooks():
    guide = (NOTEBOOKS / "README.md").read_text("utf-8").partition("### Objectives, misconceptions")[2]
    for number, quote in re.findall(r'^\| (\d\d) \|.*\| [^|]*"([^"|]+)"[^|]* \|$', guide, re.MULTILINE):
        [path] = NOTEBOOKS.glob(f"{number}_*.ipynb")
        assert quote in "\n".join(cell.source for cell in read(path).cells), f"{path.stem} does not say: {quote}"
