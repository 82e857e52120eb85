"""Values that a table's CHECKs allow: read out of their text, tried on the database itself."""
import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise, product
from random import Random

from sqlalchemy.exc import DBAPIError

from workbook.made_up.constraints import TEXT
from workbook.made_up.savepoints import is_careful, savepoint
from workbook.made_up.slots import ROWS, Slot
from workbook.made_up.values import letters, plain_type, python_type, stored

COMBINATIONS = 400  # of values that a CHECK is asked about

NUMBER = r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])"
BOUNDS = {"SMALLINT": 2**15, "small_integer": 2**15, "BIGINT": 2**63, "big_integer": 2**63}


def satisfying(connection, shape, slots, checks, start):
    """`slots` with those values only that the CHECKs allow; what one of these compares is in one Slot afterwards."""
    filled = {name for slot in slots for name in slot.columns}
    checks = [check for check in checks if check.columns and filled.issuperset(check.columns)]
    for slot in slots:
        if own := [check for check in checks if set(check.columns) <= set(slot.columns)]:
            narrow(connection, shape, slot, own, checks, start)
    for check in checks:
        concerned = [slot for slot in slots if not set(check.columns).isdisjoint(slot.columns)]
        if len(concerned) > 1 and (slot := merged(connection, shape, concerned, check, checks, start)):
            slots = [slot, *(other for other in slots if other not in concerned)]
    return slots


def narrow(connection, shape, slot, own, checks, start):
    """Leave what the checks `own` allow; if they do not allow all of it, values that they speak of come first."""
    rows = slot.first(start)
    if len(allowed(connection, shape, own, slot.columns, rows)) == len(rows):
        return
    more = hinted(shape, slot, checks, range(start, start + (ROWS if slot.more else 3)))
    if pool := allowed(connection, shape, own, slot.columns, without_repeats([*more, *rows])):
        slot.pool, slot.more, slot.distinct = pool, None, False


def merged(connection, shape, slots, check, checks, start):
    """One Slot for all that `check` compares, with the combinations that it allows; None if it allows all or none."""
    lists = []
    for slot in slots:
        more = hinted(shape, slot, checks, range(start, start + 3))
        own = [each for each in checks if set(each.columns) <= set(slot.columns)]
        more = allowed(connection, shape, own, slot.columns, more) if own and more else more
        rows = slot.first(start)
        lists.append(without_repeats([*more[:10], *(rows if slot.distinct else rows[:10]), *rows[-1:]]))
    random, columns = Random(check.sql), tuple(name for slot in slots for name in slot.columns)
    rows = [sum(parts, ()) for parts in combinations(lists, random)]
    pool = allowed(connection, shape, [check], columns, rows)
    if not pool or len(pool) == len(rows):
        return None
    random.shuffle(pool)
    return Slot(columns, pool)


def combinations(lists, random):
    total = math.prod(map(len, lists))
    if total <= COMBINATIONS:
        return list(product(*lists))
    found = []
    for place in random.sample(range(total), COMBINATIONS):
        parts = []
        for choices in lists:
            place, part = divmod(place, len(choices))
            parts.append(choices[part])
        found.append(tuple(parts))
    return found


def without_repeats(rows):
    return list({repr(row): row for row in rows}.values())


def hinted(shape, slot, checks, numbers):
    if len(slot.columns) > 1:
        return []
    [name] = slot.columns
    more = [slot.more(number) for number in numbers] if slot.more else []
    return [(value,) for value in suggested(name, shape.columns[name]["type"], checks, numbers)] + more


def suggested(name, type, checks, numbers):
    """Values for the column `name` that its CHECKs speak of, and texts of usual forms with `numbers` in them."""
    sql = " ".join(check.sql for check in checks if name in check.columns)
    texts = [text.replace("''", "'") for text in re.findall(TEXT, sql)]
    figures = map(figure, [*re.findall(NUMBER, re.sub(TEXT, "''", sql)), *texts])
    figures = sorted({each for each in figures if each is not None})
    between = [(low + high) / 2 for low, high in pairwise(figures)]
    near = [*between, *figures, *(each + 1 for each in figures), *(each - 1 for each in figures)]
    kind, type = python_type(plain_type(type)), plain_type(type)
    if kind is str:
        in_patterns = [int(each) for text in texts for each in re.findall(r"\d{1,3}", text)]  # as in ~ '[0-9]{5}'
        lengths = {int(each) for each in [*near, *in_patterns, type.length or 0] if 0 < each <= 1000}
        return texts + usual_texts(texts, sorted(lengths), numbers, type.length)
    if kind in (int, float, Decimal):
        return [value for value in dict.fromkeys(kind(each) for each in near) if in_range(value, type)]
    if kind in (date, datetime):
        return [stored(each + timedelta(days=days), type) for each in moments(texts, kind) for days in (0, 1, -1)]
    return []


def in_range(value, type):
    if isinstance(value, Decimal):
        return not type.precision or abs(value) < Decimal(10) ** (type.precision - (type.scale or 0))
    return isinstance(value, float) or abs(value) < BOUNDS.get(type.__visit_name__, 2**31)


def figure(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def moments(texts, kind):
    for text in texts:
        try:
            yield kind.fromisoformat(text)
        except ValueError:
            continue


def usual_texts(patterns, lengths, numbers, longest):
    found = []
    for number in numbers:
        found += [text.replace("%", str(number)).replace("_", "a") for text in patterns if "%" in text or "_" in text]
        found += [f"ada{number}@example.com", f"https://example.com/{number}", letters(number), letters(number).lower()]
        found += [str(number), f"ada-{number}"]
        found += [letters(number).rjust(length, "A")[-length:] for length in lengths]
        found += [str(number).rjust(length, "0")[-length:] for length in lengths]
    return [text for text in dict.fromkeys(found) if not longest or len(text) <= longest]


def allowed(connection, shape, checks, columns, rows):
    """Those of `rows`, tuples of values of `columns`, for which none of `checks` is false: the database is asked.

    None of them where it cannot say, as for a function that it does not know.
    """
    query, given = question(connection.dialect, shape, checks, columns, rows)
    try:
        with savepoint(connection):
            found = set(connection.exec_driver_sql(query, given).scalars())
    except DBAPIError:  # one of them is wrong in itself, as a text that a CHECK takes for a number
        if not is_careful(connection):
            raise
        single = rows[:100] if len(rows) > 1 else []
        return [row for row in single if allowed(connection, shape, checks, columns, [row])]
    return [row for number, row in enumerate(rows) if number in found]


def question(dialect, shape, checks, columns, rows):
    """SELECT the numbers of the rows that the checks allow, with the values for it."""
    types = [plain_type(shape.columns[name]["type"]) for name in columns]
    to_driver = [type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value) for type in types]
    names = ", ".join(map(dialect.identifier_preparer.quote_identifier, columns))
    conditions = " AND ".join(f"coalesce(({check.sql}), true)" for check in checks)
    if dialect.name == "postgresql":
        marks = ", ".join(f"%s::{type.compile(dialect)}" for type in types)
        conditions = conditions.replace("%", "%%")
    else:
        marks = ", ".join("?" for type in types)
    values = ", ".join(f"({number}, {marks})" for number in range(len(rows)))
    query = f"WITH given (number_of_row, {names}) AS (VALUES {values}) SELECT number_of_row FROM given"
    given = [process(value) for row in rows for process, value in zip(to_driver, row, strict=True)]
    return f"{query} WHERE {conditions}", tuple(given)
