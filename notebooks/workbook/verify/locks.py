"""Steps that stop a table of PostgreSQL's while it is read or rewritten: squawk tells, from what --sql prints."""
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from workbook.commands import squawk
from workbook.verify.findings import WARNING, Finding

POSTGRESQL = "14"  # the oldest that is maintained: what is cheap in it is so in newer ones
READS, WRITES = "nobody can write to {}", "nobody can use {}"
IN_STEPS = "In steps: NOT VALID first, and VALIDATE CONSTRAINT in a script after it."
# {squawk's rule: (who waits meanwhile, what to do)}. These are its rules about statements that keep others waiting the
# longer the larger a table is. Its other rules are of taste (types, IF EXISTS), of apps that miss what is renamed or
# dropped, or of timeouts, which a connection has and no script.
RULES = {
    "require-concurrent-index-creation": (
        READS,
        "In a script of its own: op.create_index(…, postgresql_concurrently=True) in an autocommit_block().",
    ),
    "require-concurrent-reindex": (WRITES, "REINDEX … CONCURRENTLY, in an autocommit_block()."),
    "adding-foreign-key-constraint": (READS, IN_STEPS),
    "constraint-missing-not-valid": (WRITES, IN_STEPS),
    "disallowed-unique-constraint": (
        WRITES,
        "Build a unique index concurrently, then ADD CONSTRAINT … UNIQUE USING INDEX.",
    ),
    "adding-not-nullable-field": (
        WRITES,
        "First a CHECK (… IS NOT NULL) NOT VALID, and VALIDATE it; then SET NOT NULL reads nothing.",
    ),
    "adding-field-with-default": (WRITES, "Add the column as nullable, fill it in batches, then set the default."),
    "adding-serial-primary-key-field": (WRITES, "Build a unique index concurrently, then ADD PRIMARY KEY USING INDEX."),
    "changing-column-type": (WRITES, "Add a column of the new type, fill it in batches, then contract."),
}
PLACEHOLDER = re.compile(r"%\(\w+\)s")  # of an env.py without literal_binds: some value
NAME = r'((?:"?\w+"?\.)?"?\w+"?)'
TABLE = re.compile(rf"\b(?:ALTER TABLE|REINDEX TABLE|ON)\s+(?:IF EXISTS\s+)?(?:ONLY\s+)?{NAME}", re.IGNORECASE)
NEW_TABLE = re.compile(rf"\bCREATE TABLE\s+(?:IF NOT EXISTS\s+)?{NAME}", re.IGNORECASE)
NEW_KEY = re.compile(r"\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bREFERENCES\b", re.IGNORECASE | re.DOTALL)
VALIDATED = re.compile(rf"\bALTER TABLE\s+(?:ONLY\s+)?{NAME}\s+VALIDATE\b", re.IGNORECASE)
TYPE = r"((?:CHARACTER VARYING|DOUBLE PRECISION|TIMESTAMP WITH(?:OUT)? TIME ZONE|\w+)(?:\([\d, ]+\))?)"
NEW_COLUMN = re.compile(rf'^\s*"?(\w+)"?\s+{TYPE}', re.IGNORECASE | re.MULTILINE)
ADDED = re.compile(rf'\bADD COLUMN\s+(?:IF NOT EXISTS\s+)?"?(\w+)"?\s+{TYPE}', re.IGNORECASE)
RETYPED = re.compile(rf'\bALTER COLUMN\s+"?(\w+)"?\s+(?:SET DATA\s+)?TYPE\s+{TYPE}', re.IGNORECASE)
TEXTS = {"TEXT", "VARCHAR", "CHARACTER VARYING"}


def locks(sql_of_revisions, folder=None):
    """The statements that stop a table, of {id of a revision: what `flask db upgrade --sql` prints for it}.

    The ids come in the order of the history. A .squawk.toml in the project's `folder` is respected.
    """
    steps = {id: PLACEHOLDER.sub("NULL", sql) for id, sql in sql_of_revisions.items()}
    files = {f"{number:05}.sql": id for number, id in enumerate(steps)}
    with TemporaryDirectory() as place:
        for file, id in files.items():
            (Path(place) / file).write_text(steps[id], "utf-8", newline="\n")
        output = lint(Path(place), Path(folder or place) / ".squawk.toml")
    if not re.search(r"\[.*\]", output, re.DOTALL):
        what = f"squawk did not look at the SQL: {(output.strip() or 'it said nothing').splitlines()[0]}"
        yield Finding("locks", None, what, "If there is a .squawk.toml, look whether it can be read.", WARNING)
        return
    complaints = {}
    for each in json.loads(output[output.index("[") : output.rindex("]") + 1]):
        complaints.setdefault(files[each["file"]], []).append(each)
    known = Known()
    for id, sql in steps.items():
        yield from of_revision(id, sql, complaints.get(id, []), known)
        known.learn(sql)


