"""What a distribution is: declared parameters, stateless formulas, one public interface.

A distribution's author writes formulas as static methods (names with one leading underscore).
Each is elementwise, takes the parameters explicitly, in declared order, and is made of
ufunc-like operations. The public methods here are final: they broadcast, guard the support,
evaluate block by block on several threads, and give results their shapes.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.base.tails import Tail
from reparam.base.tree import Tree
from reparam.domains import Domain, Integers, Simplex
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Stream
from reparam.engine.operands import Operand, batch_operand, operand
from reparam.engine.shapes import broadcast_shapes, check_memory, sample_shape
from reparam.errors import IncompleteError, ShapeError
from reparam.parameters import as_real_array

__all__ = ["FUNCTIONS", "About", "Distribution", "View", "stand_in"]


@dataclass(frozen=True)
class About:
    """Formulas of a distribution for its readers, in mathematical notation.

    Parameters
    ----------
    density
        The density, or probability mass, ``"p(y) = …"``.
    transform
        The reparameterization, ``"y = …"`` in terms of the noise, if there is one.
    derivatives
        For each parameter ∂y/∂θ, in terms of noise, value and parameters.
    source
        Where formulas and algorithms come from.
    score
        For each parameter ∂ log p(y)/∂θ, of a distribution without reparameterization.
    scipy
        The distribution in the spelling of ``scipy.stats``, ``"gamma(alpha, scale=1/rate)"``, by
        Python's arithmetic in the names of parameters; empty if SciPy lacks it.
    """

    density: str
    transform: str = ""
    derivatives: dict[str, str] = field(default_factory=dict)
    source: str = ""
    score: dict[str, str] = field(default_factory=dict)
    scipy: str = ""


class View(NamedTuple):
    """A function of the draw that stays accurate where the value rounds or underflows.

    All are names of formulas, of the value, the extra arrays and the parameters; that of second
    derivatives may be missing.
    """

    value: str
    jacobian: str
    hessian: str = ""


F = TypeVar("F", bound=Callable[..., Any])

#: The attribute of formulas that stand in for one that an author has not written.
_MARK = "stands_in"

#: The functions of a distribution that follow numerically without a formula, if they do.
FUNCTIONS = (
    *("icdf", "isf", "cdf", "sf", "log_cdf", "log_sf", "pathwise", "pathwise2", "score"),
    *("stein_score", "mean", "variance", "entropy"),
)


def stand_in(formula: F) -> F:
    """Mark a formula of a base class that stands in for one that an author has not written."""
    formula.__dict__[_MARK] = True
    return formula


class Distribution(Tree, abc.ABC):
    """Base class of all distributions: a frozen tree of parameters, and functions of values.

    Type checkers know the declared names of parameters, and not the aliases.
    """

    #: The registry's name, in lower case.
    name: ClassVar[str]
    #: Other names the registry knows it by.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: Formulas for the reader.
    about: ClassVar[About]
    #: How noise becomes a value, if it does.
    mechanism: ClassVar[str] = "none"
    #: What ``Draw`` offers beside the value, by name.
    _views: ClassVar[Mapping[str, View]] = {}
    _support: ClassVar[Domain]
    #: Whether values at the ends of the support have a probability: formulas then see all values.
    _has_atoms: ClassVar[bool] = False
    #: How fast the probability falls towards the lower and the upper end of the support.
    _tails: ClassVar[tuple[Tail, Tail] | None] = None

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Self:
        """Make an instance of a class that lacks nothing."""
        cls._need_complete()
        return super().__new__(cls)

    @final
    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: (K,) if it is a vector, () if it is a number."""
        support = self._support
        return self._values[support.entries].shape[-1:] if isinstance(support, Simplex) else ()

    @final
    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the support, each of batch shape; integers are attained, other ends not.

        Of vectors: for each entry.
        """
        low, high = self._ends(*self._nested(self._theta))
        return self._batched(low, self.event_shape), self._batched(high, self.event_shape)

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an end of the support.

        E[∂ log p/∂θ] is not 0 in these, so that estimators by the score leave them out.
        """
        movers = self._support.moved_by
        return tuple(name for name in movers if name in self.parameters.differentiable)

    @final
    @property
    def mean(self) -> Array:
        """The expectation E[y], of batch shape."""
        return self._statistic("_mean")

    @final
    @property
    def variance(self) -> Array:
        """The variance E[(y − E y)²], of batch shape."""
        return self._statistic("_variance")

    @final
    @property
    def entropy(self) -> Array:
        """The entropy −E[log p(y)], in nats, of batch shape: differential if y is continuous."""
        return self._statistic("_entropy")

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
            broadcast to; of a vector parameter, with a last axis for its entries.
        """
        formula = self._guarded("_score", np.nan)
        return self._by_name(self._at("value", value, formula, many=True))

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

    # What a distribution's author writes -----------------------------------------------------
    #
    # ``*theta: Any, **_: Any`` is how a signature says "whatever parameters there are": authors
    # name theirs, ``def _cdf(y, rate)``. θ of a child is one tuple.

    @abc.abstractmethod
    def _log_prob(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Log density, or mass, inside the closed support."""

    @abc.abstractmethod
    def _cdf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y ≤ y) inside the closed support."""

    @abc.abstractmethod
    def _sf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y > y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _log_cdf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Logarithm of P(Y ≤ y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _log_sf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Logarithm of P(Y > y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _score(self, y: Array, *theta: Any, **_: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ for each differentiable parameter in declared order."""

    @abc.abstractmethod
    def _mean(self, *theta: Any, **_: Any) -> Array:
        """E[y]."""

    @abc.abstractmethod
    def _variance(self, *theta: Any, **_: Any) -> Array:
        """Variance."""

    @abc.abstractmethod
    def _entropy(self, *theta: Any, **_: Any) -> Array:
        """Entropy in nats."""

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        """The ends of the support."""
        if isinstance(self._support, Integers | Simplex) and self._support.entries:
            return self._support.ends(self._values)
        return self._support.ends(dict(zip(self._fields, theta, strict=True)))

    @abc.abstractmethod
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        """Draw values of that shape, which ends with the batch shape.

        The first element is number `first` of the stream.
        """

    def _noise_of(self, value: Array, source: Array | Stream, first: int) -> Array:
        """Return the noise of differentiable draws: given, or of the stream they came from."""
        raise NotImplementedError

    # Machinery -------------------------------------------------------------------------------

    @final
    @classmethod
    def numerical_formulas(cls) -> tuple[str, ...]:
        """Return the names of the functions that follow numerically, for lack of a formula."""
        return () if cls._support.rank else tuple(n for n in FUNCTIONS if cls._follows(f"_{n}"))

    @classmethod
    def has_formula(cls, function: str) -> bool:
        """Return whether a function, such as ``"entropy"``, has a formula that isn't numerical."""
        return hasattr(cls, f"_{function}") and not cls._follows(f"_{function}")

    @classmethod
    def _follows(cls, formula: str) -> bool:
        """Whether a formula is one that stands in for what an author has not written."""
        return getattr(getattr(cls, formula, None), _MARK, False)

    @final
    @classmethod
    def _need_complete(cls) -> None:
        """Raise if the class lacks what its author must write."""
        if missing := cls._missing():
            raise IncompleteError(
                f"{cls.__name__} lacks {', '.join(missing)}; write what is missing, in the class"
            )

    @classmethod
    @cache
    def _missing(cls) -> tuple[str, ...]:
        """Return the names of what the author has yet to write: "a or b" if one of two will do."""
        lacking = [name for name in ("name", "_support") if not hasattr(cls, name)]
        return (*lacking, *sorted(getattr(cls, "__abstractmethods__", ())))

    @final
    def _theta_operands(self, shape: tuple[int, ...], first: int = 0) -> list[Operand]:
        batch, values = self._batch_shape, self._values.values()
        if self.parameters.are_numbers:
            return [batch_operand(value, batch, shape, (), first) for value in values]
        return [
            batch_operand(value, batch, shape, parameter.event(value), first)
            for parameter, value in zip(self.parameters.values(), values, strict=True)
        ]

    @final
    def _events(self) -> list[tuple[int, ...]]:
        """Return the shape of one value of each differentiable parameter."""
        declared = self.parameters
        if declared.are_numbers:
            return [()] * len(declared.differentiable)
        return [declared[name].event(self._values[name]) for name in declared.differentiable]

    @final
    def _differentiable(self) -> list[Array]:
        """Return the values of the differentiable parameters."""
        return [self._values[name] for name in self.parameters.differentiable]

    @final
    def _batched(self, value: Array | float, event: tuple[int, ...] = ()) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), self.batch_shape + event)[()]

    @final
    def _statistic(self, name: str) -> Array:
        check_memory([self.batch_shape])
        with np.errstate(all="ignore"):
            return self._batched(self._formula(name)(*self._theta))

    @final
    def _at(
        self, label: str, value: ArrayLike, formula: Callable[..., Any], *, many: bool = False
    ) -> list[Array]:
        """Evaluate ``formula(value, *θ)``, with one output, or one per parameter if `many`."""
        array = as_real_array(label, value)
        shape = self._shape_with(label, array)
        operands = [operand(array, shape, event=self.event_shape), *self._theta_operands(shape)]
        events = self._events() if many else [()]
        return evaluate(formula, operands, shape, events=events)

    @final
    def _shape_with(self, label: str, array: Array) -> tuple[int, ...]:
        """Return the shape that an array of values, or of noise, and the parameters broadcast to.

        It is without the axis of entries, if values are vectors.
        """
        event = self.event_shape
        if event and array.shape[-1:] != event:
            raise ShapeError(
                f"{label} has shape {array.shape} and {self.name} has vectors of {event[0]}"
                f" entries; pass an array whose last axis has length {event[0]}"
            )
        values = array.shape[: array.ndim - len(event)]
        return broadcast_shapes(**{label: values, "the batch": self.batch_shape})

    @final
    def _by_name(self, arrays: Iterable[Array]) -> dict[str, Array]:
        names = self.parameters.differentiable
        return {name: array[()] for name, array in zip(names, arrays, strict=True)}

    @final
    def _guarded(self, name: str, outside: float | tuple[float, float]) -> Callable[..., Any]:
        """Wrap a formula of (y, *θ) so that it only sees the closed support, and NaN.

        A value outside is moved to the nearer end. The result there is `outside`; of a cumulative
        function it is its limits below and above, which a continuous one has at the ends itself.
        The formulas of a discrete distribution see integers: between two of them a cumulative
        function is that of the lower, and any other is `outside`.
        """
        formula, support = self._formula(name), self._support
        discrete = isinstance(support, Integers)
        if isinstance(support, Simplex):
            # on the boundary formulas give the limits as entries tend to 0 together
            return lambda y, *theta: _replaced(
                formula(y, *theta), support.outside(y), float(np.min(outside))
            )
        if (support.low, support.high) == (-np.inf, np.inf) and not discrete:
            return formula
        if self._has_atoms:
            return formula

        def guarded(y: Array, *theta: Array) -> Any:
            low, high = self._ends(*self._nested(theta))
            point = np.floor(y) if discrete else y
            result = formula(np.clip(point, low, high), *theta)
            if not isinstance(outside, tuple):
                missed = (y < low) | (y > high)
                if discrete:
                    missed |= (point < y) | (y == np.inf)
                result = _replaced(result, missed, outside)
            elif discrete:
                result = _replaced(result, y < low, outside[0])
                result = _replaced(result, (y > high) | (y == np.inf), outside[1])
            return _replaced(result, np.isnan(y), np.nan) if discrete else result

        return guarded


def _replaced(result: Any, there: NDArray[np.bool_], instead: float) -> Any:
    """Return a formula's result, an array or a tuple of them, with some elements replaced."""
    if not np.any(there):
        return result
    if isinstance(result, tuple):
        return tuple(_replaced(entry, there, instead) for entry in result)
    vector = there.shape + (1,) * (np.ndim(result) - there.ndim)
    return np.where(there.reshape(vector), instead, result)
