"""git in a tab: the same commands as real git, in two folders, print the same and leave the same."""

import re

import pytest

from workbook import commands
from workbook.runners.tab import variables
from workbook.tab import git as tab_git

TEXT = "".join(f"line {number}\n" for number in range(1, 21))
CODE = "def upgrade():\n    one()\n    two()\n\n\ndef downgrade():\n    pass\n"
# Steps: a list is a git command, a pair writes a file, and a text deletes one.
BEGIN = [["init", "-q"], ("a.txt", TEXT), ("m/code.py", CODE), (".gitignore", "instance/\n*.db\n"),
         ["add", "."], ["commit", "-qm", "first"]]  # fmt: skip
SIDES = [["switch", "-qc", "other"], ("a.txt", TEXT.replace("line 3\n", "theirs\n")), ("new.txt", "new\n"),
         ["add", "."], ["commit", "-qm", "on the other side"], ["switch", "-q", "main"]]  # fmt: skip
STEPS = {
    "nothing yet": [["status"], ["init"], ["status"], ["log"], ["branch"], ["tag"], ["commit", "-m", "x"]],
    "untracked files": [["init", "-q"], ("a", "1\n"), ("b/c", "2\n"), ["status"], ["add", "b"], ["status"],
                        ["commit", "-m", "b"], ["status", "--porcelain"], ["status"]],
    "ignored files": [*BEGIN, ("instance/app.db", "x"), ("x.db", "x"), ["status"], ["status", "--porcelain"]],
    "changed and deleted files": [*BEGIN, ("a.txt", "other\n"), "m/code.py", ("n", "n\n"), ["status"], ["add", "a.txt"],
                                  ["status"], ["status", "--porcelain"], ["add", "."], ["status"],
                                  ["commit", "-qm", "2"], ["status"]],
    "a commit that says what it did": [*BEGIN, ("a.txt", "one\n" + TEXT), "m/code.py", ["add", "."],
                                       ["commit", "-m", "2"], ("e", ""), ["add", "."], ["commit", "-m", "3"]],
    "nothing to commit": [*BEGIN, ["commit", "-qm", "again"], ["commit", "-m", "again"]],
    "no such file": [*BEGIN, ["add", "missing"], ["rm", "missing"], ["restore", "missing"], ["show", "HEAD:missing"]],
    "rm": [*BEGIN, ["rm", "-q", "a.txt"], ["status"], ["commit", "-qm", "gone"], ["show", "HEAD~1:m/code.py"],
           ["rm", "m/code.py"], ["status", "--porcelain"]],
    "switch": [*BEGIN, *SIDES, ["branch"], ["switch", "other"], ["status"], ["switch", "nowhere"],
               ["switch", "-qc", "other"], ["switch", "main"], ["switch", "-c", "third"]],
    "switch with changes": [*BEGIN, *SIDES, ("m/code.py", "mine\n"), ["switch", "-q", "other"], ["status"],
                            ["switch", "-q", "main"], ("a.txt", "mine\n"), ["switch", "-q", "other"], ["status"]],
    "switch over an unknown file": [*BEGIN, *SIDES, ("new.txt", "mine\n"), ["switch", "-q", "other"]],
    "detached": [*BEGIN, ["tag", "release-1"], *SIDES, ["switch", "-q", "other"],
                 ["switch", "-q", "--detach", "release-1"], ["status"], ["tag"], ["switch", "-q", "main"],
                 ["tag", "release-1"]],
    "fast forward": [*BEGIN, *SIDES, ["merge", "-q", "other"], ["status"], ["merge", "-q", "other"],
                     ["merge", "other"]],
    "merge": [*BEGIN, *SIDES, ("a.txt", TEXT.replace("line 17\n", "ours\n")), ["add", "."], ["commit", "-qm", "ours"],
              ["merge", "-q", "other"], ["status"]],
    "merge of other files": [*BEGIN, *SIDES, ("m/code.py", "ours\n"), ["add", "."], ["commit", "-qm", "ours"],
                             ["merge", "-q", "other"], ["status"]],
    "conflict": [*BEGIN, *SIDES, ("a.txt", TEXT.replace("line 3\n", "ours\n")), ["add", "."], ["commit", "-qm", "ours"],
                 ["merge", "-q", "other"], ["status"], ["status", "--porcelain"], ["commit", "-qm", "too early"],
                 ("a.txt", TEXT), ["add", "a.txt"], ["commit", "-qm", "merged"], ["status"]],
    "conflict of two new files": [*BEGIN, *SIDES, ("new.txt", "ours\n"), ["add", "."], ["commit", "-qm", "ours"],
                                  ["merge", "-q", "other"]],
    "merge with changes": [*BEGIN, *SIDES, ("m/code.py", "ours\n"), ["add", "."], ["commit", "-qm", "ours"],
                           ("a.txt", "mine\n"), ["merge", "-q", "other"]],
    "merge of nothing known": [*BEGIN, ["merge", "-q", "nowhere"]],
    "grep": [*BEGIN, ["grep", "-n", "line 1"], ["grep", "-nE", "one|two", "--", "m"], ["grep", "one|two"],
             ["grep", "-n", "pass", "--", "m/code.py"], ["grep", "-n", "pass", "--", "a.txt"]],
    "diff": [*BEGIN, ("m/code.py", CODE.replace("    two()\n", "    two()\n    three()\n").replace("pass", "four()")),
             ["diff"], ["diff", "-U0"], ["diff", "-U0", "HEAD", "--", "m"], ["diff", "HEAD", "--", "a.txt"]],
    "diff of files that come and go": [*BEGIN, "a.txt", ("n", "no end"), ["add", "n"], ["diff", "HEAD"], ["diff"]],
    "diff with a tag": [*BEGIN, ["tag", "one"], ("a.txt", TEXT + "more\n"), ["add", "."], ["commit", "-qm", "2"],
                        ["diff", "one"], ["diff", "two", "--"]],
    "log": [*BEGIN, ["rm", "-q", "a.txt"], ["commit", "-qm", "gone"], ["log"], ["log", "--oneline"],
            ["log", "--diff-filter=D", "--name-only", "--oneline", "--", "."],
            ["log", "--name-only"], ["log", "-n", "1", "--oneline"]],
    "restore": [*BEGIN, ("a.txt", "lost\n"), ["restore", "a.txt"], ["status"], ["rm", "-q", "m/code.py"],
                ["commit", "-qm", "gone"], ["restore", "--source=HEAD~1", "m/code.py"], ["status"], ["add", "m"],
                ["commit", "-qm", "back"], ["restore", "--source=nowhere", "a.txt"]],
}  # fmt: skip
COMMIT = (r"(?m)^(commit )?[0-9a-f]{40}$|(?<=Merge: )[0-9a-f]{7} [0-9a-f]{7}|^[0-9a-f]{7}(?= )"
          r"|(?<=[ .])[0-9a-f]{7}(?=[].])")  # fmt: skip
