"""Scripts that need the app's own code, which will be another one when they run again."""
import ast
import re
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from workbook.verify.findings import MANY, WARNING, Finding
from workbook.verify.scripts import scripts_of
from workbook.verify.syntax import called, last_name, parsed

# A name of the app's that is used like this stands for tables and rows: User.query, select(User), session.add(User).
DATA_ATTRIBUTES = {"query", "session", "metadata", "engine", "__table__", "__tablename__"}
SQL_CALLS, SQL_MODULES = {"select", "insert", "update", "delete"}, {"sa", "sqlalchemy", "db"}
SESSION_CALLS = {"query", "add", "add_all", "get", "merge", "delete"}
# What is inside of one of these calls, or these arguments, is the type of a column.
COLUMN_CALLS = {"Column", "column", "alter_column", "mapped_column", "cast"}
TYPE_ARGUMENTS = {"type_", "existing_type"}


def app_imports(history, folder):
    """What the scripts take from the project's own modules; types of columns are fine."""
    own, templates, warned = own_modules(folder), {}, {}
    for script in scripts_of(history, folder):
        place = Path(script.path).parent.parent
        for node, module, names in imports_of(script.nodes):
            if not is_own(module, own, ".".join(place.parts)):
                continue
            if place not in templates:
                templates[place] = imported_by_template(place / "script.py.mako", folder)
            finding = use(script, node, module, names, templates[place])
            if finding and finding.level == WARNING:
                warned.setdefault(module, []).append(finding)
            elif finding:
                yield finding
    for module, findings in warned.items():
        yield from findings if len(findings) <= MANY else [summary(module, findings)]


def is_own(module, own, migrations):
    """Whether a module is the project's, and not a helper that stands beside the scripts."""
    if module.startswith(".") or f"{module}.".startswith(f"{migrations}."):
        return False
    return module.partition(".")[0] in own


def summary(module, findings):
    what = f"{len(findings)} scripts need {module} as it is today, for ever. The first: {findings[0].what}"
    return findings[0]._replace(revision=None, what=what)


def own_modules(folder):
    """The names by which the modules in the project's folder (and in its src/) are imported."""
    names = {folder.resolve().name} if (folder / "__init__.py").exists() else set()
    for place in (folder, folder / "src"):
        names |= {path.stem for path in place.glob("*.py")}
        names |= {path.parent.name for path in place.glob("*/*.py")}
    return names - sys.stdlib_module_names - {"alembic", "sqlalchemy", "flask", "flask_migrate", "flask_sqlalchemy"}


def imports_of(nodes):
    """Each import among them, as (node, module, the names that it gives to the script)."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, [alias.asname or alias.name.partition(".")[0]]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node, module, [alias.asname or alias.name for alias in node.names]


def imported_by_template(path, folder):
    """What the project's script.py.mako puts into every script, used or not: {(module, name)}."""
    source = (folder / path).read_text("utf-8", "replace") if (folder / path).exists() else ""
    found = set()
    for line in re.findall(r"(?m)^(?:import|from) [^$(\n]*$", source):
        with suppress(SyntaxError):
            found |= {(module, name) for _, module, names in imports_of(ast.walk(parsed(line))) for name in names}
    return found


def use(script, node, module, names, template):
    """The Finding for an import, None if it is for types, or unused and in the template."""
    ways = {name: ways_to(script, name) for name in names}
    needed = [way for found in ways.values() for way in found if not is_type(way)]
    data = [way for way in needed if is_data(way)]
    where = f"{script.at(node.lineno)}: imports {module}"
    if data:
        what = f"{where}. Line {data[0][0].lineno} works with its tables as they are in the code of today."
        do = "Name the tables and columns that it needs by sa.table(): that stays as it is when the models change."
        return Finding("imports", script.id, what, do)
    if needed:
        used = needed[0][0]
        what = f"{where}. Line {used.lineno} needs its {used.id} as it is today, for ever."
        return Finding("imports", script.id, what, "Copy what it needs into the script.", WARNING)
    if unused := [name for name in names if not ways[name] and (module, name) not in template]:
        what = f"{where}, does not use {', '.join(unused)}, and fails once that is moved."
        return Finding("imports", script.id, what, "Delete the import.", WARNING)
    return None


def ways_to(script, name):
    """Each use of `name` in a script, as the nodes from it upwards."""
    found = []
    for node in script.names.get(name, ()):
        found.append([node])
        while node := script.above.get(node):
            found[-1].append(node)
    return found


def is_type(way):
    """Whether a name is used as a type: in a column, or as the argument that says the type."""
    return any(
        called(above) in COLUMN_CALLS or (isinstance(above, ast.keyword) and above.arg in TYPE_ARGUMENTS)
        for above in way
    )


def is_data(way):
    """Whether a name is used as a model, or as what reaches the database."""
    for node, above in pairwise(way):
        if isinstance(above, ast.Attribute):
            if above.attr in DATA_ATTRIBUTES:
                return True
        elif not isinstance(above, ast.Call):
            return False
        elif node is not above.func:
            return takes_models(above)
    return False


def takes_models(call):
    """Whether a call is one of SQLAlchemy's that are given models: sa.select(…), session.query(…)."""
    name = called(call)
    receiver = last_name(call.func.value) or "" if isinstance(call.func, ast.Attribute) else None
    if name in SESSION_CALLS and "session" in (receiver or "").lower():
        return True
    return name == "bulk_insert" or (name in SQL_CALLS and (receiver is None or receiver in SQL_MODULES))
