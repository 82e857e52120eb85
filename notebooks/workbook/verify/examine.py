"""All checks of one project, in their order: its scripts, then its migrations on each kind of database."""
import shutil
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from workbook.stages import TEMPLATES
from workbook.verify import kills
from workbook.verify.moves import Moves
from workbook.verify.project import NoDriver, Opening, copied, throw_away
from workbook.verify.remote import CannotVerify
from workbook.verify.report import Line, Report

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
        for kind in [self.options.database] if self.options.database else DATABASES:
            try:
                yield from self.on(kind)
            except NoDriver as error:
                yield Line("upgrade", kind, [], str(error))

    def on(self, kind):
        with throw_away(kind, self.scratch) as database, self.opening.opened(self.copy, database) as opened:
            self.require_it_can_be_walked(opened)
            self.tell(opened)
            seed = self.options.seed.read_text("utf-8") if self.options.seed else None
            note = lambda text: self.progress.note(f"{self.path.name} on {kind}: {text}")
            moves = Moves(opened.remote, opened.history, database, self.options.start, seed, note)
            for check, findings in moves.checks():
                yield Line(check, kind, findings)
            if self.options.faults:
                yield from self.with_faults(kind, opened.history, note)

    @contextmanager
    def another(self, copy, database):
        with self.opening.opened(copy, database) as opened:
            yield opened.remote

    def require_it_can_be_walked(self, opened):
        if opened.binds:
            binds = ", ".join(opened.binds)
            raise CannotVerify(f"It has several databases (SQLALCHEMY_BINDS: {binds}), and one can be verified")
        if not len(opened.history):
            raise CannotVerify("It has no revision yet: flask db migrate")
        if self.options.start and self.options.start not in opened.history.revisions:
            raise CannotVerify(f"There is no revision {self.options.start}")

    def tell(self, opened):
        if not self.told_about:
            versions = ", ".join(f"{name} {version}" for name, version in opened.versions.items())
            self.progress.say(f"{self.path.resolve().name}: {len(opened.history)} revisions ({versions})")
            self.told_about = True

    def with_faults(self, kind, history, note):
        with throw_away(kind, self.scratch, 1) as database:
            yield Line("at once", kind, kills.at_once(partial(self.another, self.copy, database), database))
        survived = self.killed(kind, self.copy, history, note)
        gained = self.killed(kind, self.with_our_env(history), history, note) if survived.lost else None
        yield Line("kills", kind, list(kills.findings_of(survived, gained)))

    def killed(self, kind, copy, history, note):
        with throw_away(kind, self.scratch, 2) as database:
            return kills.killed(partial(self.another, copy, database), database, history, note=note)

    def with_our_env(self, history):
        """A second copy of the project, with the workbook's env.py."""
        copy = Path(self.scratch) / "with our env" / self.copy.name
        shutil.copytree(self.copy, copy, symlinks=True, dirs_exist_ok=True)
        migrations = (copy / next(iter(history)).path).parents[1]
        for name in ("env.py", "safety.py"):
            shutil.copyfile(TEMPLATES / "migrations" / name, migrations / name)
        return copy
