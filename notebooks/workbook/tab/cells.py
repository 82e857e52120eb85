"""What the notebooks say of their cells, for the kernel, which gets the code alone."""
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from IPython.utils.capture import capture_output

# What a cell may need that a tab does not have, by its tag.
LACKING = {
    "needs:processes": "commands and servers that run at the same time",
    "needs:programs": "a program of its own (squawk or pg_dump)",
    "needs:sessions": "a second session at the same time",
}
LINE = "Not in a browser tab: this cell needs {}. Here is what the installed workbook has recorded."


@dataclass
class Cell:
    """A code cell as its notebook has it: tags, and the outputs that were recorded in the installed workbook.

    `in_tab` is what runs in a tab instead of a cell that needs what a tab lacks: the same change of the database, so
    that the cells after it find what they need.
    """

    source: str
    tags: list[str]
    outputs: list[dict]
    in_tab: str = ""

    @classmethod
    def of(cls, cell):
        """A cell of a notebook's file."""
        metadata = cell["metadata"]
        return cls(joined(cell["source"]), metadata.get("tags", []), cell["outputs"], metadata.get("in_tab", ""))

    @property
    def needs(self):
        """What it needs that a tab lacks, in words; "" if nothing."""
        return " and ".join(LACKING[tag] for tag in self.tags if tag in LACKING)

    @property
    def may_raise(self):
        return "raises-exception" in self.tags

    def stand_in(self, shell):
        """Say in one line what the cell needs, do what can be done of it, and show what was recorded."""
        print(LINE.format(self.needs))
        with capture_output():
            done = shell.run_cell(self.in_tab, silent=True)
        if not done.success:
            print(f"What it does to the database failed here: {done.error_in_exec or done.error_before_exec}")
        for output in self.outputs:
            if output["output_type"] == "stream":
                (sys.stderr if output["name"] == "stderr" else sys.stdout).write(joined(output["text"]))
            elif output["output_type"] == "error":
                print("\n".join(output["traceback"]))
            else:
                data = {kind: joined(value) for kind, value in output["data"].items()}
                shell.display_pub.publish(data, output["metadata"], transient={})


class Cells:
    """The code cells of all notebooks in a folder.

    The kernel is told a cell's id, but not its notebook: that is the one of the cells it has known by their source.
    """

    def __init__(self, folder):
        self.notebook = None
        self.cells = [
            (path.stem, cell["id"], Cell.of(cell))
            for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"))
            for cell in json.loads(path.read_text("utf-8"))["cells"]
            if cell["cell_type"] == "code"
        ]

    def find(self, source, identity=None):
        """The cell of this source, or the one of this id that the learner has written something else into, or None."""
        place = self.notebook, identity
        same = [each for each in self.cells if each[2].source == source] or [e for e in self.cells if e[:2] == place]
        if not same:
            return None
        self.notebook, _, cell = max(same, key=lambda each: (each[0] == self.notebook, each[1] == identity))
        return cell


def joined(text):
    return text if isinstance(text, str) else "".join(text)
