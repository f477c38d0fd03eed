"""Gradients of expectations of vectors and matrices beside derivatives of exact moments.

``python benchmarks/vector_expectations.py`` takes a million draws of each law. Of J = c·y and of
(c·y)², with weights c at random, Σ ∂J/∂y ∂y/∂θ has the mean that mean and covariance have for
derivatives, in each entry of each parameter. A row has how many entries there are, and the greatest
distance in standard errors, which are those of 100 batches.
"""

from __future__ import annotations

import math

import numpy as np

import reparam as rp
from reparam.base.numerical import in_members

BATCHES, DRAWS = 100, 10_000

LOC = np.array([0.3, -0.5, 0.8])
LOWER = np.array([[1.0, 0.0, 0.0], [0.5, 0.8, 0.0], [-0.3, 0.4, 1.2]])
FULL, UNIT = LOWER @ LOWER.T, LOC / np.linalg.norm(LOC)
PAIR = {"loc": LOC[:2]}
LAWS = (
    rp.MultivariateGaussian(LOC, scale_tril=LOWER),
    rp.MultivariateGaussian(LOC, covariance=FULL),
    rp.MultivariateGaussian(LOC, precision=FULL),
    rp.LowRankMultivariateGaussian(LOC, LOWER[:, :2], [1.0, 0.5, 2.0]),
    rp.MultivariateStudentT(9.0, LOC, scale_tril=LOWER),
    rp.MultivariateStudentT(9.0, LOC, scale_matrix=FULL),
    rp.MatrixGaussian(LOWER[:2], LOWER[:2, :2], LOWER),
    rp.Dirichlet([0.4, 1.5, 3.0]),
    rp.Wishart(5.0, scale_tril=LOWER),
    rp.Wishart(5.0, covariance_matrix=FULL),
    rp.InverseWishart(14.0, scale_tril=LOWER),
    rp.InverseWishart(14.0, scale=FULL),
    rp.LKJCholesky(3, 1.5),
    rp.VonMisesFisher(UNIT, 2.0),
    rp.VonMisesFisher([0.8, 0.6, 0.0, 0.0, 0.0], 7.0),
    rp.PowerSpherical(UNIT, 2.0),
    rp.ProjectedNormal(LOC),
    rp.LogisticNormal(**PAIR, scale_tril=LOWER[:2, :2]),
    rp.LogisticNormal(**PAIR, covariance_matrix=FULL[:2, :2]),
    rp.StickBreakingNormal(**PAIR, precision=FULL[:2, :2]),
)


def moments(d: rp.Distribution, c: np.ndarray) -> np.ndarray:
    """Return E c·y and E (c·y)², along the last axis."""
    event = d.event_shape
    size, lead = math.prod(event), np.shape(d.mean)[: np.ndim(d.mean) - len(event)]
    mean = np.reshape(d.mean, (*lead, size)) @ c.ravel()
    covariance = np.reshape(d.covariance, (*lead, size, size))
    return np.stack([mean, covariance @ c.ravel() @ c.ravel() + mean**2], axis=-1)


def farthest(d: rp.Reparameterized) -> tuple[int, float]:
    """Return how many entries there are, and the greatest distance in standard errors."""
    c = np.random.default_rng(1).normal(size=d.event_shape)
    axes = tuple(range(1, 1 + c.ndim))
    batches: list[list[dict[str, np.ndarray]]] = [[], []]
    for seed in range(BATCHES):
        draw = d.rsample(DRAWS, rng=seed)
        inner = np.sum(draw.value * c, axis=axes, keepdims=True)
        for found, slope in zip(batches, (c, 2.0 * inner * c), strict=True):
            found.append(draw.vjp(slope / DRAWS))
    count, most = 0, 0.0
    for power, found in enumerate(batches):
        exact = in_members(lambda moved, at=power: moments(moved, c)[..., at], d)
        for name, slope in exact.items():
            means = np.array([each[name] for each in found])
            error = means.std(axis=0, ddof=1) / math.sqrt(BATCHES)
            free = error > 1e-13  # what does not depend on the noise is exact
            apart = np.abs(means.mean(axis=0) - slope)
            assert np.all(free | (apart < 1e-6)), name
            count += int(np.count_nonzero(free))
            most = max(most, float(np.max(apart / np.where(free, error, np.inf))))
    return count, most


if __name__ == "__main__":
    for law in LAWS:
        count, most = farthest(law)
        ways = ", ".join(law.parameters)
        print(f"{law.name:22} {ways:30} {count:4} entries  {most:.2f} standard errors", flush=True)
