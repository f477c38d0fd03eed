"""Compositions in other libraries, for ``tools/comparison.py``: what draws them, of three numbers.

Each function takes a library's arrays of θ and its source of randomness, and returns draws. A
library that has no such thing, or whose gradients stop, is not in the table, or is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

import reparam as rp

__all__ = ["COMPOSITIONS", "Composition", "gradients"]

#: θ = (a, b, c) of each composition, where draws are compared.
AT = (0.3, 1.2, 0.4)


@dataclass(frozen=True)
class Composition:
    """A law made of laws.

    Attributes
    ----------
    what
        In words.
    ours
        The law at θ.
    chosen
        For each of θ the parameter of ours that it is.
    theirs
        By library, a function of θ, arrays of equal numbers, and of a key, that draws.
    """

    what: str
    ours: Callable[[float, float, float], Any]
    chosen: tuple[str, ...]
    theirs: Mapping[str, Callable[..., Any]]


def _torch() -> Any:
    return import_module("torch.distributions")


def _numpyro() -> Any:
    return import_module("numpyro.distributions")


def _tfp() -> Any:
    return import_module("tensorflow_probability.substrates.jax").distributions


def _stacked(library: str, *parts: Any) -> Any:
    module = import_module("torch" if library == "torch" else "jax.numpy")
    return module.stack(parts, -1)


def _mixture_of(library: str, a: Any, b: Any, c: Any) -> tuple[Any, Any, Any]:
    """Return logits 0 and c, means a and b, and scales 1 of a mixture of two Gaussians."""
    return (
        _stacked(library, 0.0 * c, c),
        _stacked(library, a, b),
        _stacked(library, 1 + 0 * a, 1 + 0 * b),
    )


def _torch_mixture(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _torch()
    logits, means, scales = _mixture_of("torch", a, b, c)
    return d.MixtureSameFamily(d.Categorical(logits=logits), d.Normal(means, scales)).rsample()


def _numpyro_mixture(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _numpyro()
    logits, means, scales = _mixture_of("jax", a, b, c)
    return d.MixtureSameFamily(d.Categorical(logits=logits), d.Normal(means, scales)).sample(key)


def _tfp_mixture(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _tfp()
    logits, means, scales = _mixture_of("jax", a, b, c)
    made = d.MixtureSameFamily(
        d.Categorical(logits=logits), d.Normal(means, scales), reparameterize=True
    )
    return made.sample(seed=key)


def _distrax_mixture(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = import_module("distrax")
    logits, means, scales = _mixture_of("jax", a, b, c)
    made = d.MixtureSameFamily(d.Categorical(logits=logits), d.Normal(means, scales))
    return made.sample(seed=key)


def _torch_exp(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _torch()
    base = d.StudentT(5.0 + c, a, b)
    return d.TransformedDistribution(base, [d.transforms.ExpTransform()]).rsample()


def _numpyro_exp(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _numpyro()
    return d.TransformedDistribution(d.StudentT(5.0 + c, a, b), d.transforms.ExpTransform()).sample(
        key
    )


def _tfp_exp(a: Any, b: Any, c: Any, key: Any) -> Any:
    d = _tfp()
    bijectors = import_module("tensorflow_probability.substrates.jax").bijectors
    return d.TransformedDistribution(d.StudentT(5.0 + c, a, b), bijectors.Exp()).sample(seed=key)


COMPOSITIONS = (
    Composition(
        "Gaussian truncated from below, in its parameters and the end",
        lambda a, b, c: rp.truncate(rp.Gaussian(a, b), low=c),
        ("base.loc", "base.scale", "low"),
        {
            "numpyro": lambda a, b, c, key: _numpyro().TruncatedNormal(a, b, low=c).sample(key),
            "tfp": lambda a, b, c, key: _tfp().TruncatedNormal(a, b, c, 1e9).sample(seed=key),
        },
    ),
    Composition(
        "gamma truncated from below",
        lambda a, b, c: rp.truncate(rp.Gamma(a, b), low=c),
        ("base.alpha", "base.rate", "low"),
        {},
    ),
    Composition(
        "mixture of two Gaussians, in their means and a logit",
        lambda a, b, c: rp.Mixture([rp.Gaussian(a), rp.Gaussian(b)], logits=[0.0, c]),
        ("components[0].loc", "components[1].loc", "logits"),
        {
            "torch": _torch_mixture,
            "numpyro": _numpyro_mixture,
            "tfp": _tfp_mixture,
            "distrax": _distrax_mixture,
        },
    ),
    Composition(
        "exponential of a Student t",
        lambda a, b, c: rp.exp(rp.StudentT(5.0 + c, a, b)),
        ("base.loc", "base.scale", "base.df"),
        {"torch": _torch_exp, "numpyro": _numpyro_exp, "tfp": _tfp_exp},
    ),
    Composition(
        "second smallest of five gamma draws",
        lambda a, b, c: rp.order_statistic(rp.Gamma(a, b), r=2, n=5),
        ("base.alpha", "base.rate", ""),
        {},
    ),
)


def gradients(library: str, draw: Callable[..., Any], n: int) -> tuple[Any, list[Any]]:
    """Return n draws and their gradients in θ; None where none arrives.

    Raises
    ------
    NotImplementedError
        If the library reports that there are none.
    """
    if library == "torch":
        torch = import_module("torch")
        torch.manual_seed(0)
        theta = [torch.full((n,), x, dtype=torch.float64, requires_grad=True) for x in AT]
        y = draw(*theta, None)
        found = torch.autograd.grad(y.sum(), theta, allow_unused=True)
        return y.detach().numpy(), [None if g is None else g.numpy() for g in found]
    jax = import_module("jax")
    theta = [np.full(n, x) for x in AT]
    key = jax.random.PRNGKey(0)

    def total(*theta: Any) -> tuple[Any, Any]:
        y = draw(*theta, key)
        return y.sum(), y

    (_, y), found = jax.value_and_grad(total, argnums=(0, 1, 2), has_aux=True)(*theta)
    return np.asarray(y), [np.asarray(g) for g in found]
