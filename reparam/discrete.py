"""Distributions of integers: what they have is a score, not a reparameterization."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from reparam._typing import Array
from reparam.blockwise import Operand, evaluate
from reparam.distribution import Distribution
from reparam.domains import Integers
from reparam.errors import NoFormulaError, NotReparameterizable
from reparam.noise import BLOCK, Stream

__all__ = ["Discrete", "Lanes"]


#: A lane's number -> a generator at the start of a block: see :meth:`Stream.generator`.
Lanes = Callable[[int], np.random.Generator]


class Direct:
    """Draws from an exact sampler, as an operand: each block is drawn from its start."""

    def __init__(
        self,
        sampler: Callable[..., tuple[Array, ...]],
        stream: Stream,
        theta: Sequence[Operand],
    ) -> None:
        self._sampler, self._stream, self._theta = sampler, stream, theta

    def take(self, start: int, stop: int) -> tuple[Array, ...]:
        """Return the arrays' elements ``start:stop``."""
        first, offset = divmod(start, BLOCK)
        edges = [*range(first * BLOCK, stop, BLOCK), stop]
        parts = [
            self._sampler(
                partial(self._stream.generator, number),
                high - low,
                *(item.take(low, high) for item in self._theta),
            )
            for number, (low, high) in enumerate(pairwise(edges), first)
        ]
        columns = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return tuple(array[offset:] for array in columns)


class Discrete(Distribution):
    """A distribution of integers.

    Values are float64, which holds integers exactly up to 2⁵³. The author declares the support, a
    :class:`~reparam.Integers`, and writes formulas of integers inside it: the base class deals
    with all other numbers.

    There is no ``rsample``, ``transform`` or ``pathwise``: these raise
    :class:`~reparam.errors.NotReparameterizable`, which says why, and what to use instead. Nor are
    there ``icdf`` and ``isf``, which raise :class:`~reparam.errors.NoFormulaError`.
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

    def isf(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NoFormulaError`."""
        self.icdf()

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
        return evaluate(lambda arrays: arrays[0], [draws], shape, first=first)[0]

    @final
    @classmethod
    def _values_alone(cls, lanes: Lanes, size: int, *theta: Any) -> tuple[Array, ...]:
        return (np.asarray(cls._sampler(lanes, size, *theta), dtype=np.float64),)
