"""`tox -e site`: build the workbook as a static site, into build/site.

    python -m workbook.site             build it, for any static host, also below a sub-path
    python -m workbook.site --serve     and show it on this machine [--port PORT]
    python -m workbook.site --check     and run its tests in an installed Chromium
    python -m workbook.site --lock      write the versions of what Python has in a tab, then build
"""
import argparse
import subprocess
import sys

from workbook.site import build, parts, serve
from workbook.stages import ROOT


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tox -e site --", description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help="show the site on this machine until Ctrl-C")
    parser.add_argument("--port", type=int, default=8000, help="the port for --serve")
    parser.add_argument("--check", action="store_true", help="run the tests of the site in a browser")
    parser.add_argument("--lock", action="store_true", help="write requirements.txt from requirements.in")
    options, more = parser.parse_known_args(arguments)
    if more and not options.check:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    try:
        if options.lock:
            parts.lock()
        site = build.build()
    except parts.NotFetched as problem:
        print(problem)
        return 1
    print(f"The site is in {site.relative_to(ROOT)}: {build.told(site)}. Any static host can serve that folder.")
    if options.check:
        tests = [sys.executable, "-m", "pytest", "-p", "workbook_run", "-rs", *(more or ["tests/site"])]
        return subprocess.run(tests, cwd=ROOT).returncode
    if options.serve:
        serve.forever(site, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
