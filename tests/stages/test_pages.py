"""What the pages accept, and what bad input gets: never an error 500."""
import io
import threading
import time
from http.client import HTTPConnection

import pytest
from browsing import (
    LAST_STAGE,
    ON_SQLITE,
    SPAM,
    WITH_MODELS,
    WITH_OWNERS,
    WITH_STATUS,
    Browser,
    complaint,
    described,
    elements,
    name_columns,
    named,
    rows,
    seed,
    stages_with,
)
from sqlalchemy import event, make_url
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server

REQUIRED, NUL = "This field is required.", "NUL"
WRONG_NAMES = [("", REQUIRED), ("   ", REQUIRED), ("\u2003", REQUIRED), ("x" * 101, "100"), ("a\0b", NUL)]
WRONG_EMAILS = [
    ("", REQUIRED),
    ("  ", REQUIRED),
    ("nobody", "Invalid email"),
    ("ada@localhost", "Invalid email"),
    ("ada@@example.com", "Invalid email"),
    ("ada@example.com\0", NUL),
    (f"{'a' * 60}@{'b' * 56}.com", "120"),
    (f"{'İ' * 40}@{'b' * 56}.com", "120"),  # 101 characters, 141 in lower case
]
WRONG_MODELS = [
    *(("model_name", typed, reason) for typed, reason in WRONG_NAMES),
    *(("accuracy", typed, "from 0 to 1") for typed in ("NaN", "inf", "-inf", "-1", "1.01", "1e400", "-1e400")),
    *(("accuracy", typed, "not a number") for typed in ("text", "0,5", "0x1", "0.5.1", "  ")),
    ("accuracy", "", REQUIRED),
    ("accuracy", "0\0", NUL),
    ("version", "v" * 21, "20"),
    ("version", "1\0", NUL),
]
WRONG_OWNERS = [
    ("owner", "nobody@example.com", "No user has this email"),
    ("owner", "%", "No user has this email"),
    ("owner", "ada@example.com\0", NUL),
    ("owner", "x" * 121, "120"),
    ("notes", "x" * 10_001, "10000"),
    ("notes", "a\0b", NUL),
]
IN_PARTS = "multipart/form-data; boundary=x"
PART = b"--x\r\nContent-Disposition: form-data%s\r\n\r\nvalue\r\n--x--\r\n"
# `before` that is no positive 64-bit integer; %D9%A3 is the Arabic digit 3.
WRONG_BEFORE = ["0", "-1", "1.5", "abc", "", "%D9%A3", str(2**63), "9" * 5000, "+1", "%201", "1e3", "1%00", "%ff"]


@pytest.fixture
def ada():
    """What a person types to add a user: the first field is the name."""
    return {"name": "Ada Okafor", "email": "ada@example.com"}


def lists(browser):
    """The addresses of the list pages of this stage."""
    return [path for path in ("/", "/models") if browser.get(path).status_code == 200]


def test_a_wrong_user_is_shown_again_with_the_reason_beside_the_field(app, browser, ada):
    wrong = {}
    name = next(iter(ada))
    for field, typed, reason in [(name, *case) for case in WRONG_NAMES] + [("email", *case) for case in WRONG_EMAILS]:
        answer = browser.post("/add", ada | {field: typed})
        other = "email" if field == name else name
        wrong[field, typed] = complaint(answer, field, typed, reason) or (
            answer.status_code != 422 or named(answer, other).attributes["value"] != ada[other]
        )
    assert not {case: what for case, what in wrong.items() if what}
    assert rows(app, "SELECT count(*) FROM users") == [(0,)]


@WITH_MODELS
def test_a_wrong_model_is_shown_again_with_the_reason_beside_the_field(app, browser):
    wrong = {}
    for field, typed, reason in WRONG_MODELS:
        wrong[field, typed] = complaint(browser.post("/models/add", SPAM | {field: typed}), field, typed, reason)
    assert not {case: what for case, what in wrong.items() if what}
    assert rows(app, "SELECT count(*) FROM model_metadata") == [(0,)]


