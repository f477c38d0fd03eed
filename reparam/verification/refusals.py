"""Why there is nothing to compare: what a witness, or a target, raises."""

from __future__ import annotations

__all__ = ["NO_MOMENTS", "NO_PARAMETERS", "Faulty", "NoGradient", "NotApplicable", "Undecidable"]

#: Reasons that tell all there is to know of a distribution: nothing is unverified.
NO_PARAMETERS = "it has no parameter to be differentiated in"
NO_MOMENTS = "it has no formulas for moments or entropy"


class Faulty(Exception):  # noqa: N818 - what is wrong with a target, a finding and no error
    """The target does something that no sampler may: the message says what."""


class NoGradient(Faulty):
    """No gradient flows through the target's draws: the message says why."""


class Undecidable(Exception):  # noqa: N818 - a reason, no error
    """There is no reference to compare with: the message says why, and what to do."""


class NotApplicable(Exception):  # noqa: N818 - a reason, no error
    """A witness has nothing to look at: the message says why."""
