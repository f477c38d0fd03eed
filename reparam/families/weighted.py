"""Vectors of counts with probabilities or logits."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from reparam._typing import Array
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.domains import EXTENDED, Interval
from reparam.errors import ParameterError
from reparam.families.entries import Marginals, with_rest
from reparam.parameters import Parameter, shown
from reparam.special.softmax import log_softmax

__all__ = ["LOGITS", "PROBS", "Weighted"]


#: The parameters that a member declares.
PROBS = Parameter(
    "p",
    Interval(0.0, math.inf, closed=True),
    1.0,
    (0.2, 0.8),
    ("prob", "p"),
    "Probabilities, of K categories; their sum need not be 1;",
    vector=3,
)
LOGITS = Parameter(
    "η",
    EXTENDED,
    0.0,
    (-3.0, 3.0),
    ("logit", "eta"),
    "Logits, of K categories,",
    vector=3,
)


class Weighted(Marginals, DiscreteVectors):
    """Counts with probabilities p_k = w_k/Σw of `probs` w, or p = softmax(η) of `logits` η.

    Probabilities may be 0, and logits −inf, as long as not all are.
    """

    alternatives: ClassVar[str] = (
        "draw from concrete, whose vectors are reparameterized and nearly indicators at a low"
        " temperature (Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017)"
    )
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("probs", "logits"),)

    def _check(self) -> None:
        """Refuse weights that are infinite, or without a probability."""
        (name,) = self._choice
        values = self._parts[name]
        least = 0.0 if name == "probs" else -np.inf
        if np.any(values == np.inf):
            raise ParameterError(f"{name} have an entry inf; pass finite {name}")
        if np.any(none := np.all(values == least, axis=-1)):
            index = np.unravel_index(int(np.argmax(none)), none.shape)
            label = name + (f"[{', '.join(map(str, index))}]" if index else "")
            raise ParameterError(
                f"{label} are all {shown(least)}, so that no category has a probability; pass at"
                " least one that is greater"
            )

    def _of_entries(self, chosen: list[int]) -> Self:
        (name,) = self._choice
        add = np.logaddexp if name == "logits" else np.add
        return type(self)(**{**self._parts, name: with_rest(self._parts[name], chosen, add)})

    def _absent(self, name: str) -> Array:
        """Return the logarithms of weights, or the probabilities of logits."""
        weights = self._theta[-1]
        if name == "probs":
            return np.exp(log_softmax(weights))
        with np.errstate(divide="ignore"):
            return np.log(weights)

    def _log_p(self, weights: Array) -> Array:
        """The logarithms of the probabilities, along the last axis."""
        if self._choice == ("logits",):
            return log_softmax(weights)
        scaled = weights / np.max(weights, axis=-1, keepdims=True)
        return np.asarray(np.log(scaled) - np.log(np.sum(scaled, axis=-1, keepdims=True)))

    def _in_weights(self, y: Array, total: Array, weights: Array) -> Array:
        """∂ Σ y_k ln p_k/∂w or ∂η, with Σ y_k = `total`."""
        log_p = self._log_p(weights)
        if self._choice == ("logits",):
            # y − n p; of a likely category n (1 − p) − (n − y)
            likely = -total * np.expm1(log_p) - (total - y)
            return np.where(log_p > -0.7, likely, y - total * np.exp(log_p))
        sums = np.sum(weights, axis=-1, keepdims=True)
        share = np.where(y == 0.0, 0.0, y / np.where(y == 0.0, 1.0, weights))
        return np.asarray(share - total / sums)
