"""Student's t distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.domains import POSITIVE, REAL, within
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import log_gamma_draws
from reparam.parameters import Parameter, degrees_of_freedom
from reparam.special import student
from reparam.special._accurate import half, log1pmx
from reparam.special.log_gamma import log_half_step
from reparam.special.normal import HALF_LOG_TWO_PI
from reparam.special.polygamma import digamma_half_excess

__all__ = ["StudentT"]


class StudentT(LocationScale):
    """Student's t distribution, with location and scale.

    p(y) = Γ((ν+1)/2) (1 + z²/ν)^(−(ν+1)/2)/(Γ(ν/2) √(νπ) σ), z = (y − μ)/σ. The mean is undefined
    (NaN) for ν ≤ 1, the variance infinite for 1 < ν ≤ 2 and undefined for ν ≤ 1. df=inf is the
    Gaussian: it is taken as 1e300, from which the Gaussian doesn't differ in any digit.
    """

    name = "student-t"
    aliases = ("t", "student")
    _symmetric = True
    df: Parameter = degrees_of_freedom("ν", 5.0, (0.5, 200.0), ("nu",))
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Location")
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma",),
        "Scale",
        conversions={"std": Conversion("{0}*sqrt((df - 2)/df)")},
    )
    about = About(
        density="p(y) = Γ((ν+1)/2) (1 + z²/ν)^(−(ν+1)/2) / (Γ(ν/2) √(νπ) σ),  z = (y − μ)/σ",
        transform="y = μ + σ t,  t = F⁻¹(u; ν)",
        derivatives={"df": "−σ (∂F(t; ν)/∂ν) / p(t)", "loc": "1", "scale": "t"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
        scipy="t(df, loc, scale)",
    )
    _tails = (Tail(power="df"), Tail(power="df"))
    path = "field"
    _substreams = (NORMAL, NORMAL, UNIFORM)

    @staticmethod
    def _standard_sampler(z: Array, other_z: Array, u: Array, df: Array) -> tuple[Array, ...]:
        # ln of the gamma draw: for tiny ν it underflows where t is still finite
        log_x = log_gamma_draws(other_z, u, half(df))
        log_x -= np.log(half(df))
        log_x *= -0.5
        return (z * np.exp(log_x, out=log_x),)

    @staticmethod
    def _standard_icdf(u: Array, df: Array) -> Array:
        return np.asarray(student.quantile(u, df))

    @staticmethod
    def _standard_pathwise(z: Array, df: Array) -> tuple[Array, ...]:
        slope = student.pathwise(z, df)
        if not within(z, -np.inf, np.inf):  # towards the centre as ν grows
            slope = np.where(np.isinf(z), -z, slope)
        return (slope,)

    @staticmethod
    def _standard_pathwise2(z: Array, df: Array) -> Triangle:
        return ((student.pathwise2(z, df),),)

    @staticmethod
    def _standard_cdf(z: Array, df: Array) -> Array:
        return np.asarray(student.cdf(z, df))

    @staticmethod
    def _standard_sf(z: Array, df: Array) -> Array:
        return StudentT._standard_cdf(-z, df)

    @staticmethod
    def _standard_log_cdf(z: Array, df: Array) -> Array:
        return np.asarray(student.log_cdf(z, df))

    @staticmethod
    def _standard_log_prob(z: Array, df: Array) -> Array:
        return _log_constant(df) - 0.5 * (df + 1.0) * _log_one_plus(z, df)

    @staticmethod
    def _standard_score(z: Array, df: Array) -> tuple[Array, ...]:
        ratio, share = _ratio_and_share(z, df)
        small = ratio < 0.5
        gap = np.where(small, log1pmx(-share), share - _log_one_plus(z, df))
        in_df = 0.5 * (digamma_half_excess(half(df)) + gap + share / df)
        # (ν + 1) z/(ν + z²), where neither z² nor 1/ν under- or overflows
        inner = np.where(df < 1.0, (df + 1.0) * (z / df), z * ((df + 1.0) / df)) / (1.0 + ratio)
        return -np.where(ratio < 1.0, inner, (df + 1.0) * (share / z)), in_df

    @staticmethod
    def _standard_excess(z: Array, slope: Array, df: Array) -> Array:
        # 1 − (ν + 1) s: for tiny ν and s next to 1 it is about −ν
        ratio, share = _ratio_and_share(z, df)
        return 1.0 / (1.0 + ratio) - df * share

    @staticmethod
    def _standard_moments(df: Array) -> tuple[Any, Any, Any]:
        mean = np.where(df > 1.0, 0.0, np.nan)
        variance = np.where(df > 2.0, df / (df - 2.0), np.where(df > 1.0, np.inf, np.nan))
        # ψ(ν/2 + ½) − ψ(ν/2), without its 1/ν
        excess = digamma_half_excess(half(df))
        entropy = 0.5 * (df + 1.0) * excess + 0.5 + 0.5 / df - _log_constant(df)
        return mean, variance, entropy


def _ratio_and_share(z: Array, df: Array) -> tuple[Array, Array]:
    """Return q = z²/ν and s = q/(1 + q), also where q overflows."""
    ratio = z * (z / df)
    return ratio, np.where(ratio < np.inf, ratio / (1.0 + ratio), 1.0)


def _log_one_plus(z: Array, df: Array) -> Array:
    """Return ln(1 + z²/ν), also where z² overflows."""
    root = np.abs(z) / np.sqrt(df)
    return np.where(root < 1e8, np.log1p(root * root), 2.0 * np.log(root))


def _log_constant(df: Array) -> Array:
    """Return ln Γ((ν+1)/2) − ln Γ(ν/2) − ½ ln νπ."""
    return log_half_step(half(df)) - HALF_LOG_TWO_PI
