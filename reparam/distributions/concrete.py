"""The Concrete distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.conversions import LOG
from reparam.distributions.logistic import Logistic
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import UNIFORM
from reparam.parameters import Parameter
from reparam.regions import Simplex
from reparam.special.simplex import in_shares, index_of_greatest
from reparam.special.softmax import (
    log_softmax,
    pull_log_softmax,
    pull_softmax,
    pull_softmax_along,
)

__all__ = ["Concrete"]


class Concrete(Reparameterized):
    """The Concrete distribution, of vectors near the corners of the simplex: Gumbel-softmax.

    y = softmax((η + g)/τ) with K logits η and Gumbel noise g. It relaxes the categorical
    distribution: the greatest entry's number is an exact categorical draw, at any temperature τ,
    and as τ → 0 the vectors tend to indicators of it.
    """

    name = "concrete"
    aliases = ("gumbel-softmax", "relaxed-one-hot-categorical")
    temperature: Parameter = Parameter("τ", POSITIVE, 1.0, (0.3, 3.0), ("tau",), "Temperature")
    logits: Parameter = Parameter(
        "η",
        REAL,
        0.0,
        (-3.0, 3.0),
        ("logit", "eta"),
        "Logits, of K categories,",
        vector=3,
        conversions={"probs": LOG},
    )
    about = About(
        density="p(y) = (K − 1)! τ^(K−1) Π_k exp(η_k) y_k^(−τ−1) / (Σ_k exp(η_k) y_k^(−τ))^K",
        transform="y = softmax((η + g)/τ),  g = −ln(−ln u)",
        derivatives={
            "temperature": "−y_i (x_i − Σ_j y_j x_j)/τ,  x = (η + g)/τ",
            "logits": "y_i ([i = k] − y_k)/τ for each k",
        },
        source="Maddison, Mnih & Teh (2017), The Concrete distribution;"
        " Jang, Gu & Poole (2017), Categorical reparameterization with Gumbel-softmax",
    )
    mechanism = "Gumbel-softmax"
    noise = UNIFORM
    _support = Simplex()
    _extras = 1
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_pull_log")}

    # The auxiliary array is x less its greatest entry: exact where y rounds or underflows.

    @classmethod
    def _transform(cls, u: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        perturbed = logits - np.log(-np.log(u))
        x = (perturbed - _there(perturbed, index_of_greatest(perturbed))) / _column(temperature)
        weights = np.exp(x)
        return weights / np.sum(weights, axis=-1, keepdims=True), x

    @classmethod
    def _pull(
        cls, upstream: Array, y: Array, x: Array, temperature: Array, logits: Array
    ) -> tuple[Array, ...]:
        return _through(pull_softmax(upstream, y, x), x, temperature)

    @staticmethod
    def _pull_along(
        upstream: Array,
        tangents: tuple[Array, ...],
        y: Array,
        x: Array,
        temperature: Array,
        logits: Array,
    ) -> tuple[Array, ...]:
        pulled, rate = pull_softmax(upstream, y, x), tangents[0] / temperature
        there = np.where(y == 0.0, 0.0, x)  # x may be −inf, where nothing moves
        moved = tangents[1] / _column(temperature) - there * _column(rate)
        change = pull_softmax_along(upstream, moved, y, x) - pulled * _column(rate)
        in_temperature = -(_products(change, there) + _products(pulled, moved)) / temperature
        return in_temperature, change / _column(temperature)

    @staticmethod
    def _log_value(y: Array, x: Array, temperature: Array, logits: Array) -> Array:
        return log_softmax(x)

    @classmethod
    def _pull_log(
        cls, upstream: Array, y: Array, x: Array, temperature: Array, logits: Array
    ) -> tuple[Array, ...]:
        return _through(pull_log_softmax(upstream, y, x), x, temperature)

    @staticmethod
    def _log_prob(y: Array, temperature: Array, logits: Array) -> Array:
        n, log_y, log_w, zeros = _weights(y, temperature, logits)
        constant = math.lgamma(n) + (n - 1.0) * np.log(temperature)
        inner = np.sum(log_w - log_y, axis=-1)
        if np.any(zeros):
            # m entries that tend to 0 together have the power m (τ + 1) − Kτ of the density
            power = zeros * (temperature + 1.0) - n * temperature
            rest = logits - (_column(temperature) + 1.0) * log_y
            greatest = np.max(np.where(y == 0.0, logits, -np.inf), axis=-1, keepdims=True)
            dominant = np.sum(np.where(y == 0.0, np.exp(logits - greatest), 0.0), axis=-1)
            level = np.sum(rest - greatest, axis=-1) - n * np.log(dominant)
            limit = np.where(power == 0.0, level, np.copysign(np.inf, power))
            inner = np.where(zeros > 0, limit, inner)
        return np.asarray(constant + inner)

    @staticmethod
    def _score(y: Array, temperature: Array, logits: Array) -> tuple[Array, ...]:
        n, log_y, log_w, zeros = _weights(y, temperature, logits)
        in_logits = 1.0 - n * np.exp(log_w)
        in_temperature = (n - 1.0) / temperature - np.sum(log_y * in_logits, axis=-1)
        return np.where(zeros > 0, -np.inf, in_temperature), in_logits

    @staticmethod
    def _stein_score(y: Array, temperature: Array, logits: Array) -> Array:
        n, _, log_w, _ = _weights(y, temperature, logits)
        tau = _column(temperature)
        return in_shares(n * tau * np.exp(log_w) - (tau + 1.0), y, degree=-n)

    @classmethod
    def _marginals(cls, temperature: Array, logits: Array) -> tuple[Marginal, ...]:
        # a difference of two Gumbel variates is logistic
        def ratio(i: int, j: int) -> Marginal:
            law = Logistic((logits[i] - logits[j]) / temperature, 1.0 / temperature)
            return Marginal(f"ln(y_{i}/y_{j})", lambda log_y: log_y[..., i] - log_y[..., j], law)

        return tuple(ratio(i, j) for i, j in pairwise(range(len(logits))))


def _weights(
    y: Array, temperature: Array, logits: Array
) -> tuple[int, Array, Array, NDArray[np.intp]]:
    """Return K, ln y with 0 for ln 0, ln softmax(η − τ ln y), and how many entries are 0.

    Entries that are 0 have all the weight between them.
    """
    lost = y == 0.0
    zeros = np.count_nonzero(lost, axis=-1)
    log_y = np.where(lost, 0.0, np.log(y))
    # relative to the least, so that τ ln y doesn't overflow
    shifted = logits - _column(temperature) * (log_y - np.max(log_y, axis=-1, keepdims=True))
    if np.any(zeros):
        some = _column(zeros) > 0
        shifted = np.where(some, np.where(lost, logits, -np.inf), shifted)
    return y.shape[-1], log_y, log_softmax(shifted), zeros


def _column(each: Array) -> Array:
    """Return a number, or one per draw, so that it divides vectors."""
    column: Array = np.asarray(each)[..., np.newaxis]
    return column


def _there(x: Array, index: NDArray[np.intp]) -> Array:
    return np.take_along_axis(x, index, axis=-1)


def _products(a: Array, b: Array) -> Array:
    """Return Σ_k a_k b_k of each vector: np.sum is three times as slow on few entries."""
    return np.asarray(np.einsum("...k,...k->...", a, b))


def _through(pulled: Array, x: Array, temperature: Array) -> tuple[Array, ...]:
    """Return ∂L/∂τ and ∂L/∂η given ∂L/∂x: ∂x/∂τ = −x/τ, where ∂L/∂x = 0 may meet x = −inf."""
    x = np.where(pulled == 0.0, 0.0, x)
    return -_products(pulled, x) / temperature, pulled / _column(temperature)
