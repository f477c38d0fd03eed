"""Numerical integration: what moments are compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized

__all__ = ["expectation"]


def expectation(d: Reparameterized, f: Callable[[Array], Array]) -> float:
    """Return E[f(y)] for a distribution with scalar parameters."""
    low, high = map(float, d.support)
    middle = float(next(iter(d._joints(*d._nested(d._theta))), d.icdf(0.5)))
    if np.isfinite(high):
        return _over_quantile(d, f, float(d.cdf(middle)))
    if np.isfinite(low):
        return _over_distance(d, f, low, 1.0)
    return _over_distance(d, f, middle, 1.0) + _over_distance(d, f, middle, -1.0)


def _over_quantile(d: Reparameterized, f: Callable[[Array], Array], middle: float) -> float:
    """Return ∫ f(F⁻¹(u)) du by Gauss-Legendre pieces, in u = m e^t towards both ends."""
    node, weight = np.polynomial.legendre.leggauss(30)
    edges = np.linspace(0.0, -36.0, 61)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    part = np.exp(edges[:-1, np.newaxis] + half * (1.0 + node))
    below, above = f(d.icdf(middle * part)), f(d.icdf(1.0 - (1.0 - middle) * part))
    return float(np.sum(-half * weight * part * (middle * below + (1.0 - middle) * above)))


def _over_distance(
    d: Reparameterized, f: Callable[[Array], Array], start: float, sign: float
) -> float:
    """Return ∫ f p dy on one side of a point, by the trapezoidal rule in s, y = start ± e^s."""
    s = np.linspace(-740.0, 700.0, 200_001)
    y = start + sign * np.exp(s)
    with np.errstate(all="ignore"):
        terms = np.exp(s + d.log_prob(y)) * f(y)
    return float(np.sum(terms[np.isfinite(terms)])) * float(s[1] - s[0])
