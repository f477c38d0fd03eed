"""What a distribution is: declared parameters, stateless formulas, one public interface.

A distribution's author writes formulas as static methods (names with one leading underscore).
Each is elementwise, takes the parameters explicitly, in declared order, and is made of
ufunc-like operations. The public methods here are final: they broadcast, guard the support,
evaluate block by block on several threads, and give results their shapes.
"""

from __future__ import annotations

import abc
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, dataclass_transform, final

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.blockwise import (
    Operand,
    batch_operand,
    broadcast_shapes,
    check_memory,
    evaluate,
    filling,
    operand,
)
from reparam.errors import CountError, ShapeError, UnknownParameterError
from reparam.noise import BLOCK, Noise, Stream, Substream
from reparam.parameters import (
    Domain,
    Integers,
    Interval,
    Parameter,
    Parameters,
    Simplex,
    as_real_array,
)

if TYPE_CHECKING:
    from reparam.draw import Draw

__all__ = ["About", "Direct", "Distribution", "Lanes", "Reparameterized", "View"]


@dataclass(frozen=True)
class About:
    """What a reader is told of a distribution: formulas in mathematical notation.

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
    """

    density: str
    transform: str = ""
    derivatives: dict[str, str] = field(default_factory=dict)
    source: str = ""
    score: dict[str, str] = field(default_factory=dict)


