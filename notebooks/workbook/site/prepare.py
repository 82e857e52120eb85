"""Run by prepare.mjs in Pyodide. The last value is a zip file as bytes: the bytecode of what a kernel imports first."""
import importlib
import io
import py_compile
import sys
import sysconfig
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

FIRST = (
    "piplite.piplite", "alembic.autogenerate", "alembic.command", "alembic.config", "flask.cli", "flask_bootstrap",
    "flask_migrate.cli", "flask_sqlalchemy.cli", "flask_wtf", "email_validator", "wtforms",
    "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.postgresql.psycopg", "jinja2.ext", "werkzeug.serving", "werkzeug.test",
    "dulwich.porcelain", "dulwich.graph", "merge3", "pygments.lexers.python", "pygments.lexers.diff",
    "pygments.formatters.html",
)  # fmt: skip
NEVER_CHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def bytecode():
    import pyodide_kernel  # noqa: F401 (puts an empty fcntl in its place; Alembic asks that for the terminal's width)

    sys.modules["fcntl"].ioctl, sys.modules["termios"].TIOCGWINSZ = lambda *arguments: bytes(8), 0
    for name in FIRST:
        importlib.import_module(name)
    site = Path(sysconfig.get_path("purelib").replace("//", "/"))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        psycopg = site.glob("psycopg/**/*.py")  # which can be imported only where there is a server for it
        for path in sorted({*psycopg, *map(Path, imported())}):
            if path.suffix == ".py" and path.is_relative_to(site):
                compiled = py_compile.compile(path, doraise=True, invalidation_mode=NEVER_CHECKED)
                name = Path(cache_from_source(path)).relative_to(site).as_posix()
                archive.writestr(zipfile.ZipInfo(name), Path(compiled).read_bytes())
    return written.getvalue()


def imported():
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return [file for file in files if file]


bytecode()
