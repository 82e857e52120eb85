"""What nbval cannot see: that a notebook was run, proves its stage, and that its exercises check themselves."""
import re
import runpy
from pathlib import Path

import nbformat
import pytest

import workbook.clinic  # noqa: F401 - each case has a checker
from workbook.checks import CHECKERS
from workbook.notebook_files import (
    client,
    code_cells,
    help_with,
    notebook_paths,
    read,
    run_source,
    sanitized,
    solution,
    tagged,
)
from workbook.stages import NOTEBOOKS, stage_folders

# {exercise: [(an answer that a learner might well give, a part of what the checker says to it)]}
WRONG = {
    name: answers
    for path in sorted(Path(__file__).with_name("wrong_answers").glob("*.py"))
    for name, answers in runpy.run_path(str(path))["WRONG"].items()
}


@pytest.fixture(params=notebook_paths(), ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return read(path)


def output_of(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_stage_has_a_notebook_of_its_name():
    missing = {folder.name for folder in stage_folders()} - {path.stem for path in notebook_paths()}
    assert not missing, f"write notebooks/{min(missing)}.ipynb; a stage without a notebook proves nothing to a learner"


def test_a_notebook_was_run_from_top_to_bottom(notebook, path):
    """nbval compares nothing in a cell that was never run, and so passes a cleared notebook."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts and counts == list(range(1, len(counts) + 1)), f"run: tox -e refresh -- {path.stem}"


def test_a_notebook_stores_no_path_of_a_machine_and_no_version(path):
    found = re.findall(r"/tmp/|/home/|/Users/|[A-Z]:\\\\|PostgreSQL \d", path.read_text(encoding="utf-8"))
    assert not found, f"{path.name} says {set(found)}: show paths relative to the scratch copy"


def test_headings_go_down_one_level_at_a_time(notebook):
    levels = [
        len(line.split()[0])
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL).splitlines()
        if re.match(r"#+ ", line)
    ]
    assert levels[0] == 1 and levels.count(1) == 1, "one heading of the first level, at the top"
    assert all(below <= above + 1 for above, below in zip(levels, levels[1:])), levels


def test_every_picture_has_a_text_twin(notebook):
    pictures = [
        output.data["text/html"]
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "<img" in output.get("data", {}).get("text/html", "")
    ]
    for html in pictures:
        assert re.search(r'alt="[^"]+"', html) and "<details>" in html


@pytest.mark.parametrize("stage", [folder.name for folder in stage_folders()])
def test_a_stage_s_notebook_ends_with_the_proof_of_the_stage(stage, database):
    notebook = read(NOTEBOOKS / f"{stage}.ipynb")
    assert any(cell.source.startswith("## Prove the finished stage") for cell in notebook.cells)
    cell = tagged(notebook, "prove").get(database)
    assert cell, f'add a cell prove("{stage}", "{database}") with the tag prove:{database}'
    assert cell.source == f'prove("{stage}", "{database}")'
    assert output_of(cell).endswith(f"Proved: {stage} on {database}.\n")


def test_every_exercise_is_unsolved_as_shipped_and_has_hints_and_a_solution(notebook, path):
    for name, cell in tagged(notebook, "check").items():
        assert output_of(cell).startswith("[not yet] "), f"the notebook holds a solution of {name}"
        assert name in CHECKERS and name in tagged(notebook, "exercise")
        assert solution(notebook, name).strip() not in tagged(notebook, "exercise")[name].source
        steps = re.findall(r"<details><summary>(.*?)</summary>\s+\S", help_with(notebook, name))
        assert steps[:2] == ["Hint 1", "Hint 2"] and steps[-1] == "Solution", f"{name}: two hints, then the solution"
        assert len(WRONG.get(name, [])) >= 2, f"add plausible wrong answers to {name} in wrong_answers/{path.stem}.py"


def test_a_wrong_answer_is_told_what_is_wrong_and_the_solution_is_done(notebook, tmp_path, monkeypatch):
    exercises = tagged(notebook, "exercise")
    if not exercises:
        pytest.skip("no exercises in this notebook")
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))
    setups, checks = tagged(notebook, "setup"), tagged(notebook, "check")
    runner = client(nbformat.v4.new_notebook(metadata=notebook.metadata))

    def run(source):
        return output_of(run_source(runner, source))

    with runner.setup_kernel(cwd=str(NOTEBOOKS)):
        run(code_cells(notebook)[0].source)
        for name in exercises:
            attempts = [*WRONG[name], (solution(notebook, name), None)]
            for answer, reason in attempts:
                if name in setups:
                    run(setups[name].source)
                run(answer)
                said = sanitized(run(checks[name].source))
                if reason:
                    assert said.startswith("[not yet] ") and reason in said, (answer, said)
                else:
                    assert said == "[done]\n", said
