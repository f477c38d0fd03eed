"""Numbers with their standard errors, as text."""

from __future__ import annotations

import math

__all__ = ["concise"]


def concise(value: float, error: float) -> str:
    """Return a value with two digits of its standard error after it: 1.9987(89) is ± 0.0089."""
    if not 0.0 < error < math.inf or not math.isfinite(value):
        return f"{value:.6g}" + (f"({error:g})" if error and not math.isnan(error) else "")
    digits = 1 - math.floor(math.log10(float(f"{error:.1e}")))
    if digits > 9 or abs(value) >= 1e9:
        exponent = math.floor(math.log10(max(abs(value), error)))
        last = f"{error * 10.0**digits:.0f}"
        return f"{value / 10.0**exponent:.{max(digits + exponent, 0)}f}({last})e{exponent}"
    if digits <= 0:
        return f"{round(value, digits):.0f}({round(error, digits):.0f})"
    last = f"{error:.1f}" if digits == 1 else f"{error * 10.0**digits:.0f}"
    return f"{value:.{digits}f}({last})"
