"""A real JupyterHub on this machine, with the workbook's own configuration, for as long as a block runs."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from workbook.stages import ROOT

CONFIG = ROOT / "notebooks" / "workbook" / "hub" / "jupyterhub_config.py"
LEFT_OUT = (".git", ".tox", ".venv", "work", "build", "__pycache__", ".*_cache", "instance", ".ipynb_checkpoints")
HOMES = "l"  # a learner's kernel is behind a socket in there, whose path may have 107 characters
PATIENCE = 120  # seconds until it serves its first page


@dataclass
class Hub:
    """`address` is where browsers open it, `homes` the folder with the learners' home folders, `process` the hub's."""

    address: str
    homes: Path
    process: subprocess.Popen


@contextmanager
def hub_for(names, folder, users=False):
    """Run a hub for the learners `names` below `folder`, an empty one with a short path; yields a Hub.

    With `users`, which only root can have, each learner becomes a real user of this machine and is removed again.
    """
    Path(folder).chmod(0o755)  # the learners pull from the checkout in it
    for part in ("hub", HOMES):
        Path(folder, part).mkdir()
    Path(folder, "hub", "learners.txt").write_text("\n".join(names) + "\n", "utf-8")
    port, hub_port, proxy_port = free_ports(3)
    settings = {
        "config": str(CONFIG), "checkout": str(committed(Path(folder, "checkout"))), "homes": f"{folder}/{HOMES}",
        "port": port, "hub_port": hub_port, "proxy_port": proxy_port, "users": users,
    }  # fmt: skip
    log = Path(folder, "hub.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(Path(__file__).with_name("jupyterhub_config.py"))],
            cwd=Path(folder, "hub"), env=environment() | {"WORKBOOK_HUB": json.dumps(settings)},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        hub = Hub(f"http://127.0.0.1:{port}", Path("/home" if users else settings["homes"]), process)
        wait_for(hub)
        yield hub
    except Exception:
        print(f"The hub has printed at last:\n{log.read_text('utf-8', 'replace')[-5000:]}")
        raise
    finally:
        stop(process, settings["homes"])
        if users:
            for name in names:
                subprocess.run(["userdel", "--remove", name], capture_output=True)


def environment():
    """This process's environment without what would tell a learner's server about this run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WORKBOOK_", "PYTHONPATH"))}


def committed(folder):
    """A git repository of the workbook as it is in this checkout, committed or not."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    commit = ["-c", "user.name=Instructor", "-c", "user.email=instructor@example.com", "commit", "-q", "-m", "as it is"]
    for command in (["init", "-q", "-b", "main"], ["add", "--all", "--force"], commit):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(hub):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if requests.get(f"{hub.address}/hub/api/", timeout=10).ok:
                return
        except requests.ConnectionError:
            pass
        if hub.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the hub does not start")
        time.sleep(0.2)


def stop(process, homes):
    """Let the hub end; it ends the learners' servers before. What they have left behind is ended too."""
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # PostgreSQL, which systemd would end with the learner's service
    named = [each for each in psutil.process_iter(["cmdline"]) if homes in " ".join(each.info["cmdline"] or ())]
    for left in [*psutil.Process().children(recursive=True), *named]:
        with contextlib.suppress(psutil.Error):
            left.kill()
