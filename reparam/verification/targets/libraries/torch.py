"""Samplers of ``torch.distributions``: ``torch:Beta``.

Each draw has parameters of its own, all equal, in double or single precision on the CPU: the
gradient of the sum of draws holds the derivative of each in its own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.verification.laws.law import Formula
from reparam.verification.refusals import NoGradient
from reparam.verification.targets.libraries._library import Library, Make
from reparam.verification.targets.libraries._rows import rows
from reparam.verification.targets.libraries._sampling import ends, row_of_constraints, unchecked
from reparam.verification.targets.target import Bends, Sample

__all__ = ["ROWS", "VECTORS", "Sampling", "recognized", "target"]

ROWS, VECTORS = rows("common", "torch"), rows("torch-vectors")


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
        # arrays may be views that are not to be written to
        numbers = {name: torch.as_tensor(np.array(x), dtype=dtype) for name, x in theta.items()}
        return {name: each.expand((*n, *each.shape)) for name, each in numbers.items()}

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

    def values(self, theta: Mapping[str, Any], n: int, seed: int) -> Array:
        """Return n draws."""
        with _torch().no_grad(), _seeded(seed):
            made = self._make(self._at(theta, (n,)))
            return np.asarray(made.rsample() if made.has_rsample else made.sample())

    def _drawn(self, theta: Mapping[str, Any], n: int, seed: int) -> tuple[dict[str, Any], Any]:
        """Return the parameters that n draws are differentiated in, and these draws."""
        leaves = {
            name: each.clone().requires_grad_() for name, each in self._at(theta, (n,)).items()
        }
        distribution = self._make(leaves)
        if not distribution.has_rsample:
            raise NoGradient(f"{self._label} has no rsample")
        with _seeded(seed):
            return leaves, distribution.rsample()

    def sample(
        self, theta: Mapping[str, Any], n: int, seed: int
    ) -> tuple[Array, Callable[[Array], Mapping[str, Array]]]:
        """Return the same draws, and their product with upstream gradients, or raise NoGradient."""
        torch, (leaves, y) = _torch(), self._drawn(theta, n, seed)

        def pull(upstream: Array) -> dict[str, Array]:
            given = torch.as_tensor(upstream, dtype=y.dtype)
            found: Any = [None] * len(leaves)
            if y.requires_grad:
                found = torch.autograd.grad(
                    y, list(leaves.values()), given, retain_graph=True, allow_unused=True
                )
            if cut := [name for name, each in zip(leaves, found, strict=True) if each is None]:
                raise NoGradient(f"draws of {self._label} do not depend on {', '.join(cut)}")
            return {name: each.numpy() for name, each in zip(leaves, found, strict=True)}

        return y.detach().numpy(), pull

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return the same draws with gradients, differentiated again: what is cut off is 0."""
        torch, (leaves, y) = _torch(), self._drawn(theta, n, seed)
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


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator, which ``rsample`` draws from, and put it back."""
    torch = _torch()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed % 2**63)
        yield


class _Torch(Library):
    """PyTorch, and how its distributions are used."""

    def sampling(self, make: Make, cls: Any, label: str, *, of_vectors: bool) -> Sampling:
        """Return the sampler of a distribution, made from arrays of parameters."""
        return Sampling(make, cls, label)

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
