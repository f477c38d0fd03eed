"""Distributions of vectors: draws y = f(z; θ) along a last axis, and their derivatives."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, NoReturn, final

import numpy as np

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.blockwise import Kernel, broadcast_shapes, evaluate, filling, operand, summed_to, total
from reparam.distribution import Distribution, Reparameterized, View, _sample_shape
from reparam.errors import NoFormulaError, ShapeError, UnknownViewError
from reparam.noise import Noise, Stream, Substream
from reparam.parameters import Simplex, as_real_array

__all__ = ["Marginal", "VectorDraw", "VectorReparameterized"]


class Marginal(NamedTuple):
    """A number that a vector makes, and the distribution that it has."""

    #: In mathematical notation: ``"ln(y_0/y_1)"``.
    what: str
    #: From ln y, whose last axis is that of the entries.
    of: Callable[[Array], Array]
    #: The distribution.
    law: Reparameterized


class VectorReparameterized(Distribution):
    """A distribution of vectors y = f(z; θ), differentiable in θ, with z outside.

    Values and noise have the shape sample shape + batch shape + (K,). The author writes
    ``_transform``, which makes the value and whatever else its derivatives are best computed from,
    and ``_pull``, from which come all derivatives.

    There is no ``cdf``, ``sf``, ``icdf`` or ``pathwise``: these raise
    :class:`~reparam.errors.NoFormulaError`.
    """

    _support: ClassVar[Simplex]
    #: The kind of noise that ``transform`` takes: K numbers a vector.
    noise: ClassVar[Noise]
    #: How many arrays there are beside the value.
    _extras: ClassVar[int] = 0
    #: What draws offer beside the value: names of a formula, and of one as ``_pull`` is.
    _views: ClassVar[Mapping[str, View]] = {}

    @final
    def rsample(self, shape: Shape = (), *, rng: RNGLike = None) -> VectorDraw:
        """Return reparameterized draws.

        Parameters
        ----------
        shape
            The sample shape, an integer or a tuple.
        rng
            None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7). Vector
            i of the result, in C order, depends only on the seed and i.

        Returns
        -------
        VectorDraw
            Its value has shape sample shape + batch shape + (K,).

        Raises
        ------
        CountError
            If the sample shape is not made of non-negative integers.
        SeedError
            If `rng` can't seed random numbers.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Concrete(temperature=0.5, logits=[0.0, 1.0, 2.0]).rsample(1000, rng=42)
        >>> draw.value.shape
        (1000, 3)
        >>> draw.vjp(draw.value)["logits"].shape
        (3,)
        """
        return self._draw(_sample_shape(shape) + self.batch_shape, Stream(rng))

    @final
    def transform(self, noise: ArrayLike) -> VectorDraw:
        """Return the draw that given noise makes: y = f(noise; θ).

        Parameters
        ----------
        noise
            Of the declared kind, with a last axis of K numbers; the other axes broadcast with the
            parameters.

        Returns
        -------
        VectorDraw
            Its value has the broadcast shape, followed by (K,).

        Raises
        ------
        NoiseError
            If an element is outside the noise's domain.
        ShapeError
            If the last axis is not of length K, or the others don't broadcast with the parameters.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Concrete(temperature=1.0, logits=[0.0, 0.0]).transform([0.5, 0.5]).value
        array([0.5, 0.5])
        """
        return self._replay(self.noise.validated(noise))

    def pathwise(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NoFormulaError`."""
        raise self._of_numbers_alone("∂y/∂θ on the quantile path")

    def icdf(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise :class:`~reparam.errors.NoFormulaError`."""
        raise self._of_numbers_alone("quantile")

    # What a distribution's author writes -----------------------------------------------------

    @classmethod
    @abc.abstractmethod
    def _transform(cls, noise: Array, *theta: Any) -> tuple[Array, ...]:
        """Return the value and the extra arrays: rows of length K."""

    @classmethod
    @abc.abstractmethod
    def _pull(cls, upstream: Array, y: Array, *extras_and_theta: Any) -> tuple[Array, ...]:
        """Return Σ_i upstream_i ∂y_i/∂θ, row by row, for each parameter."""

    @classmethod
    def _marginals(cls, *theta: Any) -> tuple[Marginal, ...]:
        """Return numbers made of ln y whose distributions are known, for ``reparam verify``.

        Optional, and of no batch. Draws are compared with them, and integrals of the density.
        """
        return ()

    # Moments are optional, too: of many of these distributions they are not known in closed form

    @classmethod
    def _mean(cls, *theta: Any, **_: Any) -> Array:
        raise cls._no_formula("mean")

    @classmethod
    def _variance(cls, *theta: Any, **_: Any) -> Array:
        raise cls._no_formula("variance")

    @classmethod
    def _entropy(cls, *theta: Any, **_: Any) -> Array:
        raise cls._no_formula("entropy")

    # Machinery -------------------------------------------------------------------------------

    @classmethod
    def _no_formula(cls, what: str) -> NoFormulaError:
        return NoFormulaError(
            f"{cls.__name__} has no formula for the {what}; average over draws, rsample(n)"
        )

    @classmethod
    def _cdf(cls, y: Array, *theta: Any, **_: Any) -> NoReturn:
        raise cls._of_numbers_alone("cdf")

    @classmethod
    def _sf(cls, y: Array, *theta: Any, **_: Any) -> NoReturn:
        raise cls._of_numbers_alone("sf")

    @classmethod
    def _of_numbers_alone(cls, what: str) -> NoFormulaError:
        return NoFormulaError(
            f"{cls.__name__} has no {what}: its values are vectors; there are log_prob, score, and"
            " derivatives of draws, rsample(n)"
        )

    @final
    def _draw(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> VectorDraw:
        """Return the draw of that shape whose first vector is number `first` of the stream."""
        event = self.event_shape
        rows, count = Substream(stream, self.noise, 0, event), 1 + self._extras
        arrays = evaluate(
            filling(self._transform),
            [rows, *self._theta_operands(shape, first)],
            shape,
            outputs=count,
            events=[event] * count,
            first=first,
        )

        return VectorDraw(self, arrays[0], arrays[1:], stream, first)

    @final
    def _replay(self, noise: Array) -> VectorDraw:
        """Return the draw that valid noise makes."""
        shape, event, count = self._shape_with("noise", noise), self.event_shape, 1 + self._extras
        arrays = evaluate(
            filling(self._transform),
            [operand(noise, shape, event=event), *self._theta_operands(shape)],
            shape,
            outputs=count,
            events=[event] * count,
        )
        return VectorDraw(self, arrays[0], arrays[1:], np.broadcast_to(noise, shape + event), 0)

    @final
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        event = self.event_shape
        return evaluate(
            filling(lambda *inputs: self._transform(*inputs)[0]),
            [Substream(stream, self.noise, 0, event), *self._theta_operands(shape)],
            shape,
            events=[event],
            first=first,
        )[0]


@final
@dataclass(frozen=True, eq=False, repr=False)
class VectorDraw:
    """Draws of vectors, differentiable in the parameters of their distribution.

    Made by ``rsample`` and ``transform``. The arrays are read-only: derivatives are computed
    from them when asked for.

    Attributes
    ----------
    distribution
        What the draws are from.
    value
        y, of shape sample shape + batch shape + (K,).
    noise
        The z that made it, of the same shape.

    Examples
    --------
    >>> import reparam as rp
    >>> draw = rp.Concrete(temperature=0.5, logits=[0.0, 0.0]).transform([0.5, 0.5])
    >>> draw.jacobian()["logits"]
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    >>> draw.vjp([1.0, 3.0])["logits"]
    array([-1.,  1.])
    """

    distribution: VectorReparameterized
    _value: Array
    _extras: tuple[Array, ...]
    _source: Array | Stream
    _first: int

    @cached_property
    def value(self) -> Array:
        """The values y, read-only."""
        return _read_only(self._value)

    @cached_property
    def noise(self) -> Array:
        """The noise z, read-only; made on first use."""
        if not isinstance(self._source, Stream):
            return _read_only(self._source)
        shape, event = self._value.shape[:-1], self._event
        rows = Substream(self._source, self.distribution.noise, 0, event)
        noise = evaluate(filling(lambda z: z), [rows], shape, events=[event], first=self._first)
        return _read_only(noise[0])

    @cached_property
    def log_value(self) -> Array:
        """ln y, accurate where entries underflow or round to 1 (where the distribution has it)."""
        formula = getattr(self.distribution, self._formulas("log_value").value)
        return _read_only(self._evaluate(filling(formula), [self._event])[0])

    def jacobian(self, of: str = "value") -> dict[str, Array]:
        """Return ∂y_i/∂θ vector by vector.

        Parameters
        ----------
        of
            What to differentiate: ``"value"``, or a view such as ``"log_value"``.

        Returns
        -------
        dict
            For each parameter an array of the value's shape, whose last axis is that of i; for a
            vector parameter with K entries followed by (K,), one for each entry.

        Raises
        ------
        UnknownViewError
            If the distribution doesn't have the view `of`.
        """
        pull = self._pull(of)

        def kernel(out: tuple[Array, ...], y: Array, *rest: Array) -> None:
            for i, unit in enumerate(np.eye(y.shape[-1])):
                pulled = pull(np.broadcast_to(unit, y.shape), y, *rest)
                for block, entry in zip(out, pulled, strict=True):
                    block[:, i] = entry

        events = [self._event + event for event in self._events]
        return self.distribution._by_name(self._evaluate(kernel, events))

    def vjp(self, upstream: ArrayLike, of: str = "value") -> dict[str, Array]:
        """Back-propagate: return ∂L/∂θ given `upstream` = ∂L/∂y.

        Parameters
        ----------
        upstream
            Broadcasts to the value's shape.
        of
            What `upstream` is the derivative in: ``"value"``, or a view such as ``"log_value"``.

        Returns
        -------
        dict
            For each parameter an array of the parameter's own shape: the sum of
            upstream · ∂y/∂θ over all the values that it took part in.

        Raises
        ------
        ShapeError
            If `upstream` doesn't broadcast to the value's shape.
        UnknownViewError
            If the distribution doesn't have the view `of`.
        """
        shape = self._value.shape
        cotangent = as_real_array("upstream", upstream)
        if broadcast_shapes(upstream=cotangent.shape, value=shape) != shape:
            raise ShapeError(
                f"upstream has shape {cotangent.shape} and value has shape {shape}:"
                " pass one upstream derivative an entry of the value"
            )
        gradients = self._evaluate(filling(self._pull(of)), self._events, (cotangent, self._event))
        return self.distribution._by_name(
            total(gradient) if value.ndim == 0 else summed_to(gradient, value.shape)
            for gradient, value in zip(gradients, self.distribution._theta, strict=True)
        )

    def jvp(self, **tangents: ArrayLike) -> Array:
        """Return the derivative of y in a direction of parameter space: Σ ∂y/∂θ · tangent.

        Parameters
        ----------
        **tangents
            For each parameter that moves, by name or alias, an array that broadcasts to the batch
            shape, of a vector parameter followed by (K,); the others stay.

        Returns
        -------
        ndarray
            Of the value's shape.

        Raises
        ------
        UnknownParameterError
            If there is no such parameter, or one is given twice.
        ShapeError
            If a tangent doesn't broadcast to that shape.
        """
        declared = self.distribution.parameters
        given = declared.by_name(tangents.items(), tangents=True)
        directions = {}
        for name, event in zip(declared, self._events, strict=True):
            array = as_real_array(name, given.get(name, 0.0))
            wanted = self.distribution.batch_shape + event
            if broadcast_shapes(**{name: array.shape, "the parameter": wanted}) != wanted:
                raise ShapeError(
                    f"the tangent of {name} has shape {array.shape} and the parameter, in the"
                    f" batch, has shape {wanted}: pass one tangent a parameter"
                )
            directions[name] = np.broadcast_to(array, wanted), event
        pull, moving = self._pull("value"), [name in given for name in declared]

        def kernel(out: tuple[Array, ...], *inputs: Array) -> None:
            along, (y, *rest) = inputs[: len(moving)], inputs[len(moving) :]
            for i, unit in enumerate(np.eye(y.shape[-1])):
                pulled = pull(np.broadcast_to(unit, y.shape), y, *rest)
                out[0][:, i] = sum(
                    (
                        (entry * way).reshape(len(y), -1).sum(axis=1)
                        for entry, way, moves in zip(pulled, along, moving, strict=True)
                        if moves
                    ),
                    start=np.zeros(len(y)),
                )

        return self._evaluate(kernel, [self._event], *directions.values())[0][()]

    def __repr__(self) -> str:
        return f"VectorDraw(value={self.value!r}, distribution={self.distribution!r})"

    @property
    def _event(self) -> tuple[int, ...]:
        return self._value.shape[-1:]

    @property
    def _events(self) -> list[tuple[int, ...]]:
        """The shape of one value of each parameter."""
        declared, values = self.distribution.parameters, self.distribution._values
        return [parameter.event(values[name]) for name, parameter in declared.items()]

    def _pull(self, of: str) -> Callable[..., tuple[Array, ...]]:
        """Return the formula of Σ_i upstream_i ∂·_i/∂θ."""
        name = "_pull" if of == "value" else self._formulas(of).jacobian
        formula: Callable[..., tuple[Array, ...]] = getattr(self.distribution, name)
        return formula

    def _formulas(self, name: str) -> View:
        views = self.distribution._views
        if name not in views:
            raise UnknownViewError(
                f"draws from {self.distribution.name} have no {name!r}"
                f" (they have {', '.join(['value', *views])})"
            )
        return views[name]

    def _evaluate(
        self,
        kernel: Kernel,
        events: list[tuple[int, ...]],
        *leading: tuple[Array, tuple[int, ...]],
    ) -> tuple[Array, ...]:
        """Evaluate a kernel of arrays (with the shapes of their rows), value, extras and θ."""
        shape = self._value.shape[:-1]
        arrays = [*leading, *((array, self._event) for array in (self._value, *self._extras))]
        operands = [operand(array, shape, event=event) for array, event in arrays]
        return evaluate(
            kernel,
            operands + self.distribution._theta_operands(shape),
            shape,
            outputs=len(events),
            events=events,
        )


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view[()]