@WITH_OWNERS
def test_an_unknown_owner_or_too_long_notes_are_shown_again_with_the_reason(app, browser):
    wrong = {}
    for field, typed, reason in WRONG_OWNERS:
        wrong[field, typed[:20]] = complaint(browser.post("/models/add", SPAM | {field: typed}), field, typed, reason)
    assert not {case: what for case, what in wrong.items() if what}
    assert rows(app, "SELECT count(*) FROM model_metadata") == [(0,)]


@WITH_MODELS
def test_a_wrong_number_keeps_the_other_fields(browser):
    answer = browser.post("/models/add", SPAM | {"accuracy": "2", "version": "1.0"})
    assert [named(answer, name).attributes["value"] for name in ("model_name", "version")] == ["spam", "1.0"]
    # A number field would show nothing in place of a text that is no number.
    assert named(answer, "accuracy").attributes["type"] == "text"


@WITH_MODELS
def test_an_accuracy_from_0_to_1_is_accepted_also_0(app, browser):
    for typed in ("0", "0.0", " 1 ", "0.93"):
        assert browser.post("/models/add", SPAM | {"accuracy": typed}).status_code == 302, typed
    assert rows(app, "SELECT accuracy FROM model_metadata ORDER BY id") == [(0,), (0,), (1,), (0.93,)]


def test_an_added_user_is_stored_trimmed_and_in_lower_case_and_the_list_follows(app, browser, ada):
    name = next(iter(ada))
    answer = browser.post("/add", {name: "  Ada Okafor\u2003", "email": " ADA@Example.COM "})
    assert (answer.status_code, answer.location) == (302, "/")
    for column in name_columns(app):
        assert rows(app, f"SELECT {column}, email FROM users") == [("Ada Okafor", "ada@example.com")]
    assert "The user was added." in browser.get("/").text
    assert "The user was added." not in browser.get("/").text


@WITH_MODELS
def test_an_added_model_is_stored_trimmed_with_blanks_as_null_and_the_list_follows(app, browser):
    answer = browser.post("/models/add", {"model_name": " spam ", "accuracy": "0.5", "version": "  ", "notes": " "})
    assert (answer.status_code, answer.location) == (302, "/models")
    assert rows(app, "SELECT model_name, version FROM model_metadata") == [("spam", None)]


@WITH_OWNERS
def test_an_owner_is_found_in_any_case_and_notes_have_room_for_10_000_characters(app, browser, ada):
    browser.post("/add", ada)
    # A browser sends a line break as two characters; it is counted and stored as one.
    notes = "ab\r\n" * 3333
    assert browser.post("/models/add", SPAM | {"owner": " ADA@example.com", "notes": notes + "x"}).status_code == 302
    assert browser.post("/models/add", SPAM | {"owner": " ", "notes": " \r\n "}).status_code == 302
    stored = rows(app, "SELECT owner_id, notes FROM model_metadata ORDER BY id")
    owner = rows(app, "SELECT id FROM users")[0][0]
    assert stored == [(owner, "ab\n" * 3333 + "x"), (None, None)]


@WITH_OWNERS
def test_a_model_whose_owner_is_deleted_has_none(app, browser, ada):
    browser.post("/add", ada)
    browser.post("/models/add", SPAM | {"owner": ada["email"]})
    rows(app, "DELETE FROM users")
    assert rows(app, "SELECT owner_id FROM model_metadata") == [(None,)]


def test_an_email_that_is_there_in_any_case_gets_a_409_and_nothing_is_lost(app, browser, ada):
    browser.post("/add", ada)
    for typed in ("ada@example.com", "ADA@EXAMPLE.com"):
        answer = browser.post("/add", ada | {"email": typed})
        assert answer.status_code == 409
        assert complaint(answer, "email", typed, "already there") is None
    assert rows(app, "SELECT count(*) FROM users") == [(1,)]


def test_of_two_requests_that_race_with_the_same_email_one_gets_a_409(app, ada):
    both_are_here = threading.Barrier(2, timeout=10)
    answers = []

    @event.listens_for(app.extensions["sqlalchemy"].engine, "before_cursor_execute")
    def wait_for_the_other(connection, cursor, statement, *_):
        if statement.startswith("INSERT"):
            both_are_here.wait()

    def add():
        answers.append(Browser(app).post("/add", ada).status_code)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert rows(app, "SELECT count(*) FROM users") == [(1,)]


