"""KL(p‖q) and its gradients as sums over p's values, where these are few integers."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.divergences._registry import Terms, aligned, events
from reparam.domains import Integers
from reparam.sampling import CHUNK
from reparam.special._accurate import bend

__all__ = ["divergence_terms", "summed"]

#: How many values p may have.
_MOST = 2**20


def summed(p: Distribution, q: Distribution, shape: tuple[int, ...]) -> Terms | None:
    """Return the sums, or None if there are too many values; both have integers for values.

    Parameters
    ----------
    p, q
        The distributions.
    shape
        What their batches broadcast to.
    """
    low, high = p.support
    if not isinstance(p._support, Integers) or not isinstance(q._support, Integers):
        return None
    first, last = np.min(low, initial=np.inf), np.max(high, initial=-np.inf)
    if last - first >= _MOST:
        return None
    value = np.asarray(q.cdf(low - 1.0) + q.sf(high))  # the mass of q where p has none
    by_score = [np.zeros((*shape, *event)) for event in events(p)]
    scores = [np.zeros((*shape, *event)) for event in events(p)]
    in_q = [np.zeros((*shape, *event)) for event in events(q)]
    step = max(1, CHUNK // max(1, math.prod(shape)))
    for start in np.arange(first, last + 1.0, step):
        numbers = np.arange(start, min(start + step, last + 1.0))
        y = numbers.reshape(-1, *(1,) * len(shape))
        log_p, log_q = p.log_prob(y), q.log_prob(y)
        inside = log_p > -np.inf
        mass, log_ratio = np.exp(log_p), np.where(inside, log_p - log_q, 0.0)
        some = mass > 0.0  # beyond underflow, nothing is added up but q's mass
        value = value + np.where(inside, divergence_terms(mass, np.exp(log_q), log_ratio), 0.0).sum(
            axis=0
        )
        for k, (score, event) in enumerate(zip(p.score(y).values(), events(p), strict=True)):
            weight, ratio = aligned(mass, event), aligned(log_ratio, event)
            product = np.where(aligned(some, event), weight * score, 0.0)
            scores[k] += product.sum(axis=0)
            by_score[k] += (product * ratio).sum(axis=0)
        for k, (score, event) in enumerate(zip(q.score(y).values(), events(q), strict=True)):
            in_q[k] -= np.where(aligned(some, event), aligned(mass, event) * score, 0.0).sum(axis=0)
    # of the scores, which add up to 0, any multiple may be taken away: KL is the mean of l
    in_p = [
        total - aligned(value, event) * score
        for total, score, event in zip(by_score, scores, events(p), strict=True)
    ]
    return value, tuple(in_p), tuple(in_q)


def divergence_terms(p: Array, q: Array, log_ratio: Array) -> Array:
    """Return p l − p + q, l = ln p/q: not negative, and accurate for p near q.

    Added up, with q where p is 0, they are KL(p‖q) as both p and q add up to 1.
    """
    near = np.clip(-log_ratio, -0.5, 0.5)
    far = np.where(p > 0.0, p * log_ratio, 0.0) - p + q
    return np.where(np.abs(log_ratio) < 0.5, p * bend(near), far)
