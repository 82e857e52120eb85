"""psycopg's `pq` layer without libpq, for a PostgreSQL that answers at once and has one session.

`install` puts it in the place of psycopg.pq.pq_ctypes, which psycopg takes where libpq's other wrappers are
absent. The classes are in connection.py, results.py and conninfo.py; here is how connections take turns.
Left out: COPY with the client's data, LISTEN, cancelling, pipeline mode (so `executemany` outside of a transaction
keeps the rows before one that fails). PGlite has no clock: statement_timeout does nothing, pg_sleep stops the tab.
"""
import sys
import types
import weakref
from importlib import import_module

from workbook.tab import wire

IDLE, IN_TRANSACTION = b"I", b"T"
# What a server tells libpq at the start of a session and whenever it changes.
REPORTED = (
    "server_version", "server_encoding", "client_encoding", "application_name", "is_superuser", "session_authorization",
    "DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings",
)  # fmt: skip
REPORT = "SELECT name, pg_catalog.current_setting(name, true) FROM unnest(ARRAY[%s]) AS name"
CHANGES = b"SET", b"RESET", b"DISCARD"  # tags of commands that change what is reported
SETTINGS = """
    SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session'
    UNION ALL SELECT 'role', r FROM pg_catalog.current_setting('role') AS r WHERE r <> 'none'
"""
STATEMENTS = "SELECT name, statement, from_sql, parameter_types::oid[] FROM pg_catalog.pg_prepared_statements"
LIBPQ = 130000  # of the versions that psycopg knows, the last one without pipeline mode and without cancelling by poll

session = None  # the Session that `install` has made


class Databases:
    """What a server has for a connection besides its session. This is for a session in the one database asked for."""

    def refuse(self, session, connection):
        """Raise wire.Refused if the connection may not be opened."""

    def turn(self, session, connection):
        """Let the session be in the connection's database."""

    def settings(self, connection):
        """[SQL] that makes the session that of the connection, before the connection's own settings."""
        return []

    def translate(self, session, sql):
        """What the server gets for the SQL (bytes) of the connection that has the session; wire.Refused: nothing."""
        return sql


