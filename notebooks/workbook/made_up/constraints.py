"""What the database demands of a table's rows, beside their types and what they refer to."""
import re
from typing import NamedTuple

TEXT = r"'((?:[^']|'')*)'"
NAME = r'"((?:[^"]|"")+)"|\b([A-Za-z_]\w*)\b'
EXPRESSIONS = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%'"
NUMBERED = """
    SELECT tables.name, columns.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND columns.pk AND lower(columns.type) = 'integer'
    AND tables.sql NOT LIKE '%WITHOUT ROWID%' AND tables.sql NOT LIKE 'CREATE VIRTUAL%'
"""


class Check(NamedTuple):
    sql: str
    columns: tuple  # those that it speaks of


def mentioned(columns, sql):
    """Those of the names `columns` that `sql` has in it."""
    found = {quoted.replace('""', '"') or bare.lower() for quoted, bare in re.findall(NAME, re.sub(TEXT, "''", sql))}
    return tuple(name for name in columns if name in found or name.lower() in found)


def checks_of(inspector, shapes):
    """{table: [Check]}, those of its columns' domains among them."""
    found = inspector.get_multi_check_constraints()
    checks = {shape.name: [] for shape in shapes}
    for shape in shapes:
        for each in found.get((None, shape.name), ()):
            checks[shape.name].append(Check(each["sqltext"], mentioned(shape.columns, each["sqltext"])))
        for name, each in shape.columns.items():
            if condition := getattr(each["type"], "check", None):
                sql = re.sub(r"\bVALUE\b", '"' + name.replace('"', '""') + '"', str(condition))
                checks[shape.name].append(Check(sql, (name,)))
    return checks


def uniques_of(connection, inspector, shapes):
    """{table: [the columns that are different in each row together]}; of a condition, its columns are taken as well."""
    constraints, indexes = inspector.get_multi_unique_constraints(), inspector.get_multi_indexes()
    uniques = {}
    for shape in shapes:
        found = [shape.key, *(tuple(each["column_names"]) for each in constraints.get((None, shape.name), ()))]
        for index in indexes.get((None, shape.name), ()):
            if index["unique"]:
                where = " ".join(str(text) for option, text in index.get("dialect_options", {}).items()
                                 if option.endswith("_where"))
                names = [name for name in index["column_names"] if name]
                more = " ".join(index.get("expressions", [])) + " " + where
                found.append(tuple(dict.fromkeys([*names, *mentioned(shape.columns, more)])))
        uniques[shape.name] = found
    if inspector.dialect.name == "sqlite":  # SQLAlchemy leaves out indexes by an expression there
        for name, table, sql in connection.exec_driver_sql(EXPRESSIONS):
            known = {index["name"] for index in indexes.get((None, table), ())}
            if table in uniques and name not in known:
                [shape] = (shape for shape in shapes if shape.name == table)
                uniques[table].append(mentioned(shape.columns, sql.partition("(")[2]))
    return {table: list(dict.fromkeys(filter(None, found))) for table, found in uniques.items()}


def mark_numbered(connection, shapes):
    """Say of each column that SQLite fills with the next number: no other database is so short of words about it."""
    found = {tuple(each) for each in connection.exec_driver_sql(NUMBERED)}
    for shape in shapes:
        if len(shape.key) == 1 and (shape.name, shape.key[0]) in found:
            shape.columns[shape.key[0]]["numbered"] = True
