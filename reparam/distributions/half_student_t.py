"""The half-t distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.distributions.student_t import StudentT
from reparam.domains import POSITIVE
from reparam.parameters import Parameter, degrees_of_freedom
from reparam.special import student
from reparam.special._accurate import half
from reparam.special.log_gamma import log_half_step

__all__ = ["HalfStudentT"]

_LOG_TWO = math.log(2.0)


class HalfStudentT(Scaled):
    """The half-t distribution: of |y| with y from Student's t distribution around 0.

    p(y) = 2 Γ((ν+1)/2) (1 + z²/ν)^(−(ν+1)/2)/(Γ(ν/2) √(νπ) σ) for y > 0, with z = y/σ: half-Cauchy
    for ν = 1, half-normal for ν = ∞, which is taken as 1e300. The mean is infinite for ν ≤ 1, and
    the variance for ν ≤ 2.
    """

    name = "half-student-t"
    aliases = ("half-t",)
    df: Parameter = degrees_of_freedom("ν", 5.0, (0.5, 200.0), ("nu",))
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = 2 Γ((ν+1)/2) (1 + z²/ν)^(−(ν+1)/2) / (Γ(ν/2) √(νπ) σ),  z = y/σ",
        transform="y = σ t,  t = F⁻¹((1 + u)/2; ν),  F the cdf of Student's t distribution",
        derivatives={"df": "−σ (∂F(t; ν)/∂ν) / p(t)", "scale": "y / σ"},
        source="Gelman (2006), Prior distributions for variance parameters, section 3.2",
    )
    _tails = (Tail(power="1"), Tail(power="df"))

    path = StudentT.path
    _substreams = StudentT._substreams

    @staticmethod
    def _standard_sampler(z: Array, other_z: Array, u: Array, df: Array) -> Array:
        return np.abs(StudentT._standard_sampler(z, other_z, u, df)[0])

    @staticmethod
    def _standard_quantile(u: Array, v: Array, df: Array) -> Array:
        return np.asarray(student.size_quantile(u, v, df))

    @staticmethod
    def _standard_pathwise(z: Array, df: Array) -> tuple[Array, ...]:
        return StudentT._standard_pathwise(z, df)

    @staticmethod
    def _standard_cdf(z: Array, df: Array) -> Array:
        return np.asarray(student.size_cdf(z, df))

    @staticmethod
    def _standard_sf(z: Array, df: Array) -> Array:
        return 2.0 * StudentT._standard_sf(z, df)

    @staticmethod
    def _standard_log_cdf(z: Array, df: Array) -> Array:
        return np.asarray(student.log_size_cdf(z, df))

    @staticmethod
    def _standard_log_sf(z: Array, df: Array) -> Array:
        far = np.asarray(student.log_cdf(-z, df)) + _LOG_TWO
        inside = HalfStudentT._standard_cdf(z, df)
        return np.where(inside < 0.5, np.log1p(-inside), far)

    @staticmethod
    def _standard_log_prob(z: Array, df: Array) -> Array:
        return StudentT._standard_log_prob(z, df) + _LOG_TWO

    @staticmethod
    def _standard_slope(z: Array, df: Array) -> Array:
        return StudentT._standard_score(z, df)[0]

    @staticmethod
    def _standard_shape_score(z: Array, df: Array) -> tuple[Array, ...]:
        return (StudentT._standard_score(z, df)[1],)

    @staticmethod
    def _standard_excess(z: Array, df: Array) -> Array:
        return StudentT._standard_excess(z, z, df)

    @staticmethod
    def _standard_moments(df: Array) -> tuple[Array, Array, Array]:
        # E[z] = √(2/π) ν/(ν − 1) Γ((ν+1)/2)/(Γ(ν/2) √(ν/2))
        mean = math.sqrt(2.0 / math.pi) * np.exp(log_half_step(half(df))) * (df / (df - 1.0))
        _, variance, entropy = StudentT._standard_moments(df)
        return (
            np.where(df > 1.0, mean, np.inf),
            np.where(df > 2.0, variance - mean * mean, np.inf),
            entropy - _LOG_TWO,
        )
