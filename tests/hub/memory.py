"""What a class takes in memory and time: every process that the hub, a learner's server or a kernel has started."""
import contextlib
import ctypes
import os
import threading
from collections import Counter
from pathlib import Path

import psutil

PAUSE = 5  # seconds between two looks: one costs some milliseconds a process
ADOPT = 36  # PR_SET_CHILD_SUBREAPER


def adopt_orphans():
    """Let whatever the learners' processes leave running become this one's child: PostgreSQL's server is a daemon."""
    if os.path.exists("/proc/self/smaps_rollup"):
        ctypes.CDLL(None).prctl(ADOPT, 1)


class Watch(threading.Thread):
    """Looks again and again until `stop` is called; `homes` is the folder with the learners' home folders.

    `peak` is the most MiB of all together at one time, `peaks` the most of each learner, "hub" for what is nobody's.
    """

    def __init__(self, homes):
        super().__init__(daemon=True)
        self.homes, self.ended = str(homes), threading.Event()
        self.peak, self.peaks, self.processes = 0, Counter(), 0

    def run(self):
        while not self.ended.wait(PAUSE):
            self.look()

    def look(self):
        """{learner: MiB at the moment}, and remember the most."""
        owners, found = {os.getpid(): None}, Counter()
        family = sorted(psutil.Process().children(recursive=True), key=lambda process: process.pid)
        parents = {process.pid: process for process in family}
        for process in family:
            owner = self.owner(process, parents, owners)
            found[owner] += memory_of(process)
        self.peak, self.processes = max(self.peak, found.total()), max(self.processes, len(family))
        self.peaks |= found
        return found

    def owner(self, process, parents, owners):
        """The learner whose home is named where the process or one of its parents was started; "hub" if none is."""
        if process.pid not in owners:
            try:
                said = [*process.cmdline(), process.environ().get("HOME", "")]
                parent = parents.get(process.ppid())
            except psutil.Error:  # it has just ended
                return "hub"
            named = [text.split("/")[0] for part in said for text in part.split(f"{self.homes}/")[1:]]
            owners[process.pid] = named[0] if named else (self.owner(parent, parents, owners) if parent else "hub")
        return owners[process.pid]

    def stop(self):
        self.ended.set()
        self.join()


def processor_seconds():
    """Seconds of processor time of all those processes, and of those that they have started and that have ended."""
    seconds = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended, and counts with who started it
            seconds += sum(process.cpu_times()[:4])
    return seconds


def memory_of(process):
    """MiB of a process, what it shares with others divided among them (on Linux; elsewhere what is its alone)."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        return 0
    except FileNotFoundError:
        if os.path.exists("/proc/self/smaps_rollup"):
            return 0  # it has just ended
    except (ProcessLookupError, PermissionError):
        return 0
    try:
        return process.memory_full_info().uss / 2**20
    except psutil.Error:
        return 0
