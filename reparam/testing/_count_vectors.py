"""Properties of distributions of vectors of counts: sums over all of them, which are few."""

from __future__ import annotations

import numpy as np

from reparam.base.discrete_vectors import DiscreteVectors
from reparam.errors import NoFormulaError, ShapeError
from reparam.testing._report import agree, is_nan, refuses
from reparam.testing._typical import typical

__all__ = ["count_vectors_are_where_probability_is"]


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
