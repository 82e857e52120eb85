"""What the database demands of a table's rows, beside their types and what they refer to."""
import re
from collections import defaultdict
from itertools import groupby
from typing import NamedTuple

TEXT = r"'((?:[^']|'')*)'"
NAME = r'"((?:[^"]|"")+)"|\b([A-Za-z_]\w*)\b'
# SQLAlchemy's Inspector leaves out indexes by an expression on SQLite, and a UNIQUE behind NUMERIC(3, 2).
UNIQUES = """
    SELECT tables.name, indexes.name, columns.name, indexes.sql
    FROM sqlite_master AS tables JOIN pragma_index_list(tables.name) AS list
    JOIN pragma_index_info(list.name) AS columns JOIN sqlite_master AS indexes ON indexes.name = list.name
    WHERE tables.type = 'table' AND tables.sql NOT LIKE 'CREATE VIRTUAL%' AND list."unique"
    ORDER BY tables.name, list.seq, columns.seqno
"""
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
            condition = getattr(each["type"], "check", None)
            if condition is not None:
                sql = re.sub(r"\bVALUE\b", '"' + name.replace('"', '""') + '"', condition.text)
                checks[shape.name].append(Check(sql, (name,)))
    return checks


def uniques_of(connection, inspector, shapes):
    """{table: [the columns that are different in each row together]}; of a condition, its columns are taken as well."""
    found = defaultdict(list)
    if connection.dialect.name == "sqlite":
        for (table, _, sql), rows in groupby(connection.exec_driver_sql(UNIQUES), lambda row: (row[0], row[1], row[3])):
            found[table].append(([row[2] for row in rows], (sql or "").partition("(")[2]))
    else:
        for (_, table), indexes in inspector.get_multi_indexes().items():  # also of each UNIQUE
            for index in indexes:
                where = index.get("dialect_options", {}).get("postgresql_where", "")
                sql = " ".join([*index.get("expressions", ()), str(where)])
                found[table] += [(index["column_names"], sql)] if index["unique"] else []
    return {
        name: list(dict.fromkeys(filter(None, [shape.key, *(columns_of(shape, *each) for each in found[name])])))
        for name, shape in ((shape.name, shape) for shape in shapes)
    }


def columns_of(shape, names, sql):
    return tuple(dict.fromkeys([*(name for name in names if name), *mentioned(shape.columns, sql)]))


def mark_numbered(connection, shapes):
    """Say of each column that SQLite fills with the next number: no other database is so short of words about it."""
    found = {tuple(each) for each in connection.exec_driver_sql(NUMBERED)}
    for shape in shapes:
        if len(shape.key) == 1 and (shape.name, shape.key[0]) in found:
            shape.columns[shape.key[0]]["numbered"] = True
