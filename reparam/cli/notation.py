"""Mathematical notation for people; machine formats keep what ``float`` understands."""

import math
import re

__all__ = ["compact", "concise", "plain", "readable"]

#: Characters of a message that are shown.
_MOST = 2000


def readable(domain: str) -> str:
    """Return a domain in mathematical notation."""
    return re.sub(r"\binf\b", "∞", domain.replace("(-inf, inf)", "ℝ"))


def compact(domain: str) -> str:
    """Return a domain in as few letters as a column of many has room for."""
    short = {"(0, ∞)": "ℝ⁺", "{0, 1, …}": "ℕ₀", "{1, 2, …}": "ℕ⁺", ", …, ": "…", "^K": "ᴷ"}
    text = readable(domain)
    for long, letters in short.items():
        text = text.replace(long, letters)
    return re.sub(r"\(([a-z]+), ([a-z]+)\)", r"\1…\2", text)  # ends that are parameters


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


def plain(message: str) -> str:
    """Return a message in one line, with control characters escaped, and cut if it is long."""
    line = " ".join(message.split())
    shown = "".join(letter if letter.isprintable() else _escaped(letter) for letter in line)
    if len(shown) > _MOST:
        shown = f"{shown[: _MOST // 2]} … {shown[-_MOST // 2 :]}"
    return shown


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
