"""Build the site: JupyterLite, the kernel's parts, the notebooks, and a first page that fetches all of it once."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from workbook.learn import without_outputs
from workbook.notebook_files import notebook_paths, read, write
from workbook.site import licences, packs, parts, tree
from workbook.stages import ROOT

HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build"
SITE, LITE = BUILD / "site", BUILD / "lite"
FIRST = "00_start_here.ipynb"
# What a learner reads first there, above the first notebook's own text.
DIFFERENT = """\
> **You are in a browser tab.** Python, SQLite, PostgreSQL and git run in it; nothing is sent anywhere, and your browser
> keeps your notebooks and your work. At the left are the notebooks, and in `scratch` your copies of the stages, for you
> to edit. Some cells of 06–09 need what a tab does not have, such as two commands at the same time: they say so, and
> show what the installed workbook has recorded. What is said of `tox` and `notebooks/work` is about that one, too.
> At the top, *Download my work* gives you everything as one file, and *Begin afresh* deletes it here.
"""
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/completer-extension:manager": {"autoCompletion": False},
}


def build():
    """Build the site from the parts; returns its folder, or raises parts.NotFetched."""
    fetched = parts.fetch()
    for folder in (SITE, LITE):
        shutil.rmtree(folder, ignore_errors=True)
    pyodide = tree.add_to(fetched / "pyodide", LITE / "static" / "pyodide")
    write_notebooks(LITE / "files")
    write_json(LITE / "jupyter-lite.json", configuration(pyodide))
    write_json(LITE / "overrides.json", SETTINGS)
    jupyter_lite(extension(fetched))
    shutil.copytree(fetched / "pglite", SITE / "static" / "pglite")
    licences.write(SITE, fetched)
    packs.write(SITE, HERE / "pages")
    return SITE


def write_notebooks(folder):
    """The notebooks as nobody has run them yet, with a line in the first one that says what is different in a tab."""
    folder.mkdir(parents=True)
    for path in notebook_paths():
        notebook = without_outputs(read(path))
        notebook.metadata.kernelspec = {"display_name": "Python", "language": "python", "name": "python"}
        if path.name == FIRST:
            notebook.cells.insert(1, nbformat.v4.new_markdown_cell(DIFFERENT, id="in-a-tab"))
        write(notebook, folder / path.name)


def configuration(pyodide):
    packages = sorted(json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))["packages"])
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Database migrations",
            "exposeAppInBrowser": True,
            "enableServiceWorkerCache": "false",  # ours has everything from the first visit on: pages/service-worker.js
            "litePluginSettings": {
                "@jupyterlite/pyodide-kernel-extension:kernel": {
                    "disablePyPIFallback": True,
                    "pyodideUrl": "./static/pyodide/pyodide.mjs",
                    "loadPyodideOptions": {
                        # The kernel installs what is not named here, from elsewhere.
                        "packages": packages,
                        "lockFileURL": "./static/pyodide/pyodide-lock.json",
                    },
                }
            },
        },
    }


def extension(fetched):
    """Our own extension of JupyterLab, with the library that writes zip files."""
    folder = LITE / "extension"
    shutil.copytree(HERE / "labextension", folder)
    shutil.copy(fetched / "fflate" / "browser.js", folder / "static" / "fflate.js")
    return folder


def jupyter_lite(own):
    command = [
        sys.executable, "-m", "jupyter", "lite", "build",
        "--lite-dir", LITE, "--contents", LITE / "files", "--output-dir", SITE,
        "--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages",
        f"--LiteBuildConfig.federated_extensions={own}",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=LITE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ended.returncode:
        raise RuntimeError(f"jupyter lite build failed:\n{ended.stdout[-3000:]}")


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1), "utf-8")


def told(site):
    """How large it is, in words."""
    listed = json.loads((site / "packs.json").read_text("utf-8"))["packs"]
    whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    return f"{sum(pack['size'] for pack in listed) / 1e6:.1f} MB at the first visit, {whole / 1e6:.0f} MB on the host"
