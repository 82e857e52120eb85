"""What the site is made of, fetched by npm and pip with pinned versions and digests.

`fetch()` leaves in build/parts:

    pyodide/   Python for a browser, all wheels, and the pyodide-lock.json that names them
    pglite/    PostgreSQL for a browser
    fflate/    what writes and reads zip files in a browser
    licences/  what those who made them ask for

Nothing is fetched again while package-lock.json and requirements.txt are the same.
"""
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from workbook.stages import ROOT

HERE = Path(__file__).resolve().parent
PARTS = ROOT / "build" / "parts"
NAMES = ("package-lock.json", "requirements.txt", "jupyterlite.txt", "parts.py", "prepare.mjs", "prepare.py")
PINNED = [HERE / name for name in NAMES]
PYODIDE = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]
PGLITE = ["*.js", "pglite.wasm", "pglite.data", "initdb.wasm"]
# Wheels that one platform builds: any will do, for what is compiled is left out and Python takes its place.
PLATFORMS = ["any", "manylinux2014_x86_64", "manylinux_2_28_x86_64"]
COMPILED = re.compile(r"\.(so|pyd|c)$")
# Not needed to run: tests, Bootstrap's files, which no page in a tab asks for, and most of Pygments' languages. What is
# left of those is for a stage's files, and what its modules import.
LANGUAGES = (
    "__init__", "_mapping", "actionscript", "agile", "configs", "css", "d", "data", "diff", "factor", "html", "iolang",
    "javascript", "jvm", "lilypond", "lisp", "markup", "perl", "php", "python", "ruby", "scripting", "shell", "special",
    "sql", "tcl", "templates", "web", "webmisc",
    "_(css|googlesql|lilypond|lua|mysql|postgres|scheme|sql|tsql)_builtins",
)  # fmt: skip
LEFT_OUT = re.compile(
    rf"/tests?/|sqlalchemy/testing/|flask_bootstrap/static/|pygments/lexers/(?!({'|'.join(LANGUAGES)})\.py)"
)
# The kernel works without it, and it is the largest of all wheels; completion is then by the names that are there.
# It asks for it all the same, so there is a wheel of that name with nothing in it.
UNUSED = {"jedi", "parso"}
# The kernel's own packages: its shell, and stand-ins for ipykernel and micropip.
KERNEL = ["pyodide_kernel", "ipykernel", "piplite"]


class NotFetched(Exception):
    """Why a part could not be fetched, in one line."""


