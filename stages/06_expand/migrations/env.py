"""What `flask db` runs around your migrations. Nothing here needs editing.

This is Flask-Migrate's usual flow. What keeps your data safe in it is in
safety.py, beside this file.
"""
import logging
from pathlib import Path

from alembic import context
from alembic.util import CommandError, load_python_file
from flask import current_app
from flask.logging import wsgi_errors_stream
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

# Read from its place, as Alembic reads this file: an `import safety` might find a module of the app.
safety = load_python_file(Path(__file__).parent, "safety.py")
migrate = current_app.extensions["migrate"]
logger = logging.getLogger("alembic.env")


def run_migrations_offline():
    """`--sql`: print the statements instead of running them."""
    context.configure(url=migration_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **options())
    run_migrations()


def run_migrations_online():
    looks = only_looks()
    with safety.connect(new_engine(looks)) as connection:
        context.configure(connection=connection, dont_mutate=looks, **options())
        if looks:
            safety.look(connection, run_migrations)
        else:
            safety.run(connection, run_migrations)


def run_migrations():
    with context.begin_transaction():
        context.run_migrations()


def only_looks():
    """Whether this is `current`, `check`, `history`, `migrate` or the like, which change no database."""
    try:
        context.get_revision_argument()
    except KeyError:  # no revision to go to
        return True
    except CommandError:  # one that cannot be found, as will be said later
        pass
    return False


def options():
    """The app's own `Migrate(app, db, …)` arguments, over these defaults."""
    return {
        "target_metadata": migrate.db.metadata,
        "process_revision_directives": skip_empty_revisions,
        "transaction_per_migration": True,
        "transactional_ddl": True,  # SQLite can, if BEGIN really comes first
        **migrate.configure_args,
    }


def skip_empty_revisions(migration_context, revision, directives):
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        logger.info("No changes in schema detected.")


def new_engine(looks):
    """An engine of the migrations' own, that connects as the app does."""
    url, app_url = migration_url(), migrate.db.engine.url
    given = current_app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {})
    # `connect_args` are for one kind of database, a `creator` is for one database.
    kept = {"connect_args": url.get_backend_name() == app_url.get_backend_name(), "creator": url == app_url}
    if looks and is_missing(url):
        url = "sqlite://"  # to look at a database must not create it; an empty one looks the same
    return create_engine(url, poolclass=NullPool, **{name: given[name] for name in given if kept.get(name)})


def migration_url():
    """MIGRATION_DATABASE_URL if it is set: the app's role need not own tables."""
    if not current_app.config.get("MIGRATION_DATABASE_URL"):
        return migrate.db.engine.url
    url = make_url(current_app.config["MIGRATION_DATABASE_URL"])
    return url.set(database=str(Path(current_app.instance_path, url.database))) if is_file(url) else url


def is_file(url):
    return url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:"))


def is_missing(url):
    return is_file(url) and Path(url.database).parent.is_dir() and not Path(url.database).exists()


def show_progress():
    """Let the terminal show what Alembic says, unless the app has set up logging."""
    for log in map(logging.getLogger, ("alembic", "flask_migrate")):
        if not logging.getLogger().handlers and {type(handler) for handler in log.handlers} <= {logging.NullHandler}:
            handler = logging.StreamHandler(wsgi_errors_stream)
            handler.setFormatter(logging.Formatter("%(levelname)-5.5s [%(name)s] %(message)s"))
            log.addHandler(handler)
            log.setLevel(logging.INFO)
    for chatty in ("alembic.runtime.plugins", "alembic.ddl.postgresql"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


show_progress()
with safety.one_line_errors():
    if context.is_offline_mode():
        run_migrations_offline()
    else:
        run_migrations_online()
