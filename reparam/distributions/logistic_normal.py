"""The logistic-normal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal
from reparam.distributions.gaussian import Gaussian
from reparam.families.simplex_gaussian import SimplexGaussian, each
from reparam.special.softmax import log_softmax, pull_log_softmax, pull_softmax, pull_softmax_along

__all__ = ["LogisticNormal"]


class LogisticNormal(SimplexGaussian):
    """The logistic-normal distribution, of vectors on the simplex.

    y = softmax(x_1, …, x_K, 0) with Gaussian x: the log ratios ln(y_k/y_{K+1}) are Gaussian. Pass
    one of `scale_tril`, `covariance_matrix` and `precision` of x. What PyTorch calls
    ``LogisticNormal`` breaks a stick instead: that is :class:`StickBreakingNormal`.
    """

    name = "logistic-normal"
    aliases = ("additive-logistic-normal",)
    about = About(
        density="p(y) = N(x; μ, Σ) / Π_k y_k,  x_k = ln(y_k/y_(K+1))",
        transform="y = softmax(x, 0),  x = μ + A z,  z ~ N(0, I),  A Aᵀ = Σ",
        derivatives={
            "loc": "y_i ([i = k] − y_k)",
            "scale_tril": "∂y_i/∂x_j z_k",
            "covariance_matrix": "∂y_i/∂x of dx = L Φ(L⁻¹ dΣ L⁻ᵀ) z",
            "precision": "∂y_i/∂x of dx = −L⁻ᵀ dLᵀ L⁻ᵀ z",
        },
        source="Aitchison & Shen (1980), Logistic-normal distributions",
    )

    @staticmethod
    def _log_onto(x: Array) -> Array:
        return log_softmax(_with_zero(x))

    @staticmethod
    def _pull_onto(upstream: Array, y: Array, x: Array) -> Array:
        return pull_softmax(upstream, y, _with_zero(x))[..., :-1]

    @staticmethod
    def _pull_onto_along(upstream: Array, moved: Array, y: Array, x: Array) -> Array:
        return pull_softmax_along(upstream, _with_zero(moved), y, _with_zero(x))[..., :-1]

    @staticmethod
    def _pull_log_onto(upstream: Array, y: Array, x: Array) -> Array:
        return pull_log_softmax(upstream, y, _with_zero(x))[..., :-1]

    @staticmethod
    def _push_onto(moved: Array, y: Array, x: Array) -> Array:
        # as ∂y_i/∂x_j is symmetric
        return pull_softmax(_with_zero(moved), y, _with_zero(x))

    @staticmethod
    def _log_rise(moved: Array, y: Array, x: Array) -> Array:
        moved = _with_zero(moved)
        grown = np.sum(y * np.expm1(moved), axis=-1, keepdims=True)
        return np.asarray(moved - np.log1p(grown))

    @staticmethod
    def _inverse(y: Array, log_y: Array) -> Array:
        return log_y[..., :-1] - log_y[..., -1:]

    @staticmethod
    def _pull_inverse(upstream: Array, y: Array) -> Array:
        return np.concatenate([upstream, -np.sum(upstream, axis=-1, keepdims=True)], axis=-1)

    @classmethod
    def _log_slope_mean(cls, loc: Array, a: Array) -> Array:
        def one(own: Array, factor: Array) -> Array:
            def log_slope(moved: Array) -> Array:
                return np.asarray(np.sum(cls._log_onto(own + moved), axis=-1, keepdims=True))

            return cls._expected("entropy", log_slope, factor)

        return each(one, loc, a)[..., 0]

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        loc, a, _ = self._ready
        n = len(loc)

        def ratio(k: int) -> Marginal:
            law = Gaussian(loc[k], np.sqrt(np.sum(a[k] * a[k])))
            return Marginal(f"ln(y_{k}/y_{n})", lambda log_y: log_y[..., k] - log_y[..., n], law)

        return tuple(map(ratio, range(n)))


def _with_zero(x: Array) -> Array:
    return np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1)
