"""Closed forms of parameters of any size."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.divergences._registry import Terms
from reparam.special._wide import Wide

__all__ = ["of_any_size"]

#: Products of four numbers between the inverse of this and this neither over- nor underflow.
_LARGE = 1e60


def _is_extreme(parameter: Array) -> NDArray[np.bool_]:
    size = np.abs(parameter)
    return np.asarray((size > _LARGE) | (size < 1.0 / _LARGE) & (size > 0.0))


def of_any_size(formula: Callable[..., Terms], *theta: Array) -> Terms:
    """Return a formula's terms, also where its products and quotients over- or underflow.

    Parameters
    ----------
    formula
        Of the parameters of p and q: elementwise, in functions that ``Wide`` has.
    *theta
        The parameters, which broadcast.
    """
    terms = formula(*theta)
    extreme = reduce(np.logical_or, map(_is_extreme, theta))
    if not np.any(extreme):
        return terms
    members = (np.broadcast_to(parameter, extreme.shape)[extreme] for parameter in theta)
    value, in_p, in_q = formula(*map(Wide, members))

    def whole(array: Array, replaced: Any) -> Array:
        result = np.array(np.broadcast_to(array, extreme.shape))
        result[extreme] = np.asarray(replaced)
        return result

    return (
        whole(terms[0], value),
        tuple(map(whole, terms[1], in_p)),
        tuple(map(whole, terms[2], in_q)),
    )
