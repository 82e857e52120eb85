"""Whether a value survived a migration, also one that changed the type of its column."""
import json
import re
import struct
import uuid
from datetime import UTC, date, datetime
from decimal import Context, Decimal

EXACT = Context(prec=200)
FIGURE = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
MONEY = re.compile(r"-?\$\d[\d,]*(\.\d+)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d([ T].*)?")
HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
WORDS = {"true": "1", "t": "1", "yes": "1", "on": "1", "false": "0", "f": "0", "no": "0", "off": "0"}


def is_kept(old, new):
    """Whether `new` is the value that `old` was.

    It is if the two are equal: times as UTC (one without a zone is in UTC already), NaN to itself.
    Where the type is another one now, it is if the new value says all that the old one said, so that
    it could be turned back: "1" and 1, "1.50" and Decimal("1.5"), 1 and True, "t" and True, 0.1 and Decimal("0.1"),
    a date and its midnight, a UUID, JSON or bytes and their text. Not so "007" and 7, whose zeros are lost, nor
    " 1" and 1, a time and its date, Decimal("1.25") and Decimal("1.3"), a text and its beginning, or anything and NULL.
    Of a float that is no float any more, 15 digits count: no database promises more.
    """
    if old == new:
        return True
    if old is None or new is None:
        return False
    if type(old) is not type(new):
        return plain(old) == plain(new)
    if isinstance(old, float):
        return (old != old and new != new) or is_widened(old, new) or is_widened(new, old)
    if isinstance(old, datetime):
        return in_utc(old) == in_utc(new)
    return isinstance(old, str) and bool(HEX.fullmatch(old)) and plain(old) == plain(new)


def is_widened(old, new):
    """Whether `new` is what a REAL shown as `old` becomes in a DOUBLE PRECISION: 0.1 and 0.10000000149011612."""
    try:
        return struct.unpack("f", struct.pack("f", old))[0] == new
    except OverflowError:
        return False


def plain(value):
    """`value` as a text that is the same for all types that can hold it; None stays None."""
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return value.hex()
    if value is None or isinstance(value, str):
        return value and plain_text(value)
    if isinstance(value, float):
        return number(Decimal(f"{value:.15g}"))
    if isinstance(value, int | Decimal):
        return number(Decimal(value))
    if isinstance(value, datetime):
        return in_utc(value).isoformat()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, sort_keys=True, default=str)
    return plain_text(str(value))


def plain_text(text):
    if FIGURE.fullmatch(text):
        return number(Decimal(text))
    if MONEY.fullmatch(text):
        return number(Decimal(re.sub(r"[$,]", "", text)))
    if HEX.fullmatch(text):
        return text.replace("-", "").lower()
    try:
        if DAY.fullmatch(text):
            return in_utc(datetime.fromisoformat(text)).isoformat()
        if text.startswith(("{", "[")):
            return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text
    return WORDS.get(text.lower(), re.sub(r"/(32|128)$", "", text))


def number(value):
    return str(EXACT.normalize(value) if value else 0)


def in_utc(value):
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
