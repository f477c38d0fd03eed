"""The exponentially modified Gaussian distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families._base import ShapeFamily, Slopes
from reparam.parameters import Parameter
from reparam.special import ex_gaussian as special
from reparam.special._accurate import LARGEST

__all__ = ["ExGaussian"]


class ExGaussian(ShapeFamily):
    """The exponentially modified Gaussian distribution: a Gaussian plus an exponential variate.

    p(y) = λ exp(k²/2 − kx) Φ(x − k) with x = (y − μ)/σ and k = σλ: the model of response times, and
    of peaks in chromatography. Derivatives are those of the quantile path, in closed form.
    """

    name = "ex-gaussian"
    aliases = ("exponentially-modified-gaussian", "exponnorm")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Mean of the Gaussian part")
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Standard deviation of the Gaussian part"
    )
    rate: Parameter = Parameter(
        "λ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("lam", "lambda"),
        "Rate of the exponential part",
        conversions={"tau": RECIPROCAL, "nu": RECIPROCAL},
    )
    about = About(
        density="p(y) = λ exp(k²/2 − k x) Φ(x − k),  x = (y − μ)/σ,  k = σ λ",
        transform="y = μ + σ x,  x = F⁻¹(u; k)",
        derivatives={
            "loc": "1",
            "scale": "k − φ(x − k)/Φ(x − k)",
            "rate": "−(σ/λ) (x − k + φ(x − k)/Φ(x − k))",
        },
        source="Grushka (1972), Characterization of exponentially modified Gaussian peaks in"
        " chromatography",
        scipy="exponnorm(1/(scale*rate), loc, scale)",
    )
    _support = REAL
    _tails = (Tail(growth="2"), Tail(growth="1"))
    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, UNIFORM)

    @staticmethod
    def _sampler(z: Array, u: Array, loc: Array, scale: Array, rate: Array) -> tuple[Array, ...]:
        x = z - np.log1p(-u) / _ratio(scale, rate)
        return _value(x, loc, scale, rate), x

    @staticmethod
    def _extra(y: Array, *theta: Array) -> Array:
        return _place(y, *theta)[0]  # that of a draw keeps its digits next to μ

    @staticmethod
    def _tail(y: Array, *theta: Array, upper: bool) -> Array:
        return np.asarray(special.tail(*_place(y, *theta), upper))

    @staticmethod
    def _log_tail_of(y: Array, *theta: Array, upper: bool) -> Array:
        return np.asarray(special.log_tail(*_place(y, *theta), upper))

    @staticmethod
    def _of_tails(u: Array, v: Array, loc: Array, scale: Array, rate: Array) -> tuple[Array, ...]:
        x = special.quantile(u, v, _ratio(scale, rate))
        return _value(x, loc, scale, rate), x

    @staticmethod
    def _jacobian(y: Array, x: Array, loc: Array, scale: Array, rate: Array) -> Slopes:
        k = _ratio(scale, rate)
        m, e = special.overshoot(x, k)
        return 1.0, -special.slope(x, k, m, e), -k * e / rate / rate

    @staticmethod
    def _hessian(y: Array, x: Array, loc: Array, scale: Array, rate: Array) -> Triangle:
        # along the path x − k moves by −(e + k) dln k, and e′ = 1 − m e
        k = _ratio(scale, rate)
        m, e = special.overshoot(x, k)
        spread = special.spread(x, k, m, e)
        turn = np.where(x < k, spread * (e + k) - e, k - m * e * (e + k))
        in_rate = k * (e + spread * (e + k)) / rate / rate / rate
        return (0.0, 0.0, 0.0), (turn / scale, turn / rate), (in_rate,)

    @staticmethod
    def _log_prob(y: Array, loc: Array, scale: Array, rate: Array) -> Array:
        return np.asarray(special.log_density(*_place(y, loc, scale, rate))) - np.log(scale)

    @staticmethod
    def _stein_score(y: Array, loc: Array, scale: Array, rate: Array) -> Array:
        x, k = _place(y, loc, scale, rate)
        return special.slope(x, k, *special.overshoot(x, k)) / scale

    @staticmethod
    def _score(y: Array, *theta: Array) -> tuple[Array, ...]:
        return ExGaussian._score_of_draw(y, _place(y, *theta)[0], *theta)

    @staticmethod
    def _score_of_draw(
        y: Array, x: Array, loc: Array, scale: Array, rate: Array
    ) -> tuple[Array, ...]:
        k = _ratio(scale, rate)
        m, e = special.overshoot(x, k)
        spread = special.spread(x, k, m, e)
        # 1 − k e = 1 + (x − k) e − x e, where the first two are E[s²] = 1 − m e + e²
        in_rate = np.where((x < k) & (np.abs(x) < k), spread + e * e - x * e, 1.0 - k * e)
        in_scale = np.where(x < k, x * x - e * (k + x), k * k - m * (k + x))
        return -special.slope(x, k, m, e) / scale, in_scale / scale, in_rate / rate

    @staticmethod
    def _mean(loc: Array, scale: Array, rate: Array) -> Array:
        return loc + 1.0 / rate

    @staticmethod
    def _variance(loc: Array, scale: Array, rate: Array) -> Array:
        return scale * scale + 1.0 / rate / rate

    @staticmethod
    def _entropy(loc: Array, scale: Array, rate: Array) -> Array:
        k = _ratio(scale, rate)
        log_scale = np.where(k > _LEAST, np.log(scale), np.log(k) - np.log(rate))
        return log_scale + special.entropy(k)


#: Where σλ is clipped: one part is then nothing beside the other.
_LEAST, _MOST = 1e-290, 1e150


def _ratio(scale: Array, rate: Array) -> Array:
    """Return k, of positive size."""
    return np.clip(scale * rate, _LEAST, _MOST)


def _value(x: Array, loc: Array, scale: Array, rate: Array) -> Array:
    """Return μ + σ x, for the least k from the exponential part alone."""
    k = _ratio(scale, rate)
    return loc + np.where(k > _LEAST, scale * x, x * k / rate)


def _place(y: Array, loc: Array, scale: Array, rate: Array) -> tuple[Array, Array]:
    """Return x and k."""
    k = _ratio(scale, rate)
    x = np.where(k > _LEAST, (y - loc) / scale, (y - loc) * rate / k)
    return np.clip(x, -LARGEST, LARGEST), k
