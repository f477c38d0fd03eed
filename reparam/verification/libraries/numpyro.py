"""Samplers of ``numpyro.distributions``: ``numpyro:Gamma``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from reparam.domains import Interval
from reparam.parameters import Parameter
from reparam.verification.laws import Link
from reparam.verification.libraries._jax import JaxSampling, JaxVectorSampling
from reparam.verification.libraries._rows import (
    PROBABILITY,
    SCALE,
    SHAPE,
    Row,
    discrete,
    log_odds,
    row,
    truncated_normal,
    uniform,
    von_mises,
)
from reparam.verification.libraries._sampling import (
    LibrarySampler,
    ends,
    fixed_values,
    load,
    looked_up,
    not_univariate,
    row_of_constraints,
    unchecked,
)
from reparam.verification.libraries._vectors import VectorRow, sampled, vectors
from reparam.verification.targets import Target

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

#: Distributions and what they are; of others the log density is asked.
ROWS: Mapping[str, Row] = {
    "AsymmetricLaplace": row("asymmetric-laplace", loc="loc", scale="scale", asymmetry="asymmetry"),
    "Bernoulli": discrete(probs=PROBABILITY),
    "Beta": row("beta", alpha="concentration1", beta="concentration0"),
    "BetaProportion": row(
        "beta",
        alpha=Link(("mean", "concentration"), lambda m, k: m * k, lambda m, k: (k, m)),
        beta=Link(
            ("mean", "concentration"), lambda m, k: (1.0 - m) * k, lambda m, k: (-k, 1.0 - m)
        ),
        ranges={"mean": PROBABILITY, "concentration": SHAPE},
    ),
    "Binomial": discrete({"total_count": 10}, probs=PROBABILITY),
    "Cauchy": row("cauchy", loc="loc", scale="scale"),
    "Chi2": row("chi-square", df="df"),
    "Dagum": row("dagum", concentration="concentration", power="sharpness", scale="scale"),
    "Exponential": row("exponential", rate="rate"),
    "Gamma": row("gamma", alpha="concentration", rate="rate"),
    "Geometric": discrete(probs=PROBABILITY),
    "Gompertz": row("gompertz", concentration="concentration", rate="rate"),
    "Gumbel": row("gumbel", loc="loc", scale="scale"),
    "HalfCauchy": row("half-cauchy", scale="scale"),
    "HalfNormal": row("half-normal", scale="scale"),
    "InverseGamma": row("inverse-gamma", alpha="concentration", scale="rate"),
    "Kumaraswamy": row(
        "kumaraswamy", concentration1="concentration1", concentration0="concentration0"
    ),
    "Laplace": row("laplace", loc="loc", scale="scale"),
    "Levy": row("levy", loc="loc", scale="scale"),
    "LogNormal": row("log-normal", loc="loc", scale="scale"),
    "LogUniform": row("log-uniform", low="low", high="high"),
    "Logistic": row("logistic", loc="loc", scale="scale"),
    "LowerTruncatedPowerLaw": row(
        "pareto",
        scale="low",
        alpha=Link(("alpha",), lambda x: -x - 1.0, lambda x: (-1.0,)),
        ranges={"alpha": Parameter("α", Interval(-math.inf, -1.0), -3.0, (-20.0, -1.2))},
    ),
    "Normal": row("gaussian", loc="loc", scale="scale"),
    "Pareto": row("pareto", scale="scale", alpha="alpha"),
    "Poisson": discrete(rate=SCALE),
    "RelaxedBernoulli": row(
        "relaxed-bernoulli",
        temperature="temperature",
        logits=log_odds("probs"),
        ranges={"probs": PROBABILITY},
    ),
    "SoftLaplace": row("soft-laplace", loc="loc", scale="scale"),
    "StudentT": row("student-t", df="df", loc="loc", scale="scale"),
    "TruncatedNormal": truncated_normal(),
    "Uniform": uniform(),
    "VonMises": von_mises(),
    "Weibull": row("weibull", scale="scale", concentration="concentration"),
}

#: Distributions of vectors and matrices.
VECTORS: Mapping[str, VectorRow] = {
    "Dirichlet": vectors("dirichlet", concentration="concentration"),
    "LKJCholesky": vectors(
        "lkj-cholesky", {"dim": 3}, dimension="dim", concentration="concentration"
    ),
    "LowRankMultivariateNormal": vectors(
        "low-rank-gaussian", loc="loc", cov_factor="cov_factor", cov_diag="cov_diag"
    ),
    "MatrixNormal": vectors(
        "matrix-gaussian",
        loc="loc",
        scale_tril_row="scale_tril_row",
        scale_tril_column="scale_tril_column",
    ),
    "MultivariateNormal": vectors("multivariate-gaussian", loc="loc", scale_tril="scale_tril"),
    "MultivariateStudentT": vectors(
        "multivariate-student-t", df="df", loc="loc", scale_tril="scale_tril"
    ),
    "ProjectedNormal": vectors("projected-normal", concentration="loc"),
    "Wishart": vectors("wishart", concentration="df", scale_tril="scale_tril"),
}


def target(spec: str, name: str) -> Target:
    """Return the target that a class (or function) of ``numpyro.distributions`` is.

    Raises
    ------
    MissingExtraError
        If NumPyro is not installed.
    InputError
        If there is no such distribution, or it isn't univariate.
    """
    module = load(spec, "numpyro.distributions", "NumPyro", "numpyro")
    make = looked_up(spec, module, name, [*ROWS, *VECTORS])
    if name in VECTORS:
        return _vectors(spec, name, make, f"NumPyro's {name}")
    return _made(spec, make, ROWS.get(name), f"NumPyro's {name}")


def recognized(thing: Any, name: str) -> Target | None:
    """Return the target that a distribution class, or object, of somebody's own is."""
    cls = thing if isinstance(thing, type) else type(thing)
    if not issubclass(cls, _base()):
        return None
    its = cls.__module__.startswith("numpyro.")
    if its and cls.__name__ in VECTORS:
        return _vectors(name, cls.__name__, cls, name, None if cls is thing else thing)
    known = ROWS.get(cls.__name__) if its else None
    found = _made(name, cls, known, name)
    if cls is not thing:
        found.fixed = fixed_values(name, thing, found.parameters)
    return found


