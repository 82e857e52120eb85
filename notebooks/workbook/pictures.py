"""Pictures of the schema and of the history, each with a text twin.

A picture is an SVG inside an `<img>`: that is what an untrusted notebook, a
trusted one and an exported page all show, without a network. The text twin is
the image's alternative text and can be unfolded below it.
"""
import base64
import re
from html import escape

LINE = 22  # pixels from one line of text to the next
CHAR = 7.83  # pixels that a character of the 13-pixel monospace font is wide
FONT = "font-family='ui-monospace,Menlo,Consolas,monospace' font-size='13'"
INK, PALE, PAPER, BORDER = "#1f2328", "#59636e", "#ffffff", "#8c959f"
NEW, NEW_PAPER, GONE, GONE_PAPER, HERE = "#116329", "#dafbe1", "#a40e26", "#ffebe9", "#0550ae"
MARKS = {"new": (NEW, NEW_PAPER, "+ "), "gone": (GONE, GONE_PAPER, "− "), "": (INK, PAPER, "  ")}


class Picture:
    """What Jupyter shows: the SVG as an image, and the text below it, folded."""

    kind = ""  # more attributes of the image

    def _repr_mimebundle_(self, include=None, exclude=None):
        twin = self.text()
        source = f"data:image/svg+xml;base64,{base64.b64encode(self.svg().encode()).decode()}"
        html = (
            f'<img style="max-width:100%" alt="{escape(twin, quote=True)}" src="{source}"{self.kind}>'
            f"<details><summary>The same as text</summary><pre>{escape(twin)}</pre></details>"
        )
        return {"text/plain": twin, "text/html": html}


class Schema(Picture):
    """The tables of a database. `before` is an earlier `tables`: what differs is marked as new or gone."""

    def __init__(self, tables, before=None):
        self.tables = tables
        self.before = tables if before is None else before

    def lines(self):
        """[(table, mark, [(mark, text)])] in the order in which they are shown."""
        shown = []
        for table in sorted(self.tables.keys() | self.before.keys()):
            both = [self.tables.get(table), self.before.get(table)]
            widest = max(len(name) for each in both if each for name in each["columns"])
            now, then = (described(each, widest) for each in both)
            mark = "new" if not then else "gone" if not now else ""
            marked = [("" if line in then else "new", line) for line in now]
            marked += [("gone", line) for line in then if line not in now]
            shown.append((table, mark, marked))
        return shown

    def text(self):
        if not self.lines():
            return "no tables"
        return "\n\n".join(
            "\n".join([f"{MARKS[mark][2]}{table}", *(f"  {MARKS[each][2]}{line}" for each, line in lines)])
            for table, mark, lines in self.lines()
        )

    def svg(self):
        parts, left, height = [], 10, 60
        for table, mark, lines in self.lines():
            width = (max(len(line) for _, line in [("", table), *lines]) + 3) * CHAR + 20
            tall = (len(lines) + 1) * LINE + 18
            parts.append(box(left, 10, width, tall, MARKS[mark][0] if mark else BORDER))
            parts.append(text_at(left + 10, 31, f"{MARKS[mark][2].strip()} {table}".strip(), MARKS[mark][0], bold=True))
            parts.append(f"<line x1='{left}' x2='{left + width:.0f}' y1='40' y2='40' stroke='{BORDER}'/>")
            for number, (each, line) in enumerate(lines):
                colour, paper, sign = MARKS[each]
                top = 44 + number * LINE
                if each:
                    parts.append(stripe(left + 1, top, width - 2, paper))
                parts.append(text_at(left + 10, top + 16, sign + line, colour))
            left += round(width) + 20
            height = max(height, tall + 20)
        if not parts:
            parts, left = [text_at(16, 34, "no tables", PALE)], 120
        return drawing(left - 10, height, parts)


def described(table, widest):
    """The lines that describe a table of `schema_of`: its columns (names padded to `widest`), then the rest."""
    if table is None:
        return []
    keys = {column for key in table["primary key"].values() for column in key["columns"]}
    lines = [
        f"{name:<{widest}}  {column['type']}"
        + ("  primary key" if name in keys else "" if column["nullable"] else "  not null")
        + (f"  default {column['default']}" if column["default"] and name not in keys else "")
        for name, column in table["columns"].items()
    ]
    lines += [f"unique ({', '.join(each['columns'])})" for each in table["unique"].values()]
    lines += [f"check {each['condition']}" for each in table["check"].values()]
    for each in table["foreign keys"].values():
        target = f"{', '.join(each['columns'])} → {each['table']}({', '.join(each['referred columns'])})"
        lines.append(target + (f" on delete {each['on delete'].lower()}" if each["on delete"] else ""))
    lines += [
        f"{'unique ' if each['unique'] else ''}index ({', '.join(each['columns'])})"
        for each in table["indexes"].values()
    ]
    return lines


