"""What the tests of the pages share: a browser without a window, and what it reads on a page."""
import contextvars
from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from workbook.rows import RENAMED
from workbook.stages import stage_folders


def stages_with(code):
    """The names of the stages whose routes or forms contain `code`, to parametrise `stage` with."""
    sources = {folder.name: [(folder / name).read_text("utf-8") for name in ("app.py", "forms.py")]
               for folder in stage_folders()}
    return [name for name, texts in sources.items() if any(code in source for source in texts)]


WITH_MODELS = pytest.mark.parametrize("stage", stages_with('"/models/add"'), indirect=True)
WITH_STATUS = pytest.mark.parametrize("stage", stages_with("/status"), indirect=True)
WITH_OWNERS = pytest.mark.parametrize("stage", stages_with("owner"), indirect=True)
LAST_STAGE = pytest.mark.parametrize("stage", [stage_folders()[-1].name], indirect=True)
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
SPAM = {"model_name": "spam", "accuracy": "0.5"}


class Browser:
    """A client with cookies. Its requests see nothing of the test's own app context, as in a server."""

    def __init__(self, app):
        self.client = app.test_client()

    def open(self, path, **options):
        return contextvars.Context().run(self.client.open, path, buffered=True, **options)

    def get(self, path, **options):
        return self.open(path, **options)

    def post(self, path, data, **options):
        """Send a form as the page would: with the token of this browser's session, unless `data` has one."""
        return self.open(path, method="POST", data={"csrf_token": self.token()} | data, **options)

    def token(self):
        return named(self.get("/add"), "csrf_token").attributes["value"]


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.text = tag, dict(attributes), ""


class Reader(HTMLParser):
    """Collects every element in the order of the page, with the text inside of it."""

    def __init__(self):
        super().__init__()
        self.elements, self.inside = [], []

    def handle_starttag(self, tag, attributes):
        self.elements.append(Element(tag, attributes))
        if tag not in ("input", "link", "meta", "br"):
            self.inside.append(self.elements[-1])

    def handle_endtag(self, tag):
        assert self.inside.pop().tag == tag, f"</{tag}> closes another element: correct the template"

    def handle_data(self, data):
        for element in self.inside:
            element.text += data


def elements(answer, tag=None):
    """The elements of a page, or those called `tag`."""
    reader = Reader()
    reader.feed(answer.text)
    assert not reader.inside, f"<{reader.inside[-1].tag}> is not closed: correct the template"
    return [element for element in reader.elements if tag in (None, element.tag)]


def named(answer, name):
    """The first field called `name`."""
    return next(element for element in elements(answer) if element.attributes.get("name") == name)


def described(answer, field):
    """The texts that a screen reader says with the field: its hint, and the reason why it is refused."""
    ids = field.attributes.get("aria-describedby", "").split()
    texts = {element.attributes.get("id"): element.text for element in elements(answer)}
    return " ".join(texts[id] for id in ids)


def complaint(answer, name, typed, reason):
    """What is missing in a form that is shown again, as text; None if it says why and kept what was typed."""
    if answer.status_code not in (409, 422):
        return f"answer {answer.status_code}"
    field = named(answer, name)
    shown = field.text if field.tag == "textarea" else field.attributes.get("value")
    if "\0" not in typed and (shown or "").strip("\r\n") != typed:
        return f"shows {shown!r}"
    if field.attributes.get("aria-invalid") != "true":
        return "no aria-invalid"
    if reason not in described(answer, field):
        return f"says {described(answer, field)!r}"
    return None


def rows(app, sql):
    """The rows of a query, read beside the app's own sessions."""
    with app.extensions["sqlalchemy"].engine.begin() as connection:
        result = connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else None


def name_columns(app):
    """The columns of users that hold the name: two while it is renamed."""
    return [column.name for column in app.extensions["sqlalchemy"].metadata.tables["users"].columns
            if column.name in ("name", *RENAMED["users"].values())]


def seed(app, number):
    result = app.test_cli_runner().invoke(args=["seed", "--rows", str(number)])
    assert result.exit_code == 0, result.output
    return result.output
