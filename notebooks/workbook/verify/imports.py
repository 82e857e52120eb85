"""Scripts that need the app's own code, which will be another one when they run again."""
import ast
import sys

from workbook.verify.findings import ERROR, WARNING, Finding
from workbook.verify.scripts import called, scripts_of

# A name of the app's that is used like this stands for its tables and rows.
DATA_ATTRIBUTES = {"query", "session", "metadata", "engine", "__table__", "__tablename__"}
DATA_CALLS = {"query", "select", "insert", "update", "delete", "bulk_insert", "add", "add_all", "get"}
# What is inside of one of these calls, or these arguments, is the type of a column.
COLUMN_CALLS = {"Column", "column", "alter_column", "mapped_column", "cast"}
TYPE_ARGUMENTS = {"type_", "existing_type"}


def app_imports(history, folder):
    """What the scripts take from the project's own modules; types of columns are fine."""
    own = own_modules(folder)
    for script in scripts_of(history, folder):
        template = imported_by_template(folder / history[script.id].path)
        for node, module, name in imports_of(script.tree):
            if module.startswith(".") or module.partition(".")[0] in own:
                yield from uses(script, node, module, name, (module, name) in template)


def own_modules(folder):
    """The names by which the modules in the project's folder (and in its src/) are imported."""
    names = {folder.resolve().name} if (folder / "__init__.py").exists() else set()
    for place in (folder, folder / "src"):
        names |= {path.stem for path in place.glob("*.py")}
        names |= {path.parent.name for path in place.glob("*/*.py")}
    return names - sys.stdlib_module_names - {"alembic", "sqlalchemy", "flask", "flask_migrate", "flask_sqlalchemy"}


def imports_of(tree):
    """Each imported name, as (node, module, the name in the script)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, "." * node.level + (node.module or ""), alias.asname or alias.name


def imported_by_template(path):
    """What the project's script.py.mako puts into every script, whether it is used or not."""
    template = path.parent.parent / "script.py.mako"
    lines = template.read_text("utf-8", "replace").splitlines() if template.exists() else []
    found = set()
    for line in lines:
        if line.startswith(("import ", "from ")) and "$" not in line:
            try:
                found |= {(module, name) for _, module, name in imports_of(ast.parse(line))}
            except SyntaxError:
                continue  # goes on in the next line
    return found


def uses(script, node, module, name, by_template):
    """One Finding for an import, or none if it is for a column's type."""
    found = [way for way in ways_to(script.tree, name) if not is_type(way)]
    data = [way for way in found if is_data(way)]
    where = f"{script.at(node.lineno)}: imports {module}"
    taken = "" if name == module else f", and of it {name}"
    do = "Name the tables and columns that it needs by sa.table(): that stays as it is when the models change."
    if data:
        what = f"{where}{taken}. Line {data[0][-1].lineno} works with its tables as they are in the code of today."
        yield Finding("imports", script.id, what, do, ERROR)
    elif found:
        what = f"{where}{taken}. Line {found[0][-1].lineno} needs it to be as it is today, for ever."
        yield Finding("imports", script.id, what, "Copy into the script what it needs.", WARNING)
    elif not by_template and not list(ways_to(script.tree, name)):
        what = f"{where}{taken}, and does not use it; it fails once that is moved."
        yield Finding("imports", script.id, what, "Delete the line.", WARNING)


def ways_to(node, name, way=()):
    """Each use of `name` in a tree, as the nodes that lead to it, itself the last."""
    if isinstance(node, ast.Attribute | ast.Name) and dotted(node) == name:
        yield *way, node
        return
    for child in ast.iter_child_nodes(node):
        yield from ways_to(child, name, (*way, node))


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_type(way):
    """Whether a name is used as a type: in a column, or as the argument that says the type."""
    return any(
        called(above) in COLUMN_CALLS or (isinstance(above, ast.keyword) and above.arg in TYPE_ARGUMENTS)
        for above in way
    )


def is_data(way):
    """Whether a name is used as a model, or as what reaches the database: db.session, User.query, select(User)."""
    for above, node in zip(way[::-1][1:], way[::-1]):
        if isinstance(above, ast.Attribute):
            if above.attr in DATA_ATTRIBUTES:
                return True
            continue
        if isinstance(above, ast.Call) and node is not above.func:
            return called(above) in DATA_CALLS
        return False
    return False
