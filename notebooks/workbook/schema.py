"""What a database looks like, as plain values that can be compared: tables, columns, constraints and indexes."""
import re
import warnings
from functools import lru_cache

from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import CompileError
from sqlalchemy.pool import NullPool

KINDS = {  # part of a table: what one of them is called in a sentence
    "columns": "column",
    "primary key": "PRIMARY KEY",
    "unique": "UNIQUE",
    "check": "CHECK",
    "foreign keys": "FOREIGN KEY",
    "indexes": "index",
}


def schema_of(url):
    """The schema of the database `url`, without Alembic's own table.

    {table: {part: {name: {property: value}}}}, where the parts are the keys of
    KINDS, the names are those of columns, constraints and indexes, and the
    values are texts, lists of column names, booleans or None. Databases of the
    same kind whose schema is the same compare equal, whichever way it was
    reached: the order of columns and the spelling of spaces do not count.
    """
    with engine_of(url).connect() as connection:
        return schema_in(inspect(connection))


def schema_in(inspector):
    """As `schema_of`, through an Inspector; what it has read before is not read again."""
    with warnings.catch_warnings():
        # Indexes by an expression are read here, as SQLAlchemy leaves them out on SQLite.
        warnings.filterwarnings("ignore", message="Skipped unsupported reflection of expression-based index")
        # Each of these reads all tables at once.
        found = {
            "columns": inspector.get_multi_columns(),
            "primary key": inspector.get_multi_pk_constraint(),
            "unique": inspector.get_multi_unique_constraints(),
            "check": inspector.get_multi_check_constraints(),
            "foreign keys": inspector.get_multi_foreign_keys(),
            "indexes": inspector.get_multi_indexes(),
        }
    tables = sorted(key for key in found["columns"] if key[1] != "alembic_version")
    return {key[1]: table_of(inspector, key[1], {part: each[key] for part, each in found.items()}) for key in tables}


@lru_cache(maxsize=16)
def engine_of(url):
    """An engine that keeps no connection open; kept itself, as it remembers how to ask for a schema."""
    return create_engine(url, poolclass=NullPool)


def table_of(inspector, table, found):
    primary_key = found["primary key"]
    indexes = named(found["indexes"], index_of)
    if inspector.dialect.name == "sqlite":
        indexes |= expression_indexes(inspector.bind, table, {index["name"] for index in found["indexes"]})
    return {
        "columns": {
            column["name"]: {
                "type": type_of(column["type"], inspector.dialect),
                "nullable": column["nullable"],
                "default": default_of(column),
            }
            for column in found["columns"]
        },
        "primary key": named([primary_key] if primary_key["constrained_columns"] else [], key_of),
        "unique": named(found["unique"], lambda unique: {"columns": unique["column_names"]}),
        "check": named(found["check"], lambda check: {"condition": plain(check["sqltext"])}),
        "foreign keys": named(found["foreign keys"], foreign_key_of),
        "indexes": indexes,
    }


def named(found, properties):
    """{name: properties}; what has no name is known by its properties, as it is to the database."""
    parts = {}
    for part in found:
        values = properties(part)
        if values is not None:
            text = "; ".join(shown(value) for value in values.values() if value)
            parts[part["name"] or f"without a name ({text})"] = values
    return dict(sorted(parts.items()))


def key_of(key):
    return {"columns": key["constrained_columns"]}


def foreign_key_of(key):
    options = {name: value for name, value in key["options"].items() if value not in (None, False, "NO ACTION")}
    return {
        "columns": key["constrained_columns"],
        "table": key["referred_table"],
        "referred columns": key["referred_columns"],
        "on delete": options.pop("ondelete", None),
        "other options": ", ".join(f"{name} {value}" for name, value in sorted(options.items())) or None,
    }


def index_of(index):
    if "duplicates_constraint" in index:  # PostgreSQL's own, behind a UNIQUE
        return None
    options = {name.partition("_")[2]: str(value) for name, value in index.get("dialect_options", {}).items()}
    options = {name: value for name, value in options.items() if value not in ("[]", "None", "False")}
    return {
        "columns": [plain(column) for column in index.get("expressions", index["column_names"])],
        "unique": bool(index["unique"]),
        "where": plain(options.pop("where")) if "where" in options else None,
        "other options": ", ".join(f"{name} {value}" for name, value in sorted(options.items())) or None,
    }


def expression_indexes(connection, table, known):
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? ORDER BY name"
    found = connection.exec_driver_sql(query, (table,)).all()
    return {name: {"definition": plain(sql)} for name, sql in found if sql and name not in known}


def type_of(type, dialect):
    try:
        text = type.compile(dialect=dialect)
    except CompileError:  # a type that SQLAlchemy does not know
        return "unknown"
    return f"{text} of {', '.join(type.enums)}" if getattr(type, "enums", None) else text


def default_of(column):
    if column.get("computed"):
        return f"computed: {plain(column['computed']['sqltext'])}"
    if column.get("identity") or "nextval(" in (column["default"] or ""):
        return "the next number"  # the name of the sequence depends on the table's history
    return plain(column["default"]) if column["default"] is not None else None


def plain(sql):
    """`sql` with single spaces, except within quotes, and without parentheses around the whole."""
    sql = re.sub(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|\s+", lambda found: found[1] or " ", sql).strip()
    while sql.startswith("(") and closes_at_the_end(sql):
        sql = sql[1:-1].strip()
    return sql


def closes_at_the_end(sql):
    """Whether the parenthesis that `sql` begins with is closed by its last character."""
    depth = 0
    for place, character in enumerate(re.sub(r"'(?:[^']|'')*'", lambda text: "x" * len(text[0]), sql)):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return place == len(sql) - 1
    return False


def schema_differences(left, right, names=("left", "right")):
    """One readable line for each difference between two results of `schema_of`; none if they are equal.

    `names` says what the two are, such as ("the migrated database", "the models").
    """
    lines = [f"{table}: table only in {place}" for table, place in one_sided(left, right, names)]
    for table in sorted(left.keys() & right.keys()):
        for kind, word in KINDS.items():
            a, b = left[table][kind], right[table][kind]
            lines += [f"{table}: {word} {name} only in {place}" for name, place in one_sided(a, b, names)]
            lines += [
                f"{table}: {word} {name}: {key} is {shown(a[name].get(key))} in {names[0]}, "
                f"{shown(b[name].get(key))} in {names[1]}"
                for name in sorted(a.keys() & b.keys())
                for key in a[name] | b[name]
                if a[name].get(key) != b[name].get(key)
            ]
    return lines


def one_sided(left, right, names):
    """(name, where it is) of each name that only one of the two has."""
    return [(name, names[0] if name in left else names[1]) for name in sorted(left.keys() ^ right.keys())]


def shown(value):
    if isinstance(value, list):
        return ", ".join(value)
    return {None: "none", True: "yes", False: "no"}.get(value, value)
