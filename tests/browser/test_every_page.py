"""Every page of every stage, in each state that a person meets: readable for everybody, on any screen."""
import pytest
from accessibility import violations
from looks import too_wide
from stage_pages import NARROW, WIDE, states

STATES = list(states())
EACH = pytest.mark.parametrize(
    ("stage", "bring_to"), STATES, indirect=["stage"], ids=[f"{stage}-{state.__name__}" for stage, state in STATES]
)


@EACH
def test_a_page_can_be_read_by_everybody_on_any_screen(bring_to, new_page, site):
    page = new_page(width=640, zoom=2, base_url=site)  # a window of 1280 at 200 %
    bring_to(page)
    found = {"zoomed": too_wide(page)}
    for width in (WIDE, 390, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = too_wide(page)
        for scheme in ("light", "dark") if width != 390 else ():
            page.emulate_media(color_scheme=scheme)
            found[width, scheme] = violations(page)
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found["large letters"] = too_wide(page)
    assert not any(found.values()), "\n".join(f"{how}: {line}" for how, lines in found.items() for line in lines)


def test_a_page_is_dark_if_the_system_is_also_when_that_changes(new_page, site):
    page = new_page(dark=True, base_url=site)
    page.goto("/add")
    body, field = page.locator("body"), page.get_by_label("Email", exact=True)
    assert max(brightness(body), brightness(field)) < 60
    assert field.evaluate("it => getComputedStyle(it).colorScheme") == "dark"
    page.emulate_media(color_scheme="light")
    assert min(brightness(body), brightness(field)) > 240


def brightness(element):
    """Of the element's background: 0 is black, 255 white."""
    colour = element.evaluate("it => getComputedStyle(it).backgroundColor")
    return max(int(part) for part in colour.strip("rgb()").split(","))
