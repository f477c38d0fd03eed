"""Samplers of ``numpyro.distributions``: ``numpyro:Gamma``."""

from __future__ import annotations

from reparam.verification.targets.libraries._jax import JaxLibrary
from reparam.verification.targets.libraries._rows import rows
from reparam.verification.targets.libraries._sampling import ends, row_of_constraints, unchecked

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

ROWS, VECTORS = rows("common", "numpyro"), rows("numpyro-vectors")

_LIBRARY = JaxLibrary(
    module="numpyro.distributions",
    title="NumPyro",
    package="numpyro",
    rows=ROWS,
    vectors=VECTORS,
    nested={
        "FoldedDistribution": ("base_dist",),
        "Independent": ("base_dist", "reinterpreted_batch_ndims"),
        "MixtureSameFamily": ("mixing_distribution", "component_distribution"),
        "TransformedDistribution": ("base_dist", "transforms"),
    },
    draw=lambda d, key: d.sample(key),
    support=lambda d, label: ends(d.support),
    declared=lambda d: d.has_rsample or "has no rsample",
    row_of=row_of_constraints,
    options=unchecked,
)
target, recognized = _LIBRARY.target, _LIBRARY.recognized
