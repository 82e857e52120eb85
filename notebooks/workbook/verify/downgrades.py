"""Scripts that go up and not down."""
import ast
import re

from workbook.verify.findings import MANY, WARNING, Finding
from workbook.verify.scripts import scripts_of

REASON = "Write what takes it back; what it cannot bring back stands beside it as a comment."
BACKUP = "The way back is a backup: have one before it is applied."
# SQL that a downgrade has to take back. What is harmless when it stays, or cannot be taken back, is not among it.
CHANGES_SCHEMA = re.compile(
    r"^\s*(CREATE\s+TABLE|DROP\s+TABLE|CREATE\s+(UNIQUE\s+)?INDEX(?!.*\bIF\s+NOT\s+EXISTS)|(CREATE|DROP)\s+TYPE|"
    r"ALTER\s+TABLE\s+.*?\s(ADD|DROP|RENAME|ALTER\s+(COLUMN\s+)?\S+\s+(TYPE|SET\s+(NOT\s+NULL|DATA\s+TYPE))))\b",
    re.IGNORECASE | re.DOTALL,
)
CHANGES = {
    "add_column", "drop_column", "create_table", "drop_table", "rename_table", "create_index", "drop_constraint",
    "create_foreign_key", "create_unique_constraint", "create_check_constraint", "create_primary_key", "alter_column",
}  # fmt: skip


def no_way_back(history, folder):
    """Downgrades that do nothing, or refuse, where the upgrade changes the schema."""
    found = [finding for script in scripts_of(history, folder) for finding in one_way(script)]
    if len(found) > MANY and len(found) > len(history) / 2:
        what = f"{len(found)} of {len(history)} scripts cannot be taken back, the first: {found[0].what}"
        found = [found[0]._replace(revision=None, what=what, do=BACKUP)]
    yield from found


def one_way(script):
    changes, down = changed_lines(script), script.downgrade.function
    if not changes or (down and not raises(down) and not is_empty(down)):
        return
    where = script.at(down.lineno if down else changes[0])
    if down and (raises(down) or explained(script, down)):
        what = f"{where}: no way back, and downgrade() says so."
        yield Finding("downgrade", script.id, what, BACKUP, WARNING)
    else:
        what = f"{where}: downgrade() does nothing, and upgrade() changes the schema (line {changes[0]})."
        yield Finding("downgrade", script.id, what, REASON, WARNING)


def changed_lines(script):
    """The lines of the upgrade that change the schema so that it matters below."""
    calls = [call for call in script.upgrade.operations if call.name in CHANGES and not loosens(call)]
    made, gone = ({call.table for call in calls if call.name == name} for name in ("create_table", "drop_table"))
    lines = [call.line for call in calls if call.table not in made & gone]  # not of a table for the time of the script
    return sorted(lines + [line for line, sql in script.upgrade.statements if CHANGES_SCHEMA.match(sql)])


def loosens(call):
    """Whether an alter_column leaves a column that takes all that it took before."""
    names = {keyword.arg: keyword.value for keyword in call.call.keywords}
    tightens = isinstance(names.get("nullable"), ast.Constant) and names["nullable"].value is False
    return call.name == "alter_column" and not tightens and not names.keys() & {"type_", "new_column_name"}


def body(function):
    """The statements of a function, without docstrings and pass."""
    return [
        node
        for node in function.body
        if not isinstance(node, ast.Pass)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def is_empty(function):
    return all(isinstance(node, ast.Return) and node.value is None for node in body(function))


def raises(function):
    """Whether a function does nothing else but to raise an error."""
    return isinstance([*body(function), None][0], ast.Raise)


def explained(script, function):
    """Whether the author says why a function does nothing: in a docstring or a comment."""
    inside = range(function.lineno, function.end_lineno + 1)
    return bool(ast.get_docstring(function)) or any(line in inside for line in script.comments)
