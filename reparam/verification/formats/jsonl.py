"""JSON lines: one for each check as it is done, and one for the run at the end.

The last line is the only one with ``"schema"``: it is the report's JSON form without the checks.
"""

from __future__ import annotations

import json
from typing import Any

from reparam.verification.results import Check, Report, check_to_json

__all__ = ["check", "end"]


def check(check: Check) -> str:
    """Return the line of a check."""
    return _line(check_to_json(check))


def end(report: Report) -> str:
    """Return the line of the run."""
    return _line({key: value for key, value in report.to_json().items() if key != "checks"})


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"
