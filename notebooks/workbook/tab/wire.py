"""PostgreSQL's protocol, version 3.0: messages to the server, and what is in its answers. All texts are bytes.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""
import struct

LENGTH = struct.Struct("!i")
COLUMN = struct.Struct("!IhIhih")  # what follows a column's name: see `columns`


class Refused(Exception):
    """What the server refuses, or this package in its name: the fields of an error, as `fields` returns them."""

    def __init__(self, sqlstate, text, detail=None, severity=b"ERROR", fields=None):
        self.fields = fields or {"S": severity, "V": severity, "C": sqlstate, "M": text}
        if detail:
            self.fields["D"] = detail
        super().__init__(self.fields.get("M", b"").decode("utf-8", "replace"))


LOST = Refused(b"57P01", b"the PostgreSQL of this tab has ended: restart the kernel, which starts a new one")
ONE_SESSION = Refused(
    b"55P03",
    b"the PostgreSQL of a browser tab has one session, and another connection is in the middle of a transaction there:"
    b" end that one first",
)


def message(code, *parts):
    data = b"".join(parts)
    return code + LENGTH.pack(len(data) + 4) + data


def text(value):
    """A string, which a zero byte ends: as in C, nothing after the first one is sent."""
    return bytes(value).partition(b"\0")[0] + b"\0"


def numbers(kind, values):
    """A list of numbers with its length before it; `kind` is struct's letter for one of them."""
    return struct.pack(f"!H{len(values)}{kind}", len(values), *values)


def query(sql):
    """One or more statements, without parameters."""
    return message(b"Q", text(sql))


def parse(name, sql, types=()):
    """A prepared statement; `types` are the oids of its first parameters' types, 0 for one that the server infers."""
    return message(b"P", text(name), text(sql), numbers("I", types))


def bind(name, values, formats=(), result_format=0):
    """The parameters of a prepared statement: bytes, or None for NULL; a format is 0 for text, 1 for binary."""
    data = [b"\0", text(name), numbers("h", formats), struct.pack("!H", len(values))]
    for at, value in enumerate(values):
        if value is None:
            data.append(LENGTH.pack(-1))
            continue
        value = bytes(value) if formats and formats[at] else text(value)[:-1]
        data += [LENGTH.pack(len(value)), value]
    return message(b"B", *data, numbers("h", [result_format]))


def describe(kind, name):
    """Ask what a prepared statement (`kind` b"S") or a portal (b"P") takes and returns."""
    return message(b"D", kind, text(name))


def close(kind, name):
    return message(b"C", kind, text(name))


EXECUTE = message(b"E", text(b""), LENGTH.pack(0))
SYNC = message(b"S")
# Ends a COPY FROM STDIN; the server ignores it where there is none.
COPY_FAIL = message(b"f", text(b"no data"))


def messages(answer):
    """The messages of an answer, as pairs of a code and the data; what is not there as a whole is left out."""
    at = 0
    while at + 5 <= len(answer):
        end = at + 1 + LENGTH.unpack_from(answer, at + 1)[0]
        if end > len(answer):
            break
        yield answer[at : at + 1], answer[at + 5 : end]
        at = end


def columns(data):
    """[(name, table's oid, number in the table, type's oid, type's size, modifier, format)] of a RowDescription."""
    found, at = [], 2
    while at < len(data):
        end = data.index(b"\0", at)
        found.append((data[at:end], *COLUMN.unpack_from(data, end + 1)))
        at = end + 1 + COLUMN.size
    return found


def row(data):
    """[value, or None for NULL] of a DataRow."""
    values, at = [], 2
    while at < len(data):
        (length,) = LENGTH.unpack_from(data, at)
        at += 4
        if length < 0:
            values.append(None)
        else:
            values.append(data[at : at + length])
            at += length
    return values


def types(data):
    """[oid of the type] of a ParameterDescription."""
    return [oid for (oid,) in struct.iter_unpack("!I", data[2:])]


def fields(data):
    """{code: text} of an ErrorResponse or a NoticeResponse; what a code means: DiagnosticField in psycopg."""
    return {chr(each[0]): each[1:] for each in data.split(b"\0") if each}
