"""Checkers of the exercises: `check("name", …)` says `[done]`, or `[not yet]` and what is missing.

A checker is a function that returns the first thing that is missing, in a
sentence that helps, or None. The module c01_initial.py holds those of
01_initial, and so on; a checker's name is the exercise's name.
"""
import importlib
import pkgutil

from workbook import record

CHECKERS = {}  # {the name that `check` gets: the checker}
EXERCISES = {}  # {notebook: [the name of each exercise, as the checker's]}
KEPT = "It was done before, and progress() keeps that."


def checker(function):
    """Make a function the checker of the exercise of the same name, dashes for underscores."""
    register(function.__name__, function, notebook=function.__module__.rpartition(".c")[2])
    return function


def register(name, function, notebook=None):
    """Let `check` use a function; with `notebook`, it is an exercise there, which counts in progress()."""
    CHECKERS[name.replace("_", "-")] = function
    if notebook:
        EXERCISES.setdefault(notebook, []).append(name)


def check(name, *arguments):
    """Print whether the exercise `name` is done, and note it if so; what is noted is not taken back."""
    missing = CHECKERS[name](*arguments)
    print(f"[not yet] {missing}" if missing else "[done]")
    exercise = name.replace("-", "_")
    if any(exercise in names for names in EXERCISES.values()):
        if not record.is_solved(exercise):
            if not missing:
                record.note(exercise, solved=1)
        elif missing:
            print(KEPT)


for module in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(module.name)
