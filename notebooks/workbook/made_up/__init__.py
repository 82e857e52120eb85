"""Rows made up for the tables of any database, at any revision: awkward ones too, as its constraints allow them."""
import re
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.exc import StatementError

from workbook.made_up.choices import Choices
from workbook.made_up.constraints import TEXT, checks_of, mark_numbered, uniques_of
from workbook.made_up.savepoints import CAREFUL, is_careful, savepoint
from workbook.made_up.slots import ROWS, NoValue
from workbook.made_up.values import pool_of
from workbook.rows import RENAMED
from workbook.schema import engine_of
from workbook.tables import quiet, tables_in

TRIES = 40  # rows that are tried for one that the database does not take
GIVEN_UP = 3  # rows of a table for which all tries failed
NEXT = text("SELECT nextval(pg_get_serial_sequence(quote_ident(:table), :column))")


class Filled(NamedTuple):
    """How many rows a table got, and, if that is not as many as it should, why, in one line."""

    count: int
    why_not: str | None = None


def fill(url):
    """Add up to 24 made-up rows to each table of the database `url`, whoever made it; returns {table: Filled}.

    Only the database is read. Tables come after those that they refer to; what
    cannot be filled is told and the rest goes on. The same values each time
    for the same database; called again, it adds rows with other unique values.
    Left out is what `tables_in` leaves out.
    """
    with engine_of(url).connect() as connection, quiet():
        filled = fill_tables(connection)
        connection.commit()
        return filled


def add_rows(url):
    """Add 24 rows to each table of the database `url`; returns {table: rows added}.

    As `fill`; but ValueError, and nothing is added, if a table does not get its 24 rows.
    """
    with engine_of(url).connect() as connection, quiet():
        filled = fill_tables(connection)
        for table, (_, why_not) in filled.items():
            if why_not:
                raise ValueError(f"{table}: {why_not}. Values are in {pool_of.__module__}.")
        connection.commit()
        return {table: count for table, (count, _) in filled.items()}


def fill_tables(connection):
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")  # or each row that is tried would be committed for itself
    inspector = inspect(connection)
    ordered = tables_in(connection, inspector)
    uniques, checks = uniques_of(connection, inspector, ordered), checks_of(inspector, ordered)
    if connection.dialect.name == "sqlite":
        mark_numbered(connection, ordered)
    shapes = {shape.name: shape for shape in ordered}
    return {
        shape.name: fill_table(connection, shape, (shapes, uniques[shape.name], checks[shape.name]))
        for shape in ordered
    }


def fill_table(connection, shape, demands):
    """Filled, of one table; whatever goes wrong there, the transaction can go on.

    Most tables take what they are given, so savepoints for each try come only if the first one failed.
    """
    for careful in (False, True):
        connection.execution_options(**{CAREFUL: careful})
        problems = []
        try:
            with connection.begin_nested():
                count = put_batches(connection, shape, demands, problems)
                return Filled(count, problems[0] if problems else None)
        except NoValue as error:
            return Filled(0, str(error))
        except StatementError as error:
            reason = line_of(error)
    return Filled(0, reason)


def put_batches(connection, shape, demands, problems):
    """Insert ROWS rows; returns how many the database took, and adds to `problems` why it did not take one."""
    start = connection.scalar(select(func.count()).select_from(shape.table))
    count = put_root(connection, shape, demands) if start == 0 and roots(shape) else 0
    choices = Choices(connection, shape, *demands, start, empty=start + count == 0)
    # The last ones get the database's defaults, so those are tried as well.
    defaults = [name for name in choices.columns if has_constant_default(shape, name, choices.uniques)]
    first, last = range(start + ROWS // 3, start + ROWS), range(start + count, start + ROWS // 3)
    count += put_in(connection, shape, choices, first, (), problems)
    if any(reference.table == shape.name for reference in shape.references):
        # now there are rows that they can refer to
        choices = Choices(connection, shape, *demands, start, empty=False)
    return count + put_in(connection, shape, choices, last, defaults, problems)


def put_in(connection, shape, choices, numbers, left_out, problems):
    """Insert the rows of these numbers, all at once if the database takes them; returns how many it took."""
    rows, taken = [], []
    for number in numbers:
        rows.append(one_or_both(shape, choices.row(number), number))
        taken += choices.note(rows[-1])
    try:
        put(connection, shape, rows, left_out)
        return len(rows)
    except StatementError:
        if not is_careful(connection):
            raise
        choices.free(taken)
    return sum(
        put_one(connection, shape, choices, number, left_out, problems)
        for number in numbers if len(problems) < GIVEN_UP
    )


def put_one(connection, shape, choices, number, left_out, problems):
    """Insert the row of that number, or others in its place until the database takes one; returns whether it did."""
    reason = None
    for shaken in range(TRIES):
        row = one_or_both(shape, choices.row(number, shaken), number)
        try:
            put(connection, shape, [row], () if shaken else left_out)
        except StatementError as error:
            reason = reason or line_of(error)
        else:
            choices.note(row)
            return True
    problems.append(reason)
    return False


def put(connection, shape, rows, left_out):
    with savepoint(connection):
        connection.execute(insert(shape.table), [
            {name: value for name, value in row.items() if name not in left_out} for row in rows
        ])


def roots(shape):
    """The references of a table to itself that may not be NULL: its first row can only refer to itself."""
    return [each for each in shape.references if each.table == shape.name and not shape.may_be_null(each.columns)]


def put_root(connection, shape, demands):
    others = [each for each in shape.references if each not in roots(shape)]
    row = Choices(connection, replace(shape, references=others), *demands, 0, empty=True).row(0)
    for reference in roots(shape):
        for name, target in zip(reference.columns, reference.targets, strict=True):
            if target not in row:
                on_postgresql = connection.dialect.name == "postgresql"
                row[target] = connection.scalar(NEXT, {"table": shape.name, "column": target}) if on_postgresql else 1
            row[name] = row[target]
    put(connection, shape, [row], ())
    return 1


def one_or_both(shape, row, number):
    """`row` with a value under the old name of a column, under the new one, or the same one under both: in turn."""
    for old, new in RENAMED.get(shape.name, {}).items():
        if old in row and new in row:
            pool = pool_of(new, shape.columns[new]["type"])
            row |= dict.fromkeys((old, new), pool[number % len(pool)])
            left_out = (old, new, None)[number % 3]
            if left_out and shape.may_be_null([left_out]):
                row[left_out] = None
    return row


def has_constant_default(shape, name, uniques):
    """Whether the database fills the column `name` with the same value on every day, and may do so in each row."""
    default = shape.columns[name]["default"]
    if default is None or any(name in names for names in uniques):
        return False
    return not re.search(r"\w\(|current_|localtime", re.sub(TEXT, "''", default), re.IGNORECASE)


def line_of(error):
    """What the database said, in one line."""
    return str(error.orig or error).strip().partition("\n")[0]
