"""The noncentral χ² distribution: all its functions, by integrals along one contour.

With μ = df/2 and noncentrality λ, P(X > x) is, as Marcum's Q function (Gil, Segura & Temme 2014),

    (1/2πi) ∫ e^h(s) ds/(1 − s),   h(s) = (x s + λ/s − x − λ)/2 − μ ln s,

around 0 and to the left of 1; to the right of it, −P(X ≤ x). Without 1/(1 − s) it is 2p(x), with
1/s for it 2p(x) ∂x/∂λ, and with ln s/(s − 1) 2p(x) ∂x/∂df, all of one sign on the real line.
As p is nearly proportional to a small df, p is taken from (2μ + λ/s)/(xs), integrated by parts.
The path is s = r e^iθ with r = (g + q)/x, g = mθ/sin θ and q² = g² + λx: that of steepest descent
for m = μ, while a greater m moves it to the right, past 1 or to where e^h falls for small shapes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special import gamma
from reparam.special._accurate import log1mexp, log1pmx
from reparam.special._elementwise import column, elementwise, integrate, weighted
from reparam.special._newton import Members, halley, iterate
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["log_density", "log_tail", "means", "quantile", "ratio", "scores"]

#: The least m.
_LEAST = 5.0
#: Nodes of the midpoint rule over θ, with and without the pole next to the path.
_NODES, _FEW_NODES = 60, 28
#: The fall of the exponent over them.
_FALL = 44.0
#: How far ln s is from the pole at least, in units of the width.
_APART = 1.2
#: Below the least m, this λ and this λx the upper tail is a series of this many terms.
_SMALL, _SMALL_PRODUCT, _TERMS = 8.0, 400.0, 50
_LOG_TWO = math.log(2.0)
#: There it is taken where the lower tail is not below e to this, whose own terms cancel more.
_LOG_NEAR = -2.5
#: Parameters are at least this; beyond that, where x varies by less than its last digit, the
#: distribution is a Gaussian.
_TINY, _HUGE = 1e-300, 1e100
#: Beyond that x is linear in a Gaussian variate, up to rounding: what is left of it is O(1).
_LINEAR = 1e20
#: Below this x only the power x^μ matters, and beyond that one only e^(−x/2) and √(x/λ).
_LEAST_X, _MOST_X = 1e-150, 1e200
#: (θ − sin θ)/θ³ and (sin θ − θ cos θ)/θ³ as series in θ², below this θ.
_NEAR = 0.6
_ARC = tuple((-1) ** n / math.factorial(2 * n + 3) for n in range(7))
_TURN = tuple((-1) ** n * (2 * n + 2) / math.factorial(2 * n + 3) for n in range(7))


def _series(coefficients: tuple[float, ...], square: Array) -> Array:
    total = np.full_like(square, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= square
        total += coefficient
    return total


def _sine_and_deficit(angle: Array) -> tuple[Array, Array]:
    """Return sin and 1 − cos, from one tangent: ten times as fast as NumPy's sine."""
    tangent = np.tan(0.5 * angle)
    square = tangent * tangent
    double = 2.0 / (1.0 + square)
    return tangent * double, square * double


def _start(x: Array, lam: Array, m: Array) -> tuple[Array, Array, Array, Array]:
    """Return q and s at θ = 0, s − 1 and 1 − 1/s."""
    q = np.sqrt(m * m + lam * x)
    s = (m + q) / x
    # x is next to the larger of λ and 2m where it matters
    excess = np.where(lam > m, (lam - x) + 2.0 * m, lam + (2.0 * m - x))
    less = np.where(x > m, excess / (q + (x - m)), s - 1.0)
    return q, s, less, less / s


def _exponent(lam: Array, mu: Array, m: Array, s: Array, w: Array) -> Array:
    """Return h at θ = 0, of w = 1 − 1/s."""
    bent = np.where(w > 0.5, w - np.log(s), log1pmx(-np.minimum(w, 0.5)))
    return -0.5 * (lam * w) * w + (m - mu) * w + mu * bent


