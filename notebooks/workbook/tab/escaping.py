"""Values as parts of SQL: psycopg.pq.abc.Escaping."""
import re

from psycopg import errors as e


class Escaping:
    """Without a connection, backslashes are written twice: as libpq does before it knows a server."""

    def __init__(self, conn=None):
        self.conn = conn

    def knows_standard_strings(self):
        if self.conn is None:
            return False
        self.conn._ensure_pgconn()
        return self.conn.parameter_status(b"standard_conforming_strings") == b"on"

    def needs_connection(self, name):
        if not self.conn:
            raise e.OperationalError(f"{name} failed: no connection provided")
        self.conn._ensure_pgconn()

    def escape_literal(self, data):
        self.needs_connection("escape_literal")
        quoted = b"'" + until_zero(data).replace(b"'", b"''") + b"'"
        return b" E" + quoted.replace(b"\\", b"\\\\") if b"\\" in quoted else quoted

    def escape_identifier(self, data):
        self.needs_connection("escape_identifier")
        return b'"' + until_zero(data).replace(b'"', b'""') + b'"'

    def escape_string(self, data):
        escaped = until_zero(data).replace(b"'", b"''")
        return escaped if self.knows_standard_strings() else escaped.replace(b"\\", b"\\\\")

    def escape_bytea(self, data):
        return (b"\\x" if self.knows_standard_strings() else b"\\\\x") + bytes(data).hex().encode()

    def unescape_bytea(self, data):
        """The bytes of what the server sends as text, whichever `bytea_output` is set."""
        data = bytes(data)
        if data.startswith(b"\\x"):
            return bytes.fromhex(data[2:].decode())
        return re.sub(rb"\\(\d{3}|\\)", lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1], 8)]), data)


def until_zero(data):
    return bytes(data).partition(b"\0")[0]
