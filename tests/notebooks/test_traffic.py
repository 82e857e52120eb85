"""People who use an app while it changes: they notice what a person would notice, and say it under the right phase."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from workbook import Workspace, traffic
from workbook.schema import engine_of
from workbook.traffic import served, some_people

READERS_AND_WRITERS = {"GET /", "GET /models", "POST /add", "POST /models/add"}


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))


@pytest.fixture
def server():
    """A server that says 503 to everybody; yields its address, and the Event that makes it say so."""

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503)
            if again.is_set():
                self.send_header("Retry-After", "5")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    again = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}", again
        listening.shutdown()


def execute(work, statement):
    with engine_of(work.url).begin() as connection:
        connection.execute(text(statement))


def test_a_rename_under_an_app_fails_for_all_who_need_users_and_only_in_the_phase_after_it(scratch):
    work = Workspace("05_merge_conflict", rows=3)
    with served(work) as server, some_people() as people:
        people.phase("before", server)
        people.phase("during", answers=0)
        execute(work, "ALTER TABLE users RENAME COLUMN name TO title")
        people.phase("after")
    assert not people.failed("before") and people.users and people.models
    assert {one.name for one in people.failed("after")} == READERS_AND_WRITERS
    assert ": 500, Internal Server Error" in str(people.failed("after")[0])
    before, after = people.summary("before", "after").rows
    assert set(before[1:]) == {"none"}
    assert list(after[1:]) == ["all", "none", "all", "none", "all", "all", "–"]


def test_a_row_that_was_answered_as_saved_and_is_gone_or_changed_is_said_to_be_lost(scratch):
    work = Workspace("06_expand", rows=3)
    with served(work) as server, some_people(1) as people:
        people.phase("a day", server)
    assert people.lost(work.url) == []
    first, second = list(people.users)[:2]
    execute(work, f"UPDATE users SET display_name = 'Somebody' WHERE email = '{first}'")
    execute(work, f"DELETE FROM users WHERE email = '{second}'")
    lost = "\n".join(people.lost(work.url))
    assert f"{first}: {people.users[first]} was saved, found: ['Somebody']" in lost
    assert f"{second}: {people.users[second]} was saved, found: []" in lost


def test_nobody_asks_a_server_any_more_once_the_phase_without_it_has_begun(scratch):
    old = Workspace("06_expand", rows=3, name="old")
    new = Workspace("06_expand", database=old, name="new")
    with served(new) as b, some_people(3) as people:
        with served(old) as a:
            people.phase("old", a)
            people.phase("both", a, b)
            people.phase("new", b)
        people.phase("the old one is stopped")
    assert not people.failed(), people.failed()
    used = {phase: {one.server for one in people.requests if one.phase == phase} for phase in ("old", "both", "new")}
    assert used == {"old": {a}, "both": {a, b}, "new": {b}}


def test_a_503_is_a_failure_unless_it_says_to_try_again(server):
    address, again = server
    with some_people(1) as people:
        people.phase("no word of trying again", address, answers=5)
    assert len(people.failed()) == len(people.requests)
    again.set()
    with some_people(1) as people:
        people.phase("try again", address, answers=5)
    assert not people.failed() and {one.name for one in people.requests} == {"GET /add"}


def test_a_server_that_is_busy_for_good_is_not_waited_for_without_end(server, monkeypatch):
    monkeypatch.setattr(traffic, "PATIENCE", 0.5)
    address, again = server
    again.set()
    with some_people(1) as people, pytest.raises(TimeoutError, match="no more answers"):
        people.phase("busy", address)
        people.phase("busy for good", address)


def test_people_of_a_server_that_is_gone_say_so(scratch):
    with some_people(1) as people:
        people.phase("nobody there", "http://127.0.0.1:9", answers=5)
    assert all(one.status == 0 and "Error" in one.said for one in people.requests)
    assert len(people.failed()) == len(people.requests)
