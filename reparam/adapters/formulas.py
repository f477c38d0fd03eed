"""What adapters compute, in NumPy: functions of a distribution, and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.adapters.laws import law_of
from reparam.base.numerical import in_parameters
from reparam.base.reparameterized import Reparameterized
from reparam.divergences import exact
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Noise, Stream, Substream
from reparam.engine.operands import operand
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import NoFormulaError

__all__ = ["DRAWS", "STATISTICS", "divergence", "kinds_of_noise", "noise", "partials", "value"]

#: Functions of the parameters alone.
STATISTICS = ("mean", "variance", "entropy")

#: Functions of noise, and whether they draw by the quantile.
DRAWS = {"draw": False, "draw_by_quantile": True}


def kinds_of_noise(key: str, function: str) -> tuple[Noise, ...]:
    """Return the kinds of random numbers that a draw is made of, one each."""
    law = law_of(key)
    several = cast(tuple[Noise, ...], law._substreams)
    return several if law.path == "field" and not DRAWS[function] else (law.noise,)


def noise(key: str, function: str, seed: int, first: int, shape: tuple[int, ...]) -> list[Array]:
    """Return the random numbers of draws: one array for each kind.

    Parameters
    ----------
    key, function
        The distribution, and how it is drawn.
    seed
        A non-negative integer.
    first
        The number of the first draw in the streams.
    shape
        The shape of the draws.
    """
    stream, kinds = Stream(seed), kinds_of_noise(key, function)
    operands = [Substream(stream, kind, number) for number, kind in enumerate(kinds)]
    return evaluate(lambda *z: z, operands, shape, events=[()] * len(kinds), first=first)


def value(key: str, function: str, values: Sequence[Array], theta: Sequence[Array]) -> list[Array]:
    """Return a function of values and parameters; of a draw, the value and extra arrays."""
    d = law_of(key)(*theta)
    if function in DRAWS:
        return _drawn(d.by_quantile() if DRAWS[function] else d, values)
    if function in STATISTICS:
        return [np.array(getattr(d, function))]
    if function == "attach":
        return [np.array(np.broadcast_to(values[0], _shape(d, values)))]
    return [np.asarray(getattr(d, function)(values[0]))]


def partials(
    key: str, function: str, values: Sequence[Array], theta: Sequence[Array]
) -> list[Array]:
    """Return the derivatives of a function in each differentiable parameter.

    Parameters
    ----------
    key, function
        The distribution, and ``"pathwise"``, ``"score"``, ``"draw"`` or a statistic.
    values
        Where: a value, or what a draw was made with; of a statistic, nothing.
    theta
        The parameters, in declared order.
    """
    d = law_of(key)(*theta)
    if function == "draw":
        shape = _shape(d, values)
        operands = [operand(np.asarray(x), shape) for x in values]
        return evaluate(
            d._formula("_jacobian"),
            [*operands, *d._theta_operands(shape)],
            shape,
            events=d._events(),
        )
    if function in STATISTICS:
        with np.errstate(all="ignore"):
            found = in_parameters(
                lambda _, *theta: d._formula(f"_{function}")(*theta),
                np.zeros(d.batch_shape),
                d._theta,
                tuple(d.parameters.values()),
            )
        return [np.array(entry) for entry in found]
    return [np.asarray(entry) for entry in getattr(d, function)(values[0]).values()]


def divergence(p: str, q: str, theta_p: Sequence[Array], theta_q: Sequence[Array]) -> list[Array]:
    """Return KL(p‖q), and its derivatives in each differentiable parameter of p, then of q.

    Raises
    ------
    NoFormulaError
        If it has no closed form.
    """
    one, other = law_of(p)(*theta_p), law_of(q)(*theta_q)
    found = exact(one, other)
    if found is None:
        raise NoFormulaError(
            f"KL(p‖q) of {type(one).__name__} and {type(other).__name__} has no closed form;"
            " average p.log_prob(y) - q.log_prob(y) over draws y from p"
        )
    gradients = [*found.gradient_p.values(), *found.gradient_q.values()]
    shape = np.shape(found.value)
    return [np.array(np.broadcast_to(each, shape)) for each in (found.value, *gradients)]


def _drawn(d: Reparameterized, numbers: Sequence[Array]) -> list[Array]:
    shape = _shape(d, numbers)
    return evaluate(
        d._drawing,
        [*(operand(z, shape) for z in numbers), *d._theta_operands(shape)],
        shape,
        events=[()] * (1 + d._extras),
    )


def _shape(d: Reparameterized, values: Sequence[Array]) -> tuple[int, ...]:
    """Return the shape that values and parameters broadcast to."""
    return broadcast_shapes(values=values[0].shape, parameters=d.batch_shape)
