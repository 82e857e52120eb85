"""`flask backup`, `restore` and `rehearse` at many rows, beside what the database's own tools take."""
import importlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from databases import copied, prepared
from sqlalchemy import make_url

from workbook import postgres
from workbook.stages import own_modules, stage_app, stage_folders

FOLDER = next(folder for folder in reversed(stage_folders()) if (folder / "operations.py").exists())
with own_modules(FOLDER):
    TOOLS = importlib.import_module("operations_tools")
HEAD = ("0007",)


def operations(kind, rows, runs):
    """Yield (what was done, {way: seconds}): medians of runs in turn, on the same rows."""
    ways = WAYS[kind.name]
    with prepared(kind, HEAD, rows) as url, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = {way: Path(folder) / way for way in ("ours", *ways)}
        seconds = {(what, way): [] for what in ("backup", "restore") for way in made}
        for run in range(runs):
            for way in list(made)[:: -1 if run % 2 else 1]:  # each goes first as often
                made[way].unlink(missing_ok=True)
                save, load = ways.get(way) or (flask_backup, flask_restore)
                seconds["backup", way].append(timed(save, url, made[way]))
                with copied(kind, url) as target:
                    seconds["restore", way].append(timed(load, target, made[way]))
        for what in ("backup", "restore"):
            yield what, {way: median(seconds[what, way]) for way in made}
        yield "rehearse", {"ours": median(timed(flask_rehearse, url) for _ in range(runs))}


def timed(act, *arguments):
    start = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - start


def flask(url, *arguments):
    with stage_app(FOLDER, url) as app:
        ended = app.test_cli_runner().invoke(args=list(map(str, arguments)))
    if ended.exit_code:
        raise RuntimeError(f"flask {arguments[0]} fails, so it cannot be measured:\n{ended.output}")


def flask_backup(url, file):
    flask(url, "backup", file)


def flask_restore(url, file):
    flask(url, "restore", file, "--yes")


def flask_rehearse(url):
    flask(url, "rehearse")


def vacuum_into(url, file):
    with closing(sqlite3.connect(make_url(url).database)) as connection:
        connection.execute("VACUUM INTO ?", [str(file)])


def copy_out(url, file):
    shutil.copyfile(make_url(url).database, file)


def copy_in(url, file):
    """What is right only if nobody uses the database."""
    shutil.copyfile(file, make_url(url).database)


def pg_dump(url, file):
    tool(url, "pg_dump", "--format=custom", f"--file={file}")


def pg_restore(url, file):
    """It leaves what is not in the backup, and reads the file once."""
    tool(url, "pg_restore", "--clean", "--if-exists", "--single-transaction", str(file))


def tool(url, name, *arguments):
    target = make_url(url).set(drivername="postgresql").difference_update_query(["options"])
    with postgres.admin_connection() as connection:
        folder = TOOLS.folder_of_tools(connection.dialect.server_version_info[0])
    command = [shutil.which(name, path=folder), *arguments, "--dbname", target.render_as_string(hide_password=False)]
    subprocess.run(command, check=True, capture_output=True)


WAYS = {
    "sqlite": {"VACUUM INTO, copy": (vacuum_into, copy_in), "copies of the file": (copy_out, copy_in)},
    "postgresql": {"pg_dump, pg_restore": (pg_dump, pg_restore)},
}
