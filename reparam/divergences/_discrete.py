"""Closed forms of distributions of integers, without cancellation.

Negative binomial distributions with different numbers of successes have none: such pairs are left
to Monte Carlo.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.base.success import Success, times
from reparam.distributions.bernoulli import Bernoulli
from reparam.distributions.binomial import Binomial
from reparam.distributions.categorical import Categorical
from reparam.distributions.geometric import Geometric
from reparam.distributions.negative_binomial import NegativeBinomial
from reparam.distributions.poisson import Poisson
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sum import divergence_terms
from reparam.special._point import Point, point_at
from reparam.special.bregman import log_quotient, relative_excess

__all__: list[str] = []


class _Coins(NamedTuple):
    """D = p ln p/q + (1−p) ln (1−p)/(1−q) of one trial, and what its derivatives are made of.

    Attributes
    ----------
    value
        D.
    heads, tails
        ln p/q and ln (1−p)/(1−q). Where p and q are both 0, or both 1, D jumps to inf: they are
        +inf there, so that one-sided derivatives are right.
    gap
        q − p.
    p, q
        Both as points.
    """

    value: Array
    heads: Array
    tails: Array
    gap: Array
    p: Point
    q: Point

    def in_p(self, law: Success, slope: Array) -> Array:
        """Return a derivative in the parameter of p, given that in p itself."""
        if law._choice == ("probs",):
            return slope
        width = self.p.x * self.p.rest
        return np.where(width == 0.0, 0.0, width * slope)

    def in_q(self, law: Success) -> Array:
        """Return the derivative of D in the parameter of q."""
        return self.gap if law._choice == ("logits",) else self.in_probability

    @property
    def in_probability(self) -> Array:
        """The derivative of D in q itself."""
        inner = self.gap / self.q.rest / self.q.x
        of_ends = np.where(self.p.x == 0.0, 1.0 / self.q.rest, -1.0 / self.q.x)
        return np.where((self.p.x == 0.0) | (self.p.rest == 0.0), of_ends, inner)


def _coins(first: Success, second: Success) -> _Coins:
    """Return the divergence of one trial, without cancellation where p and q are close."""
    p, q = (law._success(law._parts[law._choice[0]]) for law in (first, second))
    if first._choice == second._choice == ("logits",):
        apart = q.logit - p.logit  # q − p = p (1 − q) (e^apart − 1), also with the two exchanged
        up, down = p.x * q.rest * np.expm1(apart), q.x * p.rest * -np.expm1(-apart)
        gap = np.where(q.logit == p.logit, 0.0, np.where(apart < 0.0, up, down))
    else:
        gap = _gap(p, q)
    return _trial(p, q, gap)


def _gap(p: Point, q: Point) -> Array:
    """Return q − p."""
    return np.where(np.minimum(p.x, q.x) < 0.5, q.x - p.x, p.rest - q.rest)


def _trial(p: Point, q: Point, gap: Array) -> _Coins:
    """Return the divergence of one trial, given q − p."""
    heads, of_heads = _side(p.x, q.x, -gap, p.logs[0], q.logs[0])
    tails, of_tails = _side(p.rest, q.rest, gap, p.logs[1], q.logs[1])
    return _Coins(of_heads + of_tails, heads, tails, gap, p, q)


def _side(p: Array, q: Array, gap: Array, log_p: Array, log_q: Array) -> tuple[Array, Array]:
    """Return ln p/q and p ln p/q − p + q, given p − q and both logarithms."""
    d = gap / q
    near = np.abs(d) < 0.5
    log = np.where(near, np.log1p(np.where(near, d, 0.0)), log_p - log_q)
    far = np.where(p == 0.0, 0.0, p * log) - gap
    value = np.where(near, q * relative_excess(np.where(near, d, 0.0)), far)
    same = (log_p == -np.inf) & (log_q == -np.inf)
    return np.where(same, np.inf, log), np.where(same, 0.0, value)


def _unless_infinite(value: Array, *slopes: Array) -> list[Array]:
    """Return derivatives, NaN where the value is infinite."""
    return [np.where(value == np.inf, np.nan, slope) for slope in slopes]


@register_kl(Bernoulli, Bernoulli)
def bernoulli(p: Bernoulli, q: Bernoulli) -> Terms:
    """p ln p/q + (1−p) ln (1−p)/(1−q)."""
    coins = _coins(p, q)
    in_p, in_q = coins.in_p(p, coins.heads - coins.tails), coins.in_q(q)
    in_p, in_q = _unless_infinite(coins.value, in_p, in_q)
    return coins.value, (in_p,), (in_q,)


@register_kl(Binomial, Binomial)
def binomial(p: Binomial, q: Binomial) -> Terms | None:
    """n times that of one trial, if n is the same; infinite where p's is larger."""
    if np.any(p.total < q.total):
        return None  # it is a sum
    value, (in_p,), (in_q,) = bernoulli(p, q)  # type: ignore[arg-type]
    return times(p.total, value), (times(p.total, in_p),), (times(p.total, in_q),)


