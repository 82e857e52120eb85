"""All checks of one project, in their order: its scripts, then its migrations on each kind of database."""
import shutil
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from workbook.stages import TEMPLATES
from workbook.verify import kills
from workbook.verify.fits import fits
from workbook.verify.locks import locks
from workbook.verify.moves import Moves
from workbook.verify.project import NoDriver, Opening, copied, throw_away
from workbook.verify.remote import CannotVerify, Failed
from workbook.verify.report import Line, Report
from workbook.verify.static import static_checks

DATABASES = ("sqlite", "postgresql")


def examined(path, options, progress):
    """The Report on the project in the folder `path`; `progress` is told what is done and what was found."""
    report = Report(path.resolve().name, "", [])
    try:
        with copied(path) as copy, TemporaryDirectory(prefix="verify", ignore_cleanup_errors=True) as scratch:
            try:
                for line in Examination(path, copy, scratch, options, progress).lines():
                    report.lines.append(line)
                    progress.show(line)
            except CannotVerify:
                for line in () if report.lines else misfits(copy):  # which may be why
                    report.lines.append(line)
                    progress.show(line)
                raise
        return report
    except (CannotVerify, Failed) as error:  # Failed: the project's process has ended where nobody expects it
        return report._replace(why_not=str(error))


def misfits(copy):
    """A Line that says what is wrong with a history that Alembic cannot load; none if nothing is."""
    found = list(fits(None, copy)) if any(copy.rglob("versions")) else []
    return [Line("history", "", found)] if found else []


class Examination:
    """One project while it is verified: `path` is its folder, `copy` is where it is run."""

    def __init__(self, path, copy, scratch, options, progress):
        self.path, self.copy, self.scratch, self.options, self.progress = path, copy, scratch, options, progress
        self.opening = Opening(path, options.python, options.app, options.url_variable, options.directory)
        self.told_about = False

    def lines(self):
        """Yield the Lines of all checks."""
        for kind in [self.options.database] if self.options.database else DATABASES:
            try:
                yield from self.on(kind)
            except NoDriver as error:
                yield Line("upgrade", kind, [], str(error))

    def on(self, kind):
        with self.opened(kind, self.copy) as (opened, database):
            self.require_it_can_be_walked(opened)
            if not self.told_about:
                self.tell(opened)
                yield from self.of_the_scripts(opened)
            note = lambda text: self.progress.note(f"{self.path.name} on {kind}: {text}")
            moves = Moves(opened.remote, opened.history, database, self.options.start, self.options.seed, note)
            for check, findings in moves.checks():
                yield Line(check, kind, findings)
            if moves.sql:
                yield Line("locks", kind, self.new(locks(moves.sql, self.copy), opened.history))
            if self.options.faults:
                yield from self.with_faults(kind, opened.history, note)

    @contextmanager
    def opened(self, kind, copy, number=0):
        """(Opened, its database, which is empty) for the block: some apps make tables as soon as they are loaded."""
        with throw_away(kind, self.scratch, number) as database:
            empty = database.saved()
            with self.opening.opened(copy, database) as opened:
                database.restore(empty)
                yield opened, database

    def require_it_can_be_walked(self, opened):
        if opened.binds:
            binds = ", ".join(opened.binds)
            raise CannotVerify(f"It has several databases (SQLALCHEMY_BINDS: {binds}), and one can be verified")
        if not len(opened.history):
            raise CannotVerify("It has no revision yet: flask db migrate")
        if self.options.start and self.options.start not in opened.history.revisions:
            raise CannotVerify(f"There is no revision {self.options.start}")

    def tell(self, opened):
        versions = ", ".join(f"{name} {version}" for name, version in opened.versions.items())
        self.progress.say(f"{self.path.resolve().name}: {len(opened.history)} revisions ({versions})")
        self.told_about = True

    def of_the_scripts(self, opened):
        for check, look in static_checks(opened.names_constraints).items():
            yield Line(check, "", self.new(look(opened.history, self.copy), opened.history))

    def new(self, findings, history):
        """Those of the revisions after --start."""
        old = history.up_to(self.options.start) if self.options.start else set()
        return [finding for finding in findings if finding.revision not in old]

    def with_faults(self, kind, history, note):
        yield Line("at once", kind, self.at_once(kind))
        survived = self.killed(kind, self.copy, history, note)
        gained = self.killed(kind, self.with_our_env(history), history, note) if survived.lost else None
        yield Line("kills", kind, list(kills.findings_of(survived, gained)))

    def at_once(self, kind):
        with self.opened(kind, self.copy, 1) as (first, database), ExitStack() as stack:
            empty = database.saved()
            more = [self.opening.opened(self.copy, database) for _ in range(kills.AT_ONCE - 1)]
            remotes = [first.remote, *(stack.enter_context(each).remote for each in more)]
            database.restore(empty)
            return kills.at_once(remotes)

    def killed(self, kind, copy, history, note):
        with self.opened(kind, copy, 2) as (opened, database):
            again = partial(self.opening.opened, copy, database)
            return kills.killed(opened.remote, again, database, history, note=note)

    def with_our_env(self, history):
        """A second copy of the project, with the workbook's env.py."""
        copy = Path(self.scratch) / "with our env" / self.copy.name
        shutil.copytree(self.copy, copy, symlinks=True, dirs_exist_ok=True)
        migrations = (copy / next(iter(history)).path).parents[1]
        for name in ("env.py", "safety.py"):
            shutil.copyfile(TEMPLATES / "migrations" / name, migrations / name)
        return copy
