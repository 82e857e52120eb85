"""What was found, for a terminal and for a spreadsheet."""
import csv
import os
from pathlib import Path

SIGNS = {"done": "x", "not yet": ".", "not run": "!", "not handed in": "-"}
LEGEND = "x done   . not yet   ! not run   - not handed in"


class Marks:
    """Learners × exercises, of the Outcomes of all hand-ins."""

    def __init__(self, outcomes):
        self.outcomes = {(each.hand_in.learner, each.hand_in.name): each for each in outcomes}
        self.learners = sorted({learner for learner, _ in self.outcomes})
        self.exercises = {}  # {notebook: its exercises}
        for (_, name), each in sorted(self.outcomes.items(), key=lambda pair: pair[0][1]):
            self.exercises[name] = list(each.states)

    def state(self, learner, name, exercise):
        outcome = self.outcomes.get((learner, name))
        return outcome.states[exercise][0] if outcome else "not handed in"

    def states(self, learner):
        """[state] in the order of the columns of the CSV file."""
        return [self.state(learner, name, each) for name, those in self.exercises.items() for each in those]

    def lines(self):
        """The table, what its signs mean, and a line for each thing that a person has to know."""
        names = [name for name, those in self.exercises.items() if those]
        rows = [["learner", *(name[:2] for name in names), "done"]]
        for learner in self.learners:
            signs = ["".join(SIGNS[self.state(learner, name, each)] for each in self.exercises[name]) for name in names]
            states = self.states(learner)
            rows.append([learner, *signs, f"{states.count('done')} of {len(states)}"])
        widths = [max(map(len, column)) for column in zip(*rows)]
        yield from ("  ".join(f"{text:<{width}}" for text, width in zip(row, widths)).rstrip() for row in rows)
        yield from ("", LEGEND)
        yield from (f"{name[:2]}  {name}: {', '.join(self.exercises[name])}" for name in names)
        yield ""
        for (learner, name), outcome in sorted(self.outcomes.items()):
            yield from (f"{learner} {name[:2]}: {remark}" for remark in self.remarks(outcome))

    def remarks(self, outcome):
        """What is to be told of a notebook: of each exercise that is not done, and of all."""
        told = [f"{name}: {state}. {words}".strip() for name, (state, words) in outcome.states.items() if words]
        return told + outcome.remarks

    def write(self, file):
        """Write a CSV file for a spreadsheet: a line a learner, a column an exercise; the old one stays until then."""
        columns = [f"{name}/{each}" for name, those in self.exercises.items() for each in those]
        new = Path(file).with_name(f"{Path(file).name}.new")
        with open(new, "w", encoding="utf-8-sig", newline="") as stream:  # the sign by which a spreadsheet knows UTF-8
            writer = csv.writer(stream)
            writer.writerow(["learner", *columns, "done", "remarks"])
            for learner in self.learners:
                told = [
                    f"{name}: {remark}"
                    for (each, name), outcome in sorted(self.outcomes.items())
                    for remark in self.remarks(outcome)
                    if each == learner
                ]
                states = self.states(learner)
                writer.writerow(map(harmless, [learner, *states, states.count("done"), "\n".join(told)]))
        os.replace(new, file)


def harmless(value):
    """A text that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value
