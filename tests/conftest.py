"""What all tests share: one PostgreSQL server a run, a fresh database a test, and the table at the end."""
import os
import tempfile
from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

from workbook import postgres
from workbook.stages import stage_folders

DATABASES = ("sqlite", "postgresql")


def pytest_configure(config):
    # The server is started once, by the process that hands out the tests; the workers find it in the environment.
    if is_controller(config) and not config.option.collectonly:
        config.workbook_server = postgres.server()
        config.workbook_server.__enter__()
        # nbval ends its kernels without asking them to clean up, so their scratch copies are this session's.
        config.workbook_scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        os.environ["WORKBOOK_SCRATCH"] = config.workbook_scratch.name


def pytest_unconfigure(config):
    if hasattr(config, "workbook_server"):
        config.workbook_server.__exit__(None, None, None)
        config.workbook_scratch.cleanup()


def is_controller(config):
    return not hasattr(config, "workerinput")


class NotebooksWhole(LoadScopeScheduling):
    """Hands tests out one by one, and a notebook as a whole: its cells share a kernel."""

    def _split_scope(self, nodeid):
        return nodeid.rpartition("Cell ")[0] if "ipynb::" in nodeid else nodeid


def pytest_xdist_make_scheduler(config, log):
    return NotebooksWhole(config, log)


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item, "cell"):  # of a notebook
            tags = [tag.partition(":") for tag in item.cell.metadata.get("tags", [])]
            item.user_properties += [("proves", database) for kind, _, database in tags if kind == "prove"]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under other than the locked versions a notebook has to run and to prove its stage; texts may differ."""
    report = (yield).get_result()
    latest = os.environ.get("WORKBOOK_VERSIONS") == "latest"
    if latest and hasattr(item, "cell") and report.failed and "outputs differ" in str(call.excinfo.value):
        report.outcome, report.wasxfail = "skipped", "the output is another one under these versions"


def pytest_terminal_summary(terminalreporter):
    """The table stage x database x {nbval, pytest}."""
    reports = [
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.stats.get(outcome, [])
        if getattr(report, "when", None) == "call" or outcome != "passed"
    ]
    terminalreporter.section("stages")
    terminalreporter.write_line(f"{'stage':<28} {'database':<12} {'nbval':<20} pytest")
    for stage in [folder.name for folder in stage_folders()]:
        cells = [report for report in reports if f"{stage}.ipynb::" in report.nodeid]
        for database in DATABASES:
            proved = any(("proves", database) in report.user_properties for report in cells)
            tests = [report for report in reports if f"{stage}.ipynb" not in report.nodeid]
            tests = [report for report in tests if stage in report.nodeid and database in report.nodeid]
            cell_result = outcome_of(cells) if proved or not cells else "NOT PROVED"
            terminalreporter.write_line(f"{stage:<28} {database:<12} {cell_result:<20} {outcome_of(tests)}")


def outcome_of(reports):
    counts = Counter("passed" if report.outcome == "passed" else "FAILED" for report in reports)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("FAILED", "passed") if counts[outcome]) or "not run"


@pytest.fixture(params=[folder.name for folder in stage_folders()])
def stage(request):
    """The folder of each stage in turn."""
    return {folder.name: folder for folder in stage_folders()}[request.param]


@pytest.fixture(params=DATABASES)
def database(request):
    """The name of each kind of database in turn."""
    return request.param


@pytest.fixture
def new_database(database, tmp_path):
    """A function that returns the URL of a new, empty database of that kind."""
    made = []

    def new():
        if database == "sqlite":
            made.append(f"sqlite:///{(tmp_path / f'{len(made)}.db').as_posix()}")
        else:
            made.append(postgres.create_database())
        return made[-1]

    yield new
    if database == "postgresql":
        for url in made:
            postgres.drop_database(url)


@pytest.fixture
def url(new_database):
    """The URL of a new, empty database."""
    return new_database()
