"""Names that other libraries give to another number than a parameter's, and how to convert it.

SciPy's gamma has a ``scale`` where :class:`~reparam.Gamma` has the rate 1/scale. Such a name is not
an alias: it is refused, and the message has the conversion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "INVERSE",
    "LOG",
    "LOG_ODDS",
    "PROBABILITY",
    "RECIPROCAL",
    "RECIPROCAL_ROOT",
    "ROOT",
    "Conversion",
    "times",
]


@dataclass(frozen=True)
class Conversion:
    """What a parameter is, given a number of another convention.

    Attributes
    ----------
    formula
        The formula as text, with ``{0}`` for the name of that number.
    value
        The formula as a function of the number; None if it takes other parameters, too.

    Examples
    --------
    >>> RECIPROCAL.formula.format("scale"), RECIPROCAL.value(2.0)
    ('1/scale', 0.5)
    """

    formula: str
    value: Callable[[Any], Any] | None = None


def times(factor: float, written: str) -> Conversion:
    """Return the conversion that multiplies by a number, ``written`` after the name."""
    return Conversion("{0}" + written, lambda number: number * factor)


RECIPROCAL = Conversion("1/{0}", lambda number: 1.0 / number)
ROOT = Conversion("sqrt({0})", np.sqrt)
RECIPROCAL_ROOT = Conversion("1/sqrt({0})", lambda number: 1.0 / np.sqrt(number))
LOG = Conversion("log({0})", np.log)
#: Of matrices.
INVERSE = Conversion("inv({0})")
#: Logits of probabilities.
LOG_ODDS = Conversion("log({0}/(1 - {0}))", lambda number: np.log(number) - np.log1p(-number))
#: Probabilities of logits.
PROBABILITY = Conversion("1/(1 + exp(-{0}))", lambda number: 1.0 / (1.0 + np.exp(-number)))
