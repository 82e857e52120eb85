"""A server's sessions as the stand-in for libpq wants them: bytes there, all of the answer back, over a plain socket.

PGlite has one session for all databases; here each database has one of its own, opened when it is first asked for.
"""
import socket

from sqlalchemy import make_url

from workbook.tab import pq, wire


class Sockets(pq.Databases):
    """For `pq.install(sockets.execute, sockets)`: a real server, whose databases are real ones."""

    def __init__(self, url):
        self.url, self.sockets, self.current = make_url(url), {}, None

    def use(self, database):
        """Open the database's session, or go on with it; wire.Refused if the server does not let us."""
        if database not in self.sockets:
            self.sockets[database] = self.connect(database)
        self.current = self.sockets[database]

    def connect(self, database):
        host, port = self.url.query.get("host") or self.url.host or "localhost", self.url.port or 5432
        if host.startswith("/"):
            connected = socket.socket(socket.AF_UNIX)
            connected.connect(f"{host}/.s.PGSQL.{port}")
        else:
            connected = socket.create_connection((host, port))
        said = ["user", self.url.username, "database", database, ""]
        startup = wire.LENGTH.pack(3 << 16) + b"".join(wire.text(part.encode()) for part in said)  # version 3.0
        connected.sendall(wire.LENGTH.pack(len(startup) + 4) + startup)
        for code, data in received(connected, 1):
            if code == b"E":
                connected.close()
                raise wire.Refused(b"", b"", fields=wire.fields(data))
            if code == b"R" and data != b"\0\0\0\0":
                raise NotImplementedError("the server wants a password: these tests need one that trusts its own role")
        return connected

    def execute(self, data):
        self.current.sendall(data)
        ends = sum(code in (b"Q", b"S") for code, _ in wire.messages(data))
        return b"".join(wire.message(*each) for each in received(self.current, ends))

    def refuse(self, session, connection):
        self.use(connection.db.decode())

    def settings(self, connection):
        self.use(connection.db.decode())
        return []

    def close(self):
        for each in self.sockets.values():
            each.close()


def received(connected, ends):
    """The messages up to the last of so many that say that the server is ready, or to the end."""
    with connected.makefile("rb") as stream:
        while ends:
            head = stream.read(5)
            if not head:
                return
            data = stream.read(wire.LENGTH.unpack(head[1:])[0] - 4)
            yield head[:1], data
            ends -= head[:1] == b"Z"