def test_a_row_that_the_database_refuses_for_another_reason_is_a_500_and_no_email_that_is_there(app, browser, ada):
    token = browser.token()

    @event.listens_for(app.extensions["sqlalchemy"].engine, "before_cursor_execute", retval=True)
    def forget_the_name(connection, cursor, statement, parameters, *_):
        if statement.startswith("INSERT"):  # what is not null in the table is null then
            parameters = {name: None for name in parameters} if isinstance(parameters, dict) else (None, None)
        return statement, parameters

    answer = browser.post("/add", ada | {"csrf_token": token})
    assert answer.status_code == 500
    assert "already there" not in answer.text
    assert rows(app, "SELECT count(*) FROM users") == [(0,)]


def test_the_model_itself_stores_an_email_in_lower_case(app):
    [user] = [mapper.class_ for mapper in app.extensions["sqlalchemy"].Model.registry.mappers
              if mapper.local_table.name == "users"]
    assert user(email="ADA@Example.COM").email == "ada@example.com"


@pytest.fixture
def clock_in_kolkata(monkeypatch):
    """The machine's own clock is 5½ hours ahead of UTC; on Windows it stays what it is."""
    with monkeypatch.context() as change:
        change.setenv("TZ", "IST-5:30")
        getattr(time, "tzset", int)()
        yield
    getattr(time, "tzset", int)()


@pytest.mark.parametrize("stage", stages_with("(utc)"), indirect=True)
def test_a_time_is_shown_in_utc_whatever_the_zone_of_row_session_and_machine(
    stage, database, migrated_url, create_app, monkeypatch, clock_in_kolkata
):
    if database == "postgresql":
        in_kolkata = make_url(migrated_url).update_query_dict({"options": "-c timezone=Asia/Kolkata"})
        migrated_url = in_kolkata.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", migrated_url)
    app = create_app(stage)
    with app.app_context():
        seed(app, 1)
        for path in lists(Browser(app)):
            table = {"/": "users", "/models": "model_metadata"}[path]
            # SQLite keeps what is written, and the app writes UTC without a zone.
            for written in ("2024-03-01 05:00:00+05:30", "2024-02-29 23:30:00" + "+00" * (database == "postgresql")):
                rows(app, f"UPDATE {table} SET created_at = '{written}'")
                assert "2024-02-29 23:30 UTC" in [cell.text for cell in elements(Browser(app).get(path), "td")]
        app.extensions["sqlalchemy"].engine.dispose()


@WITH_STATUS
def test_a_status_is_changed_alone_and_the_answer_leads_back_to_its_row(app, browser):
    seed(app, 60)
    before = dict(rows(app, "SELECT id, status FROM model_metadata"))
    answer = browser.post("/models/3/status?before=10", {"status": "archived"})
    assert (answer.status_code, answer.location) == (302, "/models?before=10#model-3")
    page = browser.get("/models?before=10")
    assert "model-3" in [element.attributes.get("id") for element in elements(page, "tr")]
    assert dict(rows(app, "SELECT id, status FROM model_metadata")) == before | {3: "archived"}


@WITH_STATUS
def test_an_unknown_status_gets_the_list_again_with_the_reason_and_changes_nothing(app, browser):
    seed(app, 60)  # more than a page: the links to other pages must work here too
    before = rows(app, "SELECT id, status FROM model_metadata ORDER BY id")
    for query in ("", "?before=10"):
        file = (io.BytesIO(b"archived"), "status.txt")
        for data in ({"status": "retired"}, {"status": ""}, {}, {"status": "archived\0"}, {"status": file}):
            answer = browser.post(f"/models/3/status{query}", data)
            assert answer.status_code == 422, data
            refused = [field for field in elements(answer, "select") if "aria-invalid" in field.attributes]
            if query:
                assert len(refused) == 1
                assert "a status is one of active, archived" in described(answer, refused[0])
            links = [link.attributes["href"] for link in elements(answer, "a") if "before=" in link.attributes["href"]]
            assert all(link.startswith("/models?") for link in links)
    assert rows(app, "SELECT id, status FROM model_metadata ORDER BY id") == before


