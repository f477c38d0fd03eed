"""Second derivatives of draws in their parameters: of the path, and what the loss's curvature adds.

Formulas return the upper triangle of ∂²y/∂θ∂φ as a tuple of rows, by number: a vector parameter
has as many rows as entries. θ may be a tree: its numbers follow each other in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import stand_in
from reparam.base.stand_ins import StandIns
from reparam.base.tree import flat
from reparam.domains import Interval
from reparam.engine.blocks import evaluate
from reparam.engine.operands import Operand, operand
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError, UnknownViewError
from reparam.parameters import Parameter
from reparam.real_arrays import as_real_array
from reparam.special import along_paths

__all__ = [
    "SecondOrder",
    "Triangle",
    "along_quantiles",
    "along_standard_quantiles",
    "along_tangents",
    "full",
    "hessian",
    "hvp",
    "triangle",
    "unflattened",
]

#: The upper triangle of a symmetric matrix, row by row.
Triangle: TypeAlias = "tuple[tuple[Any, ...], ...]"

#: A nested mapping, parameter × parameter.
Nested: TypeAlias = "dict[str, dict[str, Array]]"


class SecondOrder(StandIns):
    """What a scalar distribution has of second order."""

    _extras: ClassVar[int]

    @final
    def pathwise2(self, value: ArrayLike) -> Nested:
        """Return ∂²y/∂θ∂φ at given values, on the quantile path: at fixed u = F(y).

        Parameters
        ----------
        value
            The values y; broadcasts with the parameters.

        Returns
        -------
        dict
            For each parameter, and each parameter again, an array of the shape that `value` and
            the parameters broadcast to, followed by the entries of vector parameters. It is
            symmetric. NaN outside the support.

        Raises
        ------
        NoFormulaError
            If values are vectors.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Exponential(rate=2.0).pathwise2([1.0, 3.0])["rate"]["rate"]  # 2y/λ²
        array([0.5, 1.5])
        """
        self._needs_numbers("∂²y/∂θ∂φ on the quantile path")
        guarded = self._guarded("_pathwise2", np.nan)

        def formula(y: Array, *theta: Array) -> tuple[Any, ...]:
            return tuple(flat(guarded(y, *theta)))

        array = as_real_array("value", value)
        shape = self._shape_with("value", array)
        operands = [operand(array, shape), *self._theta_operands(shape)]
        return self._by_pairs(evaluate(formula, operands, shape, events=[()] * self._pairs()))

    # What a distribution's author, or a mechanism, writes ------------------------------------

    @stand_in
    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        """∂²y/∂θ∂φ at fixed u, from the value alone: by differences of ``_pathwise``."""
        self._needs_numbers("∂²y/∂θ∂φ on the quantile path")
        return along_quantiles(self, y, theta)

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        """∂²y/∂θ∂φ of a draw, from what ``_transform`` made."""
        triangle: Triangle = self._pathwise2(y, *extras_and_theta[self._extras :])
        return triangle

    # Machinery -------------------------------------------------------------------------------

    def _numbers(self) -> list[int]:
        """Return how many entries each differentiable parameter has: 0 of a number."""
        return [event[0] if event else 0 for event in self._events()]

    def _pairs(self) -> int:
        """Return how many numbers an upper triangle has."""
        count = sum(length or 1 for length in self._numbers())
        return count * (count + 1) // 2

    def _by_pairs(self, arrays: Sequence[Array]) -> Nested:
        """Return the entries of an upper triangle by parameter and parameter."""
        names, lengths = self.parameters.differentiable, self._numbers()
        matrix = full(unflattened(arrays))
        places = [*_places(lengths)]
        return {
            name: {
                other: _block(matrix, rows, columns)[()]
                for other, columns in zip(names, places, strict=True)
            }
            for name, rows in zip(names, places, strict=True)
        }


def _places(lengths: Iterable[int]) -> Iterator[int | range]:
    """Yield the number of each parameter among all numbers, or the numbers of a vector."""
    start = 0
    for length in lengths:
        yield range(start, start + length) if length else start
        start += length or 1


def _block(matrix: Sequence[Sequence[Array]], rows: int | range, columns: int | range) -> Array:
    """Return the entries of a symmetric matrix for two parameters, entries of vectors last."""
    if isinstance(rows, range):
        axis = -1 if isinstance(columns, int) else -2
        return np.stack([_block(matrix, row, columns) for row in rows], axis=axis)
    if isinstance(columns, range):
        return np.stack([matrix[rows][column] for column in columns], axis=-1)
    return np.asarray(matrix[rows][columns])


def unflattened(entries: Sequence[Any]) -> Triangle:
    """Return the rows of an upper triangle whose entries follow each other."""
    count, rest = math.isqrt(2 * len(entries)), iter(entries)
    return tuple(tuple(next(rest) for _ in range(i, count)) for i in range(count))


def full(triangle: Triangle) -> list[list[Any]]:
    """Return the symmetric matrix whose upper triangle it is."""
    count = len(triangle)
    return [[triangle[min(i, j)][abs(i - j)] for j in range(count)] for i in range(count)]


# Of draws, whose class is above this module: a draw is any here.


def hessian(draw: Any, of: str) -> Nested:
    """Return what :meth:`Draw.hessian` does."""
    return _with_second_order(draw)._by_pairs(triangle(draw, of))


def triangle(draw: Any, of: str = "value") -> list[Array]:
    """Return ∂²·/∂θ∂φ for each pair of numbers, the upper triangle row by row."""
    pairs = _with_second_order(draw)._pairs()
    found: list[Array] = draw._evaluate(_formula(draw, of), [()] * pairs)
    return found


def hvp(
    draw: Any,
    upstream: Operand,
    curvature: Operand | None,
    tangents: Sequence[Operand],
    moving: Sequence[int],
) -> list[Array]:
    """Return for each parameter what :meth:`Draw.hvp` does, summed to its shape.

    Parameters
    ----------
    draw
        The draw.
    upstream, curvature
        ∂L/∂y and ∂²L/∂y², or None if that is 0.
    tangents, moving
        The directions of parameters, and the numbers of these.
    """
    d = _with_second_order(draw)
    second, first = _formula(draw, "value"), draw._derivatives("value")
    lengths, events, own = d._numbers(), d._events(), d._differentiable()
    places = [*_places(lengths)]
    bent = [] if curvature is None else [curvature]

    def product(weight: Any, *rest: Any) -> tuple[Any, ...]:
        of_loss, rest = rest[: len(bent)], rest[len(bent) :]
        directions, arguments = rest[: len(moving)], rest[len(moving) :]
        along: dict[int, Any] = {}
        for index, direction in zip(moving, directions, strict=True):
            along |= _by_place(places[index], direction)
        terms = [weight * term for term in _summed(second(*arguments), along)]
        if bent:
            speeds: dict[int, Any] = {}
            for place, entry in zip(places, first(*arguments), strict=True):
                speeds |= _by_place(place, entry)
            change = of_loss[0] * sum(speeds[j] * tangent for j, tangent in along.items())
            terms = [term + change * speeds[i] for i, term in enumerate(terms)]
        return _stacked(terms, places)

    sums = [value.ndim == len(event) for value, event in zip(own, events, strict=True)]
    found = draw._evaluate(product, events, upstream, *bent, *tangents, sums=sums)
    return [
        gradient if summed else summed_to(gradient, value.shape)
        for gradient, value, summed in zip(found, own, sums, strict=True)
    ]


def along_tangents(
    d: SecondOrder, triangle: Iterable[Any], tangents: Sequence[Any]
) -> tuple[Array, ...]:
    """Return Σ_φ ∂²y/∂θ∂φ · tangent_φ for each θ, from the upper triangle, of numbers."""
    places = [*_places(d._numbers())]
    along: dict[int, Any] = {}
    for place, tangent in zip(places, tangents, strict=True):
        along |= _by_place(place, tangent)
    return _stacked(_summed(triangle, along), places)


def _summed(triangle: Iterable[Any], along: dict[int, Any]) -> list[Any]:
    """Return Σ_j ∂²y/∂θ_i∂θ_j · tangent_j for each number θ_i."""
    matrix = full(unflattened([*flat(triangle)]))
    return [sum(row[j] * tangent for j, tangent in along.items()) for row in matrix]


def _stacked(terms: Sequence[Any], places: Iterable[int | range]) -> tuple[Array, ...]:
    """Return what there is by number by parameter: that of a vector has a last axis."""
    return tuple(
        np.stack(np.broadcast_arrays(*(terms[i] for i in place)), axis=-1)
        if isinstance(place, range)
        else np.asarray(terms[place])
        for place in places
    )


def _with_second_order(draw: Any) -> SecondOrder:
    d = draw.distribution
    if not isinstance(d, SecondOrder):
        raise NoFormulaError(f"{type(d).__name__} has no ∂²y/∂θ∂φ")
    d._needs_numbers("∂²y/∂θ∂φ")
    return d


def _formula(draw: Any, of: str) -> Callable[..., tuple[Any, ...]]:
    """Return the formula of ∂²·/∂θ∂φ, one entry after the other."""
    name = "_hessian" if of == "value" else draw._formulas(of).hessian
    if not name:
        raise UnknownViewError(
            f"draws from {draw.distribution.name} have no second derivatives of {of!r}; there are"
            " those of 'value'"
        )
    formula = draw.distribution._formula(name)
    return lambda *arguments: tuple(flat(formula(*arguments)))


def _by_place(place: int | range, entry: Any) -> dict[int, Any]:
    """Return an entry of a parameter by number: that of a vector has a last axis for them."""
    if isinstance(place, range):
        return {number: np.asarray(entry)[..., k] for k, number in enumerate(place)}
    return {place: entry}


def along_quantiles(distribution: SecondOrder, y: Array, theta: tuple[Any, ...]) -> Triangle:
    """Return ∂²y/∂θ∂φ at fixed u by differences of ∂y/∂θ along the path.

    Parameters
    ----------
    distribution
        Whose ``_pathwise`` it is.
    y, theta
        The values, and the parameters nested as formulas take them.
    """
    declared = distribution._all_declared
    shape, y, leaves = distribution._as_rows(y, theta)
    low, high = distribution._ends_of_rows(shape, theta)
    pathwise = distribution._formula("_pathwise")
    moving = [
        (index, place)
        for index, (leaf, own) in enumerate(zip(leaves, declared, strict=True))
        if own.differentiable
        for place in (range(*leaf.shape[1:]) if leaf.ndim > 1 else (None,))
    ]

    def speeds(rows: NDArray[np.intp], at: Array, *numbers: Array) -> list[Any]:
        few = [leaf[rows] for leaf in leaves]
        for (index, place), number in zip(moving, numbers, strict=True):
            few[index][... if place is None else (..., place)] = number
        found: list[Any] = []
        for length, entry in zip(distribution._numbers(), pathwise(at, *few), strict=True):
            found += [np.asarray(entry)[..., k] for k in range(length)] if length else [entry]
        return found

    numbers = [leaves[i] if place is None else leaves[i][:, place] for i, place in moving]
    room = [_room(declared[i], number) for (i, _), number in zip(moving, numbers, strict=True)]
    # a location may be 0, and has the scale of the values
    size = np.where(np.isfinite(y), np.abs(y), 0.0)
    reach = [
        np.where(np.isinf(space), np.maximum(np.abs(number), size), space)
        for number, space in zip(numbers, room, strict=True)
    ]
    distance = np.minimum(y - low, high - y)
    triangle = along_paths.bends(speeds, y, numbers, reach, room, distance)
    fixed = (distance == 0.0) & (not distribution.moving)
    return tuple(
        tuple(np.where(fixed & np.isnan(entry), 0.0, entry).reshape(shape) for entry in row)
        for row in triangle
    )


def along_standard_quantiles(
    pathwise: Callable[..., Sequence[Any]],
    z: Array,
    shape: Sequence[Any],
    declared: Sequence[Parameter],
) -> Triangle:
    """Return the same of a standard distribution, from ∂z/∂shape.

    Parameters
    ----------
    pathwise
        ∂z/∂shape of z and the shape parameters, which are numbers.
    z, shape
        Where.
    declared
        The parameters' declarations, those of the shapes first.
    """
    z, *leaves = np.broadcast_arrays(z, *shape)
    rows = [np.array(leaf).ravel() for leaf in leaves]

    def speeds(_: NDArray[np.intp], at: Array, *few: Array) -> Sequence[Any]:
        return pathwise(at, *few)

    room = [_room(parameter, row) for parameter, row in zip(declared, rows, strict=False)]
    # a shape that may be 0 has the scale of 1
    reach = [
        np.where(np.isinf(space), np.maximum(np.abs(row), 1.0), space)
        for row, space in zip(rows, room, strict=True)
    ]
    triangle = along_paths.bends(speeds, np.array(z).ravel(), rows, reach, room)
    return tuple(tuple(entry.reshape(z.shape) for entry in row) for row in triangle)


def _room(parameter: Parameter, value: Array) -> Array:
    """Return how far a parameter may move."""
    if not isinstance(parameter.domain, Interval):
        return np.full(value.shape, np.inf)
    low, high = parameter.domain.ends({})
    room: Array = np.minimum(value - low, high - value)
    return room
