"""The package of the wheel that brings this project into a tab: beside it there is the project's tree, as a zip file.

The kernel loads it as an extension of IPython when it starts: see site/tree.py.
"""
import os
import sys
import zipfile
from pathlib import Path

TREE = "/workbook"


def load_ipython_extension(shell):
    with zipfile.ZipFile(Path(__file__).with_name("tree.zip")) as tree:
        tree.extractall(TREE)
    sys.path.insert(0, f"{TREE}/notebooks")
    os.chdir(f"{TREE}/notebooks")  # not the drive: each import would ask the page what is in it
    give_fcntl_its_function()  # before the workbook imports Alembic
    from workbook.tab import start

    start.load_ipython_extension(shell)


def give_fcntl_its_function():
    """The kernel puts an empty module in its place, and Alembic asks it for the terminal's width."""
    fcntl, termios = sys.modules.get("fcntl"), sys.modules.get("termios")
    if fcntl and not hasattr(fcntl, "ioctl"):
        fcntl.ioctl, termios.TIOCGWINSZ = no_terminal, 0


def no_terminal(*arguments):
    raise OSError("no terminal")
