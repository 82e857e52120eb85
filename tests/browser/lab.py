"""JupyterLab as a learner has it: `tox -e learn` in a checkout of its own, and what a learner does in its window."""
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import psutil
from playwright.sync_api import expect
from sqlalchemy import make_url

from workbook.notebook_files import read
from workbook.stages import NOTEBOOKS, ROOT, STAGES, TEMPLATES

LEFT_OUT = shutil.ignore_patterns("work", "instance", "__pycache__", ".venv", ".ipynb_checkpoints", ".pytest_cache")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*token=\w+")
STARTED, RUN = 60, 120  # seconds that are enough for Lab's start, and for a notebook
PICTURE = "it => it.complete && it.naturalWidth > 0 && it.getBoundingClientRect().width > 0"


class Lab:
    """A running JupyterLab: `address` with its token, `work` the folder of the learner's copies, `log` its lines."""

    def __init__(self, folder, process):
        self.work, self.process, self.log = folder / "notebooks" / "work", process, []
        self.address = None
        for line in process.stdout:
            self.log.append(line)
            if found := ADDRESS.search(line):
                self.address = found[0]
                break
        self.reader = threading.Thread(target=self.log.extend, args=[process.stdout], daemon=True)
        self.reader.start()
        assert self.address, f"JupyterLab did not start:\n{''.join(self.log)}"

    def processes(self):
        """All that belong to it now: servers, kernels, what kernels have started, and its PostgreSQL."""
        return [*psutil.Process(self.process.pid).children(recursive=True), *processes_of(self.postgres_folder())]

    def postgres_folder(self):
        """Where the data and the socket of its PostgreSQL are; None on a platform without such sockets."""
        [server, *_] = psutil.Process(self.process.pid).children()
        return make_url(server.environ()["WORKBOOK_POSTGRES_URL"]).query.get("host")


def processes_of(folder):
    """The processes that have been started for a folder: their command names it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if folder and folder in " ".join(process.cmdline()):
                found.append(process)
    return found


@contextmanager
def running_lab(folder, settings=None):
    """Run `tox -e learn`'s command in a copy of the workbook in `folder` for the block; yields a Lab.

    `settings` is {plugin: the text of its settings}. Nobody's own settings, sessions or notebooks are touched.
    """
    for source in (NOTEBOOKS, STAGES, TEMPLATES):
        shutil.copytree(source, folder / source.relative_to(ROOT), ignore=LEFT_OUT)
    for plugin, text in (settings or {}).items():
        file = folder / "config" / "lab" / "user-settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(text, "utf-8")
    command = [sys.executable, "-m", "workbook.learn", "--no-browser", "--port", str(free_port())]
    process = subprocess.Popen(
        command, cwd=folder, env=own_environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    lab = None
    try:
        lab = Lab(folder, process)
        yield lab
    finally:
        end(process)
        if lab:
            lab.reader.join()
        process.stdout.close()


def own_environment(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WORKBOOK_")}
    return kept | {
        "PYTHONPATH": str(folder / "notebooks"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process):
    """End it and what it has started, if that is still there: a test has failed then."""
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        _, alive = psutil.wait_procs(family, timeout=20)
        for each in alive:
            with suppress(psutil.Error):
                each.kill()
    process.wait(20)


# What a learner does in the window. `page` is a Playwright page that shows Lab.


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
    kernel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator")
    expect(kernel).to_have_attribute("data-status", "idle", timeout=STARTED * 1000)


def notebook(page):
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")


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
        cells = [cell for cell in saved.cells if cell.cell_type == "code"]
        if all(cell.execution_count for cell in cells):
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


WHEEL_MOVES = """() => {
    const outer = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
    return outer.scrollTop + outer.clientHeight < outer.scrollHeight - 2
}"""
