"""What a learner does in the window of JupyterLab. `page` is a Playwright page that shows it."""
import time

from playwright.sync_api import expect

from workbook.notebook_files import code_cells, read

READY, RUN = 60, 120  # seconds that are enough for a kernel to be ready, and for a notebook to run
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PICTURE = "it => it.complete && it.naturalWidth > 0 && it.getBoundingClientRect().width > 0"
WHEEL_MOVES = """() => {
    const outer = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
    return outer.scrollTop + outer.clientHeight < outer.scrollHeight - 2
}"""


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
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text=name)).to_be_visible()
    kernel = page.locator(f"{SHOWN} .jp-Notebook-ExecutionIndicator")
    expect(kernel).to_have_attribute("data-status", "idle", timeout=READY * 1000)


def notebook(page):
    return page.locator(f"{SHOWN} .jp-Notebook")


def scroll_to(page, cell):
    """Turn the wheel until a cell can be seen; Lab keeps only those in the page that are near."""
    notebook(page).hover()
    for _ in range(200):
        if cell.count() and cell.first.is_visible():
            cell.first.scroll_into_view_if_needed()
            return cell.first
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(50)
    raise AssertionError("no such cell down to the end of the notebook")


def save(page, path):
    """Save the notebook, and read the file."""
    before = path.stat().st_mtime_ns
    page.keyboard.press("ControlOrMeta+s")
    deadline = time.monotonic() + 10
    while path.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline, "Ctrl+S does not save"
        page.wait_for_timeout(50)
    return read(path)


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


def pictures_seen(page):
    """How many different pictures outputs show from the top of the notebook to its end; none may be broken."""
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+Home")
    notebook(page).hover()
    seen = set()
    for _ in range(200):
        page.wait_for_timeout(100)
        for picture in page.locator(".jp-OutputArea-output img").all():
            assert picture.evaluate(PICTURE), f"a broken picture: {picture.evaluate('it => it.outerHTML')[:200]}"
            seen.add(picture.get_attribute("src"))
        if not page.evaluate(WHEEL_MOVES):
            return len(seen)
        page.mouse.wheel(0, 500)
    raise AssertionError("the notebook has no end")
