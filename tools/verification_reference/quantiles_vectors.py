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


DISTRIBUTIONS = {
    "multivariate-gaussian": Quantile(
        multivariate_gaussian,
        {
            "loc[0]": "loc",
            "loc[1]": "loc",
            "scale_tril[0][0]": "scale",
            "scale_tril[1][0]": "loc",
            "scale_tril[1][1]": "scale",
        },
        noise="normal",
        length=2,
    ),
    "projected-normal": Quantile(
        direction, {f"loc[{k}]": "loc" for k in range(3)}, noise="normal", length=3
    ),
    "spherical-uniform": Quantile(direction, {}, noise="normal", length=3),
}
