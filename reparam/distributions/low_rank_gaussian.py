"""The multivariate Gaussian distribution with a covariance of low rank and a diagonal."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.distributions.gaussian import Gaussian
from reparam.domains import POSITIVE, REAL, Interval
from reparam.engine.noise import NORMAL
from reparam.engine.outer import Outer
from reparam.families.elliptical import projections
from reparam.families.entries import Conditionals
from reparam.parameters import Parameter
from reparam.regions import RealVector
from reparam.special.matrices import apply, cholesky, inverse, transposed
from reparam.special.normal import LOG_TWO_PI

__all__ = ["LowRankMultivariateGaussian"]


class LowRankMultivariateGaussian(Conditionals, Reparameterized):
    """The multivariate Gaussian distribution with covariance W Wᵀ + diag(d).

    y = μ + W z₁ + √d z₂ with R and K standard normal numbers. W has R columns: time and memory are
    linear in K.
    """

    name = "low-rank-gaussian"
    aliases = (
        "low-rank-multivariate-gaussian",
        "low-rank-multivariate-normal",
        "low-rank-mvn",
        "low-rank-normal",
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean", dims=("K",))
    cov_factor: Parameter = Parameter(
        "W", REAL, 0.5, (-1.0, 1.0), (), "Factor", dims=("K", "R"), vector=(2, 1)
    )
    cov_diag: Parameter = Parameter("d", POSITIVE, 1.0, (0.2, 3.0), (), "Diagonal", dims=("K",))
    about = About(
        density="p(y) = exp(−½ (y − μ)ᵀ Σ⁻¹ (y − μ)) / √det(2πΣ),  Σ = W Wᵀ + diag(d)",
        transform="y = μ + W z₁ + √d z₂,  z ~ N(0, I)",
        derivatives={"loc": "I", "cov_factor": "dy = dW z₁", "cov_diag": "z₂/(2√d)"},
        source="Ong, Nott & Smith (2018), Gaussian variational approximation with a factor"
        " covariance structure",
    )
    mechanism = "location-scale"
    noise = NORMAL
    _substreams = ((NORMAL, ("R",)), (NORMAL, ("K",)))
    _support: ClassVar[Interval] = RealVector()
    _extras = 2  # z₁ and z₂
    _extra_dims = (("R",), ("K",))
    # G = C⁻¹ Uᵀ and ½ ln det Σ, with U = W/√d and C = I + Uᵀ U
    _prepared_dims = (("K",), ("K", "R"), ("K",), ("R", "K"), ())
    _functions_of_others = 2

    def _of_entries(self, chosen: list[int]) -> LowRankMultivariateGaussian:
        loc, w, d = (np.asarray(each) for each in self._theta)
        return LowRankMultivariateGaussian(loc[..., chosen], w[..., chosen, :], d[..., chosen])

    def _given(
        self, known: list[int], rest: list[int], given: Array
    ) -> LowRankMultivariateGaussian:
        loc, w, d = (np.asarray(each) for each in self._theta)
        # what is known of z₁: its precision is C = I + UᵀU with U = W/√d of the known entries
        root = np.sqrt(d[..., known])
        u = w[..., known, :] / root[..., np.newaxis]
        inverted = inverse(cholesky(np.eye(w.shape[-1]) + transposed(u) @ u))
        others = w[..., rest, :]
        pulled = apply(transposed(u), (given - loc[..., known]) / root)
        best = apply(transposed(inverted), apply(inverted, pulled))
        return LowRankMultivariateGaussian(
            loc[..., rest] + apply(others, best), others @ transposed(inverted), d[..., rest]
        )

    def _prepared(self, *theta: Any) -> tuple[Array, ...]:
        loc, w, d = theta
        u = w / np.sqrt(d)[..., np.newaxis]
        factor = np.linalg.cholesky(np.eye(w.shape[-1]) + transposed(u) @ u)
        inverted = inverse(factor)
        g = transposed(inverted) @ (inverted @ transposed(u))
        diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
        level = 0.5 * np.sum(np.log(d), axis=-1) + np.sum(np.log(diagonal), axis=-1)
        return loc, w, d, np.ascontiguousarray(g), np.asarray(level)

    def _pulled_back(self, entries: Any, *theta_and_prepared: Any) -> tuple[Any, ...]:
        return tuple(entries)

    def _pushed_on(self, tangents: Any, *theta_and_prepared: Any) -> tuple[Any, ...]:
        return tuple(tangents)

    @staticmethod
    def _transform(first: Array, second: Array, *theta: Any) -> tuple[Array, ...]:
        loc, w, d, _, _ = theta
        return apply(w, first, loc) + np.sqrt(d) * second, first, second

    @staticmethod
    def _pull(
        upstream: Array, y: Array, first: Array, second: Array, *theta: Any
    ) -> tuple[Any, ...]:
        return upstream, Outer(upstream, first), 0.5 * upstream * second / np.sqrt(theta[2])

    @staticmethod
    def _push(
        tangents: tuple[Any, ...], y: Array, first: Array, second: Array, *theta: Any
    ) -> Array:
        in_diagonal = 0.5 * tangents[2] * second / np.sqrt(theta[2])
        return np.asarray(tangents[0] + apply(tangents[1], first) + in_diagonal)

    @staticmethod
    def _pull_along(
        upstream: Array, tangents: Any, y: Array, first: Array, second: Array, *theta: Any
    ) -> tuple[Any, ...]:
        nothing, d = np.zeros_like(second), theta[2]
        in_diagonal = -0.25 * upstream * second * tangents[2] / (d * np.sqrt(d))
        return nothing, Outer(nothing, first), in_diagonal

    @staticmethod
    def _log_prob(y: Array, *theta: Any) -> Array:
        # the minimum over z of |z|² + |(y − μ − W z)/√d|²: no difference of large terms
        best, rest = _split(y, *theta)
        squares = np.sum(best * best, axis=-1) + np.sum(rest * rest, axis=-1)
        return np.asarray(-0.5 * (squares + y.shape[-1] * LOG_TWO_PI) - theta[4])

    @staticmethod
    def _score(y: Array, *theta: Any) -> tuple[Array, ...]:
        _, w, d, g, _ = theta
        best, rest = _split(y, *theta)
        root = np.sqrt(d)
        slope = rest / root  # Σ⁻¹ (y − μ)
        inner = transposed(g) / root[..., np.newaxis]  # Σ⁻¹ W
        leverage = np.sum(w * inner, axis=-1)
        in_factor = slope[..., :, np.newaxis] * best[..., np.newaxis, :] - inner
        return slope, in_factor, 0.5 * (slope * slope - (1.0 - leverage) / d)

    @staticmethod
    def _stein_score(y: Array, *theta: Any) -> Array:
        _, rest = _split(y, *theta)
        return np.asarray(-rest / np.sqrt(theta[2]))

    @staticmethod
    def _mean(*theta: Any) -> Array:
        return np.asarray(theta[0])

    @staticmethod
    def _variance(loc: Array, w: Array, d: Array, *_: Any) -> Array:
        return np.asarray(np.sum(w * w, axis=-1) + d)

    @staticmethod
    def _covariance(loc: Array, w: Array, d: Array, *_: Any) -> Array:
        return np.asarray(w @ transposed(w) + d[..., np.newaxis] * np.eye(d.shape[-1]))

    @staticmethod
    def _entropy(*theta: Any) -> Array:
        return np.asarray(0.5 * theta[0].shape[-1] * (1.0 + LOG_TWO_PI) + theta[4])

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        return projections(Gaussian, theta[0], self.covariance)


def _split(y: Array, *theta: Any) -> tuple[Array, Array]:
    """Return z₁ that best explains y − μ, and the rest of it, divided by √d."""
    loc, w, d, g, _ = theta
    root = np.sqrt(d)
    best = apply(g, (y - loc) / root)
    return best, (y - loc - apply(w, best)) / root
