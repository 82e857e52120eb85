"""JupyterLab, started as `tox -e learn` does it, and used as a learner does, in a real browser."""
import re
from pathlib import Path

import psutil
from lab import running_lab
from lab_window import (
    READY,
    menu,
    notebook_is_ready,
    open_from_files,
    open_lab,
    pictures_seen,
    run_all,
    show_cell,
    type_lines,
)
from playwright.sync_api import expect

SOLVED = {"____=____": "server_default=sa.true()", "nullable=____": "nullable=False"}


def test_a_learner_runs_a_notebook_solves_an_exercise_finds_the_scratch_copy_and_ends(new_page, tmp_path):
    with running_lab(tmp_path) as lab:
        page = new_page(width=1280, height=860)
        open_lab(page, lab.address)
        the_first_notebook_runs_with_its_pictures(page, lab)
        the_file_browser_shows_the_scratch_copy(page, lab)
        an_exercise_is_solved_by_typing(page)
        it_ends_and_leaves_nothing(page, lab)


def the_first_notebook_runs_with_its_pictures(page, lab):
    saved = run_all(page, lab.work / "00_start_here.ipynb")
    shown = [(cell, output) for cell in saved.cells if cell.cell_type == "code" for output in cell.outputs]
    failed = [cell.source for cell, output in shown if output.output_type == "error"]
    meant = [cell.source for cell in saved.cells if "raises-exception" in cell.metadata.get("tags", [])]
    assert failed == meant
    pictures = {src for _, output in shown for src in re.findall(r'src="(data:[^"]+)"', str(output.get("data", "")))}
    assert pictures_seen(page, saved) == len(pictures) > 2


def the_file_browser_shows_the_scratch_copy(page, lab):
    for name in ("scratch", "01_initial", "models.py"):
        open_from_files(page, name)
    expect(page.locator(".jp-FileEditor .cm-content")).to_contain_text('__tablename__ = "users"')
    assert (lab.work / "scratch" / "01_initial" / "models.py").is_file()
    page.locator(".jp-BreadCrumbs-home").click()


def an_exercise_is_solved_by_typing(page):
    open_from_files(page, "02_created_at.ipynb")
    notebook_is_ready(page, "02_created_at.ipynb")
    show_cell(page, "rows=4").locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    exercise = show_cell(page, "____=____").locator(".cm-content")
    exercise.click()  # an editor that is not in the window has no text
    solution = exercise.inner_text().strip()
    for blank, answer in SOLVED.items():
        solution = solution.replace(blank, answer)
    page.keyboard.press("ControlOrMeta+a")
    type_lines(page, solution)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    shown = show_cell(page, 'check("active-column"').locator(".jp-OutputArea-output")
    expect(shown).to_contain_text("[done]", timeout=READY)


def it_ends_and_leaves_nothing(page, lab):
    processes, postgres = lab.processes(), lab.postgres_folder()
    assert len(processes) > 3, processes
    assert not page.watch.problems()
    menu(page, "File", "Shut Down")
    page.get_by_role("button", name="Shut Down").click()
    expect(page.get_by_text("You have shut down the Jupyter server.")).to_be_visible()
    page.watch.said, page.watch.failed = [], []  # what Lab still asked of the server that has ended
    assert lab.process.wait(60) == 0
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive
    assert not postgres or not Path(postgres).exists(), "the folder of its PostgreSQL is still there"