def fetch():
    """Fetch what is not there yet; returns the folder, or raises NotFetched."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in PINNED)).hexdigest()
    stamp = PARTS / "complete"
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(PARTS, ignore_errors=True)
        PARTS.mkdir(parents=True)
        from_npm()
        wheels = [*kernel_wheels(), *from_pypi()]
        write_lock(wheels)
        write_lock([*wheels, prepared()])
        stamp.write_text(digest)
    return PARTS


def from_npm():
    """Python and PostgreSQL for a browser, and what writes zip files there."""
    npm = shutil.which("npm")
    if not npm:
        raise NotFetched("npm was not found: install Node.js 20 or newer, then run: tox -e site")
    folder = PARTS / "npm"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    called([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    modules = folder / "node_modules"
    take(modules / "pyodide", PYODIDE, PARTS / "pyodide")
    take(modules / "@electric-sql" / "pglite" / "dist", PGLITE, PARTS / "pglite")
    take(modules / "fflate" / "esm", ["browser.js"], PARTS / "fflate")
    for name in ("pyodide", "@electric-sql/pglite", "fflate"):
        take(modules / name, ["LICEN[CS]E*"], PARTS / "licences" / Path(name).name)
    shutil.copy(modules / "pyodide" / "pyodide-lock.json", PARTS / "pyodide")


def take(source, patterns, target):
    target.mkdir(parents=True, exist_ok=True)
    for pattern in patterns:
        for path in source.glob(pattern):
            shutil.copy(path, target)


def from_pypi():
    """The wheels of requirements.txt, made small; returns their paths."""
    folder = PARTS / "wheels"
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    called(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
         "--no-deps", "--only-binary", ":all:", "--python-version", "3.14", *platforms,
         "--dest", str(folder), "--requirement", str(HERE / "requirements.txt")],
        HERE,
    )  # fmt: skip
    return [smaller(wheel) for wheel in sorted(folder.glob("*.whl"))]


def lock():
    """Write requirements.txt: the newest versions that requirements.in allows, or those that the project has."""
    uv = shutil.which("uv")
    if not uv:
        raise NotFetched("uv was not found: pip install uv, then run: tox -e site -- --lock")
    called(
        [uv, "pip", "compile", "--quiet", "--python-version", "3.14", "--python-platform", "wasm32-pyodide2024",
         "--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "tox -e site -- --lock",
         "--constraint", "../../../requirements.txt", "--output-file", "requirements.txt", "requirements.in"],
        HERE,
    )  # fmt: skip


def kernel_wheels():
    """The wheels that jupyterlite-pyodide-kernel brings; returns their paths."""
    files = distribution("jupyterlite-pyodide-kernel").files
    found = [file.locate() for file in files if file.suffix == ".whl" and file.name.split("-")[0] in KERNEL]
    return [smaller(Path(wheel)) for wheel in found]


def prepared():
    """What Pyodide and PGlite can do before: see prepare.mjs; returns the wheel of bytecode."""
    node = shutil.which("node")
    if not node:
        raise NotFetched("node was not found: install Node.js 20 or newer, then run: tox -e site")
    called([node, str(HERE / "prepare.mjs"), str(PARTS)], HERE)
    wheel = PARTS / "pyodide" / "workbook_bytecode-1.0-py3-none-any.whl"
    info = "workbook_bytecode-1.0.dist-info"
    with zipfile.ZipFile(PARTS / "bytecode.zip") as old, zipfile.ZipFile(wheel, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED, compresslevel=9)
        for name, text in metadata("workbook-bytecode", "1.0").items():
            new.writestr(zipfile.ZipInfo(f"{info}/{name}"), text)
    return wheel


def metadata(name, version):
    """{file: text} that a wheel's .dist-info needs."""
    return {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: workbook\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }


def called(command, folder):
    ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ended.returncode:
        said = [line for line in ended.stdout.splitlines() if line.strip() and " log of this run " not in line]
        said = said or ["no reason given"]
        raise NotFetched(f"{Path(command[0]).stem} could not fetch the site's parts: {said[-1][:300]}")


def smaller(wheel):
    """A copy of a wheel among Pyodide's files, in pure Python and without what is not needed to run."""
    name, version = wheel.name.split("-")[:2]
    target = PARTS / "pyodide" / f"{name}-{version}-py3-none-any.whl"
    left_out = re.compile(r"^(?!.*\.dist-info/)") if name in UNUSED else LEFT_OUT
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for each in old.infolist():
            if not COMPILED.search(each.filename) and not left_out.search(each.filename):
                new.writestr(zipfile.ZipInfo(each.filename), old.read(each), zipfile.ZIP_DEFLATED)
    return target


def name_of(wheel):
    return re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()


def write_lock(wheels):
    """Pyodide's list of packages, with ours only: it loads them from here and asks nobody else."""
    path = PARTS / "pyodide" / "pyodide-lock.json"
    lock = json.loads(path.read_text("utf-8"))
    lock["packages"] = {name_of(wheel): described(wheel) for wheel in wheels}
    path.write_text(json.dumps(lock, indent=1), "utf-8")


def described(wheel, imports=()):
    return {
        "name": name_of(wheel),
        "version": wheel.name.split("-")[1],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": list(imports),
        "depends": [],
        "unvendored_tests": False,
    }


if __name__ == "__main__":
    print(fetch())
