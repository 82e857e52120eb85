"""What was handed in: notebooks in a folder, in folders of it, and in zip files, also zip files in zip files.

Whose a notebook is: the first folder on the way to it says it (ada/02_created_at.ipynb), else the rest of its name
(02_created_at-ada.ipynb), else the zip file (ada.zip). The notebook's own name has to be in the file's name.
"""
import io
import re
import warnings
import zipfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat

from workbook.notebook_files import notebook_paths

LARGEST = 50 * 2**20  # bytes of a notebook, or of a zip file in a zip file, once it is unpacked
DEEPEST = 3  # zip files in each other
NOT_HANDED_IN = re.compile(r"\.|__MACOSX$|__pycache__$|scratch$")  # what programs leave, and the scratch copies
NO_NAME = {"work", "notebooks"}  # folders that are called so on every machine
# What Moodle adds to the name of a folder or file, what a browser or JupyterLab adds to a copy, and what Canvas adds
BY_MOODLE = re.compile(r"_\d+_assignsubmission_[a-z]+_?")
OF_A_COPY = re.compile(r"[-_ ]*(\(\d+\)|-copy\d*)$", re.IGNORECASE)
BY_CANVAS = re.compile(r"late|\d+", re.IGNORECASE)


class HandIn(NamedTuple):
    """A notebook that was handed in: whose, which of the workbook's, where it was, when written, and what it holds."""

    learner: str
    name: str
    place: str
    written: datetime
    notebook: nbformat.NotebookNode


class File(NamedTuple):
    """A file that was found: the names on the way to it and its own, when written, and a function that reads it."""

    parts: tuple
    written: datetime
    read: Callable


def collect(folder):
    """([HandIn], [a line about what is no hand-in and should have been one], [the place of any other file])"""
    found, problems, others = {}, [], []
    for file in files(Path(folder), problems):
        place = "/".join(file.parts)
        if not file.parts[-1].lower().endswith(".ipynb"):
            others.append(place)
            continue
        named = notebook_named(file.parts[-1])
        learner = learner_of(file.parts, named[1]) if named else ""
        if not named:
            problems.append(f"{place}: no notebook of the workbook is called so")
        elif not learner:
            problems.append(f"{place}: whose is it? Call it LEARNER/{named[0]}.ipynb or {named[0]}-LEARNER.ipynb")
        elif (notebook := notebook_in(file)) is None:
            problems.append(f"{place}: this is no notebook")
        else:
            hand_in = HandIn(learner, named[0], place, file.written, notebook)
            found.setdefault((learner, named[0]), []).append(hand_in)
    return [newest(those, problems) for _, those in sorted(found.items())], problems, others


def newest(those, problems):
    """Of a learner's copies of one notebook the one that was written last."""
    *older, last = sorted(those, key=lambda each: (each.written, each.place))
    problems += [f"{each.place}: not marked, since {last.place} is newer" for each in older]
    return last


def files(folder, problems):
    """Each file in the folder (which may be a file itself), and in zip files there."""
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    base = folder.parent if folder.is_file() else folder
    for path in paths:
        parts = path.relative_to(base).parts
        if any(map(NOT_HANDED_IN.match, parts)):
            continue
        if path.is_symlink():
            problems.append(f"{'/'.join(parts)}: a link, not followed")
        elif path.is_file():
            written = datetime.fromtimestamp(path.stat().st_mtime)
            yield from unpacked(File(parts, written, path.read_bytes), problems)


def unpacked(file, problems, depth=0):
    """The file, or what is in it if it is a zip file. Nothing is written to the disk."""
    if not file.parts[-1].lower().endswith(".zip"):
        yield file
        return
    try:
        with zipfile.ZipFile(io.BytesIO(file.read())) as archive:
            for entry in archive.infolist():
                parts = tuple(part for part in re.split(r"[/\\]", entry.filename) if part not in ("", ".", ".."))
                if entry.is_dir() or not parts or any(map(NOT_HANDED_IN.match, parts)):
                    continue
                if depth == DEEPEST or entry.file_size > LARGEST:
                    problems.append(f"{'/'.join(file.parts + parts)}: too large, or packed too deep")
                    continue
                inner = File(file.parts + parts, datetime(*entry.date_time), partial(archive.read, entry))
                yield from unpacked(inner, problems, depth + 1)
    except Exception as error:  # a file from anywhere: cut off, encrypted, or made to do harm
        problems.append(f"{'/'.join(file.parts)}: this zip file cannot be read: {error}")


def notebook_named(file):
    """The workbook's notebook that a file is called after, and what else its name says; None if there is none."""
    stem = file.rpartition(".")[0]
    for name in (path.stem for path in notebook_paths()):
        if match := re.fullmatch(rf"(.*?)(?<![0-9A-Za-z]){name}(?![0-9A-Za-z])(.*)", stem, re.IGNORECASE | re.DOTALL):
            return name, tidy(match[1] + OF_A_COPY.sub("", match[2]))
    return None


def tidy(rest):
    """A name without what an LMS puts around it, unless nothing else is left."""
    rest = BY_MOODLE.sub("", rest).strip(" _-.")
    words = [word for word in re.split("[_-]+", rest) if word and not BY_CANVAS.fullmatch(word)]
    return " ".join(words) or rest


def learner_of(parts, in_name):
    *way, _ = parts
    folders = [BY_MOODLE.sub("", part) for part in way if not is_zip(part) and part.lower() not in NO_NAME]
    zips = [part.rpartition(".")[0] for part in way if is_zip(part)]
    found = [*folders[:1], in_name, *zips[-1:]]
    return printable(next(filter(None, found), ""))


def is_zip(part):
    return part.lower().endswith(".zip")


def notebook_in(file):
    """The notebook in a file, in today's format; None if it holds none."""
    try:
        content = file.read()
        if len(content) > LARGEST:
            return None
        with warnings.catch_warnings(action="ignore"):
            notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
            nbformat.validate(notebook, relax_add_props=True)
        return notebook
    except Exception:  # whatever it is that somebody has called .ipynb
        return None


def printable(text):
    """`text` on one line of a terminal, whatever it wants to do there."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
