"""Vectors of real numbers as functions of their noise."""

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile


def multivariate_gaussian(near: Near, z: Any, w: Any, *theta: Any) -> list[Any]:
    """μ + L z, with L by rows."""
    first, second, a, b, c = theta
    return [first + a * z, second + b * z + c * w]


def direction(near: Near, *x: Any) -> list[Any]:
    """z/‖z‖ of noise alone, or x/‖x‖ of x = μ + z."""
    noise, loc = x[:3], x[3:]
    moved = [z + m for z, m in zip(noise, loc, strict=True)] if loc else noise
    length = mp.sqrt(sum(each * each for each in moved))
    return [each / length for each in moved]


def logistic_normal(near: Near, *x: Any) -> list[Any]:
    """softmax(x, 0) of x = μ + L z."""
    weights = [*map(mp.exp, multivariate_gaussian(near, *x)), mp.one]
    return [weight / sum(weights) for weight in weights]


def stick_breaking_normal(near: Near, *x: Any) -> list[Any]:
    """The pieces of a stick of which x breaks off a half and what is left of it again."""
    first, second = multivariate_gaussian(near, *x)
    odds, others = mp.exp(first) / 2, mp.exp(second)
    rest = 1 / (1 + odds)
    return [odds * rest, rest * others / (1 + others), rest / (1 + others)]


def low_rank_gaussian(near: Near, z: Any, v: Any, w: Any, *theta: Any) -> list[Any]:
    """μ + W z + √d v, with one column."""
    first, second, a, b, c, d = theta
    return [first + a * z + mp.sqrt(c) * v, second + b * z + mp.sqrt(d) * w]


def matrix_gaussian(near: Near, z: Any, v: Any, w: Any, x: Any, *theta: Any) -> list[Any]:
    """M + A Z Bᵀ by rows, with lower triangular A and B of two rows."""
    *loc, a, b, c, d, e, f = theta
    first, second = (a * z, a * v), (b * z + c * w, b * v + c * x)
    moved = [part for row in (first, second) for part in (d * row[0], e * row[0] + f * row[1])]
    return [m + part for m, part in zip(loc, moved, strict=True)]


def triangle(name: str) -> dict[str, str]:
    """Return the kinds of the entries of a lower triangular matrix of two rows."""
    return {f"{name}[0][0]": "scale", f"{name}[1][0]": "loc", f"{name}[1][1]": "scale"}


LOC = {"loc[0]": "loc", "loc[1]": "loc"}
FACTOR = triangle("scale_tril")

DISTRIBUTIONS = {
    "logistic-normal": Quantile(logistic_normal, LOC | FACTOR, noise="normal", length=2, entries=3),
    "stick-breaking-normal": Quantile(
        stick_breaking_normal, LOC | FACTOR, noise="normal", length=2, entries=3
    ),
    "low-rank-gaussian": Quantile(
        low_rank_gaussian,
        LOC
        | {"cov_factor[0][0]": "loc", "cov_factor[1][0]": "loc"}
        | {"cov_diag[0]": "scale", "cov_diag[1]": "scale"},
        noise="normal",
        length=3,
        entries=2,
    ),
    "matrix-gaussian": Quantile(
        matrix_gaussian,
        {f"loc[{i}][{j}]": "loc" for i in range(2) for j in range(2)}
        | triangle("scale_tril_row")
        | triangle("scale_tril_column"),
        noise="normal",
        length=4,
    ),
    "multivariate-gaussian": Quantile(
        multivariate_gaussian,
        LOC | FACTOR,
        noise="normal",
        length=2,
    ),
    "projected-normal": Quantile(
        direction, {f"loc[{k}]": "loc" for k in range(3)}, noise="normal", length=3
    ),
    "spherical-uniform": Quantile(direction, {}, noise="normal", length=3),
}
