"""Where the stages are, and their apps, loaded so that they never see each other."""
import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "stages"
NOTEBOOKS = ROOT / "notebooks"
TEMPLATES = ROOT / "shared_templates"


def stage_folders():
    """The folders of all stages in their order; a stage is known by its folder's name alone."""
    return sorted(path for path in STAGES.glob("[0-9][0-9]_*") if path.is_dir())


def stage_folder(name):
    """The folder of the stage `name`; ValueError if there is none."""
    if name not in (names := [folder.name for folder in stage_folders()]):
        raise ValueError(f"There is no stage {name!r}. The stages are {', '.join(names)}.")
    return STAGES / name


@contextmanager
def environment(**variables):
    """Set environment variables for the block; None unsets one."""
    before = {name: os.environ.get(name) for name in variables}
    set_variables(variables)
    try:
        yield
    finally:
        set_variables(before)


def set_variables(variables):
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def stage_app(folder, url, **variables):
    """The Flask app of the project in `folder` on the database `url`, with an app context pushed.

    The modules of all stages have the same names (app, models, …). They are
    imported for this app alone and taken out of `sys.modules` again, so apps
    of several stages can live in one process. In-process commands are 50 to
    80 times faster than a subprocess for each.
    """
    wanted = {"DATABASE_URL": url, "MIGRATION_DATABASE_URL": None, "SECRET_KEY": "for tests"} | variables
    with environment(**wanted):
        with own_modules(Path(folder)):
            app = importlib.import_module("app").create_app()
        with app.app_context():
            try:
                yield app
            finally:
                app.extensions["sqlalchemy"].session.remove()
                app.extensions["sqlalchemy"].engine.dispose()


@contextmanager
def own_modules(folder):
    """Within the block, imports find the modules of the project in `folder` first, and afresh."""
    names = {path.stem for path in folder.glob("*.py")}
    others = {name: sys.modules.pop(name) for name in names & sys.modules.keys()}
    write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = write_bytecode
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def migration_config(app):
    """Alembic's Config for `app`, as `flask db` builds it."""
    return app.extensions["migrate"].migrate.get_config()


def upgrade(app, revision="head", **options):
    """`flask db upgrade`, in this process; alembic's CommandError if it fails."""
    command.upgrade(migration_config(app), revision, **options)


def downgrade(app, revision, **options):
    """`flask db downgrade`, in this process; alembic's CommandError if it fails."""
    command.downgrade(migration_config(app), revision, **options)


def script_directory(folder):
    """Alembic's ScriptDirectory of the project in `folder`: its revisions, without a database.

    The scripts are loaded; it raises what they raise, and CommandError or KeyError if they do not fit together.
    """
    directory = ScriptDirectory(str(Path(folder) / "migrations"))
    with own_modules(Path(folder)):  # a script may import the app's modules, for a type of its own
        directory.get_heads()
    return directory
