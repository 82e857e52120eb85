"""What a tab of a browser has in the place of processes: run here, beside processes, and compared with them."""
import asyncio
import os
import shutil
import sys
from types import SimpleNamespace

import pytest

from workbook import commands
from workbook.rows import rows_of
from workbook.runners import FLASK_RUN
from workbook.runners.processes import Processes
from workbook.runners.tab import InTab, NeedsProcesses
from workbook.stages import NOTEBOOKS, stage_folder
from workbook.tab.cells import LINE, Cell, Cells
from workbook.tab.mirror import Mirror

APP = """
import os, sys
import click, flask
app = flask.Flask(__name__)

@app.cli.command()
@click.argument("code")
def do(code):
    exec(code)
"""
ENDS = {
    "what it finds": "print(sys.argv, os.getcwd(), sorted(os.environ.items()), sys.stdin.read())",
    "both streams": "print('out'); print('err', file=sys.stderr); click.echo('echo')",
    "an exception": "{}['missing']",
    "an exception with a cause": "try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('é') from e",
    "an exit code": "sys.exit(3)",
    "a last word": "sys.exit('no')",
    "the name of the main module": "print(sys.modules['__main__'].__name__, __name__)",
}
COMMANDS = ["db upgrade", "db current", "seed --rows 3", "db check", "db downgrade -1", "db history",
            "db upgrade nonsense", "db upgrade --sql", "db nonsense", "--help", "db migrate -m nothing"]  # fmt: skip


def flask(*arguments):
    return [sys.executable, "-m", "flask", *arguments]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP, "utf-8")
    return tmp_path


