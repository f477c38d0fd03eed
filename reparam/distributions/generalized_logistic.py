"""The generalized logistic distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special._accurate import LARGEST, log1mexp
from reparam.special.logistic import sigmoid, softplus
from reparam.special.polygamma import digamma_difference

__all__ = ["GeneralizedLogistic"]

#: From here on ln(1 + e^−z) is e^−z to the last bit.
_FAR = 40.0
_TINY = 1e-290


class GeneralizedLogistic(LocationScale):
    """The generalized logistic distribution (of type I, Burr's II): a power of the logistic cdf.

    F(y) = (1 + e^(−z))^(−α) with z = (y − μ)/σ, reparameterized as y = μ + σ z, where
    z = −log(u^(−1/α) − 1). For integer α it is that of the largest of α logistic variates.
    """

    name = "generalized-logistic"
    aliases = ("genlogistic",)
    concentration: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.2, 10.0), ("alpha", "c", "shape"), "Shape: power of the cdf"
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = α e^(−z) / (σ (1 + e^(−z))^(α+1)),  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = −log(e^t − 1),  t = −log(u) / α",
        derivatives={"concentration": "σ t (1 + e^z) / α", "loc": "1", "scale": "z"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 23",
        scipy="genlogistic(concentration, loc, scale)",
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _standard_icdf(u: Array, concentration: Array) -> Array:
        return _of_time(-np.log(u), concentration)

    @staticmethod
    def _standard_isf(v: Array, concentration: Array) -> Array:
        return _of_time(-np.log1p(-v), concentration)

    @staticmethod
    def _standard_pathwise(z: Array, concentration: Array) -> tuple[Array, ...]:
        # t (1 + e^z)/α with t = ln(1 + e^−z)
        near = softplus(-z) * (1.0 + np.exp(np.minimum(z, _FAR)))
        return (np.where(z < _FAR, near, 1.0) / concentration,)

    @staticmethod
    def _standard_cdf(z: Array, concentration: Array) -> Array:
        return np.exp(-concentration * softplus(-z))

    @staticmethod
    def _standard_sf(z: Array, concentration: Array) -> Array:
        return -np.expm1(-_time(z, concentration))

    @staticmethod
    def _standard_log_cdf(z: Array, concentration: Array) -> Array:
        return -_time(z, concentration)

    @staticmethod
    def _standard_log_sf(z: Array, concentration: Array) -> Array:
        time = _time(z, concentration)
        return np.where(time < _TINY, np.log(concentration) - z, log1mexp(-time))

    @staticmethod
    def _standard_log_prob(z: Array, concentration: Array) -> Array:
        linear = np.where(z < 0.0, concentration * z, -z)
        inner = np.log(concentration) + linear - (concentration + 1.0) * softplus(-np.abs(z))
        return inner

    @staticmethod
    def _standard_score(z: Array, concentration: Array) -> tuple[Array, ...]:
        # α σ(−z) − σ(z), which is 0 at z = 0 for α = 1
        z = np.clip(z, -LARGEST, LARGEST)
        near = 0.5 * ((concentration - 1.0) - (concentration + 1.0) * np.tanh(0.5 * z))
        far = concentration * sigmoid(-z) - sigmoid(z)
        return np.where(np.abs(z) < 1.0, near, far), 1.0 / concentration - softplus(-z)

    @staticmethod
    def _standard_moments(concentration: Array) -> tuple[Array, Array, Array]:
        from scipy.special import digamma, polygamma

        step = np.clip(concentration - 1.0, -0.5, 0.5)
        near = digamma_difference(np.ones_like(step), step)
        mean = np.where(step == concentration - 1.0, near, digamma(concentration) + np.euler_gamma)
        entropy = 1.0 - np.log(concentration) + (digamma(1.0 + concentration) + np.euler_gamma)
        return mean, polygamma(1, concentration) + np.pi**2 / 6.0, entropy


def _of_time(time: Array, concentration: Array) -> Array:
    """Return z = −ln(e^t − 1) with t = time/α: −t for large t, −ln t for small."""
    t = time / concentration
    near = -np.log(np.expm1(np.minimum(t, 1.0)))
    far = -t - np.log1p(-np.exp(-np.maximum(t, 0.5)))
    lost = np.log(concentration) - np.log(time)  # where t underflows
    return np.select([t < _TINY, t < 1.0], [lost, near], far)


def _time(z: Array, concentration: Array) -> Array:
    """Return α ln(1 + e^−z), an exponential variate, also where e^−z alone underflows."""
    far = np.exp(np.log(concentration) - np.maximum(z, _FAR))
    return np.where(z > 700.0, far, concentration * softplus(-z))
