"""Commands: a command from the warm server does what a new interpreter does, and each is a process of its own."""
import ast
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

import workbook
from workbook.commands import clean_environment
from workbook.runners import COLD, choose
from workbook.runners.processes import Processes
from workbook.runners.warm import WarmProcesses

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
APP = """
import atexit, os, signal, sys, threading, time, warnings
preloaded = "alembic.autogenerate" in sys.modules
import click, email_validator, flask
app = flask.Flask(__name__)

@app.cli.command()
@click.argument("code")
def do(code):
    exec(code)
"""
WAIT = "print('here', flush=True); time.sleep(60)"
STATE = """
print(sys.argv, sys.orig_argv, sys.path, sys.flags, sys.dont_write_bytecode)
print(sorted(os.environ.items()), os.getcwd(), os.listdir())
print([(one.encoding, one.errors, one.line_buffering, one.isatty()) for one in (sys.stdin, sys.stdout, sys.stderr)])
print([signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)])
print(sys.modules["__main__"].__file__, sys.modules["__main__"].__spec__.name, threading.active_count())
print(sorted(os.listdir("/dev/fd")) if os.path.exists("/dev/fd") else [])
print(warnings.filters)
warnings.warn("a warning")
warnings.warn("another", DeprecationWarning)
os.write(2, b"before what is in a buffer")
"""
ENDS = {
    "an exception": "{}['missing']",
    "an exception with a cause": "try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('é') from e",
    "an exit code": "sys.exit(3)",
    "a last word": "sys.exit('no')",
    "an exit without goodbye": "print('lost'); os._exit(4)",
    "a signal": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)",
    "Ctrl-C": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "threads, and what is done at exit": "atexit.register(print, 'end'); threading.Timer(0.1, print, ['late']).start()",
    "what lives to the end": "class A:\n    __del__ = lambda self: os.write(1, b'gone')\napp.a = A()",
}

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small project with a command `flask do CODE`."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP, "utf-8")
    return folder


@pytest.fixture(scope="module")
def warm(folder):
    runner = WarmProcesses()
    runner.run(flask("routes"), folder, clean_environment())  # the server has the environment of its first command
    yield runner
    runner.end()


def flask(*arguments):
    return [sys.executable, "-m", "flask", *arguments]


def both(warm, folder, code, **variables):
    """How `flask do CODE` ends, warm and cold."""
    environment = clean_environment(variables)
    return [runner.run(flask("do", code), folder, environment) for runner in (warm, Processes())]


def is_gone(process):
    psutil.wait_procs([process], timeout=10)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_command_finds_all_as_in_a_new_interpreter(warm, folder):
    from_warm, from_cold = both(warm, folder, STATE)
    assert from_warm.code == 0 and from_warm == from_cold


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS)
def test_a_command_ends_as_in_a_new_interpreter(warm, folder, code):
    from_warm, from_cold = both(warm, folder, code)
    assert from_warm == from_cold


def test_a_file_that_nobody_closes_is_written(warm, folder):
    warm.run(flask("do", "app.kept = open('kept.txt', 'w'); app.kept.write('text')"), folder, clean_environment())
    assert (folder / "kept.txt").read_text() == "text"


def test_commands_are_warm_and_leave_no_bytecode(warm, folder):
    from_warm, from_cold = both(warm, folder, "print(preloaded)")
    assert (from_warm.output, from_cold.output) == ("True\n", "False\n"), "see `differs` in warm_server.py"
    assert not list(folder.glob("__pycache__"))


def test_usage_errors_and_help_are_the_same(warm, folder):
    for arguments in (["nonsense"], ["do"], ["--help"], ["--app", "missing", "do", "1"]):
        seen = [runner.run(flask(*arguments), folder, clean_environment()) for runner in (warm, Processes())]
        assert seen[0] == seen[1]


def test_no_command_sees_what_an_earlier_one_did(warm, folder):
    code = "print(os.environ.get('SECRET_KEY'), getattr(flask, 'mine', None)); flask.mine = os.environ['LEFT'] = 'x'"
    outputs = [both(warm, folder, code, **variables)[0].output for variables in ({"SECRET_KEY": "a"}, {}, {})]
    assert outputs == ["a None\n", "None None\n", "None None\n"]


@pytest.mark.parametrize("variables", [{"PYTHONHASHSEED": "1"}, {"PYTHONWARNINGS": "error"}, {"LC_ALL": "C"}])
def test_a_variable_that_is_read_when_python_or_a_package_starts_has_its_effect(warm, folder, variables):
    code = "import locale; print(preloaded, sys.warnoptions)"
    code += "; print(hash('a') if 'PYTHONHASHSEED' in os.environ else 0, locale.getlocale())"
    from_warm, from_cold = both(warm, folder, code, **variables)
    assert from_warm == from_cold and from_warm.output.startswith("False")


def test_a_package_that_was_changed_meanwhile_is_the_new_one(folder, tmp_path):
    package = tmp_path / "email_validator.py"
    package.write_text("version = 1")
    runner, code = WarmProcesses(), "print(preloaded, email_validator.version)"
    outputs = [both(runner, folder, code, PYTHONPATH=str(tmp_path))[0].output]
    package.write_text("version = 2 ")
    outputs.append(both(runner, folder, code, PYTHONPATH=str(tmp_path))[0].output)
    runner.end()
    assert outputs == ["True 1\n", "False 2\n"]


