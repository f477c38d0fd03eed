"""The Dirichlet distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.distributions.beta import Beta
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families import log_gamma_draws
from reparam.families.entries import Marginals, with_rest
from reparam.parameters import Parameter
from reparam.regions import Simplex
from reparam.special import beta as special
from reparam.special._accurate import LARGEST
from reparam.special.beta_score import logit_centred_logs
from reparam.special.bregman import generalized_kl
from reparam.special.counts import stirling
from reparam.special.log_beta import log_beta_divergence
from reparam.special.simplex import (
    along,
    covariance,
    in_shares,
    index_of_greatest,
    of_others,
)

__all__ = ["Dirichlet"]

#: If all concentrations are below it, logarithms of gamma draws all but overflow.
_TINY = 2.0**-900
#: From this number of draws on, ∂logit y/∂α is computed entry by entry, and terms of α alone once.
_MANY = 256


class Dirichlet(Marginals, Reparameterized):
    """The Dirichlet distribution, of vectors on the simplex.

    p(y) = Γ(α₀) Π_i y_i^(α_i−1)/Γ(α_i) for K positive concentrations α, whose sum is α₀. Draws are
    gamma variates over their sum. Their derivative is that of y_j ~ Beta(α_j, α₀ − α_j) on its
    quantile path, the other entries keeping their proportions (Jankowiak & Obermeyer 2018): it
    depends on y alone, and varies less than that of the gamma variates.
    """

    name = "dirichlet"
    concentration: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.5, 50.0), ("alpha",), "Concentrations, of K entries,", vector=3
    )
    about = About(
        density="p(y) = Γ(α₀) Π_i y_i^(α_i − 1) / Γ(α_i),  α₀ = Σ_i α_i",
        transform="y = x / Σ_i x_i,  x_i ~ Gamma(α_i)",
        derivatives={
            "concentration": "g_j ([i = j] − y_i)/(1 − y_j) for each j,"
            "  g_j = −(∂I_y(α_j, α₀ − α_j)/∂α_j) / p(y_j) of Beta(α_j, α₀ − α_j)"
        },
        source="Jankowiak & Obermeyer (2018), Pathwise derivatives beyond the reparameterization"
        " trick, section 4.2",
    )
    path: ClassVar[Literal["map", "field"]] = "field"
    _support = Simplex()
    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, UNIFORM)
    _extras = 1
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_pull_log")}

    def _of_entries(self, chosen: list[int]) -> Dirichlet:
        return Dirichlet(with_rest(np.asarray(self.concentration), chosen))

    # The auxiliary array is logit y: exact where y underflows or rounds to 1.

    @classmethod
    def _transform(cls, z: Array, u: Array, concentration: Array) -> tuple[Array, ...]:
        # of tiny concentrations logarithms of gamma draws are inversely proportional to them
        tiny = along(np.maximum, concentration) < _TINY
        grown = np.where(tiny, 1.0 / _TINY, 1.0)
        alpha = np.broadcast_to(concentration * grown, z.shape)
        x = log_gamma_draws(z.ravel(), u.ravel(), alpha.ravel()).reshape(z.shape)
        x -= along(np.maximum, x)
        x = np.maximum(x * grown, -LARGEST)
        weights = np.exp(x)
        rest = of_others(weights)
        logit = x - np.log(rest)
        if np.any(lost := along(np.minimum, rest)[:, 0] < 1e-290):  # others underflow
            others = x[lost]
            np.put_along_axis(others, index_of_greatest(others), -np.inf, axis=-1)
            far = -np.logaddexp.reduce(others, axis=-1, keepdims=True)
            logit[lost] = np.where(others == -np.inf, far, logit[lost])
        np.clip(logit, -LARGEST, LARGEST, out=logit)
        return weights / along(np.add, weights), logit

    @classmethod
    def _pull(
        cls, upstream: Array, y: Array, logit: Array, concentration: Array
    ) -> tuple[Array, ...]:
        # y_j h_j (c_j − Σ_i y_i c_i) for upstream c, from which any number may be taken: without
        # that of the greatest entry 1 − y is not needed, which would cancel
        greatest = index_of_greatest(logit)
        c = upstream - np.take_along_axis(upstream, greatest, axis=-1)
        centred = c - np.einsum("...k,...k->...", y, c)[..., np.newaxis]
        return (_times(y * centred, _slopes(logit, concentration)),)

    @staticmethod
    def _log_value(y: Array, logit: Array, concentration: Array) -> Array:
        return -np.logaddexp(0.0, -logit)

    @classmethod
    def _pull_log(
        cls, upstream: Array, y: Array, logit: Array, concentration: Array
    ) -> tuple[Array, ...]:
        # h_j ((1 − y_j) c_j − y_j Σ_{i≠j} c_i): of the greatest entry, the others are added up
        greatest = np.arange(y.shape[-1]) == index_of_greatest(logit)
        others = np.sum(upstream, axis=-1, keepdims=True) - upstream
        smaller = np.sum(np.where(greatest, 0.0, upstream), axis=-1, keepdims=True)
        pulled = upstream * special.sigmoid(-logit) - y * np.where(greatest, smaller, others)
        return (_times(pulled, _slopes(logit, concentration)),)

    @staticmethod
    def _log_prob(y: Array, concentration: Array) -> Array:
        """Without cancellation for large α: Loader's form of the binomial, with K outcomes.

        Vectors are divided by their sum, which rounding moves from 1: it would be multiplied by α₀.
        """
        alpha, total = concentration, np.sum(concentration, axis=-1)
        zero = y == 0.0
        some = np.where(zero, 1.0, y / np.sum(y, axis=-1, keepdims=True))
        tilts = generalized_kl(alpha, total[..., np.newaxis] * some)
        log_y = np.log(some)
        inner = _size(total) - np.sum(tilts + _size(alpha) + log_y, axis=-1)
        if not np.any(zero):
            return np.asarray(inner)
        # entries that tend to 0 together: their power, or what is left if that is 0
        power = np.sum(np.where(zero, alpha - 1.0, 0.0), axis=-1)
        terms = np.where(zero, 0.0, (alpha - 1.0) * log_y) - _log_gamma(alpha)
        level = _log_gamma(total) + np.sum(terms, axis=-1)
        edge = np.where(power == 0.0, level, np.copysign(np.inf, -power))
        return np.asarray(np.where(np.any(zero, axis=-1), edge, inner))

    @classmethod
    def _score(cls, y: Array, concentration: Array) -> tuple[Array, ...]:
        logit = np.clip(np.log(y) - np.log(of_others(y)), -LARGEST, LARGEST)
        return cls._score_of_draw(y, logit, concentration)

    @classmethod
    def _score_of_draw(cls, y: Array, logit: Array, concentration: Array) -> tuple[Array, ...]:
        odds, rest = y / of_others(y), of_others(concentration)
        return (np.asarray(logit_centred_logs(odds, logit, concentration, rest)[0]),)

    @staticmethod
    def _stein_score(y: Array, concentration: Array) -> Array:
        return in_shares(np.broadcast_to(concentration - 1.0, y.shape), y)

    @staticmethod
    def _mean(concentration: Array) -> Array:
        return np.asarray(concentration / np.sum(concentration, axis=-1, keepdims=True))

    @classmethod
    def _variance(cls, concentration: Array) -> Array:
        total = np.sum(concentration, axis=-1, keepdims=True)
        share = of_others(concentration) / total
        return np.asarray(concentration / total * share / (total + 1.0))

    @classmethod
    def _covariance(cls, concentration: Array) -> Array:
        factor = 1.0 / (np.sum(concentration, axis=-1) + 1.0)
        return covariance(cls._mean(concentration), cls._variance(concentration), factor)

    @staticmethod
    def _entropy(concentration: Array) -> Array:
        """Minus the divergence from the uniform distribution, and ln of the simplex's volume."""
        from scipy.special import gammaln

        apart = divergence(concentration, np.ones_like(concentration))[0]
        return np.asarray(-apart - gammaln(float(concentration.shape[-1])))

    @classmethod
    def _marginals(cls, concentration: Array) -> tuple[Marginal, ...]:
        def entry(i: int, alpha: float, rest: float) -> Marginal:
            return Marginal(f"y_{i}", lambda log_y: np.exp(log_y[..., i]), Beta(alpha, rest))

        pairs = zip(concentration, of_others(concentration), strict=True)
        return tuple(entry(i, alpha, rest) for i, (alpha, rest) in enumerate(pairs))


