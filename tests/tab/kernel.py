"""The kernel of a tab, run in Node: the cells of a notebook go in, how each answered comes out."""
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from workbook.site import parts, tree

NODE = "Node.js 20 or newer is needed to run the kernel of a tab: install it, then run: tox -e tab"
TIMEOUT = 600  # seconds


@cache
def folders():
    """The folders of Pyodide, with all wheels and that of this project, and of PostgreSQL."""
    fetched = parts.fetch()
    own = f"tab-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    return tree.add_to(fetched / "pyodide", parts.PARTS.with_name(own)), fetched / "pglite"


def run(cells, place):
    """Run [{"id", "source"}], with the drive `place`/drive.

    Returns [{"status", "outputs", "seconds"}].
    """
    node = shutil.which("node")
    assert node, NODE
    (place / "drive").mkdir(exist_ok=True)
    (place / "cells.json").write_text(json.dumps(cells), "utf-8")
    script = Path(__file__).with_name("run.mjs")
    arguments = [*folders(), place / "drive", place / "cells.json", place / "outputs.json"]
    ended = subprocess.run([node, script, *arguments], stderr=subprocess.PIPE, timeout=TIMEOUT)
    assert ended.returncode == 0, ended.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads((place / "outputs.json").read_text("utf-8"))
