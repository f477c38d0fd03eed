"""The PERT distribution in FLINT's balls: a beta distribution between ends that are parameters."""

from __future__ import annotations

from typing import Any

from balls import log_beta, lower_beta
from laws import Formula, Law, beta_entropy
from laws_closed import Direct
from laws_elementary import MovingEnds, triangle
from laws_shaped import case, shape_of


def pert_shapes(a: Any, b: Any, c: Any, weight: Any) -> tuple[Any, Any]:
    return 1 + weight * (c - a) / (b - a), 1 + weight * (b - c) / (b - a)


class Peaked(MovingEnds):
    """PERT: of values as near to an end as to 0."""

    def score(self, i: int) -> Formula:
        """∂ ln p(y)/∂θ_i: of the ends in steps relative to their distances from y."""
        return super().score(i) if i < 2 else super(MovingEnds, self).score(i)

    def slope(self, i: int, at: Any, *theta: Any) -> Any:
        """∂λ/∂θ_i, as of other laws."""
        return super(MovingEnds, self).slope(i, at, *theta)

    def quantile(self, u: Any, v: Any, start: float, *theta: Any) -> Any:
        """λ by iteration, as of other laws."""
        return super(Direct, self).quantile(u, v, start, *theta)


def pert_tail(y: Any, a: Any, b: Any, c: Any, weight: Any) -> Any:
    alpha, beta = pert_shapes(a, b, c, weight)
    return lower_beta(alpha, beta, (y - a) / (b - a), (b - y) / (b - a))


def pert_upper(y: Any, a: Any, b: Any, c: Any, weight: Any) -> Any:
    alpha, beta = pert_shapes(a, b, c, weight)
    return lower_beta(beta, alpha, (b - y) / (b - a), (y - a) / (b - a))


def pert_log_density(y: Any, a: Any, b: Any, c: Any, weight: Any) -> Any:
    alpha, beta = pert_shapes(a, b, c, weight)
    x, rest = (y - a) / (b - a), (b - y) / (b - a)
    return (alpha - 1) * x.log() + (beta - 1) * rest.log() - log_beta(alpha, beta) - (b - a).log()


def pert_variance(a: Any, b: Any, c: Any, weight: Any) -> Any:
    alpha, beta = pert_shapes(a, b, c, weight)
    whole = alpha + beta
    return (b - a) ** 2 * alpha * beta / whole**2 / (whole + 1)


LAWS: dict[str, Law] = {
    "pert": Peaked(
        "real",
        pert_tail,
        pert_upper,
        pert_log_density,
        lambda *theta: beta_entropy(*pert_shapes(*theta)) + (theta[1] - theta[0]).log(),
        lambda a, b, c, weight: (a + b + weight * c) / (weight + 2),
        pert_variance,
        case(triangle, shape_of(-4, 4)),
        beyond=False,
        inverse=lambda *_: None,
    ),
}
