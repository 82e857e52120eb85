"""What a learner does in the tab. `page` is a Playwright page that shows JupyterLab, as the site has it."""
import re
import time

from lab_window import READY, notebook, notebook_is_ready, open_from_files
from playwright.sync_api import expect

# JupyterLab tells it of itself; and a browser asks each host for its icon.
HARMLESS = re.compile(r"Disabling terminals|Item with index|.*using link preload|Failed to load resource")
RUN = 300  # seconds that are enough for a notebook
IS_RUN = "w => w.model.type === 'code' && w.model.sharedModel.getSource().trim()"
STATE = f"jupyterapp.shell.currentWidget.content.widgets.filter({IS_RUN})"
RUNNING = f"() => {STATE}.some(w => w.model.executionState === 'running')"
STARTED = f"() => {STATE}.filter(w => w.model.executionCount !== null).length"
CELLS = f"() => {STATE}.map(w => ({{id: w.model.id, outputs: w.model.toJSON().outputs}}))"


def first_visit(page, address):
    """Open the first page, and wait until the first notebook's kernel is ready."""
    page.goto(address)
    in_the_first_notebook(page)


def in_the_first_notebook(page):
    page.wait_for_url("**/lab/**", timeout=120_000)
    ready(page, "00_start_here.ipynb")


def forget(page, address):
    """Delete what the browser keeps of an earlier visit, as *Begin afresh* does, and go on to no notebook."""
    page.goto(f"{address}licences/index.html")
    page.evaluate("""async () => {
        for (const { name } of await indexedDB.databases()) await new Promise((done) => {
            const request = indexedDB.deleteDatabase(name);
            request.onsuccess = request.onerror = done;
        });
    }""")


def open_notebook(page, address, name):
    """Open one notebook, without those that were open at the last visit: each would start a kernel."""
    page.goto(f"{address}lab/index.html?reset")
    page.locator(".jp-Launcher").wait_for()
    open_from_files(page, f"{name}.ipynb")
    ready(page, f"{name}.ipynb")


def ready(page, name):
    expect(page.locator("#workbook-in-tab")).to_contain_text("Ready", timeout=120_000)
    notebook_is_ready(page, name)


def run_all(page):
    """Run the notebook by the menu; returns [{"id", "outputs"}] of its code cells."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
    deadline, whole = time.monotonic() + RUN, len(page.evaluate(CELLS))
    while page.evaluate(STARTED) < whole or page.evaluate(RUNNING):
        assert time.monotonic() < deadline, f"{page.evaluate(STARTED)} of {whole} cells have run in {RUN} s"
        page.wait_for_timeout(300)
    return page.evaluate(CELLS)


def run_first_cell(page):
    """Run the first code cell to its end; returns the text of its outputs."""
    cell = notebook(page).locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-InputArea-prompt")).to_have_text("[1]:", timeout=READY)
    return "\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts())


def transferred(context):
    """A dictionary that will hold the bytes of each answer from now on, by its address."""
    sizes = {}

    def on_response(response):
        if not response.from_service_worker:
            sizes[response.url] = sizes.get(response.url, 0) + int(response.headers.get("content-length") or 0)

    context.on("response", on_response)
    return sizes