def divergence(alpha: Array, other: Array) -> tuple[Array, Array, Array]:
    """Return KL of Dirichlet distributions, and its derivatives in both concentrations.

    An entry's share of what those before it leave is Beta(α_j, Σ_{i>j} α_i), independently of
    them: the divergence is the sum of those of these beta distributions.
    """
    first, second = (_rests(each) for each in (alpha, other))
    value, in_first, in_second = log_beta_divergence(
        other[..., :-1], second, alpha[..., :-1], first
    )
    return np.sum(value, axis=-1), _joined(*in_first), _joined(*in_second)


def _rests(alpha: Array) -> Array:
    """Return Σ_{i>j} α_i for each j but the last."""
    return np.asarray(np.cumsum(alpha[..., :0:-1], axis=-1)[..., ::-1])


def _joined(own: Array, rest: Array) -> Array:
    """Return derivatives in α_j, from those in the shapes α_j and Σ_{i>j} α_i."""
    before = np.cumsum(rest, axis=-1)
    inner = own[..., 1:] + before[..., :-1]
    return np.concatenate([own[..., :1], inner, before[..., -1:]], axis=-1)


def _size(alpha: Array) -> Array:
    """Return ln Γ(α) − α ln α + α."""
    return np.asarray(stirling(alpha) + 0.5 * np.log(2.0 * math.pi / alpha))


def _log_gamma(alpha: Array) -> Array:
    from scipy.special import gammaln

    return np.asarray(gammaln(alpha))


def _slopes(logit: Array, concentration: Array) -> Array:
    """Return h_j = ∂logit y_j/∂α_j."""
    rest = of_others(concentration)
    if concentration.ndim > 1 or len(logit) < _MANY:
        return np.asarray(special.logit_pathwise(logit, concentration, rest)[0])
    columns = np.ascontiguousarray(logit.T)
    slopes = np.empty_like(columns)
    for j, shapes in enumerate(zip(concentration, rest, strict=True)):
        slopes[j] = special.logit_pathwise(columns[j], *shapes)[0]
    return np.ascontiguousarray(slopes.T)


def _times(factor: Array, slopes: Array) -> Array:
    """Return the product, 0 where the factor is, though the slope may be infinite."""
    return np.where(factor == 0.0, 0.0, factor * slopes)
