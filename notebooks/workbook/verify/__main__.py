"""`tox -e verify -- PATH`: the workbook's checks on a project that somebody else wrote.

    python -m workbook.verify PATH [PATH …]

A PATH is the folder in which you would run `flask db`. The project is copied,
driven in its own interpreter, and migrated on throw-away databases with
made-up rows: its own files and databases are not touched. The exit code is 0
if no fault was found, 1 if there is one, 2 if something could not be verified.
"""
import argparse
import sys
import time
from pathlib import Path

from workbook import postgres
from workbook.verify.examine import DATABASES, examined
from workbook.verify.report import junit, printed, summary

CLEAN, FAULTS, NOT_VERIFIED = 0, 1, 2


def main(arguments=None):
    options = parsed(arguments)
    with postgres.server():
        reports = [verified(path, options) for path in options.paths]
    if len(reports) > 1:
        print("\n" + "\n".join(summary(reports)))
    if options.junit_xml:
        Path(options.junit_xml).write_text(junit(reports), "utf-8")
    return max(code_of(report) for report in reports)


def parsed(arguments):
    parser = argparse.ArgumentParser(
        prog="tox -e verify --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="the folder of a project")
    parser.add_argument("--python", help="the project's interpreter (default: its .venv, else the workbook's)")
    parser.add_argument("--app", help="as in `flask --app`, where the project does not say it itself")
    parser.add_argument("--directory", help="as in `flask db --directory`: where its env.py is")
    parser.add_argument("--database", choices=DATABASES, help="this one only (default: each)")
    parser.add_argument("--url-variable", default="DATABASE_URL", metavar="NAME", help="where the app finds its URL")
    parser.add_argument("--start", metavar="REVISION", help="check what comes after this revision only")
    parser.add_argument("--seed", metavar="FILE.sql", type=Path, help="makes the database as it is at --start")
    parser.add_argument("--faults", action="store_true", help="kill it at every statement, upgrade several at once")
    parser.add_argument("--junit-xml", metavar="FILE", help="write the results for a CI server, too")
    options = parser.parse_args(arguments)
    if options.seed and not options.start:
        parser.error("--seed needs --start: at which revision is the database that it makes?")
    if options.seed and not options.seed.is_file():
        parser.error(f"there is no file {options.seed}")
    return options


def verified(path, options):
    """The Report on one project, printed as it grows."""
    progress = Progress()
    report = examined(path, options, progress)
    progress.clear()
    counts = f"{report.result} ({report.count('FAULT')} with faults, {report.count('look')} to look at)"
    print(f"{report.name}: {report.why_not or counts}\n", flush=True)
    return report


class Progress:
    """What is being done, on one line that is overwritten; nothing where the output is no terminal."""

    def __init__(self):
        self.shown, self.last = sys.stderr.isatty(), 0.0

    def note(self, text):
        if self.shown and time.monotonic() - self.last > 0.1:
            print(f"\r\x1b[K  … {text[:100]}", end="", file=sys.stderr, flush=True)
            self.last = time.monotonic()

    def clear(self):
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def say(self, line):
        self.clear()
        print(line, flush=True)

    def show(self, line):
        for text in printed(line):
            self.say(text)


def code_of(report):
    if report.why_not:
        return NOT_VERIFIED
    return FAULTS if report.count("FAULT") else CLEAN


if __name__ == "__main__":
    sys.exit(main())
