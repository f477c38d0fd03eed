"""Products of the columns and rows of many draws, whose sum is one product of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._kernels import active
from reparam._typing import Array

__all__ = ["Outer"]

#: Multiplications of a product that OpenBLAS leaves to one thread (its interface/gemm.c): the
#: threads here work on blocks already, and on a busy machine its own would wait for each other.
_ALONE = 2**18
#: Rows of a product from which on it is worth while.
_FEWEST = 16


class Outer:
    """The matrices a bᵀ, one per row, laid out only if they are needed one by one.

    A formula returns it for ∂L/∂A of draws that have A in a product. The sum over n draws is a
    product of two matrices, which spares n matrices.

    Parameters
    ----------
    left, right
        a and b, one per row.
    """

    def __init__(self, left: Array, right: Array) -> None:
        self._left, self._right = left, right
        self.ndim = 3

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self._left[:, :, np.newaxis] * self._right[:, np.newaxis, :])

    def __getitem__(self, rows: slice) -> Outer:
        return Outer(self._left[rows], self._right[rows])

    def sum(self) -> Array:
        """Return the sum of the matrices."""
        left, right = self._left, self._right
        if compiled := active():
            total = np.empty((left.shape[1], right.shape[1]))
            compiled.outer(np.ascontiguousarray(left), np.ascontiguousarray(right), total)
            return total
        rows = _ALONE // (left.shape[1] * right.shape[1])
        if rows < _FEWEST or len(left) <= rows:
            return np.asarray(left.T @ right)
        whole = len(left) // rows * rows
        several = [part[:whole].reshape(-1, rows, part.shape[1]) for part in (left, right)]
        total = np.sum(np.swapaxes(several[0], 1, 2) @ several[1], axis=0)
        return np.asarray(total + left[whole:].T @ right[whole:])
