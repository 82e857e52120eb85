"""Pictures that the notebooks show: drawn so that nothing hides anything, whatever the history looks like."""
import base64
import itertools
import random
import re
from xml.etree import ElementTree

from workbook.notebook_files import sanitized
from workbook.pictures import CHAR, Beside, History
from workbook.plots import Bars, scale

SVG = "{http://www.w3.org/2000/svg}"


def histories(count):
    """Random histories as Alembic lists them, the newest first: [(id, ids of its parents, message)]."""
    dice = random.Random(1)
    for _ in range(count):
        revisions, before = [], {}
        for number in range(dice.randint(1, 8)):
            parents = set(dice.sample(sorted(before), min(number, dice.choice([0, 1, 1, 1, 2, 3]))))
            # A merge joins branches: nothing is merged with what it comes after.
            parents -= set().union(*(before[parent] for parent in parents))
            before[f"r{number}"] = parents.union(*(before[parent] for parent in parents))
            revisions.insert(0, (f"r{number}", sorted(parents), f"message {number}"))
        yield revisions


def dots(svg):
    return [tuple(map(int, place)) for place in re.findall(r"<circle cx='(\d+)' cy='(\d+)'", svg)]


def lines(svg):
    """The straight pieces of all lines: ((x, y), (x, y))."""
    for path in re.findall(r"<path d='([^']+)'", svg):
        corners = [tuple(map(int, corner)) for corner in re.findall(r"(\d+) (\d+)", path)]
        yield list(itertools.pairwise(corners))


def passes(piece, dot):
    (x, y), (x_end, y_end) = piece
    across = (x_end - x) * (dot[1] - y) - (y_end - y) * (dot[0] - x)
    within = min(x, x_end) <= dot[0] <= max(x, x_end) and min(y, y_end) <= dot[1] <= max(y, y_end)
    return across == 0 and within


def test_no_line_of_a_history_passes_through_a_dot_and_every_parent_has_a_line():
    for revisions in histories(100):
        picture = History(revisions, current=[revisions[0][0]])
        svg, places = picture.svg(), dots(picture.svg())
        assert len(set(places)) == len(revisions) + 1, f"two revisions have the same place: {revisions}"
        place = dict(zip([name for name, *_ in picture.revisions], places[1:]), start=places[0])
        drawn = []
        for pieces in lines(svg):
            drawn.append((pieces[0][0], pieces[-1][1]))
            hidden = [dot for dot in places for piece in pieces if dot not in drawn[-1] and passes(piece, dot)]
            assert not hidden, f"a line passes through {hidden}, see lanes() and edge(): {revisions}"
        wanted = [(place[parent], place[name]) for name, parents, _ in revisions for parent in parents or ["start"]]
        assert sorted(drawn) == sorted(wanted)


def test_pictures_beside_each_other_stand_below_their_names_and_overlap_nowhere():
    first, second = (History([(name, [], "a long message " * 5)], []) for name in ("0001", "0002"))
    both = Beside({"now": first, "goal": second})
    assert both.text() == f"now:\n{first.text()}\n\ngoal:\n{second.text()}"
    svg = both.svg()
    boxes = [(int(x), int(width)) for x, width in re.findall(r"<svg x='(\d+)' y='36' [^>]*?width='(\d+)'", svg)]
    assert len(boxes) == 2 and boxes[0][0] + boxes[0][1] <= boxes[1][0]
    assert boxes[1][0] + boxes[1][1] <= int(re.search(r"width='(\d+)'", svg)[1]), "the right one is cut off"
    assert svg.index(">now<") < svg.index(">goal<")


CHARTS = {
    "seconds, or <less>": {"loop over objects": 4.266, "one UPDATE": 0.64, "nothing": 0.0},
    "most memory at one time, in MiB & more, which is a long title": {"loop": 1374.4, "one": 70.0},
}


def test_a_plot_has_its_text_twin_as_text_and_as_alternative_text():
    shown = Bars({"seconds": {"loop": 2.0, "one UPDATE": 1.0}}, "The loop is slower.")._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "text/html"} and shown["text/plain"] == "The loop is slower."
    assert 'alt="The loop is slower."' in shown["text/html"]
    image = base64.b64decode(re.search(r'base64,([^"]+)"', shown["text/html"])[1])
    assert ElementTree.fromstring(image).tag.endswith("svg")


def test_plots_of_two_runs_are_the_same_to_the_comparison_and_other_twins_are_not():
    first, second, other = (
        sanitized(Bars({"seconds": {"loop": value}}, twin)._repr_mimebundle_())
        for value, twin in ((2.0, "The loop is slower."), (3.1, "The loop is slower."), (3.1, "The loop is faster."))
    )
    assert first == second != other


def test_bars_are_as_long_as_their_values_and_say_them():
    svg = ElementTree.fromstring(Bars(CHARTS, "twin").svg())
    bars = [float(bar.get("width")) for bar in svg.iter(f"{SVG}rect") if bar.get("x")]
    values = [value for chart in CHARTS.values() for value in chart.values()]
    longest = [max(chart.values()) for chart in CHARTS.values() for _ in chart]
    for bar, value, most in zip(bars, values, longest, strict=True):
        assert abs(bar / max(bars) - value / most) < 0.001
    said = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"4.27", "0.64", "0", "1,374", "70", *CHARTS, "loop over objects", "one UPDATE"} <= set(said)


def test_the_scale_below_the_bars_fits_them():
    for most in (0.003, 0.9, 1, 1.01, 2.1, 4.27, 9.9, 10, 374, 1234, 99_999):
        marks = scale(most)
        assert 3 <= len(marks) <= 6 and marks[0] == 0 and most / 2 < marks[-1] <= most * 1.000001
    svg = ElementTree.fromstring(Bars({"seconds": {"loop": 4.0}}, "twin").svg())
    bar = next(bar for bar in svg.iter(f"{SVG}rect") if bar.get("x"))
    ticks = [float(tick.get("x1")) for tick in svg.iter(f"{SVG}line")]
    assert [round((tick - float(bar.get("x"))) / float(bar.get("width")) * 4, 1) for tick in ticks] == [0, 1, 2, 3, 4]


def test_no_words_of_a_plot_overlap_or_are_cut_off():
    svg = ElementTree.fromstring(Bars(CHARTS, "twin").svg())
    bars = [bar for bar in svg.iter(f"{SVG}rect") if bar.get("x")]
    boxes = [(float(bar.get("x")), float(bar.get("y")) + 17, float(bar.get("width"))) for bar in bars]
    boxes += [(float(text.get("x")), float(text.get("y")), len(text.text) * CHAR) for text in svg.iter(f"{SVG}text")]
    for one, other in itertools.combinations(boxes, 2):
        apart = one[0] + one[2] <= other[0] + 1 or other[0] + other[2] <= one[0] + 1 or abs(one[1] - other[1]) > 13
        assert apart or 0 in (one[2], other[2]), (one, other)
    assert all(x >= 0 and x + width <= float(svg.get("width")) for x, _, width in boxes)
    assert all(y < float(svg.get("height")) for _, y, _ in boxes)
