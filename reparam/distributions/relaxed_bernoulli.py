"""The relaxed Bernoulli (binary Concrete) distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import LOG_ODDS
from reparam.distributions.logistic import Logistic
from reparam.domains import POSITIVE, REAL, UNIT
from reparam.engine.noise import UNIFORM, Noise
from reparam.parameters import Parameter

__all__ = ["RelaxedBernoulli"]


class RelaxedBernoulli(Reparameterized):
    """The relaxed Bernoulli (binary Concrete) distribution.

    y = σ((η + l)/τ) with l = log(u/(1 − u)): between 0 and 1, and the nearer to them the lower the
    temperature τ. Rounded, y is a Bernoulli variable with logit η, whatever τ is; as τ → 0 it is
    one itself (Maddison, Mnih & Teh 2017, appendix B).
    """

    name = "relaxed-bernoulli"
    aliases = ("binary-concrete",)
    temperature: Parameter = Parameter(
        "τ", POSITIVE, 1.0, (0.2, 5.0), ("tau",), "Temperature: low is nearly discrete"
    )
    logits: Parameter = Parameter(
        "η",
        REAL,
        0.0,
        (-4.0, 4.0),
        ("logit", "eta"),
        "Logit of the probability of 1",
        conversions={"probs": LOG_ODDS, "prob": LOG_ODDS},
    )
    about = About(
        density="p(y) = τ e^(−z) / (1 + e^(−z))² / (y (1 − y)),  z = τ log(y / (1 − y)) − η",
        transform="y = 1 / (1 + e^(−x)),  x = (η + log(u / (1 − u))) / τ",
        derivatives={"temperature": "−y (1 − y) x / τ", "logits": "y (1 − y) / τ"},
        source="Maddison, Mnih & Teh (2017), The Concrete distribution, appendix B",
    )
    mechanism = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support = UNIT
    _mirrored = ("temperature", "-logits")
    _tails = (Tail(power="temperature"), Tail(power="temperature"))
    _extras: ClassVar[int] = 1  # x, the logit of y
    _views: ClassVar[Mapping[str, View]] = {
        "log_value": View("_log_value", "_log_jacobian"),
        "complement": View("_complement", "_complement_jacobian"),
        "log_complement": View("_log_complement", "_log_complement_jacobian"),
    }

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        temperature, logits = theta
        x = (logits + Logistic._standard_icdf(noise)) / temperature
        return Logistic._standard_cdf(x), x

    @staticmethod
    def _icdf(u: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_cdf((logits + Logistic._standard_icdf(u)) / temperature)

    @staticmethod
    def _isf(v: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_cdf((logits - Logistic._standard_icdf(v)) / temperature)

    @staticmethod
    def _scaled(factor: Array, x: Array, temperature: Array) -> tuple[Array, ...]:
        """Return ∂x/∂θ times a factor, 0 where that is, or x is: 1/τ may be infinite."""
        in_logits = factor / temperature
        return np.where((factor == 0.0) | (x == 0.0), 0.0, -x * in_logits), in_logits

    @staticmethod
    def _jacobian(y: Array, x: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        tail = np.exp(-np.abs(x))
        return RelaxedBernoulli._scaled(tail / (1.0 + tail) ** 2, x, temperature)

    @staticmethod
    def _pathwise(y: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        return RelaxedBernoulli._scaled(y * (1.0 - y), _logit(y), temperature)

    @staticmethod
    def _bent(factor: Array, slope: Array, x: Array, temperature: Array) -> Triangle:
        """Return ∂²g/∂θ∂φ from g′(x) and g″/g′."""
        in_temperature, in_logits = RelaxedBernoulli._scaled(factor, x, temperature)
        turned = np.where(in_temperature == 0.0, 0.0, x * slope)
        return (
            (
                in_temperature * ((-2.0 - turned) / temperature),
                in_logits * ((-1.0 - turned) / temperature),
            ),
            (in_logits * (slope / temperature),),
        )

    @staticmethod
    def _hessian(y: Array, x: Array, temperature: Array, logits: Array) -> Triangle:
        tail = np.exp(-np.abs(x))
        return RelaxedBernoulli._bent(tail / (1.0 + tail) ** 2, -np.tanh(0.5 * x), x, temperature)

    @staticmethod
    def _pathwise2(y: Array, temperature: Array, logits: Array) -> Triangle:
        factor, slope = y * (1.0 - y), 1.0 - 2.0 * y
        return RelaxedBernoulli._bent(factor, slope, _logit(y), temperature)

    @staticmethod
    def _log_value(y: Array, x: Array, temperature: Array, logits: Array) -> Array:
        return -np.logaddexp(0.0, -x)

    @staticmethod
    def _log_jacobian(y: Array, x: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        return RelaxedBernoulli._scaled(Logistic._standard_cdf(-x), x, temperature)

    @staticmethod
    def _complement(y: Array, x: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_cdf(-x)

    @staticmethod
    def _complement_jacobian(
        y: Array, x: Array, temperature: Array, logits: Array
    ) -> tuple[Array, ...]:
        return tuple(-entry for entry in RelaxedBernoulli._jacobian(y, x, temperature, logits))

    @staticmethod
    def _log_complement(y: Array, x: Array, temperature: Array, logits: Array) -> Array:
        return -np.logaddexp(0.0, x)

    @staticmethod
    def _log_complement_jacobian(
        y: Array, x: Array, temperature: Array, logits: Array
    ) -> tuple[Array, ...]:
        return RelaxedBernoulli._scaled(-Logistic._standard_cdf(x), x, temperature)

    @staticmethod
    def _cdf(y: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_cdf(temperature * _logit(y) - logits)

    @staticmethod
    def _sf(y: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_cdf(logits - temperature * _logit(y))

    @staticmethod
    def _log_cdf(y: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_log_cdf(temperature * _logit(y) - logits)

    @staticmethod
    def _log_sf(y: Array, temperature: Array, logits: Array) -> Array:
        return Logistic._standard_log_cdf(logits - temperature * _logit(y))

    @staticmethod
    def _stein_score(y: Array, temperature: Array, logits: Array) -> Array:
        """−(τ tanh z/2 + 1 − 2y)/(y (1 − y)), z = τ logit y − η, the mirror image above ½.

        For z < 0, where tanh z/2 = 2σ(z) − 1, it is ((τ − 1) + 2 (y − τ σ(z)))/(y (1 − y)).
        """
        upper, rest = y > 0.5, 1.0 - y
        near, sign = np.where(upper, rest, y), np.where(upper, -1.0, 1.0)
        z = sign * (temperature * _logit(y) - logits)
        below = (temperature - 1.0) + 2.0 * (near - temperature * Logistic._standard_cdf(z))
        above = -temperature * np.tanh(0.5 * z) - (1.0 - 2.0 * near)
        slope = sign * np.where(z < 0.0, below, above) / y / rest
        if np.any(end := (near == 0.0) & (temperature == 1.0)):
            slope = np.where(end, -2.0 * sign * np.expm1(-sign * logits), slope)
        return slope

    @staticmethod
    def _log_prob(y: Array, temperature: Array, logits: Array) -> Array:
        inner = Logistic._standard_log_prob(temperature * _logit(y) - logits)
        inner = inner - np.log(y) - np.log1p(-y)
        if np.any(end := (y == 0.0) | (y == 1.0)):
            # 0, infinite, or where y's own power is 0 a constant
            power = np.where(temperature == 1.0, 0.0, np.copysign(np.inf, 1.0 - temperature))
            inner = np.where(end, power + np.where(y == 0.0, -logits, logits), inner)
        return np.asarray(np.log(temperature) + inner)

    @staticmethod
    def _score(y: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        return RelaxedBernoulli._score_of_draw(y, _logit(y), temperature, logits)

    @staticmethod
    def _score_of_draw(y: Array, x: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        slope = np.tanh(0.5 * (temperature * x - logits))
        return (1.0 - temperature * np.where(slope == 0.0, 0.0, x * slope)) / temperature, slope

    @staticmethod
    def _mean(temperature: Array, logits: Array) -> Array:
        return _expected(Logistic._standard_cdf, 0.0, 1.0, temperature, logits)

    @staticmethod
    def _variance(temperature: Array, logits: Array) -> Array:
        # of the smaller of y and 1 − y on average, without the difference
        logits = -np.abs(logits)
        mean = RelaxedBernoulli._mean(temperature, logits)

        def square(x: Array) -> Array:
            return (Logistic._standard_cdf(x) - mean[..., np.newaxis]) ** 2

        return _expected(square, mean**2, (1.0 - mean) ** 2, temperature, logits)

    @staticmethod
    def _entropy(temperature: Array, logits: Array) -> Array:
        # that of l, 2, and E[log dy/dl] = −log τ + E[log y + log(1 − y)]
        def beyond(x: Array) -> Array:
            return -2.0 * np.log1p(np.exp(-np.abs(x)))

        size = np.abs(logits)
        slope = (size + 2.0 * np.log1p(np.exp(-size))) / temperature  # E|x|
        cold = _narrow(beyond, 0.0, 0.0, temperature, logits) - slope
        warm = _wide(lambda x: beyond(x) - np.abs(x), temperature, logits)
        return np.asarray(2.0 - np.log(temperature) + np.where(temperature < 1.0, cold, warm))


#: log(y/(1 − y)), also near y = ½, where the difference of logarithms would cancel.
_logit = Logistic._standard_icdf


@cache
def _half_line() -> tuple[Array, Array]:
    """Return nodes and weights for ∫ g(t) dt over (0, ∞) of what falls like e^(−t)."""
    node, weight = np.polynomial.legendre.leggauss(24)
    edges = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 25.0, 30.0, 40.0])
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    nodes = edges[:-1, np.newaxis] + half * (1.0 + node)
    return nodes.ravel(), (half * weight).ravel()


def _expected(
    f: Callable[[Array], Array],
    at_zero: Array | float,
    at_one: Array | float,
    temperature: Array,
    logits: Array,
) -> Array:
    """Return E[f(x)] for smooth f with these limits for x → ∓∞, to about 1e-15 of f's size."""
    cold = _narrow(f, at_zero, at_one, temperature, logits)
    return np.where(temperature < 1.0, cold, _wide(f, temperature, logits))


