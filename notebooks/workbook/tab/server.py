"""What workbook.postgres asks of the PostgreSQL of a tab: a "database" is a schema there, in its turn named public.

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
WAITING = "database "
CURRENT_DATABASE = "FUNCTION this_database.current_database() RETURNS name LANGUAGE sql STABLE AS"
CATALOGS = "pg_database|pg_namespace|pg_class|pg_type|pg_constraint|pg_index"
# What means the catalogs of this database; `pg_catalog.` before a name means all that there is.
OF_THIS_DATABASE = re.compile(rf"(?i)(\b(?:FROM|JOIN)\s+)({CATALOGS})\b|(?<![\w.])(current_database\(\))")
OTHERS = f"SELECT oid FROM pg_catalog.pg_namespace WHERE nspname LIKE '{WAITING}%'"
CATALOG = f"""
    CREATE SCHEMA this_database;
    CREATE {CURRENT_DATABASE} 'SELECT ''{OWN}''::name';
    CREATE VIEW this_database.pg_database AS
        SELECT oid, this_database.current_database() AS datname, nspowner AS datdba FROM pg_catalog.pg_namespace
            WHERE nspname = 'public'
        UNION ALL SELECT oid, substr(nspname, {len(WAITING) + 1})::name, nspowner FROM pg_catalog.pg_namespace
            WHERE nspname LIKE '{WAITING}%';
    CREATE VIEW this_database.pg_namespace AS SELECT * FROM pg_catalog.pg_namespace WHERE oid NOT IN ({OTHERS});
    CREATE VIEW this_database.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE relnamespace NOT IN ({OTHERS});
    CREATE VIEW this_database.pg_type AS SELECT * FROM pg_catalog.pg_type WHERE typnamespace NOT IN ({OTHERS});
    CREATE VIEW this_database.pg_constraint AS SELECT * FROM pg_catalog.pg_constraint
        WHERE connamespace NOT IN ({OTHERS});
    CREATE VIEW this_database.pg_index AS SELECT * FROM pg_catalog.pg_index
        WHERE indrelid IN (SELECT oid FROM this_database.pg_class);
    GRANT USAGE ON SCHEMA this_database TO PUBLIC;
    GRANT SELECT ON ALL TABLES IN SCHEMA this_database TO PUBLIC;
"""


def start(execute):
    """Let psycopg and workbook.postgres use the server that answers `execute(bytes)`: see pq.install."""
    pq.install(execute, Schemas())
    os.environ[VARIABLE] = URL


class Schemas(pq.Databases):
    """The session is in one database, and each database that a connection may ask for is a schema in it.

    The schema of the connection whose turn it is has the name `public`, the others have WAITING before theirs.
    """

    def __init__(self):
        self.current = None  # the database whose schema is public
        self.altered = {}  # {database: [what ALTER DATABASE has SET]}

    def refuse(self, session, connection):
        if self.current is None:
            session.ask(CATALOG)
            self.current = OWN
        user, database = connection.user.decode(), connection.db.decode()
        if user != OWN:
            authenticate(session, user, connection.password.decode())
        self.must_exist(session, database)

    def turn(self, session, connection):
        database = connection.db.decode()
        if database != self.current:
            session.ask(
                f"ALTER SCHEMA public RENAME TO {waiting(self.current)}",
                f"ALTER SCHEMA {waiting(database)} RENAME TO public",
                f"CREATE OR REPLACE {CURRENT_DATABASE} {pq.literal(f'SELECT {pq.literal(database)}::name')}",
            )
            self.current = database

    def settings(self, connection):
        user, database = connection.user.decode(), connection.db.decode()
        found = [f"SET {setting}" for setting in self.altered.get(database, ())]
        return found if user == OWN else [*found, f"SET SESSION AUTHORIZATION {quoted(user)}"]

    def translate(self, session, sql):
        if not re.search(rb"database|pg_", sql, re.IGNORECASE):
            return sql
        text = sql.decode().strip()
        for pattern, translated in self.STATEMENTS.items():
            if found := re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL):
                return translated(self, session, *found.groups()).encode()
        return OF_THIS_DATABASE.sub(r"\1this_database.\2\3", sql.decode()).encode()

    def create(self, session, name, options):
        must_be_outside(session, "CREATE DATABASE")
        database = plain(name)
        may = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreatedb)"
        if not session.ask(may):
            raise wire.Refused(b"42501", b"permission denied to create database")
        template = re.search(rf"\bTEMPLATE\s*=?\s*{NAME}", options, re.IGNORECASE)
        if template and plain(template[1]) not in ("template0", "template1"):
            raise wire.Refused(b"0A000", b"a database cannot be copied here, only made empty, without TEMPLATE")
        if self.exists(session, database):
            raise wire.Refused(b"42P04", f'database "{database}" already exists'.encode())
        return f"CREATE SCHEMA {waiting(database)} GRANT USAGE ON SCHEMA {waiting(database)} TO PUBLIC"

    def drop(self, session, if_exists, name, force):
        must_be_outside(session, "DROP DATABASE")
        database = plain(name)
        if database == self.current:
            raise wire.Refused(b"55006", b"cannot drop the currently open database")
        if not if_exists:
            self.must_exist(session, database)
        there = [each for each in list(session.opened.values()) if each.db.decode() == database]
        if there and not force:
            number = "is 1 other session" if len(there) == 1 else f"are {len(there)} other sessions"
            text = f'database "{database}" is being accessed by other users'
            raise wire.Refused(b"55006", text.encode(), f"There {number} using the database.".encode())
        for each in there:
            each.finish()
        self.altered.pop(database, None)
        return f"DROP SCHEMA {if_exists or ''} {waiting(database)} CASCADE"

    def set_owner(self, session, name, role):
        self.must_exist(session, plain(name))
        return f"ALTER SCHEMA {'public' if plain(name) == self.current else waiting(plain(name))} OWNER TO {role}"

    def set_setting(self, session, name, setting):
        self.must_exist(session, plain(name))
        session.ask(f"SET LOCAL {setting}")  # the server says whether there is such a setting
        self.altered.setdefault(plain(name), []).append(setting)
        return ""

    STATEMENTS = {
        rf"CREATE\s+DATABASE\s+{NAME}(.*)": create,
        rf"DROP\s+DATABASE\s+(IF\s+EXISTS)?\s*{NAME}\s*(?:WITH)?\s*(\(\s*FORCE\s*\))?\s*;?": drop,
        rf"ALTER\s+DATABASE\s+{NAME}\s+OWNER\s+TO\s+(.*)": set_owner,
        rf"ALTER\s+DATABASE\s+{NAME}\s+SET\s+(.*)": set_setting,
    }

    def exists(self, session, database):
        query = f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {pq.literal(WAITING + database)}"
        return database == self.current or bool(session.ask(query))

    def must_exist(self, session, database):
        if not self.exists(session, database):
            raise wire.Refused(b"3D000", f'database "{database}" does not exist'.encode())


def waiting(database):
    """The name, as SQL has it, of a database's schema while another database's is `public`."""
    return quoted(WAITING + database)


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
    if not password:
        raise wire.Refused(b"", b"fe_sendauth: no password supplied", severity=b"")
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
