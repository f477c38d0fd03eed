"""One JSON document: :meth:`~reparam.verification.results.Report.from_json` reads it back."""

from __future__ import annotations

import json

from reparam.verification.results import Check, Report

__all__ = ["check", "end"]


def check(check: Check) -> str:
    """Return nothing: the document is written as a whole."""
    return ""


def end(report: Report) -> str:
    """Return the document."""
    return json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