# no field specifier: in calls of one a type checker finds a default only if it is named
@dataclass_transform(frozen_default=True)
class Distribution(abc.ABC):
    """Base class of all distributions.

    Instances are frozen. Parameters are passed by position or by name (aliases work), as numbers
    or arrays that broadcast together; the common shape is :attr:`batch_shape`. Type checkers know
    the declared names, and not the aliases.

    Raises
    ------
    ParameterError
        If a parameter's value is outside its domain, NaN, or not a real number.
    UnknownParameterError
        If there is no such parameter, or one is given twice.
    ShapeError
        If the parameters' shapes don't broadcast together.
    """

    #: The registry's name, in lower case.
    name: ClassVar[str]
    #: Other names the registry knows it by.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: The declared parameters, by name or alias.
    parameters: ClassVar[Parameters]
    #: Formulas for the reader.
    about: ClassVar[About]
    #: How noise becomes a value, if it does.
    mechanism: ClassVar[str] = "none"
    _support: ClassVar[Domain]
    _values: dict[str, Array]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Parameter)
        }
        cls.parameters = Parameters(cls.__name__, declared)
        if declared:
            cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
                [
                    inspect.Parameter(
                        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=parameter.initial
                    )
                    for name, parameter in declared.items()
                ]
            )
            cls.__doc__ = f"{inspect.getdoc(cls) or cls.__name__}\n\n{_parameters_section(cls)}"

    def __init__(self, *args: ArrayLike, **kwargs: ArrayLike) -> None:
        cls = type(self)
        if len(args) > len(cls.parameters):
            raise UnknownParameterError(
                f"{cls.__name__} takes {len(cls.parameters)} parameters"
                f" ({', '.join(cls.parameters)}) but got {len(args)}"
            )
        positional = list(zip(cls.parameters, args, strict=False))
        given = cls.parameters.by_name([*positional, *kwargs.items()])
        values = {
            name: parameter.validated(given.get(name, parameter.initial))
            for name, parameter in cls.parameters.items()
        }
        shape = broadcast_shapes(
            **{name: cls.parameters[name].batch(value) for name, value in values.items()}
        )
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_batch_shape", shape)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"{type(self).__name__} is frozen; make a new one with the {name} you want"
        )

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} can't be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._values.values())

    def __repr__(self) -> str:
        inner = ", ".join(
            f"{name}={value[()].tolist() if value.size < 8 else f'<array of shape {value.shape}>'}"
            for name, value in self._values.items()
        )
        return f"{type(self).__name__}({inner})"

    @final
    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape that the parameters broadcast to."""
        shape: tuple[int, ...] = self._batch_shape  # type: ignore[attr-defined]
        return shape

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
        low, high = self._support.ends(self._values)
        return self._batched(low, self.event_shape), self._batched(high, self.event_shape)

    @final
    @property
    def mean(self) -> Array:
        """The expectation E[y], of batch shape."""
        return self._statistic(self._mean)

    @final
    @property
    def variance(self) -> Array:
        """The variance E[(y − E y)²], of batch shape."""
        return self._statistic(self._variance)

    @final
    @property
    def entropy(self) -> Array:
        """The entropy −E[log p(y)], in nats, of batch shape: differential if y is continuous."""
        return self._statistic(self._entropy)

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
        formula = self._guarded(self._log_prob, -np.inf)
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
        return self._at("value", value, self._guarded(self._cdf, (0.0, 1.0)))[0][()]

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
        return self._at("value", value, self._guarded(self._sf, (1.0, 0.0)))[0][()]

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
        formula = self._guarded(self._score, np.nan)
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
        return self._sample(_sample_shape(shape) + self.batch_shape, Stream(rng))[()]

    # What a distribution's author writes -----------------------------------------------------
    #
    # ``*theta: Any, **_: Any`` is how a signature says "whatever parameters there are": authors
    # name theirs, ``def _cdf(y, rate)``.

    @staticmethod
    @abc.abstractmethod
    def _log_prob(y: Array, *theta: Any, **_: Any) -> Array:
        """Log density, or mass, inside the closed support."""

    @staticmethod
    @abc.abstractmethod
    def _cdf(y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y ≤ y) inside the closed support."""

    @staticmethod
    @abc.abstractmethod
    def _sf(y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y > y) inside the closed support, to full relative accuracy."""

    @staticmethod
    @abc.abstractmethod
    def _score(y: Array, *theta: Any, **_: Any) -> tuple[Array, ...]:
        """∂ log p/∂θ for each differentiable parameter in declared order."""

    @staticmethod
    @abc.abstractmethod
    def _mean(*theta: Any, **_: Any) -> Array:
        """E[y]."""

    @staticmethod
    @abc.abstractmethod
    def _variance(*theta: Any, **_: Any) -> Array:
        """Variance."""

    @staticmethod
    @abc.abstractmethod
    def _entropy(*theta: Any, **_: Any) -> Array:
        """Entropy in nats."""

    @abc.abstractmethod
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        """Draw values of that shape, which ends with the batch shape.

        The first element is number `first` of the stream.
        """

    # Machinery -------------------------------------------------------------------------------

    @final
    @property
    def _theta(self) -> tuple[Array, ...]:
        return tuple(self._values.values())

    @final
    def _theta_operands(self, shape: tuple[int, ...], first: int = 0) -> list[Operand]:
        return [
            batch_operand(value, self.batch_shape, shape, parameter.event(value), first)
            for parameter, value in zip(self.parameters.values(), self._theta, strict=True)
        ]

    @final
    def _batched(self, value: Array | float, event: tuple[int, ...] = ()) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), self.batch_shape + event)[()]

    @final
    def _statistic(self, formula: Callable[..., Array]) -> Array:
        check_memory([self.batch_shape])
        with np.errstate(all="ignore"):
            return self._batched(formula(*self._theta))

    @final
    def _at(
        self, label: str, value: ArrayLike, formula: Callable[..., Any], *, many: bool = False
    ) -> tuple[Array, ...]:
        """Evaluate ``formula(value, *θ)``, with one output, or one a parameter if `many`."""
        array = as_real_array(label, value)
        shape = self._shape_with(label, array)
        operands = [operand(array, shape, event=self.event_shape), *self._theta_operands(shape)]
        events: list[tuple[int, ...]] = [()]
        if many:
            names = self.parameters.differentiable
            events = [self.parameters[name].event(self._values[name]) for name in names]
        return evaluate(filling(formula), operands, shape, outputs=len(events), events=events)

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
    def _guarded(
        self, formula: Callable[..., Any], outside: float | tuple[float, float]
    ) -> Callable[..., Any]:
        """Wrap a formula of (y, *θ) so that it only sees the closed support, and NaN.

        A value outside is moved to the nearer end. The result there is `outside`; of a cumulative
        function it is its limits below and above, which a continuous one has at the ends itself.
        The formulas of a discrete distribution see integers: between two of them a cumulative
        function is that of the lower, and any other is `outside`.
        """
        support, names = self._support, tuple(self.parameters)
        discrete = isinstance(support, Integers)
        if isinstance(support, Simplex):
            # on the boundary formulas give the limits as entries tend to 0 together
            return lambda y, *theta: _replaced(
                formula(y, *theta), support.outside(y), float(np.min(outside))
            )
        if (support.low, support.high) == (-np.inf, np.inf) and not discrete:
            return formula

        def guarded(y: Array, *theta: Array) -> Any:
            low, high = support.ends(dict(zip(names, theta, strict=True)))
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


#: A lane's number -> a generator at the start of a block: see :meth:`Stream.generator`.
Lanes = Callable[[int], np.random.Generator]


class View(NamedTuple):
    """A function of the draw that stays accurate where the value rounds or underflows.

    Both are names of formulas, of the value, the extra arrays and the parameters.
    """

    value: str
    jacobian: str


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


class Reparameterized(Distribution):
    """A distribution whose draws are y = f(z; θ), differentiable in θ, with z outside.

    The author's ``_transform`` makes the value and whatever else the derivative is best
    computed from (the standard variate, say); ``_jacobian`` takes these. Where another exact
    sampler is faster than the quantile, ``path`` is "field" and ``_sampler`` makes the same of a
    fixed count of random numbers.
    """

    #: How noise becomes a value: "location-scale", "inverse CDF" or "implicit".
    mechanism: ClassVar[str]
    _support: ClassVar[Interval]
    #: The kind of noise that ``transform`` takes.
    noise: ClassVar[Noise]
    #: What derivatives of draws are: "map", ∂f/∂θ at the draw's own noise, which differences at
    #: one seed agree with; "field", the velocity of the quantile path at the value, which an
    #: exact sampler of another kind draws.
    path: ClassVar[Literal["map", "field"]] = "map"
    #: How many arrays there are beside the value.
    _extras: ClassVar[int] = 0
    #: The kinds of random numbers that ``_sampler`` makes a draw of, one each: of a field.
    _substreams: ClassVar[tuple[Noise, ...]] = ()
    #: What ``Draw`` offers beside the value.
    _views: ClassVar[Mapping[str, View]] = {}

    @final
    def rsample(self, shape: Shape = (), *, rng: RNGLike = None) -> Draw:
        """Return reparameterized draws.

        Parameters
        ----------
        shape
            The sample shape, an integer or a tuple.
        rng
            None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7). Element
            i of the result, in C order, depends only on the seed and i.

        Returns
        -------
        Draw
            Its value has shape sample shape + batch shape.

        Raises
        ------
        CountError
            If the sample shape is not made of non-negative integers.
        TooLargeError
            If there is no memory for the draws.
        SeedError
            If `rng` can't seed random numbers.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Laplace(loc=[0.0, 5.0], scale=2.0).rsample(1000, rng=42)
        >>> draw.value.shape
        (1000, 2)
        >>> draw.vjp(1.0)["loc"]
        array([1000., 1000.])
        """
        return self._draw(_sample_shape(shape) + self.batch_shape, Stream(rng))

    @final
    def transform(self, noise: ArrayLike) -> Draw:
        """Return the draw that given noise makes: y = f(noise; θ).

        Parameters
        ----------
        noise
            Of the declared kind; broadcasts with the parameters.

        Returns
        -------
        Draw
            Its value has the broadcast shape.

        Raises
        ------
        NoiseError
            If an element is outside the noise's domain.
        ShapeError
            If the noise doesn't broadcast with the parameters.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian(loc=10.0, scale=2.0).transform([-1.0, 0.0, 0.5]).value
        array([ 8., 10., 11.])
        """
        return self._replay(self.noise.validated(noise))

    @final
    def pathwise(self, value: ArrayLike) -> dict[str, Array]:
        """Return ∂y/∂θ at given values, on the quantile path: −F_θ(y) / p(y).

        This is the derivative of the quantile function at fixed u = F(y), which needs no
        noise: it serves values from any exact sampler. NaN outside the support.

        Parameters
        ----------
        value
            The values y; broadcasts with the parameters.

        Returns
        -------
        dict
            For each parameter an array of the shape that `value` and the parameters broadcast to.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Exponential(rate=2.0).pathwise([1.0, 3.0])  # −y/λ
        {'rate': array([-0.5, -1.5])}
        """
        formula = self._guarded(self._pathwise, np.nan)
        return self._by_name(self._at("value", value, formula, many=True))

    @final
    def icdf(self, u: ArrayLike) -> Array:
        """Return the quantile F⁻¹(u; θ): the ends of the support at 0 and 1, NaN outside [0, 1].

        Parameters
        ----------
        u
            Probabilities; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape.
        """
        return self._at("u", u, self._icdf_on_closed_unit)[0][()]

    # What a distribution's author, or a mechanism, writes ------------------------------------

    @staticmethod
    @abc.abstractmethod
    def _icdf(u: Array, *theta: Any, **_: Any) -> Array:
        """Quantile for u in [0, 1]."""

    @classmethod
    @abc.abstractmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        """Return the value and the extra arrays."""

    @classmethod
    @abc.abstractmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Any, **_: Any) -> tuple[Array | float, ...]:
        """∂y/∂θ for each parameter, from what ``_transform`` made."""

    @staticmethod
    @abc.abstractmethod
    def _pathwise(y: Array, *theta: Any, **_: Any) -> tuple[Array | float, ...]:
        """∂y/∂θ for each parameter, from the value alone."""

    def _score_of_draw(self, y: Array, *extras_and_theta: Any, **_: Any) -> tuple[Array, ...]:
        """∂ log p/∂θ of a draw: another where extra arrays are finer than a value that rounds."""
        return self._score(y, *extras_and_theta[self._extras :])

    @classmethod
    def _sampler(cls, *numbers_and_theta: Any) -> tuple[Array, ...]:
        """The value and the extra arrays, from the numbers of ``_substreams``: of a field."""
        raise NotImplementedError

    # Machinery -------------------------------------------------------------------------------

    @final
    def _icdf_on_closed_unit(self, u: Array, *theta: Array) -> Array:
        inside = (u >= 0.0) & (u <= 1.0)
        if np.all(inside):
            return self._icdf(u, *theta)
        return np.where(inside, self._icdf(np.where(inside, u, 0.5), *theta), np.nan)

    @final
    def _source(self, stream: Stream) -> list[Operand]:
        """Return the operands that :attr:`_drawing` makes draws of, beside θ."""
        kinds = self._substreams if self.path == "field" else (self.noise,)
        return [Substream(stream, kind, number) for number, kind in enumerate(kinds)]

    @final
    @property
    def _drawing(self) -> Callable[..., tuple[Array, ...]]:
        """The formula of the value and the extra arrays, of random numbers and θ."""
        return self._sampler if self.path == "field" else self._transform

    @final
    def _draw(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Draw:
        """Return the draw of that shape whose first element is number `first` of the stream."""
        from reparam.draw import Draw

        arrays = evaluate(
            filling(self._drawing),
            [*self._source(stream), *self._theta_operands(shape, first)],
            shape,
            outputs=1 + self._extras,
            first=first,
        )
        return Draw(self, arrays[0], arrays[1:], stream, first)

    @final
    def _replay(self, noise: Array) -> Draw:
        """Return the draw that valid noise makes."""
        from reparam.draw import Draw

        shape = broadcast_shapes(noise=noise.shape, **{"the batch": self.batch_shape})
        operands = [operand(noise, shape), *self._theta_operands(shape)]
        arrays = evaluate(filling(self._transform), operands, shape, outputs=1 + self._extras)
        return Draw(self, arrays[0], arrays[1:], np.broadcast_to(noise, shape), 0)

    @final
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        drawing, operands = (
            self._drawing,
            [*self._source(stream), *self._theta_operands(shape, first)],
        )
        return evaluate(filling(lambda *inputs: drawing(*inputs)[0]), operands, shape, first=first)[
            0
        ]

    @final
    def _noise_of(
        self, value: Array, source: Array | Stream, shape: tuple[int, ...], first: int
    ) -> Array:
        """Return the noise of draws: given, of their stream, or that of the quantile path."""
        if not isinstance(source, Stream):
            return source
        if self.path == "field":
            return np.asarray(np.clip(self.cdf(value), 2.0**-54, 1.0 - 2.0**-53))
        operands = self._source(source)
        return evaluate(filling(lambda z: z), operands, shape, first=first)[0]


def _replaced(result: Any, there: NDArray[np.bool_], instead: float) -> Any:
    """Return a formula's result, an array or a tuple of them, with some elements replaced."""
    if not np.any(there):
        return result
    if isinstance(result, tuple):
        return tuple(_replaced(entry, there, instead) for entry in result)
    vector = there.shape + (1,) * (np.ndim(result) - there.ndim)
    return np.where(there.reshape(vector), instead, result)


def _sample_shape(shape: object) -> tuple[int, ...]:
    given = np.asarray(None if isinstance(shape, np.ma.MaskedArray) else shape, dtype=object)
    entries: list[Any] = given.reshape(-1).tolist() if given.ndim < 2 else [None]
    try:
        sizes = [-1 if isinstance(entry, bool) else operator.index(entry) for entry in entries]
    except TypeError:
        sizes = [-1]
    if any(size < 0 for size in sizes):
        raise CountError(
            f"sample shape {shape!r} is not a non-negative integer or a tuple of them;"
            " pass how many draws you want"
        )
    return tuple(sizes)


def _parameters_section(cls: type[Distribution]) -> str:
    """Return the numpydoc section that the declarations make."""
    lines = ["Parameters", "----------"]
    for parameter in cls.parameters.values():
        also = f"; also {', '.join(parameter.aliases)}" if parameter.aliases else ""
        lines += [
            f"{parameter.name} : array_like, default {parameter.initial_text}",
            f"    {parameter.description} {parameter.symbol}, in {parameter.domain}{also}.",
        ]
    return "\n".join(lines)
