"""Steps of an upgrade that take data away, and of which nobody says so."""
import ast
import re

from workbook.verify.columns import renamed_columns
from workbook.verify.findings import WARNING, Finding
from workbook.verify.scripts import OPEN_PLACE, scripts_of
from workbook.verify.syntax import argument, called, kind, last_name

# A message, docstring or comment with one of these says that something goes, or where it goes.
A_WORD = re.compile(
    r"drop|delet|remov|destr|discard|gone|lost|lose|losing|clean|clear|purge|prune|truncat|obsolete|unused|unneeded|"
    r"renam|replac|merg|mov(e|ing)|migrat|contract|no longer|not (used|needed)|retir|rid of|deprecat|wipe|eras|archiv|"
    r"redundant|legacy|dup(e|licate)|split|convert|revert|undo|simplif|shorten|shrink|narrow|rework|refactor|"
    r"restructur|chang|swap|switch|reduce|kill|(^|[\W_\d])(rm|rem)([\W_]|$)",
    re.IGNORECASE,
)
IDS = re.compile(r"(?m)^(Revision ID|Revises|Create Date):.*")  # in a docstring: they say nothing
DELETES = re.compile(
    rf"\b(DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)\s+(?:ONLY\s+)?([\w.\"]+|{OPEN_PLACE})|"
    r"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([\w.\"]+)[^;]*?\bDROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?([\w\"]+)",
    re.IGNORECASE,
)
# Not run by the script, but later or never: the body of a function, what a name for a query stands for.
BODIES = re.compile(r"\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE|TRIGGER|RULE|VIEW|MATERIALIZED)", re.IGNORECASE)
MAKES = re.compile(r"\bCREATE\s+(?:\w+\s+){0,2}TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"]+)", re.IGNORECASE)
# From wider to narrower: a value of the first may not fit into the second.
ORDERS = [("BIGINTEGER", "INTEGER", "SMALLINTEGER"), ("NUMERIC", "FLOAT", "INTEGER"), ("DATETIME", "DATE")]
TEXTS = {"TEXT", "STRING"}
NEAR = 3  # lines above a step in which any comment of the author's is about it


def without_a_word(history, folder):
    """The steps of each upgrade that take data away, if no message, docstring or comment says so: one Finding each."""
    for script in scripts_of(history, folder):
        steps = [*operations(script), *statements(script), *narrowings(script)]
        if not steps or said(script):
            continue
        if steps := sorted((line, what) for line, what in steps if not commented(script, line)):
            told = ", ".join(dict.fromkeys(what for _, what in steps[:4])) + (", …" if len(steps) > 4 else "")
            what = f"{script.at(*(line for line, _ in steps))}: upgrade() {told}, and nobody says what goes with it."
            do = "Say in its message or a comment that it is meant, and what is lost. If it is not meant: take it out."
            yield Finding("destructive", script.id, what, do, WARNING)


def said(script):
    """Whether the script's message, its file's name, a docstring or a comment in upgrade() says that something goes."""
    functions = script.upgrade.functions
    texts = [script.file, script.doc, *(ast.get_docstring(each) or "" for each in (script.tree, *functions))]
    for line, comment in script.comments.items():
        if any(each.lineno <= line <= each.end_lineno for each in functions):
            texts.append(comment)
    return any(A_WORD.search(IDS.sub("", text)) for text in texts)


def commented(script, line):
    return any(line - NEAR <= place <= line for place in script.comments)


def operations(script):
    """Tables and columns that are dropped, as (line, what), unless the script does something else with them, too."""
    renamed = [call for call, *_ in renamed_columns(script)]  # another check's business
    put_aside = {script.text_of(argument(call.call, 99, "new_column_name")) for call in script.upgrade.operations}
    for call in script.upgrade.operations:
        if call.name == "drop_table" and not used(script, call.table, {"create_table", "rename_table"}):
            yield call.line, f"drops the table {call.table}"
        if call.name == "drop_column" and call not in renamed:
            column = script.text_of(call.argument(0, "column_name")) or "…"
            if column not in put_aside and not used(script, column):
                yield call.line, f"drops {call.table}.{column}"


def used(script, name, by=()):
    """Whether upgrade() names a table or column in SQL, in an expression, or in an Operation named in `by`."""
    if name == "…" or any(re.search(rf"\b{re.escape(name)}\b", sql) for _, sql in script.upgrade.statements):
        return True
    calls = [call.call for call in script.upgrade.operations if call.name not in {"execute", "bulk_insert", *by}]
    calls += [node for node in script.upgrade.nodes if called(node) == "batch_alter_table"]
    schema = {id(part) for call in calls for part in ast.walk(call)}
    return any(
        (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Constant) and node.value == name and id(node) not in schema)
        for node in script.upgrade.nodes
    )


def statements(script):
    """What SQL takes away, as (line, what), unless the script puts rows into that table as well."""
    texts = [text for _, text in script.upgrade.statements + script.downgrade.statements]
    for line, sql in script.upgrade.statements:
        made = set(MAKES.findall(sql))
        for verb, table, of, column in [] if BODIES.search(sql) else DELETES.findall(sql):
            if column:
                yield line, f"drops {of}.{column}"
            elif table not in made and not any(is_filled(table, text) for text in texts):
                yield line, f"runs {' '.join(verb.upper().split())} {table}"
    yield from expressions(script)


def is_filled(table, sql):
    """Whether rows come into a table, or its rows go into another one."""
    others = re.sub(r"(?i)\bDELETE\s+FROM\b", "", sql)
    return re.search(rf"\b(INTO|FROM|JOIN)\s+{re.escape(table)}(?!\w)", others, re.IGNORECASE)


def expressions(script):
    """What table.delete() and sa.delete(table) take away, as (line, what)."""
    for node in script.upgrade.nodes:
        for part in ast.walk(node) if called(node) == "execute" else []:
            if called(part) == "delete":
                target = part.args[0] if part.args else getattr(part.func, "value", None)
                yield part.lineno, f"deletes rows of {last_name(target) or '…'}"


def narrowings(script):
    """Columns whose new type is narrower than the old, as (line, what)."""
    for call in script.upgrade.operations:
        if call.name == "alter_column":
            old, new = (argument(call.call, 99, name) for name in ("existing_type", "type_"))
            if old and new and narrower(kind(old), kind(new)):
                column = script.text_of(call.argument(0, "column_name")) or "…"
                yield call.line, f"makes {call.table}.{column} narrower"


def narrower(old, new):
    if old[0] in TEXTS and new[0] in TEXTS:
        return new[1] is not None and (old[1] is None or new[1] < old[1])
    return any({old[0], new[0]} <= set(order) and order.index(old[0]) < order.index(new[0]) for order in ORDERS)
