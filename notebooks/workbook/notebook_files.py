"""The notebooks' files: where they are, running them, and storing outputs that change only if the text does."""
import configparser
import html
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from workbook.stages import NOTEBOOKS

SANITIZE = Path(__file__).with_name("sanitize.cfg")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook_paths():
    """The tracked notebooks in their order."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def write(notebook, path):
    Path(path).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def code_cells(notebook):
    """The cells that are run: code, and not empty."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def shown_by(cells):
    """All that cells have printed, shown or raised, as plain text."""
    texts = []
    for cell in cells:
        for output in cell.outputs:
            texts += [output.get("text", ""), output.get("evalue", "")]
            data = output.get("data", {})
            texts += [data.get("text/plain", ""), html.unescape(re.sub("<[^>]*>", " ", data.get("text/html", "")))]
    return "\n".join(texts)


def client(notebook):
    """A client that runs `notebook` with the notebooks' folder as the working directory; 120 s a cell."""
    return NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        record_timing=False,
        coalesce_streams=True,
    )


def run_all(notebook):
    """Run a notebook from top to bottom in a kernel of its own; its outputs are replaced."""
    client(notebook).execute(cwd=str(NOTEBOOKS))
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def run_source(runner, source):
    """Run a cell with this source in the kernel of a client; it may fail. Returns the cell, with what it put out."""
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
    runner.nb.cells = [cell]
    runner.execute_cell(cell, 0)
    return cell


def tagged(notebook, kind):
    """{name: cell} of the cells that have a tag `kind:name`."""
    return {
        tag.partition(":")[2]: cell
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith(f"{kind}:")
    }


def help_with(notebook, name):
    """The first text after the check of the exercise `name`: hints, then the solution."""
    after = notebook.cells[notebook.cells.index(tagged(notebook, "check")[name]) + 1 :]
    return next(cell.source for cell in after if cell.cell_type == "markdown")


def solution(notebook, name):
    """The code under "Solution"."""
    text = help_with(notebook, name)
    return re.search(r"<summary>Solution</summary>\s+```python\n(.*?)```", text, re.DOTALL)[1]


def sanitized(value):
    """`value`, a text or anything made of texts, with what may differ between runs replaced."""
    if isinstance(value, str):
        for pattern, replacement in rules():
            value = re.sub(pattern, replacement, value)
        return value
    if isinstance(value, dict):
        return {key: sanitized(each) for key, each in value.items()}
    return [sanitized(each) for each in value] if isinstance(value, list) else value


def rules():
    parser = configparser.RawConfigParser()
    parser.read(SANITIZE, encoding="ascii")
    return [(parser[section]["regex"], parser[section]["replace"]) for section in parser.sections()]


def keep_equal_outputs(notebook, before):
    """Put the outputs of `before` back if all of them say the same, so that a file changes only if a text does.

    All or none: times that are stored together are from one run.
    """
    old, new = code_cells(before), code_cells(notebook)
    if [sanitized(cell.outputs) for cell in old] == [sanitized(cell.outputs) for cell in new]:
        for cell, stored in zip(new, old):
            cell.outputs = stored.outputs
    return notebook


def scratch_in(folder):
    """Let kernels that are started from now on make their scratch copies in `folder`."""
    os.environ["WORKBOOK_SCRATCH"] = str(folder)