class Session:
    """The one session of a server. `execute` takes bytes for the server and returns all that it answers to them.

    A connection has the session from its first command until another one, outside of any transaction, sends a
    command; then its settings and prepared statements are kept until its next turn. Temporary tables, advisory locks
    and cursors WITH HOLD stay where they are: they end with the last connection, or in its turn.
    """

    def __init__(self, execute, databases):
        self.execute, self.databases = execute, databases
        self.owner, self.user, self.backend = None, None, None
        self.state = IDLE  # or in a transaction, or b"E" in one that has failed; None: the server has ended
        self.reported, self.changed = {}, False
        self.opened, self.count = weakref.WeakValueDictionary(), 0  # {number: connection}

    def run(self, data):
        """[(code, data)] of what the server answers; wire.Refused if that is nothing."""
        if self.state is None:
            raise wire.LOST
        try:
            messages = list(wire.messages(self.execute(data)))
        except Exception as error:  # of whatever kind: in a tab it is JavaScript's
            self.state = None
            raise wire.LOST from error
        self.state = next((content for code, content in reversed(messages) if code == b"Z"), None)
        if not messages:
            raise wire.LOST
        return messages

    def ask(self, *statements):
        """The rows of the last statement that returns any, as texts; wire.Refused if one fails."""
        rows = []
        for code, content in self.run(wire.query(";".join(statements).encode())):
            if code == b"E":
                raise wire.Refused(b"", b"", fields=wire.fields(content))
            if code == b"T":
                rows = []
            elif code == b"D":
                rows.append([None if value is None else value.decode() for value in wire.row(content)])
        return rows

    def follow(self, messages):
        """After a command, learn what it has changed of what is reported. PGlite does not tell."""
        tags = [content.rstrip(b"\0").partition(b" ")[0] for code, content in messages if code == b"C"]
        self.changed = self.changed or any(tag in CHANGES for tag in tags)
        if self.changed and self.state in (IDLE, IN_TRANSACTION):
            self.report()
            self.changed = self.state != IDLE  # the end of a transaction takes back what is LOCAL to it

    def report(self, *statements):
        """Run the statements, and read what is reported after them."""
        rows = self.ask(*statements, REPORT % ", ".join(map(literal, REPORTED)))
        self.reported |= {name.encode(): (value or "").encode() for name, value in rows}

    def open(self, connection):
        """Begin a connection, with the session in its hands; wire.Refused says why not."""
        self.leave()
        self.databases.refuse(self, connection)
        try:
            self.start(connection)
        except wire.Refused:
            self.clean()
            raise
        self.count += 1
        connection.number = self.count
        self.opened[self.count] = connection

    def start(self, connection):
        if not self.user:
            self.user, self.backend = self.ask("SELECT session_user, pg_catalog.pg_backend_pid()")[0]
        self.databases.turn(self, connection)
        self.report(*self.databases.settings(connection), *connection.settings())
        self.owner, connection.reported = connection, self.reported

    def enter(self, connection):
        """Give the session to the connection; wire.Refused if another one is in a transaction."""
        if self.owner is connection:
            return
        self.leave()
        self.databases.turn(self, connection)
        kept = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in connection.kept)
        put_back = f"SELECT pg_catalog.set_config(n, v, false) FROM (VALUES {kept}) AS kept (n, v)" if kept else ""
        self.report(*self.databases.settings(connection), put_back)
        for name, sql, from_sql, oids in connection.prepared:
            oids = [int(oid) for oid in oids.strip("{}").split(",") if oid]
            prepare = wire.query(sql.encode()) if from_sql == "t" else wire.parse(name.encode(), sql.encode(), oids)
            self.run(prepare + wire.SYNC)
        self.owner, connection.reported = connection, self.reported

    def leave(self):
        """Take the session from the connection that has it, and keep what is that connection's."""
        connection = self.owner
        if connection is None:
            return
        if self.state != IDLE:
            raise wire.LOST if self.state is None else wire.ONE_SESSION
        connection.kept, connection.prepared = self.ask(SETTINGS), self.ask(STATEMENTS)
        connection.reported = dict(self.reported)
        self.clean()

    def clean(self):
        """Make the session one of nobody's. PGlite does not know whom RESET SESSION AUTHORIZATION goes back to."""
        self.owner = None
        self.ask(f"SET SESSION AUTHORIZATION {literal(self.user)}", "RESET ALL", "DEALLOCATE ALL")

    def abort(self, connection):
        """What is refused ends the connection's transaction, as any error does."""
        if self.owner is connection and self.state == IN_TRANSACTION:
            self.run(wire.query(b"SELECT 1 / 0"))

    def end(self, connection):
        """End a connection: what it has not committed is rolled back, and with the last one the session is as new."""
        self.opened.pop(connection.number, None)
        if self.state is None:
            return
        if self.owner is connection:
            if self.state != IDLE:
                self.ask("ROLLBACK")
            self.clean()
        if not self.opened and self.owner is None:
            self.ask("DISCARD ALL")


def literal(text):
    quoted = "'" + text.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in quoted else quoted


def mark():
    """A point in time, for `close_since`."""
    return session.count if session else 0


def close_since(mark):
    """End the connections that were opened after that point, as those of a process end with it."""
    for number in sorted(session.opened) if session else ():
        if number > mark and (connection := session.opened.get(number)):
            connection.finish()


def install(execute, databases=None):
    """Let psycopg speak to the server of `execute`: see Session. To be called before psycopg is imported."""
    global session
    session = Session(execute, databases or Databases())
    stand_in = types.ModuleType("psycopg.pq.pq_ctypes", __doc__)
    stand_in.__impl__, stand_in.__build_version__, stand_in.version = "python", LIBPQ, lambda: LIBPQ
    # The classes need psycopg's errors, which can be imported only when psycopg asks for the classes.
    stand_in.__getattr__ = lambda name: getattr(import_module("workbook.tab.connection"), name)
    sys.modules[stand_in.__name__] = stand_in
