"""The checks of these tests find what they are for: each fault here is put into a page, and has to be told."""
import pytest
from accessibility import violations
from browsing import LAST_STAGE
from looks import tab_stops, too_wide

IN_THE_PAGE = {
    "a label is missing": ("document.querySelector('label').remove()", violations, "label: "),
    "letters are too pale": ("document.querySelector('label').style.color = '#999'", violations, "color-contrast: "),
    "a page has no language": ("document.documentElement.lang = ''", violations, "html-has-lang: "),
    "a button is too small to hit": (
        "document.querySelectorAll('header a').forEach(it => { it.style.cssText = 'font-size: 4px; margin: -8px' })",
        violations, "target-size: ",
    ),
    "a field is too wide": ("document.querySelector('input[name=name]').style.width = '1300px'", too_wide, "scrolled"),
    "focus cannot be seen": (
        "document.querySelector('button').style.cssText = 'outline: 0; box-shadow: none; transition: none;"
        " background: #123; border-color: #123; color: #fff'",
        lambda page: tab_stops(page)[1], "Add the user",
    ),
}  # fmt: skip
PICTURE = "url => { const it = new Image(); it.src = url; document.body.append(it); return it.decode().catch(() => 0) }"
SCRIPT = "text => { const it = document.createElement('script'); it.textContent = text; document.body.append(it) }"


@pytest.fixture
def page(new_page, site):
    page = new_page(base_url=site)
    page.goto("/add")
    return page


def told(watch):
    """The problems of a Watch, which has none then."""
    problems = watch.problems()
    watch.said, watch.failed, watch.requests = [], [], []
    return "\n".join(problems)


@LAST_STAGE
@pytest.mark.parametrize("fault", IN_THE_PAGE)
def test_a_fault_of_a_page_is_found(fault, page):
    script, look, said = IN_THE_PAGE[fault]
    assert look(page) == []
    page.reload()
    page.evaluate(script)
    assert said in "\n".join(look(page))


@LAST_STAGE
def test_a_script_in_the_page_is_refused_and_told(page):
    page.evaluate(SCRIPT, "window.ran = true")
    assert "Content Security Policy" in told(page.watch)
    assert page.evaluate("window.ran") is None


@LAST_STAGE
def test_a_picture_that_is_not_there_and_a_script_that_fails_are_told(page):
    page.evaluate(PICTURE, "/static/nothing.png")
    page.evaluate("setTimeout(() => { throw new Error('on purpose') })")
    page.wait_for_timeout(100)
    problems = told(page.watch)
    assert "/static/nothing.png: 404" in problems and "on purpose" in problems


@LAST_STAGE
def test_nothing_but_this_machine_is_reached_and_who_asks_is_told(new_page, site):
    page = new_page(base_url=site, bypass_csp=True)
    page.goto("/")
    for url in ("https://example.com/a.png", "http://192.0.2.1/b.png"):
        page.evaluate(PICTURE, url)
    page.evaluate("new Promise(end => { new WebSocket('ws://example.com/socket').onerror = end })")
    assert page.watch.elsewhere == ["https://example.com/a.png", "http://192.0.2.1/b.png", "ws://example.com/socket"]
    assert told(page.watch).count("ERR_NAME_NOT_RESOLVED") >= 3
