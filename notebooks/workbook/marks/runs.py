"""A process of its own for each notebook that was handed in, with its limits, and its end."""
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil

from workbook.marks.handed_in import printable
from workbook.marks.limits import end_family, family_of, memory_of, size_of, tell_each
from workbook.marks.messages import Asked, listen
from workbook.notebook_files import read, tagged
from workbook.stages import NOTEBOOKS

# All that a judge, and so a learner's code, gets of the instructor's environment.
PASSED_ON = {
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
    "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "WORKBOOK_COLD",
}  # fmt: skip
ALWAYS = {
    "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "JUPYTER_PLATFORM_DIRS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": str(NOTEBOOKS),
}  # fmt: skip
LOOK = 0.3  # seconds between two looks at what it takes
TO_START = 120  # seconds for a judge, its PostgreSQL and its kernel, on a busy machine
IN_ORDER = 10  # seconds for a judge to end in order, when its time is up
NOT_RUN = "not run"


class Limits(NamedTuple):
    """Of one notebook: seconds, MiB of memory, MiB on the disk."""

    seconds: float
    memory: int
    disk: int


class Outcome:
    """What was found of one notebook: {exercise: (state, words)}, remarks, and how it ended."""

    def __init__(self, hand_in):
        self.hand_in, self.remarks, self.seconds = hand_in, [], 0
        exercises = tagged(read(NOTEBOOKS / f"{hand_in.name}.ipynb"), "check")
        self.states = {name: (NOT_RUN, "") for name in exercises}
        self.cell, self.began, self.ended, self.forged = "before the first cell", None, False, False

    def hear(self, stream, token):
        for told in listen(stream, token):
            if told is None:
                self.forged = True
            elif "exercise" in told:
                if self.states[told["exercise"]][0] != "done":  # what was done once is not taken back
                    self.states[told["exercise"]] = told["state"], printable(told["words"])
            elif "remark" in told:
                self.remarks.append(printable(told["remark"]))
            elif "cell" in told:
                self.cell, self.began = printable(told["cell"]), self.began or time.monotonic()
            else:
                self.ended = True

    def has_failed(self):
        return any(state == NOT_RUN for state, _ in self.states.values()) or self.forged


class Judges:
    """Starts judges, and ends them with all that came of them."""

    def __init__(self, limits):
        self.limits, self.running, self.lock = limits, set(), threading.Lock()

    def mark(self, hand_in):
        """The Outcome of a HandIn."""
        outcome, began = Outcome(hand_in), time.monotonic()
        if not outcome.states:
            outcome.remarks.append("what it deals is not the same for everybody, so it is not run again: read it")
            return outcome
        # PostgreSQL's socket is in there: a short path, and a folder that its own user may pass, if this one is root
        with tempfile.TemporaryDirectory(prefix="marks", ignore_cleanup_errors=True) as scratch:
            os.chmod(scratch, 0o711)
            token = secrets.token_hex()
            with self.started(scratch) as judge:
                hearing = threading.Thread(target=outcome.hear, args=(judge.stdout, token))
                hearing.start()
                text = nbformat.writes(hand_in.notebook)
                with contextlib.suppress(OSError):  # it has ended already
                    Asked(token, scratch, hand_in.name, text, *self.limits[1:]).write(judge.stdin)
                reason = self.watch(judge, scratch, outcome)
            hearing.join()
            said = Path(scratch, "said").read_text("utf-8", errors="replace").strip().rpartition("\n")[2]
        outcome.seconds = time.monotonic() - began
        if reason:
            outcome.remarks.append(f"{outcome.cell}: ended, since it {reason}")
        elif not outcome.ended:
            outcome.remarks.append(printable(f"{outcome.cell}: something in it has ended the whole run. {said}"))
        if outcome.forged:
            outcome.remarks.append("something in it has tried to say itself what is done")
        return outcome

    @contextlib.contextmanager
    def started(self, scratch):
        """A judge; after the block nothing is left of it."""
        environment = {name: value for name, value in os.environ.items() if name.upper() in PASSED_ON}
        for name in ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"):
            environment[name] = str(Path(scratch, "t"))
        Path(scratch, "t").mkdir()
        os.chmod(Path(scratch, "t"), 0o711)
        with open(Path(scratch, "said"), "wb") as said, self.lock:
            judge = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbook.marks.judge"],
                cwd=scratch,
                env=environment | ALWAYS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
            self.running.add(judge.pid)
        try:
            yield judge
        finally:
            self.end(judge)

    def watch(self, judge, scratch, outcome):
        """Wait until it has ended; returns why it has to be ended before, or None."""
        started, look = time.monotonic(), 0
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                judge.wait(LOOK)
                return None
            look += 1
            until = outcome.began + self.limits.seconds if outcome.began else started + TO_START
            if time.monotonic() > until:
                return f"did not end within {self.limits.seconds:g} s" if outcome.began else "could not be started"
            if memory_of(judge.pid) > self.limits.memory:
                return f"took more than {self.limits.memory} MiB of memory"
            if look % 5 == 0 and size_of(scratch) > self.limits.disk:
                return f"wrote more than {self.limits.disk} MiB"

    def end(self, judge):
        family = family_of(judge.pid)  # before they lose the one that they are known by
        if judge.poll() is None:
            judge.terminate()  # it stops its PostgreSQL
            with contextlib.suppress(subprocess.TimeoutExpired):
                judge.wait(IN_ORDER)
        end_family(judge.pid)
        if judge.poll() is None:
            judge.kill()
            judge.wait()
        tell_each(family, "kill")
        psutil.wait_procs(family, timeout=IN_ORDER)  # what they have open can be deleted then
        with self.lock:
            self.running.discard(judge.pid)
            self.end_orphans()

    def end_orphans(self):
        """What a judge has left that was killed from within: on Linux it belongs to this process now."""
        for each in family_of(os.getpid()):
            with contextlib.suppress(psutil.Error):
                if each.ppid() == os.getpid() and each.pid not in self.running:
                    end_family(each.pid)
                    each.kill()
                    each.wait(1)
