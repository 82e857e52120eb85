"""Columns that are added: as a required one to a table with rows, or as the new name of one that is dropped."""
import ast
from difflib import SequenceMatcher

from workbook.verify.findings import WARNING, Finding
from workbook.verify.scripts import argument, called, is_none, scripts_of

# What gives each row a value by itself.
FILLED_BY = {"Computed", "Identity", "Sequence"}
SIMILAR = 0.5  # of two names: the share of what both have, from 0 to 1


class Column:
    """A sa.Column(…) that a script adds."""

    def __init__(self, script, call):
        node = call.argument(0, "column")
        self.table, self.line = call.table, call.line
        self.node = node if called(node) == "Column" else None
        self.name = script.text_of(argument(node, 0, "name")) if self.node else None
        self.type = ast.dump(plain(kind)) if self.node and (kind := argument(node, 1, "type_")) else None

    def has(self, option, value):
        given = argument(self.node, 99, option)
        return isinstance(given, ast.Constant) and given.value is value

    @property
    def required(self):
        """Whether each row needs a value, and none is given."""
        default = argument(self.node, 99, "server_default") if self.node else None
        return (
            self.node is not None
            and self.has("nullable", False)
            and (default is None or is_none(default))
            and not any(keyword.arg is None for keyword in self.node.keywords)
            and not self.has("autoincrement", True)
            and not self.has("primary_key", True)
            and not any(called(part) in FILLED_BY for part in self.node.args)
        )


def plain(kind):
    """A type without parentheses that say nothing: sa.Text() is sa.Text, sa.Text is Text."""
    if isinstance(kind, ast.Call) and not kind.args and not kind.keywords:
        kind = kind.func
    return ast.Name(kind.attr) if isinstance(kind, ast.Attribute) else kind


def required(history, folder):
    """Columns that are added as NOT NULL without a value for the rows that are there."""
    for script in scripts_of(history, folder):
        calls = script.upgrade.operations
        # New here, or emptied here: no rows.
        empty = {call.table for call in calls if call.name == "create_table"}
        sql = " ".join(text.lower() for _, text in script.upgrade.statements)
        for call in calls:
            if call.name != "add_column" or call.table in empty or f"delete from {call.table}".lower() in sql:
                continue
            column = Column(script, call)
            if column.required and "truncate" not in sql:
                what = f"{script.at(call.line)}: {column.table}.{column.name} is NOT NULL and has no server_default:"
                do = "Give it a server_default; or add it as nullable, fill it, then make it NOT NULL."
                yield Finding("required", script.id, f"{what} on a table with rows it fails.", do)


def renames(history, folder):
    """An add_column and a drop_column in one script that look like a new name for one column."""
    for script in scripts_of(history, folder):
        calls = script.upgrade.operations
        if script.upgrade.statements or any(called(node) == "get_bind" for node in script.nodes):
            continue  # it does something about the values
        back = [Column(script, call) for call in script.downgrade.operations if call.name == "add_column"]
        types = {(column.table, column.name): column.type for column in back}
        added = [Column(script, call) for call in calls if call.name == "add_column"]
        for call in (call for call in calls if call.name == "drop_column"):
            old = script.text_of(call.argument(0, "column_name"))
            for new in added:
                if call.table == new.table and looks_renamed(old, new, types.get((call.table, old))):
                    what = f"{script.at(call.line)}: {new.table}.{old} goes, and {new.name} of the same type comes"
                    what += f" (line {new.line}): if that is its new name, every value is lost."
                    do = f"If it is a rename: op.alter_column({new.table!r}, {old!r}, new_column_name={new.name!r})."
                    yield Finding("rename", script.id, what, do, WARNING)


def looks_renamed(old, new, old_type):
    if not (old and new.name and new.type) or new.type != old_type:
        return False
    return old in new.name or new.name in old or SequenceMatcher(None, old, new.name).ratio() >= SIMILAR