class History(Picture):
    """The revisions and where the database is.

    `revisions` holds (id, ids of the parents, message), newest first, as Alembic
    walks them; `current` the ids that the database says it is at. With `since`,
    an id, only that revision and what comes after it is shown.
    """

    def __init__(self, revisions, current, since=None):
        self.revisions = list(reversed(revisions))
        self.since = since
        self.parents = {revision: set(parents) for revision, parents, _ in revisions}
        self.current = set(current)
        self.applied = set()
        waiting = [revision for revision in current if revision in self.parents]
        while waiting:
            self.applied.add(revision := waiting.pop())
            waiting += self.parents[revision]
        if since:
            self.leave_out_earlier()

    def leave_out_earlier(self):
        shown = {self.since}
        for revision, parents, _ in self.revisions:
            if shown & set(parents):
                shown.add(revision)
        self.revisions = [
            (revision, [parent for parent in parents if parent in shown], message)
            for revision, parents, message in self.revisions
            if revision in shown
        ]

    def state(self, revision):
        if revision in self.current:
            return "applied  ◀ the database is here"
        return "applied" if revision in self.applied else self.not_applied()

    def not_applied(self):
        """What is said of a revision that does not lead to where the database is, as far as the scripts tell."""
        return "unknown if applied" if self.unknown() else "not applied"

    def heads(self):
        return self.parents.keys() - set().union(*self.parents.values())

    def text(self):
        lines = [self.start() + ("" if self.current else "  ◀ the database is here: no revision")]
        for revision, parents, message in self.revisions:
            after = " and ".join(sorted(parents)) or self.start()
            head = "  (head)" if revision in self.heads() else ""
            said = f": {message}" if message else ""
            lines.append(f"{revision}  after {after}{said}{head}  {self.state(revision)}")
        lines += [f"{each}  ◀ the database is here, but no script has this id" for each in self.unknown()]
        return "\n".join(lines)

    def start(self):
        return "…" if self.since else "base"

    def unknown(self):
        return sorted(self.current - self.parents.keys())

    def lanes(self):
        """{id: lane}: a revision goes on in the lane of a parent, unless that goes on already; else in a free lane."""
        rows = {revision: row for row, (revision, *_) in enumerate(self.revisions)}
        lanes, newest, busy_until = {}, [], []
        for row, (revision, parents, _) in enumerate(self.revisions):
            begin = min((rows[parent] for parent in parents), default=-1)
            going_on = [lanes[parent] for parent in parents if newest[lanes[parent]] == parent]
            free = [lane for lane, until in enumerate(busy_until) if until <= begin]
            lane = lanes[revision] = min(going_on or free, default=len(newest))
            if lane == len(newest):
                newest.append(revision)
                busy_until.append(row)
            newest[lane] = revision
            children = [rows[child] for child, its_parents, _ in self.revisions if revision in its_parents]
            busy_until[lane] = max([row, *children])
        return lanes

    def svg(self):
        lanes, step = self.lanes(), 34
        places = {
            revision: (24 + 30 * lanes[revision], 20 + step * (row + 1))
            for row, (revision, *_) in enumerate(self.revisions)
        }
        edges, parts, width = [], [], 340
        beside = 24 + 30 * max(lanes.values(), default=0) + 22
        rows = [(self.start(), "", "" if self.current else "◀ the database is here: no revision", (24, 20), True)]
        for revision, parents, message in self.revisions:
            for parent in sorted(parents) or [None]:
                edges.append(edge(places[parent] if parent else (24, 20), places[revision], step, places.values()))
            note = "" if revision in self.applied else self.not_applied()
            note = "◀ the database is here" if revision in self.current else note
            head = " (head)" if revision in self.heads() else ""
            rows.append((revision, message + head, note, places[revision], revision in self.applied))
        for name, message, note, (x, y), applied in rows:
            fill = HERE if applied else PAPER
            parts.append(f"<circle cx='{x}' cy='{y}' r='7' fill='{fill}' stroke='{HERE}' stroke-width='2'/>")
            parts.append(text_at(beside, y + 5, name, INK, bold=True))
            parts.append(text_at(beside + 62, y + 5, message, INK))
            offset = beside + 62 + len(message) * CHAR + (16 if message else 0)
            colour, bold = (PALE, False) if note == self.not_applied() else (HERE, True)
            parts.append(text_at(offset, y + 5, note, colour, bold))
            width = max(width, offset + len(note) * CHAR + 20)
        height = 20 + step * len(rows)
        for each in self.unknown():
            line = f"{each} ◀ the database is here, but no script has this id"
            parts.append(text_at(24, height + 5, line, GONE, bold=True))
            width, height = max(width, 40 + len(line) * CHAR), height + step
        return drawing(width, height, edges + parts)


