"""Pictures of the schema and of the history, each with a text twin.

A picture is an SVG inside an `<img>`: that is what an untrusted notebook, a
trusted one and an exported page all show, without a network. The text twin is
the image's alternative text and can be unfolded below it.
"""
import base64
from html import escape

LINE = 22  # pixels from one line of text to the next
CHAR = 7.83  # pixels that a character of the 13-pixel monospace font is wide
FONT = "font-family='ui-monospace,Menlo,Consolas,monospace' font-size='13'"
INK, PALE, PAPER, BORDER = "#1f2328", "#59636e", "#ffffff", "#8c959f"
NEW, NEW_PAPER, GONE, GONE_PAPER, HERE = "#116329", "#dafbe1", "#a40e26", "#ffebe9", "#0550ae"
MARKS = {"new": (NEW, NEW_PAPER, "+ "), "gone": (GONE, GONE_PAPER, "− "), "": (INK, PAPER, "  ")}


class Picture:
    """What Jupyter shows: the SVG as an image, and the text below it, folded."""

    def _repr_mimebundle_(self, include=None, exclude=None):
        twin = self.text()
        image = base64.b64encode(self.svg().encode()).decode()
        html = (
            f'<img style="max-width:100%" alt="{escape(twin, quote=True)}" src="data:image/svg+xml;base64,{image}">'
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
            now, then = described(self.tables.get(table)), described(self.before.get(table))
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


def described(table):
    """The lines that describe a table of `schema_of`: its columns, then what holds for them."""
    if table is None:
        return []
    widest = max(len(name) for name in table["columns"])
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
        f"{'unique ' if each['unique'] else ''}index ({', '.join(each['columns'])})" for each in table["indexes"].values()
    ]
    return lines


class History(Picture):
    """The revisions and where the database is.

    `revisions` holds (id, ids of the parents, message), newest first, as Alembic
    walks them; `current` the ids that the database says it is at.
    """

    def __init__(self, revisions, current):
        self.revisions = list(reversed(revisions))
        self.parents = {revision: set(parents) for revision, parents, _ in revisions}
        self.current = set(current)
        self.applied = set()
        waiting = [revision for revision in current if revision in self.parents]
        while waiting:
            self.applied.add(revision := waiting.pop())
            waiting += self.parents[revision]

    def state(self, revision):
        if revision in self.current:
            return "applied  ◀ the database is here"
        return "applied" if revision in self.applied else "not applied"

    def heads(self):
        return self.parents.keys() - set().union(*self.parents.values())

    def text(self):
        lines = ["base" + ("" if self.current else "  ◀ the database is here: no revision")]
        for revision, parents, message in self.revisions:
            after = " and ".join(sorted(parents)) or "base"
            head = "  (head)" if revision in self.heads() else ""
            lines.append(f"{revision}  after {after}: {message}{head}  {self.state(revision)}")
        lines += [f"{each}  ◀ the database is here, but no script has this id" for each in self.unknown()]
        return "\n".join(lines)

    def unknown(self):
        return sorted(self.current - self.parents.keys())

    def lanes(self):
        """{id: lane}: the first child of a revision stays in its lane, the others move to the right."""
        lanes, taken = {}, {}
        for revision, parents, _ in self.revisions:
            lane = min((lanes[parent] for parent in parents), default=0)
            while any(taken.get((parent, lane)) for parent in parents):
                lane += 1
            taken |= {(parent, lane): True for parent in parents}
            lanes[revision] = lane
        return lanes

    def svg(self):
        lanes, step = self.lanes(), 34
        places = {
            revision: (24 + 30 * lanes[revision], 20 + step * (row + 1))
            for row, (revision, *_) in enumerate(self.revisions)
        }
        edges, parts, width = [], [], 340
        beside = 24 + 30 * max(lanes.values(), default=0) + 22
        rows = [("base", "", "" if self.current else "◀ the database is here: no revision", (24, 20), True)]
        for revision, parents, message in self.revisions:
            for parent in sorted(parents) or [None]:
                edges.append(edge(*(places[parent] if parent else (24, 20)), *places[revision]))
            note = "" if revision in self.applied else "not applied"
            note = "◀ the database is here" if revision in self.current else note
            head = " (head)" if revision in self.heads() else ""
            rows.append((revision, message + head, note, places[revision], revision in self.applied))
        for name, message, note, (x, y), applied in rows:
            fill = HERE if applied else PAPER
            parts.append(f"<circle cx='{x}' cy='{y}' r='7' fill='{fill}' stroke='{HERE}' stroke-width='2'/>")
            parts.append(text_at(beside, y + 5, name, INK, bold=True))
            parts.append(text_at(beside + 62, y + 5, message, INK))
            offset = beside + 62 + len(message) * CHAR + (16 if message else 0)
            colour, bold = (PALE, False) if note == "not applied" else (HERE, True)
            parts.append(text_at(offset, y + 5, note, colour, bold))
            width = max(width, offset + len(note) * CHAR + 20)
        height = 20 + step * len(rows)
        for each in self.unknown():
            line = f"{each} ◀ the database is here, but no script has this id"
            parts.append(text_at(24, height + 5, line, GONE, bold=True))
            width, height = max(width, 40 + len(line) * CHAR), height + step
        return drawing(width, height, edges + parts)


def drawing(width, height, parts):
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' {FONT}>"
        f"<rect width='100%' height='100%' rx='8' fill='#f6f8fa'/>{''.join(parts)}</svg>"
    )


def box(x, y, width, height, stroke):
    return f"<rect x='{x:.0f}' y='{y}' width='{width:.0f}' height='{height}' rx='6' fill='{PAPER}' stroke='{stroke}'/>"


def stripe(x, y, width, fill):
    return f"<rect x='{x:.0f}' y='{y}' width='{width:.0f}' height='{LINE}' fill='{fill}'/>"


def edge(x, y, x_end, y_end):
    return f"<path d='M{x} {y} L{x_end} {y_end}' stroke='{BORDER}' stroke-width='2'/>"


def text_at(x, y, words, colour, bold=False):
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x:.0f}' y='{y:.0f}' fill='{colour}'{weight} xml:space='preserve'>{escape(words)}</text>"