def _narrow(
    f: Callable[[Array], Array],
    at_zero: Array | float,
    at_one: Array | float,
    temperature: Array,
    logits: Array,
) -> Array:
    """Return E[f(x)] for τ < 1: that of the step between the limits, and what f differs by.

    It differs by what falls like e^(−|x|), on either side of x = 0, where f need not be smooth.
    """
    t, weight = _half_line()
    total = at_zero * Logistic._standard_cdf(-logits) + at_one * Logistic._standard_cdf(logits)
    tau, eta = (np.asarray(value)[..., np.newaxis] for value in (temperature, logits))
    for sign, limit in ((1.0, at_one), (-1.0, at_zero)):
        density = np.exp(Logistic._standard_log_prob(sign * tau * t - eta))
        beyond = f(sign * t) - np.asarray(limit)[..., np.newaxis]
        total = total + np.sum(weight * tau * density * beyond, axis=-1)
    return np.asarray(total)


def _wide(f: Callable[[Array], Array], temperature: Array, logits: Array) -> Array:
    """Return E[f(x)] for τ ≥ 1, by the trapezoidal rule in l.

    The integrand is analytic for |Im l| < π, so that the error is about e^(−2π²/h).
    """
    h = 0.25
    noise = np.arange(-45.0, 45.0 + h, h)
    tau, eta = (np.asarray(value)[..., np.newaxis] for value in (temperature, logits))
    density = h * np.exp(Logistic._standard_log_prob(noise))
    return np.asarray(np.sum(density * f((eta + noise) / tau), axis=-1))
