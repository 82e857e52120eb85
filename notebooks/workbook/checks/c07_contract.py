"""Checkers of 07_contract."""
import re

from workbook.checks import checker
from workbook.checks.c06_expand import applied, last_line, promised, script_of, trial

STEPS = {
    "a": "stop app 06",
    "b": "flask db upgrade 0009",
    "c": "start app 07 as well",
    "d": "flask db upgrade 0010",
    "e": "stop app 05",
    "f": "flask db upgrade 0008",
    "g": "start app 06 as well",
}
# {app: the revisions at which no request of it fails}, as the notebooks 06 and 07 show it
WORKS = {"05": ["0007", "0008", "0009"], "06": ["0008", "0009"], "07": ["0009", "0010"]}
TABLE, OLD, NEW = "model_metadata", "model_name", "title"


@checker
def deploy_order(order):
    letters = re.findall(r"\w", " ".join(order).lower())
    if not letters:
        return "Put the letters of the seven steps in order, such as: a b c d e f g"
    if sorted(letters) != sorted(STEPS):
        return f"Each of the letters a to g once; found: {' '.join(letters)}."
    running, revision = {"05"}, "0007"
    for number, letter in enumerate(letters, start=1):
        step = STEPS[letter]
        kind, _, rest = step.partition(" ")
        before = revision
        if kind == "flask":
            revision = step[-4:]
            if revision < before:
                return f"Step {number}, {step}: the database is at {before} already, so this does nothing."
        elif kind == "start":
            running = running | {rest[4:6]}
        else:
            running = running - {rest[4:6]}
        if problem := wrong_with(running, before, revision):
            return f"Step {number}, {step}: {problem}"


def wrong_with(running, before, revision):
    """What people notice when these apps run, after an upgrade from `before` to `revision`; or None."""
    if not running:
        return "now no app is running at all."
    for app in sorted(running):
        if revision not in WORKS[app]:
            return f"app {app} is running, and its requests fail at {revision}."
    if "05" in running and before < "0009" <= revision:
        return (
            "app 05 is running, and the users that it adds after the backfill have no display_name. "
            "App 07 would show them without a name."
        )


@checker
def contract(work):
    return (
        script_of(work, "0012t", "0011t")
        or up_and_back(work, "SQLite")
        or without_long_locks(work)
        or up_and_back(work, "PostgreSQL")
        or promised(work, "0012t")
        or applied(work, "0012t")
        or late_titles(work)
    )


def up_and_back(work, database):
    with trial(work, "0011t", database.lower()) as copy:
        problem = up(copy) or back(copy)
    return problem and f"On {database}: {problem}"


def up(copy):
    copy.sql(f"INSERT INTO {TABLE} ({OLD}, {NEW}, accuracy) VALUES ('old', 'edited', 0.5), ('late', NULL, 0.5)")
    copy.sql(f"INSERT INTO {TABLE} ({NEW}, accuracy) VALUES ('of the new app', 0.5)")
    ended = copy.flask("db", "upgrade", "0012t")
    if ended.code:
        return f"flask db upgrade fails with rows of the app before and of the new one: {last_line(ended)}"
    columns = copy.tables()[TABLE]["columns"]
    if OLD in columns:
        return f"after 0012t there is still a column {OLD}."
    if NEW not in columns:
        return f"after 0012t there is no column {NEW} any more."
    if columns[NEW]["nullable"]:
        return f"after 0012t {NEW} may still be NULL."
    if left := [name for name, check in copy.tables()[TABLE]["check"].items() if NEW in check["condition"]]:
        return f"the CHECK {left[0]} is still there. NOT NULL says the same, so drop it at the end."
    return other_titles(copy, ["edited", "late", "of the new app"])


def other_titles(copy, wanted):
    found = [title for title, in copy.sql(f"SELECT {NEW} FROM {TABLE} ORDER BY id").rows]
    if found != wanted:
        return f"the titles are {', '.join(map(repr, found))}; they should be {', '.join(map(repr, wanted))}."


def back(copy):
    ended = copy.flask("db", "downgrade", "0011t")
    if ended.code:
        return f"flask db downgrade 0011t fails: {last_line(ended)}"
    columns = copy.tables()[TABLE]["columns"]
    if OLD not in columns:
        return f"after the downgrade there is no column {OLD}."
    for name in (OLD, NEW):
        if not columns[name]["nullable"]:
            return f"after the downgrade {name} may not be NULL, but at 0011t it may."
    return other_titles(copy, ["edited", "late", "of the new app"])


def without_long_locks(work):
    """What is wrong with the statements that PostgreSQL gets, or None."""
    url = {"DATABASE_URL": "postgresql://nobody@localhost/nothing"}  # `--sql` connects to nothing
    ended = work.flask("db", "upgrade", "0011t:0012t", "--sql", variables=url)
    if ended.code:
        return f"flask db upgrade 0011t:0012t --sql fails for PostgreSQL: {last_line(ended)}"
    sql = " ".join(ended.output.upper().split())
    checked = re.search(r"ADD CONSTRAINT \S+ (CHECK|NOT NULL)[^;]* NOT VALID", sql)
    if not checked:
        return (
            "On PostgreSQL SET NOT NULL reads every row, and nobody can use the table meanwhile. "
            "Add a CHECK that is NOT VALID first, and VALIDATE it."
        )
    if "VALIDATE CONSTRAINT" not in sql[checked.end() :].partition("SET NOT NULL")[0]:
        return "On PostgreSQL the CHECK is never validated before SET NOT NULL, so that reads every row itself."
    if sql.rfind("BEGIN;", 0, checked.start()) > sql.rfind("COMMIT;", 0, checked.start()):
        return (
            "On PostgreSQL the CHECK is added and validated in one transaction: the strong lock of the first statement "
            "is held to its end. Both belong into an autocommit_block()."
        )
    if "DROP CONSTRAINT IF EXISTS" not in sql[: checked.start()]:
        return (
            "On PostgreSQL a script that is stopped after it has added its CHECK finds it when it begins again: "
            "already exists. Drop it first, IF EXISTS."
        )


def late_titles(work):
    rows = work.sql(f"SELECT {NEW} FROM {TABLE} WHERE accuracy IN (0.5, 0.6) ORDER BY id DESC LIMIT 2").rows
    if [title for title, in rows] != ["later", "late"]:
        return "The script is right now, but your rows have lost their titles before. Run the exercise's cell again."
