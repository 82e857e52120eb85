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
    """The code cells of all notebooks in a folder."""

    def __init__(self, folder):
        self.by_source, self.by_id = {}, {}
        for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb")):
            for cell in json.loads(path.read_text("utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    found = Cell(joined(cell["source"]), cell["metadata"].get("tags", []), cell["outputs"])
                    self.by_id[cell["id"]] = found
                    self.by_source.setdefault(found.source, found)

    def find(self, source, identity=None):
        """The cell that has this id, if the learner has not pasted something else into it, or else this source."""
        return self.by_id.get(identity) or self.by_source.get(source)


def joined(text):
    return text if isinstance(text, str) else "".join(text)
