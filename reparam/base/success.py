"""The probability of success, given by itself or by its logit: what several laws share."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.domains import CLOSED_UNIT, EXTENDED, Interval
from reparam.parameters import Parameter
from reparam.special import counts
from reparam.special._point import Point, from_logit, point_at

__all__ = ["Success", "logits", "probs", "times"]

#: The open interval (0, 1) with 1, and logits of what it holds: of laws with no limit as p → 0.
_POSSIBLE = Interval(0.0, 1.0, closed="high"), Interval(-np.inf, np.inf, closed="high")


def probs(description: str, *, may_be_0: bool = True) -> Parameter:
    """Return the declaration of a probability, of 0 too if the law has a limit there."""
    domain = CLOSED_UNIT if may_be_0 else _POSSIBLE[0]
    return Parameter("p", domain, 0.5, (0.05, 0.95), ("p", "prob"), description)


def logits(description: str, *, may_be_0: bool = True) -> Parameter:
    """Return the declaration of its logit η = ln(p/(1 − p))."""
    domain = EXTENDED if may_be_0 else _POSSIBLE[1]
    return Parameter("η", domain, 0.0, (-3.0, 3.0), ("logit", "eta"), description)


class Success(Discrete):
    """A distribution with a probability of success, ``probs``, or its logit, ``logits``.

    Both p and 1 − p keep all their digits in the formulas, whichever was given.
    """

    @classmethod
    def _success(cls, given: Array) -> Point:
        """Return p, 1 − p and the logit, from the parameter that was given."""
        given = np.asarray(given)
        return from_logit(given) if cls._choice == ("logits",) else point_at(given)

    @classmethod
    def _excess(cls, k: Array, rest: Array, given: Array) -> Array:
        """Return (k + rest) p − k, in which large terms cancel, for k successes."""
        if cls._choice == ("probs",):
            return counts.excess(k, rest, given)
        return counts.excess_at(k, rest, cls._success(given))

    @classmethod
    def _score_of(cls, k: Array, rest: Array, given: Array) -> Array:
        """Return ∂/∂θ of k ln p + rest ln(1 − p), with its limits where p is 0 or 1."""
        excess = cls._excess(k, rest, given)
        if cls._choice == ("logits",):
            return -excess
        p, q = given, 1.0 - given
        inner = -excess / p / q
        return np.where(
            rest == 0.0, np.where(k == 0.0, 0.0, k / p), np.where(k == 0.0, -rest / q, inner)
        )


def times(count: Array, log: Array) -> Array:
    """Return count · log: 0 where the count is, whatever the logarithm."""
    return np.where(count == 0.0, 0.0, count * log)
