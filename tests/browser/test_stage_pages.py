"""What a person does on the pages of a stage, in a real browser with the pages' own security policy."""
import re

import pytest
from accessibility import violations
from browsing import WITH_MODELS, WITH_OWNERS, WITH_STATUS
from playwright.sync_api import expect
from stage_pages import NARROW, ROWS, fill_in, form_expired, model_wrong, send, status_refused, user_twice, user_wrong

WIDTH_OF_PICTURE = "async url => { const it = new Image(); it.src = url; await it.decode(); return it.width }"


@pytest.fixture
def page(new_page, site):
    return new_page(base_url=site)


def shown(page):
    """The ids in the list, from top to bottom."""
    return [int(text) for text in page.locator("tbody td:first-child").all_inner_texts()]


def is_said_below(field, reason):
    """The reason is what is read out with the field, and stands right below it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(reason)))
    said = field.page.locator(f"#{field.get_attribute('id')}-error")
    expect(said).to_be_visible()
    above, below = field.bounding_box(), said.bounding_box()
    gap = below["y"] - above["y"] - above["height"]
    assert above["x"] == below["x"] and 0 <= gap < 50, "the reason is not beside its field"


def leads_to_its_older_rows_and_back(path, page):
    newest = list(range(ROWS, 2, -1))
    page.goto(path)
    assert shown(page) == newest
    expect(page.get_by_role("link", name="Newest")).to_have_count(0)
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile(r"before=3$"))
    assert shown(page) == [2, 1]
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_role("link", name="Older")).to_be_visible()
    assert shown(page) == newest


def test_the_policy_of_the_pages_is_on(page):
    answer = page.goto("/")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_the_icon_of_the_pages_can_be_drawn(page):
    page.goto("/")
    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert page.evaluate(WIDTH_OF_PICTURE, icon) > 0


def test_the_list_of_users_leads_to_its_older_rows_and_back(page):
    leads_to_its_older_rows_and_back("/", page)


def test_a_wrong_user_is_told_beside_the_field_and_can_be_corrected_there(page):
    user_wrong(page)
    name, email = page.get_by_label("Name", exact=True), page.get_by_label("Email", exact=True)
    expect(page.get_by_role("alert")).to_have_text("Nothing was saved. Correct what is marked below.")
    is_said_below(name, "This field is required.")
    is_said_below(email, "Invalid email address.")
    expect(email).to_have_value("ada@localhost")
    expect(name).to_be_focused()
    fill_in(page, Name="Ada Okafor", Email="ada@example.com")
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("The user was added.")
    expect(page.locator("tbody tr").first).to_contain_text("Ada Okafor")


def test_an_email_that_is_taken_is_told_beside_the_field(page):
    user_twice(page)
    email = page.get_by_label("Email", exact=True)
    is_said_below(email, "A user with this email is already there.")
    expect(email).to_have_value("user1@example.com")
    expect(email).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ada")


def test_an_empty_field_is_told_by_the_browser_and_not_sent(page):
    page.goto("/add")
    page.get_by_role("button").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    assert page.get_by_label("Name", exact=True).evaluate("it => it.validity.valueMissing")
    assert [url for url in page.watch.requests if url.endswith("/add")] == [page.url]


@WITH_MODELS
def test_the_list_of_models_leads_to_its_older_rows_and_back(page):
    leads_to_its_older_rows_and_back("/models", page)


@WITH_MODELS
def test_a_wrong_model_is_told_beside_the_field_and_can_be_corrected_there(page):
    model_wrong(page)
    accuracy = page.get_by_label("Accuracy")
    is_said_below(page.get_by_label("Model name"), "This field is required.")
    is_said_below(accuracy, "This is not a number.")
    expect(accuracy).to_have_accessible_description(re.compile("A number from 0 to 1, such as 0.93."))
    expect(accuracy).to_have_value("much")
    expect(page.get_by_label("Model name")).to_be_focused()
    fill_in(page, **{"Model name": "spam", "Accuracy": "0", "Owner (optional)": ""})
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("The model was added.")
    expect(page.locator("tbody tr").first).to_contain_text("spam")


@WITH_OWNERS
def test_a_model_has_the_owner_and_the_notes_that_were_typed(page):
    model = {"Model name": "spam", "Accuracy": "0.5", "Notes (optional)": "Two\nlines"}
    send(page, "/models/add", model | {"Owner (optional)": "nobody@example.com"}, [422])
    owner = page.get_by_label("Owner (optional)")
    is_said_below(owner, "No user has this email.")
    expect(owner).to_be_focused()
    expect(page.get_by_label("Notes (optional)")).to_have_value("Two\nlines")
    owner.fill("User2@example.com")
    page.get_by_role("button").click()
    cells = page.locator("tbody tr").first.locator("td")
    expect(cells.filter(has_text="user2@example.com")).to_have_count(1)
    assert cells.filter(has_text="Two").inner_text() == "Two\nlines"


@WITH_STATUS
def test_a_status_is_changed_in_its_row_also_on_a_phone(new_page, site):
    page = new_page(width=NARROW, height=600, base_url=site)
    page.goto("/models?before=6")
    row = page.locator("tbody tr").nth(3)
    wanted = {"active": "archived", "archived": "active"}[row.locator("select").input_value()]
    row.locator("select").select_option(wanted)
    row.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text(f"is {wanted} now.")
    expect(page).to_have_url(re.compile(r"/models\?before=6#model-2$"))
    expect(row).to_be_in_viewport()
    assert row.locator("select").input_value() == wanted


@WITH_STATUS
def test_a_status_that_is_none_is_told_and_marked(page):
    status_refused(page)
    field = page.locator("select").first
    expect(page.get_by_role("alert")).to_contain_text("a status is one of active, archived.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("is still "))


@pytest.mark.parametrize("path", ["/nothing", "/?before=0"])
def test_a_page_that_is_not_there_leads_back_to_the_list(path, page):
    page.watch.expected.add(404)
    page.goto(path)
    expect(page.get_by_role("heading")).to_have_text("Not Found")
    page.get_by_role("link", name="Go to the list of users").click()
    expect(page.get_by_role("heading")).to_have_text("Users")


def test_a_form_that_has_expired_is_told(page):
    form_expired(page)
    expect(page.get_by_role("heading")).to_have_text("The form has expired")


def test_a_database_without_tables_is_told_with_the_command_to_run(new_page, serve, tmp_path):
    page = new_page(base_url=serve(tmp_path / "empty.db"))
    page.watch.expected.add(503)
    page.goto("/")
    expect(page.get_by_role("heading")).to_have_text("Database and code do not match")
    expect(page.get_by_role("main")).to_contain_text("Run: flask db upgrade")
    assert violations(page) == []
