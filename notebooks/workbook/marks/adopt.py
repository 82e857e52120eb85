"""A learner's scratch copy put into the place of the one that the workbook's own setup cell has made for the judge."""
import re
import shutil
from contextlib import suppress
from datetime import datetime

from sqlalchemy import make_url

from workbook import postgres
from workbook.workspace import projects

# Run in the learner's kernel: what a patient's rows were, all values as text
ROWS_AS_TEXT = "{{t: {{str(k): {{c: str(v) for c, v in r.items()}} for k, r in m.items()}} for t, m in {}.items()}}"


class NotThere(Exception):
    """What a checker needs of the learner's is not there; the text says why."""


def adopt(work, name, theirs, value):
    """Let the Workspace `work` hold what the learner's has, which is called `name` in their kernel.

    `theirs` is the folder of the learner's scratch copy; `value(expression)` asks their kernel for plain data.
    """
    if not theirs.is_dir() or theirs.is_symlink():
        raise NotThere(f"there is no scratch copy {theirs.name}: the cell that makes it has not run")
    shutil.rmtree(work.folder)
    try:
        shutil.copytree(theirs, work.folder, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise NotThere(f"the scratch copy cannot be read: {str(error)[:200]}") from None
    for attribute, project in projects(work).items():
        if project.database == "postgresql":
            project.variables["DATABASE_URL"] = on_own_server(str(value(f"{name}{attribute}.url")))
        if hasattr(project, "worth"):
            take_times(project.worth, value(ROWS_AS_TEXT.format(f"{name}{attribute}.worth")))


def on_own_server(url):
    """The URL of the database that `url` names; only one that a notebook has made there is taken."""
    name = make_url(url).database or ""
    if not re.fullmatch(r"workbook_\w+", name):
        raise NotThere("the scratch copy is on another database than its own")
    return make_url(postgres.server_url()).set(database=name).render_as_string(hide_password=False)


def take_times(own, theirs):
    """The rows to be saved are ours; only the times that a database gave them are those of the learner's rows."""
    for table, rows in own.items():
        for key, row in rows.items():
            for column, when in row.items():
                if isinstance(when, datetime):
                    with suppress(LookupError, TypeError, ValueError):
                        row[column] = datetime.fromisoformat(theirs[table][str(key)][column])
