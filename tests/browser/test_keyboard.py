"""The pages of the stages by the keyboard alone."""
import pytest
from browsing import WITH_MODELS, WITH_STATUS
from looks import focused, tab_stops
from playwright.sync_api import expect
from stage_pages import NARROW

SKIP = "Skip to the content"


@pytest.fixture
def page(new_page, site):
    return new_page(base_url=site)


def stops_in(page, path):
    """What Tab leads to on a page below its header, after a look at the header's part."""
    page.goto(path)
    header = [SKIP, *page.locator("header a").all_inner_texts()]
    names, unseen = tab_stops(page)
    assert not unseen, f"where the focus is cannot be seen on {unseen}"
    assert names[: len(header)] == header
    return names[len(header) :]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_tab_leads_through_a_form_and_a_list_in_the_order_of_the_page(page):
    assert stops_in(page, "/add") == ["Name", "Email", "Add the user"]
    assert stops_in(page, "/?before=3") == ["Users", "Newest"]
    assert stops_in(page, "/?before=52") == ["Users", "Newest", "Older"]


@WITH_MODELS
def test_tab_leads_through_a_long_form_in_its_order_and_shift_tab_back(page):
    names = stops_in(page, "/models/add")
    assert names == [*page.locator("label").all_inner_texts(), "Add the model"]
    page.get_by_role("button").focus()
    press(page, *["Shift+Tab"] * (len(names) - 1))
    assert focused(page) == names[0]


@WITH_STATUS
def test_tab_leads_through_the_rows_of_a_list(page):
    names = stops_in(page, "/models?before=3")
    rows = [name for row in page.locator("tbody select").all() for name in (row.get_attribute("aria-label"), "Change")]
    assert names == ["Models", *rows, "Newest"] and len(rows) == 4


def test_a_user_is_added_and_corrected_by_keys_alone(page):
    page.goto("/add")
    press(page, "Tab")
    expect(page.get_by_role("link", name=SKIP)).to_be_in_viewport()
    press(page, "Enter")
    expect(page.locator("main")).to_be_focused()
    press(page, "Tab")
    page.keyboard.type("Ada Okafor")
    press(page, "Tab")
    page.keyboard.type("ada@localhost")
    page.watch.expected.add(422)
    press(page, "Enter")
    email = page.get_by_label("Email", exact=True)
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_be_focused()
    press(page, "ControlOrMeta+a")
    page.keyboard.type("ada@example.com")
    press(page, "Enter")
    expect(page.get_by_role("status")).to_have_text("The user was added.")
    expect(page.locator("tbody tr").first).to_contain_text("ada@example.com")


@WITH_STATUS
def test_a_status_is_changed_by_keys_alone_and_tab_goes_on_in_its_row(page):
    page.goto("/models?before=3")
    press(page, "Tab", "Enter", "Tab", "Tab")  # past the header, into the list, to the first row
    field = page.locator("tbody select").first
    expect(field).to_be_focused()
    key, wanted = {"active": ("End", "archived"), "archived": ("Home", "active")}[field.input_value()]
    press(page, key, "Tab", "Enter")
    expect(page.get_by_role("status")).to_contain_text(f"is {wanted} now.")
    press(page, "Tab")
    expect(page.locator("tbody select").first).to_be_focused()


@WITH_MODELS
def test_a_table_that_is_wider_than_a_phone_is_moved_by_the_arrow_keys(new_page, site):
    page = new_page(width=NARROW, base_url=site)
    page.goto("/models?before=3")
    last = page.get_by_role("columnheader").last
    expect(last).not_to_be_in_viewport()
    press(page, "Tab", "Enter", "Tab")
    expect(page.get_by_role("region", name="Models")).to_be_focused()
    for _ in range(50):
        press(page, "ArrowRight")
    expect(last).to_be_in_viewport(ratio=0.99)
