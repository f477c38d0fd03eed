"""Make ``tests/helpers/reference/moments.csv``: moments and entropies by mpmath's quadrature.

``python tools/moments_reference.py`` takes half a minute. Quadrature is in y, of densities that
mpmath computes, or in the noise of maps of Gaussians.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from references import LAWS, Numbers, mixed  # noqa: E402 - from the tests' folder

import reparam as rp  # noqa: E402

PATH = ROOT / "tests" / "helpers" / "reference" / "moments.csv"
COLUMNS = ("mean", "variance", "entropy")
#: Digits in the table, and those that quadrature works with.
DIGITS, WORKING = 20, 30

MIXTURES = (
    rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gaussian(3.0, 2.0)),
    rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gaussian(0.0, 1e-3)),
    rp.mixture([0.5, 0.5], rp.Gaussian(-20.0), rp.Gaussian(20.0)),
    rp.mixture([1e-6, 1.0 - 1e-6], rp.Gaussian(0.0, 1e-6), rp.Gaussian()),
    rp.mixture([0.2, 0.3, 0.5], rp.Gaussian(), rp.Gaussian(1.0, 2.0), rp.Gaussian(10.0, 0.1)),
    rp.mixture([0.3, 0.7], rp.Laplace(), rp.Exponential(3.0)),
)
CLIPPED = (
    rp.clip(rp.Gaussian(0.2, 1.3), low=-1.0, high=2.0),
    rp.clip(rp.Gaussian(), low=9.0, high=9.5),
    rp.clip(rp.Gaussian(), high=-5.0),
    rp.clip(rp.Gamma(2.5, 1.4), low=0.3),
    rp.clip(rp.StudentT(1.5), low=-5.0, high=1.0),
    rp.clip(rp.Exponential(0.7), high=600.0),
    rp.clip(rp.Laplace(), low=-0.2, high=0.1),
)
#: Seams of the rules (σ = 1, 4, 16, and half of these), and both ends of what they must cover.
GAUSSIANS = (
    *((50.0, 1e-3), (-0.3, math.nextafter(1.0, 2.0)), (3.0, 4.0)),
    *((-50.0, 16.0), (-50.0, math.nextafter(16.0, 17.0)), (1e-9, 2.0), (0.5, 1000.0)),
)
MAPS = (
    *(rp.LogitNormal(-abs(loc), scale) for loc, scale in GAUSSIANS),
    *(rp.TanhNormal(loc, scale) for loc, scale in GAUSSIANS),
)


def of_mixture(d: Any) -> dict[str, Any]:
    """Return the entropy, by quadrature between many points around each component."""
    numbers = Numbers(d)
    knots = set()
    for component in d.components:
        spread = float(np.sqrt(component.variance))
        knots |= {float(component.mean) + 0.5 * k * spread for k in range(-24, 25)}
        knots |= {float(end) for end in component.support if np.isfinite(end)}
        knots |= {float(component.mean) + k * spread for k in (-60, 60)}

    def integrand(y: Any) -> Any:
        p = mixed(d, y, numbers.values)[2]
        return -p * mpmath.log(p) if p > 0 else mpf(0)

    return {"entropy": mpmath.quad(integrand, sorted(knots))}


def of_clipped(d: Any) -> dict[str, Any]:
    """Return the moments: integrals between the ends, and what both ends add."""
    base, theta = LAWS[d.base.name], [mpf(float(value)) for value in d.base._theta]
    low, high = (mpf(float(end)) for end in d.support)
    knots = [float(k) for k in d.base.icdf(np.linspace(0.0, 1.0, 33)[1:-1])]
    knots += [float(f(10.0**-k)) for k in (2, 4, 8, 16, 30) for f in (d.base.icdf, d.base.isf)]
    cuts = [low if mpmath.isfinite(low) else mpf(min(knots) * 2)]
    cuts += [mpf(k) for k in sorted(knots) if low < k < high]
    cuts += [high if mpmath.isfinite(high) else mpf(max(knots) * 2)]
    below = base(low, *theta)[0] if mpmath.isfinite(low) else mpf(0)
    above = base(high, *theta)[1] if mpmath.isfinite(high) else mpf(0)
    atoms = [(p, y) for p, y in ((below, low), (above, high)) if p]

    def expected(f: Callable[[Any], Any]) -> Any:
        inside = mpmath.quad(lambda y: f(y) * base(y, *theta)[2], cuts)
        return inside + mpmath.fsum(p * f(y) for p, y in atoms)

    def integrand(y: Any) -> Any:
        p = base(y, *theta)[2]
        return p and -p * mpmath.log(p)

    mean = expected(lambda y: y)
    variance = expected(lambda y: (y - mean) ** 2)
    entropy = mpmath.quad(integrand, cuts) - mpmath.fsum(p * mpmath.log(p) for p, _ in atoms)
    return {"mean": mean, "variance": variance, "entropy": entropy}


def expectation(function: Callable[[Any], Any], loc: Any, scale: Any, unit: Any) -> Any:
    """E[f(x)] by quadrature over z, in pieces around where weight may be: relative to a unit."""
    m, s = mpf(loc), mpf(scale)
    places = {mpf(-15), mpf(0), max(mpf(15), 2 * s + 15)}
    for k in (0, 1, 2):
        places |= {k * s + d for d in (-12, -8, -5, -3, -1, 1, 3, 5, 8, 12)}
    places |= {-m / s + sign * d / s for sign in (-1, 1) for d in (0, 1, 2, 4, 8, 15, 30, 60)}
    low, high = mpf(-15), max(mpf(15), 2 * s + 15)
    ends = [low]
    for place in sorted(p for p in places if low < p <= high):
        if place - ends[-1] > mpf("0.02") / max(1, s):
            ends.append(place)
    return unit * mpmath.quad(lambda z: function(m + s * z) / unit * mpmath.npdf(z), ends)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def of_map(d: Any) -> dict[str, Any]:
    """Return the moments of a logit-normal whose mean is below ½, or of a tanh-normal."""
    logit = isinstance(d, rp.LogitNormal)
    size = 1 if logit else 2  # tanh(x) = 2 sigmoid(2x) − 1
    loc, scale = float(d.loc), float(d.scale)
    unit = sigmoid(-size * mpf(abs(loc)))
    near = expectation(sigmoid, -size * abs(loc), size * scale, unit)
    square = expectation(
        lambda x: (sigmoid(x) - near) ** 2, -size * abs(loc), size * scale, unit**2
    )
    if not logit:
        return {"mean": expectation(mpmath.tanh, loc, scale, mpf(1)), "variance": 4 * square}
    logs = expectation(
        lambda x: -abs(x) - 2 * mpmath.log1p(mpmath.exp(-abs(x))), loc, scale, mpf(1)
    )
    entropy = logs + mpmath.log(mpf(scale)) + (1 + mpmath.log(2 * mpmath.pi)) / 2
    return {"mean": near, "variance": square, "entropy": entropy}


CASES = {repr(d): (of_mixture, d) for d in MIXTURES}
CASES |= {repr(d): (of_clipped, d) for d in CLIPPED}
CASES |= {repr(d): (of_map, d) for d in MAPS}


def row(text: str) -> list[str]:
    """Return a row of the table: a distribution, and what is known of it."""
    make, d = CASES[text]
    with mp.workdps(WORKING):
        found = make(d)
        return [text, *(mpmath.nstr(found[c], DIGITS) if c in found else "" for c in COLUMNS)]


def main() -> None:
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["distribution", *COLUMNS])
        writer.writerows(row(text) for text in CASES)


if __name__ == "__main__":
    main()