@WITH_STATUS
def test_an_unknown_id_is_a_404_whatever_the_status(browser):
    for id in ("1", "0", "-1", "abc", str(2**31), str(2**63), str(2**64), "9" * 5000):
        for status in ("active", "retired"):
            answer = browser.post(f"/models/{id}/status", {"status": status})
            assert answer.status_code == 404, id[:30]
            assert "There is no such page" in answer.text


def test_a_form_without_its_own_fresh_token_gets_a_400_that_says_so(app, browser, ada):
    stale = Browser(app).token()
    forms = [path for path in ("/add", "/models/add", "/models/1/status") if browser.get(path).status_code != 404]
    for path in forms:
        for token in ("", "abc", stale, "é", "\0", "x" * 10_000):
            answer = browser.post(path, ada | {"csrf_token": token})
            assert answer.status_code == 400, (path, token[:10])
            assert "reload the page and send it again" in answer.text
    app.config["WTF_CSRF_TIME_LIMIT"] = -1
    assert browser.post("/add", ada).status_code == 400
    assert rows(app, "SELECT count(*) FROM users") == [(0,)]


def test_an_unknown_page_is_a_404_page_with_a_way_back(browser):
    for path in ("/nowhere", "/add/", "/%00", "/%ff", "/" + "x" * 5000, "/static/../app.py", "/static/%00"):
        answer = browser.get(path)
        assert answer.status_code == 404, path[:30]
        assert "/" in [link.attributes["href"] for link in elements(answer, "a")]


@ON_SQLITE
def test_an_address_with_a_slash_too_many_leads_to_the_page(browser):
    answer = browser.get("/static//style.css")
    assert (answer.status_code, answer.location) == (308, "http://localhost/static/style.css")


def test_a_before_that_is_no_positive_64_bit_integer_is_a_404(browser):
    for path in lists(browser):
        for before in WRONG_BEFORE:
            assert browser.get(f"{path}?before={before}").status_code == 404, (path, before[:30])


def test_a_before_below_all_rows_or_above_them_is_a_list(app, browser):
    seed(app, 3)
    for path in lists(browser):
        first = browser.get(f"{path}?before=1")
        assert first.status_code == 200
        assert elements(first, "table") == [] and "Newest" in first.text
        for before in (3_000_000_000, 2**63 - 1):
            assert len(elements(browser.get(f"{path}?before={before}"), "tr")) == 4


def test_a_list_has_50_rows_a_page_the_newest_first_and_links_to_the_others(app, browser):
    for newest, path in enumerate(lists(browser), 120):
        seed(app, newest)
        ids, address = [], path
        while address:
            page = browser.get(address)
            assert ("Newest" in page.text) == ("before=" in address)
            shown = [int(row.text.split()[0]) for row in elements(page, "tr")[1:]]
            older = [link for link in elements(page, "a") if link.attributes.get("rel") == "next"]
            assert len(shown) == (50 if older else newest - 100) and len(older) <= 1
            ids += shown
            if address == path:  # a row is added meanwhile: no other one is shown twice or left out
                seed(app, newest + 1)
            address = older[0].attributes["href"] if older else None
        assert ids == list(range(newest, 0, -1))
    assert "Older" not in browser.get("/?before=51").text, "50 older rows fit on this page"


def test_a_page_of_a_list_costs_one_query_that_reads_this_page_only(app, database, browser):
    seed(app, 60)
    addresses = lists(browser)
    statements = []
    event.listen(
        app.extensions["sqlalchemy"].engine, "before_cursor_execute", lambda *called: statements.append(called[2])
    )
    for path in addresses:
        for query in ("", "?before=31"):
            statements.clear()
            assert browser.get(path + query).status_code == 200
            [statement] = statements
            assert "LIMIT" in statement and (".id < " in statement) == bool(query)
            # To step over rows, a database reads them. For SQLite, SQLAlchemy always writes an OFFSET, of 0.
            assert "OFFSET" not in statement or database == "sqlite"


def test_a_wrong_method_gets_a_405_page(browser):
    for path, method in (("/", "POST"), ("/", "PUT"), ("/add", "DELETE"), ("/add", "PATCH"), ("/add", "TRACE")):
        answer = browser.open(path, method=method)
        assert answer.status_code == 405, (path, method)
        assert "GET" in answer.headers["Allow"] and "links and forms" in answer.text


