"""progress(): what was done is noted once and for all, and nothing that may happen to the file loses it."""
import json
import re
import subprocess
import sys

import pytest

import workbook.clinic  # noqa: F401 - each case that is an exercise has a checker
from workbook import check, progress, record
from workbook.checks import EXERCISES, KEPT
from workbook.clinic.record import PASSED, names_on_call
from workbook.notebook_files import code_cells, notebook_paths, read
from workbook.progress import NOTHING
from workbook.stages import NOTEBOOKS

ALL = sum(map(len, EXERCISES.values())) + PASSED
RIGHT = ["change the model", "generate", "review", "apply", "prove"]


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))
    return tmp_path


def line_of(notebook):
    [line] = [line for line in progress().text().splitlines() if line.startswith(notebook)]
    return line.split(maxsplit=1)[1]


def test_what_check_finds_done_counts_and_a_later_not_yet_takes_nothing_back(capsys):
    check("order-of-steps", RIGHT[::-1])
    assert progress().text() == NOTHING and capsys.readouterr().out.count("\n") == 1
    check("order-of-steps", RIGHT)
    check("order-of-steps", RIGHT)
    assert line_of("01_initial") == "■□          1 of 2" and line_of("all") == f"1 of {ALL}"
    assert capsys.readouterr().out == "[done]\n[done]\n"
    check("order-of-steps", RIGHT[::-1])
    assert capsys.readouterr().out.splitlines()[1:] == [KEPT]
    assert line_of("01_initial") == "■□          1 of 2"
    assert record.file().read_text().count("order_of_steps") == 1, "what is done is noted once"


@pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)
def test_the_exercises_that_count_are_those_of_the_notebook(path):
    tags = [tag.partition(":") for cell in read(path).cells for tag in cell.metadata.get("tags", [])]
    tagged = [name.replace("-", "_") for kind, _, name in tags if kind == "exercise"]
    assert sorted(EXERCISES.get(path.stem, [])) == sorted(tagged), "a case that is no exercise is Case(walked=True)"


@pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)
def test_a_notebook_ends_with_progress_and_is_shipped_with_nothing_done(path):
    last = code_cells(read(path))[-1]
    assert last.source == "from workbook import progress\n\nprogress()"
    assert last.outputs[0].data["text/plain"] == progress().text(), f"run: tox -e refresh -- {path.stem}"
    assert progress().text() == NOTHING


def test_cases_on_call_count_up_to_those_that_are_a_pass_if_no_solution_was_shown():
    for name in names_on_call():
        record.note(name, dealt=1, solved=1, seconds=60)
    assert line_of("12_on_call") == "■■■■■■      6 of 6"
    for name in names_on_call()[:4]:
        record.note(name, shown=1)
    assert line_of("12_on_call") == "■■■■■□      5 of 6"


def test_the_picture_says_what_its_text_twin_says():
    check("order-of-steps", RIGHT)
    shown = progress()._repr_mimebundle_()
    svg = progress().svg()
    assert svg.count("<rect") - 1 == shown["text/plain"].count("■") + shown["text/plain"].count("□")
    words = re.findall(r">([^<>]+)</text>", svg)
    twin = [re.sub("[■□]", "", line).split(maxsplit=1) for line in shown["text/plain"].splitlines()]
    assert words == [word for line in twin for word in line]


OTHER_KERNEL = """
import sys
from workbook import record
for number in range(50):
    record.note(f"exercise_{sys.argv[1]}_{number}", solved=1)
"""


def test_kernels_that_write_at_the_same_time_lose_nothing(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS))
    kernels = [subprocess.Popen([sys.executable, "-c", OTHER_KERNEL, str(each)]) for each in range(3)]
    assert [kernel.wait() for kernel in kernels] == [0, 0, 0]
    known, damaged = record.read()
    assert len(known) == 150 and all(counts == {"solved": 1} for counts in known.values()) and damaged == 0


DAMAGED = {
    "cut off": '{"name": "teams_table", "sol',
    "no JSON": "\x00\x00\x00",
    "no UTF-8": "ÿ",
    "a list": "[1, 2]",
    "a text for a number": '{"name": "teams_table", "solved": "once"}',
    "no name": '{"solved": 1}',
    "a number for a name": '{"name": 3, "solved": 1}',
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_costs_no_other_line_and_is_told(text, capsys):
    check("order-of-steps", RIGHT)
    with open(record.file(), "ab") as file:
        file.write(f"\n{text}".encode("latin-1", errors="replace"))
    record.note("who_is_asked", solved=1)
    assert line_of("01_initial").endswith("1 of 2") and line_of("00_start_here").endswith("1 of 1")
    assert "1 line of the record could not be read" in progress().text() and "1 line of" in progress().svg()
    assert text.encode("latin-1", errors="replace") in record.file().read_bytes(), "and it is not deleted"


def test_where_nothing_can_be_noted_the_check_goes_on_and_says_so(capsys):
    record.file().mkdir()
    check("order-of-steps", RIGHT)
    done, said = capsys.readouterr().out.splitlines()
    assert done == "[done]" and said.startswith("This could not be noted in progress.jsonl: ")
    assert progress().text() == NOTHING


def test_a_kernel_that_hangs_while_it_writes_stops_no_other(monkeypatch):
    monkeypatch.setattr(record, "PATIENCE", 0.05)
    with record.alone():
        record.note("who_is_asked", solved=1)
        assert record.is_solved("who_is_asked")


def test_what_the_clinic_noted_before_there_was_this_record_still_counts():
    record.earlier_file().write_text(json.dumps({"orphans": {"dealt": 1, "solved": 1, "seconds": 60}}), "utf-8")
    record.note("orphans", solved=1, seconds=20)
    assert record.read() == ({"orphans": {"dealt": 1, "solved": 2, "seconds": 60}}, 0)
    assert line_of("12_on_call").endswith("1 of 6")
    for text in ("[]", "{", '{"orphans": 3}'):
        record.earlier_file().write_text(text, "utf-8")
        assert record.read() == ({"orphans": {"solved": 1, "seconds": 20}}, 1)
