"""Closed forms of distributions of integers, without cancellation.

There is none in the negative binomial's number of successes, not even for the derivative in it
where both are the same: such pairs are left to Monte Carlo.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.bernoulli import Bernoulli
from reparam.distributions.binomial import Binomial
from reparam.distributions.categorical import Categorical
from reparam.distributions.geometric import Geometric
from reparam.distributions.poisson import Poisson
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sum import divergence_terms
from reparam.special.bregman import generalized_kl, log_quotient, relative_excess
from reparam.special.softmax import log_softmax

__all__: list[str] = []


def _coins(p: Array, q: Array) -> tuple[Array, Array, Array, Array]:
    """Return D = p ln p/q + (1−p) ln (1−p)/(1−q), its two logarithms, and ∂D/∂q."""
    tails = (q - p) / (1.0 - q)
    value = generalized_kl(p, q) + (1.0 - q) * relative_excess(tails)
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
        return None  # it is a sum
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


@register_kl(Categorical, Categorical)
def categorical(p: Categorical, q: Categorical) -> Terms:
    """Σ p_k l_k with l = ln p − ln q; infinite where p has more categories."""
    count, more = p.logits.shape[-1], q.logits.shape[-1] - p.logits.shape[-1]
    if more < 0:
        return np.asarray(np.inf), (np.asarray(np.nan),), (np.asarray(np.nan),)
    log_p, log_q = log_softmax(p.logits), log_softmax(q.logits)
    mass_p, mass_q, beyond = np.exp(log_p), *np.split(np.exp(log_q), [count], axis=-1)
    log_ratio = log_p - log_q[..., :count]
    likeliest = np.argmax(np.broadcast_to(log_p, log_ratio.shape), axis=-1)[..., np.newaxis]
    if not more:
        # l = δ − ln Σ q e^δ, with δ the difference of the logits, less what it is for the likeliest
        apart = p.logits - q.logits
        apart = apart - np.take_along_axis(apart, likeliest, axis=-1)
        near = np.all(np.abs(apart) < 0.5, axis=-1, keepdims=True)
        shift = np.sum(mass_q * np.expm1(np.where(near, apart, 0.0)), axis=-1, keepdims=True)
        log_ratio = np.where(near, apart - np.log1p(shift), log_ratio)
    terms = divergence_terms(mass_p, mass_q, log_ratio)
    value = np.sum(terms, axis=-1) + np.sum(beyond, axis=-1)
    in_p = np.where(mass_p > 0.0, mass_p * (log_ratio - value[..., np.newaxis]), 0.0)
    # they add up to 0: where p is nearly 1, l − KL would cancel
    np.put_along_axis(in_p, likeliest, 0.0, axis=-1)
    np.put_along_axis(in_p, likeliest, -np.sum(in_p, axis=-1, keepdims=True), axis=-1)
    close = np.abs(log_ratio) < 0.5
    gap = np.where(close, mass_p * np.expm1(-np.where(close, log_ratio, 0.0)), mass_q - mass_p)
    beyond = np.broadcast_to(beyond, (*value.shape, more))
    return value, (in_p,), (np.concatenate([gap, beyond], axis=-1),)