def test_a_body_over_1_mib_gets_a_413_page(browser):
    big = b"x" * 2**20
    urlencoded = {"data": b"name=" + big, "content_type": "application/x-www-form-urlencoded"}
    file = PART % b'; name="file"; filename="big.bin"'
    in_parts = {"data": file.replace(b"value", big), "content_type": IN_PARTS}
    for options in (urlencoded, in_parts):
        answer = browser.open("/add", method="POST", **options)
        assert answer.status_code == 413
        assert "1 MiB" in answer.text


FORM = "application/x-www-form-urlencoded"
IN_CHUNKS = {"headers": {"Transfer-Encoding": "chunked"}}
WITH_AN_END = {"environ_overrides": {"wsgi.input_terminated": True}}  # as a server says of a body in chunks


@LAST_STAGE
@ON_SQLITE
def test_a_body_in_chunks_is_read_for_a_form_only_and_up_to_1_mib(browser):
    for path, method, size, expected in (
        ("/add", "POST", 2**21, 413),
        ("/add", "POST", 2**10, 400),  # it holds no token
        ("/nowhere", "POST", 2**21, 404),
        ("/add", "PUT", 2**21, 405),
        ("/", "GET", 2**21, 200),
    ):
        body = io.BytesIO(b"name=" + b"x" * size)
        answer = browser.open(path, method=method, input_stream=body, content_type=FORM, **IN_CHUNKS | WITH_AN_END)
        assert answer.status_code == expected, (path, method, size)
        assert expected == 413 or method == "POST" and path == "/add" or body.tell() == 0, "read for nothing"
    broken = {"input_stream": BrokenBody(b"name="), "content_type": "text/plain"}
    assert browser.open("/add", method="POST", **broken, **IN_CHUNKS | WITH_AN_END).status_code == 400
    # Without that, who reads a body waits for ever.
    endless = io.BytesIO(b"name=")
    answer = browser.open("/add", method="POST", input_stream=endless, content_type=FORM, **IN_CHUNKS)
    assert (answer.status_code, endless.tell()) == (400, 0)


class BrokenBody(io.BytesIO):
    """A body whose next chunk is none: servers raise OSError."""

    def read(self, *_):
        raise OSError("invalid chunk")

    readinto = readline = read


@ON_SQLITE
def test_a_body_below_1_mib_gets_the_form_again_however_much_one_field_holds(browser, ada):
    much, field = b"x" * 900_000, next(iter(ada)).encode()
    urlencoded = {"data": field + b"=" + much, "content_type": "application/x-www-form-urlencoded"}
    part = PART % (b'; name="%s"' % field)
    in_parts = {"data": part.replace(b"value", much), "content_type": IN_PARTS}
    for options in (urlencoded, in_parts):
        answer = browser.open("/add", method="POST", headers={"X-CSRFToken": browser.token()}, **options)
        assert answer.status_code == 422
        assert "100" in described(answer, named(answer, field.decode()))


