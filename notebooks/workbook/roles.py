"""Roles of a notebook's own on the PostgreSQL server, made as an administrator makes them."""
import atexit
from contextlib import suppress

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from workbook import postgres, views
from workbook.workspace import run_sql


class Administrator:
    """The server's own role, which may do everything, in the database of a Workspace on PostgreSQL.

    A server has its roles in common for all its databases, so `new_name` gives each notebook names of its own. When
    this process ends, the databases and roles of its Administrators are dropped.
    """

    def __init__(self, work):
        self.url, self.server = work.url, postgres.server_url()  # kept: the Workspace may get another role's URL
        self.databases, self.roles = [self.url], []
        # Settings of the session, which only this role may ask for: see postgres.SESSION.
        for setting in ("timezone = 'UTC'", "lc_messages = 'C'"):
            self.sql(f'ALTER DATABASE "{self.database}" SET {setting}')
        atexit.register(self.drop)

    @property
    def database(self):
        """The name of the database."""
        return make_url(self.url).database

    def new_name(self):
        """A name for a role that is made next."""
        self.roles.append(postgres.new_name())
        return self.roles[-1]

    def new_database(self):
        """The URL of a new, empty database for this role."""
        self.databases.append(postgres.create_database())
        return self.databases[-1]

    def sql(self, *statements):
        """Run SQL statements, each in a transaction of its own; Refused by the first that fails."""
        for statement in statements:
            run_sql(self.url, statement)

    def url_of(self, role, password):
        """The URL of the database for a role."""
        url = make_url(self.url).difference_update_query(["options"]).set(username=role, password=password)
        return url.render_as_string(hide_password=False)

    def drop(self):
        """Drop the databases and then the roles, which own nothing any more."""
        atexit.unregister(self.drop)
        with suppress(OperationalError), postgres.admin_connection(self.server) as connection:  # if it is there still
            for url in self.databases:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')
            for role in self.roles:
                connection.exec_driver_sql(f'DROP ROLE IF EXISTS "{role}"')


def refusals(url, *statements):
    """[what the database says, or None if it allows it] of each statement: each is run in `url`, and rolled back."""
    found = []
    with create_engine(url, poolclass=NullPool).connect() as connection:
        for statement in statements:
            try:
                connection.exec_driver_sql(statement)
                found.append(None)
            except DBAPIError as error:
                found.append(str(error.orig).partition("\n")[0])
            connection.rollback()
    return found


def tries(url, *statements):
    """Show what the database says to each statement; none of them changes anything."""
    return views.Rows(["statement", "the database says"], [
        (statement, refusal or "allowed") for statement, refusal in zip(statements, refusals(url, *statements))
    ])  # fmt: skip
