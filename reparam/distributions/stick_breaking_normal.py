"""The stick-breaking normal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal
from reparam.distributions.gaussian import Gaussian
from reparam.families.simplex_gaussian import SimplexGaussian
from reparam.special.logistic import sigmoid, slope, softplus
from reparam.special.logit_normal import log_slope_mean

__all__ = ["StickBreakingNormal"]


class StickBreakingNormal(SimplexGaussian):
    """The distribution of the pieces of a stick that Gaussian numbers break.

    Of what is left of a stick of length 1, piece k takes the share v_k = σ(x_k − ln(K + 1 − k)),
    with Gaussian x, and the last piece takes the rest: x = 0 makes equal pieces. Pass one of
    `scale_tril`, `covariance_matrix` and `precision` of x. PyTorch calls it ``LogisticNormal``, of
    independent x.
    """

    name = "stick-breaking-normal"
    about = About(
        density="p(y) = N(x; μ, Σ) / Π_k y_k,  x_k = ln(y_k/Σ_(j>k) y_j) + ln(K + 1 − k)",
        transform="y_k = v_k Π_(j<k) (1 − v_j),  v_k = σ(x_k − ln(K + 1 − k)),  x = μ + A z,"
        "  A Aᵀ = Σ",
        derivatives={
            "loc": "y_i (1 − v_k) for i = k, −y_i v_k for i > k",
            "scale_tril": "∂y_i/∂x_j z_k",
            "covariance_matrix": "∂y_i/∂x of dx = L Φ(L⁻¹ dΣ L⁻ᵀ) z",
            "precision": "∂y_i/∂x of dx = −L⁻ᵀ dLᵀ L⁻ᵀ z",
        },
        source="Linderman, Johnson & Adams (2015), Dependent multinomial models made easy:"
        " stick-breaking with the Pólya-gamma augmentation",
    )

    @staticmethod
    def _log_onto(x: Array) -> Array:
        logit = x - _offsets(x)
        rest = np.cumsum(-softplus(logit), axis=-1)  # ln Π (1 − v_j)
        log = np.concatenate([-softplus(-logit), rest[..., -1:]], axis=-1)
        log[..., 1:-1] += rest[..., :-1]
        return np.asarray(log)

    @classmethod
    def _pull_onto(cls, upstream: Array, y: Array, x: Array) -> Array:
        return cls._pull_log_onto(upstream * y, y, x)

    @classmethod
    def _pull_onto_along(cls, upstream: Array, moved: Array, y: Array, x: Array) -> Array:
        change = cls._pull_log_onto(upstream * cls._push_onto(moved, y, x), y, x)
        terms = np.cumsum((upstream * y)[..., ::-1], axis=-1)[..., ::-1]  # Σ_{i≥k}
        return np.asarray(change - terms[..., :-1] * slope(x - _offsets(x)) * moved)

    @staticmethod
    def _pull_log_onto(upstream: Array, y: Array, x: Array) -> Array:
        logit = x - _offsets(x)
        later = np.cumsum(upstream[..., :0:-1], axis=-1)[..., ::-1]  # Σ_{i>k} upstream_i
        return np.asarray(upstream[..., :-1] * sigmoid(-logit) - later * sigmoid(logit))

    @staticmethod
    def _push_onto(moved: Array, y: Array, x: Array) -> Array:
        logit = x - _offsets(x)
        earlier = np.cumsum(-moved * sigmoid(logit), axis=-1)  # of ln Π (1 − v_j)
        of_log = np.concatenate([moved * sigmoid(-logit), earlier[..., -1:]], axis=-1)
        of_log[..., 1:-1] += earlier[..., :-1]
        return np.asarray(y * of_log)

    @staticmethod
    def _log_rise(moved: Array, y: Array, x: Array) -> Array:
        logit = x - _offsets(x)
        rest = np.cumsum(-np.log1p(sigmoid(logit) * np.expm1(moved)), axis=-1)
        taken = -np.log1p(sigmoid(-logit) * np.expm1(-moved))
        log = np.concatenate([taken, rest[..., -1:]], axis=-1)
        log[..., 1:-1] += rest[..., :-1]
        return np.asarray(log)

    @staticmethod
    def _inverse(y: Array, log_y: Array) -> Array:
        logit = log_y[..., :-1] - np.log(_left(y))
        return np.asarray(logit + _offsets(logit))

    @staticmethod
    def _pull_inverse(upstream: Array, y: Array) -> Array:
        earlier = np.cumsum(upstream / _left(y), axis=-1)
        found = np.concatenate([upstream, np.zeros_like(upstream[..., :1])], axis=-1)
        found[..., 1:] -= y[..., 1:] * earlier
        return found

    @classmethod
    def _log_slope_mean(cls, loc: Array, a: Array) -> Array:
        # Σ_k ln v_k + (K + 1 − k) ln(1 − v_k), each a function of one Gaussian number
        logit, scale = loc - _offsets(loc), np.sqrt(np.sum(a * a, axis=-1))
        pieces = np.arange(loc.shape[-1], 0.0, -1.0)
        slopes = log_slope_mean(logit, scale)
        terms = 0.5 * ((1.0 + pieces) * slopes + (1.0 - pieces) * logit)
        return np.asarray(np.sum(terms, axis=-1))

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        loc, a, _ = self._ready

        def first(log_y: Array) -> Array:
            # the rest is the sum of the other entries
            return np.asarray(log_y[..., 0] - np.logaddexp.reduce(log_y[..., 1:], axis=-1))

        law = Gaussian(loc[0] - np.log(len(loc)), np.linalg.norm(a[0]))
        return (Marginal("ln(y_0/(1 − y_0))", first, law),)


def _left(y: Array) -> Array:
    """Return Σ_{i>k} y_i for each k but the last, at least the smallest number."""
    return np.maximum(np.cumsum(y[..., :0:-1], axis=-1)[..., ::-1], 5e-324)


def _offsets(x: Array) -> Array:
    return np.asarray(np.log(np.arange(x.shape[-1], 0.0, -1.0)))
