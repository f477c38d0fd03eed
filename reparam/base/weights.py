"""Weights and logits of which not all are 0, or −∞: what mixtures and categories share."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.errors import ParameterError
from reparam.parameters import shown

__all__ = ["check_weights"]


def check_weights(name: str, values: Array, nothing: float, what: str) -> None:
    """Refuse infinite weights, and weights that are all nothing.

    Parameters
    ----------
    name, values
        The parameter, whose last axis is that of the weights, or of their logarithms.
    nothing
        0, or −inf of logarithms.
    what
        What each is the weight of.

    Raises
    ------
    ParameterError
        If that is so.
    """
    if np.any(endless := values == np.inf):
        raise ParameterError(f"{_label(name, endless)}=inf is not finite; pass a finite number")
    if np.any(none := np.all(values == nothing, axis=-1)):
        raise ParameterError(
            f"{_label(name, none)} are all {shown(nothing)}, so that no {what} has a probability;"
            " pass at least one that is greater"
        )


def _label(name: str, where: Any) -> str:
    """Return the name of the first entry there."""
    index = np.unravel_index(int(np.argmax(where)), np.shape(where))
    return name + (f"[{', '.join(map(str, index))}]" if index else "")
