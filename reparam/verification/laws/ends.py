"""The ends of where a density is positive, and coordinates that move with them.

Where an end depends on a parameter, ∂F/∂θ is not the integral of ∂p/∂θ: mass passes the end. In
coordinates in which the ends stay where they are it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.parameters import Parameter
from reparam.verification.numerics.calculus import derivative_in

if TYPE_CHECKING:
    from reparam.verification.laws.law import Formula

__all__ = ["Frame", "find_ends", "gap"]

_LARGEST = float(np.finfo(np.float64).max)
#: Of the way from an end to the draws: where the density is looked at, and the logarithm of what
#: is next to none. There numbers end, and no law.
_INSIDE, _NOTHING = 2.0**-20, -500.0
#: The logarithm of what is not a number any more.
_NONE = -745.0
#: Of a support with two ends, between where values go over from the one's motion to the other's.
_RISE = np.array([0.25, 0.75])
#: The bits of a float except for its sign, and steps from the smallest float to the largest.
_BITS, _STEPS = np.int64(0x7FFF_FFFF_FFFF_FFFF), 64


def find_ends(
    possible: Formula, within: Array, support: tuple[float, float], /, **theta: Any
) -> tuple[Array, Array]:
    """Return the ends of the interval of possible values, to the last digit.

    By bisection between neighbouring floats.

    Parameters
    ----------
    possible
        Whether a value can occur: a function of values and of the parameters by name.
    within
        Values in order, some of which can occur.
    support
        What the interval lies in. Where its ends can occur they are the ends.
    **theta
        The parameters: numbers, or one of them an array of n.

    Returns
    -------
    low, high
        Of shape (n,), or (1,) for numbers. NaN where none of the values `within` can occur.
    """
    columns = {name: np.reshape(value, (-1, 1)) for name, value in theta.items()}
    rows = {name: column[:, 0] for name, column in columns.items()}
    n = max(column.size for column in columns.values())
    there = np.broadcast_to(possible(within, **columns), (n, within.size))
    outermost = np.argmax(there, axis=1), within.size - 1 - np.argmax(there[:, ::-1], axis=1)
    found = []
    for end, place in zip(support, outermost, strict=True):
        outside = np.full(n, np.clip(end, -_LARGEST, _LARGEST))
        border = np.where(
            possible(outside, **rows), end, _border(possible, within[place], outside, rows)
        )
        found.append(np.where(np.any(there, axis=1), border, np.nan))
    return found[0], found[1]


def _border(possible: Formula, inside: Array, outside: Array, theta: Mapping[str, Array]) -> Array:
    """Return what lies between the last possible float on the way outside, and the next one."""
    last, beyond = _ordinal(inside), _ordinal(outside)
    for _ in range(_STEPS):
        middle = (last >> 1) + (beyond >> 1) + (last & beyond & 1)
        there = possible(_number(middle), **theta)
        last, beyond = np.where(there, middle, last), np.where(there, beyond, middle)
    return np.asarray(0.5 * _number(last) + 0.5 * _number(beyond))


def _ordinal(x: Array) -> NDArray[np.int64]:
    """Return integers in the order of floats, one for each."""
    bits = np.asarray(x, dtype=np.float64).view(np.int64)
    return np.where(bits < 0, bits ^ _BITS, bits)


def _number(ordinal: NDArray[np.int64]) -> Array:
    return np.where(ordinal < 0, ordinal ^ _BITS, ordinal).view(np.float64)


class Frame:
    """Coordinates t in which a density's support stays where it is as parameters move.

    Values are y = t + (1 − s)·(low(θ) − low) + s·(high(θ) − high), where s(t) is 0 around the lower
    end, where the density may change with every digit of y − low(θ), 1 around the upper end, and
    rises between; with one end alone it is 0 or 1. At the parameters themselves t = y. An end
    where the density vanishes up to rounding is not treated as one. Of the values `within`, in
    order, some are in the support.
    """

    def __init__(
        self,
        log_prob: Formula,
        theta: Mapping[str, float],
        parameters: Mapping[str, Parameter],
        within: Array,
        support: tuple[float, float],
    ) -> None:
        self._log_prob, self._theta, self._parameters = log_prob, theta, parameters
        self._within, self._support = within, support
        low, high = find_ends(self._possible, within, support, **theta)
        #: The ends of where the density is not 0.
        self.low, self.high = float(low[0]), float(high[0])
        self._steep = self._is_steep(self.low), self._is_steep(self.high)
        self._moved: dict[tuple[str, bytes], tuple[Array, Array]] = {}
        self._motions = {name: self._motion(name) for name in theta if any(self._steep)}

    def log_density(self, t: Array, /, **theta: Any) -> Array:
        """Return the log density of t, where one of the parameters may be an array of others."""
        moved = next((name for name in self._motions if np.ndim(theta[name])), None)
        if moved is None or not self.moves(moved):
            return np.asarray(self._log_prob(t, **theta))
        at = np.asarray(theta[moved])
        rows = at.reshape(len(at), -1)[:, 0]  # of one value each
        low, high = (
            end.reshape((-1,) + (1,) * (at.ndim - 1)) for end in self._displaced(moved, rows)
        )
        share, slope = self._share(t)
        with np.errstate(all="ignore"):
            y = t + (1.0 - share) * low + share * high
            return np.asarray(self._log_prob(y, **theta) + np.log1p(slope * (high - low)))

    def moves(self, name: str) -> bool:
        """Whether an end of the support depends on a parameter."""
        return any(speed != 0.0 for speed, _ in self._motions.get(name, ()))

    @property
    def moving(self) -> tuple[bool, bool]:
        """Whether each end depends on a parameter."""
        low, high = (
            any(ends[side][0] != 0.0 for ends in self._motions.values()) for side in (0, 1)
        )
        return low, high

    def motion(self, name: str, t: Array) -> tuple[Array, Array]:
        """Return ∂y/∂θ at constant t, and its error."""
        if not self.moves(name):
            return np.zeros(t.shape), np.zeros(t.shape)
        (low, low_error), (high, high_error) = self._motions[name]
        share, _ = self._share(t)
        return (1.0 - share) * low + share * high, (1.0 - share) * low_error + share * high_error

    def _possible(self, y: Array, /, **theta: Any) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            return np.asarray(np.asarray(self._log_prob(y, **theta)) > _NONE)

    def _is_steep(self, end: float) -> bool:
        if not np.isfinite(end):
            return False
        nearest = self._within[self._within != end][0 if end == self.low else -1]
        inside = np.float64(end + _INSIDE * (nearest - end))
        with np.errstate(all="ignore"):
            return bool(self._log_prob(inside, **self._theta) > _NOTHING)

    @property
    def seams(self) -> Array:
        """Where coordinates are not smooth."""
        return self.low + (self.high - self.low) * _RISE if all(self._steep) else np.empty(0)

    def _share(self, t: Array) -> tuple[Array, Array]:
        """Return how much of the upper end's motion a value makes, and its slope."""
        if not all(self._steep):
            return np.full(np.shape(t), float(self._steep[1])), np.zeros(np.shape(t))
        start, stop = self.seams
        x = np.clip((t - start) / (stop - start), 0.0, 1.0)
        # the polynomial whose first and second derivatives are 0 at both seams
        share = x**3 * (10.0 - 15.0 * x + 6.0 * x**2)
        return share, 30.0 * x**2 * (1.0 - x) ** 2 / (stop - start)

    def _displaced(self, name: str, at: Array) -> tuple[Array, Array]:
        """Return by how much both ends move with a parameter, 0 for those that count as none."""
        key = name, at.tobytes()
        if key not in self._moved:
            theta = {**self._theta, name: at}
            found = find_ends(self._possible, self._within, self._support, **theta)
            self._moved[key] = tuple(  # type: ignore[assignment]
                moved - end if steep else np.zeros(at.shape)
                for moved, end, steep in zip(found, (self.low, self.high), self._steep, strict=True)
            )
        return self._moved[key]

    def _motion(self, name: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return how fast both ends move, and the errors."""
        places = np.where(self._steep, (self.low, self.high), 0.0)

        def moved(**theta: Array) -> Array:
            return places + np.stack(self._displaced(name, theta[name]), axis=1)

        speeds, errors = derivative_in(name, moved, self._theta, self._parameters)
        low, high = zip(np.where(np.abs(speeds) > errors, speeds, 0.0), errors, strict=True)
        return low, high


def gap(low: Any, high: Any, middle: float) -> Any:
    """Return the distance of numbers, or of the one nearer to the middle from it if that is less.

    An end may be where a density underflows, far beyond all that matters.
    """
    return np.minimum(high - low, np.fmin(np.abs(low - middle), np.abs(high - middle)))
