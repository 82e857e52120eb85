"""Constraints without a name: the next script that wants to change one cannot say which."""
import ast

from workbook.verify.findings import WARNING, Finding
from workbook.verify.scripts import scripts_of
from workbook.verify.syntax import argument, called, is_none

CREATES = {"create_foreign_key", "create_unique_constraint", "create_check_constraint", "create_exclude_constraint"}
IN_TABLES = {"ForeignKeyConstraint", "UniqueConstraint"}
CONVENTION = "Give the metadata a naming convention, MetaData(naming_convention=…), so that the next ones have names."


def unnamed(history, folder, has_naming_convention=False):
    """The constraints that have no name in the scripts; with a naming convention only dropping one is wrong."""
    for script in scripts_of(history, folder):
        calls = script.upgrade.operations + script.downgrade.operations
        if drops := [call for call in calls if without_name(call, {"drop_constraint"})]:
            yield unnamed_drops(script, drops)
        elif not has_naming_convention and (creates := [call for call in calls if without_name(call, CREATES)]):
            yield unnamed_creates(script, creates)
    if not has_naming_convention:
        yield from unnamed_in_tables(scripts_of(history, folder))


def without_name(call, names):
    return call.name in names and is_none(call.argument(0, "constraint_name"))


def unnamed_drops(script, calls):
    what = f"{where(script, calls)}: drop_constraint(None, …) on {tables(calls)} always fails."
    do = "Name the constraint where it is created and where it is dropped. An inspector tells its name in a database."
    return Finding("names", script.id, what, do)


def unnamed_creates(script, calls):
    in_batch = [call for call in calls if call.batch]
    named = in_batch or calls
    what = f"{where(script, named)}: {named[0].name}(None, …) on {tables(named)}"
    do = f"Write a name instead of None. {CONVENTION}"
    if in_batch:
        return Finding("names", script.id, f"{what} fails on SQLite; PostgreSQL makes up a name.", do)
    return Finding("names", script.id, f"{what}: the database makes up a name.", do, WARNING)


def unnamed_in_tables(scripts):
    """One Finding for all the constraints that a create_table leaves without a name."""
    found = [
        script.at(node.lineno)
        for script in scripts
        for call in script.upgrade.operations
        if call.name == "create_table"
        for node in ast.walk(call.call)
        if called(node) in IN_TABLES and is_none(argument(node, 99, "name") or ast.Constant(None))
    ]
    if found:
        count = f"{len(found)} constraints have" if len(found) > 1 else "1 constraint has"
        what = f"{count} no name in create_table, the first in {found[0]}: each database makes up its own."
        yield Finding("names", None, what, CONVENTION, WARNING)


def where(script, calls):
    return script.at(*(call.line for call in calls))


def tables(calls):
    return ", ".join(sorted({call.table for call in calls}))
