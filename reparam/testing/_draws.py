"""Properties of draws: repeatable, replayable, independent; products with their derivatives."""

from __future__ import annotations

import numpy as np

from reparam._typing import ArrayLike
from reparam.distribution import Reparameterized
from reparam.noise import BLOCK
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

    To the bit where the noise came first; where the value did, to what rounding the noise allows.
    Draws that share their parameters, which polynomials may make, are those of their noise, too.
    """
    d = typical(cls)
    draw = d.rsample(BLOCK // SETS + 3, rng=3)
    value, noise = draw.value[-40:], draw.noise[-40:]
    slack: ArrayLike = 0.0
    if d._direct:
        blur = 1e-13 * noise + np.spacing(noise)  # of the cdf, and of the noise itself
        ulp = np.spacing(np.abs(value) + np.abs(getattr(d, "loc", 0.0)))
        slack = blur / np.exp(d.log_prob(value)) + ulp
    agree(d, "transform of a draw's noise", d.transform(noise).value, value, atol=slack, z=noise)
    _shared_draws_replay(one_of(typical(cls, 2), 1))


def _shared_draws_replay(d: Reparameterized) -> None:
    draw = d.rsample(1000, rng=19)
    middle = np.abs(d.cdf(draw.value) - 0.5) < 0.49  # where rounding the noise does little
    again = d.transform(draw.noise)
    pairs = {"value": (draw.value, again.value)}
    pairs |= {
        f"∂y/∂{name}": (draw.jacobian()[name], entry) for name, entry in again.jacobian().items()
    }
    for what, (found, wanted) in pairs.items():
        slack = 1e-13 * np.abs(found[middle]).max()
        agree(d, what, found[middle], wanted[middle], rtol=1e-11, atol=slack)


def derivatives_agree(cls: Distributions) -> None:
    """``jvp`` and ``vjp`` are the jacobian's products, vjp summed to each parameter's own shape."""
    first, *others = cls.parameters.values()
    values: dict[str, ArrayLike] = {parameter.name: parameter.default for parameter in others}
    low, high = first.typical
    d = cls(**values, **{first.name: np.linspace(low, high, 3).reshape(3, 1)})
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
    together = draw.jvp(**dict.fromkeys(cls.parameters, 1.0))
    slack = 1e-15 * sum(np.abs(entry) for entry in jacobian.values())
    agree(d, "jvp in all parameters", together, sum(jacobian.values()), atol=slack)


def elements_are_independent(cls: Distributions) -> None:
    """A value does not depend on its neighbours in the batch, nor on the batch's shape."""
    d = typical(cls)
    noise = noise_for(d)
    draw = d.transform(noise)
    y = draw.value
    batch = {"y": y, "log p(y)": d.log_prob(y), "F(y)": d.cdf(y), "1 − F(y)": d.sf(y)}
    jacobian, score = draw.jacobian(), d.score(y)
    for i, j in ((0, 0), (5, 3), (17, 6), (63, 1)):
        one = one_of(d, j)
        alone = one.transform(noise[i, j])
        x = alone.value
        scalars = {"y": x, "log p(y)": one.log_prob(x), "F(y)": one.cdf(x), "1 − F(y)": one.sf(x)}
        batches = batch | {f"∂y/∂{name}": entry for name, entry in jacobian.items()}
        scalars |= {f"∂y/∂{name}": entry for name, entry in alone.jacobian().items()}
        batches |= {f"∂ log p/∂{name}": entry for name, entry in score.items()}
        scalars |= {f"∂ log p/∂{name}": entry for name, entry in one.score(x).items()}
        for what, values in batches.items():
            agree(one, f"{what} in a batch", values[i, j], scalars[what], z=noise[i, j])
