"""Beta quantiles, returned as points that hold both x and 1 − x."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST, SCALE, VAST
from reparam.special._beta_density import END, HUGE, SMALL, log_constant, weight
from reparam.special._beta_integrals import above_mean, tail_integrals
from reparam.special._gamma_quantile import quantile_logs
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special._point import Point, from_logit

__all__ = ["quantile_point"]


def _start(u: Array, other: Array, alpha: Array, beta: Array) -> Array:
    """Return a first guess of logit x (A&S 26.5.22, or the leading term of the nearer endpoint)."""
    from scipy.special import betaln, ndtri

    upper = u > 0.5  # where u may have no digits of `other`
    normal = np.where(upper, -ndtri(other), ndtri(u))
    low, high = 1.0 / (2.0 * alpha - 1.0), 1.0 / (2.0 * beta - 1.0)
    bend, harmonic = (normal * normal - 3.0) / 6.0, 2.0 / (low + high)
    root = np.sqrt(np.maximum(bend + harmonic, 0.0))
    drift = (high - low) * (bend + 5.0 / 6.0 - 2.0 / (3.0 * harmonic))
    carter = np.log(alpha / beta) + 2.0 * (normal * root / harmonic + drift)
    # both endpoints' leading terms bound the quantile where the other shape is at least 1; of
    # shapes above 1e150 they may be NaN
    both = betaln(alpha, beta)
    near_zero = (np.log(u) + np.log(alpha) + both) / alpha
    near_one = -(np.where(upper, np.log(other), np.log1p(-u)) + np.log(beta) + both) / beta
    carter = np.fmin(np.fmax(carter, near_zero), np.fmax(near_one, near_zero))
    # u is below F(m) if the mass of x^α near 0 outweighs that of (1−x)^β near 1
    total = alpha + beta
    left = np.exp(alpha * np.log(alpha / total)) / alpha
    right = np.exp(beta * np.log(beta / total)) / beta
    low_end = u * (left + right) < left
    ends = np.where(low_end, _logit_of_log(near_zero), -_logit_of_log(-near_one))
    return np.asarray(np.where((alpha > 1.0) & (beta > 1.0), carter, ends))


def _logit_of_log(log_x: Array) -> Array:
    """Return logit x given ln x, roughly: ln x itself far from 1, and 0 where x is not below 1."""
    near_one = np.where(log_x < 0.0, log_x - np.log(-np.expm1(log_x)), 0.0)
    return np.where(log_x < -1.0, log_x, near_one)


#: For shapes above it logit x is normal to the last bit, as A&S 26.5.22 has it.
_NORMAL = 1e24


def _leading(u: Array, other: Array, alpha: Array, beta: Array) -> Array:
    """Return logit x from F = x^α/(α B): exact where x (1 + β) is negligible.

    See :func:`reparam.special._beta_density.log_constant`.
    """
    log_u = np.where(u < 0.5, np.log(u), np.log1p(-other))
    return np.asarray((log_u + log_constant(alpha, beta)) / alpha)


def quantile_point(u: Array, other: Array, alpha: Array, beta: Array) -> Point:
    """Return the point with I_x(α, β) = u, where `other` = 1 − u.

    Halley's method on the logarithm of the tail on the point's own side of the mean, in
    logit x, in which it is concave; where the tail falls exponentially in x or 1 − x, in that.
    Each element stops by itself; some need no step, see :func:`_settled`.
    """
    alpha, beta = np.broadcast_to(alpha, u.shape), np.broadcast_to(beta, u.shape)
    if np.any(vast := np.minimum(alpha, beta) > VAST):
        scale = np.where(vast, SCALE, 1.0)
        return _widened(quantile_point(u, other, alpha * scale, beta * scale), alpha, beta, scale)
    inside = (u > 0.0) & (other > 0.0) & (alpha > 0.0) & (beta > 0.0)
    logit = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    active = np.flatnonzero(inside)
    logit[active] = _start(u[active], other[active], alpha[active], beta[active])
    inside[_settled(logit, active, u, other, alpha, beta)] = False
    found = from_logit(logit)
    active = np.flatnonzero(inside)
    iterate(lambda members: _improve(found, members, u, other, alpha, beta, fine=False), active)
    _improve(found, active, u, other, alpha, beta, fine=True)
    return found


def _widened(point: Point, alpha: Array, beta: Array, scale: Array) -> Point:
    """Return the point for shapes 1/`scale` as large: nearer to the mean, which is normal."""
    centre = np.log(alpha / beta)
    logit = np.where(scale < 1.0, centre + (point.logit - centre) * np.sqrt(scale), point.logit)
    return Point(point.x, point.rest, logit)


def _settled(
    logit: Array,
    active: Members,
    u: Array,
    other: Array,
    alpha: Array,
    beta: Array,
) -> Members:
    """Fill in the logits that need no iteration, and return which of the active ones they are.

    These are points at an endpoint, and shapes so large that the distribution is normal, or that it
    is gamma for a shape below 1.
    """
    alpha, beta, u, other = (array[active] for array in (alpha, beta, u, other))
    smaller = np.minimum(alpha, beta)
    settled = smaller > _NORMAL
    uncertain = np.flatnonzero((np.abs(logit[active]) > END) | (smaller < SMALL))
    if uncertain.size:
        a, b, low, high = (array[uncertain] for array in (alpha, beta, u, other))
        near_zero = np.maximum(_leading(low, high, a, b), -LARGEST)
        near_one = np.minimum(-_leading(high, low, b, a), LARGEST)
        at_zero, at_one = near_zero < -END - np.log1p(b), near_one > END + np.log1p(a)
        logit[active[uncertain[at_zero]]] = near_zero[at_zero]
        logit[active[uncertain[at_one]]] = near_one[at_one]
        settled[uncertain] |= at_zero | at_one
    for own, large, tail, rest, sign in (
        (alpha, beta, u, other, 1.0),
        (beta, alpha, other, u, -1.0),
    ):
        if (limit := np.flatnonzero((own < 1.0) & (large >= HUGE))).size:
            _, log = quantile_logs(tail[limit], rest[limit], own[limit])
            log = log - np.log(large[limit])
            logit[active[limit]] = np.clip(sign * log, -LARGEST, LARGEST)
            settled[limit] = True
    return active[settled]


def _improve(
    found: Point,
    members: Members,
    u: Array,
    other: Array,
    alpha: Array,
    beta: Array,
    fine: bool,
) -> NDArray[np.bool_]:
    """Take one step at some elements, and return which of them need another."""
    at = Point(*(array[members] for array in found))
    alpha, beta, u = alpha[members], beta[members], u[members]
    above = above_mean(at, alpha, beta)
    if fine:  # with a tiny β, u may be small above the mean: 1 − u then determines little of it
        above &= (u > 0.5) | (beta >= 0.2)
        total = alpha + beta  # the series is the most exact, and need not end at the mean
        above &= ~((at.x <= 0.3) & (at.x * total <= 6.0) & (u < 0.7))
        above |= (at.rest <= 0.3) & (at.rest * total <= 6.0) & (other[members] < 0.7) & (u > 0.2)
    mass, _, _ = tail_integrals(at, alpha, beta, above, fine)
    log, factor = weight(at, alpha, beta, above)
    wanted = np.where(above, other[members], u)
    residual = np.log(wanted / (factor * mass)) - log
    mills = mass / np.where(above, beta, alpha)
    step, bent = halley(residual, mills, alpha * at.rest - beta * at.x, above)
    far = np.abs(step) > 0.1
    straight = np.log1p(np.maximum(np.where(above, step, -step), -0.5))
    step = np.where(far & above & (at.x < 0.5), straight, step)
    step = np.where(far & ~above & (at.x > 0.5), -straight, step)
    for array, moved in zip(found, at.moved(step), strict=True):
        array[members] = moved
    return unfinished(residual, step, bent)
