"""Mean, variance and entropy: against sums, quadrature over quantiles, and draws of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Case, Context
from reparam.verification.evidence.integers import every
from reparam.verification.evidence.splitting import inner_edges, integrated, split_rule
from reparam.verification.numerics import statistics
from reparam.verification.refusals import NO_MOMENTS, NotApplicable
from reparam.verification.results import Comparison

__all__ = ["moments"]

#: The relative errors allowed of sums, and of quadrature.
_SUMMED, _INTEGRATED = 1e-10, 1e-8
#: Numbers of nodes of an integral, and of one that estimates the error.
_NODES = 300, 200
#: Integrands grow like u^(−a) towards their ends: up to which a their integrals are known, and from
#: which they are infinite.
_KNOWN, _INFINITE = 0.98, 1.0 - 1e-6
#: The place, as a power of the outermost u, up to which a is measured.
_INWARDS = 0.9
#: The relative error beyond which an integral decides nothing: of an entropy, say, where values are
#: rounded to an end at which the density is infinite.
_TELLING = 1e-4
#: Draws of vectors.
_DRAWS = 2**15
#: Why a moment may be uncertain.
_DOUBT = "too much of it is far out in a tail, or where values round to each other"


def moments(context: Context) -> Iterator[Comparison]:
    """Compare mean, variance and entropy with what follows from the density and the quantile.

    Of a discrete distribution they are sums. Of vectors, whose covariance is compared, too, they
    are averages over draws. An infinite or undefined one must be so by the tails of the quantile.
    """
    target = context.target
    if not target.moments(context.sets()[0]):
        raise NotApplicable(NO_MOMENTS)
    if target.obstacle:
        yield from _sums(context)
    elif target.length:
        yield from _of_draws(context)
    else:
        yield from _integrals(context)


def _terms(y: Array, log_p: Array, mean: Array) -> dict[str, Array]:
    """Return what has the moments as its expectation, by row; of vectors the entries are last."""
    found = {"mean": y, "variance": np.square(y - mean), "entropy": -log_p}
    if y.ndim > 1:
        apart = y - mean
        found["covariance"] = (apart[:, :, np.newaxis] * apart[:, np.newaxis]).reshape(len(y), -1)
    return found


def _sums(context: Context) -> Iterator[Comparison]:
    target, found = context.target, Tallies(doubt=_DOUBT)
    for case in context.cases():
        y, are_all = every(case)
        if not are_all:
            continue
        log_p = case.formulas.log_prob(y)
        p = np.exp(log_p)
        y, log_p, p = y[p > 0.0], log_p[p > 0.0], p[p > 0.0]
        beyond = np.zeros(2)
        if not target.length:
            beyond = np.array([case.formulas.cdf(y[0] - 1.0), case.formulas.sf(y[-1])])
        terms = _terms(y, log_p, p @ y)
        for name, stated in target.moments(case.theta).items():
            size, rest = p @ np.abs(terms[name]), beyond @ np.abs(terms[name][[0, -1]])
            total, tally = p @ terms[name], found[name]
            tally.add(case.theta, stated.ravel(), total, rtol=_SUMMED, size=size, uncertainty=rest)
    if not any(tally.points for tally in found.values()):
        raise NotApplicable("its values are too many to sum over")
    yield from found.result()


def _of_draws(context: Context) -> Iterator[Comparison]:
    target, found = context.target, Tallies("standard errors", doubt=_DOUBT)
    claims = [(case, target.moments(case.theta)) for case in context.cases()]
    tests = sum(stated.size for _, each in claims for stated in each.values())
    critical = statistics.critical_value(context.alpha / max(1, tests))
    n = min(context.level.draws, _DRAWS)
    for number, (case, claimed) in enumerate(claims):
        y = target.values(case.theta, n, context.seeded("moments", number))
        centre = np.asarray(claimed.get("mean", np.mean(y, axis=0))).ravel()
        terms = _terms(y, case.formulas.log_prob(y), centre)
        for name, stated in claimed.items():
            off = terms[name].reshape(n, -1) - stated.ravel()
            for at, column in enumerate(off.T):
                if np.all(np.isfinite(column)) and statistics.is_summable(column):
                    slack = _SUMMED * (1.0 + abs(float(stated.ravel()[at])))
                    z = statistics.mean_score(column, slack=slack)
                    found[name].add(case.theta, z, 0.0, atol=critical, entry=at)
    yield from found.result()


def _integrals(context: Context) -> Iterator[Comparison]:
    found = Tallies(doubt=_DOUBT)
    for case in context.cases():
        rules = [_values(case, n) for n in _NODES]
        (u, v, y, _), _ = rules
        mean = 0.0
        functions: dict[str, Callable[[Array], Array]] = {
            "mean": lambda at: at,
            "variance": lambda at: np.square(at - mean),  # noqa: B023 - called before it moves on
            "entropy": partial(_surprise, case),
        }
        claimed = context.target.moments(case.theta)
        for name, f in functions.items():
            power, rest = _tails(f(y), u, v)
            stated = claimed[name]
            if not _KNOWN < power < _INFINITE:
                differs = np.isfinite(stated) != (power <= _KNOWN)
                finite = found.of(f"{name} is finite where its integral is", "statement", doubt="")
                finite.add(case.theta, differs, 0.0)
            if not power < _KNOWN:
                continue
            (total, size, unsure), (coarse, *_) = (
                integrated(f, at, weight) for _, _, at, weight in rules
            )
            unsure = unsure + rest + np.abs(total - coarse)
            if name == "mean":
                mean = float(total)
            if unsure <= _TELLING * size:
                tally = found[name]
                tally.add(
                    case.theta, stated, total, rtol=_INTEGRATED, size=size, uncertainty=unsure
                )
    yield from found.result()


def _surprise(case: Case, y: Array) -> Array:
    return -np.asarray(case.formulas.log_prob(y))


def _values(case: Case, n: int) -> tuple[Array, Array, Array, Array]:
    """Return u, 1 − u, the quantiles y there, each by the tail that it is in, and the weights."""
    u, v, weight = split_rule(inner_edges(case), n)
    y = np.where(u < v, case.formulas.icdf(u), case.formulas.isf(v))
    return u, v, np.asarray(y), weight


def _tails(values: Array, u: Array, v: Array) -> tuple[float, float]:
    """Return the largest power a of an integrand u^(−a) at its ends, and what lies beyond nodes."""
    power, rest = 0.0, 0.0
    for share, f in ((u, np.abs(values)), (v[::-1], np.abs(values)[::-1])):
        known = np.flatnonzero(np.isfinite(f) & (f > 0.0) & (share < 0.5))
        if known.size < 2:
            continue
        logs, steps = np.log(f[known]), -np.log(share[known])
        inner = int(np.argmax(steps < _INWARDS * steps[0]))
        a = float((logs[0] - logs[inner]) / (steps[0] - steps[inner]))
        power = max(power, a)
        if a < 1.0:
            rest += float(f[known[0]] * share[known[0]]) / (1.0 - a)
    return power, rest
