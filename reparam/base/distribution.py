"""What a distribution is: declared parameters, stateless formulas, one public interface.

A distribution's author writes formulas as static methods (names with one leading underscore).
Each is elementwise, takes the parameters explicitly, in declared order, and is made of
ufunc-like operations. The public methods here are final: they broadcast, guard the support,
evaluate block by block on several threads, and give results their shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.base.formulas import FUNCTIONS, About, Formulas, View, stand_in
from reparam.domains import Integers, within
from reparam.engine.blocks import evaluate
from reparam.engine.noise import BLOCK, Noise, Stream, Substream, draws_together
from reparam.engine.operands import Operand, batch_operand, operand
from reparam.engine.shapes import broadcast_shapes, check_memory, sample_shape, summed_to
from reparam.errors import NoFormulaError, ShapeError
from reparam.real_arrays import as_real_array, need_exact
from reparam.regions import Region

__all__ = ["FUNCTIONS", "About", "Distribution", "View", "stand_in"]


class Distribution(Formulas):
    """Base class of all distributions: a frozen tree of parameters, and functions of values.

    Type checkers know the declared names of parameters, and not the aliases.
    """

    #: Set on a class itself when it was found to lack nothing.
    _is_complete: ClassVar[bool]

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Self:
        """Make an instance of a class that lacks nothing."""
        if "_is_complete" not in cls.__dict__:
            cls._need_complete()
            cls._is_complete = True
        return super().__new__(cls, *args, **kwargs) if cls._forms else object.__new__(cls)

    @final
    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: () of a number, (K,) of a vector, (N, K) of a matrix."""
        support = self._support
        return self._shape_of(support.dims) if isinstance(support, Region) else ()

    @final
    @property
    def support(self) -> tuple[Array, Array]:
        """The endpoints of the support, each of batch shape; integers are attained, others not.

        Of vectors: for each entry.
        """
        low, high = self._ends(*self._nested(self._theta))
        return self._batched(low, self.event_shape), self._batched(high, self.event_shape)

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of the support.

        E[∂ log p/∂θ] is not 0 in these, so that estimators by the score leave them out.
        """
        movers = self._support.moved_by
        return tuple(name for name in movers if name in self.parameters.differentiable)

    @final
    @property
    def mean(self) -> Array:
        """The expectation E[y], of batch shape; of vectors, that of each entry."""
        return self._statistic("_mean", self.event_shape)

    @final
    @property
    def variance(self) -> Array:
        """The variance E[(y − E y)²], of batch shape; of vectors, that of each entry.

        It is infinite where E[y²] is, whether the mean is finite or infinite, and NaN where the
        mean is undefined: where both tails are so heavy that neither decides.
        """
        return self._statistic("_variance", self.event_shape)

    @property
    def covariance(self) -> Array:
        """The covariances E[(y_i − E y_i)(y_j − E y_j)], of batch shape and twice the event shape.

        So those of vectors are a matrix, and those of entries (i, j) and (k, l) of matrices have
        four indices i, j, k and l.

        Raises
        ------
        NoFormulaError
            If values are numbers, which have a variance, or there is no formula.
        """
        return self._statistic("_covariance", 2 * self.event_shape)

    @final
    @property
    def entropy(self) -> Array:
        """The entropy −E[log p(y)], in nats, of batch shape: differential if y is continuous."""
        return self._statistic("_entropy", ())

    @final
    def log_prob(self, value: ArrayLike) -> Array:
        """Return log p(y; θ), density or probability mass: −inf outside the support, NaN for NaN.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters. Of vectors, along the last axis,
            all axes but that one do.

        Returns
        -------
        ndarray
            In nats, of the broadcast shape.
        """
        formula = self._guarded("_log_prob", -np.inf)
        return self._at("value", value, formula)[0][()]

    @final
    def cdf(self, value: ArrayLike) -> Array:
        """Return F(y; θ) = P(Y ≤ y): 0 below the support, 1 above, NaN for NaN.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape.
        """
        self._needs_numbers("cdf")
        return self._at("value", value, self._guarded("_cdf", (0.0, 1.0)))[0][()]

    @final
    def sf(self, value: ArrayLike) -> Array:
        """Return 1 − F(y; θ), without the cancellation: 1 below the support, 0 above.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape; NaN for NaN.
        """
        self._needs_numbers("sf")
        return self._at("value", value, self._guarded("_sf", (1.0, 0.0)))[0][()]

    @final
    def log_cdf(self, value: ArrayLike) -> Array:
        """Return ln F(y; θ), also where F underflows or rounds to 1.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape: −inf below the support, 0 above, NaN for NaN.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian().log_cdf([-1e10, 0.0, 20.0])
        array([-5.00000000e+19, -6.93147181e-01, -2.75362412e-89])
        """
        self._needs_numbers("log_cdf")
        return self._at("value", value, self._guarded("_log_cdf", (-np.inf, 0.0)))[0][()]

    @final
    def log_sf(self, value: ArrayLike) -> Array:
        """Return ln(1 − F(y; θ)), also where 1 − F underflows or rounds to 1.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape: 0 below the support, −inf above, NaN for NaN.
        """
        self._needs_numbers("log_sf")
        return self._at("value", value, self._guarded("_log_sf", (0.0, -np.inf)))[0][()]

    @final
    def score(self, value: ArrayLike) -> dict[str, Array]:
        """Return the score ∂ log p(y; θ)/∂θ by parameter: NaN outside the support.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        dict
            For each differentiable parameter an array of the shape that `value` and the parameters
            broadcast to; of a vector parameter, with a last axis for its entries, and of a matrix
            with two. In a symmetric matrix the derivative D is symmetric, with
            d log p = Σ_ij D_ij dΣ_ij; in a triangular one it is triangular.
        """
        formula = self._guarded("_score", np.nan)
        return self._by_name(self._in_theta(self._at("value", value, formula, many=True)))

    @final
    def sample(self, shape: Shape = (), *, rng: RNGLike = None) -> Array:
        """Return draws alone: the values that ``rsample``, if there is one, gives with that `rng`.

        Parameters
        ----------
        shape
            The sample shape, an integer or a tuple.
        rng
            None, a non-negative integer, a ``SeedSequence`` or a ``Generator``.

        Returns
        -------
        ndarray
            Of shape sample shape + batch shape + event shape.
        """
        return self._sample(sample_shape(shape) + self.batch_shape, Stream(rng))[()]

    # Machinery -------------------------------------------------------------------------------

    def _noises(self) -> list[tuple[Noise, tuple[int, ...]]]:
        """Return the kinds of random numbers of a draw, each with the shape of its share."""
        event = self.event_shape
        return [
            (kind, event) if isinstance(kind, Noise) else (kind[0], self._shape_of(kind[1]))
            for kind in self._substreams or (self.noise,)
        ]

    @final
    def _source(self, stream: Stream) -> list[Operand]:
        """Return the operands that draws are made of, beside θ."""
        noises, together = self._noises(), BLOCK
        if self._support.rank:
            events = (self.event_shape, *(event for _, event in noises))
            together = draws_together(max(map(math.prod, events)))
        return [
            Substream(stream, kind, number, event, together)
            for number, (kind, event) in enumerate(noises)
        ]

    @final
    def _theta_operands(self, shape: tuple[int, ...], first: int = 0) -> list[Operand]:
        batch = self._batch_shape
        values: Iterable[Array] = self._values.values()
        if self._prepared_dims:
            values = self._ready
        elif self._leaves.are_numbers:
            line = shape if len(shape) == 1 else None
            return [
                value
                if value.shape == line
                else value[()]
                if value.ndim == 0
                else batch_operand(value, batch, shape, (), first)
                for value in values
            ]
        return [
            batch_operand(value, batch, shape, event, first)
            for value, event in zip(values, self._theta_events(), strict=True)
        ]

    @final
    def _theta_events(self) -> list[tuple[int, ...]]:
        """Return the shape of one value of each parameter, as formulas take them."""
        if self._prepared_dims:
            return [self._shape_of(dims) for dims in self._prepared_dims]
        pairs = zip(self.parameters.values(), self._values.values(), strict=True)
        return [parameter.event(value) for parameter, value in pairs]

    @final
    def _events(self) -> list[tuple[int, ...]]:
        """Return the shape of one value of each differentiable parameter."""
        declared = self._leaves
        names = declared._differentiable
        if declared.are_numbers:
            return [()] * len(names)
        return [declared[name].event(self._values[name]) for name in names]

    @final
    def _differentiable(self) -> list[Array]:
        """Return the values of the differentiable parameters."""
        values, names = self._values, self._leaves._differentiable
        if len(names) == len(values):
            return [*values.values()]
        return [values[name] for name in names]

    @final
    @cached_property
    def _ready(self) -> tuple[Array, ...]:
        """What formulas take: θ, or what ``_prepared`` makes of it."""
        if not self._prepared_dims:
            return self._theta
        with np.errstate(all="ignore"):
            return self._prepared(*self._theta)

    @final
    def _formula_events(self) -> list[tuple[int, ...]]:
        """Return the shape of each derivative that formulas return, of one value."""
        if self._prepared_dims:
            count = len(self._prepared_dims) - self._functions_of_others
            return [self._shape_of(dims) for dims in self._prepared_dims[:count]]
        return self._events()

    @final
    def _in_theta(self, entries: Sequence[Array], rank: int = 0) -> list[Array]:
        """Return derivatives in θ from those that formulas return, of values with `rank` axes."""
        if not self._prepared_dims:
            return [*entries]
        own = [parameter.rank for parameter in self.parameters.values()]
        own += [len(dims) for dims in self._prepared_dims]
        spread = [
            value.reshape(
                value.shape[: value.ndim - k] + (1,) * rank + value.shape[value.ndim - k :]
            )
            for value, k in zip((*self._theta, *self._ready), own, strict=True)
        ]
        with np.errstate(all="ignore"):
            return [np.asarray(entry) for entry in self._pulled_back(entries, *spread)]

    @final
    def _batched(self, value: Array | float, event: tuple[int, ...] = ()) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), self.batch_shape + event)[()]

    @final
    def _statistic(self, name: str, event: tuple[int, ...]) -> Array:
        check_memory([self.batch_shape + event])
        with np.errstate(all="ignore"):
            return self._batched(self._formula(name)(*self._ready), event)

    @final
    def _needs_numbers(self, what: str) -> None:
        if shape := self.event_shape:
            kind = "vectors" if len(shape) == 1 else "matrices"
            raise NoFormulaError(
                f"{type(self).__name__} has no {what}: its values are {kind}; there are draws,"
                " log_prob and score"
            )

    @final
    def _at(
        self,
        label: str,
        value: ArrayLike,
        formula: Callable[..., Any],
        *,
        many: bool = False,
        event: tuple[int, ...] = (),
    ) -> list[Array]:
        """Evaluate ``formula(value, *θ)``, with one output of that shape for each value.

        If there are `many`, it has one per parameter.
        """
        array = as_real_array(label, value)
        if isinstance(self._support, Integers):
            need_exact(label, value, array)
        shape = self._shape_with(label, array)
        operands = [operand(array, shape, event=self.event_shape), *self._theta_operands(shape)]
        events = self._formula_events() if many else [event]
        return evaluate(formula, operands, shape, events=events)

    @final
    def _shape_with(self, label: str, array: Array) -> tuple[int, ...]:
        """Return the shape that an array of values, or of noise, and the parameters broadcast to.

        It is without the axes of entries, if values are vectors or matrices.
        """
        values = self._without(self.event_shape, label, array)
        return broadcast_shapes(**{label: values, "the batch": self.batch_shape})

    @final
    def _without(self, event: tuple[int, ...], label: str, array: Array) -> tuple[int, ...]:
        """Return the shape of an array without the last axes, which must be those of `event`."""
        rank = len(event)
        if rank and array.shape[max(array.ndim - rank, 0) :] != event:
            if rank == 1:
                what, remedy = f"vectors of {event[0]} entries", f"axis has length {event[0]}"
            else:
                what, remedy = f"arrays of shape {event}", f"axes have lengths {event}"
            raise ShapeError(
                f"{label} has shape {array.shape} and {self.name} has {what}; pass an array whose"
                f" last {remedy}"
            )
        return array.shape[: array.ndim - rank]

    @final
    def _from_sums(self, sums: Sequence[Array]) -> dict[str, Array]:
        """Return ∂L/∂θ by parameter from the sums over draws of what formulas return."""
        if self._prepared_dims:
            pairs = zip(self._in_theta(sums), self._differentiable(), strict=True)
            sums = [summed_to(gradient, value.shape) for gradient, value in pairs]
        return self._by_name(sums)

    @final
    def _by_name(self, arrays: Iterable[Array]) -> dict[str, Array]:
        names = self._leaves._differentiable
        return {name: array[()] for name, array in zip(names, arrays, strict=True)}

    @final
    def _guarded(self, name: str, outside: float | tuple[float, float]) -> Callable[..., Any]:
        """Wrap a formula of (y, *θ) so that it only sees the closed support, and NaN.

        A value outside is moved to the nearer endpoint. The result there is `outside`; of a
        cumulative function it is its limits below and above, which a continuous one has at the
        endpoints, too. The formulas of a discrete distribution see integers: between two of them a
        cumulative function is that of the lower, and any other is `outside`.
        """
        formula, support = self._formula(name), self._support
        discrete = isinstance(support, Integers)
        if isinstance(support, Region):
            return self._guarded_region(formula, support, float(np.min(outside)))
        if (support.low, support.high) == (-np.inf, np.inf) and not discrete:
            return formula
        if self._has_atoms:
            return formula

        def guarded(y: Array, *theta: Array) -> Any:
            low, high = self._ends(*self._nested(theta))
            if not discrete and type(low) is type(high) is float and within(y, low, high):
                return formula(y, *theta)
            point = np.floor(y) if discrete else y
            result = formula(np.clip(point, low, high), *theta)
            if not isinstance(outside, tuple):
                missed = (y < low) | (y > high)
                if discrete:
                    missed |= (point < y) | np.isinf(y)
                result = _replaced(result, missed, outside)
            elif discrete:
                result = _replaced(result, (y < low) | (y == -np.inf), outside[0])
                result = _replaced(result, (y > high) | (y == np.inf), outside[1])
            else:  # which formulas miss by what an endpoint is rounded
                result = _replaced(result, y <= low, outside[0])
                result = _replaced(result, y >= high, outside[1])
            return _replaced(result, np.isnan(y), np.nan) if discrete else result

        return guarded

    @final
    def _guarded_region(
        self, formula: Callable[..., Any], support: Region, outside: float
    ) -> Callable[..., Any]:
        """Wrap a formula so that it only sees members of the support: NaN gives NaN.

        Where the boundary belongs to the support, formulas give the limits there.
        """

        def guarded(y: Array, *theta: Array) -> Any:
            named = {} if self._prepared_dims else dict(zip(self._values, theta, strict=True))
            missed = support.outside(y, named)
            if not np.any(missed):
                return formula(y, *theta)
            event = y.shape[y.ndim - support.rank :]
            shape = missed.shape + (1,) * support.rank
            unknown = np.any(np.isnan(y), axis=tuple(range(missed.ndim, y.ndim)))
            member = np.broadcast_to(support.initial(event, 0.5), y.shape)
            result = formula(np.where(missed.reshape(shape), member, y), *theta)
            return _replaced(_replaced(result, missed, outside), unknown, np.nan)

        return guarded


def _replaced(result: Any, there: NDArray[np.bool_], instead: float) -> Any:
    """Return a formula's result, an array or a tuple of them, with some elements replaced."""
    if not np.any(there):
        return result
    if isinstance(result, tuple):
        return tuple(_replaced(entry, there, instead) for entry in result)
    vector = there.shape + (1,) * (np.ndim(result) - there.ndim)
    return np.where(there.reshape(vector), instead, result)
