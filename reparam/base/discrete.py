"""Distributions of integers: what they have is a score, not a reparameterization."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base import numerical
from reparam.base.distribution import Distribution, stand_in
from reparam.domains import Integers
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Stream
from reparam.errors import NotReparameterizable
from reparam.parameters import Parameter
from reparam.regions import Region
from reparam.special import normal
from reparam.special._accurate import log1mexp
from reparam.special._count_search import anywhere, smallest

__all__ = ["DRAWS", "Discrete", "rows_of"]

#: How draws are made, in mathematical notation.
DRAWS = "y = F⁻¹(u), the smallest integer with F(y) ≥ u, for one u uniform on (0, 1)"


class Discrete(Distribution):
    """A distribution of integers.

    Values are float64, which holds integers exactly up to 2⁵³. The author declares the support, a
    :class:`~reparam.Integers`, and writes formulas of integers inside it: the base class deals
    with all other numbers.

    A draw is the quantile of one uniform number: draw i depends on the seed, on i and on the
    parameters of draw i, and on nothing else.

    There is no ``rsample``, ``transform`` or ``pathwise``: these raise
    :class:`~reparam.errors.NotReparameterizable`, with the reason, and what to use instead.
    """

    mechanism: ClassVar[str] = "none (discrete)"
    #: What else there is for derivatives of an expectation, beside the score.
    alternatives: ClassVar[str] = ""
    _support: ClassVar[Integers | Region]

    def rsample(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    def transform(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    def pathwise(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NotReparameterizable`."""
        raise NotReparameterizable(self.obstacle())

    @final
    def icdf(self, u: ArrayLike) -> Array:
        """Return the quantile F⁻¹(u; θ): the smallest integer y of the support with F(y) ≥ u.

        ``cdf`` decides where u ≤ ½, and ``sf(y)`` ≤ 1 − u elsewhere. At 0 and 1 it is the endpoint
        of the support, which may be infinite; outside [0, 1] it is NaN. Above 2⁵³, where float64
        does not have all integers, it is one of those that float64 has; inf beyond the largest.

        Parameters
        ----------
        u
            Probabilities; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Poisson(rate=2.0).icdf([0.1, 0.5, 0.9, 1.0])
        array([ 0.,  2.,  4., inf])
        """
        self._needs_numbers("quantile")
        return self._at("u", u, lambda u, *theta: self._on_closed_unit(u, 1.0 - u, *theta))[0][()]

    def isf(self, v: ArrayLike) -> Array:
        """Return the smallest y with P(Y > y) ≤ v: the quantile of 1 − v, with all digits of v.

        Parameters
        ----------
        v
            Probabilities; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Poisson(rate=2.0).isf([1e-300, 0.1, 1.0])
        array([192.,   4.,   0.])
        """
        self._needs_numbers("quantile")
        return self._at("v", v, lambda v, *theta: self._on_closed_unit(1.0 - v, v, *theta))[0][()]

    @classmethod
    def has_formula(cls, function: str) -> bool:
        """Return whether a function has a formula; of a quantile, whether no search by the cdf."""
        if function in ("icdf", "isf"):
            return cls._quantile is not Discrete._quantile and not cls._support.rank
        return super().has_formula(function)

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
            " ∂E[J(y)]/∂θ = E[J(y) ∂ log p(y)/∂θ]: the method 'score' or reparam.estimators"
            + (f", or {cls.alternatives}" if cls.alternatives else "")
        )

    @classmethod
    def _quantile(cls, u: Array, v: Array, *theta: Any, **_: Any) -> Array:
        """Return the smallest y with F(y) ≥ u, for flat arrays.

        Parameters
        ----------
        u, v
            Probabilities between 0 and 1, and 1 − u, the smaller of which is exact. Where that is
            v, 1 − F(y) ≤ v decides, so that the upper tail keeps its digits.
        *theta
            The parameters: scalars, or arrays with one row per element.

        Returns
        -------
        ndarray
            Integers, none of which depends on other elements. This default is a search that
            ``_cdf`` and ``_sf`` decide. An author who has a faster way overrides it.
        """
        low, high = cls._bounds(*theta)
        z = normal.icdf(np.minimum(u, v))
        start = cls._mean(*theta) + np.sqrt(cls._variance(*theta)) * np.where(v < u, -z, z)
        bracket = anywhere(np.rint(start), low, high)
        return smallest(bracket, u, v, cls._cdf, cls._sf, rows_of(u, theta, cls.parameters))

    def _drawn(self, *noise_and_theta: Any) -> Array:
        """Return a value from each array of ``_substreams``, then θ: of vectors."""
        raise NotImplementedError

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        if isinstance(self._support, Integers):
            return self._bounds(*theta)
        return super()._ends(*theta)

    @classmethod
    def _bounds(cls, *theta: Any) -> tuple[Any, Any]:
        """Return the least and the greatest value, of one row of parameters or of many."""
        support, declared = cls._support, cls.parameters
        if isinstance(support, Integers) and support.entries:
            pairs = zip(declared.values(), theta, strict=True)
            last = next(
                np.shape(value)[parameter.dims.index(support.entries) - parameter.rank]
                for parameter, value in pairs
                if support.entries in parameter.dims
            )
            return float(support.low), last - 1.0
        return support.ends(dict(zip(declared, theta, strict=True)))

    @classmethod
    @stand_in
    def _cdf(cls, y: Array, *theta: Any) -> Array:
        """P(Y ≤ y): a sum of probabilities."""
        return np.exp(cls._log_summed(y, theta, False))

    @classmethod
    @stand_in
    def _sf(cls, y: Array, *theta: Any) -> Array:
        """P(Y > y): a sum of probabilities."""
        return np.exp(cls._log_summed(y, theta, True))

    @classmethod
    def _log_summed(cls, y: Array, theta: tuple[Any, ...], upper: bool) -> Array:
        """Return the logarithm of a tail as a sum from y away from the mean, or what that leaves.

        The log mass must then be an analytic function of y between integers, too.
        """
        declared = cls.parameters
        shape, every, leaves = numerical.as_rows(y, theta, tuple(declared.values()))
        some, where = _each_once([every, *leaves])  # many draws are equal
        y, leaves = every[some], [leaf[some] for leaf in leaves]
        ends = [np.broadcast_to(end, y.shape) for end in cls._bounds(*leaves)]
        mean: Callable[..., Array] = cls._mean
        below = y < mean(*leaves)
        own = np.empty(y.shape)
        for side, rows in enumerate(map(np.flatnonzero, (below, ~below))):
            first = y[rows] + 1.0 if side else y[rows]
            few = [leaf[rows] for leaf in leaves]
            sign = 1.0 if side else -1.0
            own[rows] = numerical.log_sum(first, ends[side][rows], sign, cls._log_prob, few)
        own = np.minimum(own, 0.0)
        return np.asarray(np.where(below == upper, log1mexp(own), own)[where].reshape(shape))

    @classmethod
    def _summed_entropy(cls, *theta: Any) -> Array:
        """Return −Σ p ln p, by such sums below and above the mean."""
        declared = cls.parameters
        shape, mean, leaves = numerical.as_rows(cls._mean(*theta), theta, tuple(declared.values()))
        low, high = (np.broadcast_to(end, mean.shape) for end in cls._bounds(*leaves))
        middle = np.clip(np.floor(mean), low, high)
        total = np.zeros(mean.shape)
        for first, end, sign in ((middle, low, -1.0), (middle + 1.0, high, 1.0)):
            found = numerical.log_sum(first, end, sign, cls._log_prob, leaves, np.negative)
            total += np.exp(found)
        return total.reshape(shape)

    @stand_in
    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        """Log of P(Y ≤ y): far out a sum of probabilities."""
        return self._log_tail(y, theta, ("_cdf", "_sf"), -1.0)

    @stand_in
    def _log_sf(self, y: Array, *theta: Any) -> Array:
        """Log of P(Y > y): far out a sum of probabilities."""
        return self._log_tail(y, theta, ("_sf", "_cdf"), 1.0)

    @final
    def _log_tail(
        self, y: Array, theta: tuple[Any, ...], names: tuple[str, str], sign: float
    ) -> Array:
        """Return the logarithm of the first of two tails, the lower if the sign is −1."""
        shape, y, leaves = numerical.as_rows(y, theta, tuple(self.parameters.values()))
        tails = self._formula(names[0]), self._formula(names[1])
        end = np.broadcast_to(self._ends(*self._nested(theta))[int(sign > 0.0)], shape).reshape(-1)
        log_prob = self._formula("_log_prob")
        found = numerical.log_tail_of_counts(y, leaves, tails, log_prob, end, sign)
        return found.reshape(shape)

    def _score_sums(self, y: Array, weight: Array, *theta: Any) -> tuple[Array, Array] | None:
        """Σ w ∂ log p/∂θ and Σ |w ∂ log p/∂θ| over y, if a formula spares the array of scores."""
        return None

    @final
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        def value(u: Array, *theta: Array) -> Array:
            return self._quantile(u, 1.0 - u, *theta) + 0.0  # 0 for −0

        formula = self._formula("_drawn") if self._support.rank else value
        operands = [*self._source(stream), *self._theta_operands(shape, first)]
        return evaluate(formula, operands, shape, events=[self.event_shape], first=first)[0]

    @final
    def _on_closed_unit(self, u: Array, v: Array, *theta: Array) -> Array:
        low, high = self._ends(*self._nested(theta))
        inside = (u >= 0.0) & (v >= 0.0) & (u * v > 0.0)
        ends = np.select([u == 0.0, v == 0.0], [low, high], np.nan)
        some = np.where(inside, u, 0.5), np.where(inside, v, 0.5)
        return np.where(inside, self._quantile(*some, *theta), ends) + 0.0  # 0 for −0


def rows_of(u: Array, theta: Sequence[Any], declared: Mapping[str, Parameter]) -> list[Any]:
    """Return parameters of which vectors have a row per element: numbers may stay scalars."""
    return [
        np.broadcast_to(value, u.shape + parameter.event(value)) if parameter.dims else value
        for parameter, value in zip(declared.values(), theta, strict=True)
    ]


def _each_once(columns: list[Array]) -> tuple[Any, Any]:
    """Return the numbers of rows that differ, and which of these each row is."""
    some = where = np.zeros(len(columns[0]), dtype=np.intp)
    for column in columns:
        _, which = np.unique(column, axis=0, return_inverse=True)
        pair = where * (np.max(which, initial=0) + 1) + which.reshape(-1)
        _, some, where = np.unique(pair, return_index=True, return_inverse=True)
    return some, where
