"""Stable distributions, in FLINT's balls."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from balls import NoReferenceError
from flint import arb, ctx
from laws import INF, NAN
from laws_averaged import BITS, Averaged
from laws_skewed import location_and_scale, placed

sys.path.insert(0, str(Path(__file__).parents[1]))

from stable_tails import integrals


def tail_and_density(z: Any, alpha: Any, skew: Any) -> tuple[Any, Any]:
    """P(Z > z) and p(z), of few bits, of which differences have a hundred."""
    with ctx.workprec(min(ctx.prec, BITS)):
        return integrals(z, alpha, skew)


def log_density(z: Any, alpha: Any, skew: Any) -> Any:
    return tail_and_density(z, alpha, skew)[1].log()


def mean(alpha: Any, skew: Any, loc: Any, scale: Any) -> Any:
    if alpha > 1:
        return loc - scale * skew * (arb.pi() * alpha / 2).tan()
    return INF * float(skew) if abs(skew) == 1 else NAN


def variance(alpha: Any, skew: Any, *_: Any) -> Any:
    return INF if alpha > 1 or abs(skew) == 1 else NAN


def entropy(*_: Any) -> Any:
    """Known for Gaussian, Cauchy and Lévy distributions only: tests compare it with theirs."""
    raise NoReferenceError


def theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, some next to 1 or to 2, others anything."""
    near = (
        1.0 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-9, -1),
        2.0 - 10.0 ** rng.uniform(-9, -1),
    )
    alphas = rng.uniform(0.5, 1.95), rng.uniform(0.5, 1.95), rng.choice([0.5, 1.5]), *near
    skews = rng.uniform(-1, 1), rng.uniform(-1, 1), 0.0, 1.0 - 10.0 ** rng.uniform(-12, -1)
    return [float(rng.choice(alphas)), float(rng.choice(skews)), *location_and_scale(rng)]


STABLE = placed(
    lambda z, alpha, skew: tail_and_density(-z, alpha, -skew)[0],
    lambda z, alpha, skew: tail_and_density(z, alpha, skew)[0],
    log_density,
    (entropy, entropy, entropy),
    theta,
    kind=Averaged,
)
LAWS = {"stable": replace(STABLE, mean=mean, variance=variance)}
