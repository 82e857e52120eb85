"""What git prints about a repository: status, diff and log."""
import difflib
import os
import re
import time

from workbook.tab.git_merge import unmerged
from workbook.tab.git_trees import changed, files_of, tracked, tree_of, work_tree

WORDS = {"A": "new file:   ", "M": "modified:   ", "D": "deleted:    "}
FUNCTION = re.compile(r"[A-Za-z_$]")  # begins a line that a hunk's header names


def head(repo):
    """The id of the commit that HEAD is at, or None."""
    try:
        return repo.head()
    except KeyError:
        return None


def branch(repo):
    """The branch's name, or None if HEAD is detached."""
    target = repo.refs.read_ref(b"HEAD")
    return target.decode().removeprefix("ref: refs/heads/") if target.startswith(b"ref:") else None


def below(path, place):
    return not place or place == "." or path == place or path.startswith(f"{place}/")


def kind(before, after):
    return "A" if before is None else "D" if after is None else "M"


def changes(repo):
    """[(path, letter)] of what is staged, of what is changed in the folder, and [path] of what git does not know."""
    old, staged, there = files_of(repo, tree_of(repo, "HEAD")), tracked(repo), work_tree(repo)
    known = {path: each for path, each in there.items() if path in staged}
    conflicts = unmerged(repo)
    first = [(p, kind(b, a)) for p, b, a in changed(old, staged) if p not in conflicts]
    second = [(p, kind(b, a)) for p, b, a in changed(staged, known) if p not in conflicts]
    return first, second, folders(there.keys() - staged.keys(), staged)


def folders(unknown, staged):
    """Paths, and in the place of those in a folder of which git knows nothing, that folder."""
    found = set()
    for path in unknown:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth]) + "/"
            if not any(each.startswith(folder) for each in staged):
                path = folder
                break
        found.add(path)
    return sorted(found)


def short_status(repo, paths):
    """git status --porcelain"""
    first, second, unknown = changes(repo)
    letters = {path: [letter, " "] for path, letter in first}
    for path, letter in second:
        letters.setdefault(path, [" ", " "])[1] = letter
    letters |= {path: "UU" if before else "AA" for path, before in unmerged(repo).items()}
    lines = [f"{''.join(pair)} {path}\n" for path, pair in sorted(letters.items())]
    lines += [f"?? {path}\n" for path in unknown]
    return "".join(line for line in lines if paths is None or any(below(line[3:-1], each) for each in paths))


def status(repo, nothing="No commits yet"):
    """git status; `nothing` is what it says before the first commit."""
    first, second, unknown = changes(repo)
    conflicts, start = unmerged(repo), head(repo)
    named = next((n.decode() for n in repo.refs.subkeys(b"refs/tags/") if repo.refs[b"refs/tags/" + n] == start), None)
    where = f"On branch {branch(repo)}\n" if branch(repo) else f"HEAD detached at {named or start.decode()[:7]}\n"
    parts = [where] if start else [where, f"\n{nothing}\n\n"]
    if conflicts:
        parts += ["You have unmerged paths.\n", '  (fix conflicts and run "git commit")\n',
                  '  (use "git merge --abort" to abort the merge)\n\n']  # fmt: skip
    undo = "git restore --staged" if start else "git rm --cached"
    hints = [] if conflicts else [f'{undo} <file>..." to unstage']
    parts += section("Changes to be committed:", hints, [WORDS[k] + p for p, k in first])
    parts += section("Unmerged paths:", ["git add <file>...\" to mark resolution"],
                     [f"{'both modified:  ' if conflicts[p] else 'both added:     '} {p}" for p in sorted(conflicts)]
                     )  # fmt: skip
    update = "git add/rm" if any(letter == "D" for _, letter in second) else "git add"
    parts += section("Changes not staged for commit:", [
        f"{update} <file>...\" to update what will be committed",
        "git restore <file>...\" to discard changes in working directory",
    ], [WORDS[k] + p for p, k in second])  # fmt: skip
    parts += section("Untracked files:", ["git add <file>...\" to include in what will be committed"], unknown)
    if not first:
        if conflicts or second:
            parts.append('no changes added to commit (use "git add" and/or "git commit -a")\n')
        elif unknown:
            parts.append('nothing added to commit but untracked files present (use "git add" to track)\n')
        else:
            parts.append("nothing to commit, working tree clean\n" if start else
                         'nothing to commit (create/copy files and use "git add" to track)\n')  # fmt: skip
    return "".join(parts)


