"""Each output is compared: no cell tells nbval to look away, and only what ALLOWED names may differ."""
import configparser
import re

import pytest
from nbval.plugin import find_comment_markers, find_metadata_tags, get_sanitize_patterns

from workbook.notebook_files import SANITIZE, code_cells, notebook_paths, read, rules, sanitized

PATHS = pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)


@PATHS
def test_no_cell_is_left_out_and_only_a_cell_whose_stored_output_is_an_error_may_raise(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            continue
        assert cell.cell_type == "code", f"nothing runs this cell: {cell.source}"
        raises = any(output.output_type == "error" for output in cell.outputs)
        told = [*find_metadata_tags(cell.metadata), *find_comment_markers(cell.source)]
        assert told == ([("check_exception", True)] if raises else []), (
            f"nbval is told {told}. Only raises-exception may be, where the stored output is an error:\n{cell.source}"
        )


@PATHS
def test_what_a_reader_sees_of_an_error_is_what_nbval_compares(path):
    """It compares an error's name and value, not the traceback."""
    for cell in code_cells(read(path)):
        for error in [output for output in cell.outputs if output.output_type == "error"]:
            assert error.traceback == [f"{error.ename}: {error.evalue}"], "give it a _render_traceback_"


ALLOWED = {  # rule: what it may replace
    "times": ["2026-11-22 18:19", "2026-11-22 18:19:36", "2026-11-22T18:19:36.978976", "2026-11-22 18:19:36+00:00",
              "2026-11-22 18:19:43.990143+00:00", "2026-11-22 18:19 UTC"],
    "seconds": ["0.16 s", "12.30 s"],
    "addresses": ["0x7f8bdb0a2e90", "0x00007F8BDB0A2E90"],
    "plots": ["PHN2ZyA+", "PHN2Zz48L3N2Zz4="],  # the numbers of a plot differ from run to run, its text twin does not
}  # fmt: skip
KEPT = [
    "INFO  [alembic.runtime.migration] Running upgrade 0001 -> 0002, add created_at to users",
    "ERROR [flask_migrate] Error: Rolled back in 0002_add_created_at_to_users.py, line 18: no such column",
    "CommandFailed: flask db upgrade ended with exit code 1",
    "users: 3 added, 4 in all",
    "more than twice: 2.00 seconds, not 0.50 s or 1.50",
    "worst wait: 1.234 s",
    "rows changed: 10",
    '<img alt="tables" src="data:image/svg+xml;base64,PHN2ZyA+">',
    '<img alt="The loop is slower." src="PLOT" class="measured">',
    "1   Zoë Nguyễn    user1@example.com  2019-03-01  18:19  0x10",
    "id          INTEGER  primary key\n  + created_at  DATETIME  not null  default CURRENT_TIMESTAMP",
    "0007  after 0006a and 0006b: merge  (head)  applied  ◀ the database is here",
    "Every row is there, and every value that was there is the same.\n\n[not yet] models.py has no class Team yet.",
]


def test_each_rule_replaces_its_values_and_no_more():
    parser = configparser.RawConfigParser()
    parser.read(SANITIZE, encoding="ascii")
    assert set(parser.sections()) == set(ALLOWED), "say here what the new rule may replace, and why it has to"
    for time in ALLOWED["times"]:
        assert sanitized(f"at {time}, line 7") == "at TIME, line 7"
    for seconds in ALLOWED["seconds"]:
        assert sanitized(f"0012 add summary: {seconds}\nusers: 4 rows") == "0012 add summary: SECONDS\nusers: 4 rows"
    for address in ALLOWED["addresses"]:
        assert sanitized(f"<User object at {address}>, line 7") == "<User object at ADDRESS>, line 7"
    for plot in ALLOWED["plots"]:
        shown = '<img alt="The loop is slower." src="data:image/svg+xml;base64,{}" class="measured">'
        assert sanitized(shown.format(plot)) == shown.format("PLOT")
    for text in KEPT:
        assert sanitized(text) == text


def test_nbval_reads_the_same_rules():
    assert get_sanitize_patterns(SANITIZE.read_text("ascii")) == rules()


@PATHS
def test_in_stored_outputs_the_rules_replace_times_durations_addresses_and_plots_only(path):
    for text in texts([cell.outputs for cell in code_cells(read(path))]):
        for pattern, _ in rules():
            for found in re.finditer(pattern, text):
                allowed = r"\d{4}-\d\d-\d\d[ T][\d:.+]+( UTC)?|\d+\.\d\d s|0x[0-9A-Fa-f]+|PHN2Z[0-9A-Za-z+/=]+"
                assert re.fullmatch(allowed, found[0])


def texts(value):
    """All texts in a value that is made of dictionaries and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)
