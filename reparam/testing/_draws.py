"""Properties of draws: repeatable, replayable, independent; products with their derivatives."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK
from reparam.testing._report import Distributions, agree, check
from reparam.testing._typical import SETS, noise_for, one_of, typical


def draws_repeat(cls: Distributions) -> None:
    """The same seed gives the same draws; a prefix of more draws is fewer draws."""
    d = typical(cls)
    few, many = d.rsample(5, rng=3), d.rsample(9, rng=3)
    agree(d, "a value among more draws", many.value[:5], few.value)
    agree(d, "noise among more draws", many.noise[:5], few.noise)
    agree(d, "a value of sample", d.sample(5, rng=3), few.value)
    check(d, np.any(d.sample(5, rng=4) != few.value), "seeds 3 and 4 give the same draws")
    empty = d.rsample(0, rng=1).value.shape
    check(d, empty == (0, SETS), f"no draws have shape {empty}, expected {(0, SETS)}")


def draws_replay(cls: Distributions) -> None:
    """``transform`` of a draw's noise is that draw, also from the middle of a block.

    To the bit where the path is a map; of a field to what rounding the noise allows.
    """
    d = typical(cls)
    draw = d.rsample(BLOCK // SETS + 3, rng=3)
    value, noise = draw.value[-40:], draw.noise[-40:]
    slack: ArrayLike = 0.0
    if d.path == "field":
        blur = 1e-13 * noise + np.spacing(noise)  # of the cdf, and of the noise itself
        ulp = np.spacing(np.abs(value) + np.abs(getattr(d, "loc", 0.0)))
        slack = blur / np.exp(d.log_prob(value)) + ulp
    agree(d, "transform of a draw's noise", d.transform(noise).value, value, atol=slack, z=noise)


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


def derivatives_agree(cls: Distributions) -> None:
    """``jvp`` and ``vjp`` are the jacobian's products, vjp summed to each parameter's own shape."""
    names = cls.parameters.differentiable
    values: dict[str, ArrayLike] = {name: x.default for name, x in cls.parameters.items()}
    low, high = cls.parameters[names[0]].typical
    d = cls(**values | {names[0]: np.linspace(low, high, 3).reshape(3, 1)})
    draw = d.rsample((4, 2), rng=13)
    jacobian = draw.jacobian()
    upstream = np.cos(np.arange(float(draw.value.size))).reshape(draw.value.shape)
    for name, gradient in draw.vjp(upstream).items():
        own = np.shape(getattr(d, name))
        check(
            d,
            np.shape(gradient) == own,
            f"∂L/∂{name} has shape {np.shape(gradient)}, expected {own}, the parameter's",
        )
        product = upstream * jacobian[name]
        axes = (0, 1) if own else None
        slack = 1e-14 * np.abs(product).sum(axis=axes)
        agree(d, f"∂L/∂{name}", gradient, product.sum(axis=axes), atol=slack)
        agree(d, f"jvp in {name}", draw.jvp(**{name: 2.0}), 2.0 * jacobian[name], rtol=1e-14)
    together = draw.jvp(**dict.fromkeys(names, 1.0))
    slack = 1e-15 * sum(np.abs(entry) for entry in jacobian.values())
    agree(d, "jvp in all parameters", together, sum(jacobian.values()), atol=slack)


def elements_are_independent(cls: Distributions) -> None:
    """A value does not depend on its neighbours in the batch, nor on the batch's shape."""
    d = typical(cls)
    noise = noise_for(d)
    draw = d.transform(noise)
    y = draw.value
    batch = {"y": y, **_told(d, y)}
    jacobian, score = draw.jacobian(), d.score(y)
    for i, j in ((0, 0), (5, 3), (17, 6), (63, 1)):
        one = one_of(d, j)
        alone = one.transform(noise[i, j])
        x = alone.value
        scalars = {"y": x, **_told(one, x)}
        batches = batch | {f"∂y/∂{name}": entry for name, entry in jacobian.items()}
        scalars |= {f"∂y/∂{name}": entry for name, entry in alone.jacobian().items()}
        batches |= {f"∂ log p/∂{name}": entry for name, entry in score.items()}
        scalars |= {f"∂ log p/∂{name}": entry for name, entry in one.score(x).items()}
        for what, values in batches.items():
            agree(one, f"{what} in a batch", values[i, j], scalars[what], z=noise[i, j])


def _told(d: Reparameterized, y: Array) -> dict[str, Array]:
    """Return what the distribution computes from values, except derivatives in parameters."""
    return {
        "log p(y)": d.log_prob(y),
        "F(y)": d.cdf(y),
        "1 − F(y)": d.sf(y),
        "ln F(y)": d.log_cdf(y),
        "ln(1 − F(y))": d.log_sf(y),
        "∂ log p/∂y": d.stein_score(y),
    }
