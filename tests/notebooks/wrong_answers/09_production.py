"""Wrong but plausible answers to the exercises of 09_production, and a part of what each is told."""

QUOTE = "from urllib.parse import quote, quote_plus\n"
TABLES = 'f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {to_app}"'
SEQUENCES = 'f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {to_app}"'
DEFAULT = 'f"ALTER DEFAULT PRIVILEGES FOR ROLE {by_migrator} IN SCHEMA public GRANT '
NEW_TABLES = DEFAULT + 'SELECT, INSERT, UPDATE, DELETE ON TABLES TO {to_app}"'
NEW_SEQUENCES = DEFAULT + 'USAGE ON SEQUENCES TO {to_app}"'
REVISION = 'f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {to_app}"'
FOR_ROLE = "FOR ROLE {by_migrator} "


def statements(*texts):
    return f"statements = [{', '.join(texts)}]"


READ, REHEARSE, BACK_UP = "read the script and its SQL", "rehearse on a copy", "back up"
UPGRADE, VERIFY, START = "upgrade", "check, current, counts", "start the new app"


def order(*steps):
    return f"release = {list(steps)}"


WRONG = {
    "any-password": [
        ("encoded = password", "The host of this URL is 'home@db.example.com'"),
        ('encoded = password.replace("@", "%40")', "is to be '50%25 of a/b@home'"),
        (QUOTE + "encoded = quote(password)", "'/' has to be encoded too"),
        (QUOTE + 'encoded = quote_plus(password)', "The password of this URL is '50%25+of+a/b@home'"),
        (QUOTE + 'encoded = quote(quote(password, safe=""), safe="")', "The password of this URL is '50%2525%20of"),
        ('encoded = password.replace("@", "%40").replace("/", "%2F").replace(" ", "%20").replace("%", "%25")', "%40"),
        ('encoded = "***"', "The password of this URL is '***'"),
    ],
    "app-role": [
        ("statements = []", "cannot read the users: permission denied for table users"),
        (statements('f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {to_app}"'), "cannot change a user"),
        (statements(TABLES), "cannot add a user: permission denied for sequence users_id_seq"),
        (statements(TABLES, SEQUENCES), "can change the revision"),
        (statements(TABLES, SEQUENCES, REVISION), "cannot read a table that the migrator creates next"),
        (statements(TABLES, SEQUENCES, REVISION, NEW_TABLES), "cannot add a row to a table that the migrator"),
        (statements(TABLES, SEQUENCES, REVISION, NEW_TABLES.replace(FOR_ROLE, ""), NEW_SEQUENCES.replace(FOR_ROLE, "")),
         "cannot read a table that the migrator creates next"),
        (statements(TABLES, SEQUENCES, 'f"REVOKE ALL ON alembic_version FROM {to_app}"'), "cannot read the revision"),
        (statements('f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {to_app}"', SEQUENCES), "can empty a table"),
        (statements('f"GRANT {by_migrator} TO {to_app}"'), "can drop a table"),
        (statements('f"ALTER ROLE {to_app} SUPERUSER"'), "can drop a table"),
        (statements('f"ALTER TABLE users OWNER TO {to_app}"', TABLES, SEQUENCES), "can change a table"),
        (statements('f"GRANT SELECT ON ALL TABLE IN SCHEMA public TO {to_app}"'), "Statement 1 fails: SyntaxError"),
        (statements('f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {app}"'), "Statement 1 fails"),
    ],
    "release-order": [
        (order(READ, REHEARSE, BACK_UP, UPGRADE, "stamp the new revision", VERIFY, START), "runs no script"),
        (order(READ, REHEARSE, BACK_UP, UPGRADE, "downgrade and upgrade again, to be sure", VERIFY, START),
         "drops the column"),
        (order(READ, REHEARSE, UPGRADE, BACK_UP, VERIFY, START), "holds what the upgrade has left"),
        (order(READ, BACK_UP, UPGRADE, REHEARSE, VERIFY, START), "has happened already"),
        (order(READ, REHEARSE, BACK_UP, START, UPGRADE, VERIFY), "answer 503"),
        (order(READ, REHEARSE, BACK_UP, UPGRADE, START, VERIFY), "before anybody has looked"),
        (order(REHEARSE, READ, BACK_UP, UPGRADE, VERIFY, START), "To read comes first"),
        (order(READ, REHEARSE, UPGRADE, VERIFY, START), "A step is missing: 'back up'"),
        (order(READ, REHEARSE, BACK_UP, BACK_UP, UPGRADE, VERIFY, START), "each once; found: 7"),
    ],
}  # fmt: skip
