"""What the tests of the site share: the built site, served below a sub-path, and a learner's browser.

Each module has a host and a browser of its own, with an empty cache and nothing kept.
"""
import re
import shutil
import threading

import pytest
import site_page
from browser.conftest import chromium, pytest_configure  # noqa: F401 (the browser, and one line where there is none)
from watching import Watch

from workbook.site import serve
from workbook.site.build import SITE
from workbook.stages import ROOT

SCREENSHOTS = ROOT / "build" / "browser"


class Host:
    """A static host: `address` of the site, which is below a path; it can be stopped. `folder` is the site's."""

    def __init__(self, folder):
        self.folder = folder / "below" / SITE.name
        shutil.copytree(SITE, self.folder)
        self.server = serve.server(folder)
        self.address = f"http://127.0.0.1:{self.server.server_port}/below/{SITE.name}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    assert (SITE / "packs.json").exists(), "build the site first: tox -e site"
    host = Host(tmp_path_factory.mktemp("host"))
    yield host
    host.stop()


@pytest.fixture(scope="module")
def context(chromium):  # noqa: F811
    """A browser that nobody has used; what its pages say and ask for is in `context.watch`."""
    context = chromium.new_context(
        viewport={"width": 1300, "height": 900}, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    )
    context.watch = Watch(context)
    context.watch.harmless = site_page.HARMLESS
    context.sizes = site_page.transferred(context)
    yield context
    context.close()


@pytest.fixture
def page(context, request):
    """A page in that browser. A request to another server makes the test red; a failed test leaves a screenshot."""
    page = context.new_page()
    page.set_default_timeout(site_page.READY)
    yield page
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{request.node.name.replace('[', '-').strip(']')[:80]}.png")
    page.evaluate("() => globalThis.jupyterapp?.serviceManager.kernels.shutdownAll()")
    page.close()
    assert not context.watch.elsewhere, "requests to another server"
    said = [line for line in context.watch.said if re.match("uncaught: (?!.*reading 'observe')", line)]  # of JupyterLab
    context.watch.said.clear()
    assert not said, said