def section(title, hints, lines):
    if not lines:
        return []
    return [f"{title}\n", *(f'  (use "{hint})\n' for hint in hints), *(f"\t{line}\n" for line in lines), "\n"]


def one_line(commit):
    return f"{commit.id.decode()[:7]} {commit.message.decode().splitlines()[0]}\n"


def log(repo, start, options, paths):
    """git log"""
    found = []
    for entry in repo.get_walker(include=start):
        commit = entry.commit
        before = files_of(repo, repo[commit.parents[0]].tree) if commit.parents else {}
        touched = [] if len(commit.parents) > 1 else changed(before, files_of(repo, commit.tree))
        names = [
            path for path, old, new in touched
            if options.diff_filter in (None, kind(old, new)) and (paths is None or any(below(path, p) for p in paths))
        ]  # fmt: skip
        if names or (paths is None and options.diff_filter is None):
            found.append((one_line(commit) if options.oneline else full(commit), names if options.name_only else []))
    texts = [text + ("\n" if names and not options.oneline else "") + "".join(f"{name}\n" for name in names)
             for text, names in found[: options.most]]  # fmt: skip
    return ("" if options.oneline else "\n").join(texts)


def full(commit):
    when = time.strftime("%a %b %-d %H:%M:%S %Y", time.gmtime(commit.author_time + commit.author_timezone))
    sign = "+" if commit.author_timezone >= 0 else "-"
    zone = "{}{:02}{:02}".format(sign, *divmod(abs(commit.author_timezone) // 60, 60))
    text = "".join(f"    {line}\n" for line in commit.message.decode().splitlines())
    merged = f"Merge: {' '.join(each.decode()[:7] for each in commit.parents)}\n" if len(commit.parents) > 1 else ""
    return f"commit {commit.id.decode()}\n{merged}Author: {commit.author.decode()}\nDate:   {when} {zone}\n\n{text}"


def stat(repo, before, after):
    """How many files and lines a commit has changed, from one tree to another, as git commit says it."""
    changes, more, less, modes = changed(files_of(repo, before), files_of(repo, after)), 0, 0, []
    for path, old, new in changes:
        lines = [repo[each].data.splitlines(True) if each else [] for each in (old, new)]
        for operation, i, j, k, m in difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
            if operation != "equal":
                less, more = less + j - i, more + m - k
        if not (old and new):
            modes.append(f" {'create' if new else 'delete'} mode 100644 {path}\n")
    parts = [plural(len(changes), "file") + " changed"]
    parts += [f"{plural(more, 'insertion')}(+)"] if more or not less else []
    parts += [f"{plural(less, 'deletion')}(-)"] if less or not more else []
    return f" {', '.join(parts)}\n{''.join(modes)}"


def plural(number, word):
    return f"{number} {word}{'s' * (number != 1)}"


def diff(repo, changes, paths, context):
    """git diff of [(path, id before, id after)]; what is after is in the folder."""
    parts = []
    for path, before, after in changes:
        if paths is None or any(below(path, each.rstrip("/")) for each in paths):
            old = repo[before].data.decode("utf-8", "replace").splitlines(True) if before else []
            new = []
            if after:
                with open(os.path.join(repo.path, path), encoding="utf-8", errors="replace", newline="") as file:
                    new = file.read().splitlines(True)
            parts += [header(path, before, after), *hunks(old, new, context)]
    return "".join(parts)


def header(path, before, after):
    ids = "..".join(each.decode()[:7] if each else "0000000" for each in (before, after))
    mode = "" if before and after else "new file mode 100644\n" if after else "deleted file mode 100644\n"
    old, new = f"a/{path}" if before else "/dev/null", f"b/{path}" if after else "/dev/null"
    mode += f"index {ids}{' 100644' if before and after else ''}\n"
    return f"diff --git a/{path} b/{path}\n{mode}--- {old}\n+++ {new}\n"


def hunks(old, new, context):
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context):
        group = [each for each in group if each[0] != "equal" or context]
        (_, a, _, c, _), (_, _, b, _, d) = group[0], group[-1]
        around = next((line.rstrip()[:80] for line in reversed(old[:a]) if FUNCTION.match(line)), "")
        yield f"@@ -{span(a, b)} +{span(c, d)} @@{' ' + around if around else ''}\n"
        for operation, i, j, k, m in group:
            if operation == "equal":
                yield from marked(" ", old[i:j])
            else:
                yield from marked("-", old[i:j])
                yield from marked("+", new[k:m])


def span(start, end):
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"


def marked(mark, lines):
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
