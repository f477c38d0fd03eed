"""A small normalizing flow: maps of a gamma distribution, for a posterior with a wall and a tail.

``python examples/flow.py --steps 3000 --seed 1`` approximates the posterior of the eight schools
(Rubin 1981, Estimation in parallel randomized experiments): coaching changed the results of school
i by y_i, of standard error σ_i. With the schools' own effects integrated out,

    y_i ~ N(μ, σ_i² + τ²),    μ ~ N(0, 10²),    τ ~ half-Cauchy(10)

Three approximations q(τ) q(μ | τ) maximize the evidence lower bound (ELBO). Its distance from the
evidence, which is known by quadrature, is KL(q‖posterior).

    log-normal      τ = exp(a + b z), of a Gaussian z; μ Gaussian
    flow            τ = c · g^p, of a gamma distributed g; μ Gaussian
    coupled flow    the same, and location and scale of μ depend on τ
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

import reparam as rp

Array = NDArray[np.float64]

EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

#: Scale of both priors; draws per step; step size of Adam.
PRIOR, DRAWS, RATE = 10.0, 64, 0.02

Theta = dict[str, float]


class Form(NamedTuple):
    """The distribution of τ, those of its parameters that move, and whether μ depends on τ.

    Parameters that are positive move in logarithms.
    """

    tau: rp.Reparameterized
    real: tuple[str, ...]
    positive: tuple[str, ...]
    coupled: bool = False


_MAPPED = 5.0 * rp.Gamma() ** 1.0
_OF_FLOW = "base.base.alpha", "base.map.exponent", "map.scale"
FORMS = {
    "log-normal": Form(rp.exp(1.0 * rp.Gaussian() + 1.0), ("base.map.loc",), ("base.map.scale",)),
    "flow": Form(_MAPPED, (), _OF_FLOW),
    "coupled flow": Form(_MAPPED, (), _OF_FLOW, coupled=True),
}


def log_joint(mu: Array, tau: Array) -> tuple[Array, Array, Array]:
    """Return ln p(y, μ, τ), and its derivatives in μ and in τ."""
    variance = (ERRORS**2)[:, np.newaxis] + tau**2
    apart = EFFECTS[:, np.newaxis] - mu
    cauchy = 1.0 + (tau / PRIOR) ** 2
    value = -0.5 * (np.log(2.0 * np.pi * variance) + apart**2 / variance).sum(axis=0)
    value += -0.5 * (mu / PRIOR) ** 2 - 0.5 * math.log(2.0 * math.pi * PRIOR**2)
    value += math.log(2.0 / (math.pi * PRIOR)) - np.log(cauchy)
    in_mu = (apart / variance).sum(axis=0) - mu / PRIOR**2
    in_tau = tau * ((apart**2 / variance - 1.0) / variance).sum(axis=0)
    return value, in_mu, in_tau - 2.0 * tau / PRIOR**2 / cauchy


def density(tau: float) -> tuple[float, float]:
    """Return p(y, τ), where μ is integrated out, and the mean of μ given y and τ."""
    precision = 1.0 / (ERRORS**2 + tau**2)
    total = 1.0 / PRIOR**2 + precision.sum()
    mean = (precision @ EFFECTS) / total
    square = precision @ EFFECTS**2 - total * mean**2
    log_volume = np.log(2.0 * math.pi / precision).sum() + math.log(PRIOR**2 * total)
    prior = 2.0 / (math.pi * PRIOR * (1.0 + (tau / PRIOR) ** 2))
    return prior * math.exp(-0.5 * (log_volume + square)), mean


def exact() -> tuple[float, float, float]:
    """Return ln p(y), and the posterior's means of μ and of τ, by quadrature."""

    def integral(weight: Callable[[float, float], float]) -> float:
        def integrand(tau: float) -> float:
            joint, mean = density(tau)
            return joint * weight(tau, mean)

        return quad(integrand, 0.0, math.inf, epsabs=0.0, epsrel=1e-10)[0]

    whole = integral(lambda tau, mean: 1.0)
    in_mu, in_tau = integral(lambda tau, mean: mean), integral(lambda tau, mean: tau)
    return math.log(whole), in_mu / whole, in_tau / whole


