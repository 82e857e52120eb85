"""Whether the scripts make one history: read from the files, as Alembic itself gives up on a history that does not."""
import ast
import os
import re
import sys
from pathlib import Path

from workbook.verify.findings import ERROR, WARNING, Finding
from workbook.verify.history import History, Revision, in_order
from workbook.verify.scripts import Script, read, scripts_of

# What Alembic takes for a script, and where no project keeps its own.
SCRIPT_NAME = re.compile(r"(?!\.#|__init__).*\.py")
NOT_LOOKED_INTO = {"node_modules", "site-packages", "__pycache__"}


def one_head(history, folder):
    """Whether `flask db upgrade` knows where to go."""
    parents = {parent for revision in history for parent in revision.parents}
    heads = sorted(revision.id for revision in history if revision.id not in parents)
    if len(heads) > 1:
        files = ", ".join(f"{head} ({Path(history[head].path).name})" for head in heads)
        do = "Look at what each of them changes, then `flask db merge heads`."
        yield Finding("heads", None, f"{len(heads)} heads: {files}.", do)


def fits(history, folder):
    """Whether all scripts can be read and fit together; `history` is None if Alembic could not load them."""
    revisions, unread = [], []
    known = {script.path: script for script in scripts_of(history, folder)} if history else {}
    for path in files_of(history, folder):
        script = known.get(path) or read(Revision(None, (), (), path, ""), folder)
        if isinstance(script, Script):
            revisions.append(declared(script, path))
        else:
            unread.append(path)
            yield unreadable(script, path, loaded=history is not None)
    if not history:
        yield from without_id(revisions)
    placed = [revision for revision in revisions if revision.id]
    yield from twice(placed)
    if not history and not unread:
        yield from misfits(list({revision.id: revision for revision in placed}.values()))


def history_in(folder):
    """The History that the files of the project in `folder` tell, without Alembic; ValueError if they do not fit."""
    scripts = [read(Revision(None, (), (), path, ""), folder) for path in files_of(None, folder)]
    revisions = [declared(script, script.path) for script in scripts if isinstance(script, Script)]
    return History([revision for revision in revisions if revision.id])


def files_of(history, folder):
    """The paths of all scripts, from `folder`, with "/"."""
    if history:
        places = {(folder / revision.path).parent for revision in history}
    else:
        places = [folder / "migrations" / "versions"]
        if not places[0].is_dir():
            places = version_folders(folder)[:1]
    files = [file for place in sorted(places) for file in sorted(place.glob("*.py"))]
    return [Path(os.path.relpath(file, folder)).as_posix() for file in files if SCRIPT_NAME.fullmatch(file.name)]


def version_folders(folder):
    """The folders called versions that stand beside an env.py, the nearest first."""
    found = []
    for place, folders, files in os.walk(folder):
        if "env.py" in files and "versions" in folders:
            found.append(Path(place) / "versions")
        folders[:] = [name for name in folders if name not in NOT_LOOKED_INTO and not name.startswith(".")]
    return sorted(found, key=lambda path: (len(path.parts), path))


def declared(script, path):
    """The Revision that a script says it is. Its id is None if there is none, "?" if only running it would tell."""
    found = {}
    for node in script.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            for target in assigned(node):
                found[target] = node.value
    names = [literal(found.get(name)) for name in ("revision", "down_revision", "depends_on")]
    id = names[0][0] if names[0] else None
    return Revision(id, names[1], names[2], path, (ast.get_docstring(script.tree) or "").partition("\n")[0])


def assigned(node):
    """The names that an assignment gives a value of its own."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def literal(node):
    """The ids that an expression stands for, as a tuple; ("?",) if only running the script would tell."""
    try:
        value = ast.literal_eval(node) if node else None
    except ValueError:
        return ("?",)
    return (value,) if isinstance(value, str) else tuple(value or ())


def unreadable(error, path, loaded):
    line = f", line {error.lineno}" if getattr(error, "lineno", None) else ""
    reason = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}"
    what = f"{path}{line}: Python {sys.version_info.major}.{sys.version_info.minor} cannot read it. {reason}"
    if loaded:
        do = "Nothing: the project's own Python can. No check has looked at its text."
        return Finding("history", None, what, do, WARNING)
    do = "Correct it: with one script that cannot be read no `flask db` command works."
    return Finding("history", None, what, do, ERROR)


def without_id(revisions):
    for revision in revisions:
        if revision.id is None:
            what = f"{revision.path}: no `revision = …` in it, so Alembic cannot place it."
            yield Finding("history", None, what, "If it is no migration, it does not belong beside them.")


def twice(revisions):
    files = {}
    for revision in revisions:
        files.setdefault(revision.id, []).append(revision.path)
    for id, paths in files.items():
        if len(paths) > 1 and id != "?":
            do = "Alembic takes one and forgets the other: give one of them an id of its own."
            yield Finding("history", id, f"{id} is the id of {len(paths)} scripts: {', '.join(paths)}.", do)


def misfits(revisions):
    ids = {revision.id for revision in revisions}
    if "?" in ids or any("?" in revision.before for revision in revisions):
        return  # some script computes its place
    lost = False
    for revision in revisions:
        for parent in revision.parents:
            if parent not in ids:
                lost = True
                do = "Take it out of git again (`git log --all -- <its path>`), or correct `down_revision`."
                what = f"{revision.path} comes after {parent}, which is in no script."
                yield Finding("history", revision.id, what, do)
    if not lost:
        try:
            in_order([revision._replace(needs=()) for revision in revisions])
        except ValueError as error:
            do = "Follow the `down_revision` from file to file, and correct the one that points forward."
            yield Finding("history", None, f"{error}.", do)
