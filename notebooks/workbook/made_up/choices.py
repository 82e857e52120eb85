"""The rows that a table may get next: what its constraints allow, and each number another row."""
from collections import Counter
from random import Random

from sqlalchemy import select

from workbook.made_up.checks import satisfying
from workbook.made_up.slots import column_slot, reference_slots

KNOWN = 20_000  # rows whose unique values are looked up


class Choices:
    """The rows that a table may get next; the same number gives the same row."""

    def __init__(self, connection, shape, shapes, uniques, checks, start, *, empty):
        unique = {name for names in uniques for name in names}
        slots = reference_slots(connection, shape, shapes, unique, start)
        taken = {name for slot in slots for name in slot.columns}
        alone = {names[0] for names in uniques if len(names) == 1}
        slots += [slot for name in shape.columns if name not in taken and (slot := column_slot(shape, name, alone))]
        self.slots = satisfying(connection, shape, slots, checks, start)
        self.columns = {name for slot in slots for name in slot.columns}
        self.uniques = [names for names in uniques if self.columns.issuperset(names)]
        self.used = {names: set() if empty else known(connection, shape, names) for names in self.uniques}

    def row(self, number, shaken=0):
        """The row of that number, with other values for each `shaken`; what is unique is new, if there is anything."""
        random = Random(f"{number} {shaken}")
        steps = start = [random.randrange(20) if shaken else 0 for _ in self.slots]
        turns, left = Counter(), list(self.uniques)
        while True:
            row = {}
            for slot, step in zip(self.slots, steps, strict=True):
                row |= zip(slot.columns, slot.at(number, step), strict=True)
            clash = next((names for names in left if values_of(row, names) in self.used[names]), None)
            if clash is None:
                return row
            turns[clash] += 1
            steps = self.stepped(clash, steps, turns[clash])
            if steps is None:  # all combinations are there: the database may know better, as with an index WHERE
                left.remove(clash)
                steps = start

    def stepped(self, names, steps, turn):
        """The steps with which what fills the columns `names` chooses anew; None if all combinations had their turn."""
        steps = list(steps)
        concerned = [place for place, slot in enumerate(self.slots) if not set(names).isdisjoint(slot.columns)]
        for place in sorted(concerned, key=lambda place: not self.slots[place].more):
            turn, steps[place] = divmod(turn, self.slots[place].steps())
        return None if turn else steps

    def note(self, row):
        """Count `row` as put in; returns what is not free any more."""
        taken = [(names, values) for names in self.uniques if (values := values_of(row, names)) not in self.used[names]]
        for names, values in taken:
            if values is not None:
                self.used[names].add(values)
        return taken

    def free(self, taken):
        for names, values in taken:
            self.used[names].discard(values)


def values_of(row, names):
    """What no other row may have; None if there is a NULL among it, as a NULL is different from all others."""
    values = [row[name] for name in names]
    if any(value is None for value in values):
        return None
    return tuple(value.casefold().strip() if isinstance(value, str) else repr(value) for value in values)


def known(connection, shape, names):
    query = select(*(shape.table.c[name] for name in names)).limit(KNOWN)
    return {values_of(row, names) for row in connection.execute(query).mappings()} - {None}
