"""Commands as processes that a warm server forks: ten times as fast as new interpreters, and otherwise like them."""
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from workbook.runners.processes import TEXT, Processes, plain

SERVER = Path(__file__).with_name("warm_server.py")
FORKED = ("flask", "waitress")  # the modules that the server runs; anything else is a new interpreter


class WarmProcesses(Processes):
    """See workbook.runners.Runner. The server starts with the first command, and ends with this process."""

    def __init__(self):
        self.server, self.owner, self.lock = None, None, threading.Lock()

    def start(self, command, folder, environment, output=None):
        if command[:2] == [sys.executable, "-m"] and command[2] in FORKED:
            for _ in range(2):  # a server that somebody has ended is replaced
                try:
                    return self.fork(command, folder, environment, output)
                except (OSError, EOFError):
                    self.end()
        return plain(command, folder, environment, output)

    def end(self):
        """Let the server go; the next command starts another one. What it has forked goes on."""
        if self.server:
            self.server.close()
        self.server = None

    def fork(self, command, folder, environment, output):
        request, ask = os.pipe()
        report, tell = os.pipe()
        stdout, write = (None, os.dup(output.fileno())) if output else os.pipe()
        try:
            with self.lock:
                if self.server is None or self.owner != os.getpid():  # a fork of this process needs a server of its own
                    self.server, self.owner = start_server(environment), os.getpid()
                socket.send_fds(self.server, [b"!"], [request, write, tell])
        except BaseException:
            for end in (ask, report, stdout):
                if end is not None:
                    os.close(end)
            raise
        finally:
            for end in (request, write, tell):
                os.close(end)
        asked = {"command": command, "folder": str(folder), "environment": environment}
        try:
            with open(ask, "wb") as file:
                file.write(json.dumps(asked).encode())
        except BrokenPipeError:
            pass  # the report says so as well
        return Forked(command, stdout, report)


def start_server(environment):
    """Start a warm server; returns the socket that it listens to, and whose end is its end."""
    ours, theirs = socket.socketpair()
    # What the packages print when they are imported each command has to print, so the server looks for it here.
    with theirs, tempfile.TemporaryFile() as said:
        subprocess.Popen(
            [sys.executable, "-m", SERVER.stem, str(theirs.fileno())],
            cwd=SERVER.parent,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        ).returncode = 0  # nobody waits for it: it ends when this process does
    return ours


class Forked:
    """A command that the server has forked: what subprocess.Popen is for a new process."""

    def __init__(self, command, stdout, report):
        self.command, self.returncode = command, None
        self.stdout = None if stdout is None else os.fdopen(stdout, **TEXT)
        self.report = os.fdopen(report, "rb", buffering=0)
        line = self.report.readline()
        if not line:
            self.close()
            raise EOFError("the warm server has ended")
        self.pid = int(line)

    def poll(self):
        """The exit code, minus the signal's number if one has ended the command, or None while it runs."""
        self.ended(0)
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the end, and return what `poll` does then; subprocess.TimeoutExpired after `timeout` seconds."""
        if not self.ended(timeout):
            raise subprocess.TimeoutExpired(self.command, timeout)
        return self.returncode

    def ended(self, timeout):
        if self.returncode is None and select.select([self.report], [], [], timeout)[0]:
            self.returncode = int(self.report.readline() or -signal.SIGKILL)  # nothing: its watcher was killed
            self.report.close()
        return self.returncode is not None

    def close(self):
        self.report.close()
        if self.stdout:
            self.stdout.close()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)
