"""Closed forms between distributions on the sphere."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.power_spherical import PowerSpherical
from reparam.distributions.power_spherical import divergence as _from_uniform
from reparam.distributions.spherical_uniform import SphericalUniform
from reparam.distributions.von_mises_fisher import VonMisesFisher
from reparam.divergences._registry import Terms, register_kl
from reparam.special import sphere
from reparam.special import von_mises_fisher as special

__all__: list[str] = []

#: A concentration that is 0 but for rounding.
_NONE = np.array(1e-300)


def _apart(mean: Array, other: Array) -> tuple[Array, Array, Array]:
    """Return 1 − μ₁ᵀμ₂, and its derivatives in both."""
    mean, other = np.broadcast_arrays(sphere.unit(mean), sphere.unit(other))
    between = mean - other
    half = 0.5 * sphere.products(between, between)
    return half, sphere.tangents(between, mean), -sphere.tangents(between, other)


def _times(factor: Array, vectors: Array) -> Array:
    return np.asarray(np.asarray(factor)[..., np.newaxis] * vectors)


@register_kl(VonMisesFisher, VonMisesFisher)
def von_mises_fisher(p: VonMisesFisher, q: VonMisesFisher) -> Terms:
    """That of the concentrations at one mean, and κ_q A(κ_p) (1 − μ_pᵀμ_q)."""
    (mean, kappa), (other, target) = p._theta, q._theta
    dim = mean.shape[-1]
    apart, in_mean, in_other = _apart(mean, other)
    _, length, _, variance = special.moments(kappa, dim)
    value, slope = special.divergence(kappa, target, dim)
    pull = target * length
    return (
        value + pull * apart,
        (_times(pull, in_mean), variance * (kappa - target + target * apart)),
        (_times(pull, in_other), slope + length * apart),
    )


@register_kl(VonMisesFisher, SphericalUniform)
def von_mises_fisher_uniform(p: VonMisesFisher, q: SphericalUniform) -> Terms:
    """That of the concentration κ from 0."""
    mean, kappa = p._theta
    value, _ = special.divergence(kappa, _NONE, mean.shape[-1])
    _, _, _, variance = special.moments(kappa, mean.shape[-1])
    return value, (np.zeros_like(mean), kappa * variance), ()


@register_kl(SphericalUniform, SphericalUniform)
def uniform(p: SphericalUniform, q: SphericalUniform) -> Terms:
    """0: there is one of each dimension."""
    return np.zeros(()), (), ()


@register_kl(PowerSpherical, SphericalUniform)
def power_spherical_uniform(p: PowerSpherical, q: SphericalUniform) -> Terms:
    """∫ s Var_s ds from 0 to κ, Var_s the variance of ln(1 + μᵀy) at concentration s."""
    mean, kappa = p._theta
    value, slope = _from_uniform(kappa, mean.shape[-1])
    return value, (np.zeros_like(mean), slope), ()


@register_kl(PowerSpherical, VonMisesFisher)
def power_spherical_von_mises_fisher(p: PowerSpherical, q: VonMisesFisher) -> Terms:
    """−H(p) + ln Z(κ_q) + κ_q (1 − ρ μ_pᵀμ_q), ρ the length of p's mean."""
    (mean, kappa), (other, target) = p._theta, q._theta
    dim = mean.shape[-1]
    apart, in_mean, in_other = _apart(mean, other)
    log_normalizer, _, deficit, _ = special.moments(target, dim)
    from_uniform, slope = _from_uniform(kappa, dim)
    total = kappa + (dim - 1.0)
    length, rest = kappa / total, (dim - 1.0) / total
    distance = rest + length * apart  # E[1 − μ_qᵀy]
    return (
        from_uniform + (log_normalizer - sphere.log_area(dim)) + target * distance,
        (
            _times(target * length, in_mean),
            slope + target * rest / total * (apart - 1.0),
        ),
        (_times(target * length, in_other), distance - deficit),
    )
