"""Commands as processes of the operating system, each a new interpreter: works on every platform."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar

import psutil

from workbook.runners import Answer, Cost, Finished

TEXT = {"encoding": "utf-8", "errors": "replace"}


class Processes:
    """See workbook.runners.Runner."""

    def finds(self, program):
        return shutil.which(program) is not None

    def start(self, command, folder, environment, output=None):
        return plain(command, folder, environment, output)

    def run(self, command, folder, environment):
        process = self.start(command, folder, environment)
        with process.stdout:
            try:
                text = process.stdout.read()
                return Finished(process.wait(), text)
            except BaseException:  # the learner has interrupted the cell
                process.kill()
                process.wait()
                raise

    def measure(self, command, folder, environment):
        with tempfile.TemporaryFile("w+", **TEXT) as output:
            start, cost = time.perf_counter(), Cost(0, 0, 0)
            process = plain(command, folder, environment, output)
            watched = psutil.Process(process.pid)
            while process.poll() is None:
                look_at(watched, cost)
                time.sleep(0.02)
            cost.seconds = time.perf_counter() - start
            output.seek(0)
            return Finished(process.returncode, output.read()), cost

    @contextmanager
    def serving(self, folder, environment, server):
        process = self.start([sys.executable, "-m", *server], folder, environment)
        # A server logs each request, and stops when nobody has read the last few hundred lines.
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        try:
            address = next((found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line))), None)
            if not address:
                raise RuntimeError(f"{server[0]} ended before it served a page")
            reader.start()
            yield visitor(address)
        finally:
            process.terminate()
            process.wait()
            if reader.is_alive():
                reader.join()
            process.stdout.close()

    def foreground(self, command, folder, environment):
        """Run the command in this terminal until it ends, and pass on what would end this process; its exit code."""
        process = subprocess.Popen(command, cwd=folder, env=environment)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the command gets it too, and asks or ends
                continue


def plain(command, folder, environment, output=None):
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,  # Alembic would take the terminal's width from it
        stdout=subprocess.PIPE if output is None else output,
        stderr=subprocess.STDOUT,
        **TEXT,
    )


def look_at(process, cost):
    try:
        # On Windows the python.exe of an environment starts another one.
        family = [process, *(process.children() if os.name == "nt" else [])]
        memory = sum(each.memory_info().rss for each in family)
        cost.memory = max(cost.memory, memory / 2**20)
        cost.processor = sum(sum(each.cpu_times()[:2]) for each in family)
    except psutil.Error:  # it has just ended
        pass


def visitor(address):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(path, fields=None):
        return ask(opener, address + path, fields)

    get.address = address
    return get


def ask(opener, url, fields):
    data = urllib.parse.urlencode(fields).encode() if fields is not None else None
    try:
        with opener.open(url, data, timeout=30) as answer:
            return Answer(answer.status, answer.read().decode())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.read().decode())
