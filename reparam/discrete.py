"""Distributions of integers: what they have is a score, not a reparameterization."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from reparam._typing import Array
from reparam.blockwise import evaluate, filling
from reparam.distribution import Direct, Distribution, Lanes
from reparam.errors import NoFormulaError, NotReparameterizable
from reparam.noise import Stream
from reparam.parameters import Integers

__all__ = ["Discrete"]


class Discrete(Distribution):
    """A distribution of integers.

    Values are float64, which holds integers exactly up to 2⁵³. The author declares the support, a
    :class:`~reparam.Integers`, and writes formulas of integers inside it: the base class deals
    with all other numbers.

    There is no ``rsample``, ``transform`` or ``pathwise``: these raise
    :class:`~reparam.errors.NotReparameterizable`, which says why, and what to use instead. Nor is
    there ``icdf``, which raises :class:`~reparam.errors.NoFormulaError`.
    """

    mechanism: ClassVar[str] = "none (discrete)"
    #: What else there is for derivatives of an expectation, beside the score.
    alternatives: ClassVar[str] = ""
    _support: ClassVar[Integers]

    def rsample(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    def transform(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    def pathwise(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    def icdf(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NoFormulaError`."""
        raise NoFormulaError(
            f"{type(self).__name__} has no quantile function, which would be a step function; there"
            " are cdf and sf, and draws, sample(n)"
        )

    @final
    @classmethod
    def obstacle(cls) -> str:
        """Return why there is no reparameterization, and what to use instead.

        Returns
        -------
        str
            A sentence.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Geometric.obstacle().partition(":")[0]
        'Geometric has no reparameterization'
        """
        return (
            f"{cls.__name__} has no reparameterization: its values are integers, so f would be a"
            " step function of θ, with ∂y/∂θ = 0 almost everywhere; use the score function,"
            " ∂E[L(y)]/∂θ = E[L(y) ∂ log p(y)/∂θ]: the method 'score' or 'reparam estimate'"
            + (f", or {cls.alternatives}" if cls.alternatives else "")
        )

    @classmethod
    @abc.abstractmethod
    def _sampler(cls, lanes: Lanes, size: int, *theta: Any, **_: Any) -> Array:
        """Draw so many values by an exact sampler."""

    def _score_sums(self, y: Array, weight: Array, *theta: Any) -> tuple[Array, Array] | None:
        """Σ w ∂ log p/∂θ and Σ |w ∂ log p/∂θ| over y, if a formula spares the array of scores."""
        return None

    @final
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        draws = Direct(self._values_alone, stream, self._theta_operands(shape))
        return evaluate(filling(lambda arrays: arrays), [draws], shape, first=first)[0]

    @final
    @classmethod
    def _values_alone(cls, lanes: Lanes, size: int, *theta: Any) -> tuple[Array, ...]:
        return (np.asarray(cls._sampler(lanes, size, *theta), dtype=np.float64),)
