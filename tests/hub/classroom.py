"""`tox -e class`: a real JupyterHub, with learners who run notebooks on it at the same time.

    python tests/hub/classroom.py [--learners 3] [--notebooks 2] [--users]

The hub is the one that notebooks/workbook/hub sets up. Each learner logs in, starts a server, and runs that many
notebooks from top to bottom, another part of the workbook than the learner before; each output is compared with the
stored one. At the end it is said what a learner took, and whether two of them shared or saw anything of each other.
"""
import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

import psutil
from apart import KINDS, WITNESS, opened, reached, shared, told
from hub import hub_for
from learner import ORIGINALS, Learner, Run
from memory import Watch, adopt_orphans, processor_seconds

NAMES = list(ORIGINALS)


def main():
    parser = argparse.ArgumentParser(prog="tox -e class --", description=__doc__.partition("\n")[0])
    parser.add_argument("--learners", type=int, default=3)
    parser.add_argument("--notebooks", type=int, default=2, help="how many each learner runs, one after the other")
    parser.add_argument("--users", action="store_true", help="as root: each learner a real user, removed afterwards")
    options = parser.parse_args()
    if os.name == "nt":
        parser.error("JupyterHub runs on Linux and macOS only")
    if options.users and os.geteuid() != 0:
        parser.error("only root can make users")
    names = [f"class-{number}" for number in range(1, options.learners + 1)]
    if options.users and (there := set(names) & users_of_this_machine()):
        parser.error(f"{min(there)} is a user of this machine already; this run would remove it at its end")
    adopt_orphans()
    with (
        tempfile.TemporaryDirectory(prefix="h", dir="/tmp", ignore_cleanup_errors=True) as folder,
        hub_for(names, os.path.realpath(folder), options.users) as hub,
        watching(hub) as watch,
        ThreadPoolExecutor(options.learners) as threads,
    ):
        return report(Lesson(hub, names, threads, watch), options)


def users_of_this_machine():
    import pwd  # not on Windows

    return {user.pw_name for user in pwd.getpwall()}


@contextmanager
def watching(hub):
    watch = Watch(hub.homes)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def report(lesson, options):
    """Hold the lesson, print what there is to say, and return the exit code."""
    users = "a user of the machine each" if options.users else "all of them one user of the machine"
    say("machine", f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB")
    say("learners", f"{options.learners}, {users}")
    lesson.begin()
    runs = lesson.run(options.notebooks)
    problems = lesson.look_around(options.users)
    failed = [run for run in runs if run.problems]
    covered = Counter(run.notebook[:2] for run in runs)
    say("notebooks run", f"{len(runs)}: " + ", ".join(f"{name} ({covered[name]})" for name in sorted(covered)))
    say("passed, failed", f"{len(runs) - len(failed)}, {len(failed)}")
    for run in failed:
        print(f"FAILED: {run.learner}, {run.notebook}, " + "\n        ".join(run.problems))
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{len(runs) - len(failed)} passed, {len(failed) + len(problems)} failed")
    return 1 if failed or problems else 0


class Lesson:
    """One lesson on `hub` for the learners `names`, who work in `threads` while `watch` looks at their memory."""

    def __init__(self, hub, names, threads, watch):
        self.hub, self.threads, self.watch = hub, threads, watch
        self.learners = list(threads.map(lambda name: Learner(hub, name), names))
        self.runs = []

    def begin(self):
        """All learners start their servers at the same moment."""
        with self.measured("servers started"):
            list(self.threads.map(Learner.start_server, self.learners))
        self.say_memory("memory, servers idle")

    def run(self, count):
        """Each learner runs `count` notebooks, and leaves them open."""
        with self.measured("notebooks run") as took:
            parts = self.threads.map(lambda each: self.part(*each, count), enumerate(self.learners))
            self.runs = [run for part in parts for run in part]
        say("a notebook", f"{took['processor'] / len(self.runs):.0f} s of processor time; "
                          f"the longest {max(run.seconds for run in self.runs):.0f} s")  # fmt: skip
        self.say_memory("memory, all notebooks open")
        peaks = [most for name, most in self.watch.peaks.items() if name != "hub"]
        say("memory at most", f"{self.watch.peak:,.0f} MiB of all together, in {self.watch.processes} processes; "
                              f"a learner {max(peaks):.0f} MiB")  # fmt: skip
        return self.runs

    def part(self, number, learner, count):
        runs = []
        for name in (NAMES[(number * count + step) % len(NAMES)] for step in range(count)):
            try:
                runs.append(learner.run(name))
            except Exception as error:  # whatever it is, the other learners go on
                runs.append(Run(learner.name, name, None, problems=[f"{type(error).__name__}: {error}"]))
        return runs

    def look_around(self, users):
        """What two learners share or can see of each other, a line each."""
        kernels = {run.learner: run.kernel for run in self.runs if run.kernel}
        witnesses = {name: told(kernel, WITNESS) for name, kernel in kernels.items()}
        problems = list(shared(witnesses))
        for learner, other in zip(self.learners, [*self.learners[1:], self.learners[0]]):
            problems += opened(learner, other) if learner is not other else ()
        ports = sorted({port for witness in witnesses.values() for port in witness["port"]})
        say("apart", f"{len(problems)} things shared or seen; ports that a kernel listens to: {ports or 'none'}")
        if len(witnesses) > 1:
            (name, kernel), (other, its), *_ = [*kernels.items()][:1] + [*witnesses.items()][1:2]
            found = reached(kernel, its)
            say("who tries to", f"{name} can reach of {other}: {', '.join(found) or 'nothing'}")
            if users:
                problems += [f"{name} has reached {other}'s {each}" for each in found]
            elif found != KINDS:  # then "nothing", said of real users, would prove nothing
                problems.append("one user of the machine reaches all that is his: these attempts do not work")
        return problems

    @contextmanager
    def measured(self, what):
        began, processor, took = time.monotonic(), processor_seconds(), {}
        yield took
        took["processor"] = processor_seconds() - processor
        say(what, f"in {time.monotonic() - began:.0f} s, {took['processor']:.0f} s of processor time")

    def say_memory(self, when):
        found = self.watch.look()
        hub = found.pop("hub", 0)
        say(when, f"{found.total() + hub:,.0f} MiB: hub {hub:.0f}, a learner {median(found.values()):.0f} "
                  f"({min(found.values()):.0f} to {max(found.values()):.0f})")  # fmt: skip


def say(what, text):
    print(f"{what:<28} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
