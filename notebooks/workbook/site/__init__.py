"""`tox -e site`: the workbook as a static site, which runs in a browser tab with nothing installed."""
