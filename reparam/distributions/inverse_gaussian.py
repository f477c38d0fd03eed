"""The inverse Gaussian distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL, Conversion
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families import PositiveFamily, Slopes
from reparam.families._base import scaled
from reparam.parameters import Parameter
from reparam.special import inverse_gaussian as special
from reparam.special.along_paths import bends
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["InverseGaussian"]


class InverseGaussian(PositiveFamily):
    """The inverse Gaussian distribution, also called Wald's.

    p(y) = √(λ/(2πy³)) exp(−λ (y − μ)²/(2μ²y)) for y > 0: the time at which Brownian motion with
    drift first reaches a level. μ is the mean and μ³/λ the variance. y = μ x with x of mean 1
    and shape φ = λ/μ, the only one; the derivative in it is implicit, and has a closed form.
    λ is what NumPy's ``wald`` and SciPy's ``invgauss`` call scale; SciPy's ``mu`` is μ/λ.
    """

    name = "inverse-gaussian"
    aliases = ("wald", "invgauss")
    loc: Parameter = Parameter("μ", POSITIVE, 1.0, (0.3, 3.0), ("mu", "mean"), "Mean")
    concentration: Parameter = Parameter(
        "λ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("lam", "lambda", "scale", "shape"),
        "Concentration: μ³/λ is the variance",
        conversions={"dispersion": RECIPROCAL, "variance": Conversion("loc**3/{0}")},
    )
    about = About(
        density="p(y) = √(λ/(2πy³)) exp(−a²/2),  a = √(λ/y) (y/μ − 1),  b = √(λ/y) (y/μ + 1)",
        transform="y = μ x,  x the quantile of the distribution with μ = 1 and λ/μ",
        derivatives={
            "loc": "(y/μ) (a + b) Φ(−b)/φ(b)",
            "concentration": "(y/λ) (1 − (a + b) Φ(−b)/φ(b))",
        },
        source="Michael, Schucany & Haas (1976), Generating random variates using transformations"
        " with multiple roots",
        scipy="invgauss(loc/concentration, scale=concentration)",
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))
    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, UNIFORM)

    @staticmethod
    def _scale(loc: Array, concentration: Array) -> Array:
        return loc

    @staticmethod
    def _log_scale(loc: Array, concentration: Array) -> Array:
        return np.log(loc)

    @staticmethod
    def _sampler(z: Array, u: Array, loc: Array, concentration: Array) -> tuple[Array, ...]:
        # a² = z² has the roots x and 1/x; the smaller one, e^−|w|, has probability 1/(1 + e^−|w|)
        log_x = np.arcsinh(np.abs(z) / _size(loc, concentration))
        log_x *= 2.0
        smaller = u * (1.0 + np.exp(-log_x)) < 1.0
        np.negative(log_x, out=log_x, where=smaller)
        return _value(np.exp(log_x), log_x, loc), log_x

    @classmethod
    def _of_tails(cls, u: Array, v: Array, loc: Array, concentration: Array) -> tuple[Array, ...]:
        x, log_x = special.quantile_logs(u, v, _size(loc, concentration))
        return _value(x, log_x, loc), log_x

    @staticmethod
    def _extra(y: Array, loc: Array, concentration: Array) -> Array:
        excess = (y - loc) / loc
        far = np.log(y) - np.log(loc)
        return np.where(np.abs(excess) < 0.5, np.log1p(excess), far)

    @staticmethod
    def _tail(y: Array, loc: Array, concentration: Array, *, upper: bool) -> Array:
        return np.asarray(special.tail(*_arms(y, loc, concentration), float(upper)))

    @staticmethod
    def _log_tail_of(y: Array, loc: Array, concentration: Array, *, upper: bool) -> Array:
        return np.asarray(special.log_tail(*_arms(y, loc, concentration), float(upper)))

    @staticmethod
    def _log_value(y: Array, log_x: Array, loc: Array, concentration: Array) -> Array:
        return log_x + np.log(loc)

    @classmethod
    def _log_jacobian(cls, y: Array, log_x: Array, *theta: Array) -> Slopes:
        loc, concentration = theta
        size = _size(loc, concentration)
        a, b, _ = special.arms(np.exp(log_x), log_x, size)
        total = size * np.exp(0.5 * log_x)
        in_shape, in_mean = special.elasticities(a, b, total)
        return in_mean / loc, in_shape / concentration

    @classmethod
    def _log_hessian(cls, y: Array, log_x: Array, *theta: Array) -> Triangle:
        loc, concentration = theta
        in_shape, in_mean, turn = _turns(log_x, *theta)
        across = -turn / concentration / loc
        return ((turn - in_mean) / loc / loc, across), ((turn - in_shape) / concentration**2,)

    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        log_x, *theta = extras_and_theta
        loc, concentration = theta
        in_shape, in_mean, turn = _turns(log_x, *theta)
        bend = turn - in_shape * in_mean
        in_loc, in_concentration = scaled(y, (bend / loc, bend / concentration))
        return (in_loc / loc, -in_loc / concentration), (in_concentration / concentration,)

    @staticmethod
    def _log_prob(y: Array, loc: Array, concentration: Array) -> Array:
        a, _, gap = _arms(y, loc, concentration)
        height = 0.5 * gap / y
        log = np.where(
            (height > 1e-290) & (height < np.inf),
            np.log(height),
            0.5 * np.log(concentration) - 1.5 * np.log(y),
        )
        inner = log - HALF_LOG_TWO_PI - 0.5 * a * a
        return np.where((y == 0.0) | (y == np.inf), -np.inf, inner)

    @staticmethod
    def _score(y: Array, loc: Array, concentration: Array) -> Slopes:
        a, _, _ = _arms(y, loc, concentration)
        return _score_at(a, (y - loc) / loc, loc, concentration)

    @classmethod
    def _score_of_draw(cls, y: Array, log_x: Array, *theta: Array) -> Slopes:
        loc, concentration = theta
        a, _, _ = special.arms(np.exp(log_x), log_x, _size(loc, concentration))
        return _score_at(a, np.expm1(log_x), loc, concentration)

    @staticmethod
    def _stein_score(y: Array, loc: Array, concentration: Array) -> Array:
        a, b, _ = _arms(y, loc, concentration)
        slope = -0.5 * (3.0 + a * b) / y
        return np.where(y == np.inf, -0.5 * concentration / loc / loc, slope)

    @staticmethod
    def _mean(loc: Array, concentration: Array) -> Array:
        return loc

    @staticmethod
    def _variance(loc: Array, concentration: Array) -> Array:
        return (loc / concentration) * loc * loc

    @staticmethod
    def _entropy(loc: Array, concentration: Array) -> Array:
        return np.asarray(special.entropy(loc, concentration))


def _size(loc: Array, concentration: Array) -> Array:
    """Return 2√(λ/μ), also where λ/μ over- or underflows."""
    ratio = concentration / loc
    normal = (ratio > 1e-290) & (ratio < np.inf)
    return 2.0 * np.where(normal, np.sqrt(ratio), np.sqrt(concentration) / np.sqrt(loc))


def _turns(log_x: Array, loc: Array, concentration: Array) -> tuple[Array, Array, Array]:
    """Return E = ∂ln x/∂ln φ, 1 − E and ∂E/∂ln φ, for φ = λ/μ, the last by differences."""
    size = np.broadcast_to(_size(loc, concentration), log_x.shape)

    def elasticities(log_x: Array, size: Array) -> tuple[Array, Array]:
        a, b, _ = special.arms(np.exp(log_x), log_x, size)
        in_shape, in_mean = special.elasticities(a, b, size * np.exp(0.5 * log_x))
        return in_shape, in_mean

    def speeds(rows: NDArray[np.intp], at: Array, log_ratio: Array) -> tuple[Array]:
        return (elasticities(at, size[rows] * np.exp(0.5 * log_ratio))[0],)

    none, one = np.zeros(log_x.shape), np.ones(log_x.shape)
    ((turn,),) = bends(speeds, log_x, [none], [one], [one], smooth=True)
    return (*elasticities(log_x, size), turn)


def _value(x: Array, log_x: Array, loc: Array) -> Array:
    """Return μ x, also where x alone over- or underflows."""
    y = loc * x
    if np.any(lost := (x < 1e-290) | (x == np.inf)):
        y = np.where(lost, np.exp(log_x + np.log(loc)), y)
    return np.asarray(y)


def _arms(y: Array, loc: Array, concentration: Array) -> tuple[Array, Array, Array]:
    """Return a, b and b − a, in which y − μ is exact next to μ."""
    root = np.sqrt(concentration) / np.sqrt(y)
    ratio = y / loc
    a, b = root * ((y - loc) / loc), root * (1.0 + ratio)
    if np.any(far := ratio == np.inf):  # a and b differ by less than rounding
        large = np.sqrt(concentration) * np.sqrt(y) / loc
        a, b = np.where(far, large, a), np.where(far, large, b)
    return a, b, 2.0 * root


def _score_at(a: Array, excess: Array, loc: Array, concentration: Array) -> tuple[Any, Any]:
    """Return the score from a and y/μ − 1."""
    in_loc = (concentration / loc) * (excess / loc)
    return in_loc, 0.5 * (1.0 - a) * (1.0 + a) / concentration