class Flow:
    """q(τ) q(μ | τ), with all its parameters in one array: those of μ given τ come last."""

    def __init__(self, form: Form) -> None:
        start = [float(form.tau[path]) for path in form.real]
        start += [math.log(float(form.tau[path])) for path in form.positive]
        self.form = form
        self.theta = np.array([*start, 0.0, math.log(5.0), 0.0, 0.0])

    @property
    def tau(self) -> rp.Reparameterized:
        """q(τ)."""
        paths, count = (*self.form.real, *self.form.positive), len(self.form.real)
        values = [*self.theta[:count], *np.exp(self.theta[count : len(paths)])]
        return self.form.tau.replace(dict(zip(paths, values, strict=True)))

    def mu(self, tau: Array) -> rp.Gaussian:
        """Return q(μ | τ) at each τ."""
        loc, log_scale, loc_slope, scale_slope = self.theta[-4:]
        x = np.log1p(tau)
        return rp.Gaussian(loc + loc_slope * x, np.exp(log_scale + scale_slope * x))

    def elbo(self, rng: np.random.Generator, count: int = DRAWS) -> tuple[float, Array]:
        """Return an estimate of the ELBO, and its derivative: of E[ln p(y, μ, τ) − ln q(μ, τ)].

        That is the derivative along the draws. ln q moves with the parameters at fixed draws, too,
        which is 0 on average (Roeder, Wu & Duvenaud 2017, Sticking the landing).
        """
        q_tau = self.tau
        tau = q_tau.rsample(count, rng=rng)
        q_mu = self.mu(tau.value)
        mu = q_mu.rsample(rng=rng)
        value, in_mu, in_tau = log_joint(mu.value, tau.value)
        value = value - q_tau.log_prob(tau.value) - q_mu.log_prob(mu.value)
        # at fixed noise, ln q(μ | τ) falls by the change of ln σ
        pulled = mu.vjp(in_mu)
        in_loc, in_log_scale = pulled["loc"], pulled["scale"] * q_mu["scale"] + 1.0
        x, slopes = np.log1p(tau.value), self.theta[-2:]
        in_tau = in_tau - q_tau.stein_score(tau.value)
        in_tau = in_tau + (slopes[0] * in_loc + slopes[1] * in_log_scale) / (1.0 + tau.value)
        pulled = tau.vjp(in_tau / count)
        real, positive = self.form.real, self.form.positive
        gradient = [pulled[path] for path in real]
        gradient += [pulled[path] * q_tau[path] for path in positive]
        of_mu = [in_loc, in_log_scale, x * in_loc, x * in_log_scale]
        of_mu = [entry.mean() for entry in of_mu]
        if not self.form.coupled:
            of_mu[2:] = 0.0, 0.0
        return float(value.mean()), np.array([*gradient, *of_mu])


def train(form: Form, steps: int, seed: int) -> tuple[Flow, list[float]]:
    """Return an approximation by Adam, whose step size falls as a cosine, and the ELBO by step."""
    flow, rng, curve = Flow(form), np.random.default_rng(seed), list[float]()
    mean = square = np.zeros_like(flow.theta)
    for step in range(1, steps + 1):
        value, gradient = flow.elbo(rng)
        curve.append(value)
        mean = mean + 0.1 * (gradient - mean)
        square = square + 0.01 * (gradient**2 - square)
        root = np.sqrt(square / (1.0 - 0.99**step)) + 1e-8
        rate = 0.5 * RATE * (1.0 + math.cos(math.pi * step / steps))
        flow.theta = flow.theta + rate * mean / (1.0 - 0.9**step) / root
    return flow, curve


class Result(NamedTuple):
    """The ELBO, and means of μ and τ."""

    elbo: float
    mu: float
    tau: float


def judged(flow: Flow, seed: int = 0, count: int = 200_000) -> Result:
    """Return the ELBO of an approximation by many draws."""
    rng = np.random.default_rng(seed)
    q_tau = flow.tau
    tau = q_tau.sample(count, rng=rng)
    q_mu = flow.mu(tau)
    mu = q_mu.sample(rng=rng)
    values = log_joint(mu, tau)[0] - q_tau.log_prob(tau) - q_mu.log_prob(mu)
    return Result(float(values.mean()), float(mu.mean()), float(tau.mean()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all three, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000, help="steps of Adam (3000)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    log_evidence, mu, tau = exact()
    print(f"ln p(y) = {log_evidence:.4f}")
    print(f"{'':<14}{'ELBO':>10}{'KL':>10}{'E[μ]':>8}{'E[τ]':>8}")
    for name, form in FORMS.items():
        flow, _ = train(form, given.steps, given.seed)
        found = judged(flow)
        gap = log_evidence - found.elbo
        print(f"{name:<14}{found.elbo:>10.4f}{gap:>10.4f}{found.mu:>8.2f}{found.tau:>8.2f}")
    print(f"{'posterior':<34}{mu:>8.2f}{tau:>8.2f}")


if __name__ == "__main__":
    main()
