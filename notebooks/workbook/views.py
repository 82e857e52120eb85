"""What a notebook shows beside pictures: files, rows and pages, each also as plain text."""
from html import escape
from html.parser import HTMLParser

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename

CELL = "border:1px solid #8c959f;padding:.2em .6em;text-align:left"
FRAME = "border:1px solid #8c959f;border-radius:6px;padding:.6em .9em;max-width:52em"


class Code:
    """A file of the scratch copy, or a change of one."""

    def __init__(self, name, content, language=None):
        self.name, self.content, self.language = name, content, language

    def __repr__(self):
        return f"{self.name}\n\n{self.content}"

    def _repr_html_(self):
        lexer = get_lexer_by_name(self.language) if self.language else get_lexer_for_filename(self.name)
        # The paper is white on a dark page too: these colours are made to be read on white.
        paper = HtmlFormatter(
            noclasses=True,
            nobackground=True,
            cssstyles="background:#fff;color:#1f2328;padding:.6em;overflow-x:auto",
            prestyles="font-family:ui-monospace,Menlo,Consolas,monospace",
        )
        code = highlight(self.content, lexer, paper)
        return f"<p><code>{escape(self.name)}</code></p>{code}"


class Rows:
    """Rows of a table or query: `columns` are names, `rows` tuples of values."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows

    def __repr__(self):
        lines = [self.columns, *([shown(value) for value in row] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        padded = ["  ".join(f"{value:<{width}}" for value, width in zip(line, widths)) for line in lines]
        return "\n".join(line.rstrip() for line in padded)

    def _repr_html_(self):
        head = "".join(f'<th scope="col" style="{CELL}">{escape(name)}</th>' for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f'<td style="{CELL}">{escape(shown(value))}</td>' for value in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Text:
    """Plain text, shown as it is."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def shown(value):
    return "NULL" if value is None else str(value)


class Page:
    """A page that the app served: what it says, without its looks."""

    def __init__(self, path, answer, fields=None):
        self.status = answer.status
        self.request = f"{'GET' if fields is None else 'form sent from'} {path}"
        reader = Reader()
        reader.feed(answer.html)
        self.parts = reader.parts

    def __repr__(self):
        lines = [f"{self.request}: {self.status}"]
        for kind, content in self.parts:
            lines.append(repr(content) if kind == "table" else f"{SIGNS[kind]}{content}")
        return "\n".join(lines)

    def _repr_html_(self):
        parts = "".join(
            content._repr_html_() if kind == "table" else f"<p>{emphasized(kind, content)}</p>"
            for kind, content in self.parts
        )
        head = f"<p><code>{escape(self.request)}</code> answered {self.status}</p><hr>"
        return f'<div style="{FRAME}">{head}{parts}</div>'


def emphasized(kind, content):
    text = escape(content)
    return {"h1": f"<b>{text}</b>", "alert": f"<b>{text}</b>", "error": f"<i>{text}</i>"}.get(kind, text)


SIGNS = {"h1": "# ", "alert": "! ", "field": "  ", "error": "! ", "button": "  ", "text": ""}


class Reader(HTMLParser):
    """Picks out of `<main>` what a person reads: heading, messages, tables, fields with their values and errors."""

    def __init__(self):
        super().__init__()
        self.parts, self.inside, self.kind, self.words = [], False, None, ""
        self.table, self.label, self.skipping = None, "", False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "main":
            self.inside = True
        elif not self.inside:
            return
        classes = attributes.get("class", "")
        if tag == "table":
            self.table = []
        elif tag == "tr":
            self.table.append([])
        elif tag in ("input", "textarea") and attributes.get("type") != "hidden" and self.table is None:
            self.parts.append(("field", f"{self.label}: [{attributes.get('value', '')}]"))
        elif tag == "option":
            self.skipping = "selected" not in attributes
            self.kind, self.words = self.kind or "option", self.words + " ["
        elif tag == "button" and self.table is not None:
            self.words += " ("
        elif tag in ("h1", "th", "td", "label", "button", "p") or "invalid-feedback" in classes:
            self.kind = "alert" if "alert" in classes else "error" if "invalid-feedback" in classes else tag
            self.words = ""

    def handle_endtag(self, tag):
        words = " ".join(self.words.split())
        if tag == "main":
            self.inside = False
        elif tag == "table" and self.table is not None:
            head, *body = self.table
            self.parts.append(("table", Rows(head, body)))
            self.table = None
        elif tag in ("th", "td") and self.table is not None:
            self.table[-1].append(words)
            self.words = ""
        elif tag == "option" or (tag == "button" and self.table is not None):
            self.words = self.words.rstrip(" [") if self.skipping else self.words + ("]" if tag == "option" else ")")
            self.skipping = False
        elif self.table is None and self.inside and self.kind and words:
            if self.kind == "label":
                self.label = words
            else:
                kind = self.kind if self.kind in SIGNS else "text"
                self.parts.append((kind, f"({words})" if kind == "button" else words))
            self.kind = None

    def handle_data(self, data):
        if self.inside and self.kind and not self.skipping:
            self.words += data
