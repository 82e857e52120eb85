"""Every notebook in the kernel of a tab: each cell puts out what the installed workbook has stored."""
import pytest
from tab import compared, kernel

from workbook.notebook_files import notebook_paths


@pytest.mark.parametrize("notebook", notebook_paths(), ids=lambda path: path.stem)
def test_a_notebook_puts_out_in_a_tab_what_it_has_stored(notebook, tmp_path, record_property):
    cells = compared.code_cells(notebook)
    answers = kernel.run([{"id": identity, "source": cell.source} for identity, cell in cells], tmp_path)
    found = [compared.difference(cell, answer["outputs"]) for (_, cell), answer in zip(cells, answers, strict=True)]
    differing = [each for each in found if each]
    recorded = sum(bool(cell.needs) for _, cell in cells)
    print(f"{notebook.stem}: {len(cells) - len(differing)} of {len(cells)} cells equal, {recorded} of them recorded")
    assert not differing, "\n\n".join(differing)
    assert {answer["status"] for answer in answers} == {"ok"}, "a cell that stops Run All"
