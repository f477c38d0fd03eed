"""Expectations of functions of a few normal numbers, by the trapezoidal rule along each.

It converges exponentially for what is analytic in a strip around the real axis (Trefethen &
Weideman 2014, "The exponentially convergent trapezoidal rule", theorem 5.1). For functions of
softmax and logistic functions of A z the strip is where no two exponents differ by πi.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["MOST", "expectation", "node_counts"]

#: Nodes that are at most worth it: a second.
MOST = 2**22
#: How many nodes are computed together, which bounds memory.
_TOGETHER = 2**14
#: Minus the logarithm of the rule's error; of the normal density at the last node, from its mode.
_EXPONENT, _REACH = 42.0, 8.5
#: How far a product of two shares tilts the density, as a multiple of a column of A.
_TILT = 2.0


def _rules(factor: Array) -> list[tuple[int, float]]:
    """Return for each number z_m how many nodes there are on either side of 0, and their step."""
    above, below = (np.max(np.maximum(each, 0.0), axis=0) for each in (factor, -factor))
    widest = math.sqrt(2.0 * _EXPONENT)  # the normal density grows by the square of the strip
    strip = np.minimum(math.pi / np.maximum(above + below, 1e-300), widest)
    step = 2.0 * math.pi * strip / (_EXPONENT + 0.5 * strip * strip)
    reach = _REACH + _TILT * np.sum(np.abs(factor), axis=0)
    return [
        (math.ceil(r / h) if r / h < MOST else MOST, h) for r, h in zip(reach, step, strict=True)
    ]


def node_counts(factor: Array) -> int:
    """Return how many nodes :func:`expectation` takes."""
    return math.prod(2 * n + 1 for n, _ in _rules(factor))


def expectation(function: Callable[[Array], Array], factor: Array) -> Array:
    """Return E f(A z) of standard normal z.

    Parameters
    ----------
    function
        From rows A z to rows of values: products of at most two shares, or their logarithms.
    factor
        A, of K rows and columns.
    """
    rules = _rules(factor)
    counts = [2 * n + 1 for n, _ in rules]
    lines = [step * np.arange(-n, n + 1.0) for n, step in rules]
    weights = [
        step * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        for z, (_, step) in zip(lines, rules, strict=True)
    ]
    total: Array | float = 0.0
    for start in range(0, math.prod(counts), _TOGETHER):
        flat = np.arange(start, min(start + _TOGETHER, math.prod(counts)))
        places = np.unravel_index(flat, counts)
        z = np.stack([line[at] for line, at in zip(lines, places, strict=True)], axis=-1)
        weight = np.prod([own[at] for own, at in zip(weights, places, strict=True)], axis=0)
        values = function(z @ factor.T)
        total = total + np.sum(weight[:, np.newaxis] * values, axis=0)
    return np.asarray(total)
