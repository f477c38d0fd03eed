"""Distributions of vectors of integers."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import stand_in
from reparam.errors import NoFormulaError
from reparam.regions import Region

__all__ = ["DiscreteVectors"]


class DiscreteVectors(Discrete):
    """A distribution of vectors of integers, such as counts.

    The author declares the support, a :class:`~reparam.regions.Region`, and the kinds of noise that
    a draw is made of, and writes ``_drawn``, ``_log_prob`` and ``_score``. There are no cumulative
    functions and quantiles; a moment is missing until its formula is written.
    """

    _support: ClassVar[Region]

    @abc.abstractmethod
    def _drawn(self, *noise_and_theta: Any) -> Array:
        """Return values from each array of noise, then θ."""

    @classmethod
    def _cdf(cls, y: Array, *theta: Any) -> Array:
        raise cls._lacks("cdf")

    @classmethod
    def _sf(cls, y: Array, *theta: Any) -> Array:
        raise cls._lacks("sf")

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        raise self._lacks("cdf")

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        raise self._lacks("sf")

    @stand_in
    def _mean(self, *theta: Any) -> Array:
        raise self._lacks("formula for the mean")

    @stand_in
    def _variance(self, *theta: Any) -> Array:
        raise self._lacks("formula for the variance")

    @stand_in
    def _entropy(self, *theta: Any) -> Array:
        raise self._lacks("formula for the entropy")

    @classmethod
    def _lacks(cls, what: str) -> NoFormulaError:
        return NoFormulaError(
            f"{cls.__name__} has no {what}: its values are vectors; average over draws, sample(n)"
        )
