"""Bayesian logistic regression: Gaussian approximations of its posterior, beside Metropolis'.

``python examples/logistic_regression.py`` classifies the 569 tumours of scikit-learn's breast
cancer data by 30 measurements, with the weights' prior N(0, I):

    w ~ N(0, I)                  30 weights of standardized measurements, and an intercept
    y_i | w ~ Bernoulli(σ(x_iᵀ w))

Both approximations q maximize ELBO = E_q[log p(y | w)] − KL(q‖prior) ≤ log p(y): the mean-field one
has independent weights, the full-rank one is any Gaussian. Many long Metropolis chains have the
posterior itself, up to the error of their averages.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

import reparam as rp

try:
    from sklearn.datasets import load_breast_cancer
except ImportError as missing:
    raise SystemExit(f'{missing}; python -m pip install -e ".[examples]" has it') from None

Array = NDArray[np.float64]

DRAWS, RATE = 8, 0.02
CHAINS = 64


class Data(NamedTuple):
    """Measurements, with a column of ones, and labels ±1."""

    x: Array
    sign: Array
    names: list[str]


def load() -> Data:
    """Return the tumours: measurements of mean 0 and variance 1, and 1 where one is benign."""
    found = load_breast_cancer()
    x = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    names = ["intercept", *map(str, found.feature_names)]
    return Data(np.column_stack([np.ones(len(x)), x]), 2.0 * found.target - 1.0, names)


def log_likelihood(data: Data, w: Array) -> tuple[Array, Array]:
    """Return log p(y | w) for each row w, and its derivative in w."""
    margin = data.sign * (w @ data.x.T)
    value = -np.logaddexp(0.0, -margin).sum(axis=-1)
    return value, (data.sign * expit(-margin)) @ data.x


def elbo_gradient(
    data: Data, loc: Array, tril: Array, rng: int | np.random.Generator
) -> tuple[float, Array, Array]:
    """Return an estimate of the ELBO, and its derivatives in the mean and the Cholesky factor."""
    q = rp.MultivariateGaussian(loc=loc, scale_tril=tril)
    prior = rp.MultivariateGaussian(loc=np.zeros(len(loc)))
    draw = q.rsample(DRAWS, rng=rng)
    value, in_w = log_likelihood(data, draw.value)
    pulled, divergence = draw.vjp(in_w / DRAWS), rp.kl(q, prior)
    in_kl = divergence.gradient_p
    return (
        float(value.mean() - divergence.value),
        pulled["loc"] - in_kl["loc"],
        pulled["scale_tril"] - in_kl["scale_tril"],
    )


def approximate(
    data: Data, steps: int, seed: int, mean_field: bool
) -> Iterator[tuple[float, Array, Array]]:
    """Yield the ELBO's estimate and the approximation's μ and L, step by step of Adam.

    The diagonal of L is moved in logarithms, and the step size falls to 0 as a cosine.
    """
    rng, size = np.random.default_rng(seed), data.x.shape[1]
    free = np.eye(size, dtype=bool) if mean_field else np.tri(size, dtype=bool)
    loc, tril = np.zeros(size), 0.1 * np.eye(size)
    mean, square = (np.zeros((size + 1, size)) for _ in range(2))
    for step in range(1, steps + 1):
        value, in_loc, in_tril = elbo_gradient(data, loc, tril, rng)
        yield value, loc, tril
        diagonal = np.diag(tril)
        slope = np.vstack([in_loc, np.where(free, in_tril, 0.0)])
        slope[1:][np.diag_indices(size)] *= diagonal
        mean += 0.1 * (slope - mean)
        square += 0.001 * (slope**2 - square)
        rate = 0.5 * RATE * (1.0 + np.cos(np.pi * step / steps))
        root = np.sqrt(square / (1.0 - 0.999**step)) + 1e-8
        move = rate * mean / (1.0 - 0.9**step) / root
        loc, tril = loc + move[0], tril + np.tril(move[1:], -1)
        tril[np.diag_indices(size)] = diagonal * np.exp(np.diag(move[1:]))


def elbo(data: Data, loc: Array, tril: Array, seed: int = 0, draws: int = 20_000) -> float:
    """Return the ELBO, to a few hundredths of a nat."""
    q = rp.MultivariateGaussian(loc=loc, scale_tril=tril)
    divergence = rp.kl(q, rp.MultivariateGaussian(loc=np.zeros(len(loc)))).value
    values = [log_likelihood(data, w)[0].mean() for w in np.split(q.sample(draws, rng=seed), 20)]
    return float(np.mean(values) - divergence)


def metropolis(data: Data, loc: Array, tril: Array, steps: int, seed: int) -> tuple[Array, float]:
    """Return the states of many chains after a fifth of the steps, and how many were accepted.

    They start from an approximation, whose covariance shapes the proposals, with the scale
    2.38/√d (Roberts, Gelman & Gilks 1997).
    """
    rng, size = np.random.default_rng(seed), len(loc)
    w = loc + rng.normal(size=(CHAINS, size)) @ tril.T

    def log_posterior(w: Array) -> Array:
        return log_likelihood(data, w)[0] - 0.5 * (w * w).sum(axis=-1)

    level, kept, accepted = log_posterior(w), [], 0.0
    for step in range(steps):
        proposed = w + 2.38 / np.sqrt(size) * rng.normal(size=w.shape) @ tril.T
        there = log_posterior(proposed)
        moves = np.log(rng.random(CHAINS)) < there - level
        w = np.where(moves[:, np.newaxis], proposed, w)
        level = np.where(moves, there, level)
        accepted += moves.mean()
        if step >= steps // 5 and step % 10 == 0:
            kept.append(w)
    return np.stack(kept), accepted / steps


class Comparison(NamedTuple):
    """ELBO curves, and means and standard deviations of the weights by each method."""

    curves: dict[str, list[float]]
    bounds: dict[str, float]
    means: dict[str, Array]
    deviations: dict[str, Array]
    error: Array
    accepted: float


def compare(data: Data, steps: int, walk: int, seed: int) -> Comparison:
    """Fit both approximations and run the chains, which start from the full-rank one."""
    curves, bounds, means, deviations = {}, {}, {}, {}
    for name in ("mean-field", "full-rank"):
        run = list(approximate(data, steps, seed, name == "mean-field"))
        curves[name] = [value for value, _, _ in run]
        _, loc, tril = run[-1]
        bounds[name] = elbo(data, loc, tril)
        means[name], deviations[name] = loc, np.sqrt((tril * tril).sum(axis=1))
    states, accepted = metropolis(data, loc, tril, walk, seed)
    means["Metropolis"] = states.mean(axis=(0, 1))
    deviations["Metropolis"] = states.std(axis=(0, 1))
    error = states.mean(axis=0).std(axis=0, ddof=1) / np.sqrt(CHAINS)  # chains are independent
    return Comparison(curves, bounds, means, deviations, error, accepted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, and print the weights whose standard deviations are the largest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=5000, help="of Adam (5000)")
    parser.add_argument("--walk", type=int, default=20_000, help="steps of each chain (20000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    data = load()
    found = compare(data, options.steps, options.walk, options.seed)
    for name, bound in found.bounds.items():
        print(f"ELBO, {name:12}{bound:10.2f}")
    print(f"Metropolis: {found.accepted:.0%} accepted\n")
    print(f"{'weight':26}" + "".join(f"{name:>18}" for name in found.means))
    order = np.argsort(-found.deviations["Metropolis"])
    for k in order[:8]:
        cells = (f"{found.means[n][k]:8.2f} ± {found.deviations[n][k]:.2f}" for n in found.means)
        print(f"{data.names[k]:26}" + "".join(f"{cell:>18}" for cell in cells))
    print(f"\n{'compared with Metropolis':26}{'mean':>12}{'sd':>12}")
    spread = found.deviations["Metropolis"]
    for name in ("mean-field", "full-rank"):
        off = np.max(np.abs(found.means[name] - found.means["Metropolis"]) / spread)
        ratio = found.deviations[name] / spread
        print(f"{name:26}{off:12.3f}{ratio.min():7.3f} to {ratio.max():.3f}")
    print(f"{'error of Metropolis':26}{np.max(found.error / spread):12.3f}")


if __name__ == "__main__":
    main()