class Beside(Picture):
    """Two or more pictures beside each other, each below its name: {name: picture}."""

    def __init__(self, pictures):
        self.pictures = pictures

    def text(self):
        return "\n\n".join(f"{name}:\n{picture.text()}" for name, picture in self.pictures.items())

    def svg(self):
        parts, left, tallest = [], 10, 0
        for name, picture in self.pictures.items():
            svg = picture.svg()
            width, height = (int(re.search(rf"{side}='(\d+)'", svg)[1]) for side in ("width", "height"))
            parts.append(text_at(left + 10, 26, name, INK, bold=True))
            parts.append(svg.replace("<svg ", f"<svg x='{left}' y='36' ", 1))
            left, tallest = left + width + 20, max(tallest, height)
        return drawing(left - 10, tallest + 46, parts)


class ThreeThings(Picture):
    """The three things that a migration keeps in step, with the commands between them.

    Each of `models`, `scripts` and `database` is a short text: what that one holds at the moment.
    """

    def __init__(self, models="", scripts="", database=""):
        self.boxes = [
            ("models", "what the code wants", models),
            ("scripts", "the steps that lead there", scripts),
            ("database", "tables and rows that exist", database),
        ]

    def text(self):
        lines = [f"{name}: {meaning}{' = ' + state if state else ''}" for name, meaning, state in self.boxes]
        return "\n".join([*lines, *BETWEEN.values()])

    def svg(self):
        width = max(len(words) for box in self.boxes for words in box) * CHAR + 24
        gap = 28 + max(len(label) for label in list(BETWEEN)[:2]) * CHAR
        parts = []
        for number, (name, meaning, state) in enumerate(self.boxes):
            x = 10 + number * (width + gap)
            parts += [box(x, 10, width, 88, HERE), text_at(x + 12, 34, name, HERE, bold=True)]
            parts += [text_at(x + 12, 58, meaning, PALE), text_at(x + 12, 82, state, INK, bold=True)]
        migrate, upgrade, check = BETWEEN
        first, second, third = (10 + number * (width + gap) for number in range(3))
        parts += [arrow(first + width, 54, second, 54), text_at(first + width + 12, 44, migrate, INK)]
        parts += [arrow(second + width, 54, third, 54), text_at(second + width + 12, 44, upgrade, INK)]
        parts += [arrow(first + width / 2, 132, third + width / 2, 132, both=True), text_at(second, 124, check, INK)]
        return drawing(third + width + 10, 148, parts)


BETWEEN = {
    "migrate writes": "flask db migrate writes a script, from what it finds by comparing models and database",
    "upgrade runs": "flask db upgrade runs scripts on the database",
    "migrate and check compare": "flask db migrate and flask db check compare models and database",
}


def arrow(x, y, x_end, y_end, both=False):
    heads = f"M{x_end - 9:.0f} {y_end - 5} L{x_end:.0f} {y_end} L{x_end - 9:.0f} {y_end + 5}"
    if both:
        heads += f" M{x + 9:.0f} {y - 5} L{x:.0f} {y} L{x + 9:.0f} {y + 5}"
    return f"<path d='M{x:.0f} {y} L{x_end:.0f} {y_end} {heads}' stroke='{HERE}' stroke-width='2' fill='none'/>"


def drawing(width, height, parts):
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' {FONT}>"
        f"<rect width='100%' height='100%' rx='8' fill='#f6f8fa'/>{''.join(parts)}</svg>"
    )


def box(x, y, width, height, stroke):
    return f"<rect x='{x:.0f}' y='{y}' width='{width:.0f}' height='{height}' rx='6' fill='{PAPER}' stroke='{stroke}'/>"


def stripe(x, y, width, fill):
    return f"<rect x='{x:.0f}' y='{y}' width='{width:.0f}' height='{LINE}' fill='{fill}'/>"


def edge(start, end, step, dots):
    """A line down to another row. It changes lanes beside its end further left; if dots are in the way, elsewhere."""
    (x, y), (x_end, y_end) = start, end
    by_the_start, by_the_end = [(x_end, y + step)], [(x, y_end - step)]
    between = [(x + 15, y + step // 2), (x + 15, y_end - step // 2)]  # two lanes, where no dot is
    ways = [by_the_start, by_the_end] if x_end > x else [by_the_end, by_the_start]
    taken = {lane for lane, row in dots if y < row < y_end}
    bends = [] if x == x_end else next(way for way in [*ways, between] if way[0][0] not in taken)
    corners = " L".join(f"{x} {y}" for x, y in [start, *bends, end])
    fill = " fill='none'" if bends else ""
    return f"<path d='M{corners}' stroke='{BORDER}' stroke-width='2'{fill}/>"


def text_at(x, y, words, colour, bold=False):
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x:.0f}' y='{y:.0f}' fill='{colour}'{weight} xml:space='preserve'>{escape(words)}</text>"
