"""How commands are run: one interface, its implementations beside each other, chosen here.

`processes` works on every platform, `warm` is the faster one where a process
can fork. Where there are no processes at all, in a tab of a browser, `tab` runs
commands in the kernel itself; `choose` is the one place that has to know it.
"""
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

FLASK_RUN = ["flask", "run", "--port", "0"]
WAITRESS = ["waitress", "--call", "--listen=127.0.0.1:0", "app:create_app"]
COLD = "WORKBOOK_COLD"  # 1: each command is a new interpreter, as in a terminal


@dataclass
class Finished:
    """How a command ended: its exit code, and what it printed on both streams, in order."""

    code: int
    output: str


@dataclass
class Cost:
    """What a command took: seconds, seconds of processor time, and the most memory at one time in MiB."""

    seconds: float
    processor: float
    memory: float


@dataclass
class Answer:
    """What a server answered: the status code, and the page."""

    status: int
    html: str


class Runner(Protocol):
    """What the rest of the package asks for. `command` is a list: a program, such as sys.executable, and its arguments.

    `environment` is all that the command sees of one; it reads nothing from the terminal.
    """

    def finds(self, program: str) -> bool:
        """Whether there is a program of this name to run."""

    def run(self, command: list[str], folder: Path, environment: dict[str, str]) -> Finished:
        """Run the command in `folder` and wait for it."""

    def measure(self, command: list[str], folder: Path, environment: dict[str, str]) -> tuple[Finished, Cost]:
        """As `run`, with what it cost from the start of the interpreter on."""

    def serving(self, folder: Path, environment: dict[str, str], server: list[str]) -> AbstractContextManager:
        """Run the app in `folder` for the block; yields a function of a path and, to submit a form, its fields.

        `server` is FLASK_RUN or WAITRESS, or another module and its arguments that print an address at the start.

        That function keeps cookies, follows redirects, and returns an Answer. Where there are processes, its
        attribute `address` is where other clients reach the app.
        """

    def start(self, command: list[str], folder: Path, environment: dict[str, str], output: Any = None) -> Any:
        """Start the command and go on; returns what subprocess.Popen has: pid, stdout, poll, wait, kill, terminate.

        `output` is an open file to write to; without one, `stdout` is a text stream. Only where there are processes.
        """

    def foreground(self, command: list[str], folder: Path, environment: dict[str, str]) -> int:
        """Run the command in this terminal until it ends; returns its exit code. Only where there are processes."""


@cache
def choose() -> Runner:
    """The runner for this machine."""
    if sys.platform == "emscripten":
        from workbook.runners.tab import InTab

        return InTab()
    if hasattr(os, "fork") and os.environ.get(COLD) != "1":
        from workbook.runners.warm import WarmProcesses

        return WarmProcesses()
    from workbook.runners.processes import Processes

    return Processes()
