"""What the first visit fetches: the site in a few zip files, which the first page unpacks into the browser's cache.

A static host compresses little or nothing by itself, and 300 small files take their time. The files themselves stay
beside the packs, for a browser without a service worker and for whoever opens another page first.
"""
import hashlib
import json
import shutil
import zipfile

# Where a file belongs, by how its path begins; what is shown while it is fetched.
PACKS = {
    "Python": ("static/pyodide/pyodide", "static/pyodide/python_stdlib"),
    "PostgreSQL": ("static/pglite/",),
    "Flask, SQLAlchemy, Alembic and the workbook": ("static/pyodide/",),
    "JupyterLab": ("",),
}
FOLDER = "packs"
KEPT_ANYWAY = {"service-worker.js", "service-worker-jupyterlite.js"}  # by the browser


def write(site, pages):
    """Write the packs of the built `site`, their list packs.json, and the pages of our own."""
    shutil.copy(site / "service-worker.js", site / "service-worker-jupyterlite.js")
    for page in pages.iterdir():
        shutil.copy(page, site)
    shutil.copy(site / "extensions" / "workbook-in-tab" / "static" / "fflate.js", site / "fflate.js")
    files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    sorted_out = {name: [] for name in PACKS}
    for relative in files:
        if relative not in KEPT_ANYWAY and not relative.startswith("licences/"):
            sorted_out[next(name for name, starts in PACKS.items() if relative.startswith(starts))].append(relative)
    (site / FOLDER).mkdir()
    packs = [{"name": name, **pack(site, number, names)} for number, (name, names) in enumerate(sorted_out.items())]
    version = hashlib.sha256(json.dumps(packs).encode()).hexdigest()[:16]
    (site / "packs.json").write_text(json.dumps({"version": version, "packs": packs}, indent=1), "utf-8")


def pack(site, number, names):
    """Write one pack; returns its file, its size in bytes and its digest."""
    path = site / FOLDER / f"{number}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), (site / name).read_bytes(), zipfile.ZIP_DEFLATED)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    renamed = path.with_name(f"{number}-{digest[:12]}.zip")  # a browser that has kept an older one asks for this one
    path.rename(renamed)
    return {"file": f"{FOLDER}/{renamed.name}", "size": renamed.stat().st_size, "sha256": digest}
