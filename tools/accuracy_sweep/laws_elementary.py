"""Further laws in elementary functions, in FLINT's balls: see ``laws.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb
from laws import INF, Formula, Law, gamma_law, log_two
from laws_closed import euler, placed, scaled


def log_placed(
    lower: Formula,
    upper: Formula,
    log_density: Formula,
    moments: tuple[Any, Any],
    power_moment: Callable[[Any], Any],
    order: float,
) -> Law:
    """y = scale e^(w/k): the law of w, its mean and entropy, and E[e^sw], finite for s < order."""

    def of_w(formula: Formula) -> Formula:
        return lambda at, scale, k: formula(k * (at - scale.log()))

    def mean(scale: Any, k: Any) -> Any:
        return scale * power_moment(1 / k) if k > 1 / order else INF

    def variance(scale: Any, k: Any) -> Any:
        if k > 2 / order:
            return scale**2 * (power_moment(2 / k) - power_moment(1 / k) ** 2)
        return INF

    return Law(
        "log",
        of_w(lower),
        of_w(upper),
        lambda at, scale, k: k.log() + log_density(k * (at - scale.log())),
        lambda scale, k: (scale / k).log() + moments[0]() / k + moments[1](),
        mean,
        variance,
        beyond=False,
    )


LAWS: dict[str, Law] = {
    "frechet": log_placed(
        lambda w: (-((-w).exp())).exp(),
        lambda w: -((-((-w).exp())).expm1()),
        lambda w: -w - (-w).exp(),
        (euler, lambda: 1 + euler()),
        lambda s: (1 - s).gamma(),
        1.0,
    ),
    "log-logistic": log_placed(
        lambda w: 1 / (1 + (-w).exp()),
        lambda w: 1 / (1 + w.exp()),
        lambda w: -(w.exp().log1p()) - (-w).exp().log1p(),
        (lambda: 0, lambda: arb(2)),
        lambda s: arb.pi() * s / (arb.pi() * s).sin(),
        1.0,
    ),
    "maxwell": gamma_law(
        lambda s: arb(1.5),
        lambda s: s.log() + log_two() / 2,
        arb(0.5),
        lambda s: s * (8 / arb.pi()).sqrt(),
        lambda s: s**2 * (3 - 8 / arb.pi()),
    ),
    "rayleigh": scaled(
        lambda z: -((-z * z / 2).expm1()),
        lambda z: (-z * z / 2).exp(),
        lambda z: z.log() - z * z / 2,
        lambda: (
            (arb.pi() / 2).sqrt(),
            2 - arb.pi() / 2,
            1 + (euler() - log_two()) / 2,
        ),
    ),
    "soft-laplace": placed(
        lambda z: 2 * z.exp().atan() / arb.pi(),
        lambda z: 2 * (-z).exp().atan() / arb.pi(),
        lambda z: -((z.exp() + (-z).exp()) / 2).log() - arb.pi().log(),
        lambda: (arb(0), arb.pi() ** 2 / 4, (2 * arb.pi()).log()),
    ),
}
