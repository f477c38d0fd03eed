"""Continuous draws in place of discrete ones."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.errors import GraphError
from reparam.expressions import Expression
from reparam.graphs._laws import Law, read
from reparam.graphs._nodes import PATHWISE, STRAIGHT_THROUGH, Formula, Placed, Sampled

#: What follows the name of a categorical draw in that of its relaxed indicator.
INDICATOR = ".indicator"

#: The relaxation of each discrete distribution, and its logits by probabilities.
_SOFT = {
    "bernoulli": ("relaxed-bernoulli", Expression("log(p) - log1p(-p)")),
    "categorical": ("concrete", Expression("log(p)")),
    "one-hot-categorical": ("concrete", Expression("log(p)")),
}

__all__ = ["INDICATOR", "check_relaxable", "is_hard", "relaxed", "rounded"]


def rounded(values: Array, rank: int) -> Array:
    """Return 0 or 1 for numbers in (0, 1), or the indicator of a vector's greatest entry."""
    if not rank:
        return np.where(values > 0.5, 1.0, 0.0)
    greatest = np.argmax(values, axis=-1)[..., np.newaxis]
    return np.where(np.arange(values.shape[-1]) == greatest, 1.0, 0.0)


def check_relaxable(law: Law) -> None:
    """Check that there is a relaxation of a distribution.

    Raises
    ------
    GraphError
        If there is none.
    """
    if not is_hard(law):
        raise GraphError(
            f"there is no relaxation of {law.name} in graphs, only those of"
            f" {', '.join(_SOFT)}; leave it out, and the score is used"
        )


def is_hard(law: Law) -> bool:
    """Return whether a distribution is discrete, and has a relaxation."""
    return law.name in _SOFT


def relaxed(name: str, hard: Placed, *, straight_through: bool) -> tuple[list[Formula], Sampled]:
    """Return a draw from a relaxation of a discrete distribution, and nodes for its parameters.

    That of a categorical distribution is an indicator, and a node of its own: ``name.indicator``.

    Parameters
    ----------
    name
        What the draw is called. Its temperature must be a node, ``name.temperature``.
    hard
        The discrete distribution.
    straight_through
        Whether the value is rounded, and only the derivative is that of the relaxed draw.
    """
    soft, log_odds = _SOFT[hard.law.name]
    added, logits = [], []
    for leaf, argument in zip(hard.leaves, hard.arguments, strict=True):
        if leaf.path != "logits":
            given, argument = argument, argument.replace(f".{leaf.path}", ".logits")
            added.append(Formula(argument, log_odds, (given,)))
        logits.append(argument)
    entries = f"[{', '.join('x' for _ in logits)}]" if hard.leaves[0].entry else "x"
    law = read(f"{soft}(temperature=t, logits={entries})", {})
    by = STRAIGHT_THROUGH if straight_through else PATHWISE
    drawn = f"{name}{INDICATOR}" if hard.law.name == "categorical" else name
    return added, Sampled(drawn, Placed(law, (f"{name}.temperature", *logits)), by, hard)
