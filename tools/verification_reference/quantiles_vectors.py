"""Vectors of real numbers as functions of their noise."""

from typing import Any

from quantiles import Near, Quantile


def multivariate_gaussian(near: Near, z: Any, w: Any, *theta: Any) -> list[Any]:
    """μ + L z, with L by rows."""
    first, second, a, b, c = theta
    return [first + a * z, second + b * z + c * w]


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
}
