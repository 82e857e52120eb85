"""Where a learner stands: which exercises of each notebook are done, as workbook.record has it."""
from workbook import record
from workbook.checks import EXERCISES
from workbook.pictures import CHAR, HERE, INK, LINE, PALE, PAPER, Picture, drawing, text_at

BOX = 14  # pixels, of the box of an exercise
DONE, OPEN = "■", "□"
# What the notebooks store: it says nothing of other notebooks, so that a new one changes none of them.
NOTHING = "No exercise is done yet on this machine. After the first [done], all notebooks are shown here."


def progress():
    """Show how many exercises of each notebook are done, on this machine; what was done once stays done."""
    known, damaged = record.read()
    return Progress(standing(known), damaged)


def standing(known):
    """{notebook: [whether it is done, for each of its exercises]}, of what is known as `record.read` returns it."""
    from workbook.clinic.record import NOTEBOOK, PASSED, solved_alone  # and the clinic's cases are exercises, too

    found = {
        notebook: [bool(known.get(name, {}).get("solved")) for name in EXERCISES[notebook]]
        for notebook in sorted(EXERCISES)
    }
    passed = min(len(solved_alone(known)), PASSED)
    return found | {NOTEBOOK: [True] * passed + [False] * (PASSED - passed)}


class Progress(Picture):
    """A line for each notebook, with a box for each exercise. `damaged` is how many lines of the record were lost."""

    def __init__(self, standing, damaged=0):
        self.standing, self.damaged = standing, damaged

    def lines(self):
        """[(name, whether each is done, in words)]; with nothing done, one that says so."""
        everything = [done for those in self.standing.values() for done in those]
        if not any(everything):
            return [("", [], NOTHING)]
        lines = [(name, those, f"{sum(those)} of {len(those)}") for name, those in self.standing.items()]
        return [*lines, ("all", [], f"{sum(everything)} of {len(everything)}")]

    def remarks(self):
        if not self.damaged:
            return []
        are = "1 line" if self.damaged == 1 else f"{self.damaged} lines"
        return [f"{are} of the record could not be read and counted: {record.file().name}"]

    def text(self):
        names, exercises, _ = zip(*self.lines())
        widest, most = max(map(len, names)), max(map(len, exercises))
        shown = [
            f"{name:<{widest}}  {''.join(DONE if done else OPEN for done in those):<{most}}  {words}"
            for name, those, words in self.lines()
        ]
        return "\n".join([*map(str.lstrip, shown), *self.remarks()])

    def svg(self):
        parts, top = [], 10
        names, exercises, words = zip(*self.lines())
        boxes = 16 + (max(map(len, names)) + 2) * CHAR if any(names) else 16
        words_at = boxes + max(map(len, exercises)) * (BOX + 4) + (12 if any(names) else 0)
        width = words_at + max(map(len, words)) * CHAR + 16
        for name, those, words in self.lines():
            total = bool(name) and not those
            parts.append(text_at(16, top + 16, name, INK, bold=total))
            for place, done in enumerate(those):
                parts.append(exercise_box(boxes + place * (BOX + 4), top + 4, done))
            parts.append(text_at(words_at, top + 16, words, INK if total or any(those) else PALE, bold=total))
            top += LINE
        for remark in self.remarks():
            parts.append(text_at(16, top + 16, remark, PALE))
            width, top = max(width, 32 + len(remark) * CHAR), top + LINE
        return drawing(width, top + 10, parts)


def exercise_box(x, y, done):
    fill = HERE if done else PAPER
    return f"<rect x='{x:.0f}' y='{y}' width='{BOX}' height='{BOX}' fill='{fill}' stroke='{HERE}' stroke-width='2'/>"
