"""Samplers of TensorFlow Probability on JAX: ``tfp:Gamma``.

These are the distributions of ``tensorflow_probability.substrates.jax``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from reparam.errors import InputError
from reparam.verification.libraries._jax import JaxSampling, JaxVectorSampling, in_double
from reparam.verification.libraries._rows import (
    LOG_SCALE,
    PROBABILITY,
    SCALE,
    SHAPE,
    Row,
    discrete,
    exponential,
    log_odds,
    minus_log,
    reciprocal,
    row,
    truncated_normal,
    uniform,
    von_mises,
)
from reparam.verification.libraries._sampling import (
    LibrarySampler,
    fixed_values,
    load,
    looked_up,
    not_univariate,
    parameter_in,
)
from reparam.verification.libraries._vectors import VectorRow, diagonal, sampled, vectors
from reparam.verification.targets import Target

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

_MODULE = "tensorflow_probability.substrates.jax"
#: Less than this is added to the ends of domains, against rounding.
_ADDED = 1e-6

#: Distributions and what they are; of others the log density is asked.
ROWS: Mapping[str, Row] = {
    "Bernoulli": discrete(probs=PROBABILITY),
    "Beta": row("beta", alpha="concentration1", beta="concentration0"),
    "Binomial": discrete({"total_count": 10.0}, probs=PROBABILITY),
    "Cauchy": row("cauchy", loc="loc", scale="scale"),
    "Chi": row("chi", df="df"),
    "Chi2": row("chi-square", df="df"),
    "ContinuousBernoulli": row(
        "continuous-bernoulli", logits=log_odds("probs"), ranges={"probs": PROBABILITY}
    ),
    "ExpGamma": row(
        "exp-gamma",
        concentration="concentration",
        loc=minus_log("rate"),
        scale=1.0,
        ranges={"rate": SCALE},
    ),
    "Exponential": row("exponential", rate="rate"),
    "ExponentiallyModifiedGaussian": row(
        "ex-gaussian", loc="loc", scale="scale", rate="rate", ranges={"scale": SHAPE, "rate": SHAPE}
    ),
    "Gamma": row("gamma", alpha="concentration", rate="rate"),
    "GeneralizedExtremeValue": row(
        "generalized-extreme-value", concentration="concentration", loc="loc", scale="scale"
    ),
    "GeneralizedNormal": row("generalized-normal", loc="loc", scale="scale", power="power"),
    "GeneralizedPareto": row(
        "generalized-pareto", loc="loc", scale="scale", concentration="concentration"
    ),
    "Geometric": discrete(probs=PROBABILITY),
    "Gumbel": row("gumbel", loc="loc", scale="scale"),
    "HalfCauchy": replace(row("half-cauchy", scale="scale"), constants={"loc": 0.0}),
    "HalfNormal": row("half-normal", scale="scale"),
    "HalfStudentT": replace(row("half-student-t", df="df", scale="scale"), constants={"loc": 0.0}),
    "Horseshoe": row("horseshoe", scale="scale"),
    "InverseGamma": row("inverse-gamma", alpha="concentration", scale="scale"),
    "InverseGaussian": row(
        "inverse-gaussian",
        loc="loc",
        concentration="concentration",
        ranges={"loc": SHAPE, "concentration": SHAPE},
    ),
    "JohnsonSU": row(
        "johnson-su", skewness="skewness", tailweight="tailweight", loc="loc", scale="scale"
    ),
    "Kumaraswamy": row(
        "kumaraswamy", concentration1="concentration1", concentration0="concentration0"
    ),
    "Laplace": row("laplace", loc="loc", scale="scale"),
    "LogLogistic": row(
        "log-logistic",
        scale=exponential("loc"),
        concentration=reciprocal("scale"),
        ranges={"loc": LOG_SCALE, "scale": SHAPE},
    ),
    "LogNormal": row("log-normal", loc="loc", scale="scale"),
    "LogitNormal": row("logit-normal", loc="loc", scale="scale"),
    "Logistic": row("logistic", loc="loc", scale="scale"),
    "Moyal": row("moyal", loc="loc", scale="scale"),
    "NegativeBinomial": discrete({"total_count": 10.0}, probs=PROBABILITY),
    "NoncentralChi2": row("scipy:ncx2", df="df", nc="noncentrality"),
    "Normal": row("gaussian", loc="loc", scale="scale"),
    "PERT": row("pert", low="low", high="high", peak="peak", concentration="temperature"),
    "Pareto": row("pareto", alpha="concentration", scale="scale"),
    "Poisson": discrete(rate=SCALE),
    "RelaxedBernoulli": row(
        "relaxed-bernoulli",
        temperature="temperature",
        logits=log_odds("probs"),
        ranges={"probs": PROBABILITY},
    ),
    "SigmoidBeta": row(
        "sigmoid-beta", concentration1="concentration1", concentration0="concentration0"
    ),
    "SinhArcsinh": row(
        "sinh-arcsinh", skewness="skewness", tailweight="tailweight", loc="loc", scale="scale"
    ),
    "StudentT": row("student-t", df="df", loc="loc", scale="scale"),
    "Triangular": row("triangular", low="low", peak="peak", high="high"),
    "TruncatedNormal": truncated_normal(),
    "TwoPieceNormal": row("two-piece-normal", skewness="skewness", loc="loc", scale="scale"),
    "Uniform": uniform(),
    "VonMises": von_mises(),
    "Weibull": row("weibull", concentration="concentration", scale="scale"),
}

#: Distributions of vectors and matrices.
VECTORS: Mapping[str, VectorRow] = {
    "CholeskyLKJ": vectors(
        "lkj-cholesky", {"dim": 3}, dimension="dim", concentration="concentration"
    ),
    "Dirichlet": vectors("dirichlet", concentration="concentration"),
    "MultivariateNormalDiag": diagonal("multivariate-gaussian", loc="loc", scale_diag="scale_tril"),
    "MultivariateNormalTriL": vectors("multivariate-gaussian", loc="loc", scale_tril="scale_tril"),
    "PowerSpherical": vectors(
        "power-spherical", mean_direction="mean_direction", concentration="concentration"
    ),
    "RelaxedOneHotCategorical": vectors("concrete", temperature="temperature", logits="logits"),
    "VonMisesFisher": vectors(
        "von-mises-fisher", mean_direction="mean_direction", concentration="concentration"
    ),
    "WishartTriL": vectors("wishart", df="df", scale_tril="scale_tril"),
}


def target(spec: str, name: str) -> Target:
    """Return the target that a distribution class is.

    Raises
    ------
    MissingExtraError
        If TensorFlow Probability is not installed.
    InputError
        If there is no such class, or it isn't univariate.
    """
    root = load(spec, _MODULE, "TensorFlow Probability", "tfp-nightly")
    cls = looked_up(spec, root.distributions, name, [*ROWS, *VECTORS])
    if name in VECTORS:
        return _vectors(spec, cls, f"TFP's {name}")
    return _made(spec, cls, ROWS.get(name), f"TFP's {name}")


def recognized(thing: Any, name: str) -> Target | None:
    """Return the target that a distribution class, or object, of somebody's own is."""
    cls = thing if isinstance(thing, type) else type(thing)
    if not issubclass(cls, import_module(_MODULE).distributions.Distribution):
        return None
    its = cls.__module__.startswith("tensorflow_probability.")
    if its and cls.__name__ in VECTORS:
        return _vectors(name, cls, name, None if cls is thing else thing)
    found = _made(name, cls, ROWS.get(cls.__name__) if its else None, name)
    if cls is not thing:
        found.fixed = fixed_values(name, thing, found.parameters)
    return found