@register_kl(Geometric, Geometric)
def geometric(p: Geometric, q: Geometric) -> Terms:
    """1/p times that of one trial: the expected number of trials."""
    coins = _coins(p, q)
    trials = 1.0 / coins.p.x
    value = trials * coins.value
    in_p, in_q = coins.in_p(p, -coins.tails * trials * trials), coins.in_q(q) * trials
    in_p, in_q = _unless_infinite(value, in_p, in_q)
    return value, (in_p,), (in_q,)


@register_kl(NegativeBinomial, NegativeBinomial)
def negative_binomial(p: NegativeBinomial, q: NegativeBinomial) -> Terms | None:
    """r/p times that of one trial, the expected number of trials, if r is the same.

    With ln p(y) − ln q(y) = r ln p/q + y ln (1−p)/(1−q), in p's r it is the derivative of E y times
    the second logarithm, and in q's the first one, since E ∂ ln p/∂r = 0.
    """
    if np.any(p.total != q.total):
        return None
    of_p, of_q = point_at(p.probs), point_at(q.probs)
    coins = _trial(of_p, of_q, _gap(of_p, of_q))
    trials, odds = 1.0 / of_p.x, of_p.rest / of_p.x
    value = times(p.total, coins.value * trials)
    slopes = (
        times(odds, coins.tails),
        times(p.total, -coins.tails * trials * trials),
        np.where(of_p.rest + of_q.rest == 0.0, 0.0, coins.heads),
        times(p.total, coins.in_probability * trials),
    )
    in_r, in_p, in_q_r, in_q = _unless_infinite(value, *slopes)
    return value, (in_r, in_p), (in_q_r, in_q)


@register_kl(Poisson, Poisson)
def poisson(p: Poisson, q: Poisson) -> Terms:
    """λ_p ln λ_p/λ_q − λ_p + λ_q."""
    log, value = _side(p.rate, q.rate, p.rate - q.rate, np.log(p.rate), np.log(q.rate))
    in_q = np.where(p.rate == 0.0, 1.0, (q.rate - p.rate) / q.rate)
    in_p, in_q = _unless_infinite(value, log, in_q)
    return value, (in_p,), (in_q,)


@register_kl(Categorical, Categorical)
def categorical(p: Categorical, q: Categorical) -> Terms:
    """Σ p_k l_k with l = ln p − ln q; infinite where p has more categories."""
    of_p, of_q = p._parts[p._choice[0]], q._parts[q._choice[0]]
    count, more = of_p.shape[-1], of_q.shape[-1] - of_p.shape[-1]
    if more < 0:
        return np.asarray(np.inf), (np.asarray(np.nan),), (np.asarray(np.nan),)
    log_p, log_q = p._logs(of_p), q._logs(of_q)
    mass_p, mass_q, beyond = np.exp(log_p), *np.split(np.exp(log_q), [count], axis=-1)
    nowhere = (log_p == -np.inf) & (log_q[..., :count] == -np.inf)
    log_ratio = np.where(nowhere, 0.0, log_p - log_q[..., :count])
    likeliest = np.argmax(np.broadcast_to(log_p, log_ratio.shape), axis=-1)[..., np.newaxis]
    if not more and p._choice == q._choice:
        # l = δ − ln Σ q e^δ, with δ the difference of the logits, less what it is for the likeliest
        apart = of_p - of_q if p._choice == ("logits",) else log_quotient(of_p, of_q)
        apart = np.where(nowhere, 0.0, apart)
        apart = apart - np.take_along_axis(apart, likeliest, axis=-1)
        near = np.all(np.abs(apart) < 0.5, axis=-1, keepdims=True)
        shift = np.sum(mass_q * np.expm1(np.where(near, apart, 0.0)), axis=-1, keepdims=True)
        log_ratio = np.where(near, apart - np.log1p(shift), log_ratio)
    terms = divergence_terms(mass_p, mass_q, log_ratio)
    value = np.sum(terms, axis=-1) + np.sum(beyond, axis=-1)
    off = log_ratio - value[..., np.newaxis]
    in_p = np.where(mass_p > 0.0, mass_p * off, 0.0)
    # they add up to 0: where p is nearly 1, l − KL would cancel
    np.put_along_axis(in_p, likeliest, 0.0, axis=-1)
    np.put_along_axis(in_p, likeliest, -np.sum(in_p, axis=-1, keepdims=True), axis=-1)
    close = np.abs(log_ratio) < 0.5
    gap = np.where(close, mass_p * np.expm1(-np.where(close, log_ratio, 0.0)), mass_q - mass_p)
    beyond = np.broadcast_to(beyond, (*value.shape, more))
    in_q = np.concatenate([gap, beyond], axis=-1)
    if p._choice == ("probs",):
        share = in_p / np.where(mass_p > 0.0, mass_p, 1.0)
        in_p = np.where(mass_p > 0.0, share, off) / np.sum(of_p, axis=-1, keepdims=True)
        in_p = np.where(nowhere, np.inf, in_p)
    if q._choice == ("probs",):
        total = np.sum(of_q, axis=-1, keepdims=True)
        in_q = np.where(of_q > 0.0, in_q / of_q, 1.0 / total)
    in_p, in_q = _unless_infinite(value[..., np.newaxis], in_p, in_q)
    return value, (in_p,), (in_q,)
