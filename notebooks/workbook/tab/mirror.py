"""The scratch copies, and what the learner sees of them at the left: the drive that JupyterLab shows.

The copies are in memory, where commands are fast and SQLite finds what it needs. After each cell the page gets the
files that have changed, and writes them to the drive, which the browser keeps; before each cell the kernel gets what
was saved at the left. To write them here would take a second for ten files: the kernel waits for the page at each step.
"""
import os
import shutil
from pathlib import Path

from workbook import record

# Made anew by whoever needs them.
LEFT_OUT = {"__pycache__", ".git"}


class Mirror:
    """`scratch` is the folder of the copies, `drive` the one that JupyterLab shows as its root, `page` is browser.py.

    A copy is shown under its name; while another kernel has one of this name, as NAME-2 and so on.
    """

    def __init__(self, scratch, drive, page):
        self.scratch, self.page = Path(scratch), page
        self.record = Path(drive) / self.scratch.name / record.FILE  # one for all kernels
        self.names = {}  # {copy: the name that it is shown under}
        self.known = {}  # {path relative to the scratch folder: (when written, size)}
        self.noted = 0  # bytes of this kernel's record that all kernels know

    def restore(self):
        """Begin with what the learner has done on earlier visits. Copies are made anew by the notebooks."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        if self.record.exists():
            shutil.copyfile(self.record, self.scratch / record.FILE)
        self.noted = size(self.scratch / record.FILE)

    async def push(self):
        """Let the page keep and show what has changed in the copies; comes back when it is kept."""
        now = {path: stamp(self.scratch / path) for path in files(self.scratch) if len(path.parts) > 1}
        anew = sorted({path.parts[0] for path in now} - self.names.keys())
        for copy in anew:
            self.names[copy] = await self.free_name(copy)
        changed = [path for path, stamped in now.items() if self.known.get(path) != stamped]
        shown = {self.place(path): (self.scratch / path).read_bytes() for path in changed}
        shown |= {self.place(path): None for path in self.known.keys() - now.keys()}
        if shown:
            await self.page.show(shown, [f"{self.scratch.name}/{self.names[copy]}" for copy in anew])
        self.known = now
        self.push_record()

    async def free_name(self, copy):
        number, name = 1, copy
        while not await self.page.take(name):
            number += 1
            name = f"{copy}-{number}"
        return name

    def place(self, path):
        """Where a file of a copy is shown, from the drive's root."""
        return Path(self.scratch.name, self.names[path.parts[0]], *path.parts[1:]).as_posix()

    def push_record(self):
        """Add the lines that this kernel has noted to those of all kernels."""
        mine = self.scratch / record.FILE
        if size(mine) > self.noted:
            lines = mine.read_bytes()[self.noted :]
            self.record.parent.mkdir(parents=True, exist_ok=True)
            everything = (self.record.read_bytes() if self.record.exists() else b"") + lines
            self.record.write_bytes(everything)
            mine.write_bytes(everything)
            self.noted = len(everything)

    def pull(self, saved):
        """Take over what was saved at the left: {path from the drive's root: bytes, or None where it was deleted}."""
        copies = {name: copy for copy, name in self.names.items()}
        for path, content in saved.items():
            top, *parts = Path(path).parts
            if top != self.scratch.name or len(parts) < 2 or parts[0] not in copies:
                continue
            relative = Path(copies[parts[0]], *parts[1:])
            mine = self.scratch / relative
            if content is not None:
                mine.parent.mkdir(parents=True, exist_ok=True)
                mine.write_bytes(content)
                self.known[relative] = stamp(mine)
            elif mine.is_dir():
                shutil.rmtree(mine)
            else:
                mine.unlink(missing_ok=True)


def files(folder):
    """The files below a folder, as paths relative to it."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [Path(place, name).relative_to(folder) for name in names]
    return found


def stamp(path):
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def size(path):
    return path.stat().st_size if path.exists() else 0
