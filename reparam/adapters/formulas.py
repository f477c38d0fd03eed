"""What adapters compute, in NumPy: functions of a distribution, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.adapters.laws import law_of
from reparam.base.numerical import in_parameters, in_values
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import flat
from reparam.divergences import exact
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Noise, Stream, Substream
from reparam.engine.operands import operand
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import NoFormulaError

__all__ = [
    "DRAWS",
    "ENDS",
    "STATISTICS",
    "divergence",
    "kinds_of_noise",
    "noise",
    "outputs",
    "value",
]

#: Functions of the parameters alone.
STATISTICS = ("mean", "variance", "entropy")

#: Ends of the support, from the parameters alone.
ENDS = ("low", "high")

#: Functions of noise, and whether they draw by the quantile.
DRAWS = {"draw": False, "draw_by_quantile": True}

#: Derivatives of draws from what was made, and their formulas.
_OF_DRAW = {"of_draw": "_jacobian", "of_draw2": "_hessian"}

#: Derivatives on the quantile path through a value.
_PATH = {"path": "pathwise", "path2": "pathwise2"}

#: Functions with an array per differentiable parameter, and per pair of these.
_FIRST = ("score", "pathwise", "path", "of_draw", *(f"of_{each}" for each in STATISTICS))
_SECOND = ("path2", "of_draw2")


def kinds_of_noise(key: str, function: str) -> tuple[Noise, ...]:
    """Return the kinds of random numbers that a draw is made of, one each."""
    law = law_of(key)
    several = cast(tuple[Noise, ...], law._substreams)
    return several if law.path == "field" and not DRAWS[function] else (law.noise,)


def noise(
    key: str, function: str, stream: Stream, first: int, shape: tuple[int, ...]
) -> list[Array]:
    """Return the random numbers of draws: one array for each kind.

    Parameters
    ----------
    key, function
        The distribution, and how it is drawn.
    stream, first
        The stream, and the number of the first draw in it.
    shape
        The shape of the draws.
    """
    kinds = kinds_of_noise(key, function)
    operands = [Substream(stream, kind, number) for number, kind in enumerate(kinds)]
    return evaluate(lambda *z: z, operands, shape, events=[()] * len(kinds), first=first)


def outputs(key: str, function: str) -> int:
    """Return how many arrays :func:`value` returns of a function."""
    if function in DRAWS:
        return 1 + law_of(key)._extras
    count = len(law_of(key)._own.differentiable)
    return {
        **dict.fromkeys(_FIRST, count),
        **dict.fromkeys(_SECOND, count * (count + 1) // 2),
        "log_prob2": (count + 1) * (count + 2) // 2,
    }.get(function, 1)


def value(key: str, function: str, values: Sequence[Array], theta: Sequence[Array]) -> list[Array]:
    """Return a function of values and parameters.

    Parameters
    ----------
    key, function
        The distribution, and what to compute: of a draw the value and the auxiliary arrays; for
        derivatives, an array per differentiable parameter; for second derivatives, the upper
        triangle, row by row.
    values
        Where: a value, or the numbers that a draw is made of; for derivatives of draws, the value
        and the auxiliary arrays; for statistics and their derivatives, nothing.
    theta
        The parameters, in declared order.
    """
    d = law_of(key)(*theta)
    if function in DRAWS:
        return _drawn(d.by_quantile() if DRAWS[function] else d, values)
    if function in STATISTICS:
        return [np.array(getattr(d, function))]
    if function in ENDS:
        return [np.array(d._ends(*d._theta)[ENDS.index(function)])]
    if function == "attach":
        return [np.array(np.broadcast_to(values[0], _shape(d, values)))]
    if function in _OF_DRAW:
        return _of_draw(key, d, function, values)
    if function.startswith("of_"):
        return _of_statistic(d, function.removeprefix("of_"))
    if function == "log_prob2":
        return _log_prob2(d, values[0])
    found = getattr(d, _PATH.get(function, function))(values[0])
    if function == "path2":
        rows = [[*row.values()] for row in found.values()]
        return [np.asarray(entry) for k, row in enumerate(rows) for entry in row[k:]]
    return [np.asarray(x) for x in (found.values() if isinstance(found, dict) else [found])]


def _of_draw(key: str, d: Reparameterized, function: str, values: Sequence[Array]) -> list[Array]:
    formula, shape = d._formula(_OF_DRAW[function]), _shape(d, values)
    operands = [*(operand(np.asarray(x), shape) for x in values), *d._theta_operands(shape)]
    return evaluate(
        lambda *arguments: tuple(flat(formula(*arguments))),
        operands,
        shape,
        events=[()] * outputs(key, function),
    )


def _of_statistic(d: Reparameterized, statistic: str) -> list[Array]:
    with np.errstate(all="ignore"):
        found = in_parameters(
            lambda _, *theta: d._formula(f"_{statistic}")(*theta),
            np.zeros(d.batch_shape),
            d._theta,
            d._all_declared,
        )
    return [np.array(entry) for entry in found]


def _log_prob2(d: Reparameterized, y: Array) -> list[Array]:
    """Return second derivatives of the log density in y, then θ, by differences of the first."""
    shape, y, theta = d._as_rows(y, d._theta)
    low, high = d._ends_of_rows(shape, d._theta)
    slope, score = d._formula("_stein_score"), d._formula("_score")

    def entry(k: int) -> Callable[..., Array]:
        return lambda y, *theta: np.broadcast_to(score(y, *theta)[k], y.shape)

    entries = [entry(k) for k in range(len(d.parameters.differentiable))]
    with np.errstate(all="ignore"):
        found = [in_values(each, y, theta, low, high) for each in (slope, *entries)]
        for k, each in enumerate(entries):
            found += in_parameters(each, y, theta, d._all_declared)[k:]
    return [x.reshape(shape) for x in found]


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
