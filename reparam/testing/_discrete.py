"""Properties of distributions of integers, and of vectors of counts."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.errors import NoFormulaError, NotReparameterizable, ShapeError
from reparam.testing._formulas import has_no_probability
from reparam.testing._report import agree, check, is_nan, refuses
from reparam.testing._typical import SETS, one_of, typical


def _around(d: Discrete) -> tuple[Array, Array]:
    """Return the upper and the lower end of the support, for an infinite one the other, or 0."""
    low, high = (np.asarray(end) for end in d.support)
    least = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    return np.where(np.isfinite(high), high, least), least


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
        has_no_probability(d, beyond, cdf)
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
        is_nan(d, what, entry)


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


def quantiles_end_with_the_support(cls: type[Discrete]) -> None:
    """Those of 0 and 1 are its ends, of what is no probability NaN; in a batch all are the same."""
    d = typical(cls)
    low, high = d.support
    agree(d, "icdf(0)", d.icdf(0.0), low)
    agree(d, "icdf(1)", d.icdf(1.0), high)
    for outside in (-0.1, np.nextafter(1.0, 2.0), math.nan):
        is_nan(d, f"icdf({outside})", d.icdf(outside))
    u = np.random.default_rng(13).random((100, SETS))
    found = d.icdf(u)
    for i, j in ((0, 0), (50, 3), (99, 6)):
        alone = one_of(d, j).icdf(u[i, j])
        agree(d, "a quantile in a batch", found[i, j], alone, u=u[i, j])


def refuses_to_be_reparameterized(cls: type[Discrete]) -> None:
    """Reparameterized draws, and derivatives of draws, are errors that say what to use instead."""
    d = cls()
    refuses(d, NotReparameterizable, d.rsample, 3)
    refuses(d, NotReparameterizable, d.transform, 0.5)
    refuses(d, NotReparameterizable, d.pathwise, d.sample(rng=0))
    check(d, "score" in cls.obstacle(), "obstacle() doesn't mention the score")


def count_vectors_are_where_probability_is(cls: type[DiscreteVectors]) -> None:
    """Elsewhere p is 0 and the score NaN; what numbers have is refused."""
    d = typical(cls)
    y = d.sample(3, rng=2)
    for beyond in (y + 0.5, y + 1.0, y - 1.0, np.full_like(y, np.inf)):
        agree(d, "log p outside the support", d.log_prob(beyond), -np.inf)
        for name, entry in d.score(beyond).items():
            is_nan(d, f"score in {name} outside the support", entry)
    is_nan(d, "log p at NaN", d.log_prob(np.full_like(y, np.nan)))
    for of_numbers in (d.cdf, d.sf, d.log_cdf, d.log_sf, d.icdf, d.isf):
        refuses(d, NoFormulaError, of_numbers, y)
    refuses(d, ShapeError, d.log_prob, np.zeros(d.event_shape[0] + 1))
