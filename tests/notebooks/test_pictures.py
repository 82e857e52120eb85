"""Pictures that the notebooks show: drawn so that nothing hides anything, whatever the history looks like."""
import base64
import itertools
import random
import re

from workbook.pictures import Beside, History
from workbook.plots import Bars


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


def test_a_plot_has_its_text_twin_as_text_and_as_alternative_text():
    data, metadata = Bars({"seconds": {"loop": 2.0, "one UPDATE": 1.0}}, "The loop is slower.")._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == "The loop is slower."
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
