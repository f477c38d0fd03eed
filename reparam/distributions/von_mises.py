"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import Implicit
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL, Arc
from reparam.engine.noise import UNIFORM, Noise, further
from reparam.parameters import Parameter
from reparam.special import von_mises as special
from reparam.special.circular import log_mean_exp, mean_deficit

__all__ = ["VonMises"]


class VonMises(Implicit):
    """The von Mises distribution, of angles.

    p(y) = exp(κ cos(y − μ))/(2π I₀(κ)) for μ − π < y < μ + π: the circle is cut opposite to μ, and
    values are not taken modulo 2π, so that y = μ + z rotates with μ and F is continuous. Other
    angles are moved into the support by ``loc + np.remainder(angle - loc + np.pi, 2 * np.pi) -
    np.pi``; the mean direction of draws is ``np.angle(np.exp(1j * y).mean())``. The circular
    variance is 1 − I₁(κ)/I₀(κ); ``variance`` is that of y, on the line.
    """

    name = "von-mises"
    aliases = ("vonmises-line",)
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean direction")
    concentration: Parameter = Parameter(
        "κ", POSITIVE, 1.0, (0.1, 30.0), ("kappa",), "Concentration"
    )
    about = About(
        density="p(y) = exp(κ cos(y − μ)) / (2π I₀(κ))",
        transform="y = μ + z,  z = F⁻¹(u; κ)",
        derivatives={"loc": "1", "concentration": "−(∂F(z; κ)/∂κ) / p(z)"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients; draws:"
        " Best & Fisher (1979), Efficient simulation of the von Mises distribution",
        scipy="vonmises_line(concentration, loc)",
    )
    _tails = (Tail(power="1"), Tail(power="1"))
    _support = Arc(middle="loc")
    path = "field"
    _substreams: ClassVar[tuple[Noise, ...]] = (UNIFORM, UNIFORM)
    _extras: ClassVar[int] = 1  # tan(z/2), which has its digits at 0 and at ±π

    @staticmethod
    def _sampler(u: Array, v: Array, loc: Array, concentration: Array) -> tuple[Array, ...]:
        return _placed(_half_tangents(u, v, concentration), loc)

    @staticmethod
    def _transform(noise: Array, loc: Array, concentration: Array) -> tuple[Array, ...]:
        return _placed(np.asarray(special.quantile(noise, 1.0 - noise, concentration)), loc)

    @staticmethod
    def _icdf(u: Array, loc: Array, concentration: Array) -> Array:
        return _placed(np.asarray(special.quantile(u, 1.0 - u, concentration)), loc)[0]

    @staticmethod
    def _isf(v: Array, loc: Array, concentration: Array) -> Array:
        return _placed(np.asarray(special.quantile(1.0 - v, v, concentration)), loc)[0]

    @staticmethod
    def _jacobian(y: Array, g: Array, loc: Array, concentration: Array) -> tuple[Any, ...]:
        return 1.0, np.asarray(special.pathwise(g, concentration))

    @staticmethod
    def _pathwise(y: Array, loc: Array, concentration: Array) -> tuple[Any, ...]:
        return VonMises._jacobian(y, special.half_tangent(y, loc), loc, concentration)

    @staticmethod
    def _hessian(y: Array, g: Array, loc: Array, concentration: Array) -> Triangle:
        return (0.0, 0.0), (np.asarray(special.pathwise2(g, concentration)),)

    @staticmethod
    def _pathwise2(y: Array, loc: Array, concentration: Array) -> Triangle:
        return VonMises._hessian(y, special.half_tangent(y, loc), loc, concentration)

    @staticmethod
    def _cdf(y: Array, loc: Array, concentration: Array) -> Array:
        return np.asarray(special.tail(special.half_tangent(y, loc), concentration, 0.0))

    @staticmethod
    def _sf(y: Array, loc: Array, concentration: Array) -> Array:
        return np.asarray(special.tail(special.half_tangent(y, loc), concentration, 1.0))

    @staticmethod
    def _log_cdf(y: Array, loc: Array, concentration: Array) -> Array:
        return np.asarray(special.log_tail(special.half_tangent(y, loc), concentration, 0.0))

    @staticmethod
    def _log_sf(y: Array, loc: Array, concentration: Array) -> Array:
        return np.asarray(special.log_tail(special.half_tangent(y, loc), concentration, 1.0))

    @staticmethod
    def _log_prob(y: Array, loc: Array, concentration: Array) -> Array:
        # κ cos z − ln I₀(κ) = −2κ sin²(z/2) − ln(e^−κ I₀(κ))
        _, square = special.sine_and_square(special.half_tangent(y, loc))
        constant = math.log(2.0 * math.pi) + log_mean_exp(concentration)
        return np.asarray(-2.0 * concentration * square - constant)

    @staticmethod
    def _score(y: Array, loc: Array, concentration: Array) -> tuple[Any, ...]:
        return VonMises._score_of_draw(y, special.half_tangent(y, loc), loc, concentration)

    @staticmethod
    def _score_of_draw(y: Array, g: Array, loc: Array, concentration: Array) -> tuple[Any, ...]:
        sine, square = special.sine_and_square(g)
        return concentration * sine, mean_deficit(concentration) - 2.0 * square

    @staticmethod
    def _stein_score(y: Array, loc: Array, concentration: Array) -> Array:
        sine, _ = special.sine_and_square(special.half_tangent(y, loc))
        return np.asarray(-concentration * sine)

    @staticmethod
    def _mean(loc: Array, concentration: Array) -> Array:
        return loc

    @staticmethod
    def _variance(loc: Array, concentration: Array) -> Array:
        return np.asarray(special.variance(concentration))

    @staticmethod
    def _entropy(loc: Array, concentration: Array) -> Array:
        return np.asarray(special.entropy(concentration))


def _placed(g: Array, loc: Array) -> tuple[Array, Array]:
    """Return y = μ + 2 arctan(g) within the support, and g."""
    return np.clip(loc + 2.0 * np.arctan(g), loc - math.pi, loc + math.pi), g


def _half_tangents(u: Array, v: Array, kappa: Array) -> Array:
    """Return tan(z/2) of draws around 0, of two uniform numbers each.

    Best & Fisher (1979) propose wrapped Cauchy draws. With g = tan(z/2) these are G tan(π (u − ½)),
    and the best G² is x = 1/(2κ + √(1 + 4κ²)): a proposal is accepted with probability
    (1 + d) e^−d, d = 2κ g²/(1 + g²) − (1 − x)/2, 0.66 to 1 on average. A rejected one is made again
    from :func:`~reparam.engine.noise.further`.
    """
    twice = 2.0 * kappa
    square = 1.0 / (twice + np.hypot(1.0, twice))
    # (1 − x)/2, without the cancellation for small κ
    offset = twice * square / (1.0 + square)
    g = np.tan(math.pi * (u - 0.5))
    g *= np.sqrt(square)
    d = twice / (1.0 + 1.0 / (g * g)) - offset
    rejected = np.flatnonzero(np.log(v) > np.log1p(d) - d)
    if rejected.size:
        again = further(u[rejected], v[rejected])
        g[rejected] = _half_tangents(*again, kappa if np.ndim(kappa) == 0 else kappa[rejected])
    return g
