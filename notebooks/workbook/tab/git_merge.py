"""git merge: fast forward, a commit of two parents, or a conflict to resolve."""
import os
from dataclasses import dataclass
from pathlib import Path

from dulwich import porcelain
from dulwich.graph import find_merge_base

from workbook.tab.git_trees import Failed, changed, files_of, move_to, tracked, work_tree

UNMERGED = """error: Committing is not possible because you have unmerged files.
hint: Fix them up in the work tree, and then use 'git add/rm <file>'
hint: as appropriate to mark resolution and make a commit.
fatal: Exiting because of an unresolved conflict.
"""


@dataclass
class Merged:
    """What a merge prints with -q, and what else without it."""

    quiet: str
    more: str = ""

    def loud(self):
        return self.quiet + self.more


def unmerged(repo):
    """{path that is in conflict: whether the file was there before both sides changed it}"""
    found = {os.fsdecode(path): entry for path, entry in repo.open_index().items()}
    return {path: entry.ancestor is not None for path, entry in found.items() if not hasattr(entry, "sha")}


def head_of_merge(repo):
    """The commit that is being merged, or None."""
    path = Path(repo.controldir()) / "MERGE_HEAD"
    return path.read_bytes().strip() if path.exists() else None


def end_merge(repo):
    for name in ("MERGE_HEAD", "MERGE_MSG", "MERGE_MODE"):
        (Path(repo.controldir()) / name).unlink(missing_ok=True)


def merge(repo, other, name, person):
    """Merge the commit `other`, which is called `name`, into the current branch; Failed on a conflict."""
    here = repo[repo.head()]
    base = find_merge_base(repo, [here.id, other.id])
    if not base:
        raise Failed(128, "fatal: refusing to merge unrelated histories\n")
    if base[0] == other.id:
        return Merged("", "Already up to date.\n")
    if base[0] == here.id:
        move_to(repo, other.tree, "merge", "merge")
        repo.refs[b"HEAD"] = other.id
        return Merged("", f"Updating {here.id.decode()[:7]}..{other.id.decode()[:7]}\nFast-forward\n")
    before, ours, theirs = (files_of(repo, repo[each].tree) for each in (base[0], here.id, other.id))
    both = [p for p, _, new in changed(before, theirs) if ours.get(p) not in (before.get(p), new)]
    refuse_if_changed(repo, ours, [path for path, _, _ in changed(before, theirs)])
    _, conflicts = porcelain.merge(
        repo, other, message=f"Merge branch '{name}'\n".encode(), author=person("AUTHOR"), committer=person("COMMITTER")
    )
    said = "".join(told(path, name, before, ours, theirs, set(map(os.fsdecode, conflicts))) for path in both)
    if not conflicts:
        return Merged(said, "Merge made by the 'ort' strategy.\n")
    for path in map(os.fsdecode, conflicts):
        label(Path(repo.path) / path, name)
    raise Failed(1, f"{said}Automatic merge failed; fix conflicts and then commit the result.\n")


def told(path, name, before, ours, theirs, conflicts):
    """What git says of a file that both sides have changed."""
    if path not in ours or path not in theirs:
        gone, kept = ("HEAD", name) if path not in ours else (name, "HEAD")
        return f"CONFLICT (modify/delete): {path} deleted in {gone} and modified in {kept}.  " \
               f"Version {kept} of {path} left in tree.\n"  # fmt: skip
    how = "content" if path in before else "add/add"
    return f"Auto-merging {path}\n" + (f"CONFLICT ({how}): Merge conflict in {path}\n" if path in conflicts else "")


def refuse_if_changed(repo, ours, paths):
    """Failed if the folder or the index has something else than the commit in a file that the merge would change."""
    staged, there = tracked(repo), work_tree(repo)
    mine = [path for path in paths if not (staged.get(path) == there.get(path) == ours.get(path))]
    if mine:
        files = "".join(f"\t{path}\n" for path in mine)
        raise Failed(2, "error: Your local changes to the following files would be overwritten by merge:\n"
                        f"{files}Please commit your changes or stash them before you merge.\nAborting\n"
                        "Merge with strategy ort failed.\n")  # fmt: skip


def label(path, name):
    """Call the two sides of a conflict what git calls them."""
    if path.exists():
        text = path.read_bytes().replace(b"<<<<<<< ours\n", b"<<<<<<< HEAD\n")
        path.write_bytes(text.replace(b">>>>>>> theirs\n", f">>>>>>> {name}\n".encode()))
