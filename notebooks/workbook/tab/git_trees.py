"""What is in a commit, in git's index and in the folder: {path: id of the content}; and the way between them."""
import os
from pathlib import Path

from dulwich.ignore import IgnoreFilterManager
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob


class Failed(Exception):
    """How git ends that refuses something: the exit code, and what it prints."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def tree_of(repo, name):
    """The id of the tree of HEAD, or None if there is no commit yet."""
    try:
        return repo[repo.refs[name.encode()]].tree
    except KeyError:
        return None


def files_of(repo, tree):
    """The files of a tree, which is given by its id or None."""
    if tree is None:
        return {}
    return {os.fsdecode(each.path): each.sha for each in iter_tree_contents(repo.object_store, tree)}


def tracked(repo):
    """The files of the index; of one in conflict, what is in the current branch."""
    found = {}
    for path, entry in repo.open_index().items():
        entry = getattr(entry, "this", entry) or entry.other
        found[os.fsdecode(path)] = entry.sha
    return found


def work_tree(repo):
    """The files of the folder, without those that .gitignore names and the index has not."""
    root, known, found = Path(repo.path), tracked(repo), {}
    ignored = IgnoreFilterManager.from_repo(repo)
    for place, folders, names in os.walk(root):
        base = Path(place).relative_to(root)
        folders[:] = [
            name for name in folders if name != ".git" and not ignored.is_ignored(f"{(base / name).as_posix()}/")
        ]
        for name in names:
            path = (base / name).as_posix()
            if path in known or not ignored.is_ignored(path):
                found[path] = Blob.from_string((root / path).read_bytes()).id
    for path in known.keys() - found.keys():  # in an ignored folder
        if (root / path).is_file():
            found[path] = Blob.from_string((root / path).read_bytes()).id
    return found


def changed(old, new):
    """[(path, its id before, its id after)] of what differs; None where there is no such file."""
    return [(p, old.get(p), new.get(p)) for p in sorted(old.keys() | new.keys()) if old.get(p) != new.get(p)]


def move_to(repo, tree, what, before_you):
    """Make index and folder those of `tree`, and keep what was changed in other files, as git does.

    Failed if a file would be lost that is changed or not in git; `what` and `before_you` are words of that message.
    """
    old, new = files_of(repo, tree_of(repo, "HEAD")), files_of(repo, tree)
    staged, there = tracked(repo), work_tree(repo)
    moves = changed(old, new)
    mine = [path for path, before, _ in moves if before and not (staged.get(path) == there.get(path) == before)]
    if mine:
        files = "".join(f"\t{path}\n" for path in mine)
        raise Failed(1, f"error: Your local changes to the following files would be overwritten by {what}:\n{files}"
                        f"Please commit your changes or stash them before you {before_you}.\nAborting\n")  # fmt: skip
    unknown = [path for path, before, after in moves if not before and path in there and there[path] != after]
    if unknown:
        files = "".join(f"\t{path}\n" for path in unknown)
        raise Failed(1, "error: The following untracked working tree files would be overwritten by "
                        f"{what}:\n{files}Please move or remove them before you {before_you}.\nAborting\n")  # fmt: skip
    root = Path(repo.path)
    for path, _, after in moves:
        if after is None:
            (root / path).unlink(missing_ok=True)
            remove_empty(root, (root / path).parent)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(repo[after].data)
    repo.get_worktree().stage([path for path, _, _ in moves])


def remove_empty(root, folder):
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
