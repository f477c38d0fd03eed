"""Properties of distributions of vectors of counts: sums over all of them, which are few."""

from __future__ import annotations

import numpy as np

from reparam.base.discrete_vectors import DiscreteVectors
from reparam.engine.noise import BLOCK
from reparam.errors import NoFormulaError, ShapeError
from reparam.testing._report import agree, check, refuses
from reparam.testing._typical import SETS, one_of, typical, typicals

__all__ = [
    "count_vectors_are_of_their_own_parameters",
    "count_vectors_are_where_probability_is",
    "count_vectors_repeat",
]


def count_vectors_repeat(cls: type[DiscreteVectors]) -> None:
    """The same seed gives the same draws; a prefix of more draws is fewer draws."""
    for d in typicals(cls):
        few, many = d.sample(5, rng=3), d.sample(BLOCK // SETS // d.event_shape[0] + 9, rng=3)
        check(d, np.array_equal(many[:5], few), "values differ among more draws")
        check(d, np.any(d.sample(5, rng=4) != few), "seeds 3 and 4 give the same draws")
        empty, expected = d.sample(0, rng=1).shape, (0, SETS, *d.event_shape)
        check(d, empty == expected, f"no draws have shape {empty}, expected {expected}")


def count_vectors_are_of_their_own_parameters(cls: type[DiscreteVectors]) -> None:
    """What is said of a vector does not depend on the batch that it is in."""
    for d in typicals(cls):
        y = d.sample(20, rng=3)
        log_p, score = d.log_prob(y), d.score(y)
        for j in range(SETS):
            alone = one_of(d, j)
            check(d, np.array_equal(alone.log_prob(y[:, j]), log_p[:, j]), f"log p of {alone}")
            for name, entry in alone.score(y[:, j]).items():
                check(d, np.array_equal(entry, score[name][:, j]), f"score of {alone} in {name}")


def count_vectors_are_where_probability_is(cls: type[DiscreteVectors]) -> None:
    """Elsewhere p is 0 and the score NaN; what numbers have is refused."""
    d = typical(cls)
    y = d.sample(3, rng=2)
    for beyond in (y + 0.5, y + 1.0, y - 1.0, np.full_like(y, np.inf)):
        agree(d, "log p outside the support", d.log_prob(beyond), -np.inf)
        for name, entry in d.score(beyond).items():
            check(d, np.all(np.isnan(entry)), f"score in {name} outside the support is {entry}")
    check(d, np.all(np.isnan(d.log_prob(np.full_like(y, np.nan)))), "log p at NaN is not NaN")
    for of_numbers in (d.cdf, d.sf, d.log_cdf, d.log_sf, d.icdf, d.isf):
        refuses(d, NoFormulaError, of_numbers, y)
    refuses(d, ShapeError, d.log_prob, np.zeros(d.event_shape[0] + 1))