def _vectors(name: str, cls: Any, label: str, thing: Any = None) -> Target:
    """Return the target that a distribution of vectors or matrices is."""

    def declared(given: Mapping[str, Any]) -> bool | str:
        kind = str(cls(**given).reparameterization_type)
        return "NOT_REPARAMETERIZED" not in kind or f"{label} is NOT_REPARAMETERIZED"

    known = VECTORS[cls.__name__]
    sampling = JaxVectorSampling(
        label,
        known,
        lambda key, given: cls(**given).sample(seed=key),
        lambda y, given: cls(**given).log_prob(y),
        declared,
    )
    return sampled(name, known, sampling, thing)


def _made(name: str, cls: Any, known: Row | None, label: str) -> LibrarySampler:
    known = known or _row(name, cls)
    sampling = _sampling(cls, tuple(known.constants.items()), label)
    return LibrarySampler(name, sampling, known)


def _row(name: str, cls: Any) -> Row:
    """Return the row of a class by the properties that it declares of its parameters."""
    try:
        declared = cls.parameter_properties()
    except (AttributeError, NotImplementedError):
        declared = {}
    if not declared:
        raise InputError(
            f"{name} declares no parameters (parameter_properties); verify a class that does, or"
            " any object with rsample and parameters"
        )
    if any(each.event_ndims != 0 for each in declared.values()):
        raise not_univariate(name, "has parameters that are no numbers")
    # of alternatives, such as logits and probs, TFP prefers one
    preferred = {key: each for key, each in declared.items() if each.is_preferred}
    ranges = {
        key: parameter_in(key, *_image(name, each.default_constraining_bijector_fn))
        for key, each in preferred.items()
    }
    theta = {key: parameter.default for key, parameter in ranges.items()}
    try:
        shape = _sampling(cls, (), name).shape(theta, 2)
    except Exception as error:
        raise InputError(
            f"{name} can't be made with {theta}: {type(error).__name__}: {error}"
        ) from error
    if shape != (2,):
        raise not_univariate(name, "is multivariate")
    return Row(ranges=ranges)


def _image(name: str, make: Callable[[], Any]) -> tuple[float, float]:
    """Return the ends of where a bijector takes the real line, without what TFP adds to 0."""
    try:
        with in_double():
            bijector = make()
            low, high = sorted(float(bijector.forward(end)) for end in (-math.inf, math.inf))
    except Exception as error:
        raise InputError(
            f"{name} does not tell the domains of its parameters: {type(error).__name__}: {error}"
        ) from error
    return 0.0 if abs(low) < _ADDED else low, high


@cache
def _sampling(cls: Any, constants: tuple[tuple[str, Any], ...], label: str) -> JaxSampling:
    def made(theta: Mapping[str, Any]) -> Any:
        return cls(**theta, **dict(constants))

    def draw(key: Any, theta: Mapping[str, Any], n: int) -> Any:
        return made(theta).sample(seed=key)

    def declared(theta: Mapping[str, float]) -> bool | str:
        kind = str(made(theta).reparameterization_type)
        return "NOT_REPARAMETERIZED" not in kind or f"{label} is NOT_REPARAMETERIZED"

    def support(theta: Mapping[str, float]) -> tuple[float, float]:
        return _image(label, made(theta).experimental_default_event_space_bijector)

    return JaxSampling(
        label,
        draw,
        formulas={"log_prob": lambda y, /, **theta: made(theta).log_prob(y)},
        support=support,
        declared=declared,
    )
