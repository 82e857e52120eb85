"""`tox -e learn`: open JupyterLab on the learner's own copies of the notebooks.

    python -m workbook.learn [--fresh NAME] [--port PORT] [--no-browser]
    python -m workbook.learn --hub [option of jupyterhub-singleuser …]      (see hub/start.py)

The copies are in notebooks/work, which git ignores. A copy that is there is
never overwritten; `--fresh NAME` replaces one and keeps the old one beside it.
"""
import argparse
import os
import sys
import time
from pathlib import Path

from nbformat.sign import NotebookNotary

from workbook import postgres, runners
from workbook.notebook_files import code_cells, notebook_paths, read, write
from workbook.stages import NOTEBOOKS

WORK = NOTEBOOKS / "work"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tox -e learn --", description=__doc__.partition("\n")[0])
    parser.add_argument("--fresh", metavar="NAME", help="replace your copy of this notebook; the old one is kept")
    parser.add_argument("--port", type=int, default=8888, help="the first port to try")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.add_argument("--hub", nargs=argparse.REMAINDER, help="as a server of JupyterHub, with its options")
    options = parser.parse_args(arguments)
    names = [path.stem for path in notebook_paths()]
    if options.fresh and options.fresh not in names:
        parser.error(f"there is no notebook {options.fresh}; the notebooks are {', '.join(names)}")
    copies = copy_notebooks(options.fresh)
    if options.hub is not None:
        return become_lab(copies[0].name, options)
    with postgres.server():
        return open_lab(copies[0].name, options)


def copy_notebooks(fresh=None):
    """Copy and trust the notebooks that have no copy yet; returns the copies' paths."""
    WORK.mkdir(exist_ok=True)
    copies = []
    for original in notebook_paths():
        copy = WORK / original.name
        if original.stem == fresh and copy.exists():
            kept = copy.with_name(f"{copy.stem} {time.strftime('%Y-%m-%d %H.%M.%S')}.ipynb")
            copy.rename(kept)
            print(f"Your old copy is kept as {kept.name}")
        if not copy.exists():
            write(without_outputs(read(original)), copy)
            NotebookNotary().sign(read(copy))
        copies.append(copy)
    return copies


def without_outputs(notebook):
    """The notebook as nobody has run it yet: who sees an output first cannot predict it."""
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def server(first, options):
    """The module to run and its arguments: JupyterLab here, or as the hub has it, which says itself where to listen."""
    if options.hub is not None:
        return ["jupyterhub.singleuser", *options.hub]
    here = [f"--ServerApp.port={options.port}", "--ServerApp.ip=127.0.0.1", f"--LabApp.default_url=/lab/tree/{first}"]
    return ["jupyterlab", *here, *(["--no-browser"] if options.no_browser else [])]


def open_lab(first, options):
    """Run JupyterLab until it is stopped; returns its exit code."""
    # Ends with this process, so that the PostgreSQL server is stopped as well.
    return runners.choose().foreground(lab(first, options), WORK, environment())


def become_lab(first, options):
    """Go on as JupyterLab: a process that only waits for it would take a third of an idle learner's memory.

    PostgreSQL ends with all that the hub has started for the learner: a service of systemd, or a container.
    """
    postgres.server_url()
    os.chdir(WORK)
    os.execve(sys.executable, lab(first, options), environment())


def lab(first, options):
    """The command that runs JupyterLab."""
    command = [
        sys.executable, "-m", *server(first, options),
        f"--ServerApp.root_dir={WORK}",
        # Nothing is asked of the network.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container
        command.append("--allow-root")
    return command


def environment():
    return os.environ | {
        "PYTHONPATH": str(NOTEBOOKS),  # `import workbook` works in the kernels that the server starts
        "JUPYTER_CONFIG_PATH": str(Path(__file__).with_name("jupyter")),  # no question about news at the start
    }


if __name__ == "__main__":
    sys.exit(main())
