"""A connection as psycopg asks libpq for it, psycopg.pq.abc.PGconn, in turns on one session: see pq.py."""
import re

from psycopg import errors as e
from psycopg.pq import ConnStatus, ExecStatus, PollingStatus, TransactionStatus
from psycopg.pq.misc import _clean_error_message, connection_summary

from workbook.tab import pq, wire
from workbook.tab.commands import Commands
from workbook.tab.conninfo import Conninfo
from workbook.tab.escaping import Escaping
from workbook.tab.results import PGresult, refused

__all__ = ["Conninfo", "Escaping", "PGcancel", "PGcancelConn", "PGconn", "PGresult"]

STATES = {b"I": TransactionStatus.IDLE, b"T": TransactionStatus.INTRANS, b"E": TransactionStatus.INERROR}
IN_OPTIONS = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)")


def option(keyword):
    """A property: what the connection string or the environment says, or b""."""

    def value(self):
        self._ensure_pgconn()
        return self.options_given.get(keyword) or b""

    return property(value)


class PGconn(Commands):
    """See psycopg.pq.abc.PGconn; what is missing of it raises NotSupportedError or AttributeError."""

    notice_handler = notify_handler = None
    nonblocking = pipeline_status = 0
    needs_password = used_password = used_gssapi = ssl_in_use = False
    number = None  # in its Session's `opened`
    user, password, host, hostaddr = option(b"user"), option(b"password"), option(b"host"), option(b"hostaddr")
    port, options, tty = option(b"port"), option(b"options"), option(b"tty")

    def __init__(self, conninfo):
        self.session, self._status = pq.session, ConnStatus.STARTED
        self.error_message, self._pending, self._notifies = b"", None, []
        self.reported, self.kept, self.prepared, self.options_given = {}, [], [], {}
        try:
            self.options_given = {each.keyword: each.val for each in Conninfo.options(texts(Conninfo.parse(conninfo)))}
        except e.OperationalError as error:
            self._status, self.error_message = ConnStatus.BAD, str(error).encode()

    def __del__(self):
        self.finish()

    def __repr__(self):
        return f"<{type(self).__name__} {connection_summary(self)} at 0x{id(self):x}>"

    @classmethod
    def connect_start(cls, conninfo):
        return cls(conninfo)

    @classmethod
    def connect(cls, conninfo):
        connection = cls(conninfo)
        if connection._status == ConnStatus.STARTED:
            connection.connect_poll()
        return connection

    def connect_poll(self):
        try:
            self.session.open(self)
        except wire.Refused as error:
            fatal = {"S": b"FATAL", "V": b"FATAL"} if error.fields["S"] else {}  # libpq's own errors have none
            said = refused(wire.Refused(b"", b"", fields=error.fields | fatal))
            self.error_message = b"connection to server %s failed: %s" % (self.place, said.error_message)
            self._status = ConnStatus.BAD
            return PollingStatus.FAILED
        self._status = ConnStatus.OK
        return PollingStatus.OK

    @property
    def place(self):
        """Where the server is, as libpq says it."""
        if self.host.startswith(b"/"):
            return b'on socket "%s/.s.PGSQL.%s"' % (self.host, self.port)
        return b'at "%s", port %s' % (self.host, self.port)

    def finish(self):
        """End the connection. May be called again."""
        if self._status == ConnStatus.OK:
            self.session.end(self)
        self._status, self._pending = None, None

    def settings(self):
        """[SQL] of the settings that the connection string asks for."""
        found = {"client_encoding": option_text(self, b"client_encoding")}
        found["application_name"] = option_text(self, b"application_name") or option_text(
            self, b"fallback_application_name"
        )
        found = {name: value for name, value in found.items() if value}
        for name, value in IN_OPTIONS.findall(self.options.decode()):
            found[name.replace("-", "_")] = re.sub(r"\\(.)", r"\1", value)
        return [f"SELECT pg_catalog.set_config({pq.literal(n)}, {pq.literal(v)}, false)" for n, v in found.items()]

    def _ensure_pgconn(self):
        if self._status is None:
            raise e.OperationalError("the connection is closed")

    @property
    def db(self):
        self._ensure_pgconn()
        return self.options_given.get(b"dbname") or self.user

    @property
    def info(self):
        self._ensure_pgconn()
        return Conninfo.options({name.decode(): value.decode() for name, value in self.options_given.items() if value})

    @property
    def status(self):
        return ConnStatus.BAD if self._status is None or self.session.state is None else self._status

    @property
    def transaction_status(self):
        if self.status != ConnStatus.OK:
            return TransactionStatus.UNKNOWN
        if self._pending is not None:
            return TransactionStatus.ACTIVE
        return STATES[self.session.state] if self.session.owner is self else TransactionStatus.IDLE

    def parameter_status(self, name):
        self._ensure_pgconn()
        return self.reported.get(bytes(name))

    def get_error_message(self, encoding="utf-8"):
        return _clean_error_message(self.error_message, encoding)

    @property
    def _encoding(self):
        from psycopg._encodings import pg2pyenc

        return pg2pyenc(self.reported.get(b"client_encoding") or b"UTF8")

    protocol_version, full_protocol_version = 3, 30000

    @property
    def server_version(self):
        self._ensure_pgconn()
        major, minor = re.match(rb"(\d+)(?:\.(\d+))?", self.reported.get(b"server_version", b"0")).groups()
        return int(major) * 10000 + int(minor or 0)

    @property
    def socket(self):
        """There is none, and nobody has to wait for it."""
        self._ensure_pgconn()
        return -1

    @property
    def backend_pid(self):
        self._ensure_pgconn()
        return int(self.session.backend)

    def make_empty_result(self, exec_status):
        return PGresult(ExecStatus(exec_status))

    def enter_pipeline_mode(self):
        raise e.NotSupportedError("there is no pipeline mode here")

    def get_cancel(self):
        return PGcancel()


def texts(options):
    """{keyword: value} of the options that have one."""
    return {each.keyword.decode(): each.val.decode() for each in options if each.val is not None}


def option_text(connection, keyword):
    return (connection.options_given.get(keyword) or b"").decode()


class PGcancel:
    """Does nothing: a command has ended before anybody can cancel it."""

    def free(self):
        pass

    def cancel(self):
        pass


PGcancelConn = PGcancel
