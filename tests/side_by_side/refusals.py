"""Errors, with their class, code, fields and full text, and notices."""
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from side_by_side import Side, autocommit, check, connect, found, rows

WRONG = [
    "SELEC 1",
    "SELECT 1,\n       2 +\n  FROM users",
    "SELECT 'never ends",
    "SELECT name,\twrong FROM users",
    "SELECT nmae FROM users",
    "SELECT 'ünï 日本語', wrong FROM users",
    "SELECT " + ", ".join(f"id + {n}" for n in range(30)) + ", wrong FROM users",
    "SELECT wrong, " + ", ".join(f"id + {n}" for n in range(30)) + " FROM users",
    "SELECT '" + "日本" * 30 + "', wrong, '" + "語" * 60 + "' FROM users",
    "SELECT 1 / 0",
    "SELECT * FROM missing",
    "SELECT missing(1)",
    "SELECT 1 + 'a'",
    "SELECT '2026-02-30'::date",
    "SELECT 99999999999::int",
    "INSERT INTO users (id, email) VALUES (1, 'new@example.com')",
    "INSERT INTO users (id, email) VALUES (2, 'ada@example.com')",
    "INSERT INTO users (id) VALUES (2)",
    "INSERT INTO users (id, email) VALUES (2, 'no address')",
    "INSERT INTO models VALUES (1, 99)",
    "DELETE FROM users WHERE id = 1",
    "UPDATE users SET email = repeat('a@', 30)",
    "ALTER TABLE users ADD COLUMN age int NOT NULL",
    "CREATE TABLE users (id int)",
    "DROP TABLE users",
    "DROP TABLE missing",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT wrong'",
    "DO $$ BEGIN PERFORM 1 / 0; END $$",
    "DO $$ BEGIN EXECUTE 'SELECT wrong'; END $$",
    "DO $$ BEGIN RAISE EXCEPTION 'own %', 1 USING ERRCODE = 'XY123', HINT = 'a hint', DETAIL = 'a detail'; END $$",
    "VACUUM; SELECT 1",
    "SELECT 1; SELECT wrong; SELECT 3",
    "SET lock_timeout = 'soon'",
    "SET missing = 1",
]
TABLES = """
    CREATE TABLE users (
        id int PRIMARY KEY, name text, email varchar(40) NOT NULL CONSTRAINT uq_users_email UNIQUE
        CONSTRAINT ck_users_email CHECK (email LIKE '%@%')
    );
    CREATE TABLE models (id int PRIMARY KEY, user_id int NOT NULL CONSTRAINT fk_models_user REFERENCES users);
    INSERT INTO users VALUES (1, 'Ada', 'ada@example.com');
    INSERT INTO models VALUES (1, 1);
"""


@check
def an_error_has_its_class_code_fields_and_full_text():
    with autocommit() as connection:
        connection.execute(TABLES)
        return [(wrong, found(connection.execute, wrong)) for wrong in WRONG]


@check
def an_error_of_a_statement_with_parameters_points_into_it():
    with autocommit() as connection:
        connection.execute(TABLES)
        return [
            rows(connection, "SELECT name FROM users WHERE id = %s AND wrong = %s", 1, 2),
            rows(connection, "SELECT %s::int", "a"),
            rows(connection, "SELECT %s + %s", "a", 1),
            rows(connection, "SELECT 1; SELECT %s", 1),
            found(connection.execute, "INSERT INTO users (id, email) VALUES (%s, %s)", [1, "b@example.com"]),
            found(connection.execute, "SELECT %s, %s", [1]),
            found(connection.cursor().executemany, "INSERT INTO users VALUES (%s, '', %s)", [(5, "b@"), (5, "c@")]),
            rows(connection, "SELECT wrong FROM users WHERE id = %s", 1, prepare=True),
            *(rows(connection, "SELECT 10 / %s", each, prepare=True) for each in (1, 0, 2)),
        ]


@check
def an_error_ends_the_transaction_until_it_is_rolled_back():
    with connect() as connection:
        connection.execute(TABLES)
        connection.commit()
        steps = [
            lambda: connection.execute("INSERT INTO users VALUES (2, 'Bo', 'bo@example.com')").rowcount,
            lambda: connection.execute("SELECT wrong"),
            lambda: connection.execute("SELECT 1"),
            lambda: connection.execute("COMMIT").statusmessage,
            lambda: rows(connection, "SELECT id FROM users"),
            lambda: connection.execute("SELECT %s / 0", [1]),
            lambda: connection.execute("SELECT %s", [1]),
            connection.rollback,
            lambda: rows(connection, "SELECT id FROM users WHERE id = %s", 1),
            lambda: connection.execute("SELECT 1 /* after it */ 2"),
            connection.commit,
            lambda: rows(connection, "SELECT id FROM users"),
        ]
        return [(found(step), connection.info.transaction_status, connection.info.error_message) for step in steps]


@check
def who_waits_longer_than_the_lock_timeout_gets_an_error():
    with connect() as connection:
        connection.execute(TABLES)
        connection.commit()
        Side.beside("BEGIN; LOCK TABLE users IN ACCESS SHARE MODE")
        connection.execute("SET LOCAL lock_timeout = '50ms'")
        yield found(connection.execute, "ALTER TABLE users DROP COLUMN name")
        connection.rollback()
        yield rows(connection, "SELECT name FROM users")
        Side.beside("ROLLBACK")


@check
def a_statement_longer_than_the_statement_timeout_gets_an_error():
    with autocommit() as connection:
        connection.execute("SET statement_timeout = '50ms'")
        queries = ["SELECT pg_sleep(5)"], ["SELECT pg_sleep(%s)", 5], ["SELECT 1"]
        return [rows(connection, *query) for query in queries]


@check
def notices_arrive_with_their_fields():
    heard = []
    with autocommit() as connection:
        connection.add_notice_handler(
            lambda each: heard.append((each.severity, each.sqlstate, each.message_primary, each.message_detail))
        )
        connection.execute("DROP TABLE IF EXISTS missing")
        connection.execute("DO $$ BEGIN RAISE WARNING 'careful %', 1 USING DETAIL = 'more'; RAISE INFO 'known'; END $$")
        connection.execute("COMMIT")
        connection.execute("CREATE TABLE users (id int)")
        connection.execute("CREATE TABLE IF NOT EXISTS users (id int)")
        connection.execute("SET client_min_messages = error; DROP TABLE IF EXISTS missing")
    return heard


@check
def connection_strings_are_read_alike():
    strings = [  # and none whose error shows a value: the stand-in does not
        "host=a port=1 dbname='b c' user=u\\ v password='p\\'q'",
        "postgresql://u:p%40ss@h:5433/d?sslmode=disable&application_name=a%20b",
        "postgresql:///d?host=/run/x", "postgresql://h1:1,h2:2/d", "postgresql://[::1]:5/", "postgres://u@/",
        "postgresql://h/d?a", "postgresql://h/d?wrong=1",
        "host", "host = a  port= 2 ", "host='a", "wrong=1", "", "  ", "dbname=", "host=a host=b", "postgresql://h:p/d",
    ]  # fmt: skip
    return [
        *((each, found(conninfo_to_dict, each)) for each in strings),
        found(make_conninfo, "host=a", password="it's \\ secret", dbname=""),
        found(make_conninfo, "host=a", wrong=1),
    ]
