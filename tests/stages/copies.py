"""Each stage, copied alone to an empty folder, does what its README says there.

    python tests/stages/copies.py              in this environment, which has only what requirements.txt names
    python tests/stages/copies.py --install    with a new virtual environment for each copy, by venv and pip
    … NAME …                                   these stages only

For each copy: `flask db upgrade`, `flask seed`, `flask run` (every page answers) and
`pytest`.
Uses the standard library only, since nothing else is installed there.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STAGES = Path(__file__).resolve().parents[2] / "stages"
NAMES = sorted(path.name for path in STAGES.glob("[0-9][0-9]_*"))
KEPT = {"PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "PIP_CONFIG_FILE"}


class Failed(Exception):
    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="stages; without any, all of them")
    parser.add_argument("--install", action="store_true", help="make a virtual environment for each copy")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no stage {min(unknown)}; the stages are {', '.join(NAMES)}")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: result_of(name, options.install), options.names or NAMES))
    for name, problem in results:
        print(f"{name:<28} {problem or 'upgrades, seeds, serves and passes its tests, copied alone'}")
    failed = sum(bool(problem) for _, problem in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def result_of(name, install):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "my app"  # a blank in the path, as people have
        ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", "instance")
        shutil.copytree(STAGES / name, copy, ignore=ignored)
        try:
            try_out(copy, installed_python(copy) if install else sys.executable)
        except Failed as problem:
            return name, str(problem)
    return name, None


def installed_python(copy):
    run(copy, sys.executable, "-m", "venv", ".venv")
    python = copy / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(copy, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt")
    return python


def try_out(copy, python):
    check_nothing_is_shared(copy)
    run(copy, python, "-m", "flask", "db", "upgrade")
    run(copy, python, "-m", "flask", "seed")
    serve(copy, python)
    said = run(copy, python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    if not re.search(r"^\d+ passed in ", said, re.MULTILINE):  # pytest is content with tests that are left out
        raise Failed(f"pytest did not run every test:\n{said}")


def check_nothing_is_shared(copy):
    if (copy / ".venv").exists():
        return
    if links := [path.name for path in copy.rglob("*") if path.is_symlink()]:
        raise Failed(f"{links[0]} is a symbolic link: a copy would miss what it points at")


def run(copy, *command):
    ended = subprocess.run(
        [str(part) for part in command], cwd=copy, env=environment(), stdin=subprocess.DEVNULL, capture_output=True
    )
    said = (ended.stdout + ended.stderr).decode(errors="replace").strip()
    if ended.returncode:
        raise Failed(f"{' '.join(str(part) for part in command[1:])} ended with {ended.returncode}:\n{said}")
    return said


def environment():
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PIP_")}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def serve(copy, python):
    """Open every page that the app has a link to, from the first one on."""
    server = subprocess.Popen(
        [str(python), "-m", "flask", "run", "--port", "0"],
        cwd=copy, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8",
    )  # fmt: skip
    try:
        address = next((found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+", line))), None)
        if not address:
            raise Failed("flask run ended before it served a page")
        paths, seen = ["/"], set()
        while paths:
            if (path := paths.pop()) not in seen:
                seen.add(path)
                page = get(address + path)
                paths += [link for link in re.findall(r'href="(/[^"#]*)"', page) if "?" not in link]
        if not any(path.endswith(".css") for path in seen):
            raise Failed("the pages have no style sheet of their own")
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise Failed(f"{url} answered {error.code}") from None


if __name__ == "__main__":
    sys.exit(main())