def test_what_a_package_prints_when_it_is_imported_every_command_prints(folder, tmp_path):
    (tmp_path / "email_validator.py").write_text("print('hello')")
    runner = WarmProcesses()
    for _ in range(2):
        from_warm, from_cold = both(runner, folder, "print('done')", PYTHONPATH=str(tmp_path))
        assert from_warm == from_cold and from_warm.output == "hello\ndone\n"
    runner.end()


def test_a_module_of_the_project_comes_before_an_installed_one_of_its_name(warm, folder):
    (folder / "email_validator.py").write_text("mine = True")
    try:
        from_warm, from_cold = both(warm, folder, "print(email_validator.mine)")
    finally:
        (folder / "email_validator.py").unlink()
    assert from_warm == from_cold and from_warm.output == "True\n"


def test_a_command_is_killed_alone(warm, folder):
    commands = [warm.start(flask("do", WAIT), folder, clean_environment()) for _ in range(2)]
    assert [each.stdout.readline() for each in commands] == ["here\n"] * 2
    commands[0].kill()
    assert commands[0].wait(10) == -signal.SIGKILL and commands[1].poll() is None
    commands[1].terminate()
    assert commands[1].wait(10) == -signal.SIGTERM
    assert warm.run(flask("do", "print('next')"), folder, clean_environment()).output == "next\n"
    for each in commands:
        each.stdout.close()


def test_a_command_that_does_not_end_in_time_is_told_apart(warm, folder):
    command = warm.start(flask("do", WAIT), folder, clean_environment())
    with pytest.raises(subprocess.TimeoutExpired):
        command.wait(0.05)
    command.kill()
    assert command.wait(10) == -signal.SIGKILL
    command.stdout.close()


def test_a_command_goes_on_if_the_server_is_killed_and_the_next_one_gets_another(folder):
    runner = WarmProcesses()
    code = "print('here', flush=True); time.sleep(0.5); print('end'); sys.exit(5)"
    command = runner.start(flask("do", code), folder, clean_environment())
    assert command.stdout.readline() == "here\n"
    server = psutil.Process(command.pid).parent().parent()
    os.kill(server.pid, signal.SIGINT)  # Ctrl-C in a terminal reaches it, and must not end it
    whose = "import psutil; print(psutil.Process().parent().parent().pid)"
    assert runner.run(flask("do", whose), folder, clean_environment()).output == f"{server.pid}\n"
    server.kill()
    assert is_gone(server)
    assert (command.stdout.read(), command.wait(10)) == ("end\n", 5)
    assert runner.run(flask("do", "print('next')"), folder, clean_environment()).output == "next\n"
    command.stdout.close()
    runner.end()


def test_when_the_kernel_is_killed_the_server_ends_and_a_running_command_is_finished(folder):
    code = f"""
        import sys, time
        from pathlib import Path
        from workbook.commands import clean_environment
        from workbook.runners.warm import WarmProcesses
        command = {flask("do", "print('here', flush=True); time.sleep(0.5); open('finished', 'w').close()")!r}
        runner = WarmProcesses()
        process = runner.start(command, Path({str(folder)!r}), clean_environment())
        process.stdout.readline()
        print(process.pid, flush=True)
        time.sleep(60)
    """
    notebooks = str(Path(workbook.__file__).parents[1])
    kernel = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": notebooks}, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    command = psutil.Process(int(kernel.stdout.readline()))
    server = command.parent().parent()
    kernel.kill()
    kernel.wait()
    kernel.stdout.close()
    assert is_gone(server) and is_gone(command)
    assert (folder / "finished").exists()


def test_a_process_that_was_forked_from_this_one_gets_a_server_of_its_own(warm, folder):
    assert warm.run(flask("do", "print('here')"), folder, clean_environment()).output == "here\n"
    child = os.fork()
    if not child:
        ended = warm.run(flask("do", "print('there')"), folder, clean_environment())
        os._exit(0 if ended.output == "there\n" else 1)
    deadline = time.monotonic() + 30
    while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ended == (child, 0)
    assert warm.run(flask("do", "print('here')"), folder, clean_environment()).output == "here\n"


def test_the_output_can_go_to_a_file(warm, folder, tmp_path):
    with (tmp_path / "log").open("wb") as output:
        assert warm.start(flask("do", "print('here')"), folder, clean_environment(), output).wait() == 0
    assert (tmp_path / "log").read_text() == "here\n"


def test_a_cold_start_is_chosen_by_the_variable_and_where_nothing_can_fork(monkeypatch):
    chosen = choose.__wrapped__  # this process keeps the runner that it has
    monkeypatch.delenv(COLD, raising=False)
    assert type(chosen()) is WarmProcesses
    monkeypatch.setenv(COLD, "1")
    assert type(chosen()) is Processes
    monkeypatch.delenv(COLD)
    monkeypatch.delattr(os, "fork")
    assert type(chosen()) is Processes


# What is run from a terminal on a machine of one's own, and that no notebook imports.
TOOLS = ("marks/", "hub/", "site/", "start.py", "verify/remote.py", "verify/databases.py")


def test_only_the_runners_and_what_no_notebook_uses_start_processes():
    package = Path(workbook.__file__).parent
    found = [
        f"{path.relative_to(package)}, line {node.lineno}"
        for path in package.rglob("*.py")
        if path.parent.name != "runners" and not path.relative_to(package).as_posix().startswith(TOOLS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if name.partition(".")[0] in ("subprocess", "psutil", "multiprocessing")
    ]
    assert not found, f"{found}: start commands through workbook.commands, or add to workbook/runners"
