"""Entries of vectors that are chosen by number."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.errors import ShapeError
from reparam.real_arrays import as_real_array

__all__ = ["Conditionals", "Marginals", "places", "split", "with_rest"]


class Marginals(Distribution):
    """Vectors or symmetric matrices of which any entries have a law of the same family."""

    def marginal(self, entries: Sequence[int]) -> Self:
        """Return the distribution of some entries, of a matrix that of some rows and columns.

        Where entries have a fixed sum, it is that of these and of the sum of all others, the last.

        Parameters
        ----------
        entries
            Which, in any order.

        Raises
        ------
        ShapeError
            If these are not different numbers of entries.

        Examples
        --------
        >>> import reparam as rp
        >>> d = rp.MultivariateGaussian(loc=[0.0, 1.0], covariance=[[2.0, 1.0], [1.0, 4.0]])
        >>> d.marginal([1])
        MultivariateGaussian(loc=[1.0], scale_tril=[[2.0]])
        >>> rp.Dirichlet([0.5, 2.0, 3.0, 4.0]).marginal([1])
        Dirichlet(concentration=[2.0, 7.5])
        >>> rp.InverseWishart(6.0, scale=[[2.0, 0.5], [0.5, 4.0]]).marginal([1])
        InverseWishart(df=5.0, scale_tril=[[2.0]])
        """
        found: Self = self._of_entries(places(self, entries))
        return found

    def _of_entries(self, chosen: list[int]) -> Any:
        """Return the distribution of these entries."""
        raise NotImplementedError


class Conditionals(Marginals):
    """Vectors of which any entries, given the others, have a law of the same family."""

    def conditional(self, entries: Sequence[int], values: ArrayLike) -> Self:
        """Return the distribution of the other entries, in order, given the values of some.

        Parameters
        ----------
        entries
            Which have these values, at least one and not all.
        values
            Their values, along the last axis; other axes broadcast with the batch.

        Raises
        ------
        ShapeError
            If these are not different numbers of entries, or all, or there are not as many values.

        Examples
        --------
        >>> import reparam as rp
        >>> d = rp.MultivariateGaussian(loc=[0.0, 1.0], covariance=[[4.0, 2.0], [2.0, 4.0]])
        >>> d.conditional([0], [2.0]).mean
        array([2.])
        >>> d = rp.MultivariateStudentT(3.0, [0.0, 1.0], scale_tril=[[1.0, 0.0], [1.0, 2.0]])
        >>> d.conditional([0], [1.0])
        MultivariateStudentT(df=4.0, loc=[2.0], scale_tril=[[2.0]])
        """
        found: Self = self._given(*split(self, entries, values))
        return found

    def _given(self, known: list[int], rest: list[int], given: Array) -> Any:
        """Return the distribution of the rest, given the values of what is known."""
        raise NotImplementedError


def places(distribution: Distribution, entries: Sequence[int], axis: int = 0) -> list[int]:
    """Return numbers of entries along an axis, from 0, of which none repeats."""
    size = distribution.event_shape[axis]
    found = [operator.index(k) for k in entries]
    if not found or len({*found}) < len(found) or not {*found} <= {*range(size)}:
        raise ShapeError(
            f"entries={found} are not different numbers from 0 to {size - 1}; pass some, such"
            " as [0]"
        )
    return found


def split(
    distribution: Distribution, entries: Sequence[int], values: ArrayLike
) -> tuple[list[int], list[int], Array]:
    """Return numbers of entries that are known, those of the others, and the known values."""
    known = places(distribution, entries)
    rest = [k for k in range(distribution.event_shape[0]) if k not in known]
    if not rest:
        raise ShapeError(
            f"all {len(known)} entries of {distribution.name} are given; leave some of them out"
        )
    given = as_real_array("values", values)
    if given.shape[-1:] != (len(known),):
        raise ShapeError(
            f"values has shape {given.shape} and there are {len(known)} entries; pass an array"
            f" whose last axis has length {len(known)}"
        )
    return known, rest, given


def with_rest(weights: Array, chosen: Sequence[int], add: np.ufunc = np.add) -> Array:
    """Return some entries along the last axis, and what all others add up to, if there are any."""
    kept = weights[..., chosen]
    if len(chosen) == weights.shape[-1]:
        return kept
    rest = add.reduce(np.delete(weights, chosen, axis=-1), axis=-1, keepdims=True)
    return np.concatenate([kept, rest], axis=-1)
