"""Variational inference in NumPyro with gamma latents, by its own distributions and by reparam's.

``python examples/svi.py --steps 1500 --seed 1`` fits a model of counts twice, and prints the
evidence lower bound (ELBO) and the time of a step. The model has a rate for each count:

    λ_i ~ Gamma(a, b)            the prior; a and b are fitted, too
    x_i ~ Poisson(λ_i)           the counts
    q(λ_i) = Gamma(α_i, β_i)     the guide

The posterior of λ_i is Gamma(a + x_i, b + 1), so that the best ELBO is the evidence itself: the
counts are negative binomial.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO
from scipy.stats import nbinom

import reparam.numpyro as rpn

#: Where gamma latents come from.
GAMMAS = {"numpyro": dist.Gamma, "reparam": rpn.Gamma}


def counts_of(sites: int, seed: int) -> np.ndarray[Any, Any]:
    """Return counts of the model at a = 2, b = 0.5."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(2.0, 2.0, sites)).astype(float)


def model(counts: Any, gamma: Any) -> None:
    """Declare p(λ, x)."""
    a, b = (numpyro.param(x, 1.0, constraint=dist.constraints.positive) for x in "ab")
    with numpyro.plate("sites", len(counts)):
        rate = numpyro.sample("rate", gamma(a, b))
        numpyro.sample("counts", dist.Poisson(rate), obs=counts)


def guide(counts: Any, gamma: Any) -> None:
    """Declare q(λ)."""
    start, positive = jnp.ones(len(counts)), dist.constraints.positive
    alpha, beta = (numpyro.param(x, start, constraint=positive) for x in ("alpha", "beta"))
    with numpyro.plate("sites", len(counts)):
        numpyro.sample("rate", gamma(alpha, beta))


def fit(counts: Any, gamma: Any, steps: int, seed: int) -> tuple[dict[str, Any], float, float]:
    """Return the parameters, their ELBO by 1000 draws, and the milliseconds of a step."""
    svi = SVI(model, guide, numpyro.optim.Adam(0.02), Trace_ELBO())
    state = svi.init(jax.random.key(seed), counts, gamma)

    @jax.jit
    def run(state: Any) -> Any:
        def step(state: Any, _: Any) -> Any:
            return svi.update(state, counts, gamma)

        return jax.lax.scan(step, state, None, length=steps)[0]

    compiled = run.lower(state).compile()
    begun = time.perf_counter()
    state = jax.block_until_ready(compiled(state))
    cost = 1e3 * (time.perf_counter() - begun) / steps
    parameters = svi.get_params(state)
    # by NumPyro's draws for both: their values are right
    loss = Trace_ELBO(num_particles=1000).loss
    elbo = -loss(jax.random.key(0), parameters, model, guide, counts, dist.Gamma)
    return parameters, float(elbo), cost


def evidence(counts: Any, parameters: dict[str, Any]) -> float:
    """Return ln p(x) at the fitted prior."""
    a, b = (float(parameters[x]) for x in "ab")
    return float(nbinom.logpmf(counts, a, b / (1.0 + b)).sum())


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit by both, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sites", type=int, default=1000, help="how many counts (1000)")
    parser.add_argument("--steps", type=int, default=1500, help="steps of Adam (1500)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    counts = counts_of(options.sites, options.seed)
    print(f"{'gamma of':<12}{'ELBO':>10}{'ln p(x)':>10}{'a':>8}{'b':>8}{'ms per step':>12}")
    for name, gamma in GAMMAS.items():
        found, elbo, cost = fit(counts, gamma, options.steps, options.seed)
        a, b = (float(found[x]) for x in "ab")
        bound = evidence(counts, found)
        print(f"{name:<12}{elbo:>10.1f}{bound:>10.1f}{a:>8.3f}{b:>8.3f}{cost:>12.2f}", flush=True)


if __name__ == "__main__":
    main()
