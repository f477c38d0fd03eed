"""A product for derivatives: 0 times ∞, or times an undefined number, is 0.

JAX transposes what is linear: a tangent that is multiplied by ∂y/∂θ forward is a cotangent that is
multiplied by it in reverse mode. So the rule has to be that of a primitive.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

__all__ = ["times"]

_times = Primitive("reparam_times")


def times(factor: Any, derivative: Any) -> jax.Array:
    """Return the product: 0 where the factor is 0 and the derivative infinite or undefined.

    So are its derivatives, where tangents or cotangents are 0.
    """
    dtype = jnp.result_type(factor, derivative)
    both = jnp.broadcast_arrays(jnp.asarray(factor, dtype), jnp.asarray(derivative, dtype))
    product: jax.Array = _times.bind(*both)
    return product


def _product(factor: jax.Array, derivative: jax.Array) -> jax.Array:
    lost = (factor == 0.0) & ~jnp.isfinite(derivative)
    return factor * jnp.where(lost, 0.0, derivative)


def _batched(both: Any, dims: Any) -> tuple[jax.Array, int]:
    front = (
        x[None] if dim is None else jnp.moveaxis(x, dim, 0)
        for x, dim in zip(both, dims, strict=True)
    )
    return times(*front), 0


_times.def_impl(jax.jit(_product))
_times.def_abstract_eval(lambda factor, derivative: factor)
mlir.register_lowering(_times, mlir.lower_fun(_product, multiple_results=False))
batching.primitive_batchers[_times] = _batched
ad.defbilinear(
    _times,
    lambda cotangent, factor, derivative: times(cotangent, derivative),
    lambda cotangent, factor, derivative: times(cotangent, factor),
)
