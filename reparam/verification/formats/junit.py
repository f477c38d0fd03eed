"""JUnit's XML, as CI systems read it: a suite a target, a case a witness.

Attributes and elements are those of Jenkins's schema junit-10.xsd.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from reparam.verification import wording
from reparam.verification.results import Check, Outcome, Report

__all__ = ["check", "end"]


def check(check: Check) -> str:
    """Return nothing: the elements have counts of what follows."""
    return ""


def end(report: Report) -> str:
    """Return the document."""
    counts = _counts(report.checks, len(report.unseen))
    del counts["skipped"]  # the schema has it for suites alone
    root = ET.Element(
        "testsuites", {"name": "reparam verify", "time": _seconds(report.seconds), **counts}
    )
    for target, group in groupby(report.checks, key=lambda check: check.target):
        checks = list(group)
        total = _seconds(sum(check.seconds for check in checks))
        name, counted = wording.printable(target), _counts(checks, target in report.unseen)
        suite = ET.SubElement(root, "testsuite", {"name": name, "time": total, **counted})
        facts = ET.SubElement(suite, "properties")
        for key in ("version", "level", "seed", "false_alarm"):
            ET.SubElement(facts, "property", name=key, value=str(getattr(report, key)))
        for check in checks:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=name,
                name=check.witness,
                time=_seconds(check.seconds),
            )
            _verdict(case, check)
        if target in report.unseen:
            case = ET.SubElement(suite, "testcase", classname=name, name="anything", time="0.000")
            message = "nothing was verified of it"
            ET.SubElement(case, "failure", type="unseen", message=message).text = message
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _verdict(case: ET.Element, check: Check) -> None:
    """Say what is not right with a case; one that holds is empty."""
    if check.outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", message=wording.printable(check.reason))
    elif check.outcome is not Outcome.HOLDS:
        lines = check.findings()
        kind = "crashed" if check.crashed else str(check.outcome)
        element = "error" if check.crashed else "failure"
        ET.SubElement(case, element, type=kind, message=lines[0]).text = "\n".join(lines)


def _counts(checks: Sequence[Check], unseen: int) -> dict[str, str]:
    """Return how many cases there are: one more for each target of which nothing was seen."""
    crashed = sum(check.crashed for check in checks)
    skipped = sum(check.outcome is Outcome.SKIPPED for check in checks)
    holding = sum(check.outcome is Outcome.HOLDS for check in checks)
    return {
        "tests": str(len(checks) + unseen),
        "failures": str(len(checks) - crashed - skipped - holding + unseen),
        "errors": str(crashed),
        "skipped": str(skipped),
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
