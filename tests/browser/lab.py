"""JupyterLab as a learner has it: the command of `tox -e learn`, in a checkout of its own."""
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import psutil
from sqlalchemy import make_url

from workbook.stages import NOTEBOOKS, ROOT, STAGES, TEMPLATES

LEFT_OUT = shutil.ignore_patterns("work", "instance", "__pycache__", ".venv", ".ipynb_checkpoints", ".pytest_cache")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*token=\w+")


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
        _, alive = psutil.wait_procs(family, timeout=60)
        for each in alive:
            with suppress(psutil.Error):
                each.kill()
    process.wait(60)  # it ends its PostgreSQL last
