"""Draws of any sampler, and of addressable streams, with exact derivatives.

NumPy computes them on the host, in float64, by ``jax.pure_callback``. Their derivatives are
``jax.custom_jvp`` rules, so that forward and reverse mode, ``jit`` and ``vmap`` apply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from reparam.adapters import formulas
from reparam.adapters.jax.product import times
from reparam.adapters.laws import Law, arranged, differentiable, law_of
from reparam.adapters.rules import RULES
from reparam.adapters.seeds import checked
from reparam.base.second_order import full, triangle, unflattened
from reparam.engine.noise import Stream
from reparam.errors import CountError, NoFormulaError, ShapeError

__all__ = ["attach", "evaluated", "rsample"]

#: What a parameter may be given as.
Number: TypeAlias = Any

#: Seeds are passed as two words of 32 bits, because JAX may have no others.
_WORD = 32

_Arrays: TypeAlias = Sequence[jax.Array]


def attach(y: Any, law: Law, /, **parameters: Number) -> jax.Array:
    """Return draws with exact derivatives in the parameters that they were drawn with.

    The derivative is that of the quantile path, ∂y/∂θ = −F_θ(y)/p(y), which needs the values alone:
    any exact sampler's draws will do. Derivatives that `y` has are replaced.

    Parameters
    ----------
    y
        The draws.
    law
        The name or an alias of a distribution, or its class.
    **parameters
        By name or alias: arrays, or numbers, that broadcast to the shape of `y`. Those left out
        have their defaults.

    Raises
    ------
    UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If there is no such distribution or parameter, or draws are integers or vectors.
    ShapeError
        If parameters don't broadcast to the shape of `y`.
    """
    key, theta = _theta(law, parameters)
    y = jnp.asarray(y)
    shape = jnp.broadcast_shapes(y.shape, *(each.shape for each in theta))
    if shape != y.shape:
        raise ShapeError(
            f"y has shape {y.shape} and y with the parameters has shape {shape};"
            " pass one draw for each set of parameters"
        )
    return evaluated(key, "attach", [jax.lax.stop_gradient(y)], theta)


def rsample(
    law: Law,
    /,
    shape: int | Sequence[int] = (),
    *,
    seed: int | jax.Array,
    start: int = 0,
    by_quantile: bool = False,
    **parameters: Number,
) -> jax.Array:
    """Return draws of an addressable stream: draw i depends on `seed`, i, and its parameters alone.

    Parameters
    ----------
    law
        The name or an alias of a distribution, or its class.
    shape
        The sample shape.
    seed
        A key of ``jax.random``, or a non-negative integer below 2⁶⁴: the draws are then those of
        ``rsample(shape, rng=seed)`` in NumPy.
    start
        The number of the first draw: ``rsample(n, start=k)`` has draws k … k + n − 1.
    by_quantile
        Whether each draw is the quantile of one uniform number, so that it moves continuously with
        the parameters.
    **parameters
        By name or alias: arrays, or numbers, that broadcast together.

    Returns
    -------
    Array
        Of shape `shape` + the parameters' shape, in the type of the parameters.

    Raises
    ------
    UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If there is no such distribution or parameter, or draws are integers or vectors.
    SeedError, CountError
        If `seed` or `start` is negative, or no integer.
    """
    key, theta = _theta(law, parameters)
    if start < 0:
        raise CountError(f"start={start} is negative; pass the number of the first draw")
    sample = (shape,) if isinstance(shape, int) else tuple(shape)
    batch = jnp.broadcast_shapes(*(each.shape for each in theta))
    plan = _Plan(key, (*sample, *batch), start * math.prod(batch), by_quantile)
    drawn: jax.Array = _drawn(plan, _words(seed), theta)
    return drawn


def evaluated(key: str, function: str, values: _Arrays, theta: _Arrays) -> jax.Array:
    """Return a function of a distribution, differentiable twice in values and parameters.

    Parameters
    ----------
    key, function
        The distribution, and one of :data:`~reparam.adapters.rules.RULES` that has one result.
    values
        The value, or none for functions of the parameters alone.
    theta
        The parameters, in declared order.
    """
    found: jax.Array = _evaluated(key, function, values, theta)[0]
    return found


class _Plan(NamedTuple):
    """What is fixed of draws when a program is traced."""

    key: str
    shape: tuple[int, ...]
    first: int
    by_quantile: bool


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _drawn(plan: _Plan, words: jax.Array, theta: list[jax.Array]) -> jax.Array:
    value: jax.Array = _draws(plan, words, theta, 0)[0]
    return value


@_drawn.defjvp
def _(plan: _Plan, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    value, *found = _derivatives_of_draws(plan, *primals)
    return value, _along(plan.key, found, tangents[1], jnp.zeros_like(value))


# Derivatives, at fixed noise or a fixed quantile --------------------------------------------------


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _evaluated(key: str, function: str, values: _Arrays, theta: _Arrays) -> list[jax.Array]:
    return list(values) if function == "attach" else _on_host(key, function, values, theta)


@partial(_evaluated.defjvp, symbolic_zeros=True)
def _(key: str, function: str, primals: Any, tangents: Any) -> Any:
    rule = RULES.get(function)
    if rule is None:
        raise _too_often(key)
    found, (values, theta) = _evaluated(key, function, *primals), primals
    at = _At(key, found if rule.of_result else values, theta)
    moved = [jnp.zeros_like(result) for result in found]
    if rule.slopes and not isinstance(tangents[0][0], SymbolicZero):
        moved = [times(tangents[0][0], slope) for slope in rule.slopes(at, found[0])]
    if not all(isinstance(tangent, SymbolicZero) for tangent in tangents[1]):
        rows = rule.partials(at, found[0])
        moved = [
            _along(key, row, tangents[1], total) for row, total in zip(rows, moved, strict=True)
        ]
    return found, [jnp.asarray(x, result.dtype) for x, result in zip(moved, found, strict=True)]


class _At:
    """Functions of a distribution at values and parameters: each is computed once."""

    def __init__(self, key: str, values: _Arrays, theta: _Arrays) -> None:
        self._key, self._values, self._theta = key, values, theta
        self._found: dict[str, list[jax.Array]] = {}

    def __call__(self, function: str) -> list[jax.Array]:
        if function not in self._found:
            self._found[function] = _evaluated(self._key, function, self._values, self._theta)
        return self._found[function]

    exp = staticmethod(jnp.exp)
    times = staticmethod(times)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _derivatives_of_draws(plan: _Plan, words: jax.Array, theta: list[jax.Array]) -> list[jax.Array]:
    return _draws(plan, words, theta, 1)


@_derivatives_of_draws.defjvp
def _(plan: _Plan, primals: Any, tangents: Any) -> Any:
    key, count = plan.key, 1 + sum(differentiable(plan.key))
    found = _second_derivatives_of_draws(plan, *primals)
    (value, *slopes), bends = found[:count], found[count:]
    rows = [slopes, *full(unflattened(bends))]
    return found[:count], [_along(key, row, tangents[1], jnp.zeros_like(value)) for row in rows]


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _second_derivatives_of_draws(
    plan: _Plan, words: jax.Array, theta: list[jax.Array]
) -> list[jax.Array]:
    return _draws(plan, words, theta, 2)


@_second_derivatives_of_draws.defjvp
def _(plan: _Plan, primals: Any, tangents: Any) -> Any:
    raise _too_often(plan.key)


def _too_often(key: str) -> NoFormulaError:
    return NoFormulaError(
        f"third derivatives of {law_of(key).__name__} are not available in JAX; differentiate"
        " twice, or stop the gradient"
    )


def _along(
    key: str, found: Sequence[jax.Array], tangents: Sequence[Any], total: jax.Array
) -> jax.Array:
    """Return a sum + Σ ∂y/∂θ · tangent, in its type."""
    entries = iter(found)
    for has_derivative, tangent in zip(differentiable(key), tangents, strict=True):
        if has_derivative:
            derivative = next(entries)
            if not isinstance(tangent, SymbolicZero):
                total += jnp.asarray(times(tangent, derivative), total.dtype)
    return total


# On the host -------------------------------------------------------------------------------------


def _on_host(key: str, function: str, values: _Arrays, theta: _Arrays) -> list[jax.Array]:
    """Return an elementwise function of values and parameters."""
    count, dtype = len(values), jnp.result_type(*values, *theta)
    shape = jnp.broadcast_shapes(*(each.shape for each in (*values, *theta)))

    def host(*arrays: Any) -> list[Any]:
        doubles = [np.asarray(array, np.float64) for array in arrays]
        found = formulas.value(key, function, doubles[:count], doubles[count:])
        whole = np.broadcast_shapes(*(each.shape for each in doubles))
        return [np.asarray(np.broadcast_to(entry, whole), dtype) for entry in found]

    aligned = [x.reshape((1,) * (len(shape) - x.ndim) + x.shape) for x in (*values, *theta)]
    results = [jax.ShapeDtypeStruct(shape, dtype)] * formulas.outputs(key, function)
    return list(jax.pure_callback(host, results, *aligned, vmap_method="broadcast_all"))


def _draws(plan: _Plan, words: jax.Array, theta: list[jax.Array], order: int) -> list[jax.Array]:
    """Return draws, and their derivatives up to an order."""
    dtype = jnp.result_type(*theta)

    def host(words: Any, *theta: Any) -> list[Any]:
        low, high = (int(word) for word in words)
        d = law_of(plan.key)(*(np.asarray(each, np.float64) for each in theta))
        d = d.by_quantile() if plan.by_quantile else d
        draw = d._draw(plan.shape, Stream(low + (high << _WORD)), plan.first)
        arrays = [draw.value, *(draw.jacobian().values() if order else ())]
        arrays += triangle(draw) if order > 1 else []
        return [np.asarray(array, dtype) for array in arrays]

    count = sum(formulas.outputs(plan.key, each) for each in ("of_draw", "of_draw2")[:order])
    results = [jax.ShapeDtypeStruct(plan.shape, dtype)] * (1 + count)
    return list(jax.pure_callback(host, results, words, *theta, vmap_method="sequential"))


def _words(seed: int | jax.Array) -> jax.Array:
    """Return the two words of a seed, or two random words of a key."""
    if isinstance(seed, jax.Array):
        return jax.random.bits(seed, (2,), jnp.uint32)
    high, low = divmod(checked(seed, 2 * _WORD), 2**_WORD)
    return jnp.array([low, high], jnp.uint32)


def _theta(law: Law, parameters: dict[str, Number]) -> tuple[str, list[jax.Array]]:
    """Return a distribution's text, and its parameters in declared order, of one floating type."""
    key, order = arranged(law, tuple(parameters))
    given = [parameters[x] if isinstance(x, str) else x for x in order]
    dtype = jnp.result_type(float, *given)
    return key, [jnp.asarray(each, dtype) for each in given]
