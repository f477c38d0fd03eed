"""What a wrong gradient may be: the factor that it has, and the usual mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from reparam._typing import Array

__all__ = ["of_bias", "of_gradients"]

#: The relative error of factors, and of those that means tell.
_ALIKE, _ROUGHLY = 1e-5, 0.02
#: A factor this near to 1 is rounding.
_ONE = 1e-9
#: The share of gradients that have a factor, if it is a mistake.
_ALL = 0.99


def of_gradients(
    name: str,
    gradient: Array,
    exact: Mapping[str, Array],
    theta: Mapping[str, float],
    drawn: int,
) -> str:
    """Return what gradients of this many draws are, if they are not −F_θ/p, exact by parameter."""
    if not np.any(gradient):
        return ""
    if factor := _factor(gradient, exact[name]):
        for value, words in _known(name, theta, drawn):
            if abs(factor - value) <= _ALIKE * abs(value):
                return f"∂y/∂{name} is the right one {words}"
        return f"∂y/∂{name} is the right one times {factor:.9g}"
    for other, path in exact.items():
        if other != name and np.any(path) and np.allclose(gradient, path, rtol=_ALIKE, atol=0.0):
            return f"∂y/∂{name} is ∂y/∂{other}"
    return ""


def of_bias(bias: float) -> str:
    """Return what gradients may be whose mean is off by this share of the right one."""
    if abs(bias + 1.0) <= _ROUGHLY:
        return "as of a gradient that is detached, or averaged over the batch"
    return "as of the wrong sign" if abs(bias + 2.0) <= 2.0 * _ROUGHLY else ""


def _factor(gradient: Array, path: Array) -> float:
    """Return the factor that nearly all gradients have, if it is not 1; 0 if there is none."""
    with np.errstate(all="ignore"):
        ratio = np.asarray(gradient / path)[np.isfinite(path) & (path != 0.0)]
    if not ratio.size:
        return 0.0
    factor = float(np.median(ratio))
    alike = np.abs(ratio - factor) <= _ALIKE * abs(factor)
    if abs(factor - 1.0) <= _ONE or not math.isfinite(factor):
        return 0.0
    return factor if np.mean(alike) >= _ALL else 0.0


def _known(name: str, theta: Mapping[str, float], drawn: int) -> Iterator[tuple[float, str]]:
    """Yield factors, and what they tell."""
    yield -1.0, "with the wrong sign"
    value = theta[name]
    yield value, f"times {name}: that in ln {name}; divide by {name} (chain rule)"
    if value > 0.0:
        yield (
            -math.expm1(-value),
            f"times 1 − e^−{name}: that of a softplus parameter; divide by that (chain rule)",
        )
    if 0.0 < value < 1.0:
        yield (
            value * (1.0 - value),
            f"times {name} (1 − {name}): that of a logit; divide by that (chain rule)",
        )
    yield 1.0 / drawn, f"times 1/n, n = {drawn}: averaged over the batch; sum instead"
    yield float(drawn), f"times n = {drawn}"
    for other, size in theta.items():
        for power, text in ((-2, f"/{other}²"), (-1, f"/{other}"), (1, other), (2, f"{other}²")):
            if size and not (other == name and power == 1):
                words = f"times {text}" if power > 0 else f"times 1{text}"
                yield size**power, words
                yield -(size**power), f"times −{text}" if power > 0 else f"times −1{text}"
