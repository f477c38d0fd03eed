"""The two-piece normal distribution."""

from __future__ import annotations

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.base.two_piece import TwoPiece
from reparam.distributions.half_normal import HalfNormal
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special.mills import mills

__all__ = ["TwoPieceNormal"]


class TwoPieceNormal(TwoPiece):
    """The two-piece (split) normal distribution: Gaussians of different scales on both sides.

    p(y) = √(2/π) exp(−h²/2)/((γ + 1/γ) σ) with h = γ z below μ and z/γ above, z = (y − μ)/σ: the
    scales are σ/γ and σ γ, the probability below μ is 1/(1 + γ²), and γ = 1 is the Gaussian.
    """

    name = "two-piece-normal"
    aliases = ("split-normal",)
    skewness: Parameter = Parameter(
        "γ",
        POSITIVE,
        1.0,
        (0.3, 3.0),
        ("gamma",),
        "Skewness: root of the ratio of the scales, above μ to below",
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mode"), "Mode")
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale: geometric mean of both sides'"
    )
    about = About(
        density="p(y) = √(2/π) exp(−h² / 2) / ((γ + 1/γ) σ),  h = |z| γ^(−sign z),  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = Φ⁻¹(u (1 + γ²)/2)/γ for u < 1/(1 + γ²),"
        " −γ Φ⁻¹((1 − u)(1 + γ²)/(2γ²)) otherwise",
        derivatives={
            "skewness": "σ (|z|/γ + 2 γ^(−1 ∓ 1) Φ(−h) / ((1 + γ²) γ^(∓1 − 1) φ(h)))",
            "loc": "1",
            "scale": "z",
        },
        source="Fernández & Steel (1998), On Bayesian modeling of fat tails and skewness",
    )
    _tails = (Tail(growth="2"), Tail(growth="2"))
    _half = HalfNormal

    @staticmethod
    def _half_mills(h: Array) -> Array:
        return mills(h)
