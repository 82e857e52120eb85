"""Whether the files that marks depend on are as they were: the workbook's own, and those of its environment."""
import os
import sys
from hashlib import blake2b
from pathlib import Path

from workbook.stages import NOTEBOOKS, STAGES, TEMPLATES

WATCHED = (NOTEBOOKS, STAGES, TEMPLATES, Path(sys.prefix))
NOT_WATCHED = {NOTEBOOKS / "work", Path(sys.prefix) / "tmp", Path(sys.prefix) / "log"}  # a learner's; tox's own


class Watched:
    """What is in some folders now."""

    def __init__(self, folders=WATCHED):
        self.folders = folders
        self.states = {path: (state, digest(path)) for path, state in states(folders).items()}

    def changed(self):
        """The files that are not what they were, sorted."""
        now = states(self.folders)
        found = {path for path in self.states.keys() ^ now.keys()}
        for path, state in now.items():
            before, content = self.states.get(path, (state, None))
            if state != before:  # it was written, or only linked, as package installers do
                if digest(path) == content:
                    self.states[path] = state, content
                else:
                    found.add(path)
        return sorted(found)


def states(folders):
    """{file: its size, and when it was written and changed}; who changes a file cannot set the last of them back."""
    found, waiting = {}, list(folders)
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting += [] if path in NOT_WATCHED or path.name == "instance" else [path]
            else:
                status = entry.stat(follow_symlinks=False)
                found[entry.path] = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return found


def digest(path):
    try:
        content = os.readlink(path).encode() if os.path.islink(path) else Path(path).read_bytes()
    except OSError as error:
        content = str(error).encode()
    return blake2b(content, digest_size=16).digest()
