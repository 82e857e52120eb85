"""What may go into the columns of a table's new rows, before its CHECKs have been asked."""
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.types import NullType

from workbook.made_up.values import another, pool_of

ROWS = 24  # added to each table by one call; no pool of awkward values is longer


class NoValue(Exception):
    """Why there is no value for a column, in one line."""


@dataclass
class Slot:
    """Columns that are filled together, with what may go into them."""

    columns: tuple
    pool: list  # of tuples, used in turn
    more: Callable | None = None  # {number of a row: tuple}: another one for each
    distinct: bool = False  # whether no two rows may have the same, so that `more` alone is used

    def at(self, number, step=0):
        """What row `number` gets; with another `step`, something else."""
        if self.more and (self.distinct or step):
            return self.more(number + 1000 * (step if self.distinct else step - 1))
        return self.pool[(number + step) % len(self.pool)]

    def steps(self):
        return 20 if self.more else len(self.pool)

    def first(self, start):
        """What the next rows would get."""
        return [self.more(number) for number in range(start, start + ROWS)] if self.distinct else self.pool


def reference_slots(connection, shape, shapes, unique, start):
    """A Slot for each foreign key; for those that have a column in common, one together."""
    slots = []
    for reference in sorted(shape.references, key=lambda each: -len(each.columns)):
        most = start + ROWS if unique.intersection(reference.columns) else 5
        slot = Slot(reference.columns, referred(connection, shape, shapes, reference, most))
        for other in [other for other in slots if not set(other.columns).isdisjoint(slot.columns)]:
            slots.remove(other)
            slot = joined(other, slot)
        if not complete(slot):
            raise NoValue(f"{', '.join(reference.columns)} refers to {reference.table}, which has no row for it")
        slots.append(slot)
    return [Slot(slot.columns, complete(slot)) for slot in slots]


def complete(slot):
    """Of the rows {column: value} in a pool those that have a value for each column, as tuples."""
    return [tuple(map(row.get, slot.columns)) for row in slot.pool if len(row) == len(slot.columns)]


def referred(connection, shape, shapes, reference, most):
    """What the columns of a foreign key may hold: {column: value} for each row that is there, and NULL."""
    found = []
    if reference.table in shapes:
        columns = [shapes[reference.table].table.c[name] for name in reference.targets]
        query = select(*columns).where(*(each.is_not(None) for each in columns)).order_by(*columns).limit(most)
        found = [dict(zip(reference.columns, row, strict=True)) for row in connection.execute(query)]
    if shape.may_be_null(reference.columns):
        found.append({name: None for name in reference.columns if shape.may_be_null([name])})
    return found


def joined(left, right):
    columns = tuple(dict.fromkeys([*left.columns, *right.columns]))
    pool = [a | b for a in left.pool for b in right.pool if all(a[name] == b[name] for name in a.keys() & b.keys())]
    return Slot(columns, pool)


def column_slot(shape, name, alone):
    """The Slot of one column; None if the database fills it in."""
    column, may_be_null = shape.columns[name], shape.may_be_null([name])
    default, type = column["default"], column["type"]
    if column.get("numbered") or column.get("computed") or column.get("identity") or "nextval(" in (default or ""):
        return None
    pool = [(value,) for value in pool_of(name, type, default)]
    more = None if another(name, type, 0) is None else lambda number: (another(name, type, number),)
    distinct = more is not None and (name in alone or name == "email" or not pool)
    if may_be_null and (None,) not in pool:
        pool.append((None,))
    elif not may_be_null:
        pool = [value for value in pool if value != (None,)]
    if pool or more:
        return Slot((name,), pool, more, distinct)
    if default is not None:
        return None
    named = "whose type SQLAlchemy does not know" if isinstance(type, NullType) else f"a {type!r}"
    raise NoValue(f"no value is known for {name}, {named}")