@pytest.fixture
def two_copies(tmp_path):
    return [shutil.copytree(stage_folder("05_merge_conflict"), tmp_path / name / "app") for name in ("process", "tab")]


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS)
def test_a_command_ends_as_a_process_does(code, folder, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it a process has no buffer
    environment = commands.clean_environment({"MINE": "1"})
    ends = [runner.run(flask("do", code), folder, environment) for runner in (Processes(), InTab())]
    assert ends[1] == ends[0]


def test_the_commands_of_a_project_print_and_do_what_processes_do(two_copies):
    environment = commands.clean_environment()
    for command in COMMANDS:
        real, ours = (
            commands.readable(runner.run(flask(*command.split()), place, environment), place)
            for runner, place in zip((Processes(), InTab()), two_copies)
        )
        assert ours == real, command
    urls = [f"sqlite:///{(place / 'instance' / 'app.db').as_posix()}" for place in two_copies]
    assert rows_of(urls[1]).keys() == rows_of(urls[0]).keys() and len(rows_of(urls[1])["users"]) == 3


def test_no_command_sees_what_an_earlier_one_did_and_nothing_stays(folder):
    before = os.getcwd(), dict(os.environ), list(sys.path), sys.argv, sys.modules["__main__"]
    code = "print(os.environ.get('LEFT'), getattr(sys.modules['app'], 'left', None)); os.environ['LEFT'] = 'x'"
    code += "; sys.modules['app'].left = 1; sys.path.append('x'); os.chdir('/')"
    outputs = [InTab().run(flask("do", code), folder, commands.clean_environment()).output for _ in range(2)]
    assert outputs == ["None None\n"] * 2
    assert (os.getcwd(), dict(os.environ), list(sys.path), sys.argv, sys.modules["__main__"]) == before
    assert "app" not in sys.modules


def test_an_edit_is_taken_over_by_the_next_command(folder):
    for text in ("first", "other"):  # of one length, within a second
        (folder / "app.py").write_text(APP + f"print('{text}')\n", "utf-8")
        assert InTab().run(flask("do", "pass"), folder, commands.clean_environment()).output == f"{text}\n"


def test_pages_and_forms_are_those_of_a_server(two_copies):
    pages = []
    for runner, place in zip((Processes(), InTab()), two_copies):
        runner.run(flask("db", "upgrade"), place, commands.clean_environment())
        with runner.serving(place, commands.clean_environment({"SECRET_KEY": "for tests"}), FLASK_RUN) as get:
            asked = [get("/"), get("/add"), get("/add", {"name": "no token"}), get("/missing")]
            pages.append([(answer.status, commands.re.sub(r'value="[^"]{40,}"', "", answer.html)) for answer in asked])
    assert pages[1] == pages[0] and [status for status, _ in pages[1]] == [200, 200, 400, 404]


def test_what_needs_a_process_says_so_in_one_line(folder):
    with pytest.raises(NeedsProcesses, match="^a browser tab runs one command at a time"):
        InTab().start(flask("do", "1"), folder, {})
    ended = InTab().run(["/usr/bin/squawk", "x.sql"], folder, {})
    assert (ended.code, ended.output.count("\n")) == (1, 1)
    assert ended.output.startswith("squawk is a program of its own")
    assert InTab().finds("git") and not InTab().finds("squawk")


def test_a_commands_cost_is_measured(folder):
    ended, cost = InTab().measure(flask("do", "x = [0] * 4_000_000"), folder, commands.clean_environment())
    assert ended.code == 0 and cost.memory > 30 and cost.seconds >= cost.processor * 0.5 > 0


# Cells


def test_a_cell_is_known_by_its_source_and_by_its_id_within_the_notebook():
    cells = Cells(NOTEBOOKS)
    every = [(name, identity, cell) for name, identity, cell in cells.cells if cell.needs]
    assert len(every) > 40 and {name[:2] for name, _, _ in every} == {"06", "07", "08", "09"}
    name, identity, cell = every[0]
    assert cells.find(cell.source, identity) is cell and cells.notebook == name
    assert cells.find("what the learner has typed there", identity) is cell
    assert cells.find("what the learner has typed", "an id of nobody") is None


def test_every_need_is_known_and_what_stands_in_is_run_for_no_other_cell():
    for name, identity, cell in Cells(NOTEBOOKS).cells:
        tags = [tag for tag in cell.tags if tag.startswith("needs:")]
        assert bool(tags) == bool(cell.needs) and len(tags) < 2, f"{name} {identity}: say in LACKING what {tags} is"
        assert cell.needs or not cell.in_tab, f"{name} {identity} needs nothing, so it runs itself"


class Shell:
    """What IPython's shell does with code, for one process that has none; tests/tab has the real one."""

    def __init__(self):
        self.user_ns = {}

    def run_cell(self, code, silent):
        try:
            exec(code, self.user_ns)
        except Exception as error:
            return SimpleNamespace(success=False, error_in_exec=error, error_before_exec=None)
        return SimpleNamespace(success=True)


def test_a_cell_that_needs_what_a_tab_lacks_shows_one_line_and_what_was_recorded(capsys):
    shell = Shell()
    outputs = [{"output_type": "stream", "name": "stdout", "text": "recorded\n"},
               {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["E: v"]}]  # fmt: skip
    cell = Cell("source", ["needs:programs"], outputs, "done_here = 1\nprint('not shown')")
    cell.stand_in(shell)
    assert capsys.readouterr().out == f"{LINE.format(cell.needs)}\nrecorded\nE: v\n" and shell.user_ns["done_here"] == 1
    Cell("source", ["needs:programs"], [], "1 / 0").stand_in(shell)
    assert "What it does to the database failed here: division by zero" in capsys.readouterr().out


# The scratch copies at the left


class Page:
    """What workbook.tab.browser does: each name can be had once, and what is shown is written to the drive."""

    def __init__(self, drive):
        self.drive, self.taken, self.written = drive, set(), []

    async def take(self, name):
        return name not in self.taken and not self.taken.add(name)

    async def show(self, files, anew):
        self.written.append(sorted(files))
        for folder in anew:
            shutil.rmtree(self.drive / folder, ignore_errors=True)
        for path, content in files.items():
            if content is None:
                (self.drive / path).unlink()
            else:
                write(self.drive, path, content)


@pytest.fixture
def mirror(tmp_path):
    mirror = Mirror(tmp_path / "kernel" / "scratch", tmp_path / "drive", Page(tmp_path / "drive"))
    mirror.restore()
    write(mirror.scratch / "01", "models.py", "one")
    return mirror


def another(mirror):
    """The mirror of another kernel of the same browser."""
    drive = mirror.page.drive
    other = Mirror(drive.with_name("another kernel") / "scratch", drive, mirror.page)
    other.restore()
    return other


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


def push(mirror):
    asyncio.run(mirror.push())


def at_the_left(mirror):
    drive = mirror.page.drive
    return {path.relative_to(drive).as_posix(): path.read_bytes() for path in drive.rglob("*") if path.is_file()}


def test_the_left_shows_what_is_in_the_copies_text_and_rows(mirror):
    write(mirror.scratch / "01", "instance/app.db", b"\0rows")
    write(mirror.scratch / "01", ".git/HEAD", "ref")
    push(mirror)
    assert at_the_left(mirror) == {"scratch/01/models.py": b"one", "scratch/01/instance/app.db": b"\0rows"}
    (mirror.scratch / "01" / "models.py").unlink()
    write(mirror.scratch / "01", "instance/app.db", b"\0more rows")
    push(mirror)
    assert at_the_left(mirror) == {"scratch/01/instance/app.db": b"\0more rows"}


def test_only_what_has_changed_is_written(mirror):
    push(mirror)
    push(mirror)
    write(mirror.scratch / "01", "app.py", "new")
    push(mirror)
    assert mirror.page.written == [["scratch/01/models.py"], ["scratch/01/app.py"]]


def test_what_is_saved_at_the_left_is_taken_over_and_what_is_deleted_there_too(mirror):
    push(mirror)
    mirror.pull({"scratch/01/models.py": b"edited", "scratch/01/new/more.py": b"new", "scratch/01/empty.py": b""})
    mirror.pull({"scratch/02/x.py": b"x", "00.ipynb": b"x", "scratch/01": None, "elsewhere/01/x.py": b"x"})
    texts = {path.name: path.read_text() for path in mirror.scratch.rglob("*") if path.is_file()}
    assert texts == {"models.py": "edited", "more.py": "new", "empty.py": ""}
    push(mirror)
    assert mirror.page.written == [["scratch/01/models.py"]], "what came from the left is shown there already"
    mirror.pull({"scratch/01/models.py": None, "scratch/01/new": None})
    assert [path.name for path in mirror.scratch.rglob("*") if path.is_file()] == ["empty.py"]


def test_a_copy_of_an_earlier_visit_stays_until_the_notebook_makes_it_anew(mirror):
    write(mirror.page.drive / "scratch" / "01", "old.py", "old")
    write(mirror.page.drive / "scratch" / "02", "instance/app.db", b"rows")
    push(mirror)
    assert at_the_left(mirror) == {"scratch/01/models.py": b"one", "scratch/02/instance/app.db": b"rows"}


def test_a_copy_of_the_same_name_in_another_kernel_is_shown_beside_the_first_and_edited_there(mirror):
    other = another(mirror)
    write(other.scratch / "01", "models.py", "two")
    push(mirror)
    push(other)
    assert at_the_left(mirror) == {"scratch/01/models.py": b"one", "scratch/01-2/models.py": b"two"}
    for each in (mirror, other):
        each.pull({"scratch/01-2/models.py": b"edited"})
    texts = [(each.scratch / "01" / "models.py").read_text() for each in (mirror, other)]
    assert texts == ["one", "edited"]


def test_the_record_of_what_is_done_is_one_for_all_kernels_and_all_visits(mirror):
    write(mirror.page.drive / "scratch", "progress.jsonl", "\nof an earlier visit")
    mirror.restore()
    other = another(mirror)
    for each, line in ((mirror, "\none"), (other, "\ntwo"), (mirror, "\nthree")):
        with open(each.scratch / "progress.jsonl", "a") as record:
            record.write(line)
        push(each)
    everything = "\nof an earlier visit\none\ntwo\nthree"
    assert at_the_left(mirror)["scratch/progress.jsonl"] == everything.encode()
    assert (mirror.scratch / "progress.jsonl").read_text() == everything
