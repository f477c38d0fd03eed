"""A draw y = f(z; θ): the value, the noise that made it, and its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.blockwise import Kernel, broadcast_shapes, evaluate, filling, operand, summed_to, total
from reparam.errors import ShapeError, UnknownViewError
from reparam.parameters import as_real_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reparam.distribution import Reparameterized, View
    from reparam.noise import Stream

__all__ = ["Draw"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Draw:
    """Draws from a distribution, differentiable in its parameters.

    Made by ``rsample`` and ``transform``. The arrays are read-only: derivatives are computed
    from them when asked for.

    Attributes
    ----------
    distribution
        What the draws are from.
    value
        y, of shape sample shape + batch shape.
    noise
        The z that made it, of the same shape.

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

    distribution: Reparameterized
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
        """The noise z, read-only; made on first use, from its stream or from the values.

        Where the distribution's ``path`` is "map", what the values were made of. Where it is
        "field", u = F(y), within [2⁻⁵⁴, 1 − 2⁻⁵³]: ``transform`` makes these values of it, up to
        what the rounding of u forces.
        """
        value, source = self._value, self._source
        return _read_only(self.distribution._noise_of(value, source, value.shape, self._first))

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
            What to differentiate: ``"value"``, or a view such as ``"log_value"``.

        Returns
        -------
        dict
            For each parameter an array of the value's shape: entry i is the derivative of value
            i in the parameter that it was drawn with.

        Raises
        ------
        UnknownViewError
            If the distribution doesn't have the view `of`.
        """
        return self.distribution._by_name(self._evaluate(filling(self._derivatives(of))))

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

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Gaussian(loc=[0.0, 1.0], scale=2.0).transform([-0.5, 0.25])
        >>> {name: gradient.tolist() for name, gradient in draw.vjp([1.0, 4.0]).items()}
        {'loc': [1.0, 4.0], 'scale': 0.5}
        """
        shape = self._value.shape
        cotangent = as_real_array("upstream", upstream)
        if broadcast_shapes(upstream=cotangent.shape, value=shape) != shape:
            raise ShapeError(
                f"upstream has shape {cotangent.shape} and value has shape {shape}:"
                " pass one upstream derivative a value"
            )

        theta = self.distribution._theta
        sums = [value.ndim == 0 for value in theta]
        gradients = self._evaluate(self._products(of), cotangent, sums=sums)
        return self.distribution._by_name(
            summed_to(gradient, value.shape)
            for gradient, value in zip(gradients, theta, strict=True)
        )

    def _pulled_back(self, upstream: Array) -> tuple[Array, ...]:
        """Return upstream · ∂y/∂θ for each parameter, of the shape of `upstream`.

        The value broadcasts to that shape.
        """
        if upstream.shape == self._value.shape:
            return self._evaluate(self._products("value"), upstream)
        return tuple(upstream * entry for entry in self.jacobian().values())

    def _products(self, of: str) -> Kernel:
        """Return the kernel of upstream · ∂y/∂θ."""
        derivatives = self._derivatives(of)

        def kernel(out: tuple[Array, ...], upstream: Array, *rest: Array) -> None:
            for product, entry in zip(out, derivatives(*rest), strict=True):
                np.multiply(upstream, entry, out=product)

        return kernel

    def _summed(self, products: Iterable[Array]) -> dict[str, Array]:
        """Return what :meth:`vjp` returns, from upstream · ∂y/∂θ value by value."""
        theta = self.distribution._theta
        return self.distribution._by_name(
            total(product) if value.ndim == 0 else summed_to(product, value.shape)
            for product, value in zip(products, theta, strict=True)
        )

    def jvp(self, **tangents: ArrayLike) -> Array:
        """Return the derivative of y in a direction of parameter space: Σ ∂y/∂θ · tangent.

        Parameters
        ----------
        **tangents
            A number or array for each parameter that moves, by name or alias; the others stay.

        Returns
        -------
        ndarray
            Of the value's shape.

        Raises
        ------
        UnknownParameterError
            If there is no such parameter, or one is given twice.
        ShapeError
            If a tangent doesn't broadcast to the batch shape.
        """
        given = self.distribution.parameters.by_name(tangents.items(), tangents=True)
        arrays = {name: as_real_array(name, tangent) for name, tangent in given.items()}
        batch = self.distribution.batch_shape
        for name, array in arrays.items():
            if broadcast_shapes(**{name: array.shape, "the batch": batch}) != batch:
                raise ShapeError(
                    f"the tangent of {name} has shape {array.shape} and the batch has shape"
                    f" {batch}: pass one tangent a parameter"
                )
        derivatives = self._derivatives("value")
        moving = [name in arrays for name in self.distribution.parameters]
        directions = [arrays[name] for name in self.distribution.parameters if name in arrays]

        def directional(*arguments: Array) -> Any:
            tangent = iter(arguments[: len(directions)])
            entries = derivatives(*arguments[len(directions) :])
            terms = (
                entry * next(tangent) for entry, moves in zip(entries, moving, strict=True) if moves
            )
            return sum(terms, start=0.0)

        return self._evaluate(filling(directional), *directions, outputs=1)[0][()]

    def plot(self, *, grad: bool = False) -> Figure:
        """Return a figure of the draws and their density: see :func:`reparam.plots.plot`."""
        from reparam.plots import plot

        return plot(self, grad=grad)

    def __repr__(self) -> str:
        return f"Draw(value={self.value!r}, distribution={self.distribution!r})"

    def _derivatives(self, of: str) -> Callable[..., tuple[Array | float, ...]]:
        """Return the formula of ∂·/∂θ, of the value, the extra arrays and the parameters."""
        name = "_jacobian" if of == "value" else self._formulas(of).jacobian
        formula: Callable[..., tuple[Array | float, ...]] = getattr(self.distribution, name)
        return formula

    def _view(self, name: str) -> Array:
        formula = getattr(self.distribution, self._formulas(name).value)
        return _read_only(self._evaluate(filling(formula), outputs=1)[0])

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
        *leading: Array,
        outputs: int | None = None,
        sums: Sequence[bool] = (),
    ) -> tuple[Array, ...]:
        """Evaluate a kernel of the value, extras and θ, by default with one output a parameter."""
        shape = self._value.shape
        arrays = (*leading, self._value, *self._extras)
        operands = [operand(array, shape) for array in arrays]
        return evaluate(
            kernel,
            operands + self.distribution._theta_operands(shape),
            shape,
            outputs=len(self.distribution.parameters) if outputs is None else outputs,
            sums=sums,
        )


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view[()]
