"""Kumaraswamy's distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.mechanisms import InverseCDF
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle
from reparam.base.seen import Seen, kept
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, UNIT
from reparam.parameters import Parameter
from reparam.special import kumaraswamy as special
from reparam.special._accurate import bend, log1mexp

__all__ = ["Kumaraswamy"]

Slopes = tuple[Array, ...]

#: Beyond this e^−t is 0 beside 1, and −ln(1 − e^−t) is e^−t.
_FAR = 40.0

#: 1/a and b are at most this in moments, so that sums and products do not overflow.
_MOST = 1e300


class Kumaraswamy(InverseCDF):
    """Kumaraswamy's distribution.

    p(y) = a b y^(a−1) (1 − y^a)^(b−1) for 0 < y < 1, reparameterized through its quantile,
    y = (1 − (1 − u)^(1/b))^(1/a). Formulas are in t = −log(1 − y^a), an exponential variate of rate
    b, and w = −log y^a, of which either makes the other: e^−t + e^−w = 1.
    """

    name = "kumaraswamy"
    aliases = ("minimax",)
    concentration1: Parameter = Parameter(
        "a", POSITIVE, 1.0, (0.2, 20.0), ("a", "alpha"), "First shape"
    )
    concentration0: Parameter = Parameter(
        "b", POSITIVE, 1.0, (0.2, 20.0), ("b", "beta"), "Second shape"
    )
    about = About(
        density="p(y) = a b y^(a−1) (1 − y^a)^(b−1)",
        transform="y = (1 − e^(−t))^(1/a),  t = −log(1 − u) / b",
        derivatives={
            "concentration1": "−y log(y) / a",
            "concentration0": "−y t / (a b (e^t − 1))",
        },
        source="Jones (2009), Kumaraswamy's distribution, Statistical Methodology 6, section 2",
    )
    _support = UNIT
    _tails = (Tail(power="concentration1"), Tail(power="concentration0"))
    _extras: ClassVar[int] = 1  # t
    _views: ClassVar[Mapping[str, View]] = {
        "log_value": View("_log_value", "_log_jacobian"),
        "complement": View("_complement", "_complement_jacobian"),
        "log_complement": View("_log_complement", "_log_complement_jacobian"),
    }

    @staticmethod
    def _transform(noise: Array, a: Array, b: Array) -> tuple[Array, ...]:
        t = np.maximum(-np.log1p(-noise) / b, 5e-324)  # ln t stays finite
        return np.exp(-_other(t) / a), t

    @staticmethod
    def _icdf(u: Array, a: Array, b: Array) -> Array:
        return np.exp(-_other(-np.log1p(-u) / b) / a)

    @staticmethod
    def _isf(v: Array, a: Array, b: Array) -> Array:
        return np.exp(-_other(-np.log(v) / b) / a)

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        known = (end, sign) == (1.0, -1.0)
        return Seen(_Complement(*self._theta), kept(2)) if known else None

    # Derived quantities, and what ∂ln y/∂θ is multiplied by for theirs --------------------------

    @staticmethod
    def _log_value(y: Array, t: Array, a: Array, b: Array) -> Array:
        return -_other(t) / a

    @staticmethod
    def _complement(y: Array, t: Array, a: Array, b: Array) -> Array:
        return -np.expm1(-_other(t) / a)

    @staticmethod
    def _log_complement(y: Array, t: Array, a: Array, b: Array) -> Array:
        # ln(−ln y) for y next to 1: where −ln y is small, it is 1 − y to the last bit
        log = -t - np.log(a)
        minus_log_y = np.where(t > _FAR, np.exp(log), _other(t) / a)
        return np.where((t > _FAR) & (log < -_FAR), log, log1mexp(-minus_log_y))

    @staticmethod
    def _log_jacobian(y: Array, t: Array, a: Array, b: Array) -> Slopes:
        return _other(t) / a / a, -_over_expm1(t) / a / b

    @staticmethod
    def _jacobian(y: Array, t: Array, a: Array, b: Array) -> Slopes:
        in_a, in_b = Kumaraswamy._log_jacobian(y, t, a, b)
        return np.where(y == 0.0, 0.0, y * in_a), np.where(y == 0.0, 0.0, y * in_b)

    @staticmethod
    def _hessian(y: Array, t: Array, a: Array, b: Array) -> Triangle:
        # y (∂²ln y/∂θ∂φ + ∂ln y/∂θ ∂ln y/∂φ), where r = t/(e^t − 1) has t ∂r/∂t = r (1 − t − r)
        w, r = _other(t), _over_expm1(t)
        in_a, in_b = Kumaraswamy._jacobian(y, t, a, b)
        in_b_twice = in_b * ((r + t - 2.0 - r / a) / b)
        return (
            (in_a * ((w / a - 2.0) / a), in_b * ((w / a - 1.0) / a)),
            (np.where(in_b == 0.0, 0.0, in_b_twice),),
        )

    @staticmethod
    def _complement_jacobian(y: Array, t: Array, a: Array, b: Array) -> Slopes:
        in_a, in_b = Kumaraswamy._jacobian(y, t, a, b)
        return -in_a, -in_b

    @staticmethod
    def _log_complement_jacobian(y: Array, t: Array, a: Array, b: Array) -> Slopes:
        w = _other(t)
        ratio = _over_expm1(w / a)
        # (e^t − 1) w, which tends to 1 as t grows
        growth = np.where(t > _FAR, 1.0, np.expm1(np.minimum(t, _FAR)) * w)
        return -ratio / a, ratio * (t / growth) / b

    # Functions of a value ------------------------------------------------------------------------

    @staticmethod
    def _pathwise(y: Array, a: Array, b: Array) -> Slopes:
        return Kumaraswamy._jacobian(y, _other(_minus_log_power(y, a)), a, b)

    @staticmethod
    def _pathwise2(y: Array, a: Array, b: Array) -> Triangle:
        return Kumaraswamy._hessian(y, _other(_minus_log_power(y, a)), a, b)

    @staticmethod
    def _cdf(y: Array, a: Array, b: Array) -> Array:
        return -np.expm1(-_times_t(_minus_log_power(y, a), b))

    @staticmethod
    def _sf(y: Array, a: Array, b: Array) -> Array:
        return np.exp(-b * _other(_minus_log_power(y, a)))

    @staticmethod
    def _log_cdf(y: Array, a: Array, b: Array) -> Array:
        w = _minus_log_power(y, a)
        product = _times_t(w, b)
        return np.where(product < 1e-290, np.log(b) - w, log1mexp(-product))

    @staticmethod
    def _log_sf(y: Array, a: Array, b: Array) -> Array:
        return -b * _other(_minus_log_power(y, a))

    @staticmethod
    def _log_prob(y: Array, a: Array, b: Array) -> Array:
        return _log_density(y, np.log(y), _minus_log_power(y, a), a, b)

    @staticmethod
    def _score(y: Array, a: Array, b: Array) -> Slopes:
        w = _minus_log_power(y, a)
        return _scores(w, _other(w), a, b)

    @staticmethod
    def _score_of_draw(y: Array, t: Array, a: Array, b: Array) -> Slopes:
        return _scores(_other(t), t, a, b)

    @staticmethod
    def _stein_score(y: Array, a: Array, b: Array) -> Array:
        # (1 − y^a)/y^a = e^w − 1
        of_rest = np.where(b == 1.0, 0.0, (b - 1.0) * (a / np.expm1(_minus_log_power(y, a))))
        slope = ((a - 1.0) - of_rest) / y
        return np.where((y == 0.0) & (a == 1.0), 1.0 - b, slope)

    @staticmethod
    def _mean(a: Array, b: Array) -> Array:
        s, b = np.minimum(1.0 / a, _MOST), np.minimum(b, _MOST)
        return np.exp(special.log_moment(s, b))

    @staticmethod
    def _variance(a: Array, b: Array) -> Array:
        s, b = np.minimum(1.0 / a, _MOST), np.minimum(b, _MOST)
        return np.exp(special.log_moment(2.0 * s, b)) * -np.expm1(-special.log_spread(s, b))

    @staticmethod
    def _entropy(a: Array, b: Array) -> Array:
        return special.entropy(a, b)


class _Complement(InverseCDF):
    """1 − y of a variate y of Kumaraswamy's distribution, with all digits next to 0."""

    name = "1 - kumaraswamy"
    concentration1 = Kumaraswamy.concentration1
    concentration0 = Kumaraswamy.concentration0
    about = About(
        density="p(c) = a b (1 − c)^(a−1) (1 − (1 − c)^a)^(b−1)",
        transform="c = 1 − (1 − u^(1/b))^(1/a)",
        derivatives={name: f"−∂y/∂{name}" for name in Kumaraswamy.about.derivatives},
        source=Kumaraswamy.about.source,
    )
    _support = UNIT
    _tails = Kumaraswamy._tails[::-1]

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        known = (end, sign) == (1.0, -1.0)
        return Seen(Kumaraswamy(*self._theta), kept(2)) if known else None

    @staticmethod
    def _icdf(u: Array, a: Array, b: Array) -> Array:
        return -np.expm1(-_other(-np.log(u) / b) / a)

    @staticmethod
    def _isf(v: Array, a: Array, b: Array) -> Array:
        return -np.expm1(-_other(-np.log1p(-v) / b) / a)

    @staticmethod
    def _pathwise(c: Array, a: Array, b: Array) -> Slopes:
        w = _of_rest(c, a)
        in_a, in_b = Kumaraswamy._jacobian(1.0 - c, _other(w), a, b)
        return -in_a, -in_b

    @staticmethod
    def _pathwise2(c: Array, a: Array, b: Array) -> Triangle:
        (in_a_twice, in_both), (in_b_twice,) = Kumaraswamy._hessian(
            1.0 - c, _other(_of_rest(c, a)), a, b
        )
        return (-in_a_twice, -in_both), (-in_b_twice,)

    @staticmethod
    def _cdf(c: Array, a: Array, b: Array) -> Array:
        return np.exp(-b * _other(_of_rest(c, a)))

    @staticmethod
    def _sf(c: Array, a: Array, b: Array) -> Array:
        return -np.expm1(-_times_t(_of_rest(c, a), b))

    @staticmethod
    def _log_prob(c: Array, a: Array, b: Array) -> Array:
        return _log_density(c, np.log1p(-c), _of_rest(c, a), a, b)

    @staticmethod
    def _score(c: Array, a: Array, b: Array) -> Slopes:
        w = _of_rest(c, a)
        return _scores(w, _other(w), a, b)

    @staticmethod
    def _stein_score(c: Array, a: Array, b: Array) -> Array:
        w = _of_rest(c, a)
        of_rest = np.where(b == 1.0, 0.0, (b - 1.0) * (a / np.expm1(w)))
        return (of_rest - (a - 1.0)) / (1.0 - c)


