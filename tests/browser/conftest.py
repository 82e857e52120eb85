"""What the tests in a browser share: the browser, pages that are watched, and each stage served with rows."""
import re
import shutil
from contextlib import ExitStack, suppress

import chromium as installed
import pytest
from browsing import seed
from playwright.sync_api import Error, expect, sync_playwright
from stage_pages import ROWS, WIDE
from watching import Watch

from workbook.commands import serving
from workbook.runners import WAITRESS
from workbook.stages import ROOT, stage_app, upgrade

SCREENSHOTS = ROOT / "build" / "browser"  # of the pages of tests that failed
PATIENCE = 30_000  # milliseconds, for anything that a page is expected to do
PAGES = pytest.StashKey()  # those that a test has opened


def pytest_addoption(parser):
    parser.addoption("--pictures", action="store_true", help="write the pictures of the READMEs, and test nothing")


def pytest_configure(config):
    if not hasattr(config, "workerinput") and not config.option.collectonly:  # by who hands out the tests
        shutil.rmtree(SCREENSHOTS, ignore_errors=True)
        try:
            installed.find()
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config, items):
    """The READMEs' pictures are written when that is asked for, and never beside tests."""
    wanted = [item for item in items if (item.path.name == "test_pictures.py") == config.getoption("--pictures")]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = wanted


@pytest.fixture(scope="session")
def chromium():
    """Playwright's Browser: the installed Chromium, which reaches this machine alone."""
    program = installed.find()
    if not program:
        pytest.skip(installed.how_to_get_it())
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = installed.launch(playwright, program)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium, request):
    """A function that opens a page in a new context: no cookie, no cache, a Watch as `page.watch`.

    The size is in CSS pixels; with `zoom=2` each of them is two pixels of a screen, as with the browser's zoom at
    200 %. Whatever a page says in the console, asks of another machine, or cannot load, makes the test red at its end,
    unless it is taken out of `page.watch` before. Other `options` are those of Playwright's new_context.
    """
    pages = request.node.stash[PAGES] = []

    def new(width=WIDE, height=900, dark=False, zoom=1, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=zoom,
            color_scheme="dark" if dark else "light", reduced_motion="reduce", locale="en-GB", timezone_id="UTC",
            **options,
        )  # fmt: skip
        watch = Watch(context)
        page = context.new_page()
        page.watch = watch
        page.set_default_timeout(PATIENCE)
        pages.append(page)
        return page

    yield new
    problems = [line for page in pages for line in page.watch.problems()]
    if problems:
        problems += keep_screenshots(request.node)
    for page in pages:
        page.context.close()
    assert not problems, "\n".join(problems)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        report.sections += [("screenshot", line) for line in keep_screenshots(item)]
    return report


def keep_screenshots(item):
    """Keep how the pages of a test look now; a line for each says where."""
    kept = []
    for number, page in enumerate(item.stash.get(PAGES, []), 1):
        file = SCREENSHOTS / f"{re.sub(r'[^a-zA-Z0-9_]+', '-', item.name).strip('-')}-{number}.png"
        with suppress(Error):  # a page that has crashed has no looks
            page.screenshot(path=file, timeout=5000)
            kept.append(f"{file.relative_to(ROOT).as_posix()} shows {page.url}")
    return kept


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory):
    """A function that returns a stage's migrated SQLite file with ROWS rows a table: to be copied, never used."""
    made = {}

    def file(stage):
        if stage not in made:
            made[stage] = tmp_path_factory.mktemp("filled") / "app.db"
            with stage_app(stage, f"sqlite:///{made[stage].as_posix()}") as app:
                upgrade(app)
                seed(app, ROWS)
        return made[stage]

    return file


@pytest.fixture
def serve(stage):
    """A function that serves the stage on the SQLite file that is given, until the test ends; returns the address."""
    with ExitStack() as stack:

        def serve(file):
            variables = {"DATABASE_URL": f"sqlite:///{file.as_posix()}", "SECRET_KEY": "for tests"}
            return stack.enter_context(serving(stage, variables, WAITRESS)).address

        yield serve


@pytest.fixture
def site(stage, serve, filled_file, tmp_path):
    """The address of the stage, served on a database of its own with ROWS rows a table."""
    return serve(shutil.copy(filled_file(stage), tmp_path / "app.db"))
