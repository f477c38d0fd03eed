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
from reparam.special.normal import LOG_TWO_PI

__all__ = ["arms", "elasticities", "entropy", "log_tail", "quantile_logs", "tail"]

_HALF_LOG_EIGHT_PI = 0.5 * math.log(8.0 * math.pi)
#: The upper tail is taken where a is larger: it has 31 to 62 % of the probability there.
_UPPER = -0.5
#: Smaller x have lost digits, or will soon.
_LEAST = 1e-290
#: From here on e^t E₁(t) is summed as its asymptotic series, whose terms fall to e^−t.
_ASYMPTOTIC = 50.0


def arms(x: Array, log_x: Array, size: Array) -> tuple[Array, Array, Array]:
    """Return a, b and b − a = 2√(φ/x), given x, ln x and `size` = 2√φ.

    Where x is near 1, ln x has its digits.
    """
    near = (np.abs(log_x) < 0.5) | (x < _LEAST) | (x == np.inf)
    half_log, root = 0.5 * log_x, np.sqrt(x)
    a = np.where(near, size * np.sinh(half_log), 0.5 * size * ((x - 1.0) / root))
    b = np.where(near, size * np.cosh(half_log), 0.5 * size * ((x + 1.0) / root))
    return a, b, np.where(near, size * np.exp(-half_log), size / root)


@elementwise()
def tail(a: Array, b: Array, gap: Array, upper: Array) -> Array:
    """Return P(X > x) where `upper` is 1, P(X ≤ x) where it is 0, from the arms and b − a."""
    above = a > _UPPER
    factor = gap * _mills(a, b, gap, above)
    own = scaled_exp(-0.5 * a * a, factor / math.sqrt(8.0 * math.pi))
    own = np.where(np.isinf(a), 0.0, own)
    return np.where(above == (upper == 1.0), own, 1.0 - own)


@elementwise()
def log_tail(a: Array, b: Array, gap: Array, upper: Array) -> Array:
    """Return the logarithm of that, also where the probability underflows or rounds to 1."""
    above = a > _UPPER
    own = -0.5 * a * a - _HALF_LOG_EIGHT_PI + np.log(gap * _mills(a, b, gap, above))
    own = np.where(np.isinf(a), -np.inf, own)
    return np.where(above == (upper == 1.0), own, np.log1p(-np.exp(np.minimum(own, -0.1))))


def _mills(a: Array, b: Array, gap: Array, above: NDArray[np.bool_]) -> Array:
    """Return the tail on the point's own side over n(a) (b − a)/2, the density of ln x."""

    def lower(a: Array, b: Array, gap: Array) -> Array:
        return 2.0 * (mills(-a) + mills(b)) / gap

    def upper(a: Array, b: Array, gap: Array) -> Array:
        return 2.0 * np.where(a == np.inf, 0.0, mills_difference(a, b, gap))

    return np.asarray(select(above.astype(np.int8), (lower, upper), a, b, gap))


@elementwise(outputs=2)
def elasticities(a: Array, b: Array, total: Array) -> tuple[Array, Array]:
    """Return ∂ln x/∂ln φ at fixed u, and 1 less it, from the arms and a + b = 2√(φx).

    Below x = ¼ the first is 1 − (a + b) R(b), without cancellation; beyond, where it has its zero,
    D(b) − a R(b), in which a has its digits next to x = 1.
    """
    a, b, total = np.broadcast_arrays(a, b, total)  # of a single element two are scalars
    ratio = mills(b)
    rest = total * ratio
    if np.any(far := np.isinf(b) & (total > 0.0)):  # R(b) is 1/b
        rest = np.where(far, 2.0, rest)

    def below(rest: Array, a: Array, b: Array, ratio: Array) -> Array:
        return 1.0 - rest

    def beyond(rest: Array, a: Array, b: Array, ratio: Array) -> Array:
        return np.where(b == np.inf, 1.0 - rest, mills_deficit(b) - a * ratio)

    choice = (total >= 0.4 * b).astype(np.int8)
    return np.asarray(select(choice, (below, beyond), rest, a, b, ratio)), rest


