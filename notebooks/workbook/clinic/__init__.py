"""The repair clinic: projects that are really broken, to be diagnosed and repaired.

`case("lost_revision")` breaks a scratch copy and tells what its owner saw;
`check("lost-revision", work)` says whether it is repaired. `on_call()` deals
cases in random order and notes which were solved, on this machine only.
`compare_with_new(work)` tells whether the tables are those that the scripts make.
`find("…")` names the lesson for the text of an error.
"""
from workbook.clinic.examination import compare_with_new
from workbook.clinic.patients import CASES, Case, Patient, case
from workbook.clinic.record import on_call, summary
from workbook.clinic.symptoms import find

__all__ = ["CASES", "Case", "Patient", "case", "compare_with_new", "find", "on_call", "summary"]
