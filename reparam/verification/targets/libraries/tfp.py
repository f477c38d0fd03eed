"""Samplers of TensorFlow Probability on JAX: ``tfp:Gamma``.

These are the distributions of ``tensorflow_probability.substrates.jax``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reparam.domains import Interval
from reparam.errors import InputError
from reparam.parameters import Parameter
from reparam.verification.laws.law import Link
from reparam.verification.targets.libraries._jax import JaxLibrary, in_double
from reparam.verification.targets.libraries._rows import (
    COMMON,
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
)
from reparam.verification.targets.libraries._sampling import not_univariate, parameter_in
from reparam.verification.targets.libraries._vectors import VectorRow, diagonal, vectors

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

#: Less than this is added to the ends of domains, against rounding.
_ADDED = 1e-6

#: Distributions and what they are; of others the log density is asked.
ROWS: Mapping[str, Row] = {
    **COMMON,
    "BetaBinomial": discrete({"total_count": 10.0}, concentration1=SHAPE, concentration0=SHAPE),
    "Binomial": discrete({"total_count": 10.0}, probs=PROBABILITY),
    "Chi": row("chi", df="df"),
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
    "ExponentiallyModifiedGaussian": row(
        "ex-gaussian", loc="loc", scale="scale", rate="rate", ranges={"scale": SHAPE, "rate": SHAPE}
    ),
    "GeneralizedExtremeValue": row(
        "generalized-extreme-value", concentration="concentration", loc="loc", scale="scale"
    ),
    "GeneralizedNormal": row("generalized-normal", loc="loc", scale="scale", power="power"),
    "GeneralizedPareto": row(
        "generalized-pareto", loc="loc", scale="scale", concentration="concentration"
    ),
    "HalfCauchy": replace(row("half-cauchy", scale="scale"), constants={"loc": 0.0}),
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
    "LogLogistic": row(
        "log-logistic",
        scale=exponential("loc"),
        concentration=reciprocal("scale"),
        ranges={"loc": LOG_SCALE, "scale": SHAPE},
    ),
    "LogitNormal": row("logit-normal", loc="loc", scale="scale"),
    "Logistic": row("logistic", loc="loc", scale="scale"),
    "Moyal": row("moyal", loc="loc", scale="scale"),
    "NegativeBinomial": discrete({"total_count": 10.0}, probs=PROBABILITY),
    "NoncentralChi2": row("noncentral-chi-square", df="df", noncentrality="noncentrality"),
    "PERT": row("pert", low="low", high="high", peak="peak", concentration="temperature"),
    "NormalInverseGaussian": row(
        "normal-inverse-gaussian",
        loc="loc",
        scale="scale",
        alpha=Link(("tailweight", "scale"), lambda a, s: a * s, lambda a, s: (s, a)),
        tilt=Link(
            ("skewness", "tailweight"), lambda b, a: b / a, lambda b, a: (1.0 / a, -b / a / a)
        ),
        ranges={
            "scale": SHAPE,
            "skewness": Parameter("β", Interval(-1.0, 1.0), 0.3, (-0.8, 0.8)),
            "tailweight": Parameter("α", Interval(1.0, math.inf), 2.0, (1.5, 5.0)),
        },
    ),
    "Pareto": row("pareto", alpha="concentration", scale="scale"),
    "SigmoidBeta": row(
        "sigmoid-beta", concentration1="concentration1", concentration0="concentration0"
    ),
    "SinhArcsinh": row(
        "sinh-arcsinh", skewness="skewness", tailweight="tailweight", loc="loc", scale="scale"
    ),
    "Triangular": row("triangular", low="low", peak="peak", high="high"),
    "TruncatedNormal": truncated_normal(loc="loc", scale="scale"),
    "TwoPieceNormal": row("two-piece-normal", skewness="skewness", loc="loc", scale="scale"),
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
        shape = _LIBRARY.sampling(lambda given: cls(**given), cls, name).shape(theta, 2)
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
            if (bijector := make()) is None:  # of a mixture
                return -math.inf, math.inf
            low, high = sorted(float(bijector.forward(end)) for end in (-math.inf, math.inf))
    except Exception as error:
        raise InputError(
            f"{name} does not declare the domains of its parameters:"
            f" {type(error).__name__}: {error}"
        ) from error
    return 0.0 if abs(low) < _ADDED else low, high


_LIBRARY = JaxLibrary(
    module="tensorflow_probability.substrates.jax.distributions",
    title="TensorFlow Probability",
    short="TFP",
    package="tfp-nightly",
    rows=ROWS,
    vectors=VECTORS,
    nested={
        "Independent": ("distribution", "reinterpreted_batch_ndims"),
        "MixtureSameFamily": ("mixture_distribution", "components_distribution", "_reparameterize"),
        "TransformedDistribution": ("distribution", "bijector"),
    },
    draw=lambda d, key: d.sample(seed=key),
    support=lambda d, label: _image(label, d.experimental_default_event_space_bijector),
    declared=lambda d: "NOT_REP" not in str(d.reparameterization_type) or "is NOT_REPARAMETERIZED",
    row_of=_row,
)
target, recognized = _LIBRARY.target, _LIBRARY.recognized
