"""Properties of draws: repeatable, replayable, independent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam import sampling
from reparam._typing import Array, ArrayLike
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK
from reparam.testing._report import Distributions, agree, check
from reparam.testing._typical import SETS, noise_for, one_of, several, typical, typicals


def draws_repeat(cls: type[Distribution]) -> None:
    """The same seed gives the same draws, alone, among more, or from the middle of a block."""
    for d in typicals(cls):
        n = BLOCK // SETS // max(1, math.prod(d.event_shape)) + 100
        whole = d.sample(n, rng=3)
        agree(d, "a value among more draws", d.sample(9, rng=3)[:5], whole[:5])
        check(d, np.any(d.sample(50, rng=4) != whole[:50]), "seeds 3 and 4 give the same draws")
        check(d, np.any(whole[-40:] != whole[:40]), "two blocks hold the same draws")
        for part in (range(50, 90), range(n - 140, n)):
            pieces = np.concatenate([*sampling.values(d, part, rng=3)])
            agree(d, "a value drawn by its number", pieces, whole[part.start : part.stop])
        empty, expected = d.sample(0, rng=1).shape, (0, *d.batch_shape, *d.event_shape)
        check(d, empty == expected, f"no draws have shape {empty}, expected {expected}")
        if isinstance(d, Reparameterized):
            few, many = d.rsample(5, rng=3), d.rsample(9, rng=3)
            agree(d, "a value of rsample", few.value, whole[:5])
            for more, less in zip(several(many.noise), several(few.noise), strict=True):
                agree(d, "noise among more draws", more[:5], less)


def draws_replay(cls: Distributions) -> None:
    """``transform`` of a draw's noise is that draw, also from the middle of a block.

    To the bit where the path is a map, and of vectors; of a field to what rounding the noise
    allows.
    """
    d = typical(cls)
    size = max(math.prod(event) for _, event in d._noises()) if d.event_shape else 1
    draw = d.rsample(BLOCK // SETS // size + 3, rng=3)
    value, noise = draw.value[-40:], [each[-40:] for each in several(draw.noise)]
    slack: ArrayLike = 0.0
    if d.path == "field" and not d.event_shape:
        blur = 1e-13 * noise[0] + np.spacing(noise[0])  # of the cdf, and of the noise itself
        ulp = np.spacing(np.abs(value) + np.abs(getattr(d, "loc", 0.0)))
        slack = blur / np.exp(d.log_prob(value)) + ulp
    agree(d, "transform of a draw's noise", d.transform(*noise).value, value, atol=slack)


def elements_are_independent(cls: type[Distribution]) -> None:
    """What is said of a value does not depend on its neighbours, nor on the batch's shape."""
    for d in typicals(cls):
        noise = noise_for(d) if isinstance(d, Reparameterized) else [d.sample(32, rng=5)]
        batch = _said(d, noise)
        for i, j in ((0, 0), (5, 3), (17, 6), (31, 1)):
            at, one = (i, j)[: 1 + len(d.batch_shape)], one_of(d, j)
            for what, alone in _said(one, [each[at] for each in noise]).items():
                agree(one, f"{what} in a batch", batch[what][at], alone)


def _said(d: Any, noise: list[Array]) -> dict[str, Array]:
    """Return what the distribution makes of noise, or of values if it takes none."""
    y, found = noise[0], {}
    if isinstance(d, Reparameterized):
        draw = d.transform(*noise)
        y, found = draw.value, {"y": draw.value}
        found |= {f"∂y/∂{name}": entry for name, entry in draw.jacobian().items()}
    functions = {"log p(y)": d.log_prob}
    if not d.event_shape:
        functions |= {"F(y)": d.cdf, "1 − F(y)": d.sf, "ln F(y)": d.log_cdf}
        functions |= {"ln(1 − F(y))": d.log_sf}
        if found:
            functions |= {"∂ log p/∂y": d.stein_score}
    found |= {what: function(y) for what, function in functions.items()}
    return found | {f"∂ log p/∂{name}": entry for name, entry in d.score(y).items()}


def draws_hold_still(cls: Distributions) -> None:
    """Draw i depends on the seed, on i and on the parameters of draw i alone.

    One number for all draws and an array of equal ones give the same draws, and other parameters
    of one draw move no other one.
    """
    d, n = one_of(typical(cls, 2), 1), 1000
    values = d.sample(n, rng=19)
    first = next(iter(cls.parameters))
    theta = {name: np.full(n, getattr(d, name)) for name in cls.parameters}
    agree(d, "a draw with parameters of its own", cls(**theta).sample(rng=19), values)
    low, high = cls.parameters[first].typical
    theta[first][n // 2] = low if theta[first][0] != low else high
    moved = np.flatnonzero(cls(**theta).sample(rng=19) != values)
    check(d, set(moved) <= {n // 2}, f"another {first} of draw {n // 2} moves draws {moved[:5]}")


def values_are_of_their_own_parameters(cls: type[Discrete]) -> None:
    """A draw is the same, bit for bit, with parameters alone, in an array, or among others."""
    d = typical(cls)
    whole = d.sample(40, rng=9)
    for j in range(SETS):
        one = one_of(d, j)
        alone = one.sample((40, SETS), rng=9)[:, j]
        agree(one, "a draw with scalar parameters", alone, whole[:, j])
        values = {name: getattr(one, name) for name in d.parameters}
        alike = {
            name: np.broadcast_to(value, (SETS, *np.shape(value))) for name, value in values.items()
        }
        equal = cls(**alike).sample(40, rng=9)[:, j]
        agree(one, "a draw with arrays of equal parameters", equal, whole[:, j])
