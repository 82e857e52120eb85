"""What must hold for a stage's migrations, each as a function that returns what is wrong in plain lines."""
import io
import re
from pathlib import Path

from alembic import command
from alembic.util import CommandError
from sqlalchemy import text

from workbook.rows import add_rows, rows_of
from workbook.schema import engine_of, schema_differences, schema_of
from workbook.stages import migration_config, stage_app, upgrade
from workbook.verify import imports
from workbook.verify.databases import run_psql
from workbook.verify.driver import Loaded
from workbook.verify.fits import history_in

# A message of these words alone says nothing.
EMPTY_WORDS = {"a", "change", "changes", "empty", "first", "fix", "message", "migration", "new", "update", "wip"}
SLUG_LENGTH = 40  # Alembic's default: longer messages are cut at a word


def model_differences(folder, url, other_url):
    """Where models and migrations disagree. `url` is upgraded, in `other_url` the models make the tables themselves."""
    lines = []
    with stage_app(folder, url) as app:
        upgrade(app)
        for defaults in (False, True):
            found = Loaded(app).differences(compare_server_default=defaults)
            how = " with compare_server_default" if defaults else ""
            lines += [f"flask db check{how}: {line}" for line in found]
    with stage_app(folder, other_url) as app:
        app.extensions["sqlalchemy"].create_all()
    return lines + schema_differences(schema_of(url), schema_of(other_url), ("the migrated database", "the models"))


def wrong_statuses(folder, url, names, offline=False):
    """The rows named `names` that 0005 gives a wrong status; `offline`: by psql, from what --sql prints."""
    with stage_app(folder, url) as app:
        upgrade(app, "0004")
        # The greatest id is inserted first: neither the order of rows nor their times decide.
        insert_models(url, {len(names) - place: name for place, name in enumerate(names)})
        if offline:
            run_psql(url, sql_of(app, command.upgrade, "0004:0005"))
        else:
            upgrade(app, "0005")
    rows = rows_of(url)["model_metadata"]
    assert sorted(row["model_name"] for row in rows.values()) == sorted(names)
    newest = {row["model_name"]: number for number, row in sorted(rows.items())}
    return [
        f"{number}: {row['model_name']!r} is {row['status']}"
        for number, row in rows.items()
        if row["status"] != ("active" if newest[row["model_name"]] == number else "archived")
    ]


def wrong_names(folder, url, offline=False):
    """The users whom 0009 gives a wrong display_name, or its downgrade a wrong name; `offline`: see wrong_statuses."""
    lines = []
    with stage_app(folder, url) as app:
        try:
            lines += renamed_wrongly(app, url, "0008", "0009", ("name", "display_name"), offline)
            lines += renamed_wrongly(app, url, "0009", "0008", ("display_name", "name"), offline)
        except CommandError as error:
            lines.append(str(error))
    return lines


def renamed_wrongly(app, url, start, end, columns, offline):
    source, target = columns
    upgrade(app, start)
    for _ in range(5):  # several batches
        add_rows(url)
    before = rows_of(url)["users"]
    assert any(row[target] is None for row in before.values()), "No row to fill, so this proves nothing."
    way = "upgrade" if start < end else "downgrade"
    if offline:
        run_psql(url, sql_of(app, getattr(command, way), f"{start}:{end}"))
    else:
        getattr(command, way)(migration_config(app), end)
    return [
        f"{start} to {end}: {target} of {key} is {row[target]!r}"
        for key, row in rows_of(url)["users"].items()
        if row[target] != (before[key][target] or before[key][source])
    ]


def insert_models(url, names):
    """Insert models: {id: name}, with no more than a model needs at any revision."""
    query = text("INSERT INTO model_metadata (id, model_name, accuracy) VALUES (:id, :name, 0.5)")
    with engine_of(url).begin() as connection:
        for number, name in names.items():
            connection.execute(query, {"id": number, "name": name})


def sql_of(app, run, revisions):
    """What `flask db upgrade --sql` (`run` is alembic's command.upgrade) or downgrade prints."""
    config = migration_config(app)
    config.output_buffer = io.StringIO()
    run(config, revisions, sql=True)
    return config.output_buffer.getvalue()


def app_imports(folder):
    """One line for each import in a migration that ties it to the app, whose modules will change."""
    return [f"{finding.what} {finding.do}" for finding in imports.app_imports(history_in(folder), folder)]


def unclear_names(folder, script):
    """One line for each revision whose id, message or file name does not tell a reader what it is."""
    lines = []
    for revision in script.walk_revisions():
        file, words = Path(revision.path).stem, re.findall(r"\w+", revision.doc.lower())
        slug = "_".join(words)
        if len(slug) > SLUG_LENGTH:
            slug = slug[:SLUG_LENGTH].rpartition("_")[0] + "_"
        if not re.fullmatch(r"\d{4}[a-z]?", revision.revision):
            lines.append(f"{file}: the id is {revision.revision}; use --rev-id with four digits, such as 0008")
        if len(set(words) - EMPTY_WORDS) < 2:
            lines.append(f"{file}: the message {revision.doc!r} does not say what changes")
        if file != f"{revision.revision}_{slug}":
            lines.append(f"{file}: by its id and message the file is {revision.revision}_{slug}.py")
    return lines


def versions(folder):
    return sorted((Path(folder) / "migrations" / "versions").glob("*.py"))
