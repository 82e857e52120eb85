"""Cases on call: dealt in random order, with the time taken, and what was solved.

The record is a file on the learner's machine, beside the scratch copies; nothing is sent anywhere.
"""
import json
import random
import time
from contextlib import closing, contextmanager

from workbook.clinic.patients import CASES, case
from workbook.workspace import lock, scratch_folder

HINT = "Look first (`%flask db current`, `heads`, `history`, `check`, the tables), then repair; then: call.done()"
PASSED = 6  # so many cases solved, none of them with its solution shown


class Call:
    """A case that was dealt: `work` is the patient, and `%flask` works in it."""

    def __init__(self, name, database="sqlite"):
        self.work = case(name, database)
        self.hints, self.began = iter(CASES[name].hints), time.monotonic()
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
        hint = next(self.hints, None)
        if hint and not is_solved(self.work.case.name):
            note(self.work.case.name, hints=1)
        print(hint or "That was the last hint: call.solution() shows one way.")

    def solution(self):
        """One way to repair it."""
        if not is_solved(self.work.case.name):
            note(self.work.case.name, shown=1)
        print(self.work.case.solution)


def on_call(name=None, database="sqlite", seed=None):
    """Deal a case: one that was not solved yet, at random, or the one named; `seed` deals the same one each time.

    ValueError if there is no case of that name, or not on that database.
    """
    names = [each for each in names_on_call() if database in CASES[each].databases]
    unsolved = [each for each in names if seed is None and not is_solved(each)]
    if not unsolved and name is None and seed is None:
        print("You have solved all of them. This is one that you know.")
    return Call(name or random.Random(seed).choice(unsolved or names), database)


def is_solved(name):
    return bool(known(read()).get(name, {}).get("solved"))


def names_on_call():
    return [name for name, case in CASES.items() if case.lesson is None]


def summary():
    """One line for each case that was dealt, how many of those on call are solved, and whether that is passed."""
    record = known(read())
    for name, counts in record.items():
        state = f"solved in {counts.get('seconds', 0) // 60 + 1} min" if counts.get("solved") else "not solved yet"
        hints = counts.get("hints", 0)
        helped = f", {hints} hint{'s' if hints > 1 else ''}" if hints else ""
        print(f"{CASES[name].title}: {state}{helped}{', solution shown' if counts.get('shown') else ''}")
    names = names_on_call()
    solved = [name for name in names if record.get(name, {}).get("solved")]
    alone = [name for name in solved if not record[name].get("shown")]
    print(f"{len(solved)} of {len(names)} cases on call are solved, {len(alone)} without the solution.")
    print(f"Passed: {PASSED} or more without the solution." if len(alone) >= PASSED else f"{PASSED} are a pass.")


def file():
    return scratch_folder() / "clinic.json"


def read():
    """{case: {"dealt", "hints", "shown", "solved", "seconds"}}; empty if there is no record, None if it is broken."""
    try:
        record = json.loads(file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        return None
    return record if isinstance(record, dict) and all(map(are_counts, record.values())) else None


def are_counts(counts):
    return isinstance(counts, dict) and all(isinstance(number, int) for number in counts.values())


def known(record):
    """The part of the record that speaks of cases there are; those of another version of the workbook stay in it."""
    return {name: counts for name, counts in (record or {}).items() if name in CASES}


def note(name, **counts):
    """Add to the record; the time is that of the first solution. A broken record is put aside, not overwritten."""
    with alone():
        record = read()
        if record is None:
            aside = file().with_name(f"clinic-broken-{time.time_ns()}.json")
            file().replace(aside)
            print(f"The record of your calls could not be read. It is kept as {aside.name}; a new one begins.")
            record = {}
        entry = record.setdefault(name, {})
        for key, number in counts.items():
            entry[key] = entry.get(key, number) if key == "seconds" else entry.get(key, 0) + number
        new = file().with_suffix(".new")
        new.write_text(json.dumps(record, indent=1), "utf-8")
        new.replace(file())


@contextmanager
def alone():
    """Of all kernels only this one changes the record in the block; it waits for the others."""
    scratch_folder().mkdir(parents=True, exist_ok=True)
    while not (mine := lock(file().with_name(".clinic.lock"))):
        time.sleep(0.01)
    with closing(mine):
        yield
