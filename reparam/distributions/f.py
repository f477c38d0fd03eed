"""Fisher's F distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.domains import POSITIVE
from reparam.families import Bends, OddsOfBeta, Slopes
from reparam.parameters import Parameter, degrees_of_freedom
from reparam.special import fisher
from reparam.special._accurate import half

__all__ = ["F"]


class F(OddsOfBeta):
    """Fisher's F distribution: y = (d₂/d₁) x/(1 − x), x ~ Beta(d₁/2, d₂/2).

    p(y) = (d₁/d₂)^(d₁/2) y^(d₁/2−1) (1 + d₁y/d₂)^(−(d₁+d₂)/2)/B(d₁/2, d₂/2) for y > 0. The mean is
    infinite for d₂ ≤ 2, the variance for d₂ ≤ 4. df2=inf is x/d₁ with chi-square x, and taken as
    1e300.
    """

    name = "f"
    aliases = ("fisher", "fisher-snedecor")
    df1: Parameter = Parameter(
        "d₁", POSITIVE, 2.0, (0.2, 200.0), ("d1", "dfn", "dfnum"), "First df"
    )
    df2: Parameter = degrees_of_freedom(
        "d₂", 6.0, (0.2, 200.0), ("d2", "dfd", "dfden"), "Second df"
    )
    about = About(
        density="p(y) = (d₁/d₂)^(d₁/2) y^(d₁/2−1) (1 + d₁y/d₂)^(−(d₁+d₂)/2) / B(d₁/2, d₂/2)",
        transform="y = (d₂/d₁) x / (1 − x),  x = I⁻¹(u; d₁/2, d₂/2)",
        derivatives={
            "df1": "−½ (∂I_x/∂α) / p(y) − y / d₁",
            "df2": "−½ (∂I_x/∂β) / p(y) + y / d₂",
        },
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 27",
        scipy="f(df1, df2)",
    )
    _tails = (Tail(power="df1/2"), Tail(power="df2/2"))

    @staticmethod
    def _shapes(df1: Array, df2: Array) -> tuple[Array, Array]:
        return half(df1), half(df2)

    @staticmethod
    def _shape_slopes(df1: Array, df2: Array) -> tuple[Slopes, Slopes]:
        return (0.5, 0.0), (0.0, 0.5)

    @staticmethod
    def _scale(df1: Array, df2: Array) -> Array:
        return df2 / df1

    @staticmethod
    def _log_scale(df1: Array, df2: Array) -> Array:
        return np.log(df2) - np.log(df1)

    @staticmethod
    def _log_location(df1: Array, df2: Array) -> float:
        return 0.0

    @staticmethod
    def _derivatives(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = fisher.log_pathwise(y, logit, alpha, beta)
        return first, second

    @staticmethod
    def _bends(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Bends, Bends]:
        found = fisher.log_pathwise2(y, logit, alpha, beta)
        bends = fisher.bends_of_multiple(found, alpha, beta, 0)
        return bends.log, bends.relative

    @staticmethod
    def _shape_scores(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = fisher.score(y, logit, alpha, beta)
        return first, second

    @staticmethod
    def _mean(df1: Array, df2: Array) -> Array:
        return np.where(df2 > 2.0, df2 / (df2 - 2.0), np.inf)

    @staticmethod
    def _variance(df1: Array, df2: Array) -> Array:
        mean = df2 / (df2 - 2.0)
        # (d₁ + d₂ − 2)/(d₁ (d₂ − 4)), whose parts may overflow where it doesn't
        spread = 1.0 / df1 + (1.0 / (df2 - 4.0)) * (1.0 + 2.0 / df1)
        finite = 2.0 * mean * mean * spread
        return np.where(df2 > 4.0, finite, np.inf)
