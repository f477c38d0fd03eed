"""Texts and numbers as all formats write them."""

from __future__ import annotations

import re

__all__ = ["number", "printable", "short"]

#: Characters of a message, at most: a target may raise any.
_LONGEST = 2000
#: A number of fewer digits than this that is relatively as near to another stands for it.
_FEWER, _NEARLY = 3, 1e-6
#: Control characters, and halves of surrogate pairs: no text, though a target's message may
#: have them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return a text on one line, with escapes for what is not text, and no longer than a page."""
    line = " ".join(text[: 2 * _LONGEST].split())
    line = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def number(value: float, digits: int) -> str:
    """Return a number in `digits` digits, or in all where these make it one of fewer.

    Examples
    --------
    >>> number(1.0, 6), number(1.0 / 3.0, 6), number(1.0 - 2.0**-52, 6)
    ('1', '0.333333', '0.9999999999999998')
    """
    text = f"{value:.{digits}g}"
    if float(text) != value and len(text.lstrip("-").partition("e")[0].strip("0.")) < _FEWER:
        return repr(float(value)) if abs(float(text) - value) < _NEARLY * abs(value) else text
    return text


def short(number: float) -> str:
    """Return a number's two leading digits: ``1e-9``, not ``1e-09``."""
    return re.sub(r"e([+-])0(\d)$", r"e\1\2", f"{number:.2g}")
