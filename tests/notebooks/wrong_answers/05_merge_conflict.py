"""Wrong but plausible answers to the exercises of 05_merge_conflict, and a part of what each is told."""

REPARENT = """mine.edit(mine.script("0008b"), "down_revision = '0007'", "down_revision = '0008a'")\n"""
AFTER_MINE = """mine.edit(mine.script("0008a"), 'down_revision = "0007"', 'down_revision = "0008b"')\n"""
UNKNOWN = """mine.edit(mine.script("0008b"), "down_revision = '0007'", "down_revision = '0008'")\n"""

WRONG = {
    "branch-b-alone": [
        ("%flask db downgrade 0006b\n%flask db upgrade 0006b", "Only the merge is undone"),
        ("%flask db downgrade 0005", "not to the head"),
        ("%flask db downgrade 0005\n%flask db upgrade 0006a", "is to be at 0006b"),
        ("%flask db stamp 0006b", "by stamp"),
        ("%flask db downgrade base\n%flask db upgrade 0006b", "too far"),
    ],
    "one-line": [
        ('%flask db merge heads -m "merge" --rev-id 0009\n%flask db upgrade', "merge script"),
        (AFTER_MINE + "%flask db upgrade", "on the server"),
        (UNKNOWN, "no script has"),
        ("%flask db downgrade 0007\n" + REPARENT, "is at 0007"),
        (REPARENT + "%flask db upgrade", "never ran here"),
        ("%flask db downgrade 0007\n" + REPARENT + "%flask db upgrade 0008a\n%flask db stamp 0008b", "no column tags"),
    ],
}
