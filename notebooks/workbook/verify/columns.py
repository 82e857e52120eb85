"""Columns that are added: as a required one to a table with rows, or as the new name of one that is dropped."""
import ast
import re
from difflib import SequenceMatcher

from workbook.verify.findings import WARNING, Finding
from workbook.verify.scripts import scripts_of
from workbook.verify.syntax import argument, called, is_none, kind

# What gives each row a value by itself.
FILLED_BY = {"Computed", "Identity", "Sequence"}
SHORT = 4  # letters: shorter names are in many others
SIMILAR = 0.5  # of two names in a script that says it renames: the share of what both have, from 0 to 1
EMPTIES = re.compile(r"\b(?:DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+\"?(\w+)", re.IGNORECASE)


class Column:
    """A sa.Column(…) that a script adds."""

    def __init__(self, script, call):
        node = call.argument(0, "column")
        self.table, self.line = call.table, call.line
        self.node = node if called(node) == "Column" else None
        self.name = script.text_of(argument(node, 0, "name")) if self.node else None
        self.type = kind(argument(node, 1, "type_")) if self.node else None

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


def required(history, folder):
    """Columns that are added as NOT NULL without a value for the rows that are there: one Finding a script."""
    for script in scripts_of(history, folder):
        calls = script.upgrade.operations
        # New here, or emptied here: no rows.
        empty = {call.table for call in calls if call.name == "create_table"}
        empty |= {table for _, sql in script.upgrade.statements for table in EMPTIES.findall(sql)}
        added = [Column(script, call) for call in calls if call.name == "add_column" and call.table not in empty]
        if columns := [column for column in added if column.required]:
            names = ", ".join(f"{column.table}.{column.name}" for column in columns[:3])
            what = f"{script.at(*(column.line for column in columns))}: {names}{', …' * (len(columns) > 3)}"
            what += ": NOT NULL without a server_default. On SQLite and PostgreSQL it fails if the table has rows."
            do = "Give it a server_default; or add it as nullable, fill it, then make it NOT NULL."
            yield Finding("required", script.id, what, do)


def renames(history, folder):
    """An add_column and a drop_column in one script that look like a new name for one column."""
    for script in scripts_of(history, folder):
        for call, old, new in renamed_columns(script):
            what = f"{script.at(call.line)}: {new.table}.{old} goes, and {new.name} of the same type comes"
            what += f" (line {new.line}): if that is its new name, every value is lost."
            do = f"If it is a rename: op.alter_column({new.table!r}, {old!r}, new_column_name={new.name!r})."
            yield Finding("rename", script.id, what, do, WARNING)


def renamed_columns(script):
    """Each drop_column, the name that is dropped, and the one Column that seems to come for it."""
    calls = script.upgrade.operations
    if script.upgrade.statements or any(called(node) == "get_bind" for node in script.nodes):
        return []  # it does something about the values
    back = [Column(script, call) for call in script.downgrade.operations if call.name == "add_column"]
    types = {(column.table, column.name): column.type for column in back}
    added = [Column(script, call) for call in calls if call.name == "add_column"]
    pairs = []
    for call in (call for call in calls if call.name == "drop_column"):
        old = script.text_of(call.argument(0, "column_name"))
        same_table = [new for new in added if new.table == call.table]
        found = [new for new in same_table if looks_renamed(script, old, new, types.get((call.table, old)))]
        pairs += [(call, old, new) for new in found if len(found) == 1]
    return [pair for pair in pairs if [new for *_, new in pairs].count(pair[2]) == 1]


def looks_renamed(script, old, new, old_type):
    """Whether `new`, a Column, may be `old` under another name: the same type, and the same words or some of them."""
    if not (old and new.name) or old == new.name or new.type != old_type:
        return False
    words, others = ({word.rstrip("s") for word in name.lower().split("_")} for name in (old, new.name))
    short, long = sorted((old.lower().replace("_", ""), new.name.lower().replace("_", "")), key=len)
    if len(short) >= SHORT and (words <= others or others <= words or short in long):
        return True
    tells = re.search("renam", f"{script.doc} {script.file}", re.IGNORECASE)
    return bool(tells) and SequenceMatcher(None, old, new.name).ratio() >= SIMILAR
