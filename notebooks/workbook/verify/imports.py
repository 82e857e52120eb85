"""Scripts that need the app's own code, which will be another one when they run again."""
import ast
import sys

from workbook.verify.findings import WARNING, Finding
from workbook.verify.scripts import called, last_name, scripts_of

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
        template = None
        for node, module, names in imports_of(script.tree):
            if module.startswith(".") or module.partition(".")[0] in own:
                if template is None:
                    template = imported_by_template(folder / history[script.id].path)
                yield from uses(script, node, module, [name for name in names if (module, name) not in template], names)


def own_modules(folder):
    """The names by which the modules in the project's folder (and in its src/) are imported."""
    names = {folder.resolve().name} if (folder / "__init__.py").exists() else set()
    for place in (folder, folder / "src"):
        names |= {path.stem for path in place.glob("*.py")}
        names |= {path.parent.name for path in place.glob("*/*.py")}
    return names - sys.stdlib_module_names - {"alembic", "sqlalchemy", "flask", "flask_migrate", "flask_sqlalchemy"}


def imports_of(tree):
    """Each import, as (node, module, the names that it gives to the script)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, [alias.asname or alias.name.partition(".")[0]]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node, module, [alias.asname or alias.name for alias in node.names]


def imported_by_template(path):
    """What the project's script.py.mako puts into every script, whether it is used or not."""
    template = path.parent.parent / "script.py.mako"
    lines = template.read_text("utf-8", "replace").splitlines() if template.exists() else []
    found = set()
    for line in lines:
        if line.startswith(("import ", "from ")) and "$" not in line:
            try:
                found |= {(module, name) for _, module, names in imports_of(ast.parse(line)) for name in names}
            except SyntaxError:
                continue  # goes on in the next line
    return found


def uses(script, node, module, wanted, names):
    """One Finding for an import, or none if it is for types; `wanted` are the names that no template imports."""
    ways = {name: list(ways_to(script.tree, name)) for name in names}
    needed = [way for found in ways.values() for way in found if not is_type(way)]
    data = [way for way in needed if is_data(way)]
    where = f"{script.at(node.lineno)}: imports {module}"
    if data:
        what = f"{where}. Line {data[0][-1].lineno} works with its tables as they are in the code of today."
        do = "Name the tables and columns that it needs by sa.table(): that stays as it is when the models change."
        yield Finding("imports", script.id, what, do)
    elif needed:
        name, line = last_name(needed[0][-1]), needed[0][-1].lineno
        what = f"{where}. Line {line} needs its {name} as it is today, for ever."
        yield Finding("imports", script.id, what, "Copy what it needs into the script.", WARNING)
    elif unused := [name for name in wanted if not ways[name]]:
        what = f"{where}, does not use {', '.join(unused)}, and fails once that is moved."
        yield Finding("imports", script.id, what, "Delete the import.", WARNING)


def ways_to(node, name, way=()):
    """Each use of `name` in a tree, as the nodes that lead to it, itself the last."""
    if isinstance(node, ast.Name) and node.id == name:
        yield *way, node
    for child in ast.iter_child_nodes(node):
        yield from ways_to(child, name, (*way, node))


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
