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
def test_axe_finds_nothing_whether_light_or_dark_wide_or_narrow(bring_to, new_page, site):
    page = new_page(base_url=site)
    bring_to(page)
    found = []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}, {width} wide: {line}" for line in violations(page)]
    assert not found, "\n".join(found)


@EACH
def test_nobody_scrolls_to_the_right_on_a_phone_zoomed_or_with_large_letters(bring_to, new_page, site):
    page = new_page(width=640, zoom=2, base_url=site)  # a window of 1280 at 200 %
    bring_to(page)
    found = {"200 %": too_wide(page)}
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = too_wide(page)
    page.set_viewport_size({"width": WIDE, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found["large letters"] = too_wide(page)
    assert not any(found.values()), found


def test_a_page_is_dark_if_the_system_is_also_when_that_changes(new_page, site):
    page = new_page(dark=True, base_url=site)
    page.goto("/add")
    field = page.locator("input[name=email]")
    dark = [brightness(page.locator(each)) for each in ("body", "input[name=email]")]
    assert max(dark) < 60 and field.evaluate("it => getComputedStyle(it).colorScheme") == "dark"
    page.emulate_media(color_scheme="light")
    assert min(brightness(page.locator(each)) for each in ("body", "input[name=email]")) > 240


def brightness(element):
    """Of the element's background: 0 is black, 255 white."""
    colour = element.evaluate("it => getComputedStyle(it).backgroundColor")
    return max(int(part) for part in colour.strip("rgb()").split(","))
