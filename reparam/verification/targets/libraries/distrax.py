"""Samplers of ``distrax``: ``distrax:Gamma``."""

from __future__ import annotations

import math
from typing import Any

from reparam.errors import InputError
from reparam.verification.targets.libraries._jax import JaxLibrary
from reparam.verification.targets.libraries._rows import Row, rows

__all__ = ["ROWS", "recognized", "target"]

ROWS = rows("distrax")


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
