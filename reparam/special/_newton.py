"""Halley's iteration on the logarithm of a tail, for quantiles.

On the scale λ of the point (ln x, logit x) let f be the density, g = d ln f/dλ and M the Mills
ratio, F/f from below or (1 − F)/f from above. Then (ln F)′ = 1/M and (ln F)″ = (g − 1/M)/M;
for ln(1 − F) both with M negated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["Members", "halley", "iterate", "unfinished"]

#: The numbers of some elements.
Members: TypeAlias = NDArray[np.integer[Any]]

_MOST_STEPS = 100


def halley(
    residual: Array, mills: Array, slope: Array, above: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return the step in λ, and how much the tail bends over it.

    Parameters
    ----------
    residual
        The logarithm of the tail wanted less that of the tail at hand.
    mills
        M, positive on either side.
    slope
        g.
    above
        Whether the tail is the upper one.
    """
    signed = np.where(above, -mills, mills)
    step = signed * residual
    bent = 0.5 * step * (slope - 1.0 / signed)
    return np.where(np.abs(bent) < 0.5, step / (1.0 + bent), step), bent


def unfinished(residual: Array, step: Array, bent: Array) -> NDArray[np.bool_]:
    """Return where a step does not yet leave an error that one more makes vanish.

    The error left is of third order in all three arguments.
    """
    large = np.maximum(np.maximum(np.abs(residual), np.abs(bent)), np.abs(step))
    return (large > 1e-3) & (np.abs(step) > 1e-16)


def iterate(improve: Callable[[Members], NDArray[np.bool_]], members: Members) -> None:
    """Improve elements until each is done: it stops by itself, whatever the others do.

    Parameters
    ----------
    improve
        Takes one step at the elements it is given, and returns which need another.
    members
        The elements.
    """
    for _ in range(_MOST_STEPS):
        if not members.size:
            return
        members = members[improve(members)]
