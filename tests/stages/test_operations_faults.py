"""`flask backup`, `restore` and `rehearse` killed at any moment, and on a full disk: nothing is half done."""
import os
import signal
import subprocess
import sys
import time

import pytest
from browsing import ON_SQLITE
from faults import KILLED, PROCESSES, code_of, copy_database, drop_database, room_for, sample
from operating import (
    LAST,
    OLDER,
    Place,
    backup_with_little_room,
    check_same,
    is_same,
    killed_command,
    run_command,
)

from workbook.stages import stage_app, upgrade
from workbook.verify.walk import picture

ALL = os.environ.get("WORKBOOK_FAULTS") == "all"
ONLY_ALL = pytest.mark.skipif(not ALL, reason="takes minutes: tox -e faults")
NOT_WINDOWS = pytest.mark.skipif(os.name != "posix", reason="processes are killed in groups, files are limited")


def kill(folder, url, place, arguments, moment):
    process = PROCESSES.Process(target=killed_command, args=(folder, url, place, arguments, moment))
    process.start()
    assert code_of(process) == KILLED, "It was not killed, so this proves nothing."


def moments_of(folder, url, place, *arguments):
    """The moments of the command, counted on a copy; a few of them unless all are wanted."""
    copy = copy_database(url)
    count = run_command(folder, copy, place, arguments, lambda number: None)
    drop_database(copy)
    return sample(list(range(count)), None if ALL else 3)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("migrated"))


@LAST
def test_a_killed_backup_never_looks_whole_and_the_next_one_works(new_place, stage, database, tmp_path):
    place = new_place()
    trial = tmp_path / "trial"
    trial.mkdir()
    moments = moments_of(stage, place.url, trial, "backup", "all.backup")
    whole = 0
    for moment in moments:
        here = tmp_path / str(moment)
        here.mkdir()
        kill(stage, place.url, here, ("backup", "all.backup"), moment)
        left = left_in(here)
        assert all(name == "all.backup" or name.endswith(".partial-backup") for name in left), f"{moment}: {left}"
        os.chdir(here)
        if "all.backup" in left:
            whole += 1
        else:
            place.flask("backup", "all.backup")
        place.flask("backup", "next.backup")
        assert left_in(here) == ["all.backup", "next.backup"], f"{moment}: what was left is still there"
        place.flask("restore", "all.backup", "--yes")
        place.check_unchanged()
    print(f"{database}: backup killed, survived {len(moments)}/{len(moments)}, whole in {whole} of them")


@LAST
def test_a_killed_restore_leaves_the_old_database_or_the_new_one(new_place, stage, database, tmp_path):
    place = new_place(OLDER)
    place.flask("backup", "old.backup")
    newer = copy_database(place.url)
    with stage_app(stage, newer) as app:
        upgrade(app)
    now = picture(newer)
    moments = moments_of(stage, newer, tmp_path, "restore", "old.backup", "--yes")
    new = 0
    for moment in moments:
        url = copy_database(newer)
        kill(stage, url, tmp_path, ("restore", "old.backup", "--yes"), moment)
        seen = picture(url)
        assert is_same(seen, now) or is_same(seen, place.before), f"{moment}: half a database is left"
        new += is_same(seen, place.before)
        with stage_app(stage, url) as app:
            Place(app, url, place.before, tmp_path).flask("restore", "old.backup", "--yes")
        check_same(place.before, picture(url))
        drop_database(url)
    drop_database(newer)
    print(f"{database}: restore killed, survived {len(moments)}/{len(moments)}, restored in {new} of them")


@LAST
def test_a_killed_rehearsal_changes_nothing_and_the_next_one_removes_what_it_left(new_place, stage, database, tmp_path):
    place = new_place("0009")
    moments = moments_of(stage, place.url, tmp_path, "rehearse")
    moments = moments if ALL else moments[1:2]
    for moment in moments:
        kill(stage, place.url, tmp_path, ("rehearse",), moment)
        place.check_unchanged()
        deadline = time.monotonic() + 20
        while place.flask("rehearse") and place.clones() and time.monotonic() < deadline:
            time.sleep(0.2)  # the server ends the sessions of the killed one in its own time
        assert place.clones() == [], moment
    print(f"{database}: rehearsal killed, survived {len(moments)}/{len(moments)}")


@ONLY_ALL
@NOT_WINDOWS
@LAST
@pytest.mark.parametrize("group", [True, False], ids=["with its tools", "alone"])
def test_commands_killed_from_outside_at_random_moments(new_place, stage, database, tmp_path, group):
    place = new_place(OLDER)
    place.flask("backup", "old.backup")
    variables = os.environ | {"DATABASE_URL": place.url, "FLASK_APP": str(stage / "app.py")}
    with stage_app(stage, place.url) as app:
        upgrade(app)
    now, killed = picture(place.url), 0

    def start(*arguments):
        command, nowhere = [sys.executable, "-m", "flask", *arguments], subprocess.DEVNULL
        return subprocess.Popen(
            command, env=variables, cwd=tmp_path, stdout=nowhere, stderr=nowhere, start_new_session=True
        )

    for number in range(12):
        began = time.monotonic()
        assert start("backup", f"whole{number}.backup").wait() == 0
        taken = time.monotonic() - began
        for arguments in (["backup", f"{number}.backup"], ["restore", "old.backup", "--yes"]):
            process = start(*arguments)
            time.sleep(taken * (0.5 + number / 24))  # the first half of it is Python's start
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
            killed += process.wait() == KILLED
            if arguments[0] == "restore":
                seen = picture(place.url)
                assert is_same(seen, now) or is_same(seen, place.before), f"{number}: half a database is left"
            elif (tmp_path / arguments[1]).exists():
                seen = picture(place.url)
                place.flask("restore", arguments[1], "--yes", "--wait", "60")
                check_same(seen, picture(place.url))
        place.flask("restore", "old.backup", "--yes", "--wait", "60")
        place.check_unchanged()
        place.upgrade()
    assert killed > 6, "Most of them had ended before, so this proves little."
    place.flask("backup", "last.backup")
    assert not [name for name in left_in(tmp_path) if name.endswith(".partial-backup")]
    print(f"{database}, {'with its tools' if group else 'alone'}: {killed} killed")


@NOT_WINDOWS
@LAST
def test_a_backup_without_room_is_one_line_and_leaves_nothing(new_place, stage, tmp_path):
    place = new_place()
    for size in (0, 4096, 8192):
        here = tmp_path / str(size)
        here.mkdir()
        process = PROCESSES.Process(target=backup_with_little_room, args=(stage, place.url, here, size))
        process.start()
        assert code_of(process) == 0
        assert left_in(here) == []


@LAST
@ON_SQLITE
def test_a_restore_without_room_leaves_the_old_database(new_place, stage):
    place, small = new_place(), new_place("base")
    place.flask("backup", "all.backup")
    with room_for(3):
        assert small.error("restore", "all.backup") == "The database says: database or disk is full"
    check_same(small.before, picture(small.url))
    small.flask("restore", "all.backup")
    check_same(place.before, picture(small.url))
