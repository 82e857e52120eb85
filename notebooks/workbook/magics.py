"""`%flask …`, `%git …` and `%squawk …`: the commands of a notebook, run as they are in a terminal."""
import shlex

from IPython import get_ipython

from workbook import commands
from workbook.workspace import CommandFailed, Workspace


def flask(line):
    """Run `flask …` in the scratch copy that was made last, and print what it prints."""
    report("flask", line, lambda arguments: here().flask(*arguments))


def git(line):
    """Run `git …` in the scratch copy that was made last, and print what it prints."""
    report("git", line, lambda arguments: commands.git(arguments, here().folder))


def squawk(line):
    """Run `squawk …` in the scratch copy that was made last, and print what it prints."""
    report("squawk", line, lambda arguments: commands.squawk(arguments, here().folder))


def here():
    if Workspace.current is None:
        raise CommandFailed("There is no scratch copy yet: run the cell that makes a Workspace first.")
    return Workspace.current


def report(program, line, run):
    ended = run(shlex.split(line))
    print(ended.output, end="")
    if ended.code:
        raise CommandFailed(f"{program} {line.split(' -t ')[0]} ended with exit code {ended.code}")


def register():
    shell = get_ipython()
    if shell:
        shell.register_magic_function(flask, "line")
        shell.register_magic_function(git, "line")
        shell.register_magic_function(squawk, "line")
