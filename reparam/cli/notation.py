"""Mathematical notation for people; machine formats keep what ``float`` understands."""

__all__ = ["compact", "readable"]


def readable(domain: str) -> str:
    """Return a domain in mathematical notation."""
    return domain.replace("(-inf, inf)", "ℝ").replace("inf", "∞")


def compact(domain: str) -> str:
    """Return a domain in as few letters as a column of many has room for."""
    short = {"(0, ∞)": "ℝ⁺", "{0, 1, …}": "ℕ₀", "{1, 2, …}": "ℕ⁺", ", …, ": "…", "^K": "ᴷ"}
    text = readable(domain)
    for long, letters in short.items():
        text = text.replace(long, letters)
    return text
