"""What a migration does to the values that have a place on both sides."""
import re
from typing import NamedTuple

from workbook.kept import is_kept
from workbook.rows import matched, shown
from workbook.verify.findings import WARNING, Finding

CHANGES_DATA = re.compile(r"\b(update|insert|delete|merge|truncate|execute|bulk_insert|session)\b", re.IGNORECASE)
DELETES = re.compile(r"\b(delete|truncate)\b", re.IGNORECASE)
DO = {
    "lost": "Keep the value: copy it before it goes, or convert it with postgresql_using",
    "rows": "Say in the script why rows go, or keep them",
    "changed": "Look whether this is what the script is for",
    "rename": "Rename it: op.alter_column(…, new_column_name=…), or op.rename_table(…)",
}


class Value(NamedTuple):
    """A value of a row that is another one now."""

    table: str
    key: object
    column: str
    before: object
    after: object

    @property
    def is_lost(self):
        """Whether it is gone: NULL now, or cut off."""
        cut = isinstance(self.before, str) and isinstance(self.after, str) and self.before.startswith(self.after)
        return self.after is None or cut

    def __str__(self):
        return f"{self.table} {self.key}: {self.column} was {shown(self.before)}, is {shown(self.after)}"


class Losses(NamedTuple):
    """Rows that are gone, rows that are new, and values that are other ones: (table, key), and Value."""

    gone: list
    new: list
    values: list

    def lines(self):
        return [
            *(f"{table} {key}: the row is missing" for table, key in self.gone),
            *(f"{table} {key}: the row is new" for table, key in self.new),
            *map(str, self.values),
        ]

    def findings(self, revision, way, script):
        """Yield a Finding for each column or table; what a script does on purpose is a warning only."""
        for table in dict.fromkeys(table for table, _ in self.gone):
            keys = [key for each, key in self.gone if each == table]
            level = {"level": WARNING} if DELETES.search(script) else {}
            what = f"{way} deletes {len(keys)} rows of {table}, the first is {keys[0]}"
            yield Finding("values", revision, what, DO["rows"], **level)
        for place in dict.fromkeys((each.table, each.column) for each in self.values):
            those = [each for each in self.values if (each.table, each.column) == place]
            lost = [each for each in those if each.is_lost]
            level = {"level": WARNING} if not lost and CHANGES_DATA.search(script) else {}
            first = (lost or those)[0]
            what = f"{way} {'loses' if lost else 'changes'} {len(lost or those)} values, the first of {first}"
            yield Finding("values", revision, what, DO["lost" if lost else "changed"], **level)


def lost_by(before, after):
    """The Losses between two results of rows_of."""
    gone, new, values = [], [], []
    for table in before.keys() & after.keys():
        old, now = before[table], after[table]
        partners = matched(old, now)
        known = set(partners.values())
        gone += [(table, key) for key in old if key not in partners]
        new += [(table, key) for key in now if key not in known]
        values += [
            Value(table, key, column, value, now[partner][column])
            for key, partner in partners.items()
            for column, value in old[key].items()
            # A column that is filled where it was NULL loses nothing.
            if column in now[partner] and value is not None and not is_kept(value, now[partner][column])
        ]
    return Losses(gone, new, values)


def rename_in(revision, before, after):
    """Yield a Finding where something goes and something alike comes, empty: a rename that drops what was there."""
    for table, there in before.schema.items():
        if table in after.schema:
            yield from renamed_columns(revision, table, before, after)
        elif before.rows.get(table):
            for other in after.schema.keys() - before.schema.keys():
                if after.schema[other]["columns"].keys() == there["columns"].keys() and not after.rows.get(other):
                    what = f"{table} goes with its rows, and {other} comes with the same columns and no rows"
                    yield Finding("values", revision, what, DO["rename"])


def renamed_columns(revision, table, before, after):
    old, new = before.schema[table]["columns"], after.schema[table]["columns"]
    for column in old.keys() - new.keys():
        if not any(row[column] is not None for row in before.rows[table].values()):
            continue
        for other in new.keys() - old.keys():
            came = {repr(row[other]) for row in after.rows[table].values()}
            if kind_of(old[column]) == kind_of(new[other]) and len(came) == 1:
                what = f"{table}.{column} goes with its values, and {table}.{other} of the same type comes without them"
                yield Finding("values", revision, what, DO["rename"])


def kind_of(column):
    return re.split(r"\W", column["type"])[0]
