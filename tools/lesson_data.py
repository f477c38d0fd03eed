"""Make the tables of the interactive lesson with this library: gamma and beta draws.

They hold quantiles and ∂y/∂θ on a grid of shapes and of z, the normal quantile of u. Values are
ln y for gamma with rate 1, and ln(y/(1 − y)) for beta, because both are smooth in ln α, ln β and z,
so that the page can interpolate them. ``python tools/lesson_page.py`` puts them into the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.special import ndtr

import reparam as rp

#: Grid of shapes: the same ratio from one to the next, and wider than the sliders' 0.5 to 6,
#: because interpolation is best in the middle.
SHAPES = {"low": 0.35, "high": 8.5, "size": 18}
#: Grid of z: beyond 6, an event of probability 1e-9, the page uses the grid's last value.
Z = {"low": -6.0, "high": 6.0, "size": 25}
#: Decimals of each number in the page.
DECIMALS = 6


def tables() -> dict[str, Any]:
    """Return grids and tables, as JSON values."""
    shapes = np.geomspace(SHAPES["low"], SHAPES["high"], int(SHAPES["size"]))
    u = ndtr(np.linspace(Z["low"], Z["high"], int(Z["size"])))
    return {
        "shape": SHAPES,
        "z": Z,
        "gamma": by_name(gamma(alpha, u) for alpha in shapes),
        # y(α, β) at z is 1 − y(β, α) at −z: the page mirrors what lies below the diagonal
        "beta": by_name(
            by_name(beta(alpha, other, u) for other in shapes[k:]) for k, alpha in enumerate(shapes)
        ),
    }


def gamma(alpha: float, u: np.ndarray) -> dict[str, list[float]]:
    """Return ln y and its derivative in α, with rate 1."""
    draw = rp.Gamma(alpha=alpha, rate=1.0).transform(u)
    return {
        "value": rounded(draw.log_value),
        "alpha": rounded(draw.jacobian()["alpha"] / draw.value),
    }


def beta(alpha: float, other: float, u: np.ndarray) -> dict[str, list[float]]:
    """Return ln(y/(1 − y)) and its derivatives in α and β."""
    draw = rp.Beta(alpha=alpha, beta=other).transform(u)
    jacobian = draw.jacobian()
    slope = draw.value * draw.complement
    return {
        "value": rounded(draw.log_value - draw.log_complement),
        "alpha": rounded(jacobian["alpha"] / slope),
        "beta": rounded(jacobian["beta"] / slope),
    }


def rounded(numbers: np.ndarray) -> list[float]:
    """Return numbers as the page holds them."""
    return [round(float(number), DECIMALS) for number in numbers]


def by_name(rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turn a list of mappings into a mapping of lists."""
    listed = list(rows)
    return {name: [row[name] for row in listed] for name in listed[0]}


def agree(some: Any, others: Any) -> bool:
    """Return whether tables are the same, up to one unit in the last decimal."""
    if isinstance(others, dict):
        return some.keys() == others.keys() and all(agree(some[key], others[key]) for key in others)
    if isinstance(others, list):
        return len(some) == len(others) and all(map(agree, some, others))
    return abs(some - others) < 1.5 * 10**-DECIMALS
