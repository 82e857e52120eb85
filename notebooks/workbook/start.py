"""`tox -e start`: begin your own app as a copy of a stage.

    python notebooks/workbook/start.py STAGE PATH [--no-install]

The copy gets the name of its folder, a git repository with a first commit, and
a virtual environment with what its requirements.txt names. It appears at PATH
when it is complete, or not at all. The environment is made last, in its place,
since it could not be moved.
Uses the standard library only: nothing has to be installed to begin.
"""
import argparse
import html
import os
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = {path.name: path for path in sorted((ROOT / "stages").glob("[0-9][0-9]_*"))}
LEFT_OUT = shutil.ignore_patterns("instance", "__pycache__", ".pytest_cache", ".venv")
WINDOWS = os.name == "nt"
# Set, they would send git to another repository than the app's.
NOT_FOR_GIT = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}


class Problem(Exception):
    """What a person has to know, in one line."""


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tox -e start --", description=__doc__.partition("\n")[0])
    parser.add_argument("stage", help=f"the stage to copy: {', '.join(STAGES)}")
    parser.add_argument("path", help="the folder of your app, such as ../myapp: a new one, or an empty one")
    parser.add_argument("--no-install", action="store_true", help="make no virtual environment")
    options = parser.parse_args(arguments)
    try:
        target = target_of(options.stage, options.path)
        make_project(options.stage, target)
    except (Problem, OSError) as problem:
        print(f"Nothing was made: {problem}", file=sys.stderr)
        return 1
    print(f"{target.name} is a copy of {options.stage}, in {target}")
    failed = False
    if not options.no_install:
        try:
            install(target)
        except (Problem, OSError) as problem:
            failed = True
            print(f"The app is complete, but its packages could not be installed: {problem}", file=sys.stderr)
    print_next(options.path, installed=not (failed or options.no_install))
    return int(failed)


def target_of(stage, path):
    """The folder that `path` means, absolute; Problem if the stage is unknown or no app can be made there."""
    if stage not in STAGES:
        raise Problem(f"there is no stage {stage}. The stages are {', '.join(STAGES)}.")
    target = Path(path).expanduser().resolve()
    if target == ROOT or ROOT in target.parents:
        raise Problem(f"{target} is inside the workbook. Choose a place beside it, such as ../myapp.")
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Problem(f"{target} is there already, and is not an empty folder.")
    if not target.parent.is_dir():
        raise Problem(f"there is no folder {target.parent}.")
    return target


def make_project(stage, target):
    """Copy the stage beside `target`, make the copy complete, and only then give it its place."""
    copy = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        shutil.copytree(STAGES[stage], copy, ignore=LEFT_OUT)
        give_name(copy, target.name)
        first_commit(copy, stage, target.name)
        if target.exists():
            target.rmdir()  # Windows puts no folder in the place of an empty one
        copy.rename(target)
    finally:
        remove(copy)  # what is left of it if something failed


def remove(folder):
    if folder.exists():
        for path in folder.rglob("*"):
            path.chmod(0o700)  # git's files are read-only, and Windows keeps such
        shutil.rmtree(folder)


def give_name(copy, name):
    """Write the app's name where people read one: as its README's title, and on its pages."""
    shown = html.escape(name).replace("{", "&#123;")  # in a template, { might begin something
    change(copy / "README.md", lambda text: f"# {name}\n{text.partition(chr(10))[2]}")
    change(copy / "templates" / "base.html", lambda text: text.replace("Migrations workbook", shown))


def change(file, new):
    file.write_bytes(new(file.read_bytes().decode()).encode())


def first_commit(copy, stage, name):
    """A git repository with everything in one commit; one line if there is no git."""
    if not shutil.which("git"):
        print("There is no git here, so the app has no repository yet.")
        return
    run(copy, "git", "init", "--quiet")
    run(copy, "git", "add", "--all")
    try:
        run(copy, "git", "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
        identity = []
    except Problem:
        identity = ["-c", f"user.name={name}", "-c", "user.email=nobody@localhost"]
        print(f'git does not know your name, so its first commit is by {name}. See: git config --global user.name "…"')
    # This commit asks for no passphrase, and starts no hook of this machine.
    quietly = ["-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify"]
    run(copy, "git", *identity, *quietly, "--message", f"Start from {stage}")


def install(target):
    """A virtual environment with the packages of requirements.txt, or none."""
    print("Installing what requirements.txt names into .venv …", flush=True)
    environment = target / ".venv"
    python = environment / ("Scripts" if WINDOWS else "bin") / "python"
    try:
        run(target, sys.executable, "-m", "venv", ".venv")
        pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "1"]
        run(target, python, *pip, "install", "-r", "requirements.txt")
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        raise


def run(folder, *command):
    """Run a command in `folder`; Problem with one line of what it said if it fails."""
    ended = subprocess.run(
        [str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        env={name: value for name, value in os.environ.items() if name not in NOT_FOR_GIT},
    )  # fmt: skip
    if ended.returncode:
        lines = [line for line in ended.stdout.splitlines() if line.strip()] or ["it said nothing"]
        raise Problem(next((line for line in lines if line.lower().startswith(("error", "fatal"))), lines[-1]))


def print_next(path, installed):
    """The next three commands, as this platform's shells take them."""
    quoted = (f'"{path}"' if " " in path else path) if WINDOWS else shlex.quote(path)
    activate = r".venv\Scripts\activate" if WINDOWS else ". .venv/bin/activate"
    if installed:
        commands, then = [activate, "flask db upgrade"], "flask seed, flask run and pytest"
    else:
        commands, then = [f"{'py' if WINDOWS else 'python3'} -m venv .venv", activate], "pip, flask and pytest"
    lines = [f"    {each}" for each in (f"cd {quoted}", *commands)]
    print("", "Next:", *lines, f"Then {then}: see README.md", sep="\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half made is removed then as well
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped.")
