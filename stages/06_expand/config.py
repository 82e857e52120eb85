"""Settings, from the environment alone. Nothing here needs editing."""
import os
import secrets

import click
from flask.cli import NoAppException
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError


def settings():
    """Flask's configuration; a wrong DATABASE_URL ends the command in one line."""
    url = database_url("DATABASE_URL", default="sqlite:///app.db")  # in the instance folder
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        # The role that migrates may be another one than the role the app uses.
        "MIGRATION_DATABASE_URL": database_url("MIGRATION_DATABASE_URL"),
        # Never a constant: who knows the key can forge a session.
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_hex(),
        "SECRET_KEY_IS_RANDOM": not os.environ.get("SECRET_KEY"),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "BOOTSTRAP_SERVE_LOCAL": True,
    }


def database_url(name, default=None):
    """The URL in the variable `name`, with the driver that requirements.txt installs."""
    value = os.environ.get(name, default)
    if value is None:
        return None
    try:
        url = make_url(value.strip())
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        dialect = url.get_dialect()
        dialect.import_dbapi()
        dialect().create_connect_args(url)  # refuses sqlite://app.db
    except (NoSuchModuleError, ImportError):
        raise wrong_setting(
            f"{name}: nothing is installed for {url.drivername}://. Use sqlite:/// or postgresql://."
        ) from None
    except (ArgumentError, ValueError):  # the text may hold a password: it is not shown
        raise wrong_setting(
            f"{name} is {'empty' if not value.strip() else 'not a database URL'}. "
            "Unset it, or use sqlite:///app.db or postgresql://user:password@host/database."
        ) from None
    if url.password is not None and value.count("@") > 1:
        raise wrong_setting(f"{name}: a password's @ : / ? # % must be written as %40 %3A %2F %3F %23 %25.")
    return url.render_as_string(hide_password=False)


def wrong_setting(text):
    """The error that ends a command in one line."""
    command = click.get_current_context(silent=True)
    # `flask --help` is answered before Flask's other options are read. It shows a traceback for any other class.
    if command and command.find_root().get_parameter_source("debug") is None:
        return NoAppException(text)
    return click.ClickException(text)


def engine_options(url):
    """No request waits longer than a few seconds, whatever happens to the server."""
    if url.startswith("postgresql"):
        timeouts = {"connect_timeout": 5, "tcp_user_timeout": 5000}
        return {"connect_args": timeouts, "pool_pre_ping": True, "pool_timeout": 5}
    if url.startswith("sqlite") and make_url(url).database not in (None, "", ":memory:"):
        return {"connect_args": {"timeout": 5}, "pool_timeout": 5}
    return {}
