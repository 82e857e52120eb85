"""Small questions about Python's syntax trees, of which a migration script is one."""
import ast
import warnings

# One name for each type: in a downgrade, and after existing_type=, Alembic writes types as it has read them.
SYNONYMS = {
    "VARCHAR": "STRING", "UNICODE": "STRING", "UNICODETEXT": "TEXT", "TIMESTAMP": "DATETIME", "BIGINT": "BIGINTEGER",
    "SMALLINT": "SMALLINTEGER", "DOUBLE": "FLOAT", "DOUBLE_PRECISION": "FLOAT",
}  # fmt: skip


def parsed(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its string literals: that is the author's business
        return ast.parse(text)


def argument(call, place, name):
    """The node of a call's argument: by name, or at `place`; None if it is not given."""
    by_name = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return (by_name or [*call.args[place : place + 1], None])[0]


def called(node):
    """The last name of what a node calls: "execute" for op.execute(…); None if it is no call."""
    return last_name(node.func) if isinstance(node, ast.Call) else None


def last_name(node):
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def kind(node):
    """A type such as sa.String(length=40) as (its name, its length or None): ("STRING", 40)."""
    name = (called(node) or last_name(node) or "").upper()
    size = argument(node, 0, "length") if isinstance(node, ast.Call) else None
    length = size.value if isinstance(size, ast.Constant) and isinstance(size.value, int) else None
    return SYNONYMS.get(name, name), length
