"""The Dirichlet-multinomial distribution."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.base.distribution import About
from reparam.distributions.dirichlet import Dirichlet
from reparam.distributions.multinomial import drawn
from reparam.domains import POSITIVE, Integers
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.errors import NoFormulaError
from reparam.families.entries import Marginals, with_rest
from reparam.parameters import Parameter
from reparam.regions import CountVector
from reparam.special import count_vectors
from reparam.special._accurate import product_difference
from reparam.special.polygamma import delta_step, digamma_difference
from reparam.special.simplex import covariance, of_others

__all__ = ["DirichletMultinomial"]


class DirichletMultinomial(Marginals, DiscreteVectors):
    """The Dirichlet-multinomial distribution, Pólya's: of multinomial counts, p ~ Dirichlet(α).

    p(y) = n! Γ(α₀)/Γ(n + α₀) Π_k Γ(y_k + α_k)/(y_k! Γ(α_k)), α₀ = Σ_k α_k. It is differentiable in
    the concentrations α, and not in the number n of trials.
    """

    name = "dirichlet-multinomial"
    total_count: Parameter = Parameter(
        "n",
        Integers(1, math.inf),
        1.0,
        (1.0, 60.0),
        ("total", "n", "trials"),
        "Number of trials",
        differentiable=False,
    )
    concentration: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.5, 50.0), ("alpha",), "Concentrations, of K categories,", vector=3
    )
    about = About(
        density="p(y) = n! Γ(α₀)/Γ(n + α₀) Π_k Γ(y_k + α_k) / (y_k! Γ(α_k)),  α₀ = Σ_k α_k",
        score={"concentration": "ψ(y_k + α_k) − ψ(α_k) − ψ(n + α₀) + ψ(α₀) for each k"},
        source="Johnson, Kotz & Balakrishnan (1997), Discrete Multivariate Distributions,"
        " section 35.13.1",
    )
    alternatives: ClassVar[str] = (
        "draw p from dirichlet, which is reparameterized, and take the expectation given p"
    )
    _support = CountVector(total="total_count")
    _substreams = ((NORMAL, ("K",)), (UNIFORM, ("K",)), (UNIFORM, ("K",)))

    def _of_entries(self, chosen: list[int]) -> DirichletMultinomial:
        alpha = with_rest(np.asarray(self.concentration), chosen)
        return DirichletMultinomial(self.total_count, alpha)

    @staticmethod
    def _drawn(z: Array, u: Array, v: Array, total_count: Array, concentration: Array) -> Array:
        return drawn(v, total_count, Dirichlet._transform(z, u, concentration)[0])

    @staticmethod
    def _log_prob(y: Array, total_count: Array, concentration: Array) -> Array:
        return count_vectors.dirichlet_multinomial(y, total_count, concentration)

    @staticmethod
    def _score(y: Array, total_count: Array, concentration: Array) -> tuple[Array, ...]:
        """Near the mean by log1p of what y_k/n and α_k/α₀ are apart, and of δ(z) = ln z − ψ(z)."""
        n = np.asarray(total_count)[..., np.newaxis]
        whole = np.sum(concentration, axis=-1, keepdims=True)
        alpha, n, rest, whole = np.broadcast_arrays(
            concentration, n, of_others(concentration), whole
        )
        over = product_difference(y, rest, n - y, alpha) / alpha / (n + whole)
        near = np.abs(over) < 0.5
        # whichever of the four differences cancel less
        across = delta_step(alpha, rest) - delta_step(alpha + y, rest + (n - y))
        steps = np.where(rest < alpha, across, delta_step(alpha, y) - delta_step(whole, n))
        far = digamma_difference(alpha, y) - digamma_difference(whole, n)
        return (np.where(near, np.log1p(np.where(near, over, 0.0)) + steps, far),)

    @staticmethod
    def _mean(total_count: Array, concentration: Array) -> Array:
        return np.asarray(total_count[..., np.newaxis] * Dirichlet._mean(concentration))

    @classmethod
    def _variance(cls, total_count: Array, concentration: Array) -> Array:
        total = np.sum(concentration, axis=-1)
        factor = np.asarray(total_count * (total + total_count))[..., np.newaxis]
        return np.asarray(factor * Dirichlet._variance(concentration))

    @classmethod
    def _covariance(cls, total_count: Array, concentration: Array) -> Array:
        total = np.sum(concentration, axis=-1)
        factor = total_count * (total + total_count) / (total + 1.0)
        variance = cls._variance(total_count, concentration)
        return covariance(Dirichlet._mean(concentration), variance, factor)

    @staticmethod
    def _entropy(total_count: Array, concentration: Array) -> Array:
        if np.any(total_count > count_vectors.MOST):
            raise NoFormulaError(
                f"the entropy of DirichletMultinomial is a sum over counts up to total_count, and"
                f" total_count is more than {count_vectors.MOST}; average -log_prob over draws"
            )
        return count_vectors.dirichlet_multinomial_entropy(total_count, concentration)
