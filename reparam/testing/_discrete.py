"""Properties of distributions of integers: sums over the support take the place of integrals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from reparam import sampling
from reparam._typing import Array, ArrayLike
from reparam.base.discrete import Discrete
from reparam.engine.noise import BLOCK
from reparam.errors import NotReparameterizable
from reparam.testing._report import agree, check, refuses
from reparam.testing._typical import SETS, one_of, typical
from reparam.verification.numerics import differentiate

#: Draws whose distribution is tested, and the probability that right ones fail.
_DRAWS, _FALSE_ALARM = 20_000, 1e-9
#: Probability left out of sums, unless they have as many terms as they may.
_REST, _TERMS = 1e-18, 2**13


def _values(d: Discrete) -> Array:
    """Return, as a column, integers that all but `_REST` of the probability is on.

    Of a long tail they are the first ones alone: what is exact of each term is so of their sum.
    """
    first, last = (
        _reach(d, start, end, sign)
        for start, end, sign in zip(_around(d), d.support, (-1.0, 1.0), strict=True)
    )
    return np.arange(first.min(), last.max() + 1.0)[:, np.newaxis]


def _around(d: Discrete) -> tuple[Array, Array]:
    """Return the upper and the lower end of the support, for an infinite one the other, or 0."""
    low, high = (np.asarray(end) for end in d.support)
    least = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    return np.where(np.isfinite(high), high, least), least


def _reach(d: Discrete, start: Array, end: ArrayLike, sign: float) -> Array:
    """Return how far from there the probability beyond is at most `_REST`."""
    if np.all(np.isfinite(end)):
        return np.asarray(end)
    width = 64.0
    while width < _TERMS:
        at = start + sign * width
        if not np.any((d.sf(at) if sign > 0.0 else d.cdf(at)) > _REST):
            break
        width *= 2.0
    return np.where(np.isfinite(end), end, start + sign * width)


def _is_whole(d: Discrete, y: Array) -> Array:
    """Return which of a batch have at most `_REST` of their probability beyond some integers."""
    return np.asarray((d.sf(y[-1]) <= _REST) & (d.cdf(y[0] - 1.0) <= _REST))


def _probabilities(d: Discrete, y: Array) -> Array:
    return np.exp(d.log_prob(y))


def probabilities_sum_to_one(cls: type[Discrete]) -> None:
    """Σ p(y) = 1, and no p(y) is above 1."""
    d = typical(cls)
    y = _values(d)
    p = _probabilities(d, y)
    check(d, np.all(p <= 1.0 + 1e-15), f"a probability is {p.max()}")
    agree(d, "Σ p(y)", p.sum(axis=0) + d.cdf(y[0] - 1.0) + d.sf(y[-1]), 1.0, rtol=1e-12)


def tails_sum_probabilities(cls: type[Discrete]) -> None:
    """Cdf and sf are sums of probabilities, each from its own tail, to full accuracy."""
    d = typical(cls)
    y = _values(d)
    p = _probabilities(d, y)
    sums = np.cumsum(p, axis=0)
    agree(
        d, "F(y)", d.cdf(y), sums, rtol=1e-11, atol=max(1e-300, float(d.cdf(y[0] - 1.0).max())), y=y
    )
    before = d.sf(y - 1.0)
    slack = 1e-12 * before + 1e-300
    agree(d, "a step of 1 − F", before - d.sf(y), p, rtol=1e-9, atol=slack, y=y)


def probability_is_on_integers_of_the_support(cls: type[Discrete]) -> None:
    """Elsewhere p is 0, the score NaN, and F that of the integer below."""
    d = typical(cls)
    low, high = d.support
    y = np.minimum(_around(d)[1] + np.arange(5.0)[:, np.newaxis], high)
    agree(d, "log p between integers", d.log_prob(y + 0.5), -np.inf, y=y + 0.5)
    agree(d, "F between integers", d.cdf(y + 0.5), d.cdf(y), y=y + 0.5)
    agree(d, "1 − F between integers", d.sf(y + 0.5), d.sf(y), y=y + 0.5)
    agree(d, "ln F between integers", d.log_cdf(y + 0.5), d.log_cdf(y), y=y + 0.5)
    agree(d, "ln(1 − F) between integers", d.log_sf(y + 0.5), d.log_sf(y), y=y + 0.5)
    for beyond, cdf in ((low - 1.0, 0.0), (-np.inf, 0.0), (high + 1.0, 1.0), (np.inf, 1.0)):
        agree(d, "log p outside the support", d.log_prob(beyond), -np.inf, y=beyond)
        agree(d, "F outside the support", d.cdf(beyond), cdf, y=beyond)
        agree(d, "1 − F outside the support", d.sf(beyond), 1.0 - cdf, y=beyond)
        with np.errstate(divide="ignore"):
            logs = np.log([cdf, 1.0 - cdf])
        agree(d, "ln F outside the support", d.log_cdf(beyond), logs[0], y=beyond)
        agree(d, "ln(1 − F) outside the support", d.log_sf(beyond), logs[1], y=beyond)
    nothing = {
        f"{function.__name__}({at})": function(at)
        for at in (math.nan,)
        for function in (d.log_prob, d.cdf, d.sf, d.log_cdf, d.log_sf)
    }
    nothing |= {
        f"score in {name} at {at}": entry
        for at in (math.nan, 0.5, math.inf, low - 1.0)
        for name, entry in d.score(at).items()
    }
    for what, entry in nothing.items():
        check(d, np.all(np.isnan(entry)), f"{what} is {entry}, expected NaN")


def _scores(d: Discrete, y: Array) -> Iterator[tuple[str, int | None, Array]]:
    """Yield the score by parameter, and of a vector by entry: name, index, values."""
    for name, entry in d.score(y).items():
        if d.parameters[name].dims:
            yield from ((name, k, entry[..., k]) for k in range(entry.shape[-1]))
        else:
            yield name, None, entry


def _slope(
    d: Discrete, name: str, index: int | None, f: Callable[[Discrete], Array]
) -> tuple[Array, Array]:
    """Return the derivative of a function of the distribution in one parameter, and its error."""
    values: dict[str, ArrayLike] = {other: getattr(d, other) for other in d.parameters}
    theta = entry = getattr(d, name)
    if index is not None:
        entry = theta[..., index]
    entry = np.broadcast_to(entry, d.batch_shape)
    low, high = d.parameters[name].domain.ends({})
    room = np.minimum(entry - low, high - entry)
    step = np.minimum(0.25 * room, 0.1 * (1.0 + np.abs(entry)))

    def at(moved: Array) -> Array:
        if index is not None:
            there = np.arange(theta.shape[-1]) == index
            moved = np.where(there, moved[..., np.newaxis], theta)
        return f(type(d)(**{**values, name: moved}))

    return differentiate(lambda places: np.stack([at(place) for place in places]), entry, step)


def score_differentiates_probability(cls: type[Discrete]) -> None:
    """Score = ∂ log p/∂θ, for each differentiable parameter and no other."""
    d = typical(cls)
    y = d.sample(20, rng=7)
    names, expected = list(d.score(y)), cls.parameters.differentiable
    check(d, names == expected, f"the score is in {names}, expected {expected}")
    for name, index, entry in _scores(d, y):
        slope, error = _slope(d, name, index, lambda moved: moved.log_prob(y))
        agree(d, f"score in {name}", entry, slope, rtol=1e-6, atol=10.0 * error, y=y)


def score_differentiates_expectations(cls: type[Discrete]) -> None:
    """E[score] = 0, and E[L(y) score] = ∂E[L(y)]/∂θ for several L, all summed exactly."""
    d = typical(cls)
    y = _values(d)
    p = _probabilities(d, y)
    whole = _is_whole(d, y)
    functions = {"1": np.ones_like(y), "y": y, "cos(y/2)": np.cos(0.5 * y), "[y ≤ 2]": y <= 2.0}
    for name, index, score in _scores(d, y):
        terms = np.where(p > 0.0, p * score, 0.0)  # NaN outside the support
        size = np.abs(terms).sum(axis=0)
        agree(d, f"E[score in {name}]", terms.sum(axis=0) * whole, 0.0, atol=1e-10 * size)
        for loss, values in functions.items():

            def expectation(moved: Discrete, values: Array = values) -> Array:
                return np.asarray(np.sum(values * _probabilities(moved, y), axis=0))

            slope, error = _slope(d, name, index, expectation)
            found = np.sum(values * terms, axis=0)
            slack = 10.0 * error + 1e-9 * np.sum(np.abs(values * terms), axis=0)
            agree(d, f"E[L · score in {name}], L = {loss}", found, slope, rtol=1e-6, atol=slack)


def moments_are_sums(cls: type[Discrete]) -> None:
    """Mean, variance and entropy are sums over the support."""
    d = typical(cls)
    y = _values(d)
    log_p = d.log_prob(y)
    p = np.exp(log_p)
    surprise = np.where(p > 0.0, -log_p, 0.0)
    whole = _is_whole(d, y)
    mean = np.where(whole, d.mean, 0.0)
    variance = np.sum(p * (y - mean) ** 2, axis=0)
    size = np.sum(p * np.abs(y), axis=0)
    for what, claimed, expected in (
        ("mean", d.mean, np.sum(p * y, axis=0)),
        ("variance", d.variance, variance),
        ("entropy", d.entropy, np.sum(p * surprise, axis=0)),
    ):
        slack = 1e-15 * size * (what == "mean")  # positive and negative values may cancel
        agree(d, what, np.where(whole, claimed, expected), expected, rtol=1e-10, atol=slack)


def draws_follow_probabilities(cls: type[Discrete]) -> None:
    """Draws are integers of the support, and pass the Dvoretzky-Kiefer-Wolfowitz bound."""
    d = typical(cls, 3)
    draws = np.sort(d.sample(_DRAWS, rng=17), axis=0)
    low, high = d.support
    agree(d, "a draw", draws, np.clip(np.floor(draws), low, high))
    y = np.unique(draws)
    y = np.union1d(y, y - 1.0)  # F − F_n is greatest there
    empirical = np.stack([np.searchsorted(c, y, side="right") for c in draws.T], axis=1) / _DRAWS
    distance = np.abs(empirical - d.cdf(y[:, np.newaxis])).max(axis=0)
    bound = math.sqrt(math.log(2.0 * distance.size / _FALSE_ALARM) / (2.0 * _DRAWS))
    agree(d, "distance of the draws' empirical cdf", distance, 0.0, atol=bound)


def values_repeat(cls: type[Discrete]) -> None:
    """The same seed gives the same draws, alone, among more, or from the middle of a block."""
    d = typical(cls)
    n = BLOCK // SETS + 100
    whole = d.sample(n, rng=3)
    agree(d, "a value among more draws", d.sample(9, rng=3)[:5], whole[:5])
    check(d, np.any(d.sample(50, rng=4) != whole[:50]), "seeds 3 and 4 give the same draws")
    check(d, np.any(whole[-40:] != whole[:40]), "two blocks hold the same draws")
    for part in (range(100, 140), range(n - 140, n)):
        pieces = np.concatenate(list(sampling.values(d, part, rng=3)))
        agree(d, "a value drawn by its number", pieces, whole[part.start : part.stop])
    empty = d.sample(0, rng=1).shape
    check(d, empty == (0, SETS), f"no draws have shape {empty}, expected {(0, SETS)}")


def values_are_of_their_own_parameters(cls: type[Discrete]) -> None:
    """A draw is the same, bit for bit, with parameters alone, in an array, or among others."""
    d = typical(cls)
    whole = d.sample(40, rng=9)
    for j in range(SETS):
        one = one_of(d, j)
        alone = one.sample((40, SETS), rng=9)[:, j]
        agree(one, "a draw with scalar parameters", alone, whole[:, j])
        values = {name: getattr(one, name) for name in d.parameters}
        alike = {
            name: np.broadcast_to(value, (SETS, *np.shape(value))) for name, value in values.items()
        }
        equal = cls(**alike).sample(40, rng=9)[:, j]
        agree(one, "a draw with arrays of equal parameters", equal, whole[:, j])


def quantile_is_the_smallest_integer(cls: type[Discrete]) -> None:
    """The quantile is the smallest y with F(y) ≥ u, by the tail that keeps its digits."""
    d = typical(cls)
    low, high = d.support
    y = d.sample(40, rng=11)
    upper = 1.0 - d.sf(y)
    steps = np.where(d.cdf(y) < 0.5, d.cdf(y), upper)
    steps = np.concatenate([np.nextafter(steps, 0.0), steps, np.nextafter(steps, 1.0)])
    rest = np.random.default_rng(13).random((100, 1)) * np.ones(SETS)
    tails = 10.0 ** -np.linspace(1.0, 300.0, 40)[:, np.newaxis] * np.ones(SETS)
    u = np.concatenate([steps, rest, tails, 1.0 - np.maximum(tails, 2.0**-53)])
    u = np.clip(u, 2.0**-1074, 1.0 - 2.0**-53)
    found = d.icdf(u)

    def reached(at: Array) -> Array:
        return np.asarray(np.where(1.0 - u < u, d.sf(at) <= 1.0 - u, d.cdf(at) >= u))

    agree(d, "a quantile", found, np.clip(np.floor(found), low, high), u=u)
    agree(d, "F(y) ≥ u at the quantile", reached(found), 1.0, u=u)
    exact = np.abs(found) < 2.0**53
    below = np.where(exact, reached(np.where(exact, found, 0.0) - 1.0), 0.0)
    agree(d, "F(y) ≥ u below the quantile", below, 0.0, u=u)
    agree(d, "icdf(0)", d.icdf(0.0), low)
    agree(d, "icdf(1)", d.icdf(1.0), high)
    for outside in (-0.1, np.nextafter(1.0, 2.0), math.nan):
        there = d.icdf(outside)
        check(d, np.all(np.isnan(there)), f"icdf({outside}) is {there}, expected NaN")
    for i, j in ((0, 0), (50, 3), (150, 6)):
        alone = one_of(d, j).icdf(u[i, j])
        agree(d, "a quantile in a batch", found[i, j], alone, u=u[i, j])


def values_do_not_depend_on_neighbours(cls: type[Discrete]) -> None:
    """What is said of a value does not depend on the batch that it is in."""
    d = typical(cls)
    y = d.sample(30, rng=5)

    def told(d: Discrete, y: Array) -> dict[str, Array]:
        told = {"log p(y)": d.log_prob(y), "F(y)": d.cdf(y), "1 − F(y)": d.sf(y)}
        told |= {"ln F(y)": d.log_cdf(y), "ln(1 − F(y))": d.log_sf(y)}
        return told | {f"∂ log p/∂{name}": entry for name, entry in d.score(y).items()}

    batch = told(d, y)
    for i, j in ((0, 0), (5, 3), (17, 6), (29, 1)):
        one = one_of(d, j)
        for what, alone in told(one, y[i, j]).items():
            agree(one, f"{what} in a batch", batch[what][i, j], alone, value=y[i, j])


def refuses_to_be_reparameterized(cls: type[Discrete]) -> None:
    """Reparameterized draws, and derivatives of draws, are errors that say what to use instead."""
    d = cls()
    refuses(d, NotReparameterizable, d.rsample, 3)
    refuses(d, NotReparameterizable, d.transform, 0.5)
    refuses(d, NotReparameterizable, d.pathwise, d.sample(rng=0))
    check(d, "score" in cls.obstacle(), "obstacle() says nothing of the score")
