"""Samplers of ``torch.distributions``: ``torch:Beta``.

Each parameter is an array of equal numbers in double or single precision on the CPU, and
``rsample`` draws one value for each: the gradient of the sum of draws holds the derivative of each
in its own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.verification.laws.law import Formula
from reparam.verification.refusals import NoGradient
from reparam.verification.targets.libraries._library import Library, Make
from reparam.verification.targets.libraries._rows import (
    COMMON,
    PROBABILITY,
    Row,
    discrete,
    log_odds,
    row,
)
from reparam.verification.targets.libraries._sampling import ends, row_of_constraints, unchecked
from reparam.verification.targets.libraries._vectors import VectorRow, diagonal, vectors
from reparam.verification.targets.target import Bends, Sample

__all__ = ["ROWS", "VECTORS", "Sampling", "recognized", "target"]

#: Distributions and what they are; of others the log density is asked.
ROWS: Mapping[str, Row] = {
    **COMMON,
    "Binomial": discrete({"total_count": 10}, probs=PROBABILITY),
    "ContinuousBernoulli": row(
        "continuous-bernoulli", logits=log_odds("probs"), ranges={"probs": PROBABILITY}
    ),
    "FisherSnedecor": row("f", df1="df1", df2="df2"),
    "GeneralizedPareto": row(
        "generalized-pareto", loc="loc", scale="scale", concentration="concentration"
    ),
    "HalfCauchy": row("half-cauchy", scale="scale"),
    "InverseGamma": row("inverse-gamma", alpha="concentration", scale="rate"),
    "NegativeBinomial": discrete({"total_count": 10}, probs=PROBABILITY),
    "Pareto": row("pareto", scale="scale", alpha="alpha"),
    "Weibull": row("weibull", scale="scale", concentration="concentration"),
}

#: Distributions of vectors and matrices.
VECTORS: Mapping[str, VectorRow] = {
    "Dirichlet": vectors("dirichlet", concentration="concentration"),
    "LKJCholesky": vectors("lkj-cholesky", {"dim": 3}, dim="dim", concentration="concentration"),
    "LogisticNormal": diagonal("stick-breaking-normal", loc="loc", scale="scale_tril"),
    "LowRankMultivariateNormal": vectors(
        "low-rank-gaussian", loc="loc", cov_factor="cov_factor", cov_diag="cov_diag"
    ),
    "MultivariateNormal": vectors("multivariate-gaussian", loc="loc", scale_tril="scale_tril"),
    "RelaxedOneHotCategorical": replace(
        vectors("concrete", temperature="temperature", logits="logits"),
        columns=frozenset({"temperature"}),
    ),
    "Wishart": vectors("wishart", df="df", scale_tril="scale_tril"),
}


def _torch() -> Any:
    return import_module("torch")


class Sampling:
    """A distribution of PyTorch's, made from arrays of parameters."""

    def __init__(self, make: Make, cls: Any, label: str) -> None:
        self._make, self._cls, self._label = make, cls, label

    def _at(self, theta: Mapping[str, Any], n: tuple[int, ...] = ()) -> dict[str, Any]:
        torch = _torch()
        single = any(isinstance(value, np.float32) for value in theta.values())
        dtype = torch.float32 if single else torch.float64
        numbers = {name: torch.as_tensor(value, dtype=dtype) for name, value in theta.items()}
        return {name: torch.broadcast_to(each, n or each.shape) for name, each in numbers.items()}

    @property
    def formulas(self) -> dict[str, Formula]:
        """The log density, or the cdf, whichever the class has."""
        base = _torch().distributions.Distribution
        for name in ("log_prob", "cdf"):
            own = getattr(self._cls, name)
            if callable(own) and own is not getattr(base, name):
                return {name: self._formula(name)}
        return {}

    def _formula(self, name: str) -> Formula:
        def formula(y: Array, /, **theta: Array) -> Array:
            torch = _torch()
            with torch.no_grad():
                made = self._make(self._at(theta))
                return np.asarray(getattr(made, name)(torch.as_tensor(y, dtype=torch.float64)))

        return formula

    def support(self, theta: Mapping[str, float]) -> tuple[float, float]:
        """Return the ends of the interval that values lie in."""
        return ends(self._make(self._at(theta)).support)

    def values(self, theta: Mapping[str, float], n: int, seed: int) -> Array:
        """Return n draws."""
        torch = _torch()
        with torch.no_grad(), _seeded(seed):
            made = self._make(self._at(theta, (n,)))
            return np.asarray(made.rsample() if made.has_rsample else made.sample())

    def _drawn(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[dict[str, Any], Any]:
        """Return the parameters that n draws are differentiated in, and these draws."""
        leaves = {
            name: each.clone().requires_grad_() for name, each in self._at(theta, (n,)).items()
        }
        return leaves, _rsampled(self._make(leaves), self._label, seed)

    def sample(self, theta: Mapping[str, float], n: int, seed: int) -> Sample:
        """Return the same draws, with gradients, or raise NoGradient."""
        torch = _torch()
        leaves, y = self._drawn(theta, n, seed)
        gradients = (
            torch.autograd.grad(y.sum(), list(leaves.values()), allow_unused=True)
            if y.requires_grad
            else [None] * len(leaves)
        )
        cut = [name for name, each in zip(leaves, gradients, strict=True) if each is None]
        if cut:
            raise NoGradient(f"draws of {self._label} do not depend on {', '.join(cut)}")
        return Sample(
            y.detach().numpy(),
            {name: each.numpy() for name, each in zip(leaves, gradients, strict=True)},
        )

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return the same draws with gradients, differentiated again: what is cut off is 0."""
        torch = _torch()
        leaves, y = self._drawn(theta, n, seed)
        kept = list(leaves.values())
        first = torch.autograd.grad(y.sum(), kept, create_graph=True)
        bends = {}
        for a, slope in zip(leaves, first, strict=True):
            again = (
                torch.autograd.grad(slope.sum(), kept, retain_graph=True, allow_unused=True)
                if slope.requires_grad
                else [None] * len(kept)
            )
            for b, each in zip(leaves, again, strict=True):
                bends[a, b] = np.zeros(n) if each is None else each.detach().numpy()
        slopes = {name: each.detach().numpy() for name, each in zip(leaves, first, strict=True)}
        return Sample(y.detach().numpy(), slopes), bends


class _VectorSampling:
    """A class of ``torch.distributions`` of vectors or matrices, each draw with parameters."""

    def __init__(self, cls: Callable[..., Any], row: VectorRow, label: str) -> None:
        self._cls, self._row, self._label = cls, row, label

    def _made(self, theta: Mapping[str, Any]) -> Any:
        def cut(matrix: Any) -> Any:
            return matrix.diagonal(dim1=-2, dim2=-1)

        return self._cls(**self._row.arguments(theta, cut), validate_args=False)

    def _leaves(self, theta: Mapping[str, Array], n: int) -> dict[str, Any]:
        torch = _torch()
        names = [name for name in self._row.names.values() if name not in self._row.constants]
        arrays = {name: torch.as_tensor(theta[name], dtype=torch.float64) for name in names}
        return {
            name: each.expand(n, *each.shape).clone().requires_grad_()
            for name, each in arrays.items()
        }

    def values(self, theta: Mapping[str, Array], n: int, seed: int) -> Array:
        """Return n draws."""
        with _torch().no_grad(), _seeded(seed):
            made = self._made(self._leaves(theta, n))
            return np.asarray(made.rsample() if made.has_rsample else made.sample())

    def sample(
        self, theta: Mapping[str, Array], n: int, seed: int
    ) -> tuple[Array, Callable[[Array], Mapping[str, Array]]]:
        """Return the same draws, and their product with upstream gradients."""
        torch, leaves = _torch(), self._leaves(theta, n)
        y = _rsampled(self._made(leaves), self._label, seed)
        if not y.requires_grad:
            raise NoGradient(f"draws of {self._label} do not depend on its parameters")

        def pull(upstream: Array) -> dict[str, Array]:
            found = torch.autograd.grad(
                y, list(leaves.values()), torch.as_tensor(upstream), True, allow_unused=True
            )
            if cut := [name for name, each in zip(leaves, found, strict=True) if each is None]:
                raise NoGradient(f"draws of {self._label} do not depend on {', '.join(cut)}")
            return {name: each.numpy() for name, each in zip(leaves, found, strict=True)}

        return y.detach().numpy(), pull

    def log_prob(self, y: Array, theta: Mapping[str, Array]) -> Array:
        """Return the log density."""
        torch = _torch()
        with torch.no_grad():
            arrays = {name: torch.as_tensor(each) for name, each in theta.items()}
            return np.asarray(self._made(arrays).log_prob(torch.as_tensor(y)))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator, which ``rsample`` draws from, and put it back."""
    torch = _torch()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed % 2**63)
        yield


