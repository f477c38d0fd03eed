"""Functions in the manner of ``jax.random``: one for each distribution of real numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from reparam.adapters.classes import class_names, documentation
from reparam.adapters.jax.functions import rsample
from reparam.adapters.laws import law_of
from reparam.errors import ShapeError

__all__ = ["Sampler", "sampler", "samplers"]

#: Returns draws of a key, parameters, and perhaps a shape.
Sampler: TypeAlias = Callable[..., jax.Array]

_KEY = """----------
key
    A key of ``jax.random``, or a non-negative integer.
"""

_SHAPE = """
shape
    The shape of the result, to which parameters broadcast. Default: the parameters' own.

Returns
-------
Array
    Draws that are differentiable in the parameters, and of the parameters' type."""


@cache
def samplers() -> dict[str, str]:
    """Return the functions' names, with the registry's names."""
    return {key.replace("-", "_"): key for key in class_names().values()}


@cache
def sampler(name: str) -> Sampler:
    """Return the function of that name: ``sampler("gamma")(key, alpha, rate, shape)``."""
    registered = samplers()[name]
    law = law_of(registered)
    declared = dict(law._own.items())
    signature = _signature({each: parameter.initial for each, parameter in declared.items()})

    def draw(*args: Any, **named: Any) -> jax.Array:
        own = {
            each if each in ("key", "shape") else law.parameters.canonical(each): value
            for each, value in named.items()
        }
        bound = signature.bind(*args, **own)
        bound.apply_defaults()
        key, *theta, shape = bound.arguments.values()
        batch = jnp.broadcast_shapes(*(jnp.shape(value) for value in theta))
        whole = batch if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        sample = whole[: len(whole) - len(batch)]
        if sample + batch != whole:
            theta[0], sample = _broadcast(theta[0], batch, whole), ()
        return rsample(registered, sample, seed=key, **dict(zip(declared, theta, strict=True)))

    draw.__name__ = draw.__qualname__ = name
    draw.__module__ = "reparam.jax"
    first, _, rest = documentation(law, declared).partition("----------\n")
    draw.__doc__ = f"{first}{_KEY}{rest}{_SHAPE}"
    draw.__signature__ = signature  # type: ignore[attr-defined]
    return draw


def _signature(defaults: dict[str, Any]) -> inspect.Signature:
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    optional = {**defaults, "shape": None}.items()
    rest = [inspect.Parameter(name, either, default=value) for name, value in optional]
    return inspect.Signature([inspect.Parameter("key", either), *rest])


def _broadcast(value: Any, batch: tuple[int, ...], shape: tuple[int, ...]) -> jax.Array:
    """Return a parameter of the shape that all of a batch broadcast to."""
    try:
        fits = jnp.broadcast_shapes(batch, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"shape={shape} is not one that the parameters' shape {batch} broadcasts to; pass the"
            " shape of the result"
        )
    return jnp.broadcast_to(value, shape)
