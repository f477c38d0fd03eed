"""Samplers of ``numpyro.distributions``: ``numpyro:Gamma``."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reparam.domains import Interval
from reparam.parameters import Parameter
from reparam.verification.laws.law import Link
from reparam.verification.targets.libraries._jax import JaxLibrary
from reparam.verification.targets.libraries._rows import (
    COMMON,
    PROBABILITY,
    SHAPE,
    Row,
    discrete,
    row,
    truncated_normal,
)
from reparam.verification.targets.libraries._sampling import ends, row_of_constraints, unchecked
from reparam.verification.targets.libraries._vectors import VectorRow, vectors

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

#: Distributions and what they are; of others the log density is asked.
ROWS: Mapping[str, Row] = {
    **COMMON,
    "AsymmetricLaplace": row("asymmetric-laplace", loc="loc", scale="scale", asymmetry="asymmetry"),
    "BetaProportion": row(
        "beta",
        alpha=Link(("mean", "concentration"), lambda m, k: m * k, lambda m, k: (k, m)),
        beta=Link(
            ("mean", "concentration"), lambda m, k: (1.0 - m) * k, lambda m, k: (-k, 1.0 - m)
        ),
        ranges={"mean": PROBABILITY, "concentration": SHAPE},
    ),
    "Binomial": discrete({"total_count": 10}, probs=PROBABILITY),
    "Dagum": row("dagum", concentration="concentration", power="sharpness", scale="scale"),
    "Gompertz": row("gompertz", concentration="concentration", rate="rate"),
    "HalfCauchy": row("half-cauchy", scale="scale"),
    "InverseGamma": row("inverse-gamma", alpha="concentration", scale="rate"),
    "Levy": row("levy", loc="loc", scale="scale"),
    "LogUniform": row("log-uniform", low="low", high="high"),
    "Logistic": row("logistic", loc="loc", scale="scale"),
    "LowerTruncatedPowerLaw": row(
        "pareto",
        scale="low",
        alpha=Link(("alpha",), lambda x: -x - 1.0, lambda x: (-1.0,)),
        ranges={"alpha": Parameter("α", Interval(-math.inf, -1.0), -3.0, (-20.0, -1.2))},
    ),
    "Pareto": row("pareto", scale="scale", alpha="alpha"),
    "SoftLaplace": row("soft-laplace", loc="loc", scale="scale"),
    "TruncatedNormal": truncated_normal(loc="loc", scale="scale"),
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
