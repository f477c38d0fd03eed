"""Negentropies of gamma and beta distributions: how much less entropy than a Gaussian's they have.

J(α) = ½ ln 2πeα − H of a gamma distribution, about 1/3α, is a KL divergence and so positive; a beta
distribution's is J(α) + J(β) − J(α+β) − δ(α+β) − ½ ln(1 + 1/(α+β)), with δ(z) = ln z − ψ(z).
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST
from reparam.special._constants import BERNOULLI
from reparam.special.bregman import excess, trigamma_excess

__all__ = ["accurate_delta", "beta_negentropy", "gamma_negentropy"]

#: From here on the asymptotic series are accurate to an ulp.
_LARGE = 10.0


def _trigamma_rest(x: Array) -> Array:
    """Return ψ₁(x) − 1/x − 1/2x² ~ Σ B_2k x^(−2k−1) for x ≥ 10 (DLMF 5.15.8)."""
    square, total = 1.0 / (x * x), 0.0 * x
    for k in range(len(BERNOULLI), 0, -1):
        total = (total + 2 * k * BERNOULLI[k - 1]) * square
    return total / x


def _delta_rest(x: Array) -> Array:
    """Return δ(x) − 1/2x for x ≥ 10."""
    square, total = 1.0 / (x * x), 0.0 * x
    for coefficient in reversed(BERNOULLI):
        total = (total + coefficient) * square
    return total


def _rest(x: Array) -> tuple[Array, Array]:
    """Return J(x) − 1/3x and its derivative, for x ≥ 10."""
    square, even, odd, slope = 1.0 / (x * x), 0.0 * x, 0.0 * x, 0.0 * x
    for k in range(len(BERNOULLI), 0, -1):
        number = 2 * k * BERNOULLI[k - 1]  # B_2k
        even = (even + BERNOULLI[k - 1]) * square
        if k > 1:
            odd = (odd + number / (2 * k - 1)) * square
            slope = (slope + number) * square
    return even - odd * square * x, slope * square - _trigamma_rest(x)


def _carried(x: Array) -> tuple[Array, Array]:
    """Return J(x) and δ(x) by J(x) = J(x+1) + δ(x) − ½ ln(1 + 1/x), whose steps are positive."""
    top = x + _LARGE
    delta, value = 0.5 / top + _delta_rest(top), 1.0 / (3.0 * top) + _rest(top)[0]
    for k in reversed(range(int(_LARGE))):
        inverse = np.minimum(1.0 / (x + float(k)), LARGEST)
        log = np.log1p(inverse)
        delta = delta + excess(inverse, log)
        value = value + (delta - 0.5 * log)
    return value, delta


def accurate_delta(x: Array) -> Array:
    """Return δ(x) = ln x − ψ(x) for x > 0 to a few ulp, also where it is small beside ψ(x)."""
    return _carried(x)[1]


def gamma_negentropy(alpha: Array) -> tuple[Array, Array]:
    """Return J(α) and its derivative (α − 1) ψ₁(α) − 1 + 1/2α."""
    large = np.maximum(alpha, _LARGE)
    far = _rest(large)[1] - 1.0 / (3.0 * large * large)
    near = (alpha - 1.0) * trigamma_excess(alpha) - 0.5 / alpha
    return _carried(alpha)[0], np.where(alpha >= _LARGE, far, near)


def beta_negentropy(alpha: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Return the negentropy and its derivatives in α and β.

    For large shapes it is ½ (1/s − ln(1 + 1/s)) + (α − β)²/3αβs, with s = α + β, and small terms:
    what the sum in the module's head has of order 1/α cancels where α = β.
    """
    total, apart = alpha + beta, alpha - beta
    (of_alpha, slope), (of_beta, slope_beta), (of_total, slope_total) = (
        gamma_negentropy(each) for each in (alpha, beta, total)
    )
    inverse = 1.0 / total
    log = np.log1p(inverse)
    value = of_alpha + of_beta - of_total - _carried(total)[1] - 0.5 * log
    a, b = np.maximum(alpha, _LARGE), np.maximum(beta, _LARGE)
    (rest_a, rise_a), (rest_b, rise_b), (rest, _) = map(_rest, (a, b, a + b))
    far = 0.5 * excess(inverse, log) + (apart / alpha) * (apart / beta) * inverse / 3.0
    far = far + (rest_a + rest_b - rest - _delta_rest(a + b))
    common = trigamma_excess(total) + 0.5 * inverse / (total + 1.0) - slope_total

    def in_shape(x: Array, y: Array, near: Array, large: Array, rise_x: Array) -> Array:
        s = np.maximum(total, large)
        lead = ((x - y) / s) * ((3.0 * x + y) / s) / (3.0 * large * large)
        small = _trigamma_rest(s) - _rest(s)[1] - 0.5 / (s * s * (s + 1.0))
        return np.where(x >= _LARGE, lead + (rise_x + small), near + common)

    return (
        np.where((alpha >= _LARGE) & (beta >= _LARGE), far, value),
        in_shape(alpha, beta, slope, a, rise_a),
        in_shape(beta, alpha, slope_beta, b, rise_b),
    )
