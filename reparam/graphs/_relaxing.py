"""Continuous draws in place of discrete ones."""

from __future__ import annotations

from reparam.errors import GraphError
from reparam.expressions import Expression
from reparam.graphs._laws import Law, read
from reparam.graphs._nodes import PATHWISE, STRAIGHT_THROUGH, Formula, Placed, Sampled

__all__ = ["check_relaxable", "relaxed"]


def check_relaxable(law: Law) -> None:
    """Check that there is a relaxation of a distribution.

    Raises
    ------
    GraphError
        If there is none.
    """
    if law.name != "bernoulli":
        raise GraphError(
            f"there is no relaxation of {law.name} in graphs, only that of bernoulli; leave it out,"
            " and the score is used"
        )


def relaxed(name: str, hard: Placed, *, straight_through: bool) -> tuple[list[Formula], Sampled]:
    """Return a draw from the relaxed Bernoulli distribution, and nodes for its parameters.

    Parameters
    ----------
    name
        What the draw is called. Its temperature must be a node.
    hard
        The Bernoulli distribution.
    straight_through
        Whether the value is rounded to 0 or 1, and only the derivative is that of the relaxed draw.
    """
    logits, added = f"{name}.logits", list[Formula]()
    if hard.arguments != (logits,):
        log_odds = Expression("log(p) - log1p(-p)")
        added.append(Formula(logits, log_odds, hard.arguments))
    law = read("relaxed-bernoulli(temperature=t, logits=x)", {})
    soft = Placed(law, (f"{name}.temperature", logits))
    by = STRAIGHT_THROUGH if straight_through else PATHWISE
    return added, Sampled(name, soft, by, hard)
