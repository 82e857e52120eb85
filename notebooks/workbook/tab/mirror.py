"""The scratch copies, and what the learner sees of them at the left: the drive that JupyterLab shows.

The copies are in memory, where commands are fast and SQLite finds what it needs. After each cell the files that have
changed are written to the drive, which the browser keeps; before each cell come the files that were saved at the left.
"""
import os
import shutil
from pathlib import Path

from workbook import record

# Made anew by whoever needs them.
LEFT_OUT = {"__pycache__", ".git"}


class Mirror:
    """`scratch` is the folder of the copies, `drive` the one that JupyterLab shows as its root.

    A copy is shown under its name; while another kernel has one of this name, as NAME-2 and so on. `take(name)` is
    asynchronous, and says whether this kernel may have that name.
    """

    def __init__(self, scratch, drive, take):
        self.scratch, self.drive, self.take = Path(scratch), Path(drive), take
        self.shown = self.drive / self.scratch.name
        self.record = self.shown / record.FILE  # one for all kernels
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
        """Write to the drive what has changed in the copies."""
        if not self.drive.is_dir():
            return
        now = {path: stamp(self.scratch / path) for path in files(self.scratch) if len(path.parts) > 1}
        for copy in sorted({path.parts[0] for path in now} - self.names.keys()):
            self.names[copy] = await self.free_name(copy)
            for path in files(self.shown / self.names[copy]):  # of an earlier visit: the notebook has made it anew
                if copy / path not in now:
                    (self.shown / self.names[copy] / path).unlink()
        for path in [path for path, stamped in now.items() if self.known.get(path) != stamped]:
            self.place(path).parent.mkdir(parents=True, exist_ok=True)
            self.place(path).write_bytes((self.scratch / path).read_bytes())
        for path in self.known.keys() - now.keys():
            self.place(path).unlink(missing_ok=True)
        self.known = now
        self.push_record()

    async def free_name(self, copy):
        number, name = 1, copy
        while not await self.take(name):
            number += 1
            name = f"{copy}-{number}"
        return name

    def place(self, path):
        """Where a file of a copy is shown."""
        return self.shown / self.names[path.parts[0]] / Path(*path.parts[1:])

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
        """Take over what was saved or deleted at the left: paths relative to the drive's root."""
        copies = {name: copy for copy, name in self.names.items()}
        for path in map(Path, saved):
            if len(path.parts) < 3 or path.parts[0] != self.shown.name or path.parts[1] not in copies:
                continue
            relative = Path(copies[path.parts[1]], *path.parts[2:])
            shown, mine = self.drive / path, self.scratch / relative
            if shown.is_file():
                content = shown.read_bytes()
                if not mine.exists() or mine.read_bytes() != content:
                    mine.parent.mkdir(parents=True, exist_ok=True)
                    mine.write_bytes(content)
            elif mine.is_dir() and not shown.exists():
                shutil.rmtree(mine)
            elif not shown.exists():
                mine.unlink(missing_ok=True)
            if mine.is_file():  # folders are told too: those that push has made
                self.known[relative] = stamp(mine)


def files(folder, below=Path()):
    """The files below a folder, as paths relative to it. A drive's own list does not tell files from folders."""
    found = []
    for name in sorted(os.listdir(folder / below)) if (folder / below).is_dir() else ():
        path = below / name
        if (folder / path).is_dir():
            found += files(folder, path) if name not in LEFT_OUT else []
        else:
            found.append(path)
    return found


def stamp(path):
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def size(path):
    return path.stat().st_size if path.exists() else 0
