"""The rows that a table may get next: what its constraints allow, and each number another row."""
from collections import Counter
from random import Random

from sqlalchemy import select

from workbook.made_up.checks import satisfying
from workbook.made_up.slots import column_slot, reference_slots

KNOWN = 20_000  # rows whose unique values are looked up


class Choices:
    """The rows that a table may get next; the same number gives the same row."""

    def __init__(self, connection, shape, shapes, uniques, checks, start):
        unique = {name for names in uniques for name in names}
        slots = reference_slots(connection, shape, shapes, unique, start)
        taken = {name for slot in slots for name in slot.columns}
        alone = {names[0] for names in uniques if len(names) == 1}
        slots += [slot for name in shape.columns if name not in taken and (slot := column_slot(shape, name, alone))]
        self.slots = satisfying(connection, shape, slots, checks, start)
        self.columns = {name for slot in slots for name in slot.columns}
        self.uniques = [names for names in uniques if self.columns.issuperset(names)]
        self.used = {names: known(connection, shape, names) if start else set() for names in self.uniques}

    def row(self, number, shaken=0):
        """The row of that number, with other values for each `shaken`; what is unique is new, if there is anything."""
        random = Random(f"{number} {shaken}")
        steps = [random.randrange(20) if shaken else 0 for _ in self.slots]
        turns = Counter()
        while True:
            row = {}
            for slot, step in zip(self.slots, steps, strict=True):
                row |= zip(slot.columns, slot.at(number, step), strict=True)
            clash = next((names for names in self.uniques if values_of(row, names) in self.used[names]), None)
            turns[clash] += 1
            if clash is None or sum(turns.values()) > 2000 or not self.step(clash, steps, turns[clash]):
                return row

    def step(self, names, steps, turn):
        """Let the slots that fill the columns `names` choose anew; False if all combinations have had their turn."""
        concerned = [place for place, slot in enumerate(self.slots) if not set(names).isdisjoint(slot.columns)]
        for place in sorted(concerned, key=lambda place: not self.slots[place].more):
            turn, steps[place] = divmod(turn, self.slots[place].steps())
        return turn == 0

    def note(self, row):
        for names, used in self.used.items():
            used.add(values_of(row, names))

    def forget(self, row):
        for names, used in self.used.items():
            used.discard(values_of(row, names))


def values_of(row, names):
    """Under what an index knows these values, at the worst; None is different from None."""
    values = [row[name] for name in names]
    if any(value is None for value in values):
        return None
    return tuple(value.casefold().strip() if isinstance(value, str) else repr(value) for value in values)


def known(connection, shape, names):
    query = select(*(shape.table.c[name] for name in names)).limit(KNOWN)
    return {values_of(row, names) for row in connection.execute(query).mappings()} - {None}