def _minus_log_power(y: Array, a: Array) -> Array:
    """Return w = −log y^a: 0 for y = 1, not −0."""
    return a * np.abs(np.log(y))


def _of_rest(c: Array, a: Array) -> Array:
    """Return the same w of c = 1 − y."""
    return a * np.abs(np.log1p(-c))


def _log_density(at: Array, log_y: Array, w: Array, a: Array, b: Array) -> Array:
    """Return ln p from ln y and w, where `at` is a number: y or 1 − y."""
    of_y = np.where(a == 1.0, 0.0 * at, (a - 1.0) * log_y)
    of_rest = np.where(b == 1.0, 0.0, (1.0 - b) * _other(w))
    return np.log(a) + np.log(b) + of_y + of_rest


def _other(t: Array) -> Array:
    """Return w = −log(1 − e^−t) of t, and t of w."""
    return -log1mexp(-t)


def _times_t(w: Array, b: Array) -> Array:
    """Return b t, also where t alone underflows."""
    return np.where(w > _FAR, np.exp(np.log(b) - w), b * _other(w))


def _over_expm1(x: Array) -> Array:
    """Return x/(e^x − 1) for x ≥ 0: 1 at 0, and 0 where e^x overflows."""
    return np.where(x == 0.0, 1.0, np.minimum(x, 750.0) / np.expm1(x))


def _scores(w: Array, t: Array, a: Array, b: Array) -> Slopes:
    """Return ∂ log p/∂a and ∂ log p/∂b.

    The first, (1 − w + (b − 1) w/(e^w − 1))/a, is a difference of two positive terms, one in b.
    """
    excess = np.where(w == 0.0, 0.0, bend(-w) / -np.expm1(-w))
    return (b * _over_expm1(w) - excess) / a, (1.0 - b * t) / b
