"""`tox -e marks -- FOLDER`: what learners have handed in, run afresh and marked by the workbook's own checkers.

    python -m workbook.marks FOLDER [--csv FILE] [--seconds 180] [--at-once 2] [--memory 2048] [--disk 2048]

`handed_in` finds the notebooks, `runs` starts a process for each and ends it with all
that came of it, `judge` is that process, `table` says what it found. A learner's code
runs in a kernel, and in commands that the kernel or a checker starts; never in the
judge, which alone says what is done.
"""
