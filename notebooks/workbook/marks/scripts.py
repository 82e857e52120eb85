"""Migration scripts read, not run: in the judge, no line of a learner's script is.

Alembic imports each script to learn its revision; a script could change the checkers
while it is imported. What Alembic asks of one are four names and the text at its top.
"""
import ast
from pathlib import Path
from types import SimpleNamespace

from alembic import util

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")


def never_run():
    """From now on, Alembic's ScriptDirectory in this process reads scripts; `flask db` in other processes runs them."""
    util.load_python_file = module_of


def module_of(folder, name):
    """What stands for the module of a script; SyntaxError as an import has it, ValueError if a name is computed."""
    path = Path(folder, name)
    tree = ast.parse(path.read_bytes(), filename=str(path))
    values = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id in NAMES:
                    values[target.id] = plain(node.value, f"{path.name}: {target.id}")
    return SimpleNamespace(__doc__=ast.get_docstring(tree, clean=False), **values)


def plain(node, what):
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"{what} is not written as a plain text") from None
