"""What log densities and scores of T(x) go to, at an endpoint of the base's support."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reparam._typing import Array

__all__ = ["limit_of_log_density", "limits_of_scores"]

#: Places next to an endpoint of the base's support, by the distance from it: of one that is
#: infinite, 0, or another number, relative to it.
_NEXT_TO_INFINITY, _NEXT_TO_ZERO, _NEXT_TO = (1e100, 1e150), (1e-200, 1e-280), (1e-8, 1e-12)

#: Places on the way to an infinite endpoint at which scores of sums of densities still have digits.
_FAR = 1e8, 1e10

#: What changes by less between two such places has a limit.
_STEADY = 1e-3

#: Formulas may stop at the largest number, beyond this size: the limit is infinite.
_LARGE = 1e290


def limit_of_log_density(
    log_density: Callable[[Array], Array], x: Array, y: Array, low: Any
) -> Array:
    """Return the limit of ln p towards an endpoint of the support, where it is ∞ − ∞.

    Parameters
    ----------
    log_density
        ln p of T(x), as a function of x.
    x, y
        Where, and T(x).
    low
        The lower endpoint of the base's support.
    """
    inwards = np.where(x == low, 1.0, -1.0)
    before, after = (
        log_density(
            np.select(
                [np.isinf(x), x == 0.0],
                [-inwards * far, inwards * tiny],
                x + inwards * np.abs(x) * share,
            )
        )
        for far, tiny, share in zip(_NEXT_TO_INFINITY, _NEXT_TO_ZERO, _NEXT_TO, strict=True)
    )
    limit = _towards(before, after)
    return np.where(np.isinf(y) | np.isnan(after - before), -np.inf, limit)


def limits_of_scores(
    scores_at: Callable[[Array], tuple[Any, ...]], scores: tuple[Any, ...], x: Array
) -> tuple[Any, ...]:
    """Return scores: where x is infinite what they go to, if formulas have stopped on the way.

    Parameters
    ----------
    scores_at
        ∂ ln p/∂θ of T(x), as a function of x.
    scores, x
        What it is found to be, and where.
    """
    endless = np.isinf(x)
    far = [scores_at(np.where(endless, np.copysign(far, x), x)) for far in _FAR]

    def limit(entry: Any, before: Any, after: Any) -> Array:
        rows = endless if np.ndim(entry) <= np.ndim(endless) else endless[..., np.newaxis]
        large = np.where(np.abs(entry) > _LARGE, np.copysign(np.inf, entry), entry)
        at_end = np.where(np.isnan(entry), _towards(before, after), large)
        return np.asarray(np.where(rows, at_end, entry))

    return tuple(map(limit, scores, *far))


def _towards(before: Any, after: Any) -> Array:
    """Return the limit, from values at two places on the way."""
    change = after - before
    return np.asarray(np.where(np.abs(change) < _STEADY, after, np.copysign(np.inf, change)))
