"""What the server answers, as psycopg asks libpq for it: psycopg.pq.abc.PGresult, and the texts of errors."""
import re
import unicodedata

from psycopg.pq import ExecStatus
from psycopg.pq.misc import _clean_error_message

from workbook.tab import wire

COUNTED = re.compile(rb"(?:INSERT \d+|SELECT|UPDATE|DELETE|MERGE|MOVE|FETCH|COPY) (\d+)")
NO_COPY = wire.Refused(b"0A000", b"COPY FROM STDIN and COPY TO STDOUT are not possible here: use INSERT and SELECT")
WIDTH, KEPT_AT_RIGHT = 60, 10  # of a line that an error shows: libpq's DISPLAY_SIZE and MIN_RIGHT_CUT


class PGresult:
    """The result of one statement. `error` are the fields of an error or a notice, `query` what it points into."""

    def __init__(self, status, columns=(), parameters=(), error=None, query=None):
        self.status, self.columns, self.parameters = status, list(columns), parameters
        self.error, self.query = error or {}, query
        self.rows, self.command_status, self.oid_value = [], b"", 0

    def __repr__(self):
        return f"<{type(self).__name__} [{ExecStatus(self.status).name}]>"

    def clear(self):
        """Nothing has to be freed."""

    @property
    def error_message(self):
        if not self.error:
            return b""
        return error_text(self.error, self.query, self.status == ExecStatus.FATAL_ERROR).encode()

    def get_error_message(self, encoding="utf-8"):
        return _clean_error_message(self.error_message, encoding)

    def error_field(self, fieldcode):
        return self.error.get(chr(fieldcode))

    @property
    def ntuples(self):
        return len(self.rows)

    @property
    def nfields(self):
        return len(self.columns)

    def get_value(self, row_number, column_number):
        return self.rows[row_number][column_number]

    def described(self, column_number, what, default=0):
        return self.columns[column_number][what] if 0 <= column_number < len(self.columns) else default

    def fname(self, column_number):
        return self.described(column_number, 0, None)

    def ftable(self, column_number):
        return self.described(column_number, 1)

    def ftablecol(self, column_number):
        return self.described(column_number, 2)

    def ftype(self, column_number):
        return self.described(column_number, 3)

    def fsize(self, column_number):
        return self.described(column_number, 4)

    def fmod(self, column_number):
        return self.described(column_number, 5)

    def fformat(self, column_number):
        return self.described(column_number, 6)

    @property
    def binary_tuples(self):
        return int(bool(self.columns) and all(column[6] for column in self.columns))

    @property
    def nparams(self):
        return len(self.parameters)

    def param_type(self, param_number):
        return self.parameters[param_number] if 0 <= param_number < len(self.parameters) else 0

    @property
    def command_tuples(self):
        """How many rows the statement has returned or changed; None if it does not say so."""
        counted = COUNTED.fullmatch(self.command_status or b"")
        return int(counted[1]) if counted else None

    def set_attributes(self, descriptions):
        order = ((each.name, each.tableid, each.columnid, each.typid, each.typlen, each.atttypmod, each.format)
                 for each in descriptions)  # fmt: skip
        self.columns = list(order)

    def one_by_one(self):
        """The results that single-row mode makes of this one: one for each row, and one that ends them."""
        if self.status != ExecStatus.TUPLES_OK:
            return [self]
        singles = [PGresult(ExecStatus.SINGLE_TUPLE, self.columns) for _ in self.rows]
        for single, row in zip(singles, self.rows):
            single.rows, single.command_status = [row], self.command_status
        return [*singles, self]


def refused(error, query=None):
    """The result of a statement that a wire.Refused describes."""
    return PGresult(ExecStatus.FATAL_ERROR, error=error.fields, query=query)


def notice(data, query):
    return PGresult(ExecStatus.NONFATAL_ERROR, error=wire.fields(data), query=query)


def results_of(messages, query):
    """[PGresult] of the messages that answer a command: one for each statement, and one at least.

    `query` is the text that positions of errors count in, None if only the server has it.
    """
    found, current, parameters, copying = [], None, (), False
    for code, data in messages:
        if code == b"T":
            current = PGresult(ExecStatus.TUPLES_OK, wire.columns(data), parameters)
        elif code == b"D":
            current.rows.append(wire.row(data))
        elif code == b"t":
            parameters = wire.types(data)
        elif code in (b"G", b"H", b"W"):
            found.append(refused(NO_COPY))
            copying = True
        elif code in (b"C", b"E") and copying:
            copying = False
        elif code == b"C":
            current = current or PGresult(ExecStatus.COMMAND_OK)
            current.command_status = data[:-1]
            found.append(current)
            current = None
        elif code == b"I":
            found.append(PGresult(ExecStatus.EMPTY_QUERY))
        elif code == b"E":
            found.append(PGresult(ExecStatus.FATAL_ERROR, error=wire.fields(data), query=query))
            current = None
    if current or not found:  # it was prepared or described, not executed
        found.append(PGresult(ExecStatus.COMMAND_OK, current.columns if current else (), parameters))
    return found


def error_text(fields, query, with_context):
    """What libpq makes of the fields by default: pqBuildErrorMessage3 in its fe-protocol3.c."""
    fields = {code: value.decode("utf-8", "replace") for code, value in fields.items()}
    lines = [f"{fields['S']}:  {fields.get('M', '')}" if fields.get("S") else fields.get("M", "")]
    position = fields.get("P") or fields.get("p")
    if position:
        text = query.decode("utf-8", "replace") if "P" in fields and query is not None else fields.get("q")
        if text is None or ("P" in fields and query is None):
            lines[0] += f" at character {position}"
        else:
            lines += pointed_at(text, int(position) - 1)
    for code, word in (("D", "DETAIL"), ("H", "HINT"), ("q", "QUERY"), ("W", "CONTEXT")):
        if code in fields and (code != "W" or with_context):
            lines.append(f"{word}:  {fields[code]}")
    return "\n".join(lines) + "\n"


def pointed_at(query, place):
    """Two lines: the line of the query with that character, cut if it is long, and a mark below the character.

    As reportErrorPosition in libpq's fe-protocol3.c does it.
    """
    if not 0 <= place <= len(query):
        return []
    before = re.split("\r\n|\r|\n", query[:place])
    begin = place - len(before[-1])
    end = begin + len(re.split("[\r\n]", query[begin:])[0])
    start, stop = begin, end
    if width(query[begin:end]) > WIDTH:
        if width(query[begin:place]) + KEPT_AT_RIGHT <= WIDTH:
            while width(query[begin:stop]) > WIDTH:
                stop -= 1
        else:
            while width(query[place:stop]) > KEPT_AT_RIGHT:
                stop -= 1
            while width(query[start:stop]) > WIDTH:
                start += 1
    prefix = f"LINE {len(before)}: " + ("..." if start > begin else "")
    line = prefix + query[start:stop].replace("\t", " ") + ("..." if stop < end else "")
    return [line, " " * (len(prefix) + width(query[start:place])) + "^"]


def width(text):
    """The columns of a terminal that the text takes."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
