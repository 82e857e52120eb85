"""The git commands that the workbook uses, by dulwich, which is git in Python: they print what git prints.

Nobody's settings are read but those that workbook.commands gives, and no hook runs.
"""
import argparse
import os
import re
from pathlib import Path

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.objectspec import parse_commit
from dulwich.repo import Repo

from workbook.runners import Finished
from workbook.tab import git_merge, git_text
from workbook.tab.git_trees import Failed, changed, files_of, move_to, tracked, tree_of, work_tree

AMBIGUOUS = """fatal: ambiguous argument '{}': unknown revision or path not in the working tree.
Use '--' to separate paths from revisions, like this:
'git <command> [<revision>...] -- [<file>...]'
"""


class Unknown(Exception):
    """An option that is not known here."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Unknown(message)


def run(arguments, folder):
    """Run `git <arguments>` in `folder`; returns workbook.runners.Finished."""
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if name not in COMMANDS:
        return Finished(1, f"git: a browser tab has no 'git {name}', only {', '.join(sorted(COMMANDS))}\n")
    function, parser = COMMANDS[name]
    rest, paths = (rest[: rest.index("--")], rest[rest.index("--") + 1 :]) if "--" in rest else (rest, None)
    try:
        options = parser.parse_args(rest)
        if name == "init":
            return Finished(0, function(Path(folder), options))
        with Repo(str(folder)) as repo:
            for hook in list(repo.hooks):
                repo.hooks[hook] = NoHook()
            return Finished(0, function(repo, options, paths))
    except Unknown as unknown:
        return Finished(1, f"git: a browser tab has no such 'git {name}': {unknown}\n")
    except NotGitRepository:
        return Finished(128, "fatal: not a git repository (or any of the parent directories): .git\n")
    except Failed as failed:
        return Finished(failed.code, failed.text)


class NoHook:
    def execute(self, *arguments):
        pass


def commit_of(repo, name, message="fatal: invalid reference: {}\n", code=128):
    """The commit that a branch, a tag or an id names, or such as HEAD~1 and HEAD^."""
    start, back = re.fullmatch(r"(.*?)((?:~\d*|\^)*)", name).groups()
    try:
        commit = parse_commit(repo, start.encode())
        for step in re.findall(r"~\d*|\^", back):
            for _ in range(int(step[1:] or 1)):
                commit = repo[commit.parents[0]]
    except (KeyError, ValueError, IndexError):
        raise Failed(code, message.format(name)) from None
    return commit


def person(kind):
    """"Name <address>" of the author or the committer."""
    return f"{os.environ[f'GIT_{kind}_NAME']} <{os.environ[f'GIT_{kind}_EMAIL']}>".encode()


def init(folder, options):
    there = (folder / ".git").exists()
    if not there:
        with porcelain.init(str(folder)) as repo:
            repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/main")
    said = "Reinitialized existing" if there else "Initialized empty"
    return "" if options.quiet else f"{said} Git repository in {folder.resolve()}/.git/\n"


def add(repo, options, paths):
    for name in [*options.names, *(paths or ())]:
        place = "" if name == "." else name.removeprefix("./").rstrip("/")
        known, there = tracked(repo), work_tree(repo)
        found = [path for path in known.keys() | there.keys() if git_text.below(path, place)]
        if not found and place:
            raise Failed(128, f"fatal: pathspec '{name}' did not match any files\n")
        repo.get_worktree().stage(sorted(path for path in found if known.get(path) != there.get(path)))
    return ""


def rm(repo, options, paths):
    names = [*options.names, *(paths or ())]
    for name in names:
        if name not in tracked(repo):
            raise Failed(128, f"fatal: pathspec '{name}' did not match any files\n")
    for name in names:
        (Path(repo.path) / name).unlink(missing_ok=True)
    repo.get_worktree().stage(names)
    return "" if options.quiet else "".join(f"rm '{name}'\n" for name in names)


def commit(repo, options, paths):
    if conflicts := git_merge.unmerged(repo):
        raise Failed(128, git_merge.UNMERGED + "".join(f"U\t{path}\n" for path in sorted(conflicts)))
    merged = git_merge.head_of_merge(repo)
    if not merged and tracked(repo) == files_of(repo, tree_of(repo, "HEAD")):
        raise Failed(1, git_text.status(repo, "Initial commit"))
    first, before = git_text.head(repo) is None, tree_of(repo, "HEAD")
    made = repo.get_worktree().commit(
        message=options.message.encode() + b"\n", author=person("AUTHOR"), committer=person("COMMITTER"),
        merge_heads=[merged] if merged else [],
    )  # fmt: skip
    git_merge.end_merge(repo)
    where = git_text.branch(repo) or "detached HEAD"
    root = " (root-commit)" if first else ""
    said = f"[{where}{root} {made.decode()[:7]}] {options.message.splitlines()[0]}\n"
    return "" if options.quiet else said + ("" if merged else git_text.stat(repo, before, tree_of(repo, "HEAD")))


def status(repo, options, paths):
    return git_text.short_status(repo, paths) if options.porcelain else git_text.status(repo)


def switch(repo, options, paths):
    name, refs = options.name, repo.refs
    if options.create:
        if b"refs/heads/" + name.encode() in refs:
            raise Failed(128, f"fatal: a branch named '{name}' already exists\n")
        if head := git_text.head(repo):
            refs[b"refs/heads/" + name.encode()] = head
        refs.set_symbolic_ref(b"HEAD", b"refs/heads/" + name.encode())
        return "" if options.quiet else f"Switched to a new branch '{name}'\n"
    if not options.detach and b"refs/heads/" + name.encode() not in refs:
        raise Failed(128, f"fatal: invalid reference: {name}\n")
    target = commit_of(repo, name)
    move_to(repo, target.tree, "checkout", "switch branches")
    if options.detach:
        refs.remove_if_equals(b"HEAD", None) if refs.read_ref(b"HEAD").startswith(b"ref:") else None
        refs.set_if_equals(b"HEAD", None, target.id)
        said = f"HEAD is now at {git_text.one_line(target)}"
    else:
        refs.set_symbolic_ref(b"HEAD", b"refs/heads/" + name.encode())
        said = f"Switched to branch '{name}'\n"
    return "" if options.quiet else said


def merge(repo, options, paths):
    other = commit_of(repo, options.name, "merge: {} - not something we can merge\n", 1)
    said = git_merge.merge(repo, other, options.name, person)
    return said.loud() if not options.quiet else said.quiet


def grep(repo, options, paths):
    pattern = options.pattern if options.extended else re.sub(r"([+?|(){}])", r"\\\1", options.pattern)
    found, there = [], work_tree(repo)
    for path in sorted(tracked(repo).keys() & there.keys()):
        if paths is None or any(git_text.below(path, each.rstrip("/")) for each in paths):
            lines = (Path(repo.path) / path).read_bytes().decode("utf-8", "replace").splitlines()
            for number, line in enumerate(lines, 1):
                if re.search(pattern, line):
                    found.append(f"{path}:{number}:{line}\n" if options.number else f"{path}:{line}\n")
    if not found:
        raise Failed(1, "")
    return "".join(found)


def diff(repo, options, paths):
    message = AMBIGUOUS if paths is None else "fatal: bad revision '{}'\n"
    old = files_of(repo, commit_of(repo, options.name, message).tree) if options.name else tracked(repo)
    new = {path: each for path, each in work_tree(repo).items() if path in old or path in tracked(repo)}
    return git_text.diff(repo, changed(old, new), paths, options.unified)


def log(repo, options, paths):
    if git_text.head(repo) is None:
        raise Failed(128, f"fatal: your current branch '{git_text.branch(repo)}' does not have any commits yet\n")
    start = [commit_of(repo, options.name).id] if options.name else None
    return git_text.log(repo, start, options, paths)


def restore(repo, options, paths):
    names = [*options.names, *(paths or ())]
    source = "fatal: could not resolve {}\n"
    files = files_of(repo, commit_of(repo, options.source, source).tree) if options.source else tracked(repo)
    for name in names:
        if name not in files:
            raise Failed(1, f"error: pathspec '{name}' did not match any file(s) known to git\n")
    for name in names:
        (Path(repo.path) / name).parent.mkdir(parents=True, exist_ok=True)
        (Path(repo.path) / name).write_bytes(repo[files[name]].data)
    return ""


def show(repo, options, paths):
    name, _, path = options.name.partition(":")
    if not path:
        raise Unknown("say which file of the commit, such as HEAD:models.py")
    files = files_of(repo, commit_of(repo, name, "fatal: invalid object name '{}'.\n").tree)
    if path not in files:
        raise Failed(128, f"fatal: path '{path}' does not exist in '{name}'\n")
    return repo[files[path]].data.decode("utf-8", "replace")


def tag(repo, options, paths):
    if options.name is None:
        return "".join(f"{name.decode()}\n" for name in sorted(repo.refs.subkeys(b"refs/tags/")))
    name = b"refs/tags/" + options.name.encode()
    if name in repo.refs:
        raise Failed(128, f"fatal: tag '{options.name}' already exists\n")
    repo.refs[name] = commit_of(repo, "HEAD", "fatal: Failed to resolve '{}' as a valid ref.\n").id
    return ""


def branch(repo, options, paths):
    here = git_text.branch(repo)
    names = [name.decode() for name in sorted(repo.refs.subkeys(b"refs/heads/"))]
    return "".join(f"{'*' if name == here else ' '} {name}\n" for name in names)


def parser(*arguments):
    """A parser of these arguments: each a name, or a name and what argparse is told about it."""
    made = Parser(add_help=False, prefix_chars="-")
    made.add_argument("-q", "--quiet", action="store_true")
    for names, settings in arguments:
        made.add_argument(*names.split(), **settings)
    return made


FLAG, MANY, MAYBE = {"action": "store_true"}, {"nargs": "*"}, {"nargs": "?"}
COMMANDS = {
    "init": (init, parser()),
    "add": (add, parser(("names", MANY))),
    "rm": (rm, parser(("names", MANY))),
    "commit": (commit, parser(("-m --message", {"required": True}))),
    "status": (status, parser(("--porcelain", FLAG))),
    "switch": (switch, parser(("-c --create", FLAG), ("--detach", FLAG), ("name", {}))),
    "merge": (merge, parser(("name", {}))),
    "grep": (grep, parser(("-n --number", FLAG), ("-E --extended", FLAG), ("pattern", {}))),
    "diff": (diff, parser(("-U --unified", {"type": int, "default": 3}), ("name", MAYBE))),
    "log": (log, parser(
        ("--oneline", FLAG), ("--name-only", FLAG), ("--diff-filter", {}), ("-n --most", {"type": int}),
        ("name", MAYBE),
    )),
    "restore": (restore, parser(("-s --source", {}), ("names", MANY))),
    "show": (show, parser(("name", {"default": "HEAD", "nargs": "?"}))),
    "tag": (tag, parser(("name", MAYBE))),
    "branch": (branch, parser()),
}  # fmt: skip
