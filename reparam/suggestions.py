"""What distributions are here that other libraries offer under names that are not resolved.

A name that means the same numbers is an alias, which its distribution declares. These are in other
parameters, are special cases, or are composed of others: errors suggest them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from reparam.errors import spelled

__all__ = ["SUGGESTIONS", "suggestion"]

#: Text of a distribution, and its names in SciPy, PyTorch, Pyro, NumPyro, TFP, Distrax,
#: JAX, Stan, R and Julia. Numbers in texts are examples.
SUGGESTIONS: Mapping[str, str] = {
    # distributions in other parameters, or under the name of a parameter or an algorithm
    "asymmetric-laplace": "alaplace asymmetric-laplace-quantile skew-double-exponential",
    "bernoulli": "bernoulli-logit bernoulli-logits bernoulli-probs probit-bernoulli",
    "beta": "beta-proportion",
    "beta-binomial": "bbinom",
    "beta-prime": "betapr",
    "binomial": "binomial-logit binomial-logits binomial-probs",
    "categorical": (
        "categorical-logit categorical-logits categorical-probs discrete-nonparametric "
        "epsilon-greedy greedy softmax"
    ),
    "concrete": "exp-relaxed-one-hot-categorical relaxed-one-hot-categorical-straight-through",
    "dagum": "mielke",
    "dirichlet": "flat-dirichlet",
    "dirichlet-multinomial": "dirmult",
    "discrete-uniform": "discrete-range dunif",
    "ex-gaussian": "exp-mod-normal",
    "f": "f-dist",
    "gamma": "erlang",
    "gaussian": "log-stddev-normal normal-canon",
    "generalized-logistic": "skew-logistic",
    "generalized-normal": "p-generalized-gaussian",
    "geometric": "geometric-logits geometric-probs",
    "inverse-gamma": "inv-chi-square inv-chisq scaled-inv-chi-square",
    "inverse-wishart": "inv-wishart-cholesky inverse-wishart-cholesky",
    "kumaraswamy": "kumar",
    "lkj-cholesky": "cholesky-lkj lkj lkj-corr lkj-corr-cholesky",
    "log-normal": "gibrat",
    "log-uniform": "reciprocal",
    "logistic-normal": "mv-logit-normal",
    "low-rank-gaussian": (
        "multivariate-normal-diag-plus-low-rank multivariate-normal-diag-plus-low-rank-covariance"
    ),
    "matrix-gaussian": "matrix-normal-linear-operator",
    "multinomial": "multinomial-logit multinomial-logits multinomial-probs",
    "multivariate-gaussian": (
        "avf-multivariate-normal circulant-normal multi-normal multi-normal-cholesky "
        "multi-normal-prec multivariate-normal-diag multivariate-normal-from-bijector "
        "multivariate-normal-full-covariance multivariate-normal-linear-operator "
        "multivariate-normal-tri multivariate-normal-tril mv-normal mv-normal-canon mvnorm "
        "omt-multivariate-normal"
    ),
    "multivariate-student-t": "multi-student-t multivariate-student-t-linear-operator mv-t-dist",
    "negative-binomial": (
        "gamma-poisson neg-binomial-2 neg-binomial-2-log negative-binomial-2 "
        "negative-binomial-logits negative-binomial-probs"
    ),
    "one-hot-categorical": "one-hot-categorical-straight-through",
    "pareto": "lower-truncated-power-law pareto-type-1",
    "poisson": "poisson-log",
    "relaxed-bernoulli": "relaxed-bernoulli-logits relaxed-bernoulli-straight-through",
    "skew-normal": "sn",
    "spherical-uniform": "uniform-direction",
    "stable": "levy-stable stable-with-log-prob",
    "student-t": "t-dist",
    "triangular": "sym-triangular-dist triangular-dist",
    "von-mises-fisher": "von-mises-3d",
    "wishart": "wishart-cholesky wishart-linear-operator wishart-tril",
    # special cases
    "beta(alpha=0.5, beta=0.5)": "arcsine",
    "beta(alpha=2, beta=1)": "powerlaw",
    "gaussian(loc=0, scale=1)": "std-normal standard-normal",
    # maps of distributions
    "-gumbel": "gumbel-l gumbel-min",
    "-levy": "levy-l",
    "-weibull": "weibull-max",
    "1 + 2*beta": "affine-beta",
    "1/inverse-gaussian": "recipinvgauss",
    "2*beta - 1": "rdist",
    "2*beta(alpha=1.5, beta=1.5) - 1": "semicircle semicircular",
    "2*beta(alpha=2, beta=2) - 1": "epanechnikov",
    "2*beta-prime": "gamma-gamma",
    "2*gamma - 1": "pearson3",
    "3*bates": "irwinhall",
    "exp(laplace)": "loglaplace",
    "log(1 + exponential)**0.5": "exponpow",
    "log(inverse-gamma)": "exp-inverse-gamma",
    "log-uniform - 1": "bradford",
    "pareto - 1": "lomax pareto-type-2",
    "transformed(gaussian, exp)": "transformed transformed-distribution",
    "(-log(1 - beta(alpha=2, beta=1)))**0.5": "exponweib",
    # foldings, truncations and clippings
    "clipped(gaussian, low=-1, high=1)": "censored clipped clipped-normal",
    "clipped(logistic, low=-1, high=1)": "clipped-logistic",
    "folded(cauchy)": "foldcauchy",
    "folded(gaussian)": "folded folded-distribution foldnorm",
    "folded(generalized-normal)": "halfgennorm",
    "folded(logistic)": "half-logistic",
    "truncated(cauchy, low=-1, high=1)": "truncated-cauchy",
    "truncated(exponential, high=1)": "truncexpon",
    "truncated(gamma, high=1)": "right-truncated-gamma",
    "truncated(gamma, low=1)": "left-truncated-gamma",
    "truncated(gamma, low=1, high=2)": "truncated-gamma two-sided-truncated-gamma",
    "truncated(gaussian, high=1)": "right-truncated-distribution",
    "truncated(gaussian, low=-1)": "left-truncated-distribution",
    "truncated(gaussian, low=-1, high=1)": (
        "truncated truncated-distribution truncated-normal truncnorm tnorm "
        "two-sided-truncated-distribution"
    ),
    "truncated(pareto, high=5)": "doubly-truncated-power-law truncpareto",
    "truncated(weibull, high=2)": "truncweibull-min",
    # distributions of several
    "gaussian-copula([beta, beta])": "gaussian-copula-beta",
    "gaussian-copula([beta, gamma])": "gaussian-copula",
    "independent(gaussian, gamma)": "blockwise independent product product-distribution",
    "mixture([0.3, 0.7], gaussian, gamma)": (
        "mixture mixture-general mixture-of-two mixture-same-family mixture-model"
    ),
    "order-statistic(gaussian, r=1, n=3)": "order-statistic",
    "mixture([0.5, 0.5], gamma, -gamma)": "dgamma",
    "mixture([0.5, 0.5], maxwell, -maxwell)": "double-sided-maxwell",
    "mixture([0.5, 0.5], weibull, -weibull)": "dweibull",
    "zero-inflated(negative-binomial)": (
        "zero-inflated-negative-binomial zero-inflated-negative-binomial-2"
    ),
    "zero-inflated(poisson)": (
        "inflated zero-inflated zero-inflated-distribution zero-inflated-logits "
        "zero-inflated-poisson zero-inflated-probs zipois"
    ),
}


def suggestion(name: str) -> str:
    """Return the text of what another library calls so, or nothing."""
    return _texts().get(spelled(name), "")


@cache
def _texts() -> dict[str, str]:
    return {spelled(name): text for text, names in SUGGESTIONS.items() for name in names.split()}
