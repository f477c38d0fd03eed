"""Why there is nothing to compare: what a witness, or a target, raises."""

from __future__ import annotations

__all__ = ["Faulty", "NoGradient", "NotApplicable", "Undecidable"]


class Faulty(Exception):  # noqa: N818 - what is wrong with a target, a finding and no error
    """The target does something that no sampler may: the message says what."""


class NoGradient(Faulty):
    """No gradient flows through the target's draws: the message says why."""


class Undecidable(Exception):  # noqa: N818 - a reason, no error
    """There is no reference to compare with: the message says why, and what to do."""


class NotApplicable(Exception):  # noqa: N818 - a reason, no error
    """A witness has nothing to look at: the message says why."""
