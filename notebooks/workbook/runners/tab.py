"""Commands in this Python itself, where no process can be started: in a tab of a browser.

A command finds what a new interpreter would find, as far as one interpreter can be many: its folder, environment,
arguments and streams, its project's modules, logging, and no connection to a database that an earlier one left open.
"""
import io
import linecache
import logging
import os
import runpy
import sys
import time
import traceback
import tracemalloc
import types
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from alembic.config import Config

from workbook.runners import Answer, Cost, Finished
from workbook.stages import own_modules
from workbook.tab import git, pq

ONE_AT_A_TIME = "a browser tab runs one command at a time: this needs the installed workbook"
TEXT = {"encoding": "utf-8", "errors": "replace", "newline": "\n"}
NOT_HERE = "{} is a program of its own, and a browser tab cannot start one: this needs the installed workbook.\n"


class NeedsProcesses(Exception):
    """What a browser tab cannot do, in one line."""

    def _render_traceback_(self):
        return [f"NeedsProcesses: {self}"]


class InTab:
    """See workbook.runners.Runner."""

    def finds(self, program):
        return program == "git"

    def run(self, command, folder, environment):
        if command[:2] == [sys.executable, "-m"]:
            with as_new(folder, environment) as output:
                code = run_module(command[2:])
            return Finished(code, output.text())
        if command[0] == "git":
            with variables(environment):
                return git.run(without_settings(command[1:]), folder)
        return Finished(1, NOT_HERE.format(os.path.basename(command[0])))

    def measure(self, command, folder, environment):
        tracemalloc.start()
        start, processor = time.perf_counter(), time.process_time()
        try:
            ended = self.run(command, folder, environment)
            most = tracemalloc.get_traced_memory()[1] / 2**20
        finally:
            tracemalloc.stop()
        return ended, Cost(time.perf_counter() - start, time.process_time() - processor, most)

    @contextmanager
    def serving(self, folder, environment, server):
        """As a server does, but nobody else can reach it: each request is a call of the app."""
        from flask.cli import ScriptInfo

        with as_new(folder, environment):
            client = ScriptInfo().load_app().test_client()

            def get(path, fields=None):
                method = "GET" if fields is None else "POST"
                answer = client.open(path, method=method, data=fields, follow_redirects=True)
                return Answer(answer.status_code, answer.get_data(as_text=True))

            yield get

    def start(self, command, folder, environment, output=None):
        raise NeedsProcesses(ONE_AT_A_TIME)

    foreground = start


def run_module(arguments):
    """Run `python -m <arguments>`; returns the exit code."""
    sys.argv[:] = ["-m", *arguments[1:]]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        runpy._run_module_as_main(arguments[0])  # what `-m` calls, so a traceback has the same lines
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception as error:
        traceback.print_exception(error.with_traceback(error.__traceback__.tb_next))
        return 1
    return 0


def without_settings(arguments):
    """The arguments of git without `-c name=value` in front: git in a tab has no other settings."""
    while arguments[:1] == ["-c"]:
        arguments = arguments[2:]
    return arguments


class Output(io.RawIOBase):
    """What a command prints on both streams, in the order in which it arrives: stdout has a buffer, as in a pipe."""

    def __init__(self):
        self.printed = bytearray()
        self.stdout = io.TextIOWrapper(io.BufferedWriter(self), **TEXT)
        self.stderr = io.TextIOWrapper(io.BufferedWriter(self), write_through=True, line_buffering=True, **TEXT)

    def writable(self):
        return True

    def write(self, data):
        self.printed += data
        return len(data)

    def text(self):
        for stream in (self.stdout, self.stderr):
            stream.flush()
        return self.printed.decode("utf-8", "replace")


class Current:
    """What sys.stdout is at the moment."""

    def __getattr__(self, name):
        return getattr(sys.stdout, name)


@contextmanager
def current_stdout():
    """Within the block Alembic prints on the stdout of the moment, not on that of its import."""
    before = Config.__init__.__defaults__
    Config.__init__.__defaults__ = tuple(Current() if hasattr(each, "write") else each for each in before)
    try:
        yield
    finally:
        Config.__init__.__defaults__ = before


@contextmanager
def as_new(folder, environment):
    """Within the block this Python is like one that was just started in `folder`; yields its Output."""
    folder, place, mark = Path(folder).resolve(), os.getcwd(), pq.mark()
    kept = {name: getattr(sys, name) for name in ("argv", "stdin", "prefix")}
    main, path, loggers, output = sys.modules["__main__"], list(sys.path), logging_state(), Output()
    linecache.clearcache()
    set_logging({logging.root: (logging.WARNING, [], True, False)})
    try:
        os.chdir(folder)
        sys.argv, sys.stdin = list(sys.argv), io.StringIO()
        if sys.prefix == "/":  # where every project would be an installed one, for Flask
            sys.prefix = "/lib"
        streams = redirect_stdout(output.stdout), redirect_stderr(output.stderr)
        own = own_modules(folder), warnings.catch_warnings(), current_stdout()
        with variables(environment), own[0], own[1], own[2], streams[0], streams[1]:
            yield output
    finally:
        pq.close_since(mark)
        set_logging(loggers)
        sys.modules["__main__"], sys.path[:] = main, path
        for name, value in kept.items():
            setattr(sys, name, value)
        os.chdir(place)


@contextmanager
def variables(environment):
    """Within the block the environment has these variables and no others."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def logging_state():
    """{logger: its level, handlers, propagate, disabled}"""
    known = logging.root.manager.loggerDict.values()
    every = [logging.root, *(each for each in known if isinstance(each, logging.Logger))]
    return {each: (each.level, list(each.handlers), each.propagate, each.disabled) for each in every}


def set_logging(states):
    """Give each logger the state that is named for it; any other one that of a new logger."""
    for each in logging_state():
        state = states.get(each, (logging.NOTSET, [], True, False))
        each.level, each.handlers[:], each.propagate, each.disabled = state
    logging.root.manager._clear_cache()