QUESTIONS = [["status"], ["log", "--graph", "--format=%s"], ["ls-files", "-s"], ["fsck", "--strict", "--no-dangling"]]
MOMENT = r"(?<=Date:   ).*"


def in_tab(arguments, folder):
    with variables(commands.clean_environment(commands.GIT)):
        return tab_git.run(arguments, folder)


def by_git(arguments, folder):
    return commands.git(arguments, folder)


def play(steps, folder, git):
    """What each command printed, and the files at the end."""
    said = []
    folder.mkdir()
    for step in steps:
        if isinstance(step, list):
            ended = git(step, folder)
            output = ended.output.replace(f"{folder.resolve()}/", "").replace("in ./", "in ")
            said.append((step, ended.code, output if step[0] == "diff" else re.sub(f"{COMMIT}|{MOMENT}", "…", output)))
        elif isinstance(step, tuple):
            path = folder / step[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step[1], "utf-8")
        else:
            (folder / step).unlink()
    return said


def contents(folder):
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_git_in_a_tab_prints_and_leaves_what_git_does(steps, tmp_path):
    real, ours = tmp_path / "real", tmp_path / "ours"
    wanted, found = play(steps, real, by_git), play(steps, ours, in_tab)
    for one, other in zip(wanted, found):
        assert other == one, f"{other[0]}, stored is git's:\n{one[2]}\nin a tab:\n{other[2]}"
    assert contents(ours) == contents(real)
    if (real / ".git").exists():
        for question in QUESTIONS:
            assert by_git(question, ours) == by_git(question, real), f"real git {question} sees something else"
        assert in_tab(["status"], real).output == by_git(["status"], real).output


def test_what_git_in_a_tab_does_not_know_is_one_line(tmp_path):
    in_tab(["init", "-q"], tmp_path)
    for arguments in (["rebase"], [], ["log", "--graph"], ["commit"], ["switch"], ["diff", "-Ux"], ["show", "HEAD"]):
        ended = in_tab(arguments, tmp_path)
        assert ended.code == 1 and ended.output.count("\n") == 1
        assert ended.output.startswith("git: a browser tab has no")


def test_a_hook_of_the_project_does_not_run(tmp_path):
    play(BEGIN, tmp_path / "project", in_tab)
    hook = tmp_path / "project" / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "project" / "b").write_text("b")
    in_tab(["add", "b"], tmp_path / "project")
    assert in_tab(["commit", "-qm", "b"], tmp_path / "project").code == 0
