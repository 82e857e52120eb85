"""Passwords, tokens and keys in scripts: whoever can read the repository, or once could, has them."""
import ast
import re

from workbook.verify.findings import Finding
from workbook.verify.scripts import scripts_of
from workbook.verify.syntax import called, last_name

DO = "Change it where it is used: git keeps it for ever. A script reads it from os.environ, without a default."
# What is a secret wherever it stands, in the forms that its makers gave it.
SHAPES = {
    "a URL with a password": re.compile(
        r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]+:(?P<value>[^\s/@'\"]+)@(?!([\w-]+\.)*example\.)[\w.\[-]+",
        re.IGNORECASE,
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS key": re.compile(r"\b(AKIA|ASIA)(?!\w*EXAMPLE)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "a Google key": re.compile(r"\bAIza[\w-]{35}\b"),
    "a password of a role": re.compile(r"\b(PASSWORD|IDENTIFIED\s+BY)\s+'(?P<value>[^']+)'", re.IGNORECASE),
}
SHORT = 4  # characters: what is shorter is a flag or a code
# A name for a secret: of a variable, a column, an argument, an environment variable.
NAMES = re.compile(
    r"(^|_)(password|passwd|passwort|pwd|passphrase|secret|(secret|api|access|private|signing|encryption)_?key|token)$",
    re.IGNORECASE,
)
# What stands for a secret and is none, or is known to everybody.
NO_SECRET = re.compile(
    r"\s*$|.*(\s|\{|%[s(]|<.*>|\*{3})|(your|my|some|change|dummy|example|placeholder|todo|xxx)|"
    r"(true|false|none|null|default|empty|(password|passwd|secret|token|user|api_key)s?)$",
    re.IGNORECASE | re.DOTALL,
)
HASHED = re.compile(r"\$\w+\$|(pbkdf2|scrypt|argon2|bcrypt|sha\d+)\b|[0-9a-f]{32,}$", re.IGNORECASE)
INSERT = re.compile(r"\bINSERT\s+INTO\s+[\w.\"]+\s*\(([^)]*)\)\s*VALUES\s*\(([^()]*)\)", re.IGNORECASE)
UPDATE = re.compile(r"\b(\w+)\"?\s*=\s*'([^']*)'")
VALUES = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,'\s][^,']*))")


def secrets(history, folder):
    """Each secret in a script: one Finding, which does not show it."""
    for script in scripts_of(history, folder):
        found = {}
        for line, what in [*by_shape(script), *by_name(script)]:
            found.setdefault(line, what)
        for line, what in sorted(found.items()):
            yield Finding("secrets", script.id, f"{script.at(line)}: {what}.", DO)


def by_shape(script):
    shapes = [(what, shape) for what, shape in SHAPES.items() if shape.search(script.text)]
    for line, text in [*texts(script), *script.comments.items()] if shapes else []:
        for what, shape in shapes:
            for match in shape.finditer(text):
                if not no_secret(match.groupdict().get("value", "-" * SHORT)):
                    yield line + text.count("\n", 0, match.start()), what


def texts(script):
    """The literal texts of a script, as (line, text)."""
    for node in script.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def by_name(script):
    """Values under the name of a secret: assigned, in a dictionary or an argument, in SQL."""
    for node in script.nodes:
        for name, value in named_values(script, node):
            if name and NAMES.search(name) and isinstance(value, str) and not no_secret(value, name):
                yield node.lineno, f"a value for {name}"


def named_values(script, node):
    """What an expression gives names to, as pairs (name, text)."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield last_name(target), literal(node.value)
    elif isinstance(node, ast.Dict):
        pairs = {literal(key): literal(value) for key, value in zip(node.keys, node.values)}
        yield from pairs.items()
        yield pairs.get("name") or pairs.get("key"), pairs.get("value")  # a row of a table of settings
    elif called(node) in {"values", "dict", "insert"} or is_class(node):
        yield from ((keyword.arg, literal(keyword.value)) for keyword in node.keywords)
    elif called(node) in {"get", "getenv"} and len(node.args) == 2:  # os.environ.get("ADMIN_PASSWORD", "…")
        yield literal(node.args[0]), literal(node.args[1])
    elif called(node) in {"generate_password_hash", "hashpw", "hash_password"} and node.args:
        yield "password", literal(node.args[0])
    elif called(node) in {"execute", "text"} and node.args:
        yield from in_sql(script.text_of(node.args[0]) or "")


def in_sql(sql):
    """The texts that an INSERT or UPDATE writes, as (column, text)."""
    if match := INSERT.search(sql):
        columns = [column.strip(' "\n') for column in match[1].split(",")]
        values = [text if text or not other else None for text, other in VALUES.findall(match[2])]
        yield from zip(columns, values)
    elif re.match(r"\s*UPDATE\b", sql, re.IGNORECASE):
        yield from UPDATE.findall(re.split(r"(?i)\bWHERE\b", sql)[0])


def literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_class(node):
    """Whether a node makes an object of a class by its name: User(…)."""
    name = called(node) or ""
    return name[:1].isupper() and name not in {"Column", "String", "Enum"}


def no_secret(value, name=""):
    return bool(NO_SECRET.match(value) or HASHED.match(value)) or value.lower() == name.lower() or len(value) < SHORT
