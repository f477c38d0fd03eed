"""Make ``reparam/_kernels/polynomials.h``: near-minimax polynomials of elementary functions.

``python tools/kernel_polynomials.py`` prints the error of each. Coefficients start with that of the
highest power.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpmath import chebyfit, mp, mpf

DIGITS = 60

HEADER = """\
// Polynomials of elementary functions: made by tools/kernel_polynomials.py, not by hand.
// Coefficients start with that of the highest power.
#pragma once
"""


def exp_rest(s: Any) -> Any:
    """Return (e^s − 1 − s)/s²."""
    return (mp.expm1(s) - s) / s**2 if abs(s) > 1e-20 else mpf(1) / 2 + s / 6


def atanh_rest(square: Any) -> Any:
    """Return (2 atanh(s)/s − 2)/s² of s²."""
    if square < 1e-18:
        return mpf(2) / 3
    s = mp.sqrt(square)
    return (2 * mp.atanh(s) / s - 2) / square


def polynomials() -> dict[str, tuple[str, Callable[[Any], Any], Any, Any, int]]:
    """Return by name what it is, the function, where it holds, and the degree."""
    half = mp.log(2) / 2 * mpf("1.0001")
    of_log = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    of_low = (mpf("0.63") / (2 - mpf("0.63"))) ** 2
    return {
        "EXP": ("(e^s - 1 - s)/s^2 for |s| <= log(2)/2", exp_rest, -half, half, 10),
        "BEND": ("(e^s - 1 - s)/s^2 for |s| <= 1/2", exp_rest, -mpf(0.5), mpf(0.5), 11),
        "LOG": ("(2 atanh(s)/s - 2)/s^2 of s^2, s <= 0.1716", atanh_rest, mpf(0), of_log, 6),
        "ATANH": ("(2 atanh(s)/s - 2)/s^2 of s^2, s <= 0.4599", atanh_rest, mpf(0), of_low, 11),
    }


def main() -> None:
    text = HEADER
    with mp.workdps(DIGITS):
        for name, (what, function, low, high, degree) in polynomials().items():
            entries, error = chebyfit(function, [low, high], degree + 1, error=True)
            print(f"{name}: {what}: error {mp.nstr(error, 2)}")
            rows = "".join(f"    {float(entry).hex()},\n" for entry in entries)
            text += f"\n// {what}\nconstexpr double {name}[] = {{\n{rows}}};\n"
    path = Path(__file__).parents[1] / "reparam" / "_kernels" / "polynomials.h"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