def _along(x: Array, lam: Array, mu: Array, m: Array, kinds: tuple[str, ...]) -> tuple[Array, ...]:
    """Return h at θ = 0, and e^−h(0) times the integrals of each kind, 1/2πi included."""
    q0, s0, less, w = _start(x, lam, m)
    curvature = 0.5 * q0 - m * (m - mu) / (6.0 * q0)
    nodes = _NODES if "tail" in kinds else _FEW_NODES
    weights = np.full(nodes, 1.0 / nodes)
    reach = np.minimum(1.25 * np.sqrt(_FALL / curvature), math.pi)

    def integrals(
        theta: Array,
        reach: Array,
        q0: Array,
        s0: Array,
        less: Array,
        log0: Array,
        lam: Array,
        mu: Array,
        m: Array,
        x: Array,
        product: Array,
    ) -> tuple[Array, ...]:
        np.multiply(column((np.arange(nodes) + 0.5) / nodes), reach, out=theta)
        sine, fallen = _sine_and_deficit(theta)
        cosine, square = 1.0 - fallen, theta * theta
        near, cube = theta < _NEAR, square * theta
        arc = np.where(near, cube * _series(_ARC, square), theta - sine) / sine
        turn = np.where(near, cube * _series(_TURN, square), sine - theta * cosine)
        more = m * arc  # g − m
        g = m + more
        q = np.sqrt(g * g + product)
        risen = more * ((g + m) / (q + q0))  # q − q0
        grown = (more + risen) / (m + q0)  # r/s0 − 1
        log = np.log1p(grown)
        fall = np.exp(risen * cosine - q0 * fallen - mu * log)
        r = s0 * (1.0 + grown)
        minus = less + s0 * grown - r * fallen, r * sine  # s − 1
        log = log0 + log
        # e^(h − h(0)) ds/dθ/s
        turned = m * turn / (sine * sine) / q
        imaginary, off = _sine_and_deficit((m - mu) * theta)
        real = 1.0 - off
        real, imaginary = turned * real - imaginary, real + turned * imaginary
        real *= fall
        imaginary *= fall
        found = []
        for kind in kinds:
            first, second = _FACTORS[kind](r, cosine, sine, minus, log, theta, x, lam, mu)
            found.append(weighted(imaginary * first + real * second, weights) * reach / math.pi)
        return tuple(found)

    log0 = np.where(less < -0.5, np.log(s0), np.log1p(less))
    given = (reach, q0, s0, less, log0, lam, mu, m, x, lam * x)
    rows = [np.broadcast_to(each, x.shape).copy() for each in given]
    return (_exponent(lam, mu, m, s0, w), *integrate(integrals, nodes, 1, *rows))


