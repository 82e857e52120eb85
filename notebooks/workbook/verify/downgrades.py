"""Scripts that go up and not down."""
import ast
import re

from workbook.verify.findings import WARNING, Finding
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
MANY = 10  # from here on, and if it is most of the scripts, it is a habit, and one line tells it


def no_way_back(history, folder):
    """Downgrades that do nothing, or refuse, where the upgrade changes the schema."""
    found = [finding for script in scripts_of(history, folder) for finding in one_way(script)]
    if len(found) > MANY and len(found) > len(history) / 2:
        what = f"{len(found)} of {len(history)} scripts cannot be taken back, the first: {found[0].what}"
        found = [found[0]._replace(revision=None, what=what, do=BACKUP)]
    yield from found


def one_way(script):
    changes, down = changed_lines(script), script.downgrade.function
    if not changes:
        return
    if line := raises(down):
        yield Finding("downgrade", script.id, f"{script.at(line)}: downgrade() refuses.", BACKUP, WARNING)
    elif down is None or is_empty(down):
        what = f"{script.at(down.lineno if down else changes[0])}: downgrade() does nothing, and upgrade() changes"
        yield Finding("downgrade", script.id, f"{what} the schema (line {changes[0]}).", REASON, WARNING)


def changed_lines(script):
    """The lines of the upgrade that change the schema so that it matters below."""
    calls = [call.line for call in script.upgrade.operations if call.name in CHANGES and not loosens(call)]
    return sorted(calls + [line for line, sql in script.upgrade.statements if CHANGES_SCHEMA.match(sql)])


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
    """The line in which a function that does nothing else raises an error; None if it does not."""
    nodes = body(function) if function else []
    return nodes[0].lineno if nodes and isinstance(nodes[0], ast.Raise) else None
