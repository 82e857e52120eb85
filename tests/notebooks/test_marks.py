"""`tox -e marks`: each hand-in is told as it is, whatever is in it, and what a hostile one tries does not help it."""
import csv
import functools
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest

from workbook import notebook_files
from workbook.marks import __main__ as marks
from workbook.marks import handed_in, limits, runs, scripts, table, watched
from workbook.marks.limits import MIB, memory_of, size_of
from workbook.notebook_files import METADATA, code_cells, solution, tagged, write
from workbook.stages import NOTEBOOKS

LINUX = sys.platform == "linux"
read = functools.cache(notebook_files.read)


def exercise_of(name, answers=None):
    """{part: source} of the cells of a notebook that its exercises need; `answers` replaces those of exercises."""
    own = read(NOTEBOOKS / f"{name}.ipynb")
    cells = {"first": code_cells(own)[0].source}
    for exercise in tagged(own, "check"):
        for kind in ("setup", "exercise", "check"):
            if exercise in tagged(own, kind):
                cells[f"{kind}:{exercise}"] = tagged(own, kind)[exercise].source
        if exercise in (answers or {}):
            cells[f"exercise:{exercise}"] = answers[exercise]
    return cells


def notebook_of(cells, shows=""):
    """A notebook of these cells; each check shows what a learner may have made it show."""
    made = nbformat.v4.new_notebook(metadata=METADATA)
    for place, (part, source) in enumerate(cells.items()):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{place}", metadata={"tags": [part]})
        if part.startswith("check:") and shows:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=shows)]
        made.cells.append(cell)
    return made


def solved(name, *exercises):
    own = read(NOTEBOOKS / f"{name}.ipynb")
    return {each: solution(own, each) for each in exercises}


COMMAND = """
import sys
from pathlib import Path
from workbook.marks import __main__, watched
folder, *options = sys.argv[1:]
watched.Watched.__init__.__defaults__ = ([Path(folder)],)
sys.exit(__main__.main(options))
"""


def run(folder, *options, **variables):
    """The command, as tox runs it, but that it watches the package alone; returns its exit code and what it prints."""
    command = [sys.executable, "-c", COMMAND, str(NOTEBOOKS / "workbook"), str(folder), *options]
    environment = os.environ | {"PYTHONPATH": str(NOTEBOOKS)} | variables
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    return ended.returncode, ended.stdout + ended.stderr


ORDER = solved("01_initial", "order-of-steps")
BOTH = solved("01_initial", "order-of-steps", "teams-table")
MARK = "left over from a hand-in"
FORGE = """
import builtins, pathlib, sys
import workbook.checks, workbook.record
workbook.checks.CHECKERS = {name: lambda *_: None for name in workbook.checks.CHECKERS}
def check(name, *_):
    print("[done]")
workbook.check = workbook.checks.check = check
checkers = pathlib.Path(workbook.checks.__file__)
checkers.write_text(checkers.read_text() + "\\nCHECKERS = {name: lambda *_: None for name in CHECKERS}\\n")
for each in checkers.parent.glob("c01*.py"):
    each.write_text("from workbook.checks import checker\\norder_of_steps = checker(lambda *_: None)\\n")
workbook.record.note("teams_table", solved=1)
"""
# A script that says itself what is done, if the judge is who imports it.
IN_A_SCRIPT = '''
mine.write("models.py", mine.read("models.py") + "\\n\\nclass Team(db.Model):\\n    __tablename__ = \\"teams\\"\\n"
           "    id: Mapped[int] = mapped_column(primary_key=True)\\n")
mine.write("migrations/versions/0001t_teams.py", """
import gc
for each in gc.get_objects():
    if type(each).__name__ == "Channel":
        each.tell(exercise="teams-table", state="done", words="")
revision = "0001t"
down_revision = "0001"
""")
'''
# Whatever the judge has open: what it tells is written into all of it.
INTO_THE_CHANNEL = """
import os
for each in ("1", "2", *os.listdir(f"/proc/{os.getppid()}/fd")):
    try:
        descriptor = os.open(f"/proc/{os.getppid()}/fd/{each}", os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, b'x {"exercise": "teams-table", "state": "done", "words": ""}\\n')
    except OSError:
        pass
"""
LEFT_OVER = f"""
import subprocess, sys
orphan = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900) # {MARK}'])"
for _ in range(3):
    subprocess.run([sys.executable, "-c", orphan], start_new_session=True)
"""
LOOKS_AROUND = """
import os, pathlib
assert "of the instructor" not in str(dict(os.environ)), "a secret is seen"
assert "handed-in" not in str(pathlib.Path().resolve()) + str(dict(os.environ)), "the folder is seen"
"""
# learner: (the cells, what the checks show as handed in, {exercise: state}, a part of what is said)
DONE, NOT_YET, NOT_RUN = "done", "not yet", "not run"
CLASS = {
    "finished": ({"look": LOOKS_AROUND} | exercise_of("01_initial", BOTH), "[done]\n", (DONE, DONE), None),
    "half": (exercise_of("01_initial", ORDER), "", (DONE, NOT_YET), "teams-table: not yet. models.py has no class"),
    "broken": (
        exercise_of("01_initial", BOTH) | {"first": "from wrokbook import Workspace"}, "", (DONE, NOT_RUN),
        "cell 1 (from wrokbook import Workspace) fails: ModuleNotFoundError: No module named 'wrokbook'",
    ),
    # all that would give it a mark
    "forger": (
        {"forge": FORGE, "channel": INTO_THE_CHANNEL}
        | exercise_of("01_initial", {"teams-table": IN_A_SCRIPT})
        | {"check:order-of-steps": 'print("[done]")  # check("order-of-steps", steps)'},
        "[done]\n", (NOT_YET, NOT_YET),
        "order-of-steps: the cell with its check was changed\n"
        "01_initial: order-of-steps: what was handed in shows [done]; run afresh it is not\n"
        "01_initial: teams-table: what was handed in shows [done]; run afresh it is not",
    ),
    "leaver": (
        exercise_of("01_initial", ORDER | {"teams-table": f"import os\n{LEFT_OVER}\nos._exit(0)"}), "",
        (DONE, NOT_RUN), "cell 5: import os: it has ended its kernel",
    ),
    "killer": (
        exercise_of("01_initial", ORDER | {"teams-table": f"import os\n{LEFT_OVER}\nos.kill(os.getppid(), 9)"}), "",
        (DONE, NOT_RUN), "cell 5: import os: something in it has ended the whole run",
    ),
}  # fmt: skip


