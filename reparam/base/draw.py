"""A draw y = f(z; θ): the value, the noise that made it, and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import compress
from typing import TYPE_CHECKING, Any, final

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base import along, by_entry, second_order
from reparam.base.products import contracted, has_nan, noticed, scaled, zero_kept
from reparam.engine.blocks import evaluate, total
from reparam.engine.operands import Operand, batch_operand, operand
from reparam.engine.shapes import broadcast_shapes, summed_to
from reparam.errors import ShapeError, UnknownViewError
from reparam.real_arrays import as_real_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reparam.base.distribution import Distribution, View
    from reparam.engine.noise import Stream

__all__ = ["Draw"]


@final
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Draw:
    """Draws from a distribution, differentiable in its parameters.

    Made by ``rsample`` and ``transform``. The arrays are read-only: derivatives are computed
    from them when asked for.

    Attributes
    ----------
    distribution
        What the draws are from.
    value
        y, of shape sample shape + batch shape + event shape: that of vectors is (K,).
    noise
        The z that made it, of the same shape; of vectors and matrices it may have another, and be a
        tuple of several arrays.

    Examples
    --------
    >>> import reparam as rp
    >>> draw = rp.Gaussian(loc=0.0, scale=2.0).transform([-0.5, 0.25])
    >>> draw.value
    array([-1. ,  0.5])
    >>> draw.jacobian()["scale"]
    array([-0.5 ,  0.25])
    >>> float(draw.vjp(2.0 * draw.value)["scale"])  # ∂/∂scale of Σ y²
    1.25
    """

    distribution: Distribution
    _value: Array
    _extras: tuple[Array, ...]
    _source: tuple[Array, ...] | Stream
    _first: int

    def __init__(
        self,
        distribution: Distribution,
        _value: Array,
        _extras: tuple[Array, ...],
        _source: tuple[Array, ...] | Stream,
        _first: int,
    ) -> None:
        given = {"distribution": distribution, "_value": _value, "_extras": _extras}
        self.__dict__.update(given, _source=_source, _first=_first)

    @cached_property
    def value(self) -> Array:
        """The values y, read-only."""
        return _read_only(self._value)

    @cached_property
    def noise(self) -> Any:
        """The noise z, read-only; made on first use, from its stream or from the values.

        An array, or a tuple of arrays where draws of vectors are made of several.

        Where the distribution's ``path`` is "map", what the values were made of. Where it is
        "field", u = F(y), within [2⁻⁵⁴, 1 − 2⁻⁵³]: ``transform`` makes these values of it, up to
        what the rounding of u forces.
        """
        noise = self.distribution._noise_of(self._value, self._source, self._first)
        found = tuple(map(_read_only, noise))
        return found if len(found) > 1 else found[0]

    @cached_property
    def log_value(self) -> Array:
        """ln y, finite where y itself underflows (where the distribution has it)."""
        return self._view("log_value")

    @cached_property
    def complement(self) -> Array:
        """1 − y to full relative accuracy, also where y rounds to 1 (where there is one)."""
        return self._view("complement")

    @cached_property
    def log_complement(self) -> Array:
        """ln(1 − y), finite where 1 − y underflows (where there is one)."""
        return self._view("log_complement")

    def jacobian(self, of: str = "value") -> dict[str, Array]:
        """Return ∂y/∂θ element by element.

        Parameters
        ----------
        of
            What to differentiate: ``"value"``, or a derived quantity such as ``"log_value"``.

        Returns
        -------
        dict
            For each parameter an array of the value's shape, followed by the shape of one value
            of the parameter: () of a number, (K,) of a vector, (K, K) of a matrix. Entry i is the
            derivative of value i in the parameter that it was drawn with. In a symmetric matrix
            the derivative D of a number is symmetric, with dy = Σ_ij D_ij dΣ_ij; in a triangular
            one it is triangular.

        Raises
        ------
        UnknownViewError
            If the distribution doesn't have the quantity `of`.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Concrete(temperature=0.5, logits=[0.0, 0.0]).transform([0.5, 0.5])
        >>> draw.jacobian()["logits"]
        array([[ 0.5, -0.5],
               [-0.5,  0.5]])
        """
        d = self.distribution
        event, events = d.event_shape, d._formula_events()
        if not event:
            return d._by_name(d._in_theta(self._evaluate(self._derivatives(of), events)))
        pull = self._derivatives(of)

        def rows(y: Array, *rest: Array) -> tuple[Array, ...]:
            return tuple(
                np.broadcast_to(entry, (y.size, *own)).reshape(*y.shape, *own)
                for entry, own in zip(pull(*by_entry.arguments(d, y, *rest)), events, strict=True)
            )

        found = self._evaluate(rows, [event + own for own in events], each=by_entry.size(d))
        return d._by_name(d._in_theta(found, len(event)))

    def vjp(self, upstream: ArrayLike, of: str = "value") -> dict[str, Array]:
        """Back-propagate: return ∂L/∂θ given `upstream` = ∂L/∂y.

        Parameters
        ----------
        upstream
            Broadcasts to the value's shape.
        of
            What `upstream` is the derivative in: ``"value"``, or a derived quantity such as
            ``"log_value"``.

        Returns
        -------
        dict
            For each parameter an array of the parameter's own shape: the sum of
            upstream · ∂y/∂θ over all the values that it took part in, which is 0 where upstream
            is, even if ∂y/∂θ is infinite or undefined.

        Raises
        ------
        ShapeError
            If `upstream` doesn't broadcast to the value's shape.
        UnknownViewError
            If the distribution doesn't have the quantity `of`.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Gaussian(loc=[0.0, 1.0], scale=2.0).transform([-0.5, 0.25])
        >>> {name: gradient.tolist() for name, gradient in draw.vjp([1.0, 4.0]).items()}
        {'loc': [1.0, 4.0], 'scale': 0.5}
        """
        return self.distribution._from_sums(self._sums(upstream, of))

    def _sums(
        self,
        upstream: ArrayLike,
        of: str = "value",
        *,
        formula: Callable[..., tuple[Any, ...]] | None = None,
        leading: Iterable[Operand] = (),
    ) -> list[Array]:
        """Return Σ upstream · ∂y/∂θ for each derivative that formulas return.

        A formula of the upstream derivative and what leads may take the place of ``_pull``.
        """
        d, lead = self.distribution, self._of_value("upstream", upstream)
        events = d._formula_events()
        own = [*d._ready[: len(events)]] if d._prepared_dims else d._differentiable()
        sums = [value.ndim == len(event) for value, event in zip(own, events, strict=True)]
        each = math.prod(d.event_shape) if d._support.rank and any(sums) else 0
        formula = formula or self._pulled(of)
        if d._support.rank:
            unknown: list[bool] = []
            products = noticed(formula, sums, unknown)
            found = self._evaluate(products, events, lead, *leading, sums=sums, each=each)
            if True in unknown or any(map(has_nan, compress(found, sums))):
                kept = zero_kept(formula, len(d.event_shape))
                found = self._evaluate(kept, events, lead, *leading, sums=sums, each=each)
        else:
            found = self._evaluate(formula, events, lead, *leading, sums=sums)
        return [
            gradient if summed else summed_to(gradient, value.shape)
            for gradient, value, summed in zip(found, own, sums, strict=True)
        ]

    def _pulled_back(self, upstream: Array) -> tuple[Array, ...]:
        """Return Σ upstream · ∂y/∂θ of each draw, for each parameter.

        It has the shape of `upstream`, to which values that are numbers broadcast; of vectors, that
        of the draws, followed by that of the parameter.
        """
        d = self.distribution
        if upstream.shape == self._value.shape:
            lead = operand(upstream, self._rows, event=d.event_shape)
            found = self._evaluate(self._pulled("value"), d._formula_events(), lead)
            return tuple(d._in_theta(found))
        return tuple(scaled(upstream, entry) for entry in self.jacobian().values())

    def _summed(self, products: Iterable[Array]) -> dict[str, Array]:
        """Return the result of :meth:`vjp`, from upstream · ∂y/∂θ value by value.

        Of numbers, whose parameters are numbers.
        """
        d = self.distribution
        return d._by_name(
            total(product) if value.ndim == 0 else summed_to(product, value.shape)
            for product, value in zip(products, d._differentiable(), strict=True)
        )

    def jvp(self, tangents: Mapping[str, ArrayLike] | None = None, /, **named: ArrayLike) -> Array:
        """Return the derivative of y in a direction of parameter space: Σ ∂y/∂θ · tangent.

        Parameters
        ----------
        tangents, **named
            For each parameter that moves, by path, name or alias, an array that broadcasts to the
            batch shape, for a vector parameter followed by (K,), for a matrix by its shape; the
            others stay. That of a symmetric matrix is symmetric, of a triangular one triangular.

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
        given = self._tangents([*(tangents or {}).items(), *named.items()])
        d, events = self.distribution, self.distribution._events()
        if not d._follows("_push"):
            return along.pushed(self, given)
        leading, moving = self._directions(given)
        derivatives, event = self._derivatives("value"), d.event_shape

        def sum_along(tangents: Sequence[Array], entries: tuple[Any, ...]) -> Any:
            terms = (
                contracted(entries[index], tangent, events[index])
                for tangent, index in zip(tangents, moving, strict=True)
            )
            return sum(terms, start=0.0)

        def directional(*arguments: Array) -> Any:
            tangents, (y, *rest) = arguments[: len(moving)], arguments[len(moving) :]
            if not event:
                return sum_along(tangents, derivatives(y, *rest))
            again = [
                by_entry.repeated(tangent, math.prod(event), events[index])
                for tangent, index in zip(tangents, moving, strict=True)
            ]
            found = sum_along(again, derivatives(*by_entry.arguments(d, y, *rest)))
            return np.broadcast_to(found, y.size).reshape(y.shape)

        each = by_entry.size(d) if event else 0
        return self._evaluate(directional, [event], *leading, each=each)[0][()]

    def hessian(self, of: str = "value") -> dict[str, dict[str, Array]]:
        """Return ∂²y/∂θ∂φ element by element, at the noise that made the draws.

        Where the distribution's ``path`` is "field", the derivatives are along the quantile path
        at the values.

        Parameters
        ----------
        of
            What to differentiate: ``"value"``, or a derived quantity such as ``"log_value"``.

        Returns
        -------
        dict
            For each parameter, and each parameter again, an array of the value's shape, followed
            by the entries of vector parameters. It is symmetric.

        Raises
        ------
        NoFormulaError
            If values are vectors.
        UnknownViewError
            If the distribution doesn't have the quantity `of`, or not its second derivatives.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.LogUniform(low=1.0, high=4.0).transform([0.25, 0.5])
        >>> draw.hessian()["low"]["high"]  # u (1 − u) y/(a b)
        array([0.06629126, 0.125     ])
        """
        return second_order.hessian(self, of)

    def hvp(
        self,
        upstream: ArrayLike,
        tangents: Mapping[str, ArrayLike] | None = None,
        /,
        curvature: ArrayLike | None = None,
        **named: ArrayLike,
    ) -> dict[str, Array]:
        """Return the derivative of :meth:`vjp` in a direction of parameter space.

        For each θ it is Σ upstream · ∂²y/∂θ∂φ · tangent_φ, the curvature of the path alone, over
        all values and all φ. With `curvature` = ∂²L/∂y², of a loss of each value by itself,
        Σ curvature · ∂y/∂θ ∂y/∂φ · tangent_φ is added: that is the product of the whole Hessian of
        L in θ and the tangents.

        Parameters
        ----------
        upstream
            ∂L/∂y; broadcasts to the value's shape.
        tangents, **named
            As :meth:`jvp` takes them; parameters that are not given don't move.
        curvature
            ∂²L/∂y²; broadcasts to the value's shape.

        Returns
        -------
        dict
            For each parameter an array of the parameter's own shape.

        Raises
        ------
        NoFormulaError
            If values are vectors, and the formula is missing, as it is along a field.
        UnknownParameterError
            If there is no such parameter, or one is given twice.
        ShapeError
            If `upstream`, `curvature` or a tangent has another shape.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Exponential(rate=2.0).transform([0.5, 0.9])
        >>> y = draw.value
        >>> gradient = draw.hvp(2.0 * y, curvature=2.0, rate=1.0)  # of L = Σ y²
        >>> float(gradient["rate"] / (y**2).sum())  # L = c/λ², ∂²L/∂λ² = 6c/λ⁴
        1.5
        """
        given = self._tangents([*(tangents or {}).items(), *named.items()])
        d, weight = self.distribution, self._of_value("upstream", upstream)
        if d.event_shape:
            return along.hvp(self, upstream, curvature, given)
        bent = None if curvature is None else self._of_value("curvature", curvature)
        return d._by_name(second_order.hvp(self, weight, bent, *self._directions(given)))

    def plot(self, *, grad: bool = False) -> Figure:
        """Return a figure of the draws and their density: see :func:`reparam.plots.plot`."""
        figure: Figure = import_module("reparam.plots").plot(self, grad=grad)
        return figure

    def __repr__(self) -> str:
        return f"Draw(value={self.value!r}, distribution={self.distribution!r})"

    def _of_value(self, label: str, given: ArrayLike | float) -> Operand:
        """Return what broadcasts to the value's shape as a formula's argument."""
        event = self.distribution.event_shape
        if type(given) is float and not event:
            return np.float64(given)
        array, shape = as_real_array(label, given), self._value.shape
        if array.shape not in {(), shape} and (
            broadcast_shapes(**{label: array.shape, "value": shape}) != shape
        ):
            raise ShapeError(
                f"{label} has shape {array.shape} and value has shape {shape}:"
                f" pass one {label} derivative per value"
            )
        if array.ndim or event:
            return operand(array, self._rows, event=event)
        return np.float64(array)

    def _tangents(self, pairs: Iterable[tuple[str, ArrayLike]]) -> dict[str, Array]:
        """Return tangents by path, each of the batch's shape and that of one value."""
        d = self.distribution
        given = d.parameters.by_name(pairs, tangents=True)
        found = {}
        for name, event in zip(d.parameters.differentiable, d._events(), strict=True):
            if name not in given:
                continue
            array = as_real_array(name, given[name])
            wanted = d.batch_shape + event
            what = "the parameter" if event else "the batch"
            if broadcast_shapes(**{name: array.shape, what: wanted}) != wanted:
                raise ShapeError(
                    f"the tangent of {name} has shape {array.shape} and {what} has shape"
                    f" {wanted}: pass one tangent per parameter"
                )
            found[name] = np.broadcast_to(array, wanted)
        return found

    def _directions(self, tangents: Mapping[str, Array]) -> tuple[list[Operand], list[int]]:
        """Return tangents as a formula's arguments, and the numbers of their parameters."""
        d = self.distribution
        events = d._events()
        moving = [
            index for index, name in enumerate(d.parameters.differentiable) if name in tangents
        ]
        leading = [
            batch_operand(whole, d.batch_shape, self._rows, events[index])
            for index, whole in zip(moving, tangents.values(), strict=True)
        ]
        return leading, moving

    @property
    def _rows(self) -> tuple[int, ...]:
        """The shape without that of a vector."""
        return self._value.shape[: self._value.ndim - len(self.distribution.event_shape)]

    def _derivatives(self, of: str) -> Callable[..., tuple[Any, ...]]:
        """Return the formula of ∂·/∂θ of the value, the auxiliary arrays and the parameters.

        Of vectors it is that of Σ upstream ∂·/∂θ, of the upstream derivative, then these.
        """
        d = self.distribution
        plain = "_pull" if d._support.rank else "_jacobian"
        return d._formula(plain if of == "value" else self._formulas(of).jacobian)

    def _pulled(self, of: str) -> Callable[..., tuple[Any, ...]]:
        """Return the formula of Σ upstream ∂·/∂θ of each draw."""
        derivatives = self._derivatives(of)
        if self.distribution._support.rank:
            return derivatives
        return lambda upstream, *rest: tuple([scaled(upstream, e) for e in derivatives(*rest)])

    def _view(self, name: str) -> Array:
        formula = self.distribution._formula(self._formulas(name).value)
        return _read_only(self._evaluate(formula, [self.distribution.event_shape])[0])

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
        formula: Callable[..., Any],
        events: list[tuple[int, ...]],
        *leading: Operand,
        sums: list[bool] | None = None,
        each: int = 0,
    ) -> list[Array]:
        """Evaluate a formula of what leads, value, auxiliary arrays and θ."""
        d, made = self.distribution, (self._value, *self._extras)
        event, shape = d.event_shape, self._value.shape
        own: list[Operand] = [*made]
        if event or len(shape) != 1:
            shape = self._rows
            pairs = zip(made, [event, *d._extra_events()], strict=True)
            own = [operand(array, shape, event=each) for array, each in pairs]
        operands = [*leading, *own, *d._theta_operands(shape)]
        return evaluate(formula, operands, shape, events=events, sums=sums or (), each=each)


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view[()]
