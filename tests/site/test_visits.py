"""The site as a learner meets it: the first visit, an exercise, an edit at the left, a reload, offline, and afresh."""
import io
import json
import sqlite3
import time
import zipfile

import accessibility
from lab_window import READY, notebook, open_from_files, show_cell, type_lines
from playwright.sync_api import expect
from site_page import in_the_first_notebook, open_notebook, ready, run_first_cell

from workbook.notebook_files import notebook_paths

MEGABYTES = 40
OTHER = "JupyterLite Storage - /other/"
SOLVED = {"____=____": "server_default=sa.true()", "nullable=____": "nullable=False"}


def test_the_first_visit_says_what_it_fetches_and_ends_in_the_first_notebook(page, host, context):
    start = time.monotonic()
    page.goto(host.address, wait_until="commit")
    expect(page.get_by_role("status")).to_contain_text("Fetching Python; ")
    expect(page.locator("#packs")).to_contain_text("MB")
    found = accessibility.violations(page)
    assert not found, "\n".join(found)
    in_the_first_notebook(page)
    until_ready = time.monotonic() - start
    text = run_first_cell(page)
    assert text.splitlines()[-1] == "Everything is there.", text
    fetched = sum(context.sizes.values()) / 1e6
    first_result = time.monotonic() - start
    print(f"ready after {until_ready:.0f} s, the first result after {first_result:.0f} s, {fetched:.1f} MB transferred")
    assert 5 < fetched < MEGABYTES
    assert "You are in a browser tab" in page.locator(".jp-Notebook").inner_text()


def test_an_exercise_is_solved_by_typing(page, host):
    open_notebook(page, host.address, "02_created_at")
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
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=READY)  # and what was done is kept
    page.keyboard.press("ControlOrMeta+s")


def test_an_edit_at_the_left_is_taken_over_by_the_next_command(page, host):
    open_notebook(page, host.address, "01_initial")
    run_first_cell(page)
    for name in ("scratch", "01_initial", "models.py"):
        open_from_files(page, name)
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\nprint('edited at the left')\n")
    page.keyboard.press("ControlOrMeta+s")
    page.get_by_role("tab", name="01_initial.ipynb").click()
    second = notebook(page).locator(".jp-CodeCell").nth(1)
    second.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("%flask routes")
    page.keyboard.press("Shift+Enter")
    expect(second.locator(".jp-OutputArea-output")).to_contain_text("edited at the left", timeout=READY)
    page.keyboard.press("ControlOrMeta+s")


def test_notebooks_rows_and_progress_are_there_after_a_reload_also_offline(page, host):
    host.stop()
    page.goto(host.address)
    page.wait_for_url("**/lab/**")
    open_notebook(page, host.address, "02_created_at")
    expect(show_cell(page, 'check("active-column"').locator(".jp-OutputArea-output")).to_contain_text("[done]")
    assert "sa.true()" in show_cell(page, "sa.true()").inner_text()
    open_from_files(page, "scratch")
    expect(page.locator(".jp-DirListing-content")).to_contain_text("02_created_at")
    first = notebook(page).locator(".jp-CodeCell").first
    first.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("from workbook import progress; progress()")
    page.keyboard.press("Shift+Enter")
    expect(first.locator(".jp-OutputArea-output img")).to_be_visible(timeout=READY)
    assert "02_created_at" in first.locator(".jp-OutputArea-output img").get_attribute("alt")


def test_all_work_can_be_downloaded_and_then_deleted(page, host):
    open_notebook(page, host.address, "01_initial")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my work").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        names = archive.namelist()
        assert {"00_start_here.ipynb", "12_on_call.ipynb", "scratch/progress.jsonl"} <= set(names)
        assert "edited at the left" in archive.read("scratch/01_initial/models.py").decode()
        assert "%flask routes" in json.dumps(json.loads(archive.read("01_initial.ipynb")))
        [database] = [name for name in names if name.startswith("scratch/02_created_at") and name.endswith("app.db")]
        rows = sqlite3.connect(":memory:")
        rows.deserialize(archive.read(database))
        assert rows.execute("SELECT count(*) FROM users").fetchone()[0] > 0
    page.evaluate(f"() => indexedDB.open({OTHER!r})")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Begin afresh").click()
    page.wait_for_url("**/lab/index.html?path=00_start_here.ipynb", timeout=READY)
    ready(page, "00_start_here.ipynb")
    left = page.evaluate("async () => (await jupyterapp.serviceManager.contents.get('')).content.map(it => it.path)")
    assert sorted(left) == sorted(path.name for path in notebook_paths())
    kept = page.evaluate("async () => (await indexedDB.databases()).map(it => it.name)")
    assert OTHER in kept, "the work on another site of the same host"
