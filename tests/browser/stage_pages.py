"""The pages of a stage in each state that a person meets: with rows and without, with errors, after a change."""
from workbook.stages import stage_folders

ROWS = 52  # in each table: the newest page is full, and the next one is short
WIDE, NARROW = 1200, 320  # CSS pixels

WRONG_MODEL = {"Model name": " ", "Accuracy": "much", "Version (optional)": "v" * 21, "Owner (optional)": "nobody"}
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2  # of no place where a line may break


def fill_in(page, **texts):
    """Type each text into the field with that label, as far as the form has it."""
    for label, text in texts.items():
        field = page.get_by_label(label, exact=True)
        if field.count():
            field.fill(text)


def send(page, path, fields, expected=()):
    """Open a form, fill it in and send it; `expected` are the statuses that the answer may have, from 400 on."""
    page.watch.expected |= set(expected)
    page.goto(path)
    fill_in(page, **fields)
    click_and_wait(page.locator("form.entry-form button"))


def click_and_wait(button):
    """Click a button that sends a form, and wait for the page that answers."""
    with button.page.expect_navigation():
        button.click()


def users(page):
    page.goto("/?before=52")


def users_none(page):
    page.goto("/?before=1")


def user_form(page):
    page.goto("/add")


def user_wrong(page):
    send(page, "/add", {"Name": " ", "Email": "ada@localhost"}, [422])


def user_twice(page):
    send(page, "/add", {"Name": "Ada", "Email": "user1@example.com"}, [409])


def user_added(page):
    send(page, "/add", {"Name": LONG, "Email": f"{'a' * 60}@{'b' * 50}.com"})


def models(page):
    page.goto("/models?before=52")


def models_none(page):
    page.goto("/models?before=1")


def model_form(page):
    page.goto("/models/add")


def model_wrong(page):
    send(page, "/models/add", WRONG_MODEL, [422])


def model_added(page):
    send(page, "/models/add", {"Model name": LONG, "Accuracy": "0.93", "Version (optional)": "1" * 20,
                               "Owner (optional)": "user1@example.com", "Notes (optional)": f"{LONG}\n" * 3})


def status_changed(page):
    page.goto("/models?before=6")
    click_and_wait(page.get_by_role("button", name="Change").first)


def status_refused(page):
    page.watch.expected.add(422)
    page.goto("/models?before=6")
    page.locator("option").first.evaluate("option => { option.value = 'lost'; option.selected = true }")
    click_and_wait(page.get_by_role("button", name="Change").first)


def not_there(page):
    page.watch.expected.add(404)
    page.goto("/nothing")


def form_expired(page):
    page.watch.expected.add(400)
    page.goto("/add")
    page.context.clear_cookies()
    fill_in(page, Name="Ada", Email="ada@example.com")
    click_and_wait(page.locator("form.entry-form button"))


ANY = [users, users_none, user_form, user_wrong, user_twice, user_added, not_there, form_expired]
WITH_MODELS = [models, models_none, model_form, model_wrong, model_added]
WITH_STATUS = [status_changed, status_refused]


def states():
    """(name of a stage, function that brings a page of it to a state), each in turn."""
    for folder in stage_folders():
        routes = (folder / "app.py").read_text("utf-8")
        wanted = ANY + (WITH_MODELS if "/models/add" in routes else []) + (WITH_STATUS if "/status" in routes else [])
        yield from ((folder.name, state) for state in wanted)
