"""Mathematical notation for people; machine formats keep what ``float`` understands."""

__all__ = ["readable"]


def readable(domain: str) -> str:
    """Return a domain in mathematical notation."""
    return domain.replace("(-inf, inf)", "ℝ").replace("inf", "∞")
