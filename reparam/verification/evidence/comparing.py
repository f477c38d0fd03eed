"""From arrays of claims and references to comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.verification.numerics.calculus import beside
from reparam.verification.results import Comparison, Outcome
from reparam.verification.targets.target import Sample

__all__ = [
    "Tallies",
    "Tally",
    "beside",
    "failure",
    "is_single",
    "not_numbers",
    "sizes_of",
    "undecided",
]

#: What is said of arrays in double precision whose numbers are not.
ROUNDED = (
    "all are numbers of float32 in an array of float64: something is rounded to single precision;"
    " compute in float64, or return float32 and pass --dtype float32"
)
#: How many numbers decide whether all are rounded.
_MANY = 100
#: The share of them that may have three digits.
_FEW_DIGITS = 0.5
#: A reference whose relative error is above this decides nothing.
_TELLING = 1e-3
#: Rounding allowance, in units of the smallest representable number.
_LEAST = 4.0
#: Derivatives below this share of those in other parameters are what rounding leaves of 0.
_ONLY_ROUNDING = 1e-12


@dataclass
class Tally:
    """One statement, compared at one parameter set after the other.

    >>> tally = Tally("y")
    >>> rank = tally.add({"loc": 0.0}, [1.0, 2.0], [1.0, 2.5], rtol=0.1, y=[1.0, 2.0])
    >>> print(*tally.result())
    y at loc=0, y=2: got 2, expected 2.5 (0.7 digits)
    """

    what: str
    #: What errors are in.
    unit: str = "relative"
    #: What else there is to say of it.
    note: str = ""
    #: Why a reference may decide nothing.
    doubt: str = ""
    #: The share of points at which it may: beyond, the statement is inconclusive.
    tolerated: float = 0.5
    #: How many points were compared, and at how many the reference decided nothing.
    points: int = field(default=0, init=False)
    _unsure: int = field(default=0, init=False)
    _rank: float = field(default=-math.inf, init=False)
    _worst: Comparison | None = field(default=None, init=False)

    def add(
        self,
        theta: Mapping[str, ArrayLike],
        got: ArrayLike,
        expected: ArrayLike,
        *,
        rtol: float = 0.0,
        atol: ArrayLike = 0.0,
        uncertainty: ArrayLike = 0.0,
        size: ArrayLike = 0.0,
        scale: float = 0.0,
        note: str = "",
        **where: ArrayLike,
    ) -> float:
        """Compare: |got − expected| ≤ rtol·max(|expected|, size) + atol + 10·uncertainty.

        Return the largest error in units of what is allowed. NaN agrees with nothing; a reference
        that is NaN, as uncertain as large (or as `scale`, if it is small beside that), or allowed
        to be off by any amount, decides nothing. What is too large for the numbers of got's
        precision counts as the largest of them. The `size` of a sum whose terms cancel is that of
        these. Beside the parameters, `where` identifies points in the report; with a prime if a
        parameter has that name. A `note` is of these points instead of all.
        """
        judged = _judged(got, expected, atol, uncertainty, size, rtol=rtol, scale=scale)
        ranks = judged[-1]
        if not ranks.size:
            return -math.inf
        self.points += ranks.size
        self._unsure += int(np.sum(ranks < 0.0))
        at = int(np.argmax(ranks))
        rank = float(ranks.flat[at])
        if rank > self._rank:
            self._rank = rank
            # a parameter may be called y or k, too
            places = {f"{name}'" if name in theta else name: each for name, each in where.items()}
            point = {
                name: float(np.broadcast_to(values, ranks.shape).flat[at])
                for name, values in {**theta, **places}.items()
            }
            numbers = [float(each.flat[at]) for each in judged]
            self._worst = replace(self._comparison(*numbers), point=point, note=note or self.note)
        return rank

    def _comparison(
        self, got: float, expected: float, error: float, allowed: float, size: float, rank: float
    ) -> Comparison:
        relative = self.unit == "relative" and expected != 0.0 and math.isfinite(expected)
        scale = size if relative else 1.0
        outcome = Outcome.HOLDS if rank <= 1.0 else Outcome.FAILS
        return Comparison(
            what=self.what,
            outcome=Outcome.INCONCLUSIVE if rank < 0.0 else outcome,
            error=error / scale,
            bound=allowed / scale,
            unit=self.unit if relative or self.unit != "relative" else "absolute",
            got=got,
            expected=expected,
        )

    def result(self) -> Iterator[Comparison]:
        """Yield the comparison, if there was any: inconclusive if many points were undecided."""
        if self._worst is None:
            return
        worst = replace(self._worst, points=self.points)
        if worst.outcome is Outcome.HOLDS and self._unsure > self.tolerated * self.points:
            note = f"the reference is too uncertain at {self._unsure} of {self.points} points"
            note += f": {self.doubt}" if self.doubt else ""
            worst = replace(worst, outcome=Outcome.INCONCLUSIVE, note=note)
        elif worst.outcome is Outcome.INCONCLUSIVE:
            worst = replace(worst, note=worst.note or self.doubt)
        yield worst


class Tallies(dict[str, Tally]):
    """Statements by what they say, each tallied from its first comparison on.

    What is not said of a statement, such as its unit, is that of all: ``about``.
    """

    def __init__(self, unit: str = "relative", **about: Any) -> None:
        super().__init__()
        self._about = {"unit": unit, **about}

    def __missing__(self, what: str) -> Tally:
        return self.of(what)

    def of(self, what: str, unit: str | None = None, **about: Any) -> Tally:
        """Return the tally of a statement, made with what there is to say about it."""
        about |= {} if unit is None else {"unit": unit}
        return self.setdefault(what, Tally(what, **{**self._about, **about}))

    def result(self) -> Iterator[Comparison]:
        """Yield the comparisons."""
        for tally in self.values():
            yield from tally.result()


def _judged(
    got: ArrayLike,
    expected: ArrayLike,
    atol: ArrayLike,
    uncertainty: ArrayLike,
    size: ArrayLike,
    *,
    rtol: float,
    scale: float,
) -> tuple[Array, ...]:
    """Return got, expected, the error, what is allowed, what it is relative to, and the rank.

    The rank of a point is its error in units of what is allowed: more than 1 if it is wrong, at
    most 1 if it is right, and −1 if it is undecided.
    """
    precision: Any = np.asarray(got).dtype
    precision = precision if precision.kind == "f" else np.dtype(np.float64)
    most = float(np.finfo(precision).max)
    least = float(np.nextafter(precision.type(0.0), precision.type(1.0)))
    got, expected, atol, uncertainty, size = (
        each.astype(np.float64)
        for each in np.broadcast_arrays(got, expected, atol, uncertainty, size)
    )
    with np.errstate(all="ignore"):
        claimed, reference = np.clip(got, -most, most), np.clip(expected, -most, most)
        size = np.fmax(np.abs(reference), size)
        allowed = rtol * size + atol + 10.0 * uncertainty + _LEAST * least
        error = np.where(claimed == reference, 0.0, np.abs(claimed - reference))
        error = np.where(np.isnan(error), np.inf, error)
        telling = 10.0 * uncertainty <= np.maximum(np.maximum(_TELLING * size, atol), rtol * scale)
        telling &= np.isfinite(allowed) & ~np.isnan(reference)
        # what is wrong beyond any doubt is wrong, however uncertain the reference
        nothing = np.isnan(claimed) & np.isfinite(expected)
        telling |= nothing
        severity = error / allowed  # allowed is positive, or what it is divided by decides nothing
        wrong = nothing | ~(error <= allowed)
        rank = np.where(wrong, np.fmax(severity, np.nextafter(1.0, 2.0)), np.minimum(severity, 1.0))
        # where a slack of its own makes up for it, what is next to 0 counts as that much larger
        shown = np.maximum(size, atol / rtol) if rtol else size
    return got, expected, error, allowed, shown, np.where(telling, rank, -1.0)


def sizes_of(claims: Mapping[str, Array]) -> dict[str, float]:
    """Return the median size of each parameter's claims.

    Of claims that are nothing but rounding beside the others, it is the size of these: differences
    in such a parameter, in which nothing changes, have as large errors as theirs.
    """
    sizes = {name: float(np.median(np.abs(each))) for name, each in claims.items() if each.size}
    most = max(sizes.values(), default=0.0)
    return {name: size if size > _ONLY_ROUNDING * most else most for name, size in sizes.items()}


def failure(what: str, theta: Mapping[str, float], note: str) -> Comparison:
    """Return a comparison that fails for a reason that is not a number."""
    return Comparison(
        what=what,
        outcome=Outcome.FAILS,
        error=math.nan,
        bound=math.nan,
        unit="absolute",
        point=dict(theta),
        points=1,
        note=note,
    )


def undecided(what: str, theta: Mapping[str, float], note: str) -> Comparison:
    """Return a comparison that could not be made, for a reason."""
    return replace(failure(what, theta, note), outcome=Outcome.INCONCLUSIVE, points=0)


def not_numbers(
    theta: Mapping[str, float], sample: Sample, exact: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Yield a failure for draws that are no numbers, and for gradients where −F_θ/p is one."""
    most = float(np.finfo(sample.value.dtype).max)
    here = {"values": np.isnan(sample.value)} | {
        f"∂y/∂{name}": ~np.isfinite(gradient)
        & np.isfinite(sample.value)
        & ((np.abs(exact[name]) <= most) | (np.isnan(gradient) & np.isfinite(exact[name])))
        for name, gradient in sample.gradients.items()
    }
    for what, lost in here.items():
        if count := int(np.sum(lost)):
            yield failure(what, theta, f"{count} of {lost.size} draws: NaN or infinite")
    for what, array in {"values": sample.value, **sample.gradients}.items():
        if is_single(array):
            name = what if what == "values" else f"∂y/∂{what}"
            yield failure(name, theta, ROUNDED)


def is_single(array: Array) -> bool:
    """Whether all numbers of an array of float64 are numbers of float32, and not of few digits.

    Integers say nothing.
    """
    if array.dtype != np.float64 or array.size < _MANY:
        return False
    if np.all(array[:_MANY] == np.rint(array[:_MANY])):
        return False
    for some in (array[:_MANY], array):  # the first tell, mostly
        with np.errstate(all="ignore"):
            few = np.float64(np.asarray(some, np.float16)) == some
            single = np.float64(np.asarray(some, np.float32)) == some
        if not np.all(single) or float(np.mean(few)) >= _FEW_DIGITS:
            return False
    return True
