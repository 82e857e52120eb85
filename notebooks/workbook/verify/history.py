"""The revisions of a project as plain data: they may come from another interpreter."""
from typing import NamedTuple

from alembic.util import to_tuple


class Revision(NamedTuple):
    """One migration script."""

    id: str
    parents: tuple  # ids: down_revision; none for the first, two or more for a merge
    needs: tuple  # ids: depends_on
    path: str  # of the script, from the project's folder, with "/"
    doc: str  # its message

    @property
    def before(self):
        """The ids of the revisions that have to be applied before this one."""
        return {*self.parents, *self.needs}


class History:
    """All revisions of a project, by id, each after those that it needs: {id: Revision}."""

    def __init__(self, revisions):
        self.revisions = {revision.id: revision for revision in in_order(revisions)}

    def __iter__(self):
        return iter(self.revisions.values())

    def __len__(self):
        return len(self.revisions)

    def __getitem__(self, id):
        return self.revisions[id]

    @property
    def heads(self):
        """The ids of those that no other one comes after, sorted."""
        return sorted(self.tips(self.revisions))

    def tips(self, applied):
        """What the table alembic_version holds when the revisions with the ids `applied` are there."""
        return set(applied) - {parent for id in applied for parent in self[id].before}

    def next_ones(self, applied):
        """The revisions that can be applied when those in `applied` are there."""
        return [revision for revision in self if revision.id not in applied and revision.before <= applied]

    def up_to(self, id):
        """The ids of `id` and of all that come before it."""
        found, open_ones = set(), [id]
        while open_ones:
            if (each := open_ones.pop()) not in found:
                found.add(each)
                open_ones += self[each].before
        return found

    def on_every_way(self):
        """The ids of the revisions that lie on no branch: each other one comes before or after them."""
        before = {id: self.up_to(id) for id in self.revisions}
        return {id for id in before if all(id in before[other] or other in before[id] for other in before)}

    def way_back(self, id):
        """The target of `flask db downgrade` that takes back the revision `id` and leaves a sibling's branch alone."""
        return f"{id}@{(*self[id].parents, 'base')[0]}"


def in_order(revisions):
    """The revisions, each after those that it needs, else as they come; ValueError if that cannot be."""
    known, placed = {revision.id: revision for revision in revisions}, {}
    for start in sorted(known):
        way = [start]
        while way:
            here = known[way[-1]]
            if missing := sorted(here.before - known.keys()):
                raise ValueError(f"{here.path} comes after {missing[0]}, which is in no script")
            if open_ones := [id for id in sorted(here.before) if id not in placed]:
                if open_ones[0] in way:
                    raise ValueError(f"{here.path} comes before and after itself")
                way.append(open_ones[0])
            else:
                placed.setdefault(here.id, here)
                way.pop()
    return list(placed.values())


def history_of(script):
    """The History of Alembic's ScriptDirectory `script`."""
    found = []
    for each in script.walk_revisions():
        needs = [other.revision for other in script.get_revisions(each.dependencies)] if each.dependencies else ()
        parents = to_tuple(each.down_revision, default=())
        found.append(Revision(each.revision, parents, tuple(needs), each.path, each.doc))
    return History(found)
