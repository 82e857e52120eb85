"""What a notebook's cells put out in a tab, compared with what its file has stored from the installed workbook."""
import difflib
import json
import re

from workbook.notebook_files import sanitized
from workbook.tab.cells import LINE, Cell, joined

COLOURS = r"\x1b\[[0-9;]*m"


def code_cells(path):
    """The cells of a notebook that are run, each as (its id, a Cell)."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [
        (cell["id"], Cell.of(cell))
        for cell in cells
        if cell["cell_type"] == "code" and joined(cell["source"]).strip()
    ]


def shown(outputs):
    """[(kind, text)] of a cell's outputs; what may differ is replaced as nbval does, a picture is told by its twin."""
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            found.append((output["name"], joined(output["text"])))
        elif output["output_type"] == "error":
            found.append(("error", "\n".join(output["traceback"])))
        else:
            texts = output["data"].items()
            found += [(kind, joined(text)) for kind, text in sorted(texts) if kind in ("text/plain", "text/html")]
    merged = []
    for kind, text in found:
        if merged and merged[-1][0] == kind and kind.startswith("std"):
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    return [(kind, sanitized(re.sub(COLOURS, "", text)).rstrip("\n")) for kind, text in merged if text]


def expected(cell):
    """As `shown`: what a tab has to put out."""
    if not cell.needs:
        return shown(cell.outputs)
    told = [{"output_type": "stream", "name": "stdout", "text": LINE.format(cell.needs) + "\n"}]
    for output in cell.outputs:
        if output["output_type"] == "error":
            output = {"output_type": "stream", "name": "stdout", "text": "\n".join(output["traceback"]) + "\n"}
        told.append(output)
    return shown(told)


def difference(cell, outputs):
    """How the outputs differ from what is expected, as lines of a diff; "" if they do not."""
    wanted, found = expected(cell), shown(outputs)
    if wanted == found:
        return ""
    lines = difflib.unified_diff(lines_of(wanted), lines_of(found), lineterm="", n=1)
    return "\n".join([f"In: {cell.source[:200]}", *list(lines)[2:40]])


def lines_of(shown):
    return [f"[{kind}] {line}" for kind, text in shown for line in text.split("\n")]
