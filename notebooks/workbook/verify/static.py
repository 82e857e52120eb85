"""All checks that only read: the scripts, and the SQL that they print."""
from functools import partial

from workbook.verify.columns import renames, required
from workbook.verify.destructive import without_a_word
from workbook.verify.downgrades import no_way_back
from workbook.verify.fits import fits, one_head
from workbook.verify.imports import app_imports
from workbook.verify.names import unnamed
from workbook.verify.secrets import secrets


def static_checks(has_naming_convention=False):
    """{name of the check, a key of CHECKS: function(history, folder) -> its Findings}, in the order of CHECKS."""
    return {
        "history": fits,
        "heads": one_head,
        "imports": app_imports,
        "names": partial(unnamed, has_naming_convention=has_naming_convention),
        "required": required,
        "rename": renames,
        "destructive": without_a_word,
        "downgrade": no_way_back,
        "secrets": secrets,
    }


def static_findings(history, folder, has_naming_convention=False):
    """The Findings of all of them; no other than `fits` if `history` is None."""
    if history is None:
        yield from fits(None, folder)
        return
    for check in static_checks(has_naming_convention).values():
        yield from check(history, folder)
