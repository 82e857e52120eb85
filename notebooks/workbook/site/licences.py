"""licences/index.html of the site: what it bundles, from whom, and the text of each licence."""
import html
import json
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from workbook.stages import ROOT

WITHOUT_TEXT = {"Pyodide": "pyodide.txt", "Python": "python.txt", "PostgreSQL, in PGlite": "postgresql.txt"}
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Licences of what runs here</title><link rel="stylesheet" href="../first-visit.css"></head>
<body><main><h1>Licences of what runs here</h1>
<p>The workbook itself is under the MIT licence; in a tab it brings these with it.</p>
{}
</main></body></html>
"""
NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS", "third-party-licenses")


def write(site, fetched):
    """Write the page of the built `site`; `fetched` is the folder of parts.fetch."""
    folder = site / "licences"
    folder.mkdir()
    everything = [*own(), *of_npm(fetched), *of_wheels(fetched), *of_jupyterlite(site)]
    sections = [section(name, said, texts) for name, said, texts in everything]
    (folder / "index.html").write_text(PAGE.format("\n".join(sections)), "utf-8")


def own():
    """The workbook, and what brings no text of its licence along."""
    yield "The workbook", "MIT", [(ROOT / "LICENSE").read_text("utf-8")]
    for name, text in WITHOUT_TEXT.items():
        yield name, "", [(Path(__file__).with_name("licence_texts") / text).read_text("utf-8")]


def of_npm(fetched):
    for folder in sorted((fetched / "licences").iterdir()):
        texts = [path.read_text("utf-8", "replace") for path in sorted(folder.iterdir())]
        yield f"{folder.name}, from npm", "", texts


def of_jupyterlite(site):
    """JupyterLite itself, and the packages of JupyterLab that its files are made of."""
    for name in ("jupyterlite-core", "jupyterlite-pyodide-kernel"):
        files = distribution(name).files
        yield name, "", [file.read_text("utf-8") for file in files if file.name == "LICENSE"]
    for path in sorted(site.rglob("third-party-licenses.json")):
        for package in json.loads(path.read_text("utf-8"))["packages"]:
            yield f"{package['name']} {package['versionInfo']}", package["licenseId"], [package["extractedText"] or ""]


def of_wheels(fetched):
    """Python's packages: name and version, what their metadata says of the licence, and the texts that they bring."""
    for wheel in sorted((fetched / "pyodide").glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            [metadata] = [archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]
            said = [line for line in metadata.splitlines() if line.startswith(("License", "Classifier: License"))][:3]
            found = [name for name in names if ".dist-info/" in name and Path(name).name.startswith(NAMES)]
            texts = [archive.read(name).decode("utf-8", "replace") for name in found]
            yield " ".join(wheel.name.split("-")[:2]), "; ".join(said), texts


def section(name, said, texts):
    shown = "".join(f"<pre>{html.escape(text)}</pre>" for text in texts)
    name, said = html.escape(name), html.escape(said)
    return f"<h2>{name}</h2>\n<p>{said}</p>\n<details><summary>Text</summary>{shown}</details>"
