"""People who use the pages of an app all the time, while it is deployed and its database is migrated.

    with served(old) as a, served(new) as b, some_people() as people:
        people.phase("old", a)
        people.phase("both", a, b)     # forms that the one has rendered are sent to the other as well
        people.phase("new", b)         # nobody waits for an answer of `a` any more: it may be stopped
    people.summary()                   # failed requests by phase
    people.lost(new.url)               # what was answered as saved, and is not in the tables
"""
import html
import http.client
import re
import threading
import time
import urllib.parse
from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from workbook import commands
from workbook.rows import rows_of
from workbook.views import Rows

PAUSE = 0.005  # seconds between two requests of a person
PATIENCE = 30  # seconds for one answer, and to wait for more of them
ANSWERED, AGAIN, FAILED = "answered", "to be tried again", "failed"
GROUPS = count(1)  # so that those who come later take other emails


@contextmanager
def served(project):
    """Run the app of a workbook.workspace.Project for the block; yields its address, such as http://127.0.0.1:5000.

    All that are served this way share one SECRET_KEY, so one takes a form that another one rendered.
    """
    variables = {"SECRET_KEY": "the same for every server of an app"} | project.variables
    with commands.serving(project.folder, variables) as get:
        yield get.address


@contextmanager
def some_people(count=2):
    """`count` People who begin to use an app with the first phase that they are told, and end with the block."""
    people = People(count)
    try:
        yield people
    finally:
        people.stop()


class Phase(NamedTuple):
    name: str
    servers: tuple[str, ...]


class Request(NamedTuple):
    """A request, and what became of it."""

    phase: str  # of People, when that person's turn began
    name: str  # such as "POST /models/…/status"
    server: str
    outcome: str  # ANSWERED, AGAIN (a 503 with Retry-After, nothing saved) or FAILED
    status: int  # 0: there was no answer
    said: str  # what the page says, on one line; of requests that were answered: nothing
    rendered: str  # the server that had rendered the form that was sent; "" if it was no form

    def __str__(self):
        return f"{self.name}: {self.status}, {self.said}"


class People:
    """What they asked and what came of it: `requests`, a list of Request in the order of the answers.

    `users` is {email: name} and `models` {model_name: (status, owner's email)}: all that was answered as saved.
    """

    def __init__(self, count):
        self.now, self.end, self.group = None, threading.Event(), next(GROUPS)
        self.requests, self.users, self.models, self.problems = [], {}, {}, []
        self.people = [Person(self, number) for number in range(1, count + 1)]

    def stop(self):
        """Let everybody end; an error of a person, which is one of this module, is raised here."""
        self.end.set()
        for person in self.people:
            if person.thread.is_alive():
                person.thread.join()
        if self.problems:
            raise self.problems[0]

    def phase(self, name, *servers, answers=40):
        """Begin a phase: requests go to `servers` in turn (none given: as before) and are told under `name`.

        Whoever is in the middle of a turn (add a user, look for it, add a model, change it) ends it as it was begun.
        Returns when all have begun another one, so that no request is on its way to a server that is not named any
        more, and so many `answers` are there; TimeoutError after 30 seconds without one (or with AGAIN alone).
        """
        first = self.now is None
        self.now = Phase(name, servers or self.now.servers)
        if first:
            for person in self.people:
                person.thread.start()
        self.wait_until(lambda: all(person.phase is self.now for person in self.people))
        wanted = len(self.requests) + answers
        self.wait_until(lambda: len(self.requests) >= wanted)

    def wait_until(self, reached):
        seen = deadline = 0
        while not reached() and not self.problems:
            there = sum(one.outcome != AGAIN for one in list(self.requests))
            if there > seen or not deadline:
                seen, deadline = there, time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                raise TimeoutError(f"People get no more answers from {', '.join(self.now.servers)}.")
            time.sleep(0.005)

    def failed(self, phase=None):
        """The Requests that failed, or those of a phase."""
        return [one for one in self.requests if one.outcome == FAILED and phase in (None, one.phase)]

    def summary(self, *phases):
        """Show for each phase (or those that are named) and each kind of request how many failed: none, some or all."""
        counted = [one for one in self.requests if not phases or one.phase in phases]
        totals = Counter((one.phase, one.name) for one in counted)
        failed = Counter((one.phase, one.name) for one in counted if one.outcome == FAILED)
        phases, names = (list(dict.fromkeys(key[part] for key in totals)) for part in (0, 1))
        words = {key: how_many(failed[key], total) for key, total in totals.items()}
        rows = [(phase, *(words.get((phase, name), "–") for name in sorted(names))) for phase in phases]
        return Rows(["failed requests", *sorted(names)], rows)

    def lost(self, url):
        """One line for each user and model that was answered as saved and is not in the database `url` as it was told.

        A row that is there twice is not as it was told either.
        A user's name may stand in the column `name`, in `display_name`, or in both.
        """
        tables = rows_of(url)
        users = {row["id"]: row for row in tables["users"].values()}
        found = defaultdict(list)
        for row in users.values():
            found[row["email"]].append(row.get("display_name") or row.get("name"))
        for row in tables["model_metadata"].values():
            owner = users.get(row["owner_id"], {}).get("email")
            found[row["model_name"]].append((row["status"], owner))
        saved = {**self.users, **self.models}
        return [f"{key}: {value} was saved, found: {found[key]}"
                for key, value in saved.items() if found[key] != [value]]


