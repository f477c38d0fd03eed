"""Gaussian approximations of a posterior by `rp.fit`, beside the exact posterior.

``python examples/posterior.py`` fits a line to ten observations, with known noise and a Gaussian
prior of both weights, so that the posterior is a Gaussian that linear algebra gives. Its weights
are correlated. The mean-field approximation makes them independent; the full-rank one doesn't. Both
are the same graph, in which mean-field fixes c = 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import reparam as rp
from reparam.fitting import Fit

Array = NDArray[np.float64]

NOISE, PRIOR = 0.5, 10.0

X: Array = np.linspace(0.0, 3.0, 10)
Y: Array = np.array([0.6, 1.6, 1.3, 2.6, 2.5, 3.9, 3.4, 4.4, 5.2, 5.4])

#: The weights are w = m + Lz with L = [[exp(s0), 0], [c, exp(s1)]]. The loss is −log p(y, w) and
#: minus the entropy of w, up to constants: its sum over the observations is −ELBO.
GRAPH = rp.Graph("""
    z0 ~ gaussian(loc=0, scale=1)
    z1 ~ gaussian(loc=0, scale=1)
    w0 = m0 + exp(s0)*z0
    w1 = m1 + c*z0 + exp(s1)*z1
    likelihood = (y - w0 - w1*x)**2/(2*noise**2)
    prior = (w0**2 + w1**2)/(2*prior_scale**2)
    loss = likelihood + (prior - s0 - s1)/count
""")

MODEL = GRAPH.at(
    **dict.fromkeys(["m0", "s0", "m1", "c", "s1"], 0.0),
    x=X, y=Y, count=len(X), noise=NOISE, prior_scale=PRIOR,
)  # fmt: skip

DATA = ("x", "y", "count", "noise", "prior_scale")


def mean_field(steps: int, seed: int) -> Fit:
    """Return the best Gaussian with independent weights."""
    return rp.fit(MODEL, steps=steps, fixed=(*DATA, "c"), rng=seed)


def full_rank(steps: int, seed: int) -> Fit:
    """Return the best Gaussian."""
    return rp.fit(MODEL, steps=steps, fixed=DATA, rng=seed)


def precision() -> tuple[Array, Array]:
    """Return the mean and the inverse covariance matrix of the exact posterior."""
    features = np.stack([np.ones_like(X), X], axis=1)
    inverse = features.T @ features / NOISE**2 + np.eye(2) / PRIOR**2
    return np.linalg.solve(inverse, features.T @ Y / NOISE**2), inverse


def exact() -> dict[str, float]:
    """Return the inputs at which the approximation is the posterior."""
    mean, inverse = precision()
    root = np.linalg.cholesky(np.linalg.inv(inverse))
    s0, s1 = np.log(np.diag(root))
    return {"m0": mean[0], "s0": s0, "m1": mean[1], "c": root[1, 0], "s1": s1}


def exact_mean_field() -> dict[str, float]:
    """Return the optimum without c: the mean, and conditional standard deviations (Bishop 2006)."""
    mean, inverse = precision()
    s0, s1 = -0.5 * np.log(np.diag(inverse))
    return {"m0": mean[0], "s0": s0, "m1": mean[1], "s1": s1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit both, and print them beside what is exact."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    for title, fit, optimum in (
        ("mean-field", mean_field, exact_mean_field()),
        ("full-rank", full_rank, exact()),
    ):
        found = fit(options.steps, options.seed)
        print(f"{title:12}{'fit':>10}{'± ':>10}{'exact':>10}")
        for name, value in optimum.items():
            here, error = float(found.inputs[name]), float(found.standard_error[name])
            print(f"{name:12}{here:10.4f}{error:10.4f}{value:10.4f}")
        error = float(found.expectation.standard_error.value)
        print(f"{'E[loss]':12}{found.loss:10.4f}{error:10.4f}\n")


if __name__ == "__main__":
    main()
