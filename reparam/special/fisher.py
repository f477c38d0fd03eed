"""The F distribution: derivatives of ln y in half its degrees of freedom a and b, and its score.

y = (b/a) x/(1 − x) with x ~ Beta(a, b). The derivatives are those of logit x, less 1/a and more
1/b, which all but cancels for large a and b: the module ``_fisher_integrals`` has F's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.special._elementwise import elementwise
from reparam.special._fisher_integrals import derivatives, excess, logs_over_means, over_means
from reparam.special._point import Point, from_logit
from reparam.special.polygamma import delta_step

__all__ = ["Bends", "bends_of_multiple", "log_pathwise", "log_pathwise2", "score"]

#: Shapes whose product underflows.
_LEAST = 1e-154


def _point(y: Array, logit: Array, a: Array, b: Array) -> Point:
    """Return x and 1 − x from y, or from logit x where the odds over- or underflow."""
    ratio = a / b
    odds = y * ratio
    usual = (np.minimum(odds, ratio) > 1e-290) & (np.maximum(odds, ratio) < 1e290)
    point = from_logit(np.broadcast_to(logit, y.shape))
    x, rest = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    return Point(np.where(usual, x, point.x), np.where(usual, rest, point.rest), point.logit)


@elementwise(outputs=2)
def score(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ∂ log p/∂a and ∂ log p/∂b at y, whose logit x is given, too."""
    point = _point(y, logit, a, b)
    d, e = over_means(y, point, a, b)
    log_r, log_rho = logs_over_means(point, d, e, a, b)
    first, second = delta_step(a, b), delta_step(b, a)
    return first - excess(d, log_r), second - excess(e, log_rho)


@elementwise(outputs=2)
def log_pathwise(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ∂ln y/∂a and ∂ln y/∂b at fixed u, with a = df1/2 and b = df2/2.

    Parameters
    ----------
    y
        The point.
    logit
        ln(a y/b): also where y or a/b over- or underflows.
    a, b
        Half the degrees of freedom, positive.
    """
    first, second = derivatives(y, _point(y, logit, a, b), a, b)
    # where 1/(a (a + b)) overflows, so do the derivatives, and terms are 0 times infinity
    lost = ~np.isnan(y) & (a + b < _LEAST)
    first = np.where(lost & np.isnan(first), np.inf, first)
    second = np.where(lost & np.isnan(second), -np.inf, second)
    # of the least shapes both terms are infinite, the first one by far
    in_a = np.where((a < 1.0) & (first < np.inf), first - 1.0 / a, first)
    in_b = np.where((b < 1.0) & (second > -np.inf), second + 1.0 / b, second)
    return in_a, in_b


@elementwise(outputs=5)
def log_pathwise2(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, ...]:
    """Return what :func:`bends_of_multiple` makes first and second derivatives of.

    Parameters
    ----------
    y, logit, a, b
        As :func:`log_pathwise` takes them.
    """
    return derivatives(y, _point(y, logit, a, b), a, b, second=True)


class Bends(NamedTuple):
    """Derivatives of z in a and b at fixed u."""

    #: ∂ln z/∂a and ∂ln z/∂b
    first: tuple[Array, Array]
    #: ∂²ln z/∂a², ∂²ln z/∂a∂b and ∂²ln z/∂b²
    log: tuple[Array, Array, Array]
    #: (∂²z/∂a²)/z, (∂²z/∂a∂b)/z and (∂²z/∂b²)/z
    relative: tuple[Array, Array, Array]


def bends_of_multiple(
    found: tuple[Array, ...], a: Array, b: Array, power: int, sign: int = 1
) -> Bends:
    """Return the derivatives of z = (a/b)^k y^±1, without what cancels in them for large shapes.

    Parameters
    ----------
    found
        What :func:`log_pathwise2` returns.
    a, b
        The shapes.
    power, sign
        k, and ±1.
    """
    of_a, of_b, twice, mixed, twice_b = found
    in_a, log, relative = _of_multiple(of_a, twice, a, power, sign, 1)
    in_b, log_b, relative_b = _of_multiple(of_b, twice_b, b, -power, sign, -1)
    mixed = sign * mixed
    return Bends((in_a, in_b), (log, mixed, log_b), (relative, mixed + in_a * in_b, relative_b))


def _of_multiple(
    first: Array, twice: Array, shape: Array, power: int, sign: int, limit: int
) -> tuple[Array, Array, Array]:
    """Return ∂ln z, ∂²ln z and (∂²z)/z in a shape.

    z is n^±1 times a power of the shape, with the n of the derivatives: y, or y times the shape
    to the power `limit` if that is below 1.
    """
    inverse, large = 1.0 / shape, shape >= 1.0
    rest = np.where(large, power, power - sign * limit)
    slope = rest * inverse
    in_shape = sign * first + slope
    # from 1 on `twice` is ∂² + 2 ∂ over the shape
    log = sign * (twice - np.where(large, 2.0 * inverse, 0.0) * first) - slope * inverse
    turned = (2.0 * sign) * (rest - large) * inverse * first
    relative = sign * twice + first * first + turned + rest * (rest - 1.0) * inverse * inverse
    return in_shape, log, relative
