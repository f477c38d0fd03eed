"""Vectors and matrices beside PyTorch, NumPyro and TFP: variance of gradients, and time.

``python benchmarks/vectors_simplex.py`` prints three tables. Needs torch, numpyro, tfp-nightly;
those that are missing are left out. Variances are of ∂ Σ_k c_k y_k/∂α_j at one draw, summed over j,
times of drawing and of all gradients, per draw: the median of several runs, interleaved. Elapsed
time is with all threads; processor time with one thread for PyTorch, whose threads wait busily.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module

import numpy as np

import reparam as rp

#: Draws whose gradients' variances are compared.
DRAWS = 20_000
#: Runs of which the median time is taken.
RUNS = 7
CONCENTRATIONS = {
    "0.3, 0.5, 0.8": np.array([0.3, 0.5, 0.8]),
    "1, 2, 3": np.array([1.0, 2.0, 3.0]),
    "20, 30, 50": np.array([20.0, 30.0, 50.0]),
    "0.5 … 5, K = 20": np.linspace(0.5, 5.0, 20),
}

Gradients = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def ours(alpha: np.ndarray, c: np.ndarray, n: int) -> np.ndarray:
    """Return the gradient of each draw, one row each."""
    d = rp.Dirichlet(np.broadcast_to(alpha, (n, alpha.size)))
    return d.rsample(rng=1).vjp(c)["concentration"]


def by_torch(alpha: np.ndarray, c: np.ndarray, n: int) -> np.ndarray:
    """Return PyTorch's."""
    torch = import_module("torch")
    torch.manual_seed(1)
    shapes = torch.tensor(np.tile(alpha, (n, 1)), requires_grad=True)
    (torch.distributions.Dirichlet(shapes).rsample() * torch.tensor(c)).sum().backward()
    return shapes.grad.numpy()


def by_jax(make: Callable[..., object], alpha: np.ndarray, c: np.ndarray, n: int) -> np.ndarray:
    """Return those that JAX makes of a sampler."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    shapes, key = jax.numpy.asarray(np.tile(alpha, (n, 1))), jax.random.PRNGKey(1)
    return np.asarray(jax.grad(lambda a: (make(a, key) * c).sum())(shapes))


def by_numpyro(alpha: np.ndarray, c: np.ndarray, n: int) -> np.ndarray:
    """Return NumPyro's."""
    law = import_module("numpyro.distributions").Dirichlet
    return by_jax(lambda a, key: law(a).rsample(key), alpha, c, n)


def by_tfp(alpha: np.ndarray, c: np.ndarray, n: int) -> np.ndarray:
    """Return TFP's, on JAX."""
    law = import_module("tensorflow_probability.substrates.jax").distributions.Dirichlet
    return by_jax(lambda a, key: law(a).sample(seed=key), alpha, c, n)


PEERS: dict[str, Gradients] = {
    "reparam": ours,
    "torch": by_torch,
    "numpyro": by_numpyro,
    "tfp": by_tfp,
}


def variances() -> Iterator[str]:
    """Yield a row of variances for each set of concentrations."""
    rng = np.random.default_rng(0)
    for label, alpha in CONCENTRATIONS.items():
        c = rng.normal(size=alpha.size)
        cells = []
        for peer in PEERS.values():
            try:
                cells.append(f"{peer(alpha, c, DRAWS).var(axis=0).sum():.4g}")
            except ImportError:
                cells.append("")
        yield " | ".join(["", label, *cells, ""]).strip()


# Times --------------------------------------------------------------------------------------------


def dirichlet(k: int, n: int) -> dict[str, Callable[[], object]]:
    """Return what draws and differentiates, by library: one shared set of concentrations."""
    alpha, c = np.linspace(0.5, 5.0, k), np.linspace(-1.0, 1.0, k)
    d = rp.Dirichlet(alpha)
    runs: dict[str, Callable[[], object]] = {"reparam": lambda: d.rsample(n).vjp(c)}
    try:
        torch = import_module("torch")
    except ImportError:
        return runs
    shapes, weights = torch.tensor(alpha, requires_grad=True), torch.tensor(c)

    def theirs() -> None:
        (torch.distributions.Dirichlet(shapes).rsample((n,)) * weights).sum().backward()

    return runs | {"torch": theirs}


