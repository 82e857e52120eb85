"""Every page of every stage, in each state that a person meets: readable for everybody, on any screen."""
from accessibility import violations
from looks import too_wide
from stage_pages import NARROW, WIDE, states


def test_each_page_can_be_read_by_everybody_on_any_screen(stage, new_page, site):
    page = new_page(zoom=2, base_url=site)
    found = []
    for bring_to in states(stage):
        page.set_viewport_size({"width": 640, "height": 900})  # a window of 1280 at 200 %
        page.emulate_media(color_scheme="light")
        bring_to(page)
        found += [f"{bring_to.__name__}, {line}" for line in hard_to_read(page)]
        page.watch.expected.clear()
    assert not found, "\n".join(found)


def hard_to_read(page):
    """A line for each thing that somebody cannot read, and how the page is looked at then: zoomed, dark, on a phone."""
    found = {"zoomed": too_wide(page)}
    page.set_viewport_size({"width": WIDE, "height": 900})
    found["light"] = violations(page)
    page.emulate_media(color_scheme="dark")
    for width in (390, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = too_wide(page)
    found["dark"] = violations(page)
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found["large letters"] = too_wide(page)
    return [f"{how}: {line}" for how, lines in found.items() for line in lines]


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
