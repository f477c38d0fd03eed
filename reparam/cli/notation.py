"""Mathematical notation for people; machine formats keep what ``float`` understands."""

import re

__all__ = ["compact", "plain", "readable"]

#: Characters of a message that are shown.
_MOST = 2000


def readable(domain: str) -> str:
    """Return a domain in mathematical notation."""
    return re.sub(r"\binf\b", "∞", domain.replace("(-inf, inf)", "ℝ"))


def compact(domain: str) -> str:
    """Return a domain in as few letters as a column of many has room for."""
    short = {"(0, ∞)": "ℝ⁺", "{…, 0, 1, …}": "ℤ", "{0, 1, …}": "ℕ₀", "{1, 2, …}": "ℕ⁺"}
    short |= {", …, ": "…", "^K": "ᴷ"}
    text = readable(domain)
    for long, letters in short.items():
        text = text.replace(long, letters)
    return re.sub(r"\(([a-z]+), ([a-z]+)\)", r"\1…\2", text)  # ends that are parameters


def plain(message: str) -> str:
    """Return a message in one line, with control characters escaped, and cut if it is long."""
    line = " ".join(message.split())
    shown = "".join(letter if letter.isprintable() else _escaped(letter) for letter in line)
    if len(shown) > _MOST:
        shown = f"{shown[: _MOST // 2]} … {shown[-_MOST // 2 :]}"
    return shown


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
