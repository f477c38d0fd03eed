"""The multivariate Gaussian distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal
from reparam.distributions.gaussian import Gaussian
from reparam.domains import REAL
from reparam.engine.noise import NORMAL
from reparam.engine.outer import Outer
from reparam.families.elliptical import Elliptical, conditioned
from reparam.families.entries import Conditionals
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import LowerTriangular, PositiveDefinite
from reparam.special.matrices import apply, lower_factor, transposed
from reparam.special.normal import LOG_TWO_PI

__all__ = ["MultivariateGaussian"]


class MultivariateGaussian(Conditionals, Elliptical):
    """The multivariate Gaussian (normal) distribution, of vectors.

    y = μ + A z with K standard normal z and A Aᵀ = Σ. Pass one of `scale_tril`, which is A, lower
    triangular, `covariance`, Σ, and `precision`, Σ⁻¹: A is the Cholesky factor of Σ, or L⁻ᵀ for the
    Cholesky factor L of the precision. Derivatives are in the one that was passed.
    """

    name = "multivariate-gaussian"
    aliases = ("multivariate-normal", "mvn")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean", dims=("K",))
    scale_tril: Parameter = matrix(
        "L", LowerTriangular(), ("cholesky",), "Cholesky factor of the covariance"
    )
    covariance: Parameter = matrix(
        "Σ", PositiveDefinite(), ("covariance_matrix", "cov"), "Covariance"
    )
    precision: Parameter = matrix(
        "P", PositiveDefinite(), ("precision_matrix",), "Inverse of the covariance"
    )
    about = About(
        density="p(y) = exp(−½ (y − μ)ᵀ Σ⁻¹ (y − μ)) / √det(2πΣ)",
        transform="y = μ + A z,  z ~ N(0, I),  A Aᵀ = Σ",
        derivatives={
            "loc": "I",
            "scale_tril": "dy = dL z",
            "covariance": "dy = L Φ(L⁻¹ dΣ L⁻ᵀ) z,  Φ: lower triangle, half of the diagonal",
            "precision": "dy = −L⁻ᵀ dLᵀ L⁻ᵀ z,  dL = L Φ(L⁻¹ dP L⁻ᵀ)",
        },
        source="Murray (2016), Differentiation of the Cholesky decomposition",
    )
    noise = NORMAL
    _alternatives = (("scale_tril", "covariance", "precision"),)
    _extras = 1  # z

    def _of_entries(self, chosen: list[int]) -> MultivariateGaussian:
        loc, a, _ = self._ready
        return self._law()(loc[..., chosen], scale_tril=lower_factor(a[..., chosen, :]))

    def _given(self, known: list[int], rest: list[int], given: Array) -> MultivariateGaussian:
        loc, a, _ = self._ready
        _, mean, factor = conditioned(loc, a, known, rest, given)
        return self._law()(mean, scale_tril=factor)

    @staticmethod
    def _transform(z: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        return apply(a, z, loc), z

    @staticmethod
    def _pull(upstream: Array, y: Array, z: Array, *theta: Any) -> tuple[Any, ...]:
        return upstream, Outer(upstream, z)

    @staticmethod
    def _push(tangents: tuple[Any, ...], y: Array, z: Array, *theta: Any) -> Array:
        return np.asarray(tangents[0] + apply(tangents[1], z))

    @staticmethod
    def _pull_along(upstream: Array, tangents: Any, y: Array, z: Array, *_: Any) -> tuple[Any, ...]:
        nothing = np.zeros_like(z)
        return nothing, Outer(nothing, z)

    @classmethod
    def _log_prob(cls, y: Array, loc: Array, a: Array, b: Array) -> Array:
        w = apply(b, y - loc)
        squares = np.einsum("...k,...k->...", w, w)
        return np.asarray(-0.5 * (squares + y.shape[-1] * LOG_TWO_PI) - cls._log_scale(a))

    @staticmethod
    def _score(y: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        w, back = apply(b, y - loc), transposed(b)
        slope = apply(back, w)
        return slope, slope[..., :, np.newaxis] * w[..., np.newaxis, :] - back

    @staticmethod
    def _stein_score(y: Array, loc: Array, a: Array, b: Array) -> Array:
        return -apply(transposed(b), apply(b, y - loc))

    @staticmethod
    def _mean(loc: Array, a: Array, b: Array) -> Array:
        return loc

    @staticmethod
    def _variance(loc: Array, a: Array, b: Array) -> Array:
        return np.asarray(np.sum(a * a, axis=-1))

    @staticmethod
    def _covariance(loc: Array, a: Array, b: Array) -> Array:
        return np.asarray(a @ transposed(a))

    def _marginals(self, loc: Array, given: Array) -> tuple[Marginal, ...]:
        return self._projections(Gaussian, loc)

    @classmethod
    def _entropy(cls, loc: Array, a: Array, b: Array) -> Array:
        return np.asarray(0.5 * a.shape[-1] * (1.0 + LOG_TWO_PI) + cls._log_scale(a))
