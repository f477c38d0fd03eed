"""Laws that are tilted, lopsided, or have another power in the exponent, in FLINT's balls."""

from __future__ import annotations

from typing import Any

import numpy as np
from balls import upper_gamma
from flint import arb
from laws import Formula, Law, Parameters


def placed(
    lower: Formula,
    upper: Formula,
    log_density: Formula,
    moments: Formula,
    theta: Parameters,
    *,
    beyond: bool = True,
) -> Law:
    """y = loc + scale·z with one shape of z: its tails, log density and moments."""

    def moment(which: int) -> Formula:
        def formula(shape: Any, loc: Any, scale: Any) -> Any:
            mean, variance, entropy = moments(shape)
            return (loc + scale * mean, scale**2 * variance, entropy + scale.log())[which]

        return formula

    return Law(
        "real",
        lambda y, shape, loc, scale: lower((y - loc) / scale, shape),
        lambda y, shape, loc, scale: upper((y - loc) / scale, shape),
        lambda y, shape, loc, scale: log_density((y - loc) / scale, shape) - scale.log(),
        moment(2),
        moment(0),
        moment(1),
        theta,
        beyond,
    )


def laplace_lower(z: Any, k: Any) -> Any:
    side = 1 / (1 + k**2)
    return k**2 * side * (z / k).exp() if z < 0 else 1 - side * (-k * z).exp()


def laplace_upper(z: Any, k: Any) -> Any:
    return laplace_lower(-z, 1 / k)


def laplace_log_density(z: Any, k: Any) -> Any:
    return (z / k if z < 0 else -k * z) - (k + 1 / k).log()


def location_and_scale(rng: np.random.Generator) -> list[float]:
    loc = float(rng.choice([0.0, rng.normal() * 10.0 ** rng.uniform(-2, 2)]))
    return [loc, float(10.0 ** rng.uniform(-3, 3))]


def laplace_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, some next to 1, the others anything."""
    kinds = 10.0 ** rng.uniform(-0.5, 0.5), 1.0 + 10.0 ** rng.uniform(-15, -1)
    return [float(rng.choice([*kinds, 10.0 ** rng.uniform(-6, 6)])), *location_and_scale(rng)]


def power_outside(size: Any, beta: Any) -> Any:
    """P(|Z| > size)."""
    return upper_gamma(1 / beta, size**beta) if size != 0 else arb(1)


def power_lower(z: Any, beta: Any) -> Any:
    outside = power_outside(abs(z), beta) / 2
    return outside if z < 0 else 1 - outside


def power_log_density(z: Any, beta: Any) -> Any:
    return -(abs(z) ** beta if z != 0 else arb(0)) - (1 + 1 / beta).lgamma() - arb(2).log()


def power_moments(beta: Any) -> tuple[Any, Any, Any]:
    a = 1 / beta
    variance = ((3 * a).lgamma() - a.lgamma()).exp()
    return arb(0), variance, a + arb(2).log() + (1 + a).lgamma()


def power_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others integers and halves, or from 0.05 to 10,000."""
    kinds = 10.0 ** rng.uniform(-0.5, 1), rng.integers(1, 16) / 2, 10.0 ** rng.uniform(-1.3, 4)
    return [float(rng.choice(kinds)), *location_and_scale(rng)]


def tilted_below(y: Any, eta: Any) -> Any:
    return (eta * y).expm1() / eta.expm1() if eta != 0 else y


def tilted_logs(eta: Any) -> Any:
    return (eta.expm1() / eta).log() if eta != 0 else arb(0)


def tilted_mean(eta: Any) -> Any:
    return 1 / (1 - (-eta).exp()) - 1 / eta if eta != 0 else arb(1) / 2


def tilted_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others next to 0, or anything."""
    sizes = rng.uniform(0, 10), 10.0 ** rng.uniform(-12, 0), 10.0 ** rng.uniform(0, 3)
    return [float(rng.choice([-1, 1]) * rng.choice(sizes))]


def sigmoid(at: Any) -> Any:
    return 1 / (1 + (-at).exp())


LAWS = {
    "asymmetric-laplace": placed(
        laplace_lower,
        laplace_upper,
        laplace_log_density,
        lambda k: (1 / k - k, k**2 + 1 / k**2, 1 + (k + 1 / k).log()),
        laplace_theta,
    ),
    "generalized-normal": placed(
        power_lower,
        lambda z, beta: power_lower(-z, beta),
        power_log_density,
        power_moments,
        power_theta,
        beyond=False,  # |z|^β has no end
    ),
    "continuous-bernoulli": Law(
        "logit",
        lambda at, eta: tilted_below(sigmoid(at), eta),
        lambda at, eta: tilted_below(sigmoid(-at), -eta),
        lambda at, eta: (
            eta * sigmoid(at) - tilted_logs(eta) - at.exp().log1p() - (-at).exp().log1p()
        ),
        lambda eta: tilted_logs(eta) - eta * tilted_mean(eta),
        tilted_mean,
        lambda eta: 1 / eta**2 - 1 / (4 * (eta / 2).sinh() ** 2) if eta != 0 else arb(1) / 12,
        tilted_theta,
    ),
}
