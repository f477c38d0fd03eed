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
from reparam.verification.targets.libraries._jax import JaxSampling, JaxVectorSampling
from reparam.verification.targets.libraries._rows import (
    PROBABILITY,
    SCALE,
    Row,
    discrete,
    reciprocal,
    row,
    truncated_normal,
    uniform,
)
from reparam.verification.targets.libraries._sampling import (
    LibrarySampler,
    load,
    looked_up,
    not_univariate,
)
from reparam.verification.targets.libraries._vectors import VectorRow, sampled, vectors
from reparam.verification.targets.target import Target

__all__ = ["ROWS", "STANDARD", "VECTORS", "recognized", "target"]

#: Samplers without parameters, and what loc + scale·z, or scale·z, is.
STANDARD: Mapping[str, Row] = {
    "cauchy": row("cauchy", loc="loc", scale="scale"),
    "exponential": row("exponential", rate=reciprocal("scale"), ranges={"scale": SCALE}),
    "gumbel": row("gumbel", loc="loc", scale="scale"),
    "laplace": row("laplace", loc="loc", scale="scale"),
    "logistic": row("logistic", loc="loc", scale="scale"),
    "maxwell": row("maxwell", scale="scale"),
    "normal": row("gaussian", loc="loc", scale="scale"),
}

#: Samplers with parameters.
ROWS: Mapping[str, Row] = {
    "bernoulli": discrete(p=PROBABILITY),
    "beta": row("beta", alpha="a", beta="b"),
    "binomial": discrete({"n": 10}, p=PROBABILITY),
    "chisquare": row("chi-square", df="df"),
    "f": row("f", df1="dfnum", df2="dfden"),
    "gamma": row("gamma", alpha="a", rate=1.0),
    "generalized_normal": row("generalized-normal", power="p", loc=0.0, scale=1.0),
    "geometric": discrete(p=PROBABILITY),
    "loggamma": row("exp-gamma", concentration="a", loc=0.0, scale=1.0),
    "lognormal": row("log-normal", loc=0.0, scale="sigma"),
    "pareto": row("pareto", alpha="b", scale=1.0),
    "poisson": discrete(lam=SCALE),
    "rayleigh": row("rayleigh", scale="scale"),
    "t": row("student-t", df="df", loc=0.0, scale=1.0),
    "triangular": row("triangular", low="left", peak="mode", high="right"),
    "truncated_normal": truncated_normal("lower", "upper"),
    "uniform": uniform("minval", "maxval"),
    "wald": row("inverse-gaussian", loc="mean", concentration=1.0, ranges={"mean": SCALE}),
    "weibull_min": row("weibull", scale="scale", concentration="concentration"),
}

#: Samplers of vectors; and those of vectors and matrices that none is known for.
VECTORS: Mapping[str, VectorRow] = {"dirichlet": vectors("dirichlet", alpha="concentration")}
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
        label = f"jax.random.{name}"
        sampling = JaxVectorSampling(label, VECTORS[name], lambda key, at: function(key, **at))
        return sampled(spec, VECTORS[name], sampling)
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
        dtype = next(iter(theta.values())).dtype
        precision = {} if ROWS[name].discrete else {"dtype": dtype}
        return function(key, **theta, **ROWS[name].constants, shape=(n,), **precision)

    return JaxSampling(f"jax.random.{name}", standard if name in STANDARD else with_parameters)