def _pole(r: Array, c: Array, s: Array, minus: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return s/(s − 1), of s = r (c + i s), to rounding where s is tiny."""
    scale = r / (minus[0] * minus[0] + minus[1] * minus[1])
    return scale * (c * minus[0] + s * minus[1]), scale * (s * minus[0] - c * minus[1])


def _product(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _in_tail(r: Any, c: Any, s: Any, minus: Any, *_: Any) -> tuple[Any, Any]:
    real, imaginary = _pole(r, c, s, minus)
    return -real, -imaginary


def _in_density(
    r: Any, c: Any, s: Any, minus: Any, log: Any, theta: Any, x: Any, lam: Any, mu: Any
) -> tuple[Any, Any]:
    inverse = lam / (r * x)
    return 2.0 * mu / x + inverse * c, -inverse * s


def _in_lam(*_: Any) -> tuple[Any, Any]:
    return 1.0, 0.0


def _in_df(r: Any, c: Any, s: Any, minus: Any, log: Any, theta: Any, *_: Any) -> tuple[Any, Any]:
    return _product(_pole(r, c, s, minus), (log, theta))


def _in_excess(r: Any, c: Any, s: Any, minus: Any, *_: Any) -> tuple[Any, Any]:
    return -minus[0], -minus[1]


def _in_mu(r: Any, c: Any, s: Any, minus: Any, log: Any, theta: Any, *_: Any) -> tuple[Any, Any]:
    return _product((-r * c, -r * s), (log, theta))


def _in_small_mu(
    r: Any, c: Any, s: Any, minus: Any, log: Any, theta: Any, x: Any, lam: Any, mu: Any
) -> tuple[Any, Any]:
    density = _in_density(r, c, s, minus, log, theta, x, lam, mu)
    real, imaginary = _product(density, (log, theta))
    return 2.0 / x - real, -imaginary


#: The integrands times s e^−h, real and imaginary parts.
_FACTORS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "tail": _in_tail,
    "density": _in_density,
    "lam": _in_lam,
    "df": _in_df,
    "excess": _in_excess,
    "in_mu": _in_mu,
    "in_small_mu": _in_small_mu,
}


def _together(x: Array, lam: Array, mu: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return x within bounds, λ and μ, the logarithm of what x is below them, and its multiple."""
    lam, mu = (np.clip(np.broadcast_to(each, x.shape), _TINY, _HUGE) for each in (lam, mu))
    inside = np.clip(x, _LEAST_X, _MOST_X)
    less, more = np.where(x < _LEAST_X, np.log(x / _LEAST_X), 0.0), np.maximum(x / _MOST_X, 1.0)
    return inside, lam, mu, less, more


def _gaussian(
    x: Array, lam: Array, mu: Array, huge: float = _HUGE
) -> tuple[NDArray[np.bool_], Array, Array]:
    """Return where a parameter is huge, and there z and σ of a Gaussian x."""
    largest = np.maximum(lam, mu)
    deviation = 2.0 * (np.sqrt(largest) * np.sqrt(lam / largest + mu / largest))
    z = (x - (2.0 * mu + lam)) / deviation
    return largest > huge, z, deviation


def _contour(x: Array, lam: Array, mu: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return m for tails, and whether its path has the upper one."""
    m = np.maximum(mu, _LEAST)
    q, _, less, _ = _start(x, lam, m)
    apart = _APART / np.sqrt(q - m * (m - mu) / (3.0 * q))
    upper = np.log1p(less) < -apart
    # past the pole, on the real line at e^apart
    moved = x * np.sinh(apart) + 0.5 * (x - lam) * np.exp(-apart)
    return np.where(upper, m, np.maximum(m, moved)), upper


def _upper_series(x: Array, lam: Array, mu: Array) -> Array:
    """Return ln P(X > x) for small λ and λx, by a sum of positive terms.

    With h = x/2 and Poisson N of mean λ/2, it is Q(μ, h) + Σ_i P(N > i) h^(μ+i) e^−h/Γ(μ + i + 1).
    """
    from scipy.special import gammaln

    h, half = 0.5 * x, 0.5 * lam
    # P(N > i)/half^(i+1), and the sum by Horner's rule: neither over- nor underflows
    weight, total, least = np.zeros(h.shape), np.zeros(h.shape), np.exp(-half)
    for i in range(_TERMS, -1, -1):
        weight = least / math.factorial(i + 1) + half * weight
        total = weight + h * half / (mu + (i + 1.0)) * total
    more = mu * np.log(h) - h - gammaln(mu + 1.0) + np.log(half * total)
    return np.asarray(np.logaddexp(gamma.log_sf(h, np.log(h), mu), more))


def _log_tail(
    x: Array, lam: Array, mu: Array, upper: NDArray[np.bool_], *kinds: str
) -> tuple[Array, ...]:
    """Return the logarithm of a tail, h, and integrals of further kinds along its path."""
    m, own = _contour(x, lam, mu)
    height, integral, *others = _along(x, lam, mu, m, ("tail", *kinds))
    log = np.minimum(height + np.log(np.abs(integral)), 0.0)
    found = np.where(own == upper, log, log1mexp(log))
    small = (mu < _LEAST) & (lam < _SMALL) & (lam * x < _SMALL_PRODUCT)
    near = np.flatnonzero(small & (own | (log > _LOG_NEAR)))
    if near.size:
        above = _upper_series(x[near], lam[near], mu[near])
        found[near] = np.where(upper[near], above, log1mexp(above))
    return found, height, *others


@elementwise()
def log_tail(x: Array, lam: Array, mu: Array, upper: Array) -> Array:
    """Return ln P(X > x) where `upper` is 1, else ln P(X ≤ x)."""
    from scipy.special import log_ndtr

    side = np.broadcast_to(upper, x.shape) > 0.0
    huge, z, _ = _gaussian(x, lam, mu)
    lifted, lam, mu, lost, beyond = _together(x, lam, mu)
    found = _log_tail(lifted, lam, mu, side)[0] * beyond
    if (tiny := np.flatnonzero(lost)).size:
        lower = _log_tail(lifted[tiny], lam[tiny], mu[tiny], np.full(tiny.size, False))[0]
        lower += mu[tiny] * lost[tiny]
        found[tiny] = np.where(side[tiny], log1mexp(lower), lower)
    found = np.where(huge, log_ndtr(np.where(side, -z, z)), found)
    found = np.where(x == 0.0, np.where(side, 0.0, -np.inf), found)
    return np.where(x == np.inf, np.where(side, -np.inf, 0.0), found)


@elementwise()
def log_density(x: Array, lam: Array, mu: Array) -> Array:
    """Return ln p(x)."""
    huge, z, deviation = _gaussian(x, lam, mu)
    lifted, lam, mu, lost, beyond = _together(x, lam, mu)
    height, density = _along(lifted, lam, mu, np.maximum(mu, _LEAST), ("density",))
    power = np.where(mu == 1.0, 0.0, (mu - 1.0) * lost)
    found = beyond * (height + np.log(0.5 * density) + power)
    found = np.where(huge, -0.5 * z * z - np.log(deviation) - HALF_LOG_TWO_PI, found)
    return np.where(x == np.inf, -np.inf, found)


def _ratio(x: Array, lam: Array, mu: Array, integral: Array) -> Array:
    """Return R, for small λx and shapes by Gauss's continued fraction (DLMF 10.33.1)."""
    if not np.any(near := (mu < _LEAST) & (lam * x < _SMALL_PRODUCT)):
        return integral
    product, rest = np.where(near, lam * x, 0.0), np.zeros(x.shape)
    for k in range(_TERMS, 0, -1):
        rest = product / (2.0 * (mu + k) + rest)
    return np.where(near, x / (2.0 * mu + rest), integral)


@elementwise()
def ratio(x: Array, lam: Array, mu: Array) -> Array:
    """Return R = ∂x/∂λ at fixed u: p(x) for two more degrees of freedom over p(x)."""
    huge = np.maximum(lam, mu) > _HUGE
    lifted, lam, mu, lost, beyond = _together(x, lam, mu)
    _, density, in_lam = _along(lifted, lam, mu, np.maximum(mu, _LEAST), ("density", "lam"))
    found = _ratio(lifted, lam, mu, in_lam / density) * np.exp(lost) * np.sqrt(beyond)
    return np.where(huge, 1.0, found)


@elementwise(outputs=2)
def means(x: Array, lam: Array, mu: Array) -> tuple[Array, Array]:
    """Return ∂x/∂λ and ∂x/∂df at fixed u."""
    huge = np.maximum(lam, mu) > _HUGE
    lifted, lam, mu, lost, beyond = _together(x, lam, mu)
    m = np.maximum(mu, _LEAST)
    _, density, in_lam, in_df = _along(lifted, lam, mu, m, ("density", "lam", "df"))
    in_df = in_df / density - 0.5 * lifted * lost / mu + 0.5 * np.log(beyond)
    shrunk = np.exp(lost)
    ratio = _ratio(lifted, lam, mu, in_lam / density)
    in_lam = np.where(huge, 1.0, ratio * shrunk * np.sqrt(beyond))
    return in_lam, np.select([x == 0.0, huge], [0.0, 1.0], in_df * shrunk)


@elementwise(outputs=2)
def scores(x: Array, lam: Array, mu: Array) -> tuple[Array, Array]:
    """Return ∂ ln p(x)/∂λ = (R − 1)/2 and ∂ ln p(x)/∂df."""
    huge, z, deviation = _gaussian(x, lam, mu)
    lifted, lam, mu, lost, beyond = _together(x, lam, mu)
    kinds = ("density", "excess", "in_mu", "in_small_mu")
    _, density, excess, in_mu, in_small_mu = _along(lifted, lam, mu, np.maximum(mu, _LEAST), kinds)
    in_df = np.where(mu < _LEAST, in_small_mu, in_mu) / density + lost + 0.5 * np.log(beyond)
    small = (mu < _LEAST) & (lam * lifted < _SMALL_PRODUCT)
    from_ratio = _ratio(lifted, lam, mu, lifted) * np.exp(lost) - 1.0
    in_lam = np.where(small, from_ratio, excess / density) * np.sqrt(beyond)
    return np.where(huge, z / deviation, 0.5 * in_lam), np.where(huge, z / deviation, 0.5 * in_df)


@elementwise()
def quantile(u: Array, v: Array, lam: Array, mu: Array) -> Array:
    """Return x with P(X ≤ x) = u, where v = 1 − u and the smaller of them has its digits.

    Halley's method on the logarithm of the smaller tail in ln x, from Sankaran's approximation
    (1963), between bounds: where a step would leave them they are halved. Above,
    P(X > df + λ + 2√((df + 2λ) t) + 2t) is at most e^−t (Birgé 2001, lemma 8.1). Next to 0, with
    h = x/2, P(X ≤ x) is e^(−λ/2) h^μ/Γ(μ + 1) (1 + h (λ/2 − μ)/(μ + 1)).
    """
    from scipy.special import gammaln, ndtri

    u, v, lam, mu = np.broadcast_arrays(u, v, lam, mu)
    linear, _, deviation = _gaussian(u, lam, mu, _LINEAR)
    gaussian = 2.0 * mu + lam + deviation * np.where(v < u, -ndtri(v), ndtri(u))
    lam, mu = np.clip(lam, _TINY, _HUGE), np.clip(mu, _TINY, _HUGE)
    upper = v < u
    target = np.log(np.minimum(u, v))
    log_u = np.where(upper, np.log1p(-v), np.log(u)) / mu
    # a power has digits that e to its logarithm has not
    power = np.where(upper, np.exp(log_u), u ** (1.0 / mu))
    factor = _LOG_TWO + (0.5 * lam + gammaln(mu + 1.0)) / mu
    least = factor + log_u
    tiny = least + np.log((1.0 + lam) / mu) < _NEGLIGIBLE
    factor -= np.where(tiny, 0.5 * np.exp(least) * (0.5 * lam / mu - 1.0) / (mu + 1.0), 0.0)
    reach = -target
    high = np.log(lam + 2.0 * (mu + np.sqrt((mu + lam) * 2.0 * reach) + reach))
    low = np.full(u.shape, math.log(_LEAST_X))
    log = np.where(tiny, least, np.clip(_first(u, v, lam, mu, least), low, high))
    active = np.flatnonzero((u > 0.0) & (v > 0.0) & ~tiny & ~linear)

    def improve(members: Members) -> NDArray[np.bool_]:
        here, side = log[members], upper[members]
        x, at = np.exp(here), (lam[members], mu[members])
        found, height, density, in_lam = _log_tail(x, *at, side, "density", "lam")
        residual = target[members] - found
        mills = np.exp(found - here - height) / (0.5 * density)
        slope = at[1] + 0.5 * (at[0] * in_lam / density - x)
        step, bent = halley(residual, mills, slope, side)
        low[members] = np.where(step > 0.0, here, low[members])
        high[members] = np.where(step < 0.0, here, high[members])
        moved = here + step
        outside = ~((moved >= low[members]) & (moved <= high[members]))
        moved = np.where(outside, 0.5 * (low[members] + high[members]), moved)
        log[members] = moved
        # the error left is of third order in all of these
        off = np.maximum(np.maximum(np.abs(residual), np.abs(bent)), np.abs(moved - here))
        unfinished: NDArray[np.bool_] = off > _CLOSE
        return unfinished

    iterate(improve, active)
    known = [u <= 0.0, v <= 0.0, np.isnan(u), linear]
    found = np.where(tiny & (power > sys.float_info.min), power * np.exp(factor), np.exp(log))
    return np.select(known, [0.0, np.inf, np.nan, gaussian], found)


def _first(u: Array, v: Array, lam: Array, mu: Array, least: Array) -> Array:
    """Return ln x to start from: of a normal variate by a power of x, or of the power next to 0."""
    from scipy.special import ndtri

    mean, wide = 2.0 * mu + lam, 2.0 * (mu + lam)
    h = 1.0 - 2.0 / 3.0 * (mean / wide) * ((2.0 * mu + 3.0 * lam) / wide)
    p = wide / mean / mean
    bent = (h - 1.0) * (1.0 - 3.0 * h)
    z = np.where(v < u, -ndtri(v), ndtri(u))
    base = z * h * np.sqrt(2.0 * p) * (1.0 + 0.5 * bent * p)
    base += 1.0 + h * p * (h - 1.0 - 0.5 * (2.0 - h) * bent * p)
    normal = np.log(mean) + np.log(np.maximum(base, 1e-3)) / h
    return np.where((base < 1e-3) | (np.exp(least) < 0.3 * mu / (mu + lam)), least, normal)


#: Below this logarithm of x (1 + λ)/μ its square doesn't matter.
_NEGLIGIBLE = -19.0
#: A step by less is the last one.
_CLOSE = 1e-6