def lint(place, config):
    """What squawk prints, as JSON, about the files in the folder `place`: one run for all of them."""
    if not config.exists():
        config = place / "nothing.toml"  # or it would look for one in the folders above
        config.write_text("")
    arguments = ["--config", str(config.resolve()), "--reporter", "json", "--pg-version", POSTGRESQL]
    return squawk([*arguments, "--assume-in-transaction", "*.sql"], place).output


def of_revision(id, sql, complaints, known):
    """One Finding for each rule that a revision's SQL breaks."""
    broken = {}
    for complaint in sorted(complaints, key=lambda each: [*RULES, each["rule_name"]].index(each["rule_name"])):
        statement = statement_at(sql, complaint["line"], complaint["column"])
        if complaint["rule_name"] == "syntax-error":
            broken.setdefault("syntax-error", [complaint["message"]])
        elif complaint["rule_name"] not in RULES or any(statement in others for others in broken.values()):
            continue
        elif not is_cheap(complaint["rule_name"], statement, sql, known):
            broken.setdefault(complaint["rule_name"], []).append(statement)
    for rule, statements in broken.items():
        if rule == "syntax-error":
            what = f"squawk cannot read the SQL of this step, and says nothing about it: {statements[0]}."
            yield Finding("locks", id, what, "Look at it yourself: flask db upgrade … --sql.", WARNING)
        else:
            wait, do = RULES[rule]
            more = f", and {len(statements) - 1} more" if len(statements) > 1 else ""
            what = f"{short(statements[0])}{more}: {wait.format(table_of(statements[0]))} until every row is read."
            yield Finding("locks", id, what, do, WARNING)


def is_cheap(rule, statement, sql, known):
    """Whether squawk cannot know that a statement has few rows to read, or none."""
    table = table_of(statement)
    if table in {bare(name) for name in NEW_TABLE.findall(sql)}:
        return True
    if rule == "adding-foreign-key-constraint":
        return bool(NEW_KEY.search(statement))  # in one statement with its column: all are NULL, so none is looked up
    if rule == "adding-not-nullable-field":
        return table in known.validated  # by a CHECK of an earlier script
    if rule == "changing-column-type":
        new = RETYPED.search(statement)
        return bool(new) and widens(known.types.get((table, new[1])), new[2])
    return False


class Known:
    """What earlier revisions have made: the types of the columns, and the tables with a validated constraint."""

    def __init__(self):
        self.types, self.validated = {}, set()

    def learn(self, sql):
        self.validated |= {bare(table) for table in VALIDATED.findall(sql)}
        for statement in sql.split(";"):
            new = NEW_COLUMN.findall(statement) if NEW_TABLE.search(statement) else []
            for column, kind in new + ADDED.findall(statement) + RETYPED.findall(statement):
                self.types[table_of(statement), column] = kind


def widens(old, new):
    """Whether values of the type `old` are of the type `new` as they are; for texts also if `old` is not known."""
    (name, size), (old_name, old_size) = split(new), split(old or "TEXT")
    if name not in TEXTS or old_name not in TEXTS:
        return (name, size) == (old_name, old_size)
    return old is None or size is None or (old_size is not None and old_size <= size)


def split(kind):
    """A type as (name, length or None)."""
    name, _, size = kind.upper().partition("(")
    return name.strip(), int(size.rstrip(")")) if size.rstrip(")").isdigit() else None


def statement_at(sql, line, column):
    place = sum(len(each) for each in sql.splitlines(keepends=True)[:line]) + column
    end = sql.find(";", place)
    return sql[sql.rfind(";", 0, place) + 1 : end if end >= 0 else len(sql)].strip()


def table_of(statement):
    found = NEW_TABLE.search(statement) or TABLE.search(statement)
    return bare(found[1]) if found else "it"


def bare(name):
    """A table's name without its schema and quotes."""
    return name.rpartition(".")[2].strip('"')


def short(statement):
    text = " ".join(re.sub(r"--.*", "", statement).split())
    return text if len(text) <= 90 else f"{text[:89]}…"
