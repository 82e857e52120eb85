"""Every notebook in the built site, by Run All: each cell shows what the installed workbook has stored."""
import pytest
from site_page import forget, open_notebook, run_all
from tab import compared

from workbook.notebook_files import notebook_paths


@pytest.mark.parametrize("notebook", notebook_paths(), ids=lambda path: path.stem)
def test_a_notebook_shows_in_the_site_what_it_has_stored(notebook, page, host):
    forget(page, host.address)  # JupyterLab would open all of them again, each with a kernel
    open_notebook(page, host.address, notebook.stem)
    cells, shown = compared.code_cells(notebook), run_all(page)
    found = [compared.difference(cell, each["outputs"]) for (_, cell), each in zip(cells, shown, strict=True)]
    differing = [each for each in found if each]
    print(f"{notebook.stem}: {len(cells) - len(differing)} of {len(cells)} cells equal")
    assert not differing, "\n\n".join(differing)
