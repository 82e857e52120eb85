"""What the verifier prints: a line a check, a summary over many projects, and JUnit's XML."""
import xml.etree.ElementTree as xml
from typing import NamedTuple

from workbook.verify.findings import CHECKS, ERROR, Finding


class Line(NamedTuple):
    """What a check has found on a database ("" if it needs none); `left_out` says why it was not made."""

    check: str
    database: str
    findings: list[Finding]
    left_out: str = ""

    @property
    def word(self):
        if self.left_out:
            return "left out"
        if any(finding.level == ERROR for finding in self.findings):
            return "FAULT"
        return "look" if self.findings else "ok"


class Report(NamedTuple):
    """All that was found in a project; `why_not` says in one line why nothing could be."""

    name: str
    about: str
    lines: list[Line]
    why_not: str = ""

    def count(self, word):
        return sum(line.word == word for line in self.lines)

    @property
    def result(self):
        if self.why_not:
            return "not verified"
        return "FAULTS" if self.count("FAULT") else "clean"


def printed(line):
    """Yield the texts for a Line: what was checked and the result, then each finding and what to do."""
    title, notebook = CHECKS[line.check]
    yield f"  {line.word:8}  {title:38} {line.database}{line.left_out and f' {line.left_out}'}".rstrip()
    for finding in line.findings:
        yield f"      {f'{finding.revision}: ' if finding.revision else ''}{finding.what}"
    for do in dict.fromkeys(finding.do for finding in line.findings):
        yield f"      → {do}"
    if line.findings:
        yield f"      → notebook {notebook}"


def summary(reports):
    """Yield the table over many projects."""
    width = max(len(report.name) for report in reports)
    yield f"{'project':{width}}  result        checks  faults  to look at  revisions at fault"
    for report in reports:
        revisions = dict.fromkeys(
            finding.revision or CHECKS[line.check].title
            for line in report.lines for finding in line.findings if finding.level == ERROR
        )  # fmt: skip
        numbers = f"{len(report.lines):6}  {report.count('FAULT'):6}  {report.count('look'):10}"
        yield f"{report.name:{width}}  {report.result:12}  {numbers}  {', '.join(revisions) or report.why_not}".rstrip()


def junit(reports):
    """The reports as JUnit's XML: a suite a project, a case a check and database."""
    root = xml.Element("testsuites")
    for report in reports:
        failed = report.count("FAULT")
        counts = {"tests": len(report.lines), "failures": failed, "errors": int(bool(report.why_not))}
        counts["skipped"] = report.count("left out")
        suite = xml.SubElement(root, "testsuite", {"name": report.name} | {key: str(n) for key, n in counts.items()})
        if report.why_not:
            case = xml.SubElement(suite, "testcase", {"classname": report.name, "name": "verify"})
            xml.SubElement(case, "error", {"message": plain(report.why_not)})
        for line in report.lines:
            name = f"{CHECKS[line.check].title} {line.database}".strip()
            case = xml.SubElement(suite, "testcase", {"classname": report.name, "name": name})
            if line.left_out:
                xml.SubElement(case, "skipped", {"message": plain(line.left_out)})
            if line.word == "FAULT":
                first = next(finding for finding in line.findings if finding.level == ERROR)
                message = plain(f"{first.revision or ''} {first.what}".strip())
                failure = xml.SubElement(case, "failure", {"message": message})
                failure.text = plain("\n".join(printed(line)))
            elif line.findings:
                xml.SubElement(case, "system-out").text = plain("\n".join(printed(line)))
    xml.indent(root)
    return xml.tostring(root, encoding="unicode") + "\n"


def plain(text):
    """`text` without the characters that XML cannot hold."""
    return "".join(letter if letter in "\t\n" or letter >= " " else "?" for letter in text)
