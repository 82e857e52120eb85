"""All checks of one project, in their order: its scripts, then its migrations on each kind of database."""
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from workbook.verify import kills
from workbook.verify.moves import Moves
from workbook.verify.project import Opening, copied, throw_away
from workbook.verify.remote import CannotVerify
from workbook.verify.report import Line, Report

NO_DRIVER = "the project's interpreter has no driver for it: pip install psycopg2-binary"
DATABASES = ("sqlite", "postgresql")


def examined(path, options, progress):
    """The Report on the project in the folder `path`; `progress` is told what is done and what was found."""
    report = Report(path.resolve().name, "", [])
    try:
        with copied(path) as copy, TemporaryDirectory(prefix="verify", ignore_cleanup_errors=True) as scratch:
            for line in Examination(path, copy, scratch, options, progress).lines():
                report.lines.append(line)
                progress.show(line)
        return report
    except CannotVerify as error:
        return report._replace(why_not=str(error))


class Examination:
    """One project while it is verified: `path` is its folder, `copy` is where it is run."""

    def __init__(self, path, copy, scratch, options, progress):
        self.path, self.copy, self.scratch, self.options, self.progress = path, copy, scratch, options, progress
        self.opening = Opening(path, options.python, options.app, options.url_variable)
        self.told_about = False

    def lines(self):
        """Yield the Lines of all checks."""
        here = self.opening.versions()
        self.driver = here["postgresql"]
        self.versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
        for kind in [self.options.database] if self.options.database else DATABASES:
            if kind == "postgresql" and not self.driver:
                yield Line("upgrade", kind, [], NO_DRIVER)
            else:
                yield from self.on(kind)

    def on(self, kind):
        with throw_away(kind, self.scratch) as database, self.opened(database) as (remote, history, facts):
            self.require_it_can_be_walked(history, facts)
            self.tell(history)
            seed = self.options.seed.read_text("utf-8") if self.options.seed else None
            note = lambda text: self.progress.note(f"{self.path.name} on {kind}: {text}")
            moves = Moves(remote, history, database, self.options.start, seed, note)
            for check, findings in moves.checks():
                yield Line(check, kind, findings)
            if self.options.faults:
                yield from self.with_faults(kind, history, note)

    def opened(self, database):
        return self.opening.remote(self.copy, database, self.driver)

    @contextmanager
    def another(self, database):
        with self.opened(database) as (remote, *_):
            yield remote

    def require_it_can_be_walked(self, history, facts):
        if facts["binds"]:
            binds = ", ".join(facts["binds"])
            raise CannotVerify(f"It has several databases (SQLALCHEMY_BINDS: {binds}), and one can be verified")
        if not len(history):
            raise CannotVerify("It has no revision yet: flask db migrate")
        if self.options.start and self.options.start not in history.revisions:
            raise CannotVerify(f"There is no revision {self.options.start}")

    def tell(self, history):
        if not self.told_about:
            self.progress.say(f"{self.path.resolve().name}: {len(history)} revisions ({self.versions})")
            self.told_about = True

    def with_faults(self, kind, history, note):
        with throw_away(kind, self.scratch, 1) as database:
            opened = partial(self.another, database)
            yield Line("at once", kind, kills.at_once(opened, database))
        with throw_away(kind, self.scratch, 2) as database:
            survived = kills.killed(partial(self.another, database), database, history, note=note)
            yield Line("kills", kind, list(kills.findings_of(survived, None)))
