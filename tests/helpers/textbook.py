"""Textbook distributions as anybody may write them, right and with gradients that are 1 % off.

Each is made of four formulas in NumPy; what a sampler made of it tells of its law can be chosen, so
that all else has to follow numerically.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, owens_t

Formula = Callable[..., Any]
Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Textbook:
    """A distribution: `slopes` are ∂y/∂θ on the quantile path at values y."""

    parameters: Ranges
    log_prob: Formula
    cdf: Formula
    sf: Formula
    icdf: Formula | None = None
    slopes: Formula | None = None
    #: The ends of the support, unless they are infinite or depend on a parameter.
    support: tuple[float, float] | None = None
    #: Draws with gradients, for those without a quantile function.
    rsample: Formula | None = None


@dataclass
class Sampler:
    """What `reparam verify` is pointed at: draws, and of the law what was chosen."""

    law: Textbook
    off: str = ""
    parameters: Ranges = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = self.law.parameters

    def rsample(self, n: int, *, rng: np.random.Generator, **theta: float) -> Any:
        if self.law.rsample is not None:
            y, slopes = self.law.rsample(n, rng, **theta)
        else:
            y = self.law.icdf(rng.uniform(size=n), **theta)
            slopes = self.law.slopes(y, **theta)
        return y, {
            name: np.broadcast_to(slope, y.shape) * (1.01 if name == self.off else 1.0)
            for name, slope in slopes.items()
        }


def sampler(law: Textbook, tells: str, off: str = "") -> Sampler:
    """Return a sampler whose law is told by the formulas in `tells`, a word each.

    With `off` the gradient in that parameter is 1 % too large.
    """
    made = Sampler(law, off)
    for name in tells.split():
        if (formula := getattr(law, "slopes" if name == "pathwise" else name)) is not None:
            setattr(made, name, formula)
    return made


def _upper(y: Any, low: Any, inside: Any) -> Any:
    """Return a survival function that is 1 up to `low`."""
    return np.where(y > low, inside, 1.0)


def _location_scale(
    log_density: Formula, cdf: Formula, sf: Formula, quantile: Formula | None, **others: Any
) -> Textbook:
    return Textbook(
        {"loc": (-3.0, 3.0), "scale": (0.1, 10.0)},
        lambda y, loc, scale: log_density((y - loc) / scale) - np.log(scale),
        lambda y, loc, scale: cdf((y - loc) / scale),
        lambda y, loc, scale: sf((y - loc) / scale),
        quantile and (lambda u, loc, scale: loc + scale * quantile(u)),
        lambda y, loc, scale: {"loc": np.ones_like(y), "scale": (y - loc) / scale},
        **others,
    )


def _log(x: Any) -> Any:
    """Return the logarithm, −∞ of what has none."""
    return np.log(np.where(x > 0.0, x, 0.0))


def _triangle_quantile(u: Any, low: Any, mode: Any, high: Any) -> Any:
    wide = high - low
    return np.where(
        u < (mode - low) / wide,
        low + np.sqrt(u * wide * (mode - low)),
        high - np.sqrt((1.0 - u) * wide * (high - mode)),
    )


def _triangle_slopes(y: Any, low: Any, mode: Any, high: Any) -> Any:
    """From ln F = 2 ln(y − low) − ln(high − low) − ln(mode − low) left of the mode."""
    left = y < mode
    near, far = y - low, high - y
    by = np.where(left, 0.5 * near, 0.5 * far)
    wide, a, b = high - low, mode - low, high - mode
    return {
        "low": np.where(left, 1.0 - by * (1.0 / wide + 1.0 / a), by / wide),
        "mode": np.where(left, by / a, by / b),
        "high": np.where(left, by / wide, 1.0 - by * (1.0 / wide + 1.0 / b)),
    }


def _triangle_upper(y: Any, low: Any, mode: Any, high: Any) -> Any:
    y = np.clip(y, low, high)
    wide = high - low
    right = (high - y) ** 2 / (wide * (high - mode))
    return np.where(y < mode, 1.0 - (y - low) ** 2 / (wide * (mode - low)), right)


def _triangle_lower(y: Any, low: Any, mode: Any, high: Any) -> Any:
    return _triangle_upper(-y, -high, -mode, -low)


def _triangle_log_prob(y: Any, low: Any, mode: Any, high: Any) -> Any:
    wide = high - low
    return _log(
        np.where(y < mode, 2.0 * (y - low) / (mode - low), 2.0 * (high - y) / (high - mode)) / wide
    )


def _inverse_gaussian_cdf(y: Any, mean: Any, shape: Any) -> Any:
    x = np.where(y > 0.0, y, 1.0)
    root = np.sqrt(shape / x)
    inside = ndtr(root * (x / mean - 1.0)) + np.exp(2.0 * shape / mean) * ndtr(
        -root * (x / mean + 1.0)
    )
    return np.where(y > 0.0, inside, 0.0)


def _inverse_gaussian_log_prob(y: Any, mean: Any, shape: Any) -> Any:
    x = np.where(y > 0.0, y, 1.0)
    inside = 0.5 * np.log(shape / (2.0 * np.pi * x**3)) - shape * (x - mean) ** 2 / (
        2.0 * mean**2 * x
    )
    return np.where(y > 0.0, inside, -np.inf)


def _inverse_gaussian_draws(n: int, rng: np.random.Generator, mean: float, shape: float) -> Any:
    """Draw as Michael, Schucany & Haas (1976) do, with −F_θ/p for gradients."""
    y = rng.wald(mean, shape, size=n)
    root = np.sqrt(shape / y)
    plus, density = root * (y / mean + 1.0), np.exp(_inverse_gaussian_log_prob(y, mean, shape))
    # exp(2λ/μ)Φ(−b) is what p's exponential is, times a Mills ratio
    tail = np.exp(2.0 * shape / mean) * ndtr(-plus)
    bell = np.exp(-0.5 * (root * (y / mean - 1.0)) ** 2) / np.sqrt(2.0 * np.pi)
    by_mean = -2.0 * shape / mean**2 * tail  # the terms with φ cancel
    by_shape = 2.0 / mean * tail - bell / np.sqrt(shape * y)
    return y, {"mean": -by_mean / density, "shape": -by_shape / density}


def _skew_normal_draws(
    n: int, rng: np.random.Generator, loc: float, scale: float, shape: float
) -> Any:
    """Draw as Azzalini (1986) does: another path than the quantile function's."""
    folded, free = np.abs(rng.normal(size=n)), rng.normal(size=n)
    slant = shape / np.hypot(1.0, shape)
    turn = np.sqrt(1.0 - slant**2)
    z = slant * folded + turn * free
    by_slant = folded - slant / turn * free
    return loc + scale * z, {
        "loc": np.ones(n),
        "scale": z,
        "shape": scale * by_slant / np.hypot(1.0, shape) ** 3,
    }