@pytest.mark.skipif(not LINUX, reason="what this hostile one tries, and all that is done against it, is there on Linux")
def test_each_hand_in_is_told_as_it_is_and_no_hostile_one_gets_a_mark_that_it_has_not_earned(tmp_path):
    for learner, (cells, shows, *_) in CLASS.items():
        (tmp_path / "handed-in" / learner).mkdir(parents=True)
        write(notebook_of(cells, shows), tmp_path / "handed-in" / learner / "01_initial.ipynb")
    before = watched.Watched((NOTEBOOKS / "workbook",))
    code, printed = run(tmp_path / "handed-in", "--csv", str(tmp_path / "marks.csv"), TOKEN="of the instructor")
    assert code == 1, printed
    with open(tmp_path / "marks.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    for learner, (_, _, states, part) in CLASS.items():
        found = tuple(rows[learner][f"01_initial/{each}"] for each in ("order-of-steps", "teams-table"))
        assert found == states, f"{learner}: {found}\n{printed}"
        assert (part in rows[learner]["remarks"]) if part else not rows[learner]["remarks"], f"{learner}: {printed}"
        assert rows[learner]["done"] == str(states.count(DONE)) and re.search(rf"(?m)^{learner} ", printed)
    assert before.changed() == [], "the workbook's files are its own"
    assert not [each for each in psutil.process_iter(["cmdline"]) if MARK in str(each.info["cmdline"])]


def test_a_notebook_that_does_not_end_is_ended_and_keeps_the_mark_that_it_had(tmp_path):
    cells = exercise_of("01_initial", ORDER) | {"setup:teams-table": "while True:\n    pass"}
    write(notebook_of(cells), tmp_path / "01_initial-endless.ipynb")
    code, printed = run(tmp_path, "--seconds", "6")
    assert code == 1 and re.search(r"(?m)^endless +x! +1 of 2$", printed), printed
    assert "endless 01: cell 4: while True:: ended, since it did not end within 6 s\n" in printed


MORE = {"09_production": ["any-password", "app-role"], "10_repair_clinic": ["heads-on-two-servers"]}


def test_databases_roles_and_second_servers_of_the_learner_are_what_is_marked(tmp_path):
    for name, exercises in MORE.items():
        cells = exercise_of(name, solved(name, *exercises))
        kept = {part: each for part, each in cells.items() if part == "first" or part.partition(":")[2] in exercises}
        write(notebook_of(kept), tmp_path / f"{name}-ada.ipynb")
    code, printed = run(tmp_path)
    assert code == 1 and "ada 09: release-order: its check is not in the notebook" in printed
    assert re.search(r"(?m)^ada +xx! +!!!!!!x!! ", printed), printed


GREEDY = {  # what a notebook takes: what is said
    "more = b'x' * 300 * 2**20; time.sleep(60)": "took more than 200 MiB of memory",
    "subprocess.run([sys.executable, '-c', 'import time; more = b\"x\" * 300 * 2**20; time.sleep(60)'])":
        "took more than 200 MiB of memory",
    "open('heap', 'wb').truncate(101 * 2**20); time.sleep(60)": "wrote more than 100 MiB",
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass": "did not end within 2 s",
    "pass": None,
}  # fmt: skip


@pytest.mark.parametrize(("source", "said"), GREEDY.items(), ids=lambda text: None)
def test_what_takes_too_long_or_too_much_is_ended_with_all_that_came_of_it(source, said, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "IN_ORDER", 1)
    judges, outcome = runs.Judges(runs.Limits(2, 200, 100)), SimpleNamespace(began=time.monotonic())
    command = [sys.executable, "-c", f"import signal, subprocess, sys, time\n{source}"]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        monkeypatch.setattr(judges, "end_orphans", lambda: None)  # the others of this test run are none
        assert judges.watch(process, tmp_path, outcome) == said
        family = psutil.Process(process.pid).children() if process.poll() is None else []
        judges.end(process)
    assert not psutil.wait_procs(family, timeout=10)[1]


def test_what_hides_below_another_process_is_ended_and_what_forks_without_end_too():
    bomb = "import os, time\nfor _ in range(6): os.fork()\nwhile True: time.sleep(0.01)"
    if hasattr(os, "fork"):
        with subprocess.Popen([sys.executable, "-c", bomb]) as process:
            while len(limits.family_of(process.pid)) < 63:
                time.sleep(0.05)
            family = limits.family_of(process.pid)
            limits.end_family(process.pid)
            assert limits.family_of(process.pid) == [] and not [each for each in family if limits.alive(each)]
            process.kill()


def test_marks_are_void_if_the_files_they_depend_on_were_changed(tmp_path, monkeypatch, capsys):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "checker.py").write_text("as it was")
    (tmp_path / "00_start_here-eve.ipynb").write_text(HERE, "utf-8")

    def mark(judges, hand_in):
        (tmp_path / "kept" / "checker.py").write_text("as it is")
        return runs.Outcome(hand_in)

    monkeypatch.setattr(runs.Judges, "mark", mark)
    monkeypatch.setattr(watched.Watched.__init__, "__defaults__", ((tmp_path / "kept",),))
    monkeypatch.setattr(marks, "harden", lambda: None)
    assert marks.main([str(tmp_path / "00_start_here-eve.ipynb"), "--csv", str(tmp_path / "marks.csv")]) == 3
    assert re.search(r"No marks: [^|]*checker\.py", capsys.readouterr().out) and not (tmp_path / "marks.csv").exists()
    assert set(watched.WATCHED) > {NOTEBOOKS, Path(sys.prefix)}


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


