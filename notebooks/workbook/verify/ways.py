"""What a script does on the way up, and on the way down."""
import ast
import re
from functools import cached_property
from typing import NamedTuple

from workbook.verify.syntax import argument, called, last_name

# Where the table's name stands among the arguments of an operation, if not first.
TABLE_SECOND = {
    "create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_check_constraint",
    "create_primary_key", "create_exclude_constraint", "drop_constraint",
}  # fmt: skip
RUNS_SQL = {"execute", "exec_driver_sql", "scalar", "scalars"}


class Operation(NamedTuple):
    """A call of Alembic's, as op.add_column(…) or batch_op.add_column(…)."""

    name: str
    table: str  # "…" if the script computes it
    call: ast.Call
    batch: bool

    @property
    def line(self):
        return self.call.lineno

    def argument(self, place, name):
        """The node of an argument: by name, or at `place` as counted without the table; None if it is not given."""
        if not self.batch and (self.name not in TABLE_SECOND or place > 0):
            place += 1
        return argument(self.call, place, name)


class Way:
    """What a script does on the way up or down: in upgrade() or downgrade(), and in its functions that those use."""

    def __init__(self, script, name):
        self.script, self.name = script, name
        self.function = script.functions.get(name)

    @cached_property
    def functions(self):
        found, open_ones = {}, [self.name]
        while open_ones:
            if (each := open_ones.pop()) in self.script.functions and each not in found:
                found[each] = self.script.functions[each]
                used = {node.id for node in ast.walk(found[each]) if isinstance(node, ast.Name)}
                open_ones += used
                if "globals" in used:  # `flask db init --multidb`: upgrade(engine) calls upgrade_<engine>
                    open_ones += [other for other in self.script.functions if other.startswith(f"{self.name}_")]
        return list(found.values())

    @cached_property
    def nodes(self):
        return [node for function in self.functions for node in ast.walk(function)]

    @cached_property
    def operations(self):
        """The Operations, function by function, in the order of the lines."""
        return [each for function in self.functions for each in self.operations_in(function, {})]

    def operations_in(self, node, batches):
        for item in node.items if isinstance(node, ast.With) else []:
            call, variable = item.context_expr, item.optional_vars
            if called(call) == "batch_alter_table" and isinstance(variable, ast.Name):
                batches = batches | {variable.id: self.script.text_of(argument(call, 0, "table_name")) or "…"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, receiver = node.func.attr, node.func.value
            if isinstance(receiver, ast.Name) and receiver.id in batches:
                yield Operation(name, batches[receiver.id], node, True)
            elif last_name(receiver) == "op":
                table = argument(node, 1 if name in TABLE_SECOND else 0, "table_name")
                yield Operation(name, self.script.text_of(table) or "…", node, False)
        for child in ast.iter_child_nodes(node):
            yield from self.operations_in(child, batches)

    @cached_property
    def statements(self):
        """The SQL that is run, as a list of (line of the call, text without comments)."""
        return [
            (node.lineno, re.sub(r"--.*|/\*[\s\S]*?\*/", " ", sql))
            for node in self.nodes
            if called(node) in RUNS_SQL and node.args and (sql := self.script.text_of(node.args[0]))
        ]
