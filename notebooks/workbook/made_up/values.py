"""Values of every type: awkward ones, used in turn, and ordinary ones, as many different ones as one likes."""
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from sqlalchemy import ARRAY, CHAR, JSON, BigInteger, Enum, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.dialects.postgresql.ranges import AbstractMultiRange, AbstractRange, Range

TEXTS = [
    "Ada Okafor",
    "Zoe\u0308 with a combining diaeresis",
    "Zo\u00eb with one letter for it",
    "\U0001f469\U0001f3fd\u200d\U0001f4bb emoji of four characters",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",  # right to left
    "quotes ' '' \" ` and % %s :name \\ {} --",
    " blanks around ",
    "İstanbul, STRASSE, straße",
]
LONG_TEXTS = [*TEXTS, "", "two\nlines,\r\nand\ta tab\n\n", "0123456789" * 1000]
ZONES = [timezone(timedelta(hours=hours)) for hours in (0, 2, -9.5, 5.75)]
TIMES = [datetime(2024, 3, 31, 1 + hour, 30, 0, 7, zone) for hour in range(3) for zone in ZONES]
# Columns of these names get such values, if they are of that type; all others are filled by their type alone.
NAMED = {
    "model_name": ["churn", "Churn", "CHURN", "churn ", " churn", "churn  ", "m" * 100]
    + ["caf\u00e9", "cafe\u0301", "\u05de\u05d5\u05d3\u05dc", "\U0001f40d"],
    "accuracy": [0.0, 1.0, 1e-300, 0.1 + 0.2, 0.93, 0.5, 1 - 2**-53],
    "version": ["1.0", "v" * 20, "", None, "\u03b2-2 \U0001f680"],
    "status": ["active", "archived"],
}
EMAILS = ["ada{}@example.com", "zo\u00eb{}@example.com", "{:0>64}@" + "d" * 43 + ".example.com"]
TYPED = {
    bool: [True, False],
    int: [0, 1, -1, 2**31 - 1],
    float: [0.0, -0.5, 1e-300, 0.1 + 0.2, 1e300],
    datetime: TIMES,
    date: [date(2024, 2, 29), date(1970, 1, 1)],
    time: [time(0, 0), time(23, 59, 59, 999999), time(12, 30)],
    timedelta: [timedelta(0), timedelta(days=400, microseconds=1), timedelta(hours=-1)],
    bytes: [b"", b"\x00\xff"],
    dict: [{}, {"key": ["value", 1, None, 0.5]}, {"\u017c": {"quote": "'"}}],
}
# A value for each number, of types that Python has none for.
COUNTED = {
    "INET": lambda number: f"10.0.{number // 256 % 256}.{number % 256}",
    "CIDR": lambda number: f"10.{number // 256 % 256}.{number % 256}.0/24",
    "MACADDR": lambda number: f"08:00:2b:00:{number // 256 % 256:02x}:{number % 256:02x}",
    "MACADDR8": lambda number: f"08:00:2b:ff:fe:00:{number // 256 % 256:02x}:{number % 256:02x}",
    "MONEY": lambda number: f"{number}.50",
    "TSVECTOR": lambda number: f"ada okafor{number}",
    "TSQUERY": lambda number: f"ada{number}",
    "HSTORE": lambda number: {"key": str(number), "none": None},
    "OID": lambda number: number + 1,
}


def plain_type(type):
    """What a DOMAIN is made of; any other `type` itself."""
    return plain_type(type.data_type) if isinstance(type, DOMAIN) else type


def python_type(type):
    if isinstance(type, JSON):
        return dict
    try:
        return type.python_type
    except NotImplementedError:
        return None


def pool_of(name, type, default=None):
    """The values for a column, used in turn; empty if `another` alone knows some."""
    type, named = plain_type(type), NAMED.get(name, ())
    if isinstance(type, Enum):
        return list(type.enums)
    kind = python_type(type)
    if any(isinstance(value, kind or ()) for value in named):
        return [value for value in named if value is None or fits(value, type)]
    if kind is str:
        return texts(type, default or "")
    if kind is dict and (default or "").startswith(("'[", "[")):  # it holds lists, as its server default tells
        return [[], TYPED[dict]]
    if isinstance(type, ARRAY):
        items = pool_of("", type.item_type) or [another("", type.item_type, number) for number in range(3)]
        return [] if None in items else [[], items[:1], items[:3]]
    if isinstance(type, Numeric):
        return decimals(type)
    pool = TYPED.get(kind, [])
    if kind is int and isinstance(type, SmallInteger):
        pool = [*pool[:-1], 2**15 - 1]
    elif kind is int and isinstance(type, BigInteger):
        pool = [*pool, 2**53 + 1]
    elif kind is float and type.__visit_name__ == "REAL":
        pool = [0.0, -0.5, 0.25, 1e30]
    return [stored(value, type) for value in pool]