def wishart(d: int, n: int) -> dict[str, Callable[[], object]]:
    """Return the same of Wishart matrices, in degrees of freedom and in the factor."""
    tril, c = np.eye(d) + 0.3 * np.tri(d, k=-1), np.ones((d, d))
    law = rp.Wishart(d + 15.5, scale_tril=tril)
    runs: dict[str, Callable[[], object]] = {"reparam": lambda: law.rsample(n).vjp(c)}
    try:
        torch = import_module("torch")
    except ImportError:
        return runs
    df = torch.tensor(d + 15.5, dtype=torch.float64, requires_grad=True)
    factor = torch.tensor(tril, requires_grad=True)

    def theirs() -> None:
        # rsample redraws, in place, what it finds singular by rounding: then backward() fails
        law = torch.distributions.Wishart(df, scale_tril=factor)
        law._bartlett_sampling((n,)).sum().backward()

    return runs | {"torch": theirs}


def gaussian(d: int, n: int) -> dict[str, Callable[[], object]]:
    """Return the same of Gaussian vectors, in the mean and the Cholesky factor."""
    loc, tril, c = np.zeros(d), np.eye(d) + 0.3 / d * np.tri(d, k=-1), np.ones(d)
    runs: dict[str, Callable[[], object]] = {
        "reparam": lambda: rp.MultivariateGaussian(loc, scale_tril=tril).rsample(n).vjp(c)
    }
    try:
        torch = import_module("torch")
    except ImportError:
        return runs
    mean, factor = (torch.tensor(each, requires_grad=True) for each in (loc, tril))

    def theirs() -> None:
        law = torch.distributions.MultivariateNormal(mean, scale_tril=factor)
        law.rsample((n,)).sum().backward()

    return runs | {"torch": theirs}


CASES = {
    "Gaussian, K = 2": (gaussian, 2, 100_000),
    "Gaussian, K = 10": (gaussian, 10, 100_000),
    "Gaussian, K = 100": (gaussian, 100, 100_000),
    "Dirichlet, K = 3": (dirichlet, 3, 100_000),
    "Dirichlet, K = 100": (dirichlet, 100, 3_000),
    "Wishart, d = 5": (wishart, 5, 20_000),
}


def times(clock: Callable[[], float]) -> Iterator[str]:
    """Yield a row for each case: microseconds per draw, and their ratio."""
    for label, (case, size, n) in CASES.items():
        runs = case(size, n)
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(RUNS):
            for name, run in runs.items():
                start = clock()
                run()
                seconds[name].append(clock() - start)
        each = {name: 1e6 * statistics.median(found) / n for name, found in seconds.items()}
        ratio = f"{each['torch'] / each['reparam']:.2f}" if "torch" in each else ""
        cells = [f"{each[name]:.3g}" if name in each else "" for name in ("reparam", "torch")]
        yield f"| {label} | {n} | {' | '.join(cells)} | {ratio} |"


def main() -> None:
    """Print all tables."""
    print(f"Variance of ∂/∂α, summed over α, {DRAWS} draws\n")
    print("| α |", " | ".join(PEERS), "|")
    print("| --- |", " --: |" * len(PEERS))
    for row in variances():
        print(row)
    clocks = {"elapsed": time.perf_counter, "processor time": time.process_time}
    for what, clock in clocks.items():
        if clock is time.process_time:
            with suppress(ImportError):
                import_module("torch").set_num_threads(1)
        print(f"\nMicroseconds per draw, {what}: drawing and all gradients\n")
        print("| case | n | reparam | torch | torch/reparam |")
        print("| --- | --: | --: | --: | --: |")
        for row in times(clock):
            print(row)


if __name__ == "__main__":
    main()
