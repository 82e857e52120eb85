"""What a learner does in the window of JupyterLab. `page` is a Playwright page that shows it."""
import re
import time

from playwright.sync_api import expect

from workbook.notebook_files import code_cells, read

LATE = re.compile(r"Item with index \d+ did not appear within")  # Lab says so on a slow machine, and goes on
READY = 60_000  # milliseconds that are enough for a kernel, or a cell
RUN = 180  # seconds that are enough for a notebook
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PICTURE = "it => it.complete && it.naturalWidth > 0 && it.getBoundingClientRect().width > 0"


def open_lab(page, address):
    """Open Lab at the notebook that its address names, and wait until its kernel waits for work."""
    page.watch.harmless = LATE
    page.goto(address)
    notebook_is_ready(page, re.search(r"\w+\.ipynb", address)[0])


def menu(page, *names):
    """Choose from the menus, such as "Run" and then "Run All Cells"."""
    page.get_by_role("menuitem", name=names[0], exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(names[1], exact=True).click()


def open_from_files(page, name):
    """Open a file, or go into a folder, in the file browser."""
    item = page.locator(".jp-DirListing-item").filter(has=page.get_by_text(name, exact=True))
    item.dblclick()


def notebook_is_ready(page, name):
    """Wait until a notebook is shown and its kernel waits for work."""
    expect(page.locator("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current", has_text=name)).to_be_visible()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=READY)


def notebook(page):
    return page.locator(f"{SHOWN} .jp-Notebook")


def show_cell(page, code, number=0):
    """Scroll to a code cell that has this text (`number` 1 is the second one), which Lab puts into the page late."""
    cell = notebook(page).locator(".jp-CodeCell", has_text=code).nth(number)
    cell.wait_for(state="attached", timeout=READY)
    cell.scroll_into_view_if_needed()
    return cell


def save(page, path):
    """Save the notebook, and read the file."""
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url):
        page.keyboard.press("ControlOrMeta+s")
    return read(path)


def type_lines(page, text):
    """Type a text of several lines; the blanks that the editor puts at the beginning of a line are replaced."""
    for number, line in enumerate(text.splitlines()):
        if number:
            page.keyboard.press("Enter")
            page.keyboard.press("Shift+Home")
            page.keyboard.press("Delete")
        page.keyboard.type(line)


def run_all(page, path):
    """Run the notebook by the menu; returns it as it is saved when every cell has run."""
    menu(page, "Run", "Run All Cells")
    deadline = time.monotonic() + RUN
    while True:
        page.wait_for_timeout(500)
        saved = save(page, path)
        if all(cell.execution_count for cell in code_cells(saved)):
            return saved
        assert time.monotonic() < deadline, f"the notebook has not run to its end in {RUN} s"


def pictures_seen(page, saved):
    """How many different pictures the outputs of the notebook show; none may be broken, or have no size."""
    expect(notebook(page).locator(".jp-Cell")).to_have_count(len(saved.cells), timeout=READY)
    seen = set()
    for picture in notebook(page).locator(".jp-OutputArea-output img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate(PICTURE), f"a broken picture: {picture.evaluate('it => it.outerHTML')[:200]}"
        seen.add(picture.get_attribute("src"))
    return len(seen)
