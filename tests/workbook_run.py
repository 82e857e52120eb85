"""What a run shares: one PostgreSQL server, one scratch folder, and what it says at its end.

tox loads this plugin for notebooks alone as well, which have no conftest.py above them.
"""
import os
import tempfile
from importlib.machinery import SourceFileLoader

import pytest
from whole_run import facts_of, is_everything, left_out, table, values
from xdist.scheduler import LoadScopeScheduling

from workbook import postgres

SHOWN = 20  # of what a run has left out


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


class CompiledOnce:
    """Code by its text: each command in a test reads env.py and all scripts again, and most are as they were."""

    def __init__(self):
        self.compile, self.known = SourceFileLoader.source_to_code, {}

    def source_to_code(self, loader, data, path, **options):
        key = data, str(path)
        if key not in self.known:
            self.known[key] = self.compile(loader, data, path, **options)
        return self.known[key]


once = CompiledOnce()
SourceFileLoader.source_to_code = lambda *arguments, **options: once.source_to_code(*arguments, **options)


def is_controller(config):
    return not hasattr(config, "workerinput")


class NotebooksWhole(LoadScopeScheduling):
    """Hands tests out one by one, and a notebook as a whole: its cells share a kernel."""

    def _split_scope(self, nodeid):
        file, _, _ = nodeid.partition("::")
        if file.endswith("/test_pq.py"):  # its tests share what two processes have found in some seconds
            return file
        return nodeid.rpartition("Cell ")[0] if "ipynb::" in nodeid else nodeid


def pytest_xdist_make_scheduler(config, log):
    return NotebooksWhole(config, log)


def pytest_collection_modifyitems(items):
    for item in items:
        item.user_properties += facts_of(item)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under other than the locked versions a notebook has to run and to prove its stage; texts may differ."""
    report = (yield).get_result()
    latest = os.environ.get("WORKBOOK_VERSIONS") == "latest"
    if latest and hasattr(item, "cell") and report.failed and "outputs differ" in str(call.excinfo.value):
        report.outcome, report.wasxfail = "skipped", "the output is another one under these versions"


def reports_of(config):
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    outcomes = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
    return [report for each in outcomes for report in stats.get(each, []) if hasattr(report, "user_properties")]


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    if is_controller(config) and is_everything() and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        config.workbook_left_out = list(left_out(reports_of(config), config.option))
        if config.workbook_left_out:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    reports = reports_of(config)
    if any("ipynb::" in report.nodeid or values(report, "database") for report in reports):
        terminalreporter.section("stages")
        for line in table(reports):
            terminalreporter.write_line(line)
    lines = getattr(config, "workbook_left_out", [])
    for line in lines[:SHOWN]:
        terminalreporter.write_line(f"LEFT OUT: {line}", red=True)
    if lines:
        terminalreporter.write_line(f"{len(lines)} left out of a run of everything (tests/whole_run.py)", red=True)
