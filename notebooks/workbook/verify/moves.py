"""What a project's migrations do to a database: from empty, step by step with rows, offline, and once more."""
import re

from workbook.made_up import fill
from workbook.schema import schema_differences
from workbook.verify.databases import Postgresql
from workbook.verify.findings import ERROR, WARNING, Finding
from workbook.verify.losses import lost_by, rename_in
from workbook.verify.remote import CannotVerify, Failed
from workbook.verify.walk import Trip, picture

SHOWN = 3  # lines of one kind for a revision; the others are counted
RUNNING = re.compile(r"Running (?:upgrade|downgrade) (.*) -> ([^,]*)")
NO_WAY_BACK = ("NotImplementedError", "irreversible", "not supported", "cannot be undone", "can't be undone")
DEPENDS_ON_ROWS = ("unique", "duplicate", "check constraint", "foreign key", "violates", "null value", "contains null")
DO = {
    "upgrade": "Run `flask db upgrade` on an empty database and correct the script",
    "rows": "Give rows that are there a value: a server default, or three steps: add, fill, NOT NULL",
    "data": "Look whether your rows can be like that; if so, put them right in the script, before this statement",
    "no rows": "What is said below does not hold for these tables: try the scripts on a copy with rows of yours",
    "down": "Write the downgrade, and try it: `flask db downgrade` and `flask db upgrade`",
    "no way back": "Nothing, if that was decided: a backup is the way back then",
    "again": "What the downgrade leaves behind is in the way: drop it there too",
    "trace": "Let the downgrade take back all that the upgrade makes, and bring back all that it drops",
    "rerun": "Look at what env.py and the scripts do outside a migration",
    "models": "flask db migrate, review the script, and try it; or correct the model",
    "sql": "Write the script with what `op` offers, not with what it reads from the database",
}


