"""Where vectors lie: real vectors, the simplex, counts, the sphere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.domains import POSITIVE, REAL
from reparam.regions._region import ROUNDING, Number, Region, along_rows

__all__ = [
    "CountVector",
    "PositiveVector",
    "RealVector",
    "Simplex",
    "UnitVector",
]


@dataclass(frozen=True, slots=True)
class RealVector(Region):
    """The vectors of real numbers.

    >>> print(RealVector())
    real vectors
    """

    what: ClassVar[str] = "real vectors"
    brief: ClassVar[str] = "ℝ^K"
    one: ClassVar[str] = "a real vector"
    free: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PositiveVector(Region):
    """The vectors of positive numbers."""

    low: float | str = 0.0
    what: ClassVar[str] = "positive vectors"
    brief: ClassVar[str] = "ℝ⁺^K"
    one: ClassVar[str] = "a positive vector"
    wanted: ClassVar[str] = "positive {}"
    free: ClassVar[bool] = True

    def member(self, numbers: Array) -> Array:
        """Return e to the numbers."""
        return np.asarray(np.exp(numbers))


@dataclass(frozen=True, slots=True)
class Simplex(Region):
    """The vectors of positive numbers that sum to 1.

    >>> print(Simplex())
    simplex
    >>> Simplex().outside(np.array([[0.5, 0.5], [0.5, 0.6]]))
    array([False,  True])
    """

    low: float | str = 0.0
    high: float | str = 1.0
    what: ClassVar[str] = "simplex"
    brief: ClassVar[str] = "simplex"
    one: ClassVar[str] = "on the simplex"
    wanted: ClassVar[str] = "{} that are not negative and sum to 1"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors are outside, the boundary and rounding (to float32) apart."""
        off = ~(np.abs(np.sum(values, axis=-1) - 1.0) <= ROUNDING)
        return np.asarray(off | np.any(values < 0.0, axis=-1))

    def problem(self, value: Array) -> str:
        """Return the sum, or the entry that is negative."""
        if np.any(value < 0.0):
            return f"entry {int(np.argmin(value))} is {np.min(value):g}"
        return f"the entries sum to {np.sum(value):g}"

    def member(self, numbers: Array) -> Array:
        """Return the softmax."""
        weights = np.exp(numbers - np.max(numbers, axis=-1, keepdims=True))
        return np.asarray(weights / np.sum(weights, axis=-1, keepdims=True))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return equal shares."""
        return np.full(shape, 1.0 / shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the derivative less its mean: steps sum to 0."""
        return np.asarray(derivative - np.mean(derivative, axis=-1, keepdims=True))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number:
        """Return that weights are positive."""
        return Number(POSITIVE, (0.3, 1.0))

    def charted(self, numbers: Array) -> Array:
        """Return weights, divided by their sum."""
        return np.asarray(numbers / np.sum(numbers, axis=-1, keepdims=True))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in the weights."""
        total = np.sum(numbers, axis=-1, keepdims=True)
        mean = np.sum(derivative * numbers, axis=-1, keepdims=True) / total
        return np.asarray((derivative - mean) / total)


@dataclass(frozen=True, slots=True)
class CountVector(Region):
    """The vectors of counts, integers from 0 on, with the sum of a parameter of that name, or 1.

    >>> print(CountVector(total="total_count"))
    counts with sum total_count
    """

    low: float | str = 0.0
    high: float | str = math.inf
    total: str = ""
    wanted: ClassVar[str] = "{} that are non-negative integers"

    def __str__(self) -> str:
        return f"counts with sum {self.total or 1}"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors have another entry, or another sum."""
        total = (theta or {}).get(self.total, 1.0)
        wrong = ~(np.sum(values, axis=-1) == total)
        return np.asarray(wrong | np.any((values < 0.0) | (np.floor(values) != values), axis=-1))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return zeros."""
        return np.zeros(shape)


@dataclass(frozen=True, slots=True)
class UnitVector(Region):
    """The vectors of length 1: the sphere."""

    low: float | str = -1.0
    high: float | str = 1.0
    what: ClassVar[str] = "unit vectors"
    brief: ClassVar[str] = "sphere"
    one: ClassVar[str] = "a unit vector"
    wanted: ClassVar[str] = "{} divided by its length"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors don't have length 1, rounding (to float32) apart."""
        return np.asarray(~(np.abs(np.linalg.norm(values, axis=-1) - 1.0) <= ROUNDING))

    def problem(self, value: Array) -> str:
        """Return the length."""
        return f"its length is {np.linalg.norm(value):g}"

    def member(self, numbers: Array) -> Array:
        """Return the numbers, divided by their length; the first unit vector if all are 0."""
        most = np.max(np.abs(numbers), axis=-1, keepdims=True)  # squares might under- or overflow
        scaled = numbers / np.where(most == 0.0, 1.0, most)
        return self.retracted(np.where(most == 0.0, self.initial(numbers.shape, 0.0), scaled))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the first unit vector."""
        vector = np.zeros(shape)
        vector[..., 0] = 1.0
        return vector

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the part that is orthogonal to the vector."""
        along = np.sum(derivative * value, axis=-1, keepdims=True)
        return np.asarray(derivative - along * value)

    def retracted(self, value: Array) -> Array:
        """Return the vector of length 1 in that direction."""
        return np.asarray(value / np.linalg.norm(value, axis=-1, keepdims=True))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number:
        """Return that any numbers stand for their direction."""
        return Number(REAL, (-1.0, 1.0))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in a vector of any length."""
        return along_rows(self, derivative, numbers)
