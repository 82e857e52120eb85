"""Where the judge runs the workbook's own cells: IPython, in the judge's process. No line of a learner's comes here."""
import ast

from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from workbook import magics
from workbook.notebook_files import scratch_in

MADE_BY_CHANCE = "workbook_"  # so begin the names of databases and roles: see postgres.new_name


class Shell:
    """Runs source as a kernel does; its scratch copies, and what IPython needs, are in `folder`."""

    def __init__(self, folder):
        scratch_in(folder)
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell.instance(config=config, ipython_dir=str(folder))
        magics.register()

    def run(self, source):
        """Run a cell of the workbook; what it raises is raised."""
        self.shell.run_cell(source).raise_error()

    def value(self, expression):
        return eval(expression, self.shell.user_ns)

    def with_own_names(self, value, setup, value_there):
        """A learner's `value`, with the names of roles that the setup has made there replaced by those made here."""
        for name in sorted(assigned_in(setup)):
            own = self.shell.user_ns.get(name)
            if isinstance(own, str) and own.startswith(MADE_BY_CHANCE):
                value = replaced(value, value_there(name), own)
        return value


def replaced(value, old, new):
    """Plain data, with `old` as `new` in all its texts."""
    if isinstance(value, str) and isinstance(old, str) and old:
        return value.replace(old, new)
    if isinstance(value, list | tuple | set):
        return type(value)(replaced(each, old, new) for each in value)
    if isinstance(value, dict):
        return {replaced(key, old, new): replaced(each, old, new) for key, each in value.items()}
    return value


def tree_of(source):
    return ast.parse(TransformerManager().transform_cell(source))


def assigned_in(source):
    """The names that a cell of the workbook assigns."""
    names = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Name)]
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def imports_of(source):
    """The imports of a cell: all that its exercises need of the first cell of a notebook."""
    imports = [node for node in tree_of(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(map(ast.unparse, imports))
