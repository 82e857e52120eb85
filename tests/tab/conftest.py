"""What the site is made of is fetched once, by who hands out the tests."""
import pytest

from workbook.site import parts


def pytest_configure(config):
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        try:
            parts.fetch()
        except parts.NotFetched as problem:
            raise pytest.UsageError(str(problem)) from None
