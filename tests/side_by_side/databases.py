"""Databases and roles: made, altered, dropped, and what they may."""
from contextlib import contextmanager

from psycopg import sql

from side_by_side import Side, autocommit, check, connect, found, rows
from workbook import postgres


@contextmanager
def new_names(*purposes):
    """Names for databases or roles, which are dropped after the block."""
    names = [postgres.new_name() for _ in purposes]
    Side.names |= dict(zip(names, purposes))
    yield names
    with postgres.admin_connection() as connection:
        for statement in ('DROP DATABASE IF EXISTS "{}" WITH (FORCE)', 'DROP ROLE IF EXISTS "{}"'):
            for name in names:
                connection.exec_driver_sql(statement.format(name))


def as_role(role, password, **keywords):
    return connect(user=role, password=password, options=None, **keywords)


@check
def databases_are_made_and_dropped():
    with new_names("FIRST", "SECOND") as (first, second), autocommit() as connection:
        heard = []
        connection.add_notice_handler(lambda notice: heard.append((notice.severity, notice.sqlstate)))
        statements = [
            f"CREATE DATABASE {first}", f"CREATE DATABASE {first}", f'create database "{second}" template "template0"',
            "CREATE DATABASE", f"DROP DATABASE {Side.url.database}", f"DROP DATABASE {first};",
            f"DROP DATABASE {first}", f"DROP DATABASE IF EXISTS {first}",
            f'DROP DATABASE IF EXISTS "{second}" WITH (FORCE)',
        ]  # fmt: skip
        for statement in statements:
            yield statement, error_of(connection, statement)
            there = rows(connection, "SELECT datname FROM pg_database WHERE datname = ANY (%s)", [first, second])
            yield sorted(Side.names[name] for (name,) in there)
        yield heard


def error_of(connection, statement):
    """What is wrong with the statement, None if nothing."""
    error = found(connection.execute, statement)
    return error if isinstance(error, tuple) else None


@check
def databases_are_not_made_or_dropped_in_a_transaction():
    with new_names("FIRST") as [name], connect() as connection:
        for statement in (f"CREATE DATABASE {name}", f"DROP DATABASE {name}"):
            connection.execute("SELECT 1")
            yield error_of(connection, statement), connection.info.transaction_status
            yield rows(connection, "SELECT 1"), connection.rollback()


@check
def databases_have_tables_of_their_own():
    with new_names("FIRST") as [name], autocommit() as connection:
        connection.execute(f"CREATE DATABASE {name}")
        first = connect(autocommit=True, dbname=name)
        for each in (connection, first):
            each.execute("CREATE TABLE t (a text)")
            each.execute("INSERT INTO t VALUES (%s)", [each.info.dbname])
            yield rows(each, "SELECT a FROM t"), rows(each, "SELECT a FROM public.t")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        yield found(connect, dbname=name), type(found(first.execute, "SELECT a FROM t")), first.closed


@check
def the_catalogs_show_one_database():
    with new_names("FIRST") as [name], autocommit() as connection:
        connection.execute(f"CREATE DATABASE {name}")
        first = connect(autocommit=True, dbname=name)
        for each in (connection, first):
            each.execute("CREATE TYPE stage AS ENUM ('draft')")
            each.execute("CREATE TABLE t (a int PRIMARY KEY, b stage CONSTRAINT ck_t_b CHECK (b IS NOT NULL))")
            each.execute("CREATE TABLE u (a int REFERENCES t); CREATE INDEX ix_u_a ON u (a)")
            yield rows(each, "SELECT conname, contype FROM pg_constraint WHERE conname ~ '^(ck_t|u_)' ORDER BY conname")
            yield rows(each, "SELECT typname FROM pg_type WHERE typtype = 'e' ORDER BY typname")
            yield rows(each, "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid::regclass::text ~ 'u$'")
            yield rows(each, "SELECT relname FROM pg_class WHERE relname LIKE 'ix_u%'")
            yield rows(each, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            yield rows(each, "SELECT current_database(), current_schema()")


@check
def a_database_has_settings_of_its_own():
    with new_names("FIRST") as [name], autocommit() as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield error_of(connection, f"ALTER DATABASE {name} SET lock_timeout = '4s'")
        yield error_of(connection, f'ALTER DATABASE "{name}" SET timezone TO \'Asia/Tokyo\'')
        yield error_of(connection, f"ALTER DATABASE {name} SET no_such_setting = 1")
        yield error_of(connection, f"ALTER DATABASE {name}x SET lock_timeout = 1")
        for options in (None, "-c lock_timeout=5s"):
            first = connect(autocommit=True, dbname=name, options=options)
            for each in (first, connection, first):
                yield rows(each, "SELECT current_setting('lock_timeout'), current_setting('timezone')")


@check
def roles_need_their_passwords():
    with new_names("ROLE", "GROUP") as (role, group), autocommit() as connection:
        for password in ("right", "50%25 of a/b@home ", "pässword", "it's"):
            connection.execute(f"DROP ROLE IF EXISTS {role}")
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), password))
            with as_role(role, password) as own:
                yield rows(own, "SELECT current_user, session_user, current_setting('is_superuser')")
            yield found(as_role, role, password + "x"), found(as_role, role, "")
        connection.execute(f"ALTER ROLE {role} PASSWORD 'new'; CREATE ROLE {group} PASSWORD 'new'")
        yield found(as_role, role, "right"), as_role(role, "new").info.transaction_status, found(as_role, group, "new")
        yield found(connect, user=role, password="new")  # lc_messages in the URL is not for everybody
        connection.execute(f"ALTER ROLE {role} PASSWORD NULL")
        yield found(as_role, role, "new")
        yield error_of(connection, f"CREATE ROLE {role}"), error_of(connection, f"DROP ROLE {role}x")


@check
def roles_may_what_they_have_been_granted():
    with new_names("FIRST", "OWNER", "APP") as (name, owner, app), autocommit() as connection:
        for role in (owner, app):
            connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'right'")
        connection.execute(f"CREATE DATABASE {name}")
        yield error_of(connection, f"ALTER DATABASE {name} OWNER TO {owner}")
        as_owner, as_app = (as_role(role, "right", dbname=name, autocommit=True) for role in (owner, app))
        yield error_of(as_owner, "CREATE TABLE t (id serial PRIMARY KEY, a text)")
        statements = ["SELECT * FROM t", "INSERT INTO t (a) VALUES ('x')", "DROP TABLE t", "CREATE TABLE u (a int)"]
        for grant in (
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {app}", f"GRANT INSERT ON t TO {app}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}", f"GRANT CREATE ON SCHEMA public TO {app}",
        ):  # fmt: skip
            yield error_of(as_owner, grant), [error_of(as_app, statement) for statement in statements]
        yield error_of(as_app, f"CREATE ROLE {app}x"), error_of(as_app, f"CREATE DATABASE {app}")
        yield error_of(as_app, f"SET ROLE {owner}"), rows(as_app, "SELECT current_schema(), current_database()")
        yield rows(as_owner, "SELECT relname, relowner::regrole::text = current_user FROM pg_class WHERE relname = 't'")


@check
def a_role_keeps_its_turn_s_settings():
    with new_names("ROLE") as [role], autocommit() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'right'")
        mine = as_role(role, "right", autocommit=True)
        mine.execute("SET statement_timeout = '1min'")
        for each in (connection, mine, connection, mine):
            yield rows(each, "SELECT current_user, session_user, current_setting('statement_timeout')")
            yield error_of(each, "SET lc_messages = 'C'")
