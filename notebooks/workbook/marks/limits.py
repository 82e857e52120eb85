"""What a learner's code cannot take: memory, disk, time after its end, and (on Linux) a look into the judge."""
import contextlib
import ctypes
import os
import sys
import time
from pathlib import Path

import psutil

with contextlib.suppress(ImportError):  # Windows
    import resource

MIB = 2**20
SLACK = 4096  # MiB that a process may reserve and not use, as threads and databases do
PROCESSES = 400  # processes and threads more than this user has now
DUMPABLE, SUBREAPER = 4, 36  # of prctl(2)
TRIES = 100


def harden():
    """On Linux: no other process of this user looks into this one, and orphans below it stay its own."""
    if sys.platform == "linux":
        control = ctypes.CDLL(None, use_errno=True).prctl
        control(DUMPABLE, 0, 0, 0, 0)
        control(SUBREAPER, 1, 0, 0, 0)


def limit(memory, disk):
    """Limit this process and all that it starts, each: MiB of memory and of a file, and how many there are."""
    if "resource" not in globals():
        return
    lower("RLIMIT_CORE", 0)
    lower("RLIMIT_AS", (memory + SLACK) * MIB)
    lower("RLIMIT_FSIZE", disk * MIB)
    lower("RLIMIT_NPROC", PROCESSES + processes_now())


def lower(name, most):
    """Set a limit, if the platform has it and it is not lower already."""
    which = getattr(resource, name, None)
    if which is not None:
        soft, hard = resource.getrlimit(which)
        known = [each for each in (soft, hard, most) if each != resource.RLIM_INFINITY]
        with contextlib.suppress(ValueError, OSError):  # macOS knows some of them and sets none
            resource.setrlimit(which, (min(known), hard if hard != resource.RLIM_INFINITY else min(known)))


def processes_now():
    """How many processes and threads this user has."""
    found = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                found += process.num_threads()
    return found


def family_of(pid):
    """The processes that came of a process and are still there, without those that have ended."""
    with contextlib.suppress(psutil.Error):
        return [each for each in psutil.Process(pid).children(recursive=True) if alive(each)]
    return []


def alive(process):
    with contextlib.suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def end_family(pid):
    """End all that came of a process. Each is stopped before one is ended: who is stopped starts no other."""
    for _ in range(TRIES):
        stopped, family = set(), family_of(pid)
        while new := [each for each in family if each not in stopped]:
            tell_each(new, "suspend")
            stopped.update(new)
            family = family_of(pid)
        if not stopped:
            return
        tell_each(stopped, "kill")
        time.sleep(0.01)


def tell_each(processes, what):
    for each in processes:
        with contextlib.suppress(psutil.Error):
            getattr(each, what)()


def memory_of(pid):
    """MiB that a process and all that came of it have in memory."""
    found = 0
    with contextlib.suppress(psutil.Error):
        for each in [psutil.Process(pid), *family_of(pid)]:
            with contextlib.suppress(psutil.Error):
                found += each.memory_info().rss
    return found / MIB


def size_of(folder):
    """MiB of the files in a folder."""
    found = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                found += os.lstat(Path(base, name)).st_size
    return found / MIB
