"""What the notebooks say of their cells, for the kernel, which gets the code alone."""
import json
import sys
from dataclasses import dataclass
from pathlib import Path

# What a cell may need that a tab does not have, by its tag.
LACKING = {
    "needs:processes": "processes that run at the same time or are killed",
    "needs:programs": "a program of its own (squawk, psql or pg_dump)",
    "needs:sessions": "a second session of PostgreSQL, which waits",
}
LINE = "Not in a browser tab: this cell needs {}. The installed workbook runs it; recorded there:"


@dataclass
class Cell:
    """A code cell as its notebook has it: tags, and the outputs that were recorded in the installed workbook."""

    source: str
    tags: list[str]
    outputs: list[dict]

    @property
    def needs(self):
        """What it needs that a tab lacks, in words; "" if nothing."""
        return " and ".join(LACKING[tag] for tag in self.tags if tag in LACKING)

    @property
    def may_raise(self):
        return "raises-exception" in self.tags

    def show_recorded(self, shell):
        """Say in one line what the cell needs, and show what was recorded."""
        print(LINE.format(self.needs))
        for output in self.outputs:
            if output["output_type"] == "stream":
                (sys.stderr if output["name"] == "stderr" else sys.stdout).write(joined(output["text"]))
            elif output["output_type"] == "error":
                print("\n".join(output["traceback"]))
            else:
                data = {kind: value if kind.endswith("json") else joined(value) for kind, value in output["data"].items()}
                shell.display_pub.publish(data, output["metadata"], transient={})


class Cells:
    """The code cells of all notebooks in a folder.

    The kernel is told a cell's id, but not its notebook: that is the one of the cells it has known by their source.
    """

    def __init__(self, folder):
        self.notebook = None
        self.cells = [
            (path.stem, cell["id"], Cell(joined(cell["source"]), cell["metadata"].get("tags", []), cell["outputs"]))
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
