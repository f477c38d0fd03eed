"""Type names shared by the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "Mapped", "RNGLike", "Shape"]

#: A float64 array. A result with no dimensions is a NumPy scalar, as NumPy's own functions return.
Array: TypeAlias = NDArray[np.float64]

#: What ``rng`` accepts (SPEC 7).
RNGLike: TypeAlias = int | np.integer[Any] | np.random.SeedSequence | np.random.Generator | None

#: What a sample shape accepts.
Shape: TypeAlias = int | Sequence[int]

#: Applies a function to each of many numbers, wherever, and yields the results in order.
Mapped: TypeAlias = Callable[[Callable[[int], Any], range], Iterator[Any]]
