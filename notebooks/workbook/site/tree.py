"""The wheel that brings this project into a tab, and Pyodide's folder with it.

It holds what a learner's clone holds, as far as the notebooks use it, and an IPython extension that unpacks it.
"""
import io
import json
import shutil
import zipfile

from workbook.notebook_files import notebook_paths
from workbook.site.parts import described, metadata
from workbook.stages import ROOT, STAGES, TEMPLATES

NAME, VERSION = "workbook_in_tab", "1.0"
LEFT_OUT = {"__pycache__", "instance", ".pytest_cache", ".ruff_cache", ".venv", "node_modules"}
WORKBOOK = ROOT / "notebooks" / "workbook"
# What runs on the machine of who builds, teaches or marks, and never in a tab.
NOT_THERE = {WORKBOOK / name for name in ("site", "hub", "marks", "jupyter")}
CONFIG = f'c = get_config()\nc.InteractiveShellApp.extensions = ["{NAME}"]\n'


def add_to(pyodide, target):
    """Make `target` a copy of Pyodide's folder with this project's wheel in it; returns `target`."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(pyodide, target)
    wheel = target / f"{NAME}-{VERSION}-py3-none-any.whl"
    write(wheel)
    path = target / "pyodide-lock.json"
    lock = json.loads(path.read_text("utf-8"))
    packages = lock["packages"]
    packages[NAME.replace("_", "-")] = described(wheel)
    path.write_text(json.dumps(lock, indent=1), "utf-8")
    return target


def write(wheel):
    """Write the wheel to that path."""
    contents = {
        f"{NAME}/__init__.py": (WORKBOOK / "tab" / "in_wheel.py").read_bytes(),
        f"{NAME}/tree.zip": tree(),
        f"{NAME}-{VERSION}.data/data/etc/ipython/ipython_config.py": CONFIG,
    } | {f"{NAME}-{VERSION}.dist-info/{name}": text for name, text in metadata(NAME, VERSION).items()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=9)


def tree():
    """The files of the project as a zip file's bytes: not compressed, for the wheel around it is."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path in files():
            archive.writestr(zipfile.ZipInfo(path.relative_to(ROOT).as_posix()), path.read_bytes())
    return written.getvalue()


def files():
    """The stages, what they share, the helper package without what never runs in a tab, and the notebooks."""
    found = list(notebook_paths())
    for folder in (STAGES, TEMPLATES, WORKBOOK):
        for path in sorted(folder.rglob("*")):
            parts = set(path.relative_to(ROOT).parts)
            if path.is_file() and not parts & LEFT_OUT and not NOT_THERE & set(path.parents):
                found.append(path)
    return found
