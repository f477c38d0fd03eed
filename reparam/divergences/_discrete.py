"""Closed forms of distributions of integers, without cancellation.

There is none in the negative binomial's number of successes, not even for the derivative in it
where both are the same: such pairs are left to Monte Carlo.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.bernoulli import Bernoulli
from reparam.distributions.binomial import Binomial
from reparam.distributions.geometric import Geometric
from reparam.distributions.poisson import Poisson
from reparam.divergences._registry import Terms, register_kl
from reparam.special.bregman import generalized_kl, log_quotient, relative_excess

__all__: list[str] = []


def _coins(p: Array, q: Array) -> tuple[Array, Array, Array, Array]:
    """Return D = p ln p/q + (1−p) ln (1−p)/(1−q), its two logarithms, and ∂D/∂q."""
    heads, tails = (p - q) / q, (q - p) / (1.0 - q)
    value = q * relative_excess(heads) + (1.0 - q) * relative_excess(tails)
    of_rest = np.where(
        np.abs(tails) < 0.5, np.log1p(tails), log_quotient(1.0 - p, 1.0 - q)
    )  # 1 − p and 1 − q may be rounded
    return value, log_quotient(p, q), of_rest, tails / q


@register_kl(Bernoulli, Bernoulli)
def bernoulli(p: Bernoulli, q: Bernoulli) -> Terms:
    """p ln p/q + (1−p) ln (1−p)/(1−q)."""
    value, heads, tails, in_q = _coins(p.probs, q.probs)
    return value, (heads - tails,), (in_q,)


@register_kl(Binomial, Binomial)
def binomial(p: Binomial, q: Binomial) -> Terms | None:
    """n times that of one trial, if n is the same; infinite where p's is larger."""
    if np.any(p.total < q.total):
        return None
    value, heads, tails, in_q = _coins(p.probs, q.probs)
    return p.total * value, (p.total * (heads - tails),), (p.total * in_q,)


@register_kl(Geometric, Geometric)
def geometric(p: Geometric, q: Geometric) -> Terms:
    """1/p times that of one trial: the expected number of trials."""
    value, _, tails, in_q = _coins(p.probs, q.probs)
    return value / p.probs, (-tails / p.probs / p.probs,), (in_q / p.probs,)


@register_kl(Poisson, Poisson)
def poisson(p: Poisson, q: Poisson) -> Terms:
    """λ_p ln λ_p/λ_q − λ_p + λ_q."""
    value = generalized_kl(p.rate, q.rate)
    return value, (log_quotient(p.rate, q.rate),), ((q.rate - p.rate) / q.rate,)
