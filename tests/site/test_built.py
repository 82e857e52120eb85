"""What is in the built site: every licence, all of it pinned, and a newer one takes the older one's place."""
import html
import json
import re

from lab_window import READY
from site_page import first_visit

from workbook.site import parts
from workbook.site.build import SITE


def test_every_part_that_is_bundled_is_named_with_its_licence():
    page = html.unescape((SITE / "licences" / "index.html").read_text("utf-8"))
    sections = dict(re.findall(r"<h2>(.*?)</h2>\s*(.*?</details>)", page, re.DOTALL))
    wheels = {" ".join(wheel.name.split("-")[:2]) for wheel in (SITE / "static" / "pyodide").glob("*.whl")}
    own = {name for name in wheels if name.startswith("workbook_")}
    others = {"Pyodide", "Python", "PostgreSQL, in PGlite", "pglite, from npm", "fflate, from npm", "The workbook"}
    asked = wheels - own | others
    assert asked <= sections.keys(), asked - sections.keys()
    unknown = [name for name in asked if not re.search(r"licen[cs]e|MIT|BSD|Apache|PSF", sections[name], re.IGNORECASE)]
    assert not unknown, "what is their licence?"


def test_all_that_is_fetched_is_pinned_with_a_digest():
    lock = json.loads((parts.HERE / "package-lock.json").read_text("utf-8"))["packages"]
    assert all("integrity" in package and "resolved" not in package for name, package in lock.items() if name)
    lines = (parts.HERE / "requirements.txt").read_text("utf-8").splitlines()
    pinned = [number for number, line in enumerate(lines) if re.match(r"[\w.-]+==", line)]
    assert len(pinned) > 30 and all("--hash=sha256:" in lines[number + 1] for number in pinned)


def test_a_newer_site_takes_the_place_of_the_one_that_the_browser_has(page, host):
    first_visit(page, host.address)
    before = page.evaluate("async () => (await caches.keys()).filter(name => name.startsWith('workbook '))")
    path = host.folder / "packs.json"
    listed = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(listed | {"version": "newer"}), "utf-8")
    page.goto(f"{host.address}lab/index.html?path=01_initial.ipynb")  # a bookmark
    page.get_by_role("link", name="Get the newest workbook").click()
    page.wait_for_url("**/site/index.html")
    page.wait_for_url("**/lab/**", timeout=READY)
    after = page.evaluate("async () => (await caches.keys()).filter(name => name.startsWith('workbook '))")
    assert len(before) == len(after) == 1 and before != after and after[0].endswith(" newer")


def test_a_part_that_is_not_as_it_was_built_is_told_and_not_used(page, host):
    listed = json.loads((host.folder / "packs.json").read_text("utf-8"))
    first = listed["packs"][0]
    content = (host.folder / first["file"]).read_bytes()
    (host.folder / "packs" / "damaged.zip").write_bytes(content[:-1] + b"x")
    packs = [first | {"file": "packs/damaged.zip"}, *listed["packs"][1:]]
    (host.folder / "packs.json").write_text(json.dumps({"version": "newest", "packs": packs}), "utf-8")
    page.goto(host.address)
    page.get_by_role("status").get_by_text("is not as it was built. Load this page again").wait_for()
    assert page.get_by_role("link", name="Open the workbook").is_visible()
