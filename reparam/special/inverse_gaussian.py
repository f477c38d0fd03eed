"""The inverse Gaussian distribution with mean 1: tails, quantiles, and the derivative in its shape.

With x ~ IG(1, φ), w = ln x and the **arms**

    a = √(φ/x) (x − 1) = 2√φ sinh(w/2),    b = √(φ/x) (x + 1) = 2√φ cosh(w/2),    b² − a² = 4φ,

the density of w is √(φ/x) n(a), with n the standard normal density. As e^2φ n(b) = n(a), the
exponential in F = Φ(a) + e^2φ Φ(−b) is gone from all of these, where R is Mills' ratio Φ(−t)/n(t)
and D = 1 − t R(t) = −R′:

    F = n(a) (R(−a) + R(b)),    1 − F = n(a) (R(a) − R(b)) = n(a) ∫ₐᵇ D(t) dt,
    φ ∂w/∂φ = 1 − (a + b) R(b) = D(b) − a R(b)    at fixed F.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import scaled_exp
from reparam.special._elementwise import elementwise, select
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special.mills import mills, mills_deficit, mills_difference

__all__ = ["arms", "elasticities", "log_quantile", "log_tail", "mean_log", "tail"]

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
#: The upper tail is taken where a is larger: it has 31 to 62 % of the probability there.
_UPPER = -0.5
#: From here on e^t E₁(t) is summed as its asymptotic series, whose terms fall to e^−t.
_ASYMPTOTIC = 50.0


def arms(log_x: Array, phi: Array) -> tuple[Array, Array, Array]:
    """Return a, b and b − a = 2√(φ/x)."""
    size = 2.0 * np.sqrt(phi)
    return (
        size * np.sinh(0.5 * log_x),
        size * np.cosh(0.5 * log_x),
        size * np.exp(-0.5 * log_x),
    )


@elementwise()
def tail(a: Array, b: Array, gap: Array, upper: Array) -> Array:
    """Return P(X > x) where `upper` is 1, P(X ≤ x) where it is 0, from the arms and b − a."""
    above = a > _UPPER
    own = scaled_exp(-0.5 * a * a, _ratios(a, b, gap, above) / math.sqrt(2.0 * math.pi))
    return np.where(above == (upper == 1.0), own, 1.0 - own)


@elementwise()
def log_tail(a: Array, b: Array, gap: Array, upper: Array) -> Array:
    """Return the logarithm of that, also where the probability underflows or rounds to 1."""
    above = a > _UPPER
    own = -0.5 * a * a - _HALF_LOG_TWO_PI + np.log(_ratios(a, b, gap, above))
    own = np.where(np.isinf(a), -np.inf, own)
    return np.where(above == (upper == 1.0), own, np.log1p(-np.exp(np.minimum(own, -0.1))))


def _ratios(a: Array, b: Array, gap: Array, above: NDArray[np.bool_]) -> Array:
    """Return the tail on the point's own side, over n(a)."""

    def lower(a: Array, b: Array, gap: Array) -> Array:
        return mills(-a) + mills(b)

    def upper(a: Array, b: Array, gap: Array) -> Array:
        ratio = gap * mills_difference(a, b, gap)
        return np.where(a == np.inf, 0.0, ratio)

    return np.asarray(select(above.astype(np.int8), (lower, upper), a, b, gap))


@elementwise(outputs=2)
def elasticities(a: Array, b: Array, total: Array) -> tuple[Array, Array]:
    """Return ∂ln x/∂ln φ at fixed u, and 1 less it, from the arms and a + b = 2√(φx).

    Below x = ¼ the first is 1 − (a + b) R(b), without cancellation; beyond, where it has its zero,
    D(b) − a R(b), in which a has its digits next to x = 1.
    """
    a, b, total = np.broadcast_arrays(a, b, total)  # of a single element two are scalars
    rest = total * mills(b)
    if np.any(far := np.isinf(b) & (total > 0.0)):  # R(b) is 1/b
        rest = np.where(far, 2.0, rest)

    def near_zero(total: Array, a: Array, b: Array, rest: Array) -> Array:
        return 1.0 - rest

    def beyond(total: Array, a: Array, b: Array, rest: Array) -> Array:
        return np.where(b == np.inf, 1.0 - rest, mills_deficit(b) - a * mills(b))

    choice = (total >= 0.4 * b).astype(np.int8)
    return np.asarray(select(choice, (near_zero, beyond), total, a, b, rest)), rest


@elementwise()
def log_quantile(u: Array, other: Array, phi: Array) -> Array:
    """Return w = ln x with P(X ≤ x) = u, where `other` = 1 − u; the smaller has its digits.

    The density of w is log-concave, so that the logarithm of either tail is concave in w, and
    Halley's method on it converges. Each element stops by itself.
    """
    phi = np.broadcast_to(phi, u.shape)
    other = np.broadcast_to(other, u.shape)
    w = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    active = np.flatnonzero((u > 0.0) & (other > 0.0) & (phi > 0.0))
    w[active] = _start(u[active], other[active], phi[active])
    log_u = np.where(u < 0.5, np.log(u), np.log1p(-other))
    log_other = np.where(u < 0.5, np.log1p(-u), np.log(other))
    iterate(lambda members: _improve(w, members, log_u, log_other, phi), active)
    _improve(w, active, log_u, log_other, phi)
    return w


def _start(u: Array, other: Array, phi: Array) -> Array:
    """Return a first guess of w: a ≤ Φ⁻¹(u), and below the median a ≥ Φ⁻¹(u/2)."""
    from scipy.special import ndtri

    lower = ndtri(np.where(phi > 1.0, u, np.maximum(0.5 * u, 5e-324)))
    return 2.0 * np.arcsinh(np.where(u < 0.5, lower, -ndtri(other)) / (2.0 * np.sqrt(phi)))


def _improve(
    w: Array, members: Members, log_u: Array, log_other: Array, phi: Array
) -> NDArray[np.bool_]:
    """Take one step at some elements, and return which of them need another."""
    at = w[members]
    a, b, gap = arms(at, phi[members])
    above = a > _UPPER
    half_gap = 0.5 * gap
    ratio = _ratios(a, b, gap, above)
    wanted = np.where(above, log_other[members], log_u[members])
    residual = wanted - np.log(ratio) + 0.5 * a * a + _HALF_LOG_TWO_PI
    step, bent = halley(residual, ratio / half_gap, -0.5 - 0.5 * a * b, above)
    w[members] = at + step
    return unfinished(residual, step, bent)


@elementwise()
def mean_log(phi: Array) -> Array:
    """Return E[ln x] = −e^2φ E₁(2φ)."""
    from scipy.special import exp1

    t = 2.0 * phi
    inverse = 1.0 / np.maximum(t, _ASYMPTOTIC)
    series = np.ones_like(inverse)
    for k in range(24, 0, -1):
        series = 1.0 - k * inverse * series
    near = np.minimum(t, _ASYMPTOTIC)
    return -np.where(t > _ASYMPTOTIC, inverse * series, np.exp(near) * exp1(near))
