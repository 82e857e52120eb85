"""Checkers of the exercises: `check("name", …)` says `[done]`, or `[not yet]` and what is missing.

A checker is a function that returns the first thing that is missing, in a
sentence that helps, or None. The module c01_initial.py holds those of
01_initial, and so on; a checker's name is the exercise's name.
"""
import importlib
import pkgutil

CHECKERS = {}


def checker(function):
    """Make a function the checker of the exercise of the same name, dashes for underscores."""
    CHECKERS[function.__name__.replace("_", "-")] = function
    return function


def check(name, *arguments):
    """Print whether the exercise `name` is done."""
    missing = CHECKERS[name](*arguments)
    print(f"[not yet] {missing}" if missing else "[done]")


for module in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(module.name)
