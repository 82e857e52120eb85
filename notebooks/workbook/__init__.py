"""What the notebooks use: a scratch copy of a stage, its commands, pictures, and proof."""
import sys

from workbook.checks import check
from workbook.progress import progress
from workbook.prove import compare, prove
from workbook.workspace import CommandFailed, Workspace

__all__ = ["CommandFailed", "Workspace", "check", "compare", "progress", "prove"]

if "IPython" in sys.modules:
    from workbook import magics

    magics.register()