def texts(type, default):
    if default.startswith(("'{", "'[")):  # JSON in a text, as its server default tells
        return [default.split("'")[1], '{"key": ["value", 1, null]}' if default[1] == "{" else '["value", 1, null]']
    if isinstance(type, CHAR) and type.length in (32, 36):  # how a UUID is kept where there is no type for it
        return [text("", type, number) for number in range(5)]
    if type.length:
        return [text[: type.length] for text in TEXTS] + ["\u017c" * type.length]
    return LONG_TEXTS


def fits(value, type):
    return not isinstance(value, str) or not type.length or len(value) <= type.length


def decimals(type):
    """No more than 15 digits: that many are exact wherever a database keeps a float instead."""
    scale = min(type.scale or 0 if type.precision else 2, 14)
    digits = min(type.precision or 15, 15)
    least = Decimal(1).scaleb(-scale)
    most = Decimal(10) ** (digits - scale) - least
    return [0 * least, most, -least, min(Decimal(1), most)]


def stored(value, type):
    """`value` as `type` holds it: without a zone, a time is in UTC."""
    if isinstance(value, datetime) and not type.timezone:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, time) and type.timezone:
        return value.replace(tzinfo=UTC)
    return value


def another(name, type, number):
    """The value of that number for a column: each number has another one. None if the type has too few values."""
    type = plain_type(type)
    kind = python_type(type)
    if isinstance(type, Enum) or kind is bool:
        return None
    if isinstance(type, ARRAY):
        item = another("", type.item_type, number)
        return item if item is None else [item]
    if isinstance(type, AbstractRange):
        return span(type, number)
    if isinstance(type, Numeric):
        return Decimal(number + 1).scaleb(-min(type.scale or 0, 14) if type.precision else 0)
    if type.__visit_name__ == "BIT":
        return f"{number:b}"[-(type.length or 1) :].rjust(type.length or 1, "0")
    if kind is str:
        return text(name, type, number)
    made = {
        int: lambda: number + 1,
        float: lambda: number + 0.5,
        datetime: lambda: stored(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number), type),
        date: lambda: date(2024, 1, 1) + timedelta(days=number),
        time: lambda: stored((datetime(2024, 1, 1) + timedelta(minutes=number)).time(), type),
        timedelta: lambda: timedelta(minutes=number),
        bytes: lambda: f"{number}".encode(),
        dict: lambda: {"number": number},
        uuid.UUID: lambda: uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.example.com"),
    }
    if kind in made:
        return made[kind]()
    return COUNTED[type.__visit_name__](number) if type.__visit_name__ in COUNTED else None


def text(name, type, number):
    email = EMAILS[number % len(EMAILS)].format(number)
    if name == "email" and fits(email, type):
        return email
    if isinstance(type, CHAR) and type.length in (32, 36):
        value = uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.example.com")
        return value.hex if type.length == 32 else str(value)
    if type.length and len(f"{number} ") > type.length:
        return letters(number)[-type.length :]
    return f"{number} {TEXTS[number % len(TEXTS)]}"[: type.length]


def letters(number):
    """`number` in capital letters: A, B, …, Z, BA, BB, …"""
    first, last = divmod(number, 26)
    return (letters(first) if first else "") + chr(ord("A") + last)


def span(type, number):
    """A range, or several in one, that meets no other number's."""
    name, units = type.__visit_name__, (10 * number, 10 * number + 5)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    if name.startswith("TSTZ"):
        units = (start + timedelta(hours=unit) for unit in units)
    elif name.startswith("TS"):
        units = (start.replace(tzinfo=None) + timedelta(hours=unit) for unit in units)
    elif name.startswith("DATE"):
        units = (start.date() + timedelta(days=unit) for unit in units)
    elif name.startswith("NUM"):
        units = (Decimal(unit) for unit in units)
    found = Range(*units)
    return [found] if isinstance(type, AbstractMultiRange) else found