NORMAL = _location_scale(
    lambda z: -0.5 * z * z - 0.5 * np.log(2.0 * np.pi), ndtr, lambda z: ndtr(-z), ndtri
)
CAUCHY = _location_scale(
    lambda z: -np.log(np.pi * (1.0 + z * z)),
    lambda z: 0.5 + np.arctan(z) / np.pi,
    lambda z: 0.5 - np.arctan(z) / np.pi,
    lambda u: np.tan(np.pi * (u - 0.5)),
)
GUMBEL = _location_scale(
    lambda z: -z - np.exp(-z),
    lambda z: np.exp(-np.exp(-z)),
    lambda z: -np.expm1(-np.exp(-z)),
    lambda u: -np.log(-np.log(u)),
)
LOGISTIC = _location_scale(
    lambda z: -np.abs(z) - 2.0 * np.log1p(np.exp(-np.abs(z))),
    lambda z: 1.0 / (1.0 + np.exp(-z)),
    lambda z: 1.0 / (1.0 + np.exp(z)),
    lambda u: np.log(u / (1.0 - u)),
)
STUDENT_T2 = _location_scale(
    lambda z: -1.5 * np.log(2.0 + z * z),
    lambda z: 0.5 + 0.5 * z / np.sqrt(2.0 + z * z),
    lambda z: 0.5 - 0.5 * z / np.sqrt(2.0 + z * z),
    lambda u: (2.0 * u - 1.0) / np.sqrt(2.0 * u * (1.0 - u)),
)
LAPLACE = _location_scale(
    lambda z: -np.abs(z) - np.log(2.0),
    lambda z: np.where(z < 0.0, 0.5 * np.exp(-np.abs(z)), 1.0 - 0.5 * np.exp(-np.abs(z))),
    lambda z: np.where(z < 0.0, 1.0 - 0.5 * np.exp(-np.abs(z)), 0.5 * np.exp(-np.abs(z))),
    lambda u: np.where(u < 0.5, np.log(2.0 * u), -np.log(2.0 * (1.0 - u))),
)
#: Its lower end moves, and the density is largest there.
SHIFTED_EXPONENTIAL = _location_scale(
    lambda z: np.where(z >= 0.0, -z, -np.inf),
    lambda z: np.where(z > 0.0, -np.expm1(-np.abs(z)), 0.0),
    lambda z: np.where(z > 0.0, np.exp(-np.abs(z)), 1.0),
    lambda u: -np.log1p(-u),
)
SKEW_NORMAL = Textbook(
    {"loc": (-3.0, 3.0), "scale": (0.1, 10.0), "shape": (-3.0, 3.0)},
    lambda y, loc, scale, shape: (
        -0.5 * ((y - loc) / scale) ** 2
        - 0.5 * np.log(2.0 * np.pi)
        + np.log(2.0 * ndtr(shape * (y - loc) / scale))
        - np.log(scale)
    ),
    lambda y, loc, scale, shape: ndtr((y - loc) / scale) - 2.0 * owens_t((y - loc) / scale, shape),
    lambda y, loc, scale, shape: ndtr(-(y - loc) / scale) + 2.0 * owens_t((y - loc) / scale, shape),
    rsample=_skew_normal_draws,
)
LOG_NORMAL = Textbook(
    {"mu": (-2.0, 2.0), "sigma": (0.1, 2.0)},
    lambda y, mu, sigma: np.where(
        y > 0.0,
        -0.5 * ((np.log(np.where(y > 0.0, y, 1.0)) - mu) / sigma) ** 2
        - np.log(np.where(y > 0.0, y, 1.0) * sigma * np.sqrt(2.0 * np.pi)),
        -np.inf,
    ),
    lambda y, mu, sigma: ndtr((_log(y) - mu) / sigma),
    lambda y, mu, sigma: ndtr(-(_log(y) - mu) / sigma),
    lambda u, mu, sigma: np.exp(mu + sigma * ndtri(u)),
    lambda y, mu, sigma: {"mu": y, "sigma": y * (np.log(y) - mu) / sigma},
    (0.0, np.inf),
)
WEIBULL = Textbook(
    {"k": (0.5, 10.0), "scale": (0.1, 10.0)},
    lambda y, k, scale: np.where(
        y > 0.0,
        np.log(k / scale) + (k - 1.0) * np.log(np.abs(y / scale)) - np.abs(y / scale) ** k,
        -np.inf,
    ),
    lambda y, k, scale: 1.0 - np.exp(-((np.maximum(y, 0.0) / scale) ** k)),
    lambda y, k, scale: np.exp(-((np.maximum(y, 0.0) / scale) ** k)),
    lambda u, k, scale: scale * (-np.log1p(-u)) ** (1.0 / k),
    lambda y, k, scale: {"k": -y * np.log(y / scale) / k, "scale": y / scale},
    (0.0, np.inf),
)
PARETO = Textbook(
    {"a": (0.5, 10.0), "m": (0.1, 10.0)},
    lambda y, a, m: np.where(
        y >= m, np.log(a) + a * np.log(m) - (a + 1.0) * np.log(np.maximum(y, m)), -np.inf
    ),
    lambda y, a, m: 1.0 - (m / np.maximum(y, m)) ** a,
    lambda y, a, m: (m / np.maximum(y, m)) ** a,
    lambda u, a, m: m * (1.0 - u) ** (-1.0 / a),
    lambda y, a, m: {"a": -y * np.log(y / m) / a, "m": y / m},
)
UNIFORM = Textbook(
    {"low": (-3.0, 0.0), "high": (1.0, 4.0)},
    lambda y, low, high: np.where((y >= low) & (y <= high), -np.log(high - low), -np.inf),
    lambda y, low, high: np.clip((y - low) / (high - low), 0.0, 1.0),
    lambda y, low, high: np.clip((high - y) / (high - low), 0.0, 1.0),
    lambda u, low, high: low + (high - low) * u,
    lambda y, low, high: {"low": (high - y) / (high - low), "high": (y - low) / (high - low)},
)
TRIANGULAR = Textbook(
    {"low": (-3.0, -1.0), "mode": (-0.5, 0.5), "high": (1.0, 3.0)},
    _triangle_log_prob,
    _triangle_lower,
    _triangle_upper,
    _triangle_quantile,
    _triangle_slopes,
)
#: Its density has poles at both ends, which move.
ARCSINE = Textbook(
    {"low": (-3.0, 0.0), "high": (1.0, 4.0)},
    lambda y, low, high: np.where(
        (y > low) & (y < high),
        -np.log(np.pi) - 0.5 * np.log(np.abs((y - low) * (high - y))),
        -np.inf,
    ),
    lambda y, low, high: (
        2.0 / np.pi * np.arcsin(np.sqrt(np.clip((y - low) / (high - low), 0.0, 1.0)))
    ),
    lambda y, low, high: (
        2.0 / np.pi * np.arcsin(np.sqrt(np.clip((high - y) / (high - low), 0.0, 1.0)))
    ),
    lambda u, low, high: low + (high - low) * np.sin(0.5 * np.pi * u) ** 2,
    lambda y, low, high: {"low": (high - y) / (high - low), "high": (y - low) / (high - low)},
)
#: The largest of k uniform draws up to a scale: the upper end moves.
POWER = Textbook(
    {"k": (0.5, 5.0), "scale": (0.1, 10.0)},
    lambda y, k, scale: np.where(
        (y > 0.0) & (y <= scale), np.log(k / scale) + (k - 1.0) * _log(y / scale), -np.inf
    ),
    lambda y, k, scale: np.clip(y / scale, 0.0, 1.0) ** k,
    lambda y, k, scale: 1.0 - np.clip(y / scale, 0.0, 1.0) ** k,
    lambda u, k, scale: scale * u ** (1.0 / k),
    lambda y, k, scale: {"k": -y * np.log(y / scale) / k, "scale": y / scale},
)
HALF_NORMAL = Textbook(
    {"scale": (0.1, 10.0)},
    lambda y, scale: np.where(
        y >= 0.0, 0.5 * np.log(2.0 / np.pi) - np.log(scale) - 0.5 * (y / scale) ** 2, -np.inf
    ),
    lambda y, scale: 2.0 * ndtr(np.maximum(y, 0.0) / scale) - 1.0,
    lambda y, scale: 2.0 * ndtr(-np.maximum(y, 0.0) / scale),
    lambda u, scale: scale * ndtri(0.5 + 0.5 * u),
    lambda y, scale: {"scale": y / scale},
    (0.0, np.inf),
)
RAYLEIGH = Textbook(
    {"scale": (0.1, 10.0)},
    lambda y, scale: _log(y) - 2.0 * np.log(scale) - 0.5 * (y / scale) ** 2,
    lambda y, scale: -np.expm1(-0.5 * (np.maximum(y, 0.0) / scale) ** 2),
    lambda y, scale: np.exp(-0.5 * (np.maximum(y, 0.0) / scale) ** 2),
    lambda u, scale: scale * np.sqrt(-2.0 * np.log1p(-u)),
    lambda y, scale: {"scale": y / scale},
    (0.0, np.inf),
)
LOG_LOGISTIC = Textbook(
    {"scale": (0.1, 10.0), "shape": (0.5, 8.0)},
    lambda y, scale, shape: np.where(
        y > 0.0,
        np.log(shape / scale)
        + (shape - 1.0) * np.log(np.abs(y / scale))
        - 2.0 * np.log1p(np.abs(y / scale) ** shape),
        -np.inf,
    ),
    lambda y, scale, shape: 1.0 - 1.0 / (1.0 + (np.maximum(y, 0.0) / scale) ** shape),
    lambda y, scale, shape: 1.0 / (1.0 + (np.maximum(y, 0.0) / scale) ** shape),
    lambda u, scale, shape: scale * (u / (1.0 - u)) ** (1.0 / shape),
    lambda y, scale, shape: {"scale": y / scale, "shape": -y * np.log(y / scale) / shape},
    (0.0, np.inf),
)
EXPONENTIAL = Textbook(
    {"rate": (0.1, 10.0)},
    lambda y, rate: np.where(y >= 0.0, np.log(rate) - rate * y, -np.inf),
    lambda y, rate: 1.0 - np.exp(-rate * np.maximum(y, 0.0)),
    lambda y, rate: np.exp(-rate * np.maximum(y, 0.0)),
    lambda u, rate: -np.log1p(-u) / rate,
    lambda y, rate: {"rate": -y / rate},
    (0.0, np.inf),
)
KUMARASWAMY = Textbook(
    {"a": (0.5, 5.0), "b": (0.5, 5.0)},
    lambda y, a, b: np.where(
        (y > 0.0) & (y < 1.0),
        np.log(a * b)
        + (a - 1.0) * np.log(np.where(y > 0.0, y, 0.5))
        + (b - 1.0) * np.log1p(-(np.clip(y, 0.0, 0.9999999999999999) ** a)),
        -np.inf,
    ),
    lambda y, a, b: 1.0 - (1.0 - np.clip(y, 0.0, 1.0) ** a) ** b,
    lambda y, a, b: (1.0 - np.clip(y, 0.0, 1.0) ** a) ** b,
    lambda u, a, b: (1.0 - (1.0 - u) ** (1.0 / b)) ** (1.0 / a),
    lambda y, a, b: {
        "a": -y * np.log(y) / a,
        "b": y ** (1.0 - a) * (1.0 - y**a) * np.log1p(-(y**a)) / (a * b),
    },
    (0.0, 1.0),
)
INVERSE_GAUSSIAN = Textbook(
    {"mean": (0.3, 3.0), "shape": (0.3, 10.0)},
    _inverse_gaussian_log_prob,
    _inverse_gaussian_cdf,
    lambda y, mean, shape: 1.0 - _inverse_gaussian_cdf(y, mean, shape),
    rsample=_inverse_gaussian_draws,
    support=(0.0, np.inf),
)

TEXTBOOK: Mapping[str, Textbook] = {
    name.lower(): law for name, law in list(globals().items()) if isinstance(law, Textbook)
}
