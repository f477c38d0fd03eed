"""What ``torch.distributions`` calls distributions and parameters, where names differ from ours."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CLASSES", "ORDERS", "PARAMETERS"]

#: By the registry's name.
CLASSES: Mapping[str, str] = {
    "chi-square": "Chi2",
    "f": "FisherSnedecor",
    "gaussian": "Normal",
    "low-rank-gaussian": "LowRankMultivariateNormal",
    "multivariate-gaussian": "MultivariateNormal",
}

#: By the registry's name: our parameter -> torch's, the same number.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "beta": {"alpha": "concentration1", "beta": "concentration0"},
    "gamma": {"alpha": "concentration"},
    "inverse-gamma": {"alpha": "concentration", "scale": "rate"},
    "multivariate-gaussian": {"covariance": "covariance_matrix", "precision": "precision_matrix"},
    "wishart": {"covariance": "covariance_matrix"},
}

#: By the registry's name: parameters by position, where alternatives precede the declared one.
ORDERS: Mapping[str, tuple[str, ...]] = {
    "multivariate-gaussian": ("loc", "covariance_matrix", "precision_matrix", "scale_tril"),
    "wishart": ("df", "covariance_matrix"),
}
