"""The gamma distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distribution import About
from reparam.mechanisms import Implicit
from reparam.parameters import POSITIVE, Parameter
from reparam.special import gamma

__all__ = ["Gamma"]


class Gamma(Implicit):
    """The gamma distribution.

    p(y) = λ^α y^(α−1) exp(−λ y)/Γ(α) for y > 0. The rate scales a draw with unit rate; the
    derivative in the shape α is implicit (Figurnov, Mohamed & Mnih 2018, section 4).
    """

    name = "gamma"
    alpha: Parameter = Parameter("α", POSITIVE, 1.0, (0.1, 100.0), ("a", "shape", "k"), "Shape")
    rate: Parameter = Parameter("λ", POSITIVE, 1.0, (0.1, 10.0), ("b", "beta", "lambda"), "Rate")
    about = About(
        density="p(y) = λ^α y^(α−1) exp(−λ y) / Γ(α)",
        transform="y = P⁻¹(α, u) / λ,  P the regularized incomplete gamma function",
        derivatives={"alpha": "−(∂P(α, λy)/∂α) / p(y)", "rate": "−y / λ"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
    )
    _support = POSITIVE

    @staticmethod
    def _icdf(u: Array, alpha: Array, rate: Array) -> Array:
        return gamma.icdf(u, alpha) / rate

    @staticmethod
    def _pathwise(y: Array, alpha: Array, rate: Array) -> tuple[Array, ...]:
        return gamma.pathwise(rate * y, alpha) / rate, -y / rate

    @staticmethod
    def _cdf(y: Array, alpha: Array, rate: Array) -> Array:
        from scipy.special import gammainc

        return gammainc(alpha, rate * y)

    @staticmethod
    def _sf(y: Array, alpha: Array, rate: Array) -> Array:
        from scipy.special import gammaincc

        return gammaincc(alpha, rate * y)

    @staticmethod
    def _log_prob(y: Array, alpha: Array, rate: Array) -> Array:
        from scipy.special import gammaln, xlogy

        return xlogy(alpha - 1.0, rate * y) - rate * y - gammaln(alpha) + np.log(rate)

    @staticmethod
    def _score(y: Array, alpha: Array, rate: Array) -> tuple[Array, ...]:
        from scipy.special import digamma

        return np.log(rate * y) - digamma(alpha), alpha / rate - y

    @staticmethod
    def _mean(alpha: Array, rate: Array) -> Array:
        return alpha / rate

    @staticmethod
    def _variance(alpha: Array, rate: Array) -> Array:
        return alpha / rate / rate

    @staticmethod
    def _entropy(alpha: Array, rate: Array) -> Array:
        from scipy.special import digamma, gammaln

        return alpha - np.log(rate) + gammaln(alpha) + (1.0 - alpha) * digamma(alpha)