class Moves:
    """A project's migrations on one throw-away database. Each method yields a check and its list of Findings."""

    def __init__(self, remote, history, database, start=None, seed=None, note=lambda text: None):
        self.remote, self.history, self.database = remote, history, database
        self.start, self.seed, self.note = start, seed, note
        self.not_filled, self.sql = {}, {}

    @property
    def url(self):
        return self.database.url

    def checks(self):
        self.begin()
        empty = self.database.saved()
        problem = self.upgraded()
        yield "upgrade", problem
        stop = problem[0].revision if problem else None
        if not problem:
            full = picture(self.url)
            yield "rerun", self.again(full)
            yield "models", self.models()
            if isinstance(self.database, Postgresql):
                yield "sql", self.offline(full, empty)
        if not problem or stop:
            self.database.restore(empty)
            yield from self.walked(empty, stop)

    def begin(self):
        """An empty database, or the one that the seed makes; at the revision where the history starts."""
        try:
            if self.seed:
                self.database.run(self.seed.read_text("utf-8"))
                if not picture(self.url).heads:
                    self.remote.stamp(self.start)
            elif self.start:
                self.remote.upgrade(self.start)
        except ValueError as error:  # UnicodeDecodeError is one, too
            raise CannotVerify(f"{self.seed.name}: {error}") from error
        except Failed as error:
            raise CannotVerify(f"{self.start} cannot be reached: {error}") from error

    def known(self):
        return self.history.up_to(self.start) if self.start else set()

    # --- from empty ---------------------------------------------------------------

    def upgraded(self):
        try:
            self.remote.upgrade("heads")
            return []
        except Failed as error:
            return [Finding("upgrade", self.at_fault(error), str(error), DO["upgrade"])]

    def at_fault(self, error):
        """The revision that was running when `error` came."""
        file = error.where.partition(", line")[0]
        for revision in self.history:
            if revision.path == file:
                return revision.id
        running = [found for line in self.remote.said if (found := RUNNING.search(line))]
        known = [id for found in reversed(running) for id in found.group(2, 1) if id in self.history.revisions]
        return known[0] if known else None

    def again(self, full):
        try:
            self.remote.upgrade("heads")
        except Failed as error:
            return [Finding("rerun", None, str(error), DO["rerun"])]
        now = picture(self.url)
        lines = schema_differences(full.schema, now.schema, ("the first upgrade", "the second"))
        lines += lost_by(full.rows, now.rows).lines()
        return some("rerun", None, lines, DO["rerun"])

    def models(self):
        if len(self.history.heads) > 1:
            return []
        try:
            return some("models", None, self.remote.differences(), DO["models"])
        except Failed as error:
            return [Finding("models", None, str(error), DO["models"])]

    def offline(self, full, empty):
        """Whether the scripts can be written as SQL, and that makes the same schema; keeps the SQL of each revision."""
        try:
            text = self.remote.sql(f"{self.start}:heads" if self.start else "heads")
        except Failed as error:
            self.sql = self.sql_of_each()
            return [Finding("sql", self.at_fault(error), str(error), DO["sql"], WARNING)]
        self.sql = split(text, self.history)
        self.database.restore(empty)
        try:
            self.database.run(text)
        except ValueError as error:
            return [Finding("sql", None, str(error), DO["sql"])]
        lines = schema_differences(full.schema, picture(self.url).schema, ("the upgraded database", "the one by SQL"))
        return some("sql", None, lines, DO["sql"])

    def sql_of_each(self):
        found = {}
        for revision in self.history:
            if len(revision.parents) < 2:
                try:
                    text = self.remote.sql(f"{(*revision.parents, 'base')[0]}:{revision.id}")
                except Failed:
                    continue
                found |= split(text, self.history)
        return found

    # --- step by step ---------------------------------------------------------------

    def walked(self, empty, stop):
        """Step by step as far as the revision `stop`, which is known not to work; None for all."""
        found = {"steps": [], "values": [], "trace": []}
        applied = self.known()
        todo = [revision for revision in self.history if revision.id not in applied]
        for number, revision in enumerate(todo, 1):
            if revision.id == stop:
                break
            self.note(f"{number} of {len(todo)}: {revision.id}")
            for finding in self.step(revision, empty):
                found[finding.check].append(finding)
        lines = [f"{table}: {why_not}" for table, why_not in self.not_filled.items()]
        yield "rows", some("rows", None, lines, DO["no rows"], WARNING)
        yield from found.items()

    def step(self, revision, empty):
        """Take one step in every direction, with rows; yields Findings, and leaves the database after it."""
        up, down = revision.id, self.history.way_back(revision.id)
        self.fill(self.url)
        before, saved, trip = picture(self.url), self.database.saved(), Trip()
        try:
            trip.take(self.remote, self.url, up, down, self.fill)
        except Failed as error:
            yield from self.failed(revision, error, before, saved, empty)
        else:
            yield from self.compared(revision, trip)
        self.database.forget(saved)

    def fill(self, url):
        for table, (count, why_not) in fill(url).items():
            if not count:
                self.not_filled[table] = why_not

    def failed(self, revision, error, before, saved, empty):
        """Say which part of the step failed, and bring the database behind it in another way."""
        self.database.restore(saved)
        try:
            self.remote.upgrade(revision.id)
        except Failed as failure:
            yield self.no_upgrade(revision, failure, before)
            self.database.restore(empty)
            self.remote.upgrade(revision.id)  # it is known to work without rows
            return
        behind = self.database.saved()
        try:
            self.remote.downgrade(self.history.way_back(revision.id))
        except Failed as failure:
            if any(words in str(failure) for words in NO_WAY_BACK) and "No support for" not in str(failure):
                yield Finding("steps", revision.id, f"there is no way back: {failure}", DO["no way back"], WARNING)
            else:
                yield Finding("steps", revision.id, f"it does not go down: {failure}", DO["down"])
        else:
            yield Finding("steps", revision.id, f"it goes up and down once only: {error}", DO["again"])
        self.database.restore(behind)
        self.database.forget(behind)

    def no_upgrade(self, revision, error, before):
        """An upgrade that fails on rows: its own fault if no row can pass it, else a matter of the rows."""
        known = {column for table in before.schema.values() for column in table["columns"]}
        column = re.search(r'column "(\w+)" of relation|NOT NULL constraint failed: \S*?(\w+)$', str(error))
        new = "Cannot add a NOT NULL column" in str(error) or (column and (column[1] or column[2]) not in known)
        if new:
            return Finding("steps", revision.id, f"it fails on a table with rows: {error}", DO["rows"])
        level = WARNING if any(words in str(error).lower() for words in DEPENDS_ON_ROWS) else ERROR
        return Finding("steps", revision.id, f"it fails on made-up rows: {error}", DO["data"], level)

    def compared(self, revision, trip):
        id = revision.id
        script = (self.remote.folder / revision.path).read_text("utf-8", errors="replace")
        yield from rename_in(id, trip.before, trip.first)
        yield from lost_by(trip.before.rows, trip.first.rows).findings(id, "the upgrade", script)
        yield from lost_by(trip.filled.rows, trip.emptied.rows).findings(id, "the downgrade", script)
        names = ("the schema before", "the one after up and down")
        yield from some("trace", id, schema_differences(trip.before.schema, trip.back.schema, names), DO["trace"])
        names = ("the first upgrade", "the second")
        yield from some("steps", id, schema_differences(trip.first.schema, trip.again.schema, names), DO["again"])



def some(check, revision, lines, do, level=ERROR):
    """A Finding for each of the first lines, the last one with how many more there are."""
    lines = list(lines)
    more = len(lines) - SHOWN
    shown = lines[:SHOWN]
    if more > 0:
        shown[-1] += f" (and {more} more)"
    return [Finding(check, revision, line, do, level) for line in shown]


def split(text, history):
    """{revision: its SQL}, from the output of --sql for many."""
    parts = re.split(r"(?m)^-- Running (?:upgrade|downgrade)(?: (.*?))? -> (.*)$", text)
    return {parts[place + 1].strip(): parts[place + 2] for place in range(1, len(parts) - 2, 3)}
