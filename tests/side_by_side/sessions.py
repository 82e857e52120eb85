"""Connections: what is told of them, transactions, and two that take turns."""
import psycopg

from side_by_side import Side, autocommit, check, connect, found, last, rows

ASKED = "dbname", "options", "application_name"
NAMES = "timezone", "lock_timeout", "statement_timeout", "datestyle", "lc_messages"
SETTINGS = ", ".join(f"current_setting('{name}')" for name in NAMES)


@check
def a_connection_tells_where_it_goes():
    with connect(application_name="a b", options="-c timezone=Asia/Tokyo -c statement_timeout=1min") as connection:
        info = connection.info
        parameters = {name: value for name, value in info.get_parameters().items() if name in ASKED}
        yield info.dbname, info.port, info.options, info.password, info.server_version // 10000, info.encoding
        yield info.timezone, info.status, info.transaction_status, info.pipeline_status, info.error_message
        yield parameters, info.parameter_status("application_name"), info.parameter_status("missing")
        yield [info.parameter_status(name) for name in ("client_encoding", "DateStyle", "standard_conforming_strings")]
        yield info.backend_pid == rows(connection, "SELECT pg_backend_pid()")[0][0]
        yield rows(connection, "SELECT name, setting FROM pg_settings WHERE name IN ('TimeZone', 'statement_timeout')")
        connection.execute("SET timezone = 'Europe/Paris'; SET application_name = 'other'")
        yield info.timezone, info.parameter_status("application_name")
        connection.rollback()
        yield info.timezone, info.parameter_status("application_name"), connection.broken, connection.closed


@check
def a_closed_connection_says_so():
    connection = connect()
    cursor = connection.cursor()
    connection.close()
    connection.close()
    yield connection.closed, connection.broken, int(connection.pgconn.status)
    for ask in (cursor.execute, connection.execute):
        yield found(ask, "SELECT 1")
    yield found(connection.commit), found(connection.rollback), found(lambda: connection.info.dbname)
    yield found(lambda: connection.info.transaction_status), found(connection.cursor)


@check
def who_may_not_connect_is_told_why():
    yield found(connect, dbname="no_such_database")
    yield found(connect, user="no_such_role", password="any")
    yield found(connect, options="-c no_such_setting=1")
    yield found(connect, options="-c lock_timeout=soon")
    yield found(connect, client_encoding="no_such_encoding")
    yield found(connect, no_such_keyword="1")
    yield found(connect, "host='never ends")


@check
def a_transaction_is_committed_or_rolled_back():
    with connect() as connection:
        yield connection.info.transaction_status
        connection.execute("CREATE TABLE t (a int)")
        yield connection.info.transaction_status
        connection.commit()
        yield connection.info.transaction_status
        connection.execute("INSERT INTO t VALUES (1)")
        connection.rollback()
        connection.execute("INSERT INTO t VALUES (2)")
    with connect() as connection:
        yield rows(connection, "SELECT a FROM t")
        connection.close()
    lost = connect()
    lost.execute("INSERT INTO t VALUES (3)")
    lost.close()
    with autocommit() as connection:
        yield connection.info.transaction_status, rows(connection, "SELECT a FROM t")


@check
def savepoints_keep_what_was_before_them():
    with connect() as connection:
        connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
        with connection.transaction():
            connection.execute("INSERT INTO t VALUES (1)")
            try:
                with connection.transaction("inner"):
                    connection.execute("INSERT INTO t VALUES (2)")
                    connection.execute("INSERT INTO t VALUES (1)")
            except psycopg.errors.UniqueViolation as error:
                yield str(error), connection.info.transaction_status
            with connection.transaction(force_rollback=True):
                connection.execute("INSERT INTO t VALUES (3)")
            yield rows(connection, "SELECT a FROM t")
        connection.execute("SAVEPOINT own")
        yield found(connection.execute, "SELECT wrong"), connection.info.transaction_status
        connection.execute("ROLLBACK TO own")
        yield rows(connection, "SELECT a FROM t"), found(connection.execute, "RELEASE missing")


@check
def autocommit_isolation_and_read_only_are_switched():
    with connect() as connection:
        connection.execute("CREATE TABLE t (a int)")
        yield found(setattr, connection, "autocommit", True)
        connection.commit()
        connection.autocommit = True
        connection.execute("INSERT INTO t VALUES (1)")
        yield connection.info.transaction_status, found(connection.execute, "VACUUM t").statusmessage
        with connection.transaction():
            yield connection.info.transaction_status, found(connection.execute, "VACUUM t")[:3]
            connection.execute("ROLLBACK")
        connection.autocommit = False
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.SERIALIZABLE, True
        yield rows(connection, "SHOW transaction_isolation"), rows(connection, "SHOW transaction_read_only")
        yield found(connection.execute, "INSERT INTO t VALUES (2)"), found(setattr, connection, "read_only", False)
        connection.rollback()
        connection.isolation_level, connection.read_only, connection.deferrable = None, None, True
        yield rows(connection, "SHOW transaction_isolation"), rows(connection, "SELECT a FROM t")


