"""The index of symptoms: which lesson explains the text of an error."""
import re
from typing import NamedTuple


class Symptom(NamedTuple):
    """A problem, as it is met.

    `pattern` is a regular expression for what a learner pastes; `evidence` are texts
    of a stored output of `notebook`, one of which the pattern finds (an empty pattern: nothing is said, only seen).
    """

    problem: str
    notebook: str
    evidence: tuple
    pattern: str = ""


SYMPTOMS = []


def find(text):
    """Print where the error in `text` is explained: the problem, and its notebook."""
    text = " ".join(text.split())
    found = [each for each in SYMPTOMS if each.pattern and re.search(each.pattern, text, re.IGNORECASE)]
    for each in found:
        print(f"{each.problem}: {each.notebook}")
    if not found:
        print("No case here has this text. Paste the line that names the error: often the first one, not the last.")
