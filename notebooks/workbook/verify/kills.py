"""Upgrades that are killed at every statement, and several at once, on throw-away databases."""
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from workbook.made_up import fill
from workbook.verify.findings import Finding
from workbook.verify.remote import Failed
from workbook.verify.walk import picture

AT_ONCE = 4
GAIN = "Use the workbook's env.py and safety.py (shared_templates/migrations)"
DO = {"kills": f"{GAIN}: a migration then happens whole or not at all", "at once": f"{GAIN}: one waits for the other"}


def look(url):
    """A picture of the database. Times of this hour are one word in it: the migration that runs makes them."""
    seen = picture(url)
    for row in (row for found in seen.rows.values() for row in found.values()):
        row.update({name: "now" for name, value in row.items() if is_new(value)})
    return seen


def is_new(value):
    if not isinstance(value, datetime):
        return False
    time = value if value.tzinfo else value.replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - time) < timedelta(hours=1)


class Survived(NamedTuple):
    """How many kills a project's migrations survive, and a line for each that they do not: (revision, line)."""

    kills: int
    lost: list


def killed(remote, again, database, history, note=lambda text: None):
    """Kill each step up and down before each statement that writes and each commit; returns Survived.

    `again()` opens one more process of the project, where that cannot fork. Survived means: the same command, run
    again, ends as if nothing had been. (What a script commits on its way may be there after a kill, if it can go on
    from there.)
    """
    kills, lost = 0, []
    for revision in history:
        for direction, target in (("upgrade", revision.id), ("downgrade", history.way_back(revision.id))):
            fill(database.url)
            start, before = database.saved(), look(database.url)
            points = remote.ask("points", direction=direction, revision=target)
            after = look(database.url)
            for point in range(points):
                note(f"{direction} {target}, {point + 1} of {points}")
                database.restore(start)
                kills += 1
                kill(again, remote, direction, target, point)
                if wrong := what_is_left(remote, database, direction, target, before, after):
                    lost.append((revision.id, f"{direction} killed at {point + 1} of {points}: {wrong}"))
            database.restore(start)
            remote.ask(direction, revision=target)
            database.forget(start)
        remote.upgrade(revision.id)
    return Survived(kills, lost)


def kill(again, remote, direction, revision, point):
    request = {"direction": direction, "revision": revision, "point": point}
    if hasattr(os, "fork"):
        remote.ask("apart", request={"do": "killed"} | request)
        return
    with again() as another, suppress(Failed):  # which is that it has ended
        another.remote.ask("killed", **request)


def what_is_left(remote, database, direction, revision, before, after):
    """What is wrong after a kill, in a few words; None if nothing is."""
    left = look(database.url)
    half = "" if left in (before, after) else "it leaves neither the old revision nor the new one, and "
    try:
        if left != after:
            remote.ask(direction, revision=revision)
    except Failed as error:
        return f"{half}the next run fails: {error}"
    return None if look(database.url) == after else f"{half}the next run ends with other tables or rows"


def findings_of(survived, gained):
    """A Finding for each revision that does not survive; `gained` is Survived with the workbook's env.py, or None."""
    by_revision = {}
    for revision, line in survived.lost:
        by_revision.setdefault(revision, []).append(line)
    told = f" With the workbook's env.py {gained.kills - len(gained.lost)} of {gained.kills} do." if gained else ""
    here = survived.kills - len(survived.lost)
    for revision, lines in by_revision.items():
        what = f"{lines[0]} ({len(lines)} such kills here; {here} of {survived.kills} survive in all.{told})"
        yield Finding("kills", revision, what, DO["kills"])


def at_once(remotes):
    """Upgrade one empty database in all these processes at the same moment; returns the Findings."""
    moment = time.time() + 0.5
    for remote in remotes:
        remote.send("at", moment=moment, revision="heads")
    failures = [failure for remote in remotes if (failure := failure_of(remote))]
    if not failures:
        return []
    return [Finding("at once", None, f"{len(failures)} of {len(remotes)} fail: {failures[0]}", DO["at once"])]


def failure_of(remote):
    try:
        remote.receive()
    except Failed as error:
        return str(error)
    return None
