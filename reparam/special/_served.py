"""Kernels of flat arrays by the compiled extension, and by NumPy where it has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reparam._kernels import active
from reparam._typing import Array
from reparam.special._elementwise import members

__all__ = ["served"]


def served(
    kernel: str,
    formula: Callable[..., tuple[Array, ...]],
    arguments: tuple[Any, ...],
    *results: Array,
) -> tuple[Array, ...]:
    """Return a kernel's results.

    The compiled kernel leaves what is not finite, or out of its range, to NumPy's formula: its
    results are NaN there.

    Parameters
    ----------
    kernel
        The compiled kernel's name.
    formula
        NumPy's, of the same arguments.
    arguments
        A flat array as long as the results, then more of them, and numbers; the first ones may be
        None where the formula can do without.
    *results
        Arrays for the compiled kernel's results.
    """
    compiled = active()
    if compiled is None:
        with np.errstate(all="ignore"):
            return formula(*arguments)
    if getattr(compiled, kernel)(*arguments, *results):
        left = np.flatnonzero(np.isnan(results[0]))
        rest = (each if each is None else members(each, left) for each in arguments)
        with np.errstate(all="ignore"):
            found = formula(*rest)
        for result, values in zip(results, found, strict=True):
            result[left] = values
    return results
