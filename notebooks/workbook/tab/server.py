"""What workbook.postgres asks of the PostgreSQL of a tab: a "database" is a schema there, found by the search_path.

`start` names the server in the environment, as one that somebody else has started: workbook.postgres needs to know
no more. Statements about databases are translated to such about schemas.
"""
import base64
import hashlib
import hmac
import os
import re

from workbook.tab import pq, wire

URL = "postgresql+psycopg://postgres@/postgres?host=/tab"
VARIABLE = "WORKBOOK_POSTGRES_URL"  # workbook.postgres.VARIABLE; that module imports psycopg, which needs `start` first
OWN = "postgres"  # the server's own role, which needs no password, and its own database
NAME = r'("(?:[^"]|"")+"|\w+)'


def start(execute):
    """Let psycopg and workbook.postgres use the server that answers `execute(bytes)`: see pq.install."""
    pq.install(execute, Schemas())
    os.environ[VARIABLE] = URL


class Schemas(pq.Databases):
    """The session is in one database, and each database that a connection may ask for is a schema in it."""

    def __init__(self):
        self.altered = {}  # {database: [what ALTER DATABASE has SET]}

    def refuse(self, session, connection):
        user, database = connection.user.decode(), connection.db.decode()
        if user != OWN:
            authenticate(session, user, connection.password.decode())
        if not exists(session, database):
            raise wire.Refused(b"3D000", f'database "{database}" does not exist'.encode())

    def settings(self, connection):
        user, database = connection.user.decode(), connection.db.decode()
        found = [] if database == OWN else [f"SET search_path = {quoted(database)}"]
        found += [f"SET {setting}" for setting in self.altered.get(database, ())]
        return found if user == OWN else [*found, f"SET SESSION AUTHORIZATION {quoted(user)}"]

    def translate(self, session, connection, sql):
        if not re.search(rb"database|\bschema\s+public\b", sql, re.IGNORECASE):
            return sql
        text, database = sql.decode(), connection.db.decode()
        for pattern, translated in self.STATEMENTS.items():
            if found := re.fullmatch(pattern, text.strip(), re.IGNORECASE | re.DOTALL):
                return translated(self, session, connection, *found.groups()).encode()
        if database != OWN:  # its tables are where those of any other database are in the schema public
            text = re.sub(r"\bschema\s+public\b", lambda _: f"SCHEMA {quoted(database)}", text, flags=re.IGNORECASE)
        return text.encode()

    def tell(self, connection, error):
        """An error as the connection would get it from a server of its own: its schema is called public there."""
        name = connection.db
        return error.replace(b"schema " + name, b"schema public").replace(b"\0s%s\0" % name, b"\0spublic\0")

    def create(self, session, connection, name, options):
        must_be_outside(session, "CREATE DATABASE")
        template = re.search(rf"\bTEMPLATE\s*=?\s*{NAME}", options, re.IGNORECASE)
        if template and plain(template[1]) not in ("template0", "template1"):
            raise wire.Refused(b"0A000", b"a database cannot be copied here, only made empty, without TEMPLATE")
        if exists(session, plain(name)):
            raise wire.Refused(b"42P04", f'database "{plain(name)}" already exists'.encode())
        return f"CREATE SCHEMA {name} GRANT USAGE ON SCHEMA {name} TO PUBLIC"

    def drop(self, session, connection, if_exists, name, force):
        must_be_outside(session, "DROP DATABASE")
        if plain(name) == connection.db.decode():
            raise wire.Refused(b"55006", b"cannot drop the currently open database")
        if not exists(session, plain(name)) and not if_exists:
            raise wire.Refused(b"3D000", f'database "{plain(name)}" does not exist'.encode())
        there = [each for each in list(session.opened.values()) if each.db.decode() == plain(name)]
        if there and not force:
            raise wire.Refused(b"55006", f'database "{plain(name)}" is being accessed by other users'.encode())
        for each in there:
            each.finish()
        self.altered.pop(plain(name), None)
        return f"DROP SCHEMA {if_exists or ''} {name} CASCADE"

    def set_owner(self, session, connection, name, role):
        return f"ALTER SCHEMA {name} OWNER TO {role}"

    def set_setting(self, session, connection, name, setting):
        self.altered.setdefault(plain(name), []).append(setting)
        return f"SET LOCAL {setting}"  # the server says whether there is such a setting

    def names(self, session, connection, rest):
        return f"SELECT datname FROM (SELECT nspname AS datname FROM pg_namespace) AS pg_database {rest}"

    STATEMENTS = {
        rf"CREATE\s+DATABASE\s+{NAME}(.*)": create,
        rf"DROP\s+DATABASE\s+(IF\s+EXISTS)?\s*{NAME}\s*(?:WITH)?\s*(\(\s*FORCE\s*\))?\s*;?": drop,
        rf"ALTER\s+DATABASE\s+{NAME}\s+OWNER\s+TO\s+(.*)": set_owner,
        rf"ALTER\s+DATABASE\s+{NAME}\s+SET\s+(.*)": set_setting,
        r"SELECT\s+datname\s+FROM\s+pg_database\b(.*)": names,
    }


def exists(session, database):
    query = f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {pq.literal(database)}"
    return database == OWN or bool(session.ask(query))


def must_be_outside(session, statement):
    if session.state != pq.IDLE:
        raise wire.Refused(b"25001", f"{statement} cannot run inside a transaction block".encode())


def plain(name):
    """An identifier as the catalogs have it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def authenticate(session, user, password):
    """Raise wire.Refused as a server does that asks each role for its password."""
    query = "SELECT rolcanlogin, rolpassword FROM pg_catalog.pg_authid WHERE rolname = "
    found = session.ask(query + pq.literal(user))
    if not found or not is_password(found[0][1] or "", password):
        raise wire.Refused(b"28P01", f'password authentication failed for user "{user}"'.encode())
    if found[0][0] != "t":
        raise wire.Refused(b"28000", f'role "{user}" is not permitted to log in'.encode())


def is_password(verifier, password):
    """Whether the password is the one that PostgreSQL keeps as `SCRAM-SHA-256$rounds:salt$stored:server` (RFC 5803)."""
    found = re.fullmatch(r"SCRAM-SHA-256\$(\d+):(\S+)\$(\S+):\S+", verifier)
    if not found:
        return False
    salted = pbkdf2(password.encode(), base64.b64decode(found[2]), int(found[1]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), base64.b64decode(found[3]))


def pbkdf2(password, salt, rounds):
    """hashlib.pbkdf2_hmac of SHA-256, which a Python without OpenSSL does not have."""
    keyed = hmac.new(password, digestmod="sha256")
    block, found = salt + b"\0\0\0\1", 0
    for _ in range(rounds):
        turn = keyed.copy()
        turn.update(block)
        block = turn.digest()
        found ^= int.from_bytes(block)
    return found.to_bytes(32)