def _vectors(name: str, sampler: str, make: Any, label: str, thing: Any = None) -> Target:
    """Return the target that a distribution of vectors or matrices is."""
    sampling = JaxVectorSampling(
        label,
        VECTORS[sampler],
        lambda key, given: make(**given).sample(key),
        lambda y, given: make(**given).log_prob(y),
        lambda given: make(**given).has_rsample or f"{label} has no rsample",
    )
    return sampled(name, VECTORS[sampler], sampling, thing)


def _base() -> Any:
    return import_module("numpyro.distributions").Distribution


def _made(name: str, make: Any, known: Row | None, label: str) -> LibrarySampler:
    if known is None and not (isinstance(make, type) and issubclass(make, _base())):
        raise not_univariate(name, "is no distribution")
    known = known or row_of_constraints(name, make)
    constants = tuple(known.constants.items())
    return LibrarySampler(name, _sampling(make, constants, tuple(known.parameters()), label), known)


@cache
def _sampling(
    make: Any, constants: tuple[tuple[str, Any], ...], parameters: tuple[str, ...], label: str
) -> JaxSampling:

    given = {**dict(constants), **unchecked(make)}

    def made(theta: Mapping[str, Any]) -> Any:
        return make(**theta, **given)

    def draw(key: Any, theta: Mapping[str, Any], n: int) -> Any:
        return made(theta).sample(key)

    return JaxSampling(
        label,
        draw,
        formulas={"log_prob": lambda y, /, **theta: made(theta).log_prob(y)},
        support=lambda theta: ends(made(theta).support),
        declared=lambda theta: made(theta).has_rsample or f"{label} has no rsample",
    )
