"""Properties of formulas that no witness looks at: outside the support, and at its ends."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.discrete import Discrete
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.errors import NoFormulaError, ShapeError
from reparam.regions import Region, Simplex
from reparam.testing._report import Distributions, agree, check, is_nan, refuses
from reparam.testing._typical import SETS, one_of, typical

#: What vectors have no formulas for.
_OF_NUMBERS = ("cdf", "sf", "log_cdf", "log_sf", "icdf", "isf", "pathwise")


def lies_in_support(cls: Distributions) -> None:
    """Draws and quantiles lie in the support; outside it the density is 0, derivatives are NaN."""
    d = typical(cls)
    low, high = d.support
    value = d.rsample(2000, rng=5).value
    agree(d, "a draw", value, np.clip(value, low, high))
    quantiles_end(d, "icdf", low, high)
    quantiles_end(d, "isf", high, low)
    for name in ("log_prob", "log_cdf", "log_sf", "stein_score"):
        is_nan(d, f"{name}(NaN)", getattr(d, name)(math.nan))
    for end, cdf, outward in ((low, 0.0, -1.0), (high, 1.0, 1.0)):
        if not np.all(np.isfinite(end)):
            continue
        beyond = end + outward
        _has_no_probability(d, beyond, cdf)
        slopes: dict[str, Any] = {"score": d.score(beyond), "pathwise": d.pathwise(beyond)}
        slopes["stein_score"] = {"y": d.stein_score(beyond)}
        for what, derivatives in slopes.items():
            for name, entry in derivatives.items():
                is_nan(d, f"{what} in {name} outside the support", entry)


def quantiles_end_with_the_support(cls: type[Discrete]) -> None:
    """Quantiles of 0 and 1 are its ends, those outside [0, 1] NaN, and batches change none."""
    d = typical(cls)
    quantiles_end(d, "icdf", *d.support)
    u = np.random.default_rng(13).random((100, SETS))
    found = d.icdf(u)
    for i, j in ((0, 0), (50, 3), (99, 6)):
        alone = one_of(d, j).icdf(u[i, j])
        agree(d, "a quantile in a batch", found[i, j], alone, u=u[i, j])


def quantiles_end(d: Any, name: str, first: Array, last: Array) -> None:
    """Raise an AssertionError unless quantiles of 0 and 1 are these, and beyond there are none."""
    quantile = getattr(d, name)
    agree(d, f"{name}(0)", quantile(0.0), first)
    agree(d, f"{name}(1)", quantile(1.0), last)
    for outside in (-0.1, np.nextafter(1.0, 2.0), math.nan):
        is_nan(d, f"{name}({outside})", quantile(outside))


def _has_no_probability(d: Distribution, beyond: ArrayLike, cdf: float) -> None:
    """Raise an AssertionError unless p is 0 at values outside the support, and F is as given."""
    with np.errstate(divide="ignore"):
        log_cdf, log_sf = np.log([cdf, 1.0 - cdf])
    right = {"log_prob": -np.inf, "cdf": cdf, "sf": 1.0 - cdf, "log_cdf": log_cdf, "log_sf": log_sf}
    for name, expected in right.items():
        agree(d, f"{name} outside the support", getattr(d, name)(beyond), expected, y=beyond)


def probability_is_on_integers_of_the_support(cls: type[Discrete]) -> None:
    """Elsewhere p is 0, the score NaN, and F that of the integer below."""
    d = typical(cls)
    low, high = (np.asarray(end) for end in d.support)
    start = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    y = np.minimum(start + np.arange(5.0)[:, np.newaxis], high)
    agree(d, "log p between integers", d.log_prob(y + 0.5), -np.inf, y=y + 0.5)
    tails = ("cdf", "sf", "log_cdf", "log_sf")
    for name in tails:
        function = getattr(d, name)
        agree(d, f"{name} between integers", function(y + 0.5), function(y), y=y + 0.5)
    for beyond, cdf in ((low - 1.0, 0.0), (-np.inf, 0.0), (high + 1.0, 1.0), (np.inf, 1.0)):
        _has_no_probability(d, beyond, cdf)
    for name in ("log_prob", *tails):
        is_nan(d, f"{name}(NaN)", getattr(d, name)(math.nan))
    for at in (math.nan, 0.5, math.inf, low - 1.0):
        for name, entry in d.score(at).items():
            is_nan(d, f"score in {name} at {at}", entry)


def count_vectors_are_where_probability_is(cls: type[DiscreteVectors]) -> None:
    """Elsewhere p is 0 and the score NaN; what numbers have is refused."""
    d = typical(cls)
    y = d.sample(3, rng=2)
    for beyond in (y + 0.5, y + 1.0, y - 1.0, np.full_like(y, np.inf)):
        agree(d, "log p outside the support", d.log_prob(beyond), -np.inf)
        for name, entry in d.score(beyond).items():
            is_nan(d, f"score in {name} outside the support", entry)
    is_nan(d, "log p at NaN", d.log_prob(np.full_like(y, np.nan)))
    for name in _OF_NUMBERS[:-1]:
        refuses(d, NoFormulaError, getattr(d, name), y)
    refuses(d, ShapeError, d.log_prob, np.zeros(d.event_shape[0] + 1))


def vector_density_is_of_the_support(cls: type[Reparameterized]) -> None:
    """Elsewhere log p is −∞ and the score NaN; for NaN both are; what numbers have is refused."""
    d = cls()
    support = cast(Region, d._support)
    inside = d.sample(4, rng=2)
    for beyond in (1.5 * inside, inside - 1.0, -inside, np.full_like(inside, np.inf)):
        if isinstance(support, Simplex) or np.all(support.outside(beyond, d._values)):
            agree(d, "log p outside the support", d.log_prob(beyond), -np.inf)
            _are_nan(d, "score outside the support", d.score(beyond))
    unknown = inside.copy()
    unknown.reshape(4, -1)[:, 0] = np.nan
    _are_nan(d, "what is computed from NaN", {"log p": d.log_prob(unknown)} | d.score(unknown))
    for name in _OF_NUMBERS if cls.has_formula("stein_score") else (*_OF_NUMBERS, "stein_score"):
        refuses(d, NoFormulaError, getattr(d, name), inside)
    longer = np.full(tuple(size + 1 for size in d.event_shape), 0.5)
    refuses(d, ShapeError, d.log_prob, longer)
    noises = [np.full(tuple(size + 1 for size in event), 0.5) for _, event in d._noises()]
    if any(noise.ndim for noise in noises):
        refuses(d, ShapeError, d.transform, *noises)


def _are_nan(d: Reparameterized, what: str, results: dict[str, Array]) -> None:
    """Raise an AssertionError unless all are NaN that are not fixed, as above a diagonal."""
    for name, values in results.items():
        unknown = np.isnan(values)
        all_nan = np.all(unknown | (values == 0.0)) and np.any(unknown)
        check(d, all_nan, f"{what}, {name}: {values}, expected NaN")
