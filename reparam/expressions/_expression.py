"""The public class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.engine.shapes import allocated, broadcast_shapes
from reparam.errors import ExpressionError, did_you_mean
from reparam.expressions._intervals import Range, slope_range
from reparam.expressions._parse import parse
from reparam.expressions._scan import normalized
from reparam.expressions._tape import Tape
from reparam.real_arrays import as_real_array

__all__ = ["Expression"]

#: How many elements are evaluated together at most: intermediate results stay in the cache.
_TOGETHER = 2**16

#: How many numbers all intermediate results of an evaluation may have together.
_SCRATCH = 2**23


@final
@dataclass(frozen=True, repr=False)
class Expression:
    r"""A formula given as text, with exact derivatives.

    The text is read as arithmetic and never executed: numbers, names, ``+ - * / **``, parentheses,
    the constants ``pi`` and ``e``, and the functions below. All numbers are float64. Every other
    name is a free one, for which values are passed, scalars or arrays that broadcast.

    ======================================= ========================================================
    function                                derivative
    ======================================= ========================================================
    ``exp`` ``expm1`` ``log`` ``log1p``     theirs
    ``sqrt`` ``square`` ``x**p``            theirs; one-sided at 0, thus ∞ for ``sqrt``;
                                            0⁰ = 1, and x⁰ has the derivative 0
    ``sin`` ``cos`` ``tan``                 theirs
    ``arcsin`` ``arccos`` ``arctan``        theirs
    ``sinh`` ``cosh`` ``tanh``              theirs
    ``arcsinh`` ``arccosh`` ``arctanh``     theirs
    ``erf`` ``gammaln`` ``digamma``         theirs; ``gammaln(x)`` is ln \|Γ(x)\|
    ``sigmoid(x)``                          of 1/(1 + e⁻ˣ), accurate in both tails
    ``softplus(x)``                         of ln(1 + eˣ), accurate in both tails
    ``logaddexp(a, b)``                     of ln(eᵃ + eᵇ)
    ``abs(x)``                              sign of x, 0 at 0
    ``sign(x)``                             0
    ``relu(x)``                             1 for x > 0, otherwise 0
    ``max(a, b, …)`` ``min(a, b, …)``       1 for what is selected; equals share it evenly
    ``maximum(a, b)`` ``minimum(a, b)``     the same
    ``clip(x, low, high)``                  of ``min(max(x, low), high)``, ½ at the endpoints
    ``where(condition, a, b)``              that of a where the condition holds, otherwise of b
    ======================================= ========================================================

    A condition is made of comparisons (``x > 0``, ``0 < x <= y``), ``and``, ``or`` and ``not``, and
    stands only there. What is not selected doesn't count, even where it or its derivative is
    infinite or NaN. Of a NaN each function is NaN, except x⁰ = 1 and 1ˣ = 1 (IEEE 754), and no
    comparison with one holds. Where the value is NaN, so is the derivative in each name in the
    formula. Nothing warns of overflow: its result is infinite.

    Names may have any letters of Python's, μ and σ too, and count as the same if they look the same
    (NFKC). The names of functions, constants and Python's reserved words are taken.

    An expression doesn't change: it can be shared between threads, and be pickled. Two are equal if
    their texts are.

    Parameters
    ----------
    text
        The formula: at most 10,000 characters, 2,000 names, numbers and operators, and parentheses
        100 deep.

    Attributes
    ----------
    names
        The free names, in the order of their first appearance.

    Raises
    ------
    ExpressionError
        If the text is not a formula. The message has the column, the rule and what to write.

    Examples
    --------
    >>> import reparam as rp
    >>> loss = rp.Expression("where(y > 0, w*y**2, abs(y))")
    >>> loss.names
    ('y', 'w')
    >>> value, gradient = loss.gradient({"y": [-1.0, 0.5], "w": 3.0}, ["y"])
    >>> value
    array([1.  , 0.75])
    >>> gradient
    {'y': array([-1.,  3.])}
    """

    text: str
    names: tuple[str, ...] = field(init=False, compare=False)
    _tape: Tape = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise ExpressionError(
                f"a formula is text, not of type {type(self.text).__name__}; pass a str"
            )
        tape = parse(self.text)
        object.__setattr__(self, "names", tape.names)
        object.__setattr__(self, "_tape", tape)

    def value(self, inputs: Mapping[str, ArrayLike]) -> Array:
        """Return the value for given values of the names.

        Parameters
        ----------
        inputs
            A number or an array for each name in the formula. Others are ignored.

        Returns
        -------
        ndarray
            A new array, of the shape that the inputs named in the formula broadcast to.

        Raises
        ------
        ExpressionError
            If a name has no value.
        ParameterError
            If a value is not made of real numbers.
        ShapeError
            If the values don't broadcast together.
        """
        arrays, shape = self._arrays(inputs)
        return self._evaluate(self._tape.value, arrays, shape, 1)[0]

    def gradient(
        self, inputs: Mapping[str, ArrayLike], wrt: str | Iterable[str] | None = None
    ) -> tuple[Array, dict[str, Array]]:
        """Return the value and its derivatives, element by element.

        Parameters
        ----------
        inputs
            A number or an array for each name in the formula. Others are ignored.
        wrt
            The name or names to differentiate in, all names in the formula by default. The
            derivative in an input that the formula doesn't have is 0.

        Returns
        -------
        value : ndarray
            As from :meth:`value`.
        gradient : dict
            For each name a new array of the value's shape: entry i is the derivative of value i in
            what it was computed from. (Over dimensions that an input was broadcast along, sum.)

        Raises
        ------
        ExpressionError
            If a name has no value, or one in `wrt` is neither in the formula nor an input.
        ParameterError
            If a value is not made of real numbers.
        ShapeError
            If the values don't broadcast together.
        """
        arrays, shape = self._arrays(inputs)
        wanted = self._wanted(wrt, inputs)
        numbers = [self.names.index(name) for name in wanted.values() if name in self.names]
        value, *derivatives = self._evaluate(
            lambda arrays: self._tape.gradient(arrays, numbers), arrays, shape, 1 + len(numbers)
        )
        found = iter(derivatives)
        return value, {
            given: next(found) if name in self.names else np.zeros(shape)[()]
            for given, name in wanted.items()
        }

    def slope_range(
        self, name: str, ranges: Mapping[str, tuple[ArrayLike, ArrayLike]]
    ) -> tuple[Array, Array]:
        """Return the endpoints of intervals that contain the derivative in a name.

        By interval arithmetic: the intervals are wider than they need be, and infinite where the
        formula jumps or isn't defined throughout.

        Parameters
        ----------
        name
            What to differentiate in: one of the names.
        ranges
            For each name the lower and the upper endpoint of what it lies in: infinite endpoints,
            and ends at which the formula isn't defined, are not attained.
        """
        pairs = [np.broadcast_arrays(*ranges[own]) for own in self.names]
        shape = np.broadcast_shapes(*(low.shape for low, _ in pairs))
        boxes = [
            Range(*(np.array(np.broadcast_to(end, shape), np.float64) for end in pair))
            for pair in pairs
        ]
        with np.errstate(all="ignore"):
            _, slope = slope_range(self._tape, boxes, self.names.index(normalized(name)))
        return slope.low, slope.high

    def _arrays(self, inputs: Mapping[str, ArrayLike]) -> tuple[list[Array], tuple[int, ...]]:
        """Return the names' values in order, and the shape that they broadcast to."""
        given = {normalized(name): value for name, value in inputs.items()}
        missing = [name for name in self.names if name not in given]
        if missing:
            have = ", ".join(given) or "none"
            raise ExpressionError(
                f"{self._shown} needs a value for {', '.join(missing)}"
                f"{did_you_mean(missing[0], given)} (values are given for: {have})"
            )
        arrays = {name: as_real_array(name, given[name]) for name in self.names}
        shape = broadcast_shapes(**{name: array.shape for name, array in arrays.items()})
        return list(arrays.values()), shape

    def _wanted(
        self, wrt: str | Iterable[str] | None, inputs: Mapping[str, ArrayLike]
    ) -> dict[str, str]:
        """Return the names to differentiate in, as they were given and as the formula has them."""
        given = self.names if wrt is None else (wrt,) if isinstance(wrt, str) else wrt
        wanted = {name: normalized(name) for name in given}
        for name, known in wanted.items():
            if known not in self.names and name not in inputs:
                raise ExpressionError(
                    f"{self._shown} has no {name!r} to differentiate in"
                    f"{did_you_mean(known, self.names)} (it has {', '.join(self.names) or 'none'})"
                )
        return wanted

    def _evaluate(
        self,
        compute: Callable[[Sequence[Any]], Sequence[Any]],
        arrays: Sequence[Array],
        shape: tuple[int, ...],
        outputs: int,
    ) -> list[Array]:
        """Return what `compute` does of the arrays, piece by piece if they are long."""
        together = max(1, min(_TOGETHER, _SCRATCH // len(self._tape.slots)))
        with np.errstate(all="ignore"):
            if math.prod(shape) <= together:
                results = compute([array[()] for array in arrays])
                return [_stretched(result, shape) for result in results]
            wholes = allocated([shape] * outputs)
            for index in _pieces(shape, together):
                parts = compute([_part(array, index, len(shape)) for array in arrays])
                for whole, part in zip(wholes, parts, strict=True):
                    whole[index] = part
            return wholes

    @property
    def _shown(self) -> str:
        """The text in messages, cut off if it is long."""
        return repr(self.text if len(self.text) <= 60 else f"{self.text[:59]}…")

    def __reduce__(self) -> tuple[type[Expression], tuple[str]]:
        return Expression, (self.text,)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _stretched(result: Any, shape: tuple[int, ...]) -> Array:
    """Return an array of that shape, of the same values."""
    if np.shape(result) != shape:
        result = np.array(np.broadcast_to(result, shape))
    stretched: Array = np.asarray(result)[()]
    return stretched


def _pieces(shape: tuple[int, ...], most: int) -> Iterator[tuple[slice, ...]]:
    """Yield the pieces, of at most `most` elements, of an array of more, in order."""
    rows = math.prod(shape[1:])
    if rows > most:
        for row in range(shape[0]):
            for rest in _pieces(shape[1:], most):
                yield slice(row, row + 1), *rest
    else:
        step = most // rows
        for start in range(0, shape[0], step):
            yield (slice(start, start + step),)


def _part(array: Array, index: tuple[slice, ...], dimensions: int) -> Any:
    """Return the piece of an array that broadcasts to the given number of dimensions."""
    own = index[dimensions - array.ndim :]
    return array[
        tuple(
            slice(None) if size == 1 else piece
            for size, piece in zip(array.shape, own, strict=False)
        )
    ]