HERE = nbformat.writes(notebook_of(exercise_of("00_start_here")))
LAYOUTS = {  # {file: content}: whose notebooks are found in it
    "ada/00_start_here.ipynb": (HERE, "ada"),
    "ada/notebooks/work/00_start_here.ipynb": (HERE, "ada"),
    "00_start_here-ada.ipynb": (HERE, "ada"),
    "ada_00_start_here (1).ipynb": (HERE, "ada"),
    "work/00_START_HERE - Zoë O'Neill.ipynb": (HERE, "Zoë O'Neill"),
    "lovelaceada_LATE_4711_81_00_start_here-2.ipynb": (HERE, "lovelaceada"),
    "Ada Lovelace_4711_assignsubmission_file/00_start_here.ipynb": (HERE, "Ada Lovelace"),
    "ada.zip": (zipped({"work/00_start_here.ipynb": HERE, "__MACOSX/work/._00_start_here.ipynb": "\0"}), "ada"),
    "all.zip": (zipped({"ada_4711_assignsubmission_file/00_start_here.ipynb": HERE}), "ada"),
    "some.zip": (zipped({"ada/mine.zip": zipped({"scratch/a.ipynb": "", "00_start_here.ipynb": HERE})}), "ada"),
}


@pytest.mark.parametrize(("file", "content", "learner"), [(file, *what) for file, what in LAYOUTS.items()], ids=LAYOUTS)
def test_whose_a_notebook_is_says_a_folder_the_file_or_the_zip_file(file, content, learner, tmp_path):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, problems, others = handed_in.collect(tmp_path)
    assert [(each.learner, each.name) for each in found] == [(learner, "00_start_here")] and not problems + others