@check
def connections_that_take_turns_keep_what_is_theirs():
    one = connect(autocommit=True, options="-c timezone=Asia/Tokyo", application_name="one")
    other = connect(autocommit=True, options="-c lock_timeout=7s")
    one.execute("CREATE SCHEMA mine; CREATE TABLE mine.t AS SELECT 'mine' AS a; CREATE TABLE t AS SELECT 'common' AS a")
    one.execute("SET search_path = mine; SET statement_timeout = '1min'")
    one.execute("PREPARE own AS SELECT 'own' AS a")
    other.execute("SET DateStyle = 'German'")
    for turn in range(3):
        for connection in (one, other):
            yield rows(connection, "SELECT a, %s::int FROM t", turn, prepare=True)
            yield rows(connection, f"SELECT '2026-01-02'::date::text, {SETTINGS}")
            yield rows(connection, "EXECUTE own"), connection.info.timezone, connection.info.transaction_status
            yield connection.info.parameter_status("application_name"), connection.info.parameter_status("DateStyle")
    one.close()
    yield rows(other, "SELECT a FROM t"), rows(other, "SELECT 1 FROM pg_prepared_statements WHERE name = 'own'")
    other.execute("DROP SCHEMA mine CASCADE")


@check
def a_role_that_a_connection_has_taken_is_its_own():
    one, other = connect(autocommit=True), connect(autocommit=True)
    for connection in (one, other):
        connection.execute("SELECT 1")
    one.execute("SET ROLE pg_monitor")
    for connection in (one, other, one):
        role = rows(connection, "SELECT current_user = session_user, current_setting('role')")
        yield role, found(connection.execute, "CREATE TABLE t (a int)")


@check
def a_setting_of_one_transaction_ends_with_it():
    one, other = connect(), connect()
    one.execute("SET LOCAL lock_timeout = '5s'")
    yield rows(one, "SHOW lock_timeout")
    one.commit()
    yield rows(other, "SHOW lock_timeout")
    other.execute("SET lock_timeout = '6s'")
    other.rollback()
    yield rows(one, "SHOW lock_timeout"), one.rollback()
    other.execute("SET lock_timeout = '8s'")
    other.commit()
    yield rows(one, "SHOW lock_timeout"), one.rollback(), rows(other, "SHOW lock_timeout")


@check
def what_is_reported_follows_the_settings():
    with connect() as connection:
        for statement in (
            "SET timezone = 'Europe/Paris'", "SET LOCAL DateStyle = 'German, DMY'", "SAVEPOINT s",
            "SET LOCAL DateStyle = 'ISO, DMY'", "ROLLBACK TO s", "SELECT wrong", "ROLLBACK",
            "SET DateStyle = 'SQL, MDY'", "SET LOCAL standard_conforming_strings = off", "COMMIT",
            "RESET DateStyle", "COMMIT", "DISCARD ALL",
        ):  # fmt: skip
            yield statement, int(connection.pgconn.exec_(statement.encode()).status)
            yield connection.info.timezone.key, connection.info.parameter_status("DateStyle")
            yield connection.info.parameter_status("standard_conforming_strings")
            if connection.info.transaction_status != 3:
                yield rows(connection, "SELECT '2026-03-04'::date")


@check
def advisory_locks_are_taken_and_given_back():
    with autocommit() as connection:
        yield rows(connection, "SELECT pg_try_advisory_lock(4, 2)"), rows(connection, "SELECT pg_advisory_unlock(4, 2)")
        yield rows(connection, "SELECT pg_advisory_unlock(4, 2)")
        Side.beside("SELECT pg_advisory_lock(4, 3)")
        yield rows(connection, "SELECT pg_try_advisory_lock(4, 3)")
        connection.execute("SET lock_timeout = '20ms'")
        yield rows(connection, "SELECT pg_advisory_lock(4, 3)")
        Side.beside("SELECT pg_advisory_unlock(4, 3)")
        yield rows(connection, "SELECT pg_try_advisory_xact_lock(4, 3)"), connection.info.transaction_status


@last
def a_connection_whose_session_is_ended_is_broken():
    with autocommit() as connection:
        yield found(connection.execute, "SELECT pg_terminate_backend(pg_backend_pid())")[0].__name__
        yield connection.broken, connection.closed, connection.info.transaction_status
        yield found(connection.execute, "SELECT 1")
