"""Cases on call: dealt in random order, with the time taken, and what was solved.

The record is a file on the learner's machine, beside the scratch copies; nothing is sent anywhere.
"""
import json
import random
import time

from workbook.clinic.patients import CASES, Patient
from workbook.workspace import scratch_folder

HINT = "Look first (`%flask db current`, `heads`, `history`, `check`, the tables), then repair; then: call.done()"


class Call:
    """A case that was dealt: `work` is the patient, and `%flask` works in it."""

    def __init__(self, name, database="sqlite"):
        self.work, self.hints = Patient(CASES[name], database), iter(CASES[name].hints)
        self.began = time.monotonic()
        note(name, dealt=1)

    def __repr__(self):
        return f"{self.work}\n\n{HINT}"

    def done(self):
        """Say whether the project is well; the first time it is, the minutes are noted."""
        case = self.work.case
        missing = case.missing(self.work)
        if missing:
            print(f"[not yet] {missing}")
            return
        note(case.name, solved=1, seconds=round(time.monotonic() - self.began))
        print(f"[done] Remember: {case.rule}")

    def hint(self):
        """The next hint."""
        note(self.work.case.name, hints=1)
        print(next(self.hints, "That was the last hint: call.solution() shows one way."))

    def solution(self):
        """One way to repair it."""
        note(self.work.case.name, shown=1)
        print(self.work.case.solution)


def on_call(name=None, database="sqlite", seed=None):
    """Deal a case: one that was not solved yet, at random (`seed` makes it the same each time), or the one named."""
    names = [each for each, case in CASES.items() if case.lesson is None and database in case.databases]
    unsolved = [each for each in names if not read().get(each, {}).get("solved")]
    return Call(name or random.Random(seed).choice(unsolved or names), database)


def summary():
    """One line for each case that was dealt, and how many of those on call are solved."""
    record = read()
    for name, counts in record.items():
        state = f"solved in {counts['seconds'] // 60 + 1} min" if counts.get("solved") else "not solved yet"
        helped = f", {counts['hints']} hints" if counts.get("hints") else ""
        print(f"{CASES[name].title}: {state}{helped}{', solution shown' if counts.get('shown') else ''}")
    names = [name for name, case in CASES.items() if case.lesson is None]
    solved = [name for name in names if record.get(name, {}).get("solved")]
    print(f"{len(solved)} of {len(names)} cases on call are solved.")


def file():
    return scratch_folder() / "clinic.json"


def read():
    """{case: {"dealt", "hints", "shown", "solved", "seconds"}}, of cases that exist; empty if there is no record."""
    try:
        record = json.loads(file().read_text("utf-8"))
        return {name: counts for name, counts in record.items() if name in CASES}
    except (OSError, ValueError, AttributeError):
        return {}


def note(name, **counts):
    """Add to the record; the time is that of the first solution."""
    record = read()
    entry = record.setdefault(name, {})
    for key, number in counts.items():
        entry[key] = entry.get(key, number) if key == "seconds" else entry.get(key, 0) + number
    new = file().with_suffix(".new")
    new.write_text(json.dumps(record, indent=1), "utf-8")
    new.replace(file())