@elementwise(outputs=2)
def quantile_logs(u: Array, other: Array, size: Array) -> tuple[Array, Array]:
    """Return x and w = ln x with P(X ≤ x) = u, where `other` = 1 − u, and `size` = 2√φ.

    The density of w is log-concave, so that the logarithm of either tail is concave in w, and
    Halley's method on it converges. Each element stops by itself.
    """
    size, other = np.broadcast_to(size, u.shape), np.broadcast_to(other, u.shape)
    w = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    active = np.flatnonzero((u > 0.0) & (other > 0.0) & (size > 0.0))
    w[active] = _start(u[active], other[active], size[active])
    x = np.exp(w)
    log_u = np.where(u < 0.5, np.log(u), np.log1p(-other))
    log_other = np.where(u < 0.5, np.log1p(-u), np.log(other))
    iterate(lambda members: _improve(x, w, members, log_u, log_other, size), active)
    _improve(x, w, active, log_u, log_other, size)
    return x, w


def _start(u: Array, other: Array, size: Array) -> Array:
    """Return a first guess of w: a ≤ Φ⁻¹(u), and below the median a ≥ Φ⁻¹(u/2)."""
    from scipy.special import ndtri

    lower = ndtri(np.where(size > 2.0, u, np.maximum(0.5 * u, 5e-324)))
    return 2.0 * np.arcsinh(np.where(u < 0.5, lower, -ndtri(other)) / size)


def _improve(
    x: Array, w: Array, members: Members, log_u: Array, log_other: Array, size: Array
) -> NDArray[np.bool_]:
    """Take one step at some elements, and return which of them need another."""
    at, log_at = x[members], w[members]
    a, b, gap = arms(at, log_at, size[members])
    above = a > _UPPER
    ratio = _mills(a, b, gap, above)
    log_ratio = np.log(gap * ratio)
    if np.any(tiny := gap < _LEAST):
        log_ratio = np.where(tiny, np.log(size[members]) - 0.5 * log_at + np.log(ratio), log_ratio)
    wanted = np.where(above, log_other[members], log_u[members])
    residual = wanted - log_ratio + 0.5 * a * a + _HALF_LOG_EIGHT_PI
    step, bent = halley(residual, ratio, -0.5 - 0.5 * a * b, above)
    # ln x has the digits next to 1, x has them elsewhere
    moved = at + at * np.expm1(step)
    far = (np.abs(log_at + step) >= 0.5) & (moved > _LEAST) & (moved < np.inf)
    w[members] = np.where(far, np.log(moved), log_at + step)
    x[members] = np.where(far, moved, np.exp(log_at + step))
    return unfinished(residual, step, bent)


@elementwise()
def entropy(mean: Array, concentration: Array) -> Array:
    """Return ½ ln(2πe μ²/φ) − (3/2) e^t E₁(t) with φ = λ/μ and t = 2φ.

    For small t the logarithms of both terms are taken together: with Ein(t) = E₁(t) + γ + ln t the
    sum is ½ ln(2πe λ²) + (3/2) (ln 2 + e^t (γ − Ein(t)) + (e^t − 1) ln t).
    """
    from scipy.special import exp1, xlogy

    t = 2.0 * (concentration / mean)
    small = np.minimum(t, 1.0)
    series = np.zeros_like(small)
    for k in range(18, 0, -1):
        series = small / k * (1.0 / k - series)
    rise = math.log(2.0) + np.exp(small) * (np.euler_gamma - series) + xlogy(np.expm1(small), small)
    middle = np.clip(t, 1.0, _ASYMPTOTIC)
    inverse = 1.0 / np.maximum(t, _ASYMPTOTIC)
    far = np.ones_like(inverse)
    for k in range(24, 0, -1):
        far = 1.0 - k * inverse * far
    fall = np.where(t > _ASYMPTOTIC, inverse * far, np.exp(middle) * exp1(middle))
    root = np.sqrt(mean) / np.sqrt(concentration)
    spread = mean * root
    log_spread = np.where(spread > _LEAST, np.log(spread), np.log(mean) + np.log(root))
    value = np.where(t < 1.0, np.log(concentration) + 1.5 * rise, log_spread - 1.5 * fall)
    return 0.5 * (1.0 + LOG_TWO_PI) + value
