"""What is measured on a database at the head: its pages, an upgrade with nothing to do, and how a command starts."""
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median

import flask_migrate
from databases import FOLDER, prepared
from flask import Flask
from hand_written import STEPS
from migrations import FEW, in_process, once

from workbook.commands import clean_environment, python
from workbook.runners.processes import Processes
from workbook.runners.warm import WarmProcesses
from workbook.stages import stage_app, stage_folder, upgrade

HEAD = ("0010",)
LISTS, BOTH = ("06_expand", "07_contract"), ("0009",)  # the stages that are served at one revision
REQUESTS = 200
NOTHING = 20
COMMANDS = 15


def pages(kind, rows):
    """Yield (stage, path, seconds at `rows` rows, seconds at 100 rows): medians of requests in turn."""
    with prepared(kind, BOTH, rows) as many, prepared(kind, BOTH, FEW) as few:
        for stage in LISTS:
            for path, *seconds in pages_of(stage, {rows: many, FEW: few}):
                yield stage, path, *seconds


def pages_of(stage, urls):
    """As `pages`, of one stage; `urls` is {rows: the database with so many}."""
    with ExitStack() as stack:
        clients = {n: stack.enter_context(stage_app(stage_folder(stage), url)).test_client() for n, url in urls.items()}
        # A request within the context of its own app would keep that one's session and rows from the request before.
        stack.enter_context(Flask(__name__).app_context())
        for path in ("/", "/models"):
            for query, where in (("", "first page"), ("?before={}", "middle")):
                seconds = {count: [] for count in clients}
                for turn in range(REQUESTS):
                    for count in list(clients)[:: -1 if turn % 2 else 1]:  # each goes first as often
                        seconds[count].append(request(clients[count], path + query.format(count // 2 + 2)))
                yield f"{path} {where}", *map(median, seconds.values())


def request(client, path):
    start = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - start
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}: a page that fails cannot be measured.")
    return seconds


def nothing_to_do(kind, rows):
    """(seconds, seconds of the stock migrations/env.py) that an upgrade takes at the head: medians of runs in turn."""
    with prepared(kind, HEAD, rows) as url, stock_project(kind) as stock:
        seconds = {FOLDER: [], stock: []}
        for _ in range(NOTHING):
            for folder, taken in seconds.items():
                with stage_app(folder, url) as app:
                    start = time.perf_counter()
                    upgrade(app)
                    taken.append(time.perf_counter() - start)
    return [median(taken) for taken in seconds.values()]


def flask_db_current(kind):
    """(seconds from the warm server, seconds as a new interpreter) of the command: medians of runs in turn."""
    with prepared(kind, HEAD, FEW) as url:
        command, environment = python(["flask", "db", "current"]), clean_environment({"DATABASE_URL": url})
        seconds = {WarmProcesses(): [], Processes(): []}
        for _ in range(1 + COMMANDS):
            for runner, taken in seconds.items():
                start = time.perf_counter()
                ended = runner.run(command, FOLDER, environment)
                taken.append(time.perf_counter() - start)
                if ended.code:
                    raise RuntimeError(f"flask db current fails, so it cannot be measured:\n{ended.output}")
    return [median(taken[1:]) for taken in seconds.values()]  # the first one starts the server


@contextmanager
def stock_project(kind):
    """A copy of the stage with the migrations folder that plain `flask db init` makes, and the same revisions."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = Path(folder) / "project"
        shutil.copytree(FOLDER, project, ignore=shutil.ignore_patterns("migrations", "instance", "__pycache__"))
        with stage_app(project, "sqlite://"), redirect_stdout(StringIO()):
            flask_migrate.init(directory=str(project / "migrations"))
        versions = project / "migrations" / "versions"
        shutil.copytree(FOLDER / "migrations" / "versions", versions, dirs_exist_ok=True)
        yield project


def distinct_names(kind, rows):
    """Seconds that 0005 takes if every row has a model_name of its own."""
    step = next(step for step in STEPS if step.name == "0005 up")
    with prepared(kind, step.start, rows, distinct=True) as url:
        return once(kind, url, in_process, step)
