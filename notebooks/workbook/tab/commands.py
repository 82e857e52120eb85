"""The commands of a connection, as psycopg asks libpq for them: a part of psycopg.pq.abc.PGconn."""
import re

from psycopg import errors as e
from psycopg.pq.misc import PGnotify

from workbook.tab import wire
from workbook.tab.results import notice, refused, results_of

MOST = 65535  # parameters
NO_LISTEN = wire.Refused(b"0A000", b"LISTEN is not possible here: nobody could be waited for")


def synchronous(send):
    """The method that does what the method `send` does, waits, and returns the last result."""

    def run(self, *arguments, **named):
        self._pending = None
        getattr(self, send)(*arguments, **named)
        last = None
        while result := self.get_result():
            last = result
        return last

    return run


class Commands:
    """What PGconn sends, and what comes back."""

    # The answer is there when `send_...` returns.

    def send_query(self, command):
        self._send(command, command, lambda sql: wire.query(sql), synced=False)

    def send_query_params(self, command, param_values, param_types=None, param_formats=None, result_format=0):
        rest = self._bound(b"", param_values, param_formats, result_format)
        self._send(command, command, lambda sql: wire.parse(b"", sql, param_types or ()) + rest)

    def send_prepare(self, name, command, param_types=None):
        self._send(command, command, lambda sql: wire.parse(name, sql, param_types or ()))

    def send_query_prepared(self, name, param_values, param_formats=None, result_format=0):
        rest = self._bound(name, param_values, param_formats, result_format)
        self._send(b"", None, lambda _: rest)

    def send_describe_prepared(self, name):
        self._send(b"", None, lambda _: wire.describe(b"S", name))

    def send_describe_portal(self, name):
        self._send(b"", None, lambda _: wire.describe(b"P", name))

    def send_close_prepared(self, name):
        self._send(b"", None, lambda _: wire.close(b"S", name))

    exec_ = synchronous("send_query")
    exec_params = synchronous("send_query_params")
    prepare = synchronous("send_prepare")
    exec_prepared = synchronous("send_query_prepared")
    describe_prepared = synchronous("send_describe_prepared")
    describe_portal = synchronous("send_describe_portal")
    close_prepared = synchronous("send_close_prepared")

    def _bound(self, name, values, formats, result_format):
        values = values or ()
        if len(values) > MOST:
            text = f"number of parameters must be between 0 and {MOST}"
            raise e.OperationalError(f"sending query and params failed: {text}")
        return wire.bind(name, values, formats or (), result_format) + wire.describe(b"P", b"") + wire.EXECUTE

    def _send(self, sql, query, build, synced=True):
        self._ensure_pgconn()
        if self._pending is not None:
            raise e.OperationalError("sending query failed: another command is already in progress")
        self.error_message = b""
        try:
            self.session.enter(self)
            if re.match(rb"\s*LISTEN\b", sql, re.IGNORECASE):
                raise NO_LISTEN
            sql = self.session.databases.translate(self.session, bytes(sql))
            copy = wire.COPY_FAIL if re.search(rb"\bcopy\b", sql, re.IGNORECASE) else b""
            messages = self.session.run(build(sql) + copy + (wire.SYNC if synced else b""))
        except wire.Refused as error:
            self.session.abort(self)
            self._pending = [refused(error)]
        else:
            self.session.follow(messages)
            query = query and sql  # what the server points into
            self._pending = results_of(messages, query)
            self._hear(messages, query)
        self.error_message = next((each.error_message for each in self._pending if each.error), b"")

    def _hear(self, messages, query):
        for code, data in messages:
            if code == b"N" and self.notice_handler:
                self.notice_handler(notice(data, query))
            elif code == b"A":
                channel, extra = data[4:].split(b"\0")[:2]
                self._notifies.append(PGnotify(channel, wire.LENGTH.unpack_from(data)[0], extra))

    def get_result(self):
        """The next result of the last command; None after the last one."""
        if self._pending:
            return self._pending.pop(0)
        self._pending = None
        return None

    def set_single_row_mode(self):
        self._pending = [single for result in self._pending or () for single in result.one_by_one()]

    def consume_input(self):
        self._ensure_pgconn()

    def is_busy(self):
        return 0

    def flush(self):
        self._ensure_pgconn()
        return 0

    def notifies(self):
        return self._notifies.pop(0) if self._notifies else None
