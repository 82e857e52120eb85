"""Loaded by IPython when the kernel of a tab starts: puts everything in its place before the first cell runs.

In a browser and in Node alike. What is asked of the surroundings is in browser.py.
"""
import asyncio
import os
import shutil

from workbook.stages import NOTEBOOKS
from workbook.tab import browser, server
from workbook.tab.cells import Cells
from workbook.tab.mirror import Mirror

DRIVE = "/drive"


def load_ipython_extension(shell):
    """Let each cell wait until all is ready, then run where the scratch copies and the files at the left agree."""
    ready = asyncio.ensure_future(prepared(shell))
    kernel, run = shell.kernel, shell.kernel.run

    async def run_in_tab(code):
        try:
            cells, mirror = await asyncio.shield(ready)
        except Exception as error:
            line = f"This tab could not get ready: {error}. Load the page again."
            return {"status": "error", "ename": "NotReady", "evalue": line, "traceback": [line], "payload": []}
        mirror.pull(browser.saved_files())
        cell = cells.find(code, kernel._parent_header.get("metadata", {}).get("cellId"))
        if cell and cell.needs:
            cell.stand_in(shell)
            await mirror.push()
            return {"status": "ok", "payload": []}
        try:
            answer = await run(code)
        finally:
            await mirror.push()
        return expected(answer, kernel) if cell and cell.may_raise else answer

    kernel.run = run_in_tab


async def prepared(shell):
    """(Cells, Mirror), when PostgreSQL runs."""
    browser.tell("PostgreSQL is starting")
    server.start(await browser.postgresql())
    os.environ["WORKBOOK_SCRATCH"] = str(NOTEBOOKS / "work" / "scratch")
    mirror = Mirror(os.environ["WORKBOOK_SCRATCH"], DRIVE, browser)
    mirror.restore()
    browser.tell("")
    return Cells(NOTEBOOKS), mirror


def expected(answer, kernel):
    """The answer of a cell that may raise: "ok", with the error as one of the cell's outputs.

    JupyterLite's kernels drop all cells that wait when one answers "error", whether or not its tags allow that.
    """
    if answer["status"] != "error":
        return answer
    browser.put_out_error(kernel._parent_header["header"], answer)
    return {"status": "ok", "payload": answer["payload"]}


def link(source, target):
    """os.link, which Python does not have there: `target` is the same file, and must not be there yet."""
    with open(source, "rb") as old, open(target, "xb") as new:
        shutil.copyfileobj(old, new)


if not hasattr(os, "link"):
    os.link = link
