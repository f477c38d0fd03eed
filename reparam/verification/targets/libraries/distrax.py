"""Samplers of ``distrax``: ``distrax:Gamma``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reparam.errors import InputError
from reparam.verification.targets.libraries._jax import JaxLibrary
from reparam.verification.targets.libraries._rows import (
    LOG_SCALE,
    PROBABILITY,
    Row,
    discrete,
    exponential,
    row,
    uniform,
)

__all__ = ["ROWS", "recognized", "target"]

#: Distributions and what they are. distrax declares no domains of parameters, so these are all.
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


def _unknown(name: str, cls: Any) -> Row:
    raise InputError(
        f"{name}: distrax does not declare the domains of its parameters; verify an object with"
        f" rsample and parameters that draws from it (known are {', '.join(sorted(ROWS))})"
    )


_LIBRARY = JaxLibrary(
    module="distrax",
    title="distrax",
    package="distrax",
    rows=ROWS,
    vectors={},
    nested={
        "Independent": ("distribution", "reinterpreted_batch_ndims"),
        "MixtureSameFamily": ("mixture_distribution", "components_distribution"),
        "Transformed": ("distribution", "bijector"),
    },
    draw=lambda d, key: d.sample(seed=key),
    support=lambda d, label: (-math.inf, math.inf),
    declared=lambda d: True,
    row_of=_unknown,
)
target, recognized = _LIBRARY.target, _LIBRARY.recognized
