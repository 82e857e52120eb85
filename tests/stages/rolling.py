"""Deploy version after version of the app while people use it, and say what became of their requests and rows."""
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from workbook.commands import run, serving
from workbook.runners import WAITRESS, Finished
from workbook.traffic import AGAIN, FAILED, Person, some_people

BEFORE, AFTERWARDS = 15, 30  # requests in a step, at least, before and after its upgrade
KEY = "the same for all versions, so that each takes a form that another has rendered"


class Step(NamedTuple):
    """What is served for a while, and perhaps an upgrade meanwhile."""

    name: str
    served: tuple[Path, ...]  # folders of versions
    code: Path | None = None  # whose `flask db upgrade` it is
    revision: str = ""


class Report(NamedTuple):
    """What people met in a Step."""

    step: Step
    sent: dict[str, int]  # {version: how many requests it got}
    failed: list[str]  # a line for each request that was not answered as it should be, or not at all
    again: int  # how many were answered with 503 and Retry-After, and sent again
    across: int  # how many forms one version had rendered and another one got
    meanwhile: int  # how many requests were answered while the upgrade ran
    upgraded: Finished | None  # how the upgrade ended
    lost: list[str]  # a line for each row that was saved in this step, and is not in the tables as it was saved

    def __str__(self):
        sent = ", ".join(f"{number} to {version}" for version, number in sorted(self.sent.items()))
        if self.across:
            sent += f", {self.across} forms of the one sent to the other"
        if self.step.code:
            sent += f", {self.meanwhile} during the upgrade"
        waited = f", {self.again} sent again" if self.again else ""
        return f"{self.step.name}: requests {sent}{waited}, failed {len(self.failed)}, rows lost {len(self.lost)}"


class Servers:
    """The versions that are served now, each by a process of its own."""

    def __init__(self, url):
        self.variables = {"DATABASE_URL": url, "SECRET_KEY": KEY}
        self.running, self.versions = {}, {}  # {folder: (its address, its ExitStack)}, {address: version}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop_all_but([])

    def addresses(self, folders):
        """Where the apps in `folders` are served; those that are not yet are started."""
        for folder in folders:
            if folder not in self.running:
                stack = ExitStack()
                address = stack.enter_context(serving(folder, self.variables, WAITRESS)).address
                self.running[folder], self.versions[address] = (address, stack), folder.name[:2]
        return [self.running[folder][0] for folder in folders]

    def stop_all_but(self, folders):
        for folder in self.running.keys() - set(folders):
            self.running.pop(folder)[1].close()


def deploy(url, steps, requests):
    """Take the Steps on the database `url`, each for as many `requests` at least; returns [Report]."""
    upgrades, saved = [], []
    with Servers(url) as servers, some_people(4) as people:
        slow = Person(people, 0)  # opens a form at the beginning, and sends it at the end
        for step in steps:
            people.phase(step.name, *servers.addresses(step.served), answers=BEFORE)
            servers.stop_all_but(step.served)  # nobody is sent there any more, and every answer has come
            slow.phase = people.now
            if step is steps[0]:
                form = slow.ask("GET", "/add")
            upgrades.append(upgrade(url, step, people))
            wanted = max(requests, len(requests_of(step, people)) + AFTERWARDS)
            people.wait_until(partial(has, people, step, wanted))
            saved.append({*people.users.copy(), *people.models.copy()}.difference(*saved))
        if slow.ask("POST", "/add", {"name": "Slow", "email": "slow@example.com"}, form):
            people.users["slow@example.com"] = "Slow"
            saved[-1].add("slow@example.com")
        slow.browser.close()
    lost = people.lost(url)
    for step, upgraded, keys in zip(steps, upgrades, saved, strict=True):
        asked = requests_of(step, people)
        yield Report(
            step,
            Counter(servers.versions[one.server] for one in asked),
            [f"{servers.versions[one.server]}: {one}" for one in asked if one.outcome == FAILED],
            sum(one.outcome == AGAIN for one in asked),
            sum(one.rendered not in ("", one.server) for one in asked),
            *upgraded,
            [line for line in lost if line.partition(": ")[0] in keys],
        )


def has(people, step, number):
    return len(requests_of(step, people)) >= number


def requests_of(step, people):
    return [one for one in people.requests.copy() if one.phase == step.name]


def upgrade(url, step, people):
    """(how many requests were answered during the upgrade of `step`, how it ended)"""
    if not step.code:
        return 0, None
    before = len(people.requests)
    ended = run(["flask", "db", "upgrade", step.revision], step.code, {"DATABASE_URL": url})
    return len(people.requests) - before, ended
