"""What people typed is text on every page and never HTML; every answer carries the headers that hold the rest off."""

import pytest
from browsing import ON_SQLITE, WITH_STATUS, elements
from sqlalchemy import insert

from workbook.rows import RENAMED

# Breaks out of a text, of an attribute in either quotes and of a template; fits into the shortest column.
EVIL = "<b>\"'&{{7*7}}</b>"


def texts_of(table):
    """The columns of a table that hold any text; one with a server default has its own list of values."""
    return [c.name for c in table.columns if c.type.python_type is str and c.server_default is None]


@pytest.fixture
def evil_rows(app):
    """Each table has one row, with HTML in every text; what belongs to a user belongs to that one."""
    tables = app.extensions["sqlalchemy"].metadata.sorted_tables
    with app.extensions["sqlalchemy"].engine.begin() as connection:
        for table in tables:
            row = dict.fromkeys(texts_of(table), EVIL) | {"accuracy": 0.5, "owner_id": 1}
            connection.execute(insert(table), {name: row[name] for name in row.keys() & table.columns.keys()})
    # While a column is renamed, its text is in two columns and shown once.
    new_names = {table.name: RENAMED.get(table.name, {}) for table in tables}
    return {table.name: len({new_names[table.name].get(name, name) for name in texts_of(table)}) for table in tables}


def check_no_html(page):
    assert "<b>" not in page.text
    assert not elements(page, "b")


def test_html_in_a_row_is_text_in_the_list(app, browser, evil_rows):
    for table, path in {"users": "/", "model_metadata": "/models"}.items():
        if table in evil_rows:
            page = browser.get(path)
            check_no_html(page)
            # The email of an owner is in the list of models too.
            owner = "owner_id" in app.extensions["sqlalchemy"].metadata.tables[table].columns
            assert [cell.text for cell in elements(page, "td")].count(EVIL) == evil_rows[table] + owner


@WITH_STATUS
def test_html_in_a_row_is_text_where_its_status_is_changed_and_refused(browser, evil_rows):
    refused = browser.post("/models/1/status", {"status": EVIL})
    assert refused.status_code == 422
    check_no_html(refused)
    [message] = [element.text for element in elements(refused, "p") if element.attributes.get("role") == "alert"]
    assert message.strip().startswith(f"{EVIL} (1) is still active")
    [field] = elements(refused, "select")
    assert field.attributes["aria-label"] == f"Status of {EVIL}, id 1"
    assert browser.post("/models/1/status", {"status": "archived"}).status_code == 302
    changed = browser.get("/models")
    check_no_html(changed)
    assert f"{EVIL} is archived now." in [element.text for element in elements(changed, "p")]


def test_html_in_a_field_is_shown_again_as_text(app, browser):
    for path in ("/add", "/models/add"):
        if not any(rule.rule == path for rule in app.url_map.iter_rules()):
            continue
        named = [field.attributes.get("name") for field in elements(browser.get(path)) if "name" in field.attributes]
        typed = [name for name in named if name not in ("viewport", "csrf_token")]
        answer = browser.post(path, dict.fromkeys(typed, EVIL))
        assert answer.status_code == 422
        check_no_html(answer)
        shown = [field.attributes.get("value", field.text.strip()) for field in elements(answer)
                 if field.attributes.get("name") in typed]
        assert shown == [EVIL] * len(typed)


def test_every_answer_has_the_headers_that_keep_other_sites_and_inline_code_out(browser):
    answers = [browser.get(path) for path in ("/", "/add", "/nowhere", "/static/style.css")]
    answers += [browser.open("/", method="POST"), browser.post("/add", {}), browser.post("/add", {"csrf_token": ""})]
    answers.append(browser.post("/add", {"name": "Ada", "email": "ada@example.com"}))
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 405, 422, 400, 302]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'; img-src 'self' data:"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


@ON_SQLITE
def test_the_sessions_cookie_is_out_of_reach_for_scripts_and_other_sites(browser):
    [cookie] = browser.get("/add").headers.getlist("Set-Cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith("session=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]


@ON_SQLITE
def test_every_page_has_an_icon_of_its_own_so_that_a_browser_asks_for_no_other(browser):
    for path in ("/", "/nowhere"):
        [icon] = [link.attributes for link in elements(browser.get(path), "link") if link.attributes["rel"] == "icon"]
        answer = browser.get(icon["href"])
        assert (answer.status_code, answer.mimetype) == (200, icon["type"])
        assert answer.text.rstrip().endswith("</svg>")
