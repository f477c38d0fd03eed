"""Products of upstream derivatives and ∂y/∂θ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reparam._kernels import active
from reparam._typing import Array

__all__ = ["contracted", "has_nan", "noticed", "scaled", "zero_kept"]


def has_nan(gradient: Array | float) -> bool:
    """Return whether a number is NaN, faster than by comparisons, and without warnings.

    Not by a sum of squares: BLAS's threads, once called, keep a core busy that others need.
    """
    if (compiled := active()) and (count := compiled.unknown(gradient)) >= 0:
        return bool(count)
    return math.isnan(np.minimum.reduce(gradient, axis=None, initial=math.inf))


def scaled(weight: Any, entry: Any, either: bool = False) -> Any:
    """Return weight · entry, which is 0 where the weight is, even if the entry is not finite.

    Of draws, upstream · ∂y/∂θ: that of a vector parameter has one more axis.

    Parameters
    ----------
    weight, entry
        The factors.
    either
        Whether it is 0 where the entry is, too, even if the weight is not finite.
    """
    if type(entry) is float and entry == 1.0:
        return weight
    if (compiled := active()) and (product := compiled.times(weight, entry, either)) is not None:
        return product
    weight = _aligned(weight, entry)
    product = weight * entry
    if has_nan(product):
        zero = (weight == 0.0) | np.equal(entry, 0.0) if either else weight == 0.0
        product = np.where(np.isnan(product) & zero, 0.0, product)
    return product


def contracted(entry: Any, tangent: Array, event: tuple[int, ...]) -> Any:
    """Return ∂y/∂θ · tangent, summed over the entries of a vector parameter."""
    if not event:
        return entry * tangent
    return np.sum(np.asarray(entry) * tangent, axis=tuple(range(-len(event), 0)))


def noticed(
    formula: Callable[..., tuple[Any, ...]], sums: Sequence[bool], unknown: list[bool]
) -> Callable[..., tuple[Any, ...]]:
    """Return a formula that notes whether a product is NaN, while it is in the cache.

    Not of those that are summed, whose sum is NaN then.
    """

    def products(*arguments: Any) -> tuple[Any, ...]:
        found = formula(*arguments)
        for product, summed in zip(found, sums, strict=True):
            if not summed:
                unknown.append(has_nan(product))
        return found

    return products


def zero_kept(formula: Callable[..., tuple[Any, ...]], rank: int) -> Callable[..., tuple[Any, ...]]:
    """Return a formula of products that are 0 where upstream is, though ∂y/∂θ is ∞ or undefined.

    Of values with `rank` axes upstream is 0 where all its entries are.
    """

    def products(upstream: Array, *rest: Array) -> tuple[Any, ...]:
        counts = np.any(upstream != 0.0, axis=tuple(range(-rank, 0)))
        return tuple(np.where(_aligned(counts, e), e, 0.0) for e in formula(upstream, *rest))

    return products


def _aligned(values: Any, entry: Any) -> Any:
    """Return values of draws with as many axes as ∂y/∂θ, of a vector parameter, has."""
    if 0 < getattr(values, "ndim", 0) < (rank := getattr(entry, "ndim", 0)):
        values = values.reshape(values.shape + (1,) * (rank - values.ndim))
    return values