def _rsampled(distribution: Any, label: str, seed: int) -> Any:
    """Return draws that are differentiable in the parameters, or raise NoGradient."""
    if not distribution.has_rsample:
        raise NoGradient(f"{label} has no rsample")
    with _seeded(seed):
        return distribution.rsample()


class _Torch(Library):
    """PyTorch, and how its distributions are used."""

    def sampling(self, make: Make, cls: Any, label: str) -> Sampling:
        """Return the sampler of a distribution, made from arrays of parameters."""
        return Sampling(make, cls, label)

    def vector_sampling(self, cls: Any, row: VectorRow, label: str) -> _VectorSampling:
        """Return the sampler of a class of distributions of vectors or matrices."""
        return _VectorSampling(cls, row, label)

    def stacked(self, arrays: list[Any]) -> Any:
        """Return arrays that broadcast together, joined along a new last axis."""
        torch = _torch()
        return torch.stack(torch.broadcast_tensors(*arrays), dim=-1)


_LIBRARY = _Torch(
    module="torch.distributions",
    title="PyTorch",
    package="torch",
    rows=ROWS,
    vectors=VECTORS,
    nested={
        "Independent": ("base_dist", "reinterpreted_batch_ndims"),
        "MixtureSameFamily": ("mixture_distribution", "component_distribution"),
        "TransformedDistribution": ("base_dist", "transforms"),
    },
    row_of=row_of_constraints,
    options=unchecked,
    expands=True,
)
target, recognized = _LIBRARY.target, _LIBRARY.recognized
