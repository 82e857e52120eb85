"""Connection strings, as libpq reads them: `keyword=value ...` or a postgresql:// URI, and the defaults.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
"""
import getpass
import os
import re
from urllib.parse import unquote_to_bytes

from psycopg.errors import OperationalError
from psycopg.pq.misc import ConninfoOption

# Each keyword, the environment variable that sets it ("-": none), and the default. What has to do with
# networks is taken and not used.
KEYWORDS = [line.split() for line in """
    service PGSERVICE
    user PGUSER
    password PGPASSWORD
    passfile PGPASSFILE
    channel_binding PGCHANNELBINDING prefer
    connect_timeout PGCONNECT_TIMEOUT
    dbname PGDATABASE
    host PGHOST
    hostaddr PGHOSTADDR
    port PGPORT 5432
    client_encoding PGCLIENTENCODING
    options PGOPTIONS
    application_name PGAPPNAME
    fallback_application_name -
    keepalives -
    keepalives_idle -
    keepalives_interval -
    keepalives_count -
    tcp_user_timeout -
    sslmode PGSSLMODE prefer
    sslcert PGSSLCERT
    sslkey PGSSLKEY
    sslpassword -
    sslrootcert PGSSLROOTCERT
    sslcrl PGSSLCRL
    requirepeer PGREQUIREPEER
    require_auth PGREQUIREAUTH
    ssl_min_protocol_version PGSSLMINPROTOCOLVERSION TLSv1.2
    ssl_max_protocol_version PGSSLMAXPROTOCOLVERSION
    gssencmode PGGSSENCMODE disable
    krbsrvname PGKRBSRVNAME postgres
    replication -
    target_session_attrs PGTARGETSESSIONATTRS any
    load_balance_hosts PGLOADBALANCEHOSTS disable
""".strip().splitlines()]  # fmt: skip
KNOWN = {keyword for keyword, *_ in KEYWORDS}
SECRET = ("password", "sslpassword")
PAIR = re.compile(r"""\s*([^=\s]*)\s*(=\s*(?:'((?:[^'\\]|\\.)*)(')?|((?:[^\s\\]|\\.)*)))?""", re.DOTALL)
PLACE = re.compile(r"(?:\[([^\]]*)(\])?|([^:/?,]*))(?::([^/?,]*))?")  # host or [IPv6 address], and port


class Conninfo:
    """See psycopg.pq.abc.Conninfo. No error shows a value, as that may be a password or a part of one."""

    @classmethod
    def get_defaults(cls):
        return cls.options({})

    @classmethod
    def parse(cls, conninfo):
        """The options that the string sets, all others with the value None; OperationalError if it is malformed."""
        return described(values(conninfo.decode("utf-8", "replace")))

    @classmethod
    def options(cls, found):
        """All options: from `found`, which is {keyword: text}, from the environment, or the default."""
        return described(defaults() | found)


def described(found):
    return [
        ConninfoOption(
            keyword.encode(),
            None if variable == "-" else variable.encode(),
            encoded(compiled[0] if compiled else None),
            encoded(found.get(keyword)),
            b"",
            b"*" if keyword in SECRET else b"",
            20,
        )
        for keyword, variable, *compiled in KEYWORDS
    ]


def encoded(value):
    return None if value is None else value.encode("utf-8", "surrogateescape")


def defaults():
    """{keyword: text} from the environment and libpq itself."""
    found = {keyword: compiled[0] for keyword, _, *compiled in KEYWORDS if compiled}
    found |= {keyword: os.environ[variable] for keyword, variable, *_ in KEYWORDS if variable in os.environ}
    if "user" not in found:
        try:
            found["user"] = getpass.getuser()
        except (OSError, KeyError):  # nobody has a name here
            found["user"] = "postgres"
    return found


def values(conninfo):
    """{keyword: text} of a connection string."""
    is_uri = re.match(r"postgres(ql)?://", conninfo)
    found = dict(of_uri(conninfo[is_uri.end() :]) if is_uri else of_pairs(conninfo))
    for keyword in found:
        if keyword not in KNOWN:
            what = "URI query parameter:" if is_uri else "connection option"
            raise OperationalError(f'invalid {what} "{keyword}"\n')
    return found


def of_pairs(conninfo):
    at, end = 0, len(conninfo.rstrip())
    while at < end:
        found = PAIR.match(conninfo, at)
        keyword, given, quoted, closed, plain = found.groups()
        if given is None:
            word = "***" if any(each in conninfo[:at] for each in SECRET) else keyword
            raise OperationalError(f'missing "=" after "{word}" in connection info string\n')
        if quoted is not None and not closed:
            raise OperationalError("unterminated quoted string in connection info string\n")
        yield keyword, re.sub(r"\\(.)", r"\1", plain if quoted is None else quoted, flags=re.DOTALL)
        at = found.end()


def of_uri(rest):
    parts = {}
    if login := re.match("[^@/]*@", rest):
        rest = rest[login.end() :]
        parts["user"], _, parts["password"] = login[0][:-1].partition(":")
    parts["host"], parts["port"], rest = places(rest)
    name, _, parameters = rest.partition("?")
    parts["dbname"] = name[1:]
    yield from ((keyword, decoded(value)) for keyword, value in parts.items() if value)
    for parameter in filter(None, parameters.split("&")):
        keyword, *value = parameter.split("=")
        if len(value) != 1:
            said = "extra" if value else "missing"
            raise OperationalError(f'{said} key/value separator "=" in URI query parameter: "{keyword}"\n')
        yield decoded(keyword), decoded(value[0])


def places(rest):
    """The hosts and the ports, each joined by commas, and what follows them."""
    hosts, ports, at = [], [], 0
    while True:
        found = PLACE.match(rest, at)
        six, closed, host, port = found.groups()
        if six is not None and not closed:
            raise OperationalError('end of string reached when looking for matching "]" in IPv6 host address in URI\n')
        if six == "":
            raise OperationalError("IPv6 host address may not be empty in URI\n")
        hosts.append(six or host)
        ports.append(port or "")
        at = found.end()
        if rest[at : at + 1] != ",":
            break
        at += 1
    if rest[at : at + 1] not in ("", "/", "?"):
        raise OperationalError('unexpected character in URI (expected ":" or "/")\n')
    return ",".join(hosts), ",".join(ports) if any(ports) else "", rest[at:]


def decoded(token):
    if re.search("%(?![0-9a-fA-F]{2})", token):
        raise OperationalError("invalid percent-encoded token in URI\n")
    if "%00" in token:
        raise OperationalError("forbidden value %00 in percent-encoded value in URI\n")
    return unquote_to_bytes(token).decode("utf-8", "surrogateescape")
