"""The errors of one number: relative, forced by its inputs' rounding, and what exceeds both."""

from __future__ import annotations

import math
import signal
import sys
from typing import Any

import cases
import numpy as np
from balls import NoReferenceError, accurate, log10
from flint import arb, ctx

BOUND, ALLOWANCE = 1e-13, 20.0
#: Relative errors are of at least the smallest normal number.
TINY = sys.float_info.min

#: Seconds after which a reference is given up.
PATIENCE = 20.0

Row = dict[str, Any]
Entry = dict[str, Any]


def relative(found: Any, right: Any) -> float:
    """Return the relative error of a number, as a float."""
    found = float(found)
    if isinstance(right, float):
        return 0.0 if found == right or (math.isnan(found) and math.isnan(right)) else math.inf
    if log10(right) > 308.25:  # overflow is right
        return 0.0 if math.isinf(found) else math.inf
    if not math.isfinite(found):
        return math.inf
    ctx.prec = 200
    apart = abs(arb(found) - right)
    return float((apart / abs(right).max(arb(TINY))).mid())


def forced(formula: Any, inputs: list[float], right: Any) -> float:
    """Return how much half an ulp in each input changes the value, added up."""
    total = 0.0
    for i, value in enumerate(inputs):
        changes = [0.0]
        for sign in (1, -1):

            def moved(i: int = i, step: float = sign * 0.5 * math.ulp(value)) -> Any:
                return formula(*(arb(v) + step if j == i else arb(v) for j, v in enumerate(inputs)))

            try:
                other = accurate(moved)
            except (NoReferenceError, ValueError, ZeroDivisionError):
                continue
            if isinstance(other, float):
                return math.inf
            ctx.prec = 400
            changes.append(float((abs(other - right) / abs(right).max(arb(TINY))).mid()))
        total += max(changes)
    return total


def judged(found: Any, formula: Any, inputs: list[float]) -> Row:
    """Return what is found, what is right, and how far they are apart."""
    try:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        right = accurate(lambda: formula(*map(arb, inputs)))
        error = relative(found, right)
        needed = BOUND < error < math.inf
        bound = forced(formula, inputs, right) if needed else 0.0
    except (NoReferenceError, SystemError):  # the latter from inside an integral
        return {"found": float(found), "right": None}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    text = repr(right) if isinstance(right, float) else right.str(20, radius=False)
    excess = error / max(BOUND, ALLOWANCE * bound)
    return {
        "found": float(found),
        "right": text,
        "error": error,
        "forced": bound if needed else None,
        "excess": excess,
    }


def give_up(*_: Any) -> None:
    raise NoReferenceError


def run_case(task: tuple[int, str, int]) -> Entry:
    """Return the numbers of a case, and what went wrong."""
    number, name, seed = task
    signal.signal(signal.SIGALRM, give_up)
    rows: list[Row] = []
    problem = ""
    try:
        with np.errstate(all="ignore"):
            for quantity, found, formula, inputs in cases.checks(name, seed, number):
                row = {"quantity": quantity, "inputs": inputs}
                rows.append(row | judged(found, formula, inputs))
    except Exception as error:  # a case must not end the sweep
        problem = f"{type(error).__name__}: {error}"
    return {"law": name, "number": number, "rows": rows, "problem": problem}
