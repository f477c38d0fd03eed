"""Samplers of ``distrax``: ``distrax:Gamma``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from reparam.errors import InputError
from reparam.verification.libraries._jax import JaxSampling
from reparam.verification.libraries._rows import (
    LOG_SCALE,
    PROBABILITY,
    Row,
    discrete,
    exponential,
    row,
    uniform,
)
from reparam.verification.libraries._sampling import (
    LibrarySampler,
    fixed_values,
    load,
    looked_up,
)
from reparam.verification.targets import Target

__all__ = ["ROWS", "recognized", "target"]

#: Distributions and what they are. distrax tells no parameters' domains, so there are no others.
ROWS: Mapping[str, Row] = {
    "Bernoulli": discrete(probs=PROBABILITY),
    "Beta": row("beta", alpha="alpha", beta="beta"),
    "Gamma": row("gamma", alpha="concentration", rate="rate"),
    "Gumbel": row("gumbel", loc="loc", scale="scale"),
    "Laplace": row("laplace", loc="loc", scale="scale"),
    "LogStddevNormal": row(
        "gaussian", loc="loc", scale=exponential("log_scale"), ranges={"log_scale": LOG_SCALE}
    ),
    "Logistic": row("logistic", loc="loc", scale="scale"),
    "Normal": row("gaussian", loc="loc", scale="scale"),
    "Uniform": uniform(),
}


def target(spec: str, name: str) -> Target:
    """Return the target that a class of ``distrax`` is.

    Raises
    ------
    MissingExtraError
        If distrax is not installed.
    InputError
        If there is no such class, or its parameters' domains aren't known here.
    """
    module = load(spec, "distrax", "distrax", "distrax")
    cls = looked_up(spec, module, name, ROWS)
    return _made(spec, cls, ROWS.get(name), f"distrax's {name}")


def recognized(thing: Any, name: str) -> Target | None:
    """Return the target that one of distrax's own distributions is."""
    cls = thing if isinstance(thing, type) else type(thing)
    if not issubclass(cls, import_module("distrax").Distribution):
        return None
    known = ROWS.get(cls.__name__) if cls.__module__.startswith("distrax.") else None
    found = _made(name, cls, known, name)
    if cls is not thing:
        found.fixed = fixed_values(name, thing, found.parameters)
    return found


def _made(name: str, cls: Any, known: Row | None, label: str) -> LibrarySampler:
    if known is None:
        raise InputError(
            f"{name}: distrax does not tell the domains of its parameters; verify an object with"
            f" rsample and parameters that draws from it (known are {', '.join(sorted(ROWS))})"
        )
    return LibrarySampler(name, _sampling(cls, label), known)


@cache
def _sampling(cls: Any, label: str) -> JaxSampling:
    def draw(key: Any, theta: Mapping[str, Any], n: int) -> Any:
        return cls(**theta).sample(seed=key)

    return JaxSampling(label, draw)