@LAST_STAGE
@ON_SQLITE
def test_a_real_server_answers_a_body_of_2_mib_with_the_page_and_no_reset(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        for headers in ({}, {"Transfer-Encoding": "chunked"}) * 3:
            client = HTTPConnection("127.0.0.1", server.port, timeout=10)
            body = [b"name=", *[b"x" * 2**16] * 32] if headers else b"name=" + b"x" * 2**21
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            client.request("POST", "/add", body, form | headers, encode_chunked=bool(headers))
            answer = client.getresponse()
            assert answer.status == 413
            assert "1 MiB" in answer.read().decode()
            client.close()
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_a_file_sent_under_the_name_of_a_field_is_no_input(browser, ada):
    for field in ada:
        answer = browser.post("/add", ada | {field: (io.BytesIO(b"Eve"), "eve.txt")})
        assert complaint(answer, field, "", REQUIRED) is None


def test_what_a_person_typed_is_shown_as_text_and_never_as_html(browser, ada):
    name = next(iter(ada))
    evil = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    for path, email in (("/add", "nobody"), ("/", "eve@example.com")):
        browser.post("/add", ada | {name: evil, "email": email})
        page = browser.get(path) if path == "/" else browser.post("/add", ada | {name: evil, "email": email})
        assert "<script>alert" not in page.text
        assert any(evil in (element.text, element.attributes.get("value")) for element in elements(page))


@pytest.mark.parametrize("typed", ["😀" * 100, "\u202eabc", "a\nb\x01", "%s%(x)s", "\U0010ffff", "e\u0301" * 50])
@LAST_STAGE
def test_odd_characters_are_stored_and_shown_as_they_are(app, browser, ada, typed):
    name = next(iter(ada))
    assert browser.post("/add", ada | {name: typed}).status_code == 302
    for column in name_columns(app):
        assert rows(app, f"SELECT {column} FROM users") == [(typed,)]
    assert typed in [element.text for element in elements(browser.get("/"), "td")]


HTTPS = {"base_url": "https://localhost"}
ODD_REQUESTS = {
    "bytes that are no UTF-8": ({"data": b"name=%ff&email=%ED%A0%80"}, 422),
    "JSON": ({"json": {"name": "Ada"}}, 422),
    "JSON, on a server that knows where it ends": (
        {"json": {"name": "Ada"}, "environ_overrides": {"wsgi.input_terminated": True}},
        422,
    ),
    "no known type": ({"data": b"Ada", "content_type": "text/plain"}, 422),
    "a form in parts without a boundary": ({"data": b"Ada", "content_type": "multipart/form-data"}, 422),
    "a part without a name": ({"data": PART % b"", "content_type": IN_PARTS}, 400),
    "a part cut short": ({"data": PART[:20], "content_type": IN_PARTS}, 422),
    "too many parts": ({"data": (PART % b'; name="a"')[:-7] * 1500, "content_type": IN_PARTS}, 413),
    "a length that is no number": ({"data": b"a=b", "headers": {"Content-Length": "many"}}, 422),
    "a Referer that is no address": (HTTPS | {"headers": {"Referer": "https://[::1"}}, 400),
    "a Referer with a wrong port": (HTTPS | {"headers": {"Referer": "https://localhost:x"}}, 400),
    "a Host that is no address": (HTTPS | {"headers": {"Referer": "https://localhost", "Host": "[::"}}, 400),
}


@pytest.mark.parametrize("request_", ODD_REQUESTS)
@LAST_STAGE
def test_requests_that_no_browser_sends_are_refused(app, browser, request_):
    options, expected = ODD_REQUESTS[request_]
    form = {"content_type": "application/x-www-form-urlencoded"} if "json" not in options else {}
    headers = {"X-CSRFToken": browser.token()} | options.get("headers", {})
    answer = browser.open("/add", method="POST", **form | options | {"headers": headers})
    assert answer.status_code == expected
    assert rows(app, "SELECT count(*) FROM users") == [(0,)]


@LAST_STAGE
def test_of_a_field_that_is_sent_twice_one_is_taken(browser, ada):
    twice = MultiDict([*ada.items(), *ada.items(), ("csrf_token", browser.token())])
    assert browser.open("/add", method="POST", data=twice).status_code == 302


@pytest.mark.parametrize("cookie", ["session=abc", "session=\xff", "session=" + "a" * 9000, "=;;;", "session=.e.J.x"])
@LAST_STAGE
def test_a_broken_cookie_is_a_new_session(app, cookie):
    stranger = app.test_client(use_cookies=False)
    assert stranger.get("/add", headers={"Cookie": cookie}).status_code == 200


def test_no_page_needs_inline_code_or_another_site_and_labels_name_every_field(app, browser):
    seed(app, 60)
    for path in [*lists(browser), "/add", "/nowhere", *(["/models/add"] if "/models" in lists(browser) else [])]:
        page = browser.get(path)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
        every = elements(page)
        labelled = {element.attributes.get("for") for element in every if element.tag == "label"}
        for element in every:
            assert not {"style", "onclick", "onload", "onchange"} & set(element.attributes), element.tag
            assert element.tag != "style" and (element.tag != "script" or "src" in element.attributes)
            for address in ("href", "src", "action"):
                assert element.attributes.get(address, "/").startswith(("/", "#")), element.attributes
            if element.tag in ("input", "select", "textarea") and element.attributes.get("type") != "hidden":
                assert element.attributes.get("id") in labelled or element.attributes.get("aria-label"), path
        assert [element.tag for element in every if element.tag in ("h1", "h2", "h3")] == ["h1"]