def how_many(some, of):
    return "none" if not some else "all" if some == of else "some"


class Person:
    """One of the People: adds users and models, looks for them in the lists, changes a status, again and again."""

    def __init__(self, people, number):
        self.people, self.number = people, number
        self.browser, self.phase, self.asked = Browser(), None, count(number)
        self.thread = threading.Thread(target=self.go_on, daemon=True)

    def go_on(self):
        try:
            for turn in count(1):
                self.phase = self.people.now
                self.use_pages(turn)
        except Ended:
            pass
        except Exception as error:
            self.people.problems.append(error)
        finally:
            self.browser.close()

    def use_pages(self, turn):
        who = f"{self.people.group}.{self.number}.{turn}"
        name, email, model = f"Visitor {who}", f"visitor{who}@example.com", f"model of visitor {who}"
        if added := self.fill_in("/add", name=name, email=email):
            self.people.users[email] = name
        self.ask("GET", "/", shows=[name, email] if added else [])
        if added := self.fill_in("/models/add", model_name=model, accuracy="0.5", owner=email):
            self.people.models[model] = "active", email
        models = self.ask("GET", "/models", shows=[model] if added else [])
        if added and models:
            form = re.search(rf'{model}</td>.*?action="([^"]+)"', models.text, re.DOTALL)
            if self.ask("POST", html.unescape(form[1]), {"status": "archived"}, models):
                self.people.models[model] = "archived", email

    def fill_in(self, path, **typed):
        """Open a form, and send it to whichever server comes next; returns the answer if it was saved."""
        form = self.ask("GET", path)
        return form and self.ask("POST", path, typed, form)

    def ask(self, method, path, typed=None, form=None, shows=()):
        """Send a request, again while that is what the answer says; returns the answer, or None if it failed.

        `typed` are fields of a form, which stands on the page that was the answer `form`.
        """
        fields, rendered = (token_of(form) | typed, form.server) if form else (None, "")
        while True:
            if self.people.end.wait(PAUSE):
                raise Ended
            server = self.phase.servers[next(self.asked) % len(self.phase.servers)]
            answer = self.browser.request(server, method, path, fields)
            outcome, said = judged(answer, method, shows)
            name = f"{method} {re.sub(r'[0-9]+', '…', path.partition('?')[0])}"
            self.people.requests.append(Request(self.phase.name, name, server, outcome, answer.status, said, rendered))
            if outcome != AGAIN:
                return answer if outcome == ANSWERED else None


class Ended(Exception):
    """People are to stop."""


def judged(answer, method, shows):
    """(outcome, what the page says unless it is as it should be)"""
    if answer.status == 503 and answer.headers.get("Retry-After"):
        return AGAIN, what_it_says(answer)
    if answer.status != (302 if method == "POST" else 200):
        return FAILED, what_it_says(answer)
    missing = [text for text in shows if text not in answer.text]
    return (FAILED, f"{missing[0]} is not in the list") if missing else (ANSWERED, "")


class Answer(NamedTuple):
    server: str
    status: int
    headers: dict
    text: str


class Browser:
    """Keeps cookies, for all servers of this machine, and a connection to each server."""

    def __init__(self):
        self.connections, self.cookies = {}, {}

    def request(self, server, method, path, fields=None):
        """An Answer; redirects are not followed. If no answer comes, its status is 0 and its text says why."""
        headers = {"Cookie": "; ".join(self.cookies.values())} if self.cookies else {}
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if server not in self.connections:
            self.connections[server] = http.client.HTTPConnection(server.partition("//")[2], timeout=PATIENCE)
        connection = self.connections[server]
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return Answer(server, 0, {}, f"{type(error).__name__}: {error}")
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self.cookies[cookie.partition("=")[0]] = cookie.partition(";")[0]
        return Answer(server, answer.status, answer.headers, text)

    def close(self):
        for connection in self.connections.values():
            connection.close()


def token_of(page):
    """The field that a form of the page proves with that it came from the app, as {name: value}."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    return {"csrf_token": token[1]} if token else {}


def what_it_says(answer):
    """What a person reads on a page, on one line."""
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main[0] if main else answer.text)).split())
