"""Starts `python -m flask …` (or `waitress`) by forking, with the installed packages imported already.

    python -m warm_server DESCRIPTOR     (in this folder; of a socket that has workbook.runners.warm at its other end)

Nine tenths of what a command takes are imports. This process imports the
installed packages once, never a project's modules. Each command is a copy of
this process that goes on as a new interpreter does; if anything could go
otherwise than there, the copy becomes a new interpreter after all: see `differs`.

For each command one byte comes, with three descriptors: to read the request
from, for the command's output, and to report to. The report is two lines: the
command's process id, and how it ended, as Popen.returncode says it.

multiprocessing's forkserver does more than is wanted here: it runs the parent's
main module again, and hands on the parent's sys.path.
"""
import atexit
import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import sys
import types
from contextlib import suppress
from importlib import import_module

PRELOADED = (
    "flask.cli", "flask_bootstrap", "flask_migrate", "flask_sqlalchemy", "flask_wtf", "email_validator", "wtforms",
    "flask_migrate.cli", "flask_sqlalchemy.cli", "jinja2.ext", "alembic.autogenerate", "alembic.command",
    "psycopg", "sqlite3", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite", "werkzeug.serving",
    "waitress.runner",
)  # fmt: skip
# Read by the app, by this package or by pytest while they run; any other variable may be read during an import.
READ_LATE = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "SECRET_KEY", "PYTEST_", "WORKBOOK_")


class State:
    """What this process was before it became a command."""

    def __init__(self):
        self.interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the commands alone
        self.environment = early_variables()
        modules = set(sys.modules)
        for name in PRELOADED:
            with suppress(ImportError):  # the command will say so
                import_module(name)
        self.imported = sys.modules.keys() - modules
        files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        self.written = {file: written(file) for file in [*filter(None, files), *sys.path]}
        self.said = os.fstat(1).st_size > 0  # each command would have to say it
        gc.freeze()  # what is never looked at again is never copied

    def keep_imported(self):
        """Let the packages be as they are when a command ends: to take them apart costs half of its time.

        The project's modules, and all that they have made, end as ever.
        """
        modules = [sys.modules.pop(name) for name in self.imported if name in sys.modules]
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(modules))


def early_variables():
    return {name: value for name, value in os.environ.items() if not name.startswith(READ_LATE)}


def written(file):
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return None


def serve(control):
    """Fork for each request, until the other end is closed; returns the request and the output in the new process."""
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1, 3)
        if not message:
            os._exit(0)
        if os.fork():
            close(*descriptors)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:  # the watchers of commands that have ended
                    pass
            continue
        control.close()
        request, output, report = descriptors
        if process := os.fork():
            close(request, output)
            watch(process, report)
        close(report)
        return request, output


def watch(process, report):
    """Say how the command ends. A process of its own for each: so it is said also if the server is killed meanwhile."""
    os.write(report, b"%d\n" % process)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.write(report, b"%d\n" % code)
    os._exit(0)


def close(*descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def become(request, output, state):
    """Make this process the one that was asked for, up to where it runs a module; returns the module's name."""
    with open(request, "rb") as file:
        asked = json.loads(file.read())
    os.dup2(output, 1)
    os.dup2(output, 2)
    close(output)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    signal.signal(signal.SIGINT, state.interrupt)
    if differs(state):
        os.execv(asked["command"][0], asked["command"])
    sys.path.insert(0, os.getcwd())
    sys.orig_argv[:] = asked["command"]
    sys.argv[:] = ["-m", *asked["command"][3:]]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.excepthook = show
    return asked["command"][2]


def differs(state):
    """Whether a new interpreter could do otherwise than this one, which has imported the packages already."""
    # A variable that Python or a package may have read by now has another value.
    if early_variables() != state.environment or state.said:
        return True
    # A package was upgraded, edited, added or removed.
    if any(written(file) != when for file, when in state.written.items()):
        return True
    # A module of the project has the name of a module that is imported already, and would be found before it.
    return any(name.partition(".")[0] in sys.modules for name in os.listdir())


def show(kind, error, trace):
    """Print the traceback that a new interpreter prints: what comes after this file's lines."""
    here = [trace]
    while here[-1].tb_next:
        here.append(here[-1].tb_next)
    mine = [frame for frame in here if frame.tb_frame.f_code.co_filename == __file__]
    sys.__excepthook__(kind, error.with_traceback(mine[-1].tb_next), mine[-1].tb_next)


if __name__ == "__main__":
    control = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # this folder
    state = State()
    atexit.register(state.keep_imported)
    # `-m` calls this function of runpy, so a traceback has the same lines.
    runpy._run_module_as_main(become(*serve(control), state))
