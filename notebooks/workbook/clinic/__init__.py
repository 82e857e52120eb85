"""The repair clinic: projects that are really broken, to be diagnosed and repaired.

`case("lost_revision")` breaks a scratch copy and tells what its owner saw;
`check("lost-revision", work)` says whether it is repaired. `on_call()` deals
cases in random order and notes which were solved, on this machine only.
`find("…")` names the lesson for the text of an error.
"""
from workbook.clinic.patients import CASES, Case, Patient, case
from workbook.clinic.record import on_call, summary
from workbook.clinic.symptoms import find

__all__ = ["CASES", "Case", "Patient", "case", "find", "on_call", "summary"]
