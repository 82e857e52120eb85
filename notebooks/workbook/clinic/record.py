"""Cases on call: dealt in random order, with the time taken, and what was solved. Both are in workbook.record."""
import random
import time

from workbook.clinic.patients import CASES, case
from workbook.record import is_solved, note, read

HINT = "Look first (`%flask db current`, `heads`, `history`, `check`, the tables), then repair; then: call.done()"
PASSED = 6  # so many cases solved, none of them with its solution shown
NOTEBOOK = "12_on_call"  # where the calls stand


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


def names_on_call():
    return [name for name, case in CASES.items() if case.lesson is None]


def summary():
    """One line for each case that was dealt, how many of those on call are solved, and whether that is passed."""
    record = read()[0]
    for name, counts in record.items():
        if name not in CASES or not counts.get("dealt"):  # a case of another version of the workbook; an exercise
            continue
        state = f"solved in {counts.get('seconds', 0) // 60 + 1} min" if counts.get("solved") else "not solved yet"
        hints = counts.get("hints", 0)
        helped = f", {hints} hint{'s' if hints > 1 else ''}" if hints else ""
        print(f"{CASES[name].title}: {state}{helped}{', solution shown' if counts.get('shown') else ''}")
    names = names_on_call()
    solved, alone = solved_in(record), solved_alone(record)
    print(f"{len(solved)} of {len(names)} cases on call are solved, {len(alone)} without the solution.")
    print(f"Passed: {PASSED} or more without the solution." if len(alone) >= PASSED else f"{PASSED} are a pass.")


def solved_in(record):
    """The cases on call that are solved."""
    return [name for name in names_on_call() if record.get(name, {}).get("solved")]


def solved_alone(record):
    """Those that count: solved without a look at the solution."""
    return [name for name in solved_in(record) if not record[name].get("shown")]
