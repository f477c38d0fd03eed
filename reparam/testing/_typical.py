"""Parameters and noise to look at: deterministic, from the declared typical ranges."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Integers
from reparam.engine.noise import UNIFORM

__all__ = ["SETS", "noise_for", "one_of", "several", "typical", "typicals"]

D = TypeVar("D", bound=Distribution)

#: Parameter sets that a property looks at.
SETS = 7


def typicals(cls: type[D], n: int = SETS, seed: int = 0) -> list[D]:
    """Return what :func:`typical` does, for every choice among alternative parameters."""
    return [_typical(cls, names, n, seed) for names in cls._selections()]


def typical(cls: type[D], n: int = SETS, seed: int = 0) -> D:
    """Return the distribution with a batch of parameter sets from the declared typical ranges.

    Of alternative parameters it has the first. Ranges of positive numbers are covered evenly on a
    logarithmic scale. The first set is the defaults.

    Parameters
    ----------
    cls
        The distribution's class.
    n
        How many parameter sets.
    seed
        The same seed gives the same sets.

    Returns
    -------
    Distribution
        Of batch shape ``(n,)``.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.testing import typical
    >>> typical(rp.Exponential, 3).batch_shape
    (3,)
    """
    return _typical(cls, cls._selections()[0], n, seed)


def _typical(cls: type[D], names: list[str], n: int, seed: int) -> D:
    rng = np.random.default_rng(seed)
    values: dict[str, ArrayLike] = {}
    for parameter in (cls.parameters[name] for name in names):
        if parameter.length_of:
            continue
        size = (n, *parameter.lengths)
        drawn = parameter.typical_at(rng.random(size))
        if isinstance(parameter.domain, Integers):
            drawn = np.rint(drawn)
        drawn[0] = parameter.initial
        values[parameter.name] = drawn
    return cls(**values)


def one_of(d: D, index: int) -> D:
    """Return the distribution with one parameter set of a batch, as scalars."""
    values: dict[str, ArrayLike] = {
        name: getattr(d, name) if parameter.length_of else getattr(d, name)[index]
        for name, parameter in d.parameters.items()
    }
    return type(d)(**values)


def several(noise: Any) -> list[Array]:
    """Return the arrays of a draw's noise, however many there are."""
    return [*noise] if isinstance(noise, tuple) else [noise]


def noise_for(d: Reparameterized, n: int = 32) -> list[Array]:
    """Return arrays of noise of shape (n, *batch, …): central and in the tails."""
    arrays = [np.array(each) for each in several(d.rsample(n, rng=1).noise)]
    kinds = [kind for kind, _ in d._noises()] if d.event_shape else [d.noise]
    for kind, noise in zip(kinds, arrays, strict=True):
        if kind is UNIFORM:
            noise[: n // 8] *= 1e-3
            noise[n // 8 : n // 4] = 1.0 - noise[n // 8 : n // 4] * 1e-3
    return arrays
