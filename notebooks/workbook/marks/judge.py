"""The process that runs one notebook that was handed in, and says what of it is done.

It is started by `runs`, reads what to do from its input, and tells what it finds on its output, a line of JSON at a
time, each behind a token that only the two of them know. The learner's cells run in a kernel. The checkers run here,
on objects that the workbook's own setup cells have made here: of the learner's they get the files of the scratch
copy, the database, and the values of the variables that the exercise asks for.
"""
import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient.exceptions import DeadKernelError

import workbook.clinic  # noqa: F401 - each case has a checker
from workbook import postgres
from workbook.checks import CHECKERS
from workbook.marks import scripts
from workbook.marks.adopt import NotThere, adopt
from workbook.marks.limits import end_family, harden, limit
from workbook.marks.messages import Asked, Channel
from workbook.marks.shell import Shell, assigned_in, imports_of
from workbook.notebook_files import client, code_cells, read, run_source, shown_by, tagged
from workbook.stages import NOTEBOOKS, ROOT
from workbook.workspace import Workspace

SHORT = 60  # letters of a line that is quoted


def main():
    channel = Channel()
    asked = Asked.read(sys.stdin)
    channel.token = asked.token
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # time is up: PostgreSQL is stopped in order
    harden()
    limit(asked.memory, asked.disk)
    try:
        with postgres.server():
            Judge(asked, channel.tell).run()
        end_family(os.getpid())
    except DeadKernelError:
        channel.tell(remark=f"{channel.cell}: it has ended its kernel")
    except Exception as error:
        channel.tell(remark=f"{channel.cell}: could not be marked: {type(error).__name__}: {first_line(error)}")
    channel.tell(ended=True)


class Judge:
    """Runs a learner's notebook beside the workbook's; `tell` gets what is found."""

    def __init__(self, asked, tell):
        self.tell, self.scratch = tell, Path(asked.scratch)
        self.theirs = nbformat.reads(asked.notebook, as_version=4)
        self.own = read(NOTEBOOKS / f"{asked.name}.ipynb")
        self.checks, self.setups = tagged(self.own, "check"), tagged(self.own, "setup")
        self.exercises = tagged(self.own, "exercise")
        self.failed = 0
        self.runner = client(nbformat.v4.new_notebook(metadata=self.own.metadata))
        self.runner.timeout, self.runner.shutdown_kernel = None, "immediate"

    def run(self):
        cells = code_cells(self.theirs)
        places = self.places_in(cells)
        scripts.never_run()
        self.shell = Shell(self.scratch / "own")
        with self.runner.setup_kernel(**self.kernel()):
            for place, cell in enumerate(cells[: max(places, default=-1) + 1]):  # what comes after them is not marked
                self.tell(cell=f"cell {place + 1}: {quoted(cell.source)}")
                if place in places:
                    self.mark(places[place], cell)
                else:
                    self.run_theirs(place, cell)

    def places_in(self, cells):
        """{place: exercise} of the learner's cells with checks: by their tag, else by their text; the last of each."""
        places = {}
        for name, check in self.checks.items():
            by_tag = [f"check:{name}" in cell.metadata.get("tags", []) for cell in cells]
            by_source = [squeezed(cell.source) == squeezed(check.source) for cell in cells]
            by_name = [bool(re.search(rf"\bcheck\(\s*[\"']{name}[\"']", cell.source)) for cell in cells]
            fits = next(filter(any, (by_tag, by_source, by_name)), None)
            if fits:
                places[max(place for place, each in enumerate(fits) if each)] = name
            else:
                self.tell(remark=f"{name}: its check is not in the notebook")
        return places

    def kernel(self):
        """What the learner's kernel is started with: a copy of the workbook, a scratch folder, and little else."""
        copy = self.scratch / "workbook"
        for part in ("notebooks/workbook", "stages", "shared_templates"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("instance", ".venv"))
        for path in ROOT.glob("notebooks/*.ipynb"):
            shutil.copy(path, copy / "notebooks")
        folder = self.scratch / "learner"
        folder.mkdir()
        own = {"PYTHONPATH": str(copy / "notebooks"), "WORKBOOK_SCRATCH": str(folder)}
        nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return {"cwd": str(folder), "env": os.environ | own} | nowhere

    def run_theirs(self, place, cell):
        ran = run_source(self.runner, cell.source)
        error = next((each for each in ran.outputs if each.output_type == "error"), None)
        if error and not self.meant_to_fail(cell):
            self.failed += 1
            if self.failed == 1:  # the others are mostly its consequences
                said = first_line(f"{error.ename}: {error.evalue}")
                self.tell(remark=f"cell {place + 1} ({quoted(cell.source)}) fails: {said}")

    def meant_to_fail(self, cell):
        own = [each for each in self.own.cells if "raises-exception" in each.metadata.get("tags", [])]
        return "raises-exception" in cell.metadata.get("tags", []) or cell.source in [each.source for each in own]

    def mark(self, name, cell):
        """Say whether an exercise is done, by the checker of this process."""
        if squeezed(cell.source) != squeezed(self.checks[name].source):
            self.tell(remark=f"{name}: the cell with its check was changed")
            run_source(self.runner, cell.source)  # there may be some of the answer in it
        try:
            missing = CHECKERS[name](*self.arguments(name))
        except NotThere as reason:
            self.tell(exercise=name, state="not run", words=str(reason))
            return
        except Exception as error:
            missing = f"the checker stops at it: {type(error).__name__}: {first_line(error)}"
        if missing and "[done]" in shown_by([cell]):
            self.tell(remark=f"{name}: what was handed in shows [done]; run afresh it is not")
        self.tell(exercise=name, state="not yet" if missing else "done", words=missing or "")

    def arguments(self, name):
        """What the checker gets: what the workbook's own cells make, with the learner's work put into it."""
        self.shell.run(imports_of(code_cells(self.own)[0].source))
        setup = self.setups[name].source if name in self.setups else ""
        self.shell.run(setup)
        answers = assigned_in(self.exercises[name].source)
        return [self.argument(node, answers, setup) for node in call_in(self.checks[name].source).args[1:]]

    def argument(self, node, answers, setup):
        if isinstance(node, ast.Name) and node.id in answers:
            return self.shell.with_own_names(self.value(node.id), setup, self.value)
        value = self.shell.value(ast.unparse(node))
        if isinstance(value, Workspace):
            adopt(value, ast.unparse(node), self.scratch / "learner" / value.folder.name, self.value)
        return value

    def value(self, expression):
        """The value of an expression in the learner's kernel, if it is plain data; it comes as text."""
        ran = run_source(self.runner, f"repr({expression})")
        try:
            [output] = ran.outputs
            return ast.literal_eval(ast.literal_eval(output.data["text/plain"]))
        except Exception:
            said = first_line(shown_by([ran])) or "nothing"
            raise NotThere(f"there is no {expression} that can be checked: {said}") from None


def call_in(source):
    """The call of `check` in the workbook's cell."""
    [call] = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return call


def squeezed(source):
    return "".join(source.split())


def quoted(source):
    line = next((line for line in source.splitlines() if line.strip()), "").strip()
    return line if len(line) <= SHORT else line[:SHORT] + "…"


def first_line(text):
    return str(text).strip().partition("\n")[0][:200]


if __name__ == "__main__":
    main()
