"""The continuous Bernoulli distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import LOG_ODDS
from reparam.domains import REAL, UNIT
from reparam.parameters import Parameter
from reparam.special import tilted

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(InverseCDF):
    """The continuous Bernoulli distribution: the uniform on (0, 1), tilted by e^(ηy).

    p(y) = η e^(ηy)/(e^η − 1) for 0 < y < 1, proportional to λ^y (1 − λ)^(1−y) with the logit η of
    λ. It is the likelihood of intensities in [0, 1] that variational autoencoders need; η = 0 is
    the uniform distribution, and nothing is singular there.
    """

    name = "continuous-bernoulli"
    logits: Parameter = Parameter(
        "η",
        REAL,
        0.0,
        (-4.0, 4.0),
        ("logit", "eta"),
        "Logit of λ: the tilt, positive towards 1",
        conversions={"probs": LOG_ODDS, "prob": LOG_ODDS, "lam": LOG_ODDS},
    )
    about = About(
        density="p(y) = η e^(ηy) / (e^η − 1)",
        transform="y = log(1 + u (e^η − 1)) / η",
        derivatives={"logits": "((1 − e^(−ηy)) / (1 − e^(−η)) − y) / η"},
        source="Loaiza-Ganem & Cunningham (2019), The continuous Bernoulli",
    )
    _support = UNIT
    _mirrored = ("-logits",)
    _tails = (Tail(power="1"), Tail(power="1"))
    _extras: ClassVar[int] = 1  # 1 − y
    _views: ClassVar[Mapping[str, View]] = {
        "complement": View("_complement", "_complement_jacobian"),
    }

    @staticmethod
    def _transform(noise: Array, logits: Array) -> tuple[Array, ...]:
        return tilted.quantile(noise, 1.0 - noise, logits)

    @staticmethod
    def _icdf(u: Array, logits: Array) -> Array:
        return tilted.quantile(u, 1.0 - u, logits)[0]

    @staticmethod
    def _isf(v: Array, logits: Array) -> Array:
        return tilted.quantile(1.0 - v, v, logits)[0]

    @staticmethod
    def _jacobian(y: Array, rest: Array, logits: Array) -> tuple[Array, ...]:
        return (tilted.pathwise(y, rest, logits),)

    @staticmethod
    def _pathwise(y: Array, logits: Array) -> tuple[Array, ...]:
        return (tilted.pathwise(y, 1.0 - y, logits),)

    @staticmethod
    def _hessian(y: Array, rest: Array, logits: Array) -> Triangle:
        return ((tilted.pathwise2(y, rest, logits),),)

    @staticmethod
    def _pathwise2(y: Array, logits: Array) -> Triangle:
        return ((tilted.pathwise2(y, 1.0 - y, logits),),)

    @staticmethod
    def _complement(y: Array, rest: Array, logits: Array) -> Array:
        return rest

    @staticmethod
    def _complement_jacobian(y: Array, rest: Array, logits: Array) -> tuple[Array, ...]:
        return (-tilted.pathwise(y, rest, logits),)

    @staticmethod
    def _cdf(y: Array, logits: Array) -> Array:
        return tilted.tail(y, 1.0 - y, logits)

    @staticmethod
    def _sf(y: Array, logits: Array) -> Array:
        return tilted.tail(1.0 - y, y, -logits)

    @staticmethod
    def _log_cdf(y: Array, logits: Array) -> Array:
        return tilted.log_tail(y, 1.0 - y, logits)

    @staticmethod
    def _log_sf(y: Array, logits: Array) -> Array:
        return tilted.log_tail(1.0 - y, y, -logits)

    @staticmethod
    def _log_prob(y: Array, logits: Array) -> Array:
        return tilted.log_density(y, 1.0 - y, logits)

    @staticmethod
    def _score(y: Array, logits: Array) -> tuple[Array, ...]:
        return (tilted.distance_from_mean(y, 1.0 - y, logits),)

    @staticmethod
    def _score_of_draw(y: Array, rest: Array, logits: Array) -> tuple[Array, ...]:
        return (tilted.distance_from_mean(y, rest, logits),)

    @staticmethod
    def _stein_score(y: Array, logits: Array) -> Array:
        return logits + 0.0 * y

    @staticmethod
    def _mean(logits: Array) -> Array:
        return tilted.mean(logits)

    @staticmethod
    def _variance(logits: Array) -> Array:
        return tilted.variance(logits)

    @staticmethod
    def _entropy(logits: Array) -> Array:
        return tilted.entropy(logits)
