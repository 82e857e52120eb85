"""JupyterLab, started as `tox -e learn` does it, in a real browser: these tests use one, and the last one ends it."""
import re

import psutil
import pytest
from lab import running_lab
from lab_window import menu, notebook, notebook_is_ready, open_from_files, pictures_seen, run_all, save, scroll_to
from playwright.sync_api import expect

SOLVED = {"____=____": "server_default=sa.true()", "nullable=____": "nullable=False"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def page(new_page, lab):
    page = new_page(width=1280, height=860)
    page.goto(lab.address)
    return page


def test_the_first_notebook_is_open_and_runs_from_top_to_bottom_with_its_pictures(page, lab):
    notebook_is_ready(page, "00_start_here.ipynb")
    saved = run_all(page, lab.work / "00_start_here.ipynb")
    shown = [(cell, output) for cell in saved.cells if cell.cell_type == "code" for output in cell.outputs]
    failed = [cell.source for cell, output in shown if output.output_type == "error"]
    meant = [cell.source for cell in saved.cells if "raises-exception" in cell.metadata.get("tags", [])]
    assert failed == meant
    pictures = {src for _, output in shown for src in re.findall(r'src="(data:[^"]+)"', str(output.get("data", "")))}
    assert pictures_seen(page) == len(pictures) > 2


def test_an_exercise_is_solved_by_typing_into_its_cell(page, lab):
    open_from_files(page, "02_created_at.ipynb")
    notebook_is_ready(page, "02_created_at.ipynb")
    cell = scroll_to(page, notebook(page).locator(".jp-CodeCell", has_text="rows=4"))
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    exercise = scroll_to(page, notebook(page).locator(".jp-CodeCell", has_text="____=____"))
    solution = exercise.locator(".cm-content").inner_text()
    for blank, answer in SOLVED.items():
        solution = solution.replace(blank, answer)
    exercise.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    type_lines(page, solution.strip())
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    check = notebook(page).locator(".jp-CodeCell", has_text='check("active-column"')
    expect(check.locator(".jp-OutputArea-output")).to_contain_text("[done]", timeout=60_000)
    save(page, lab.work / "02_created_at.ipynb")


def type_lines(page, text):
    """Type a text of several lines; the blanks that the editor puts at the beginning of a line are replaced."""
    for number, line in enumerate(text.splitlines()):
        if number:
            page.keyboard.press("Enter")
            page.keyboard.press("Shift+Home")
            page.keyboard.press("Delete")
        page.keyboard.type(line)


def test_the_file_browser_shows_the_scratch_copies(page, lab):
    open_from_files(page, "scratch")
    open_from_files(page, "01_initial")
    open_from_files(page, "models.py")
    expect(page.locator(".jp-FileEditor .cm-content")).to_contain_text('__tablename__ = "users"')
    assert (lab.work / "scratch" / "01_initial" / "models.py").is_file()


def test_it_ends_when_that_is_chosen_and_leaves_nothing_that_runs(page, lab):
    notebook_is_ready(page, "")
    processes, postgres = lab.processes(), lab.postgres_folder()
    assert len(processes) > 3
    page.watch.going = True
    menu(page, "File", "Shut Down")
    page.get_by_role("button", name="Shut Down").click()
    assert lab.process.wait(60) == 0
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive
    assert not postgres or not list_of(postgres)


def list_of(folder):
    from pathlib import Path

    return Path(folder).exists() and list(Path(folder).iterdir())
