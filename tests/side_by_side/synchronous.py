"""A session of a real server as the stand-in for libpq wants it: bytes there, all of the answer back, over a socket."""
import socket

from workbook.tab import wire


def session(url):
    """`execute(bytes) -> bytes` of a new session, for `server.start`; wire.Refused if the server does not let us."""
    host, port = url.query.get("host") or url.host or "localhost", url.port or 5432
    if host.startswith("/"):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(f"{host}/.s.PGSQL.{port}")
    else:
        connected = socket.create_connection((host, port))
    begin(connected, url)

    def execute(data):
        connected.sendall(data)
        ends = sum(code in (b"Q", b"S") for code, _ in wire.messages(data))
        return b"".join(wire.message(*each) for each in received(connected, ends))

    return execute


def begin(connected, url):
    said = ["user", url.username, "database", url.database, ""]
    startup = wire.LENGTH.pack(3 << 16) + b"".join(wire.text(part.encode()) for part in said)  # version 3.0
    connected.sendall(wire.LENGTH.pack(len(startup) + 4) + startup)
    for code, data in received(connected, 1):
        if code == b"E":
            raise wire.Refused(b"", b"", fields=wire.fields(data))
        if code == b"R" and data != b"\0\0\0\0":
            raise NotImplementedError("the server wants a password: these tests need one that trusts its own role")


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
