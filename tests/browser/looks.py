"""How a page looks, where that can be measured: what is too wide, what has the focus and whether that can be seen."""

TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    const beyond = [...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > width)
    return ["the page can be scrolled to the right", ...beyond.map(each => each.outerHTML.slice(0, 80))]
}"""
FOCUSED = """() => {
    const it = document.activeElement
    if (!it || it === document.body) return null
    return (it.getAttribute("aria-label") || it.labels?.[0]?.innerText || it.innerText).trim()
}"""
BOX = "() => document.activeElement.getBoundingClientRect().toJSON()"
EDGE = 6  # CSS pixels around an element, where a browser draws the ring


def too_wide(page):
    """What does not fit into the window's width, as lines; none if nobody has to scroll to the right."""
    return page.evaluate(TOO_WIDE)


def focused(page):
    """The name of what has the focus, as it is read out; None if nothing has it."""
    return page.evaluate(FOCUSED)


def tab_stops(page):
    """The names of all that Tab leads to, from the top of the page to its end, and those whose focus cannot be seen."""
    names, unseen = [], []
    for _ in range(100):
        page.keyboard.press("Tab")
        if (name := focused(page)) is None or name == next(iter(names), None):
            return names, unseen
        names.append(name)
        if not shows_focus(page):
            unseen.append(name)
    raise AssertionError(f"Tab does not come to an end: {names}")


def shows_focus(page):
    """Whether what has the focus is in the window, and looks different without it.

    The focus is taken away to see that; the next Tab goes on from there.
    """
    box, window = page.evaluate(BOX), page.viewport_size
    left, top = max(box["left"] - EDGE, 0), max(box["top"] - EDGE, 0)
    right, bottom = min(box["right"] + EDGE, window["width"]), min(box["bottom"] + EDGE, window["height"])
    if right <= left or bottom <= top:
        return False
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    with_focus = page.screenshot(clip=clip)
    page.evaluate("document.activeElement.blur()")
    return page.screenshot(clip=clip) != with_focus
