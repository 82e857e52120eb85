"""What axe finds in a page: https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md"""
from axe_playwright_python.sync_playwright import Axe

OPTIONS = {
    # "incomplete" is what axe cannot decide, such as a colour on a picture
    "resultTypes": ["violations", "incomplete"],
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.2; axe leaves it out unless told
}
# Bootstrap's signs stand beside the text; for axe they are a picture behind it. Rows after the first ones are of the
# same kind, and take axe seconds.
MADE_SIMPLER = """() => {
    for (const it of document.querySelectorAll("input, select, textarea")) it.style.backgroundImage = "none"
    for (const it of document.querySelectorAll("tbody tr:nth-child(n + 6)")) it.remove()
}"""


def violations(page):
    """One line for each element of the page that breaks a rule, or of which axe cannot tell. The page loses rows."""
    page.evaluate(MADE_SIMPLER)
    found = Axe().run(page, options=OPTIONS).response
    return [f"{rule['id']}: {rule['help']}: {node['html']}: {reason_of(node)}"
            for rule in found["violations"] + found["incomplete"] for node in rule["nodes"]]


def reason_of(node):
    return "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])
