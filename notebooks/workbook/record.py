"""What a learner has done: a file on their machine, beside the scratch copies; nothing is sent anywhere.

A line is what happened once, as JSON: {"name": "teams_table", "solved": 1}. Lines are
only added, so kernels that write at the same time, a kill in the middle of a line, or
a line that somebody has damaged cost no other line.
"""
import json
import time
from contextlib import contextmanager

from workbook.workspace import lock, scratch_folder

FILE = "progress.jsonl"
PATIENCE = 5  # seconds for other kernels to write their line; none needs a thousandth of that


def file():
    return scratch_folder() / FILE


def earlier_file():
    """Where the clinic's calls were noted before there was this record: {case: counts}. It is read, and left alone."""
    return scratch_folder() / "clinic.json"


def note(name, **counts):
    """Add a line about the exercise or case `name`; if that fails, say so, and let the learner go on."""
    line = "\n" + json.dumps({"name": name} | counts)  # in front: whatever was cut off before ends there
    try:
        with alone(), open(file(), "ab") as record:
            record.write(line.encode())
    except OSError as error:
        print(f"This could not be noted in {file().name}: {error.strerror}.")


def read():
    """{name: {"dealt", "hints", "shown", "solved", "seconds"}}, and how many lines there are that cannot be read.

    The numbers of all lines are added up; the seconds are those of the first solution.
    """
    known, damaged = {}, 0
    for entry in [*earlier_entries(), *map(parsed, lines())]:
        if not is_entry(entry):
            damaged += 1
            continue
        name, counts = entry
        sums = known.setdefault(name, {})
        for key, number in counts.items():
            sums[key] = sums.get(key, number) if key == "seconds" else sums.get(key, 0) + number
    return known, damaged


def is_solved(name):
    return bool(read()[0].get(name, {}).get("solved"))


def lines():
    return [line for line in text_of(file()).split("\n") if line.strip()]


def earlier_entries():
    """The pairs of a case and its counts in the earlier file; what is no such file is one entry that is none."""
    known = loaded(text_of(earlier_file()) or "{}")
    return list(known.items()) if isinstance(known, dict) else [None]


def parsed(line):
    """The name and the counts of a line; None if it is damaged."""
    entry = loaded(line)
    return (entry.pop("name", None), entry) if isinstance(entry, dict) else None


def is_entry(entry):
    """Whether it is a name and its counts."""
    match entry:
        case (str(), dict(counts)):
            return all(isinstance(number, int) for number in counts.values())
    return False


def loaded(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def text_of(path):
    """What is in a file; nothing if there is none, or it is not to be read."""
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return ""


@contextmanager
def alone():
    """Of all kernels only this one writes in the block; it waits for the others, but not for one that hangs."""
    file().parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while not (mine := lock(file().with_name(".progress.lock"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield
    finally:
        if mine:
            mine.close()
