"""Samplers of ``jax.random``: ``jax:gamma``.

Those without parameters (``normal``, ``laplace``, …) are verified as loc + scale·z with their draws
for z, or as scale·z if these are positive: what is tested is the distribution of z. Of ``gamma``,
``loggamma``, ``t`` and the like the parameters that JAX leaves out are 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from reparam.errors import InputError
from reparam.verification.targets.libraries._jax import JaxSampling
from reparam.verification.targets.libraries._rows import rows
from reparam.verification.targets.libraries._sampling import (
    LibrarySampler,
    load,
    looked_up,
    not_univariate,
    vectors,
)
from reparam.verification.targets.target import Target

__all__ = ["ROWS", "STANDARD", "VECTORS", "recognized", "target"]

STANDARD, ROWS, VECTORS = rows("jax-standard"), rows("jax"), rows("jax-vectors")
#: Samplers of vectors and matrices whose law is not known here.
_MULTIVARIATE = ("ball", "multinomial", "multivariate_normal", "orthogonal")


def target(spec: str, name: str) -> Target:
    """Return the target that a function of ``jax.random`` is.

    Raises MissingExtraError if JAX is not installed. Raises InputError if there is no such
    function, or its law isn't known here.
    """
    module = load(spec, "jax.random", "JAX", "jax")
    names = [*STANDARD, *ROWS, *VECTORS]
    function = looked_up(spec, module, name, names)
    if name in VECTORS:
        return vectors(spec, _sampling(name, function), VECTORS[name])
    if name in _MULTIVARIATE:
        raise not_univariate(spec, "is multivariate")
    if name not in names:
        raise InputError(
            f"{spec}: what jax.random.{name} should draw from isn't known here; samplers that can"
            f" be verified are {', '.join(sorted(names))}"
        )
    found = STANDARD.get(name) or ROWS[name]
    return LibrarySampler(spec, _sampling(name, function), found)


def recognized(thing: Any, name: str) -> Target | None:
    """Return None: JAX has no classes of distributions."""
    return None


@cache
def _sampling(name: str, function: Any) -> JaxSampling:
    def standard(key: Any, theta: Mapping[str, Any], n: int) -> Any:
        z = function(key, shape=(n,), dtype=theta["scale"].dtype)
        return theta.get("loc", 0.0) + theta["scale"] * z

    def with_parameters(key: Any, theta: Mapping[str, Any], n: int) -> Any:
        row = ROWS.get(name) or VECTORS[name]
        precision = {} if row.discrete else {"dtype": next(iter(theta.values())).dtype}
        return function(key, **theta, **row.constants, shape=(n,), **precision)

    return JaxSampling(
        f"jax.random.{name}",
        standard if name in STANDARD else with_parameters,
        of_vectors=name in VECTORS,
    )