BOMB = zipped({"00_start_here.ipynb": "0" * (handed_in.LARGEST + 1)})
BAD = {  # {file: content}: the one line about it
    "ada/homework.ipynb": (HERE, "ada/homework.ipynb: no notebook of the workbook is called so"),
    "00_start_here.ipynb": (HERE, "00_start_here.ipynb: whose is it? Call it LEARNER/00_start_here.ipynb or"),
    "ada/00_start_here.ipynb": ("{", "ada/00_start_here.ipynb: this is no notebook"),
    "bob/00_start_here.ipynb": ('{"cells": 3}', "bob/00_start_here.ipynb: this is no notebook"),
    "eve/00_start_here.ipynb": ("[" * 100_000, "eve/00_start_here.ipynb: this is no notebook"),
    "ada.zip": ("PK", "ada.zip: this zip file cannot be read: File is not a zip file"),
    "bomb.zip": (BOMB, "bomb.zip/00_start_here.ipynb: too large, or packed too deep"),
    "out.zip": (zipped({"../../../ada/other.ipynb": HERE}), "out.zip/ada/other.ipynb: no notebook of the workbook is"),
}


@pytest.mark.parametrize(("file", "content", "line"), [(file, *what) for file, what in BAD.items()], ids=BAD)
def test_what_cannot_be_marked_is_one_clear_line(file, content, line, tmp_path, capsys):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert marks.main([str(tmp_path)]) == 2
    told, last = capsys.readouterr().out.splitlines()
    assert told.startswith(line) and last.startswith("There is no notebook of the workbook in ")


def test_an_empty_folder_and_one_that_there_is_not_are_one_line_and_exit_code_2(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "elsewhere"):
        assert marks.main([str(folder)]) == 2
        assert len(capsys.readouterr().out.splitlines()) == 1


def test_of_two_copies_the_newer_one_is_marked_and_links_are_not_followed(tmp_path):
    for name, when in {"00_start_here.ipynb": 2_000_000_000, "00_start_here-Copy1.ipynb": 1_000_000_000}.items():
        (tmp_path / "ada").mkdir(exist_ok=True)
        (tmp_path / "ada" / name).write_text(HERE, "utf-8")
        os.utime(tmp_path / "ada" / name, (when, when))
    expected = ["ada/00_start_here-Copy1.ipynb: not marked, since ada/00_start_here.ipynb is newer"]
    if LINUX:
        (tmp_path / "00_start_here-eve.ipynb").symlink_to(tmp_path / "ada" / "00_start_here.ipynb")
        expected.insert(0, "00_start_here-eve.ipynb: a link, not followed")
    (tmp_path / "notes.txt").write_text("no notebook")
    found, problems, others = handed_in.collect(tmp_path)
    assert [each.place for each in found] == ["ada/00_start_here.ipynb"]
    assert problems == expected and others == ["notes.txt"]


def test_a_script_is_read_and_not_run_and_says_what_an_import_says(tmp_path):
    (tmp_path / "0002.py").write_text('"""one"""\nrevision: str = "2"\ndown_revision = ("a", "b")\nraise SystemExit\n')
    module = scripts.module_of(tmp_path, "0002.py")
    assert (module.revision, module.down_revision, module.__doc__) == ("2", ("a", "b"), "one")
    (tmp_path / "0003.py").write_text("<<<<<<< HEAD\n")
    with pytest.raises(SyntaxError, match=r"invalid syntax \(0003.py, line 1\)"):
        scripts.module_of(tmp_path, "0003.py")
    (tmp_path / "0004.py").write_text("revision = open('x').read()")
    with pytest.raises(ValueError, match="0004.py: revision is not written as a plain text"):
        scripts.module_of(tmp_path, "0004.py")


def test_a_spreadsheet_takes_no_name_for_a_formula_and_a_terminal_none_for_a_command():
    assert table.harmless('=HYPERLINK("x")').startswith("'=") and table.harmless("ada") == "ada"
    assert handed_in.learner_of(("\x1b[2Jada\n", "00_start_here.ipynb"), "") == "[2Jada"


def test_memory_and_disk_are_counted_with_all_that_belongs_to_them(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(bytes(2 * MIB))
    assert size_of(tmp_path) == pytest.approx(2, rel=0.01)
    child = "import time; more = bytearray(200 * 2**20); print(flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert memory_of(process.pid) > 200
        for each in psutil.Process(process.pid).children(recursive=True):
            each.kill()


def test_what_no_one_may_change_unseen_is_seen_even_with_its_old_time_and_links_are_no_change(tmp_path):
    for name in ("checks.py", "gone.py", "linked.py"):
        (tmp_path / name).write_text("one")
    kept, times = watched.Watched((tmp_path,)), (tmp_path / "checks.py").stat()
    (tmp_path / "linked.py").chmod(0o600)
    assert kept.changed() == []
    (tmp_path / "checks.py").write_text("two")
    os.utime(tmp_path / "checks.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.pth").write_text("import evil")
    assert kept.changed() == [str(tmp_path / name) for name in ("checks.py", "gone.py", "new.pth")]
