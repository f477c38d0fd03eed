"""Sampling plus back-propagation, this library and its peers side by side in one run.

``python benchmarks/speed.py [--n 1e6] [--rounds 9] [--only gamma] [--skip jax] [--json FILE]``,
or ``--scaling`` for time and memory over counts of streamed draws, this library alone.

Each case draws n values in float64 and back-propagates an upstream gradient into every parameter,
once with parameters given per element and once with the same scalar for all. PyTorch and JAX take
part if they are installed. This library is timed with each of its kernels, or those that
``--kernels`` names (see ``reparam.show_kernels``). Libraries take turns, a tenth of a second each,
with a pause in between for idle threads to go to sleep; the figures are medians over the rounds, in
nanoseconds a draw, all cores together. ``--cpu`` gives each library one thread and counts processor
time instead: on a machine that does other work, too, for which JAX is to be left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from by_kernels import KERNELS, kernels

import reparam as rp
from reparam.engine.threads import thread_count

#: name, our class, parameters by our names: a number, or the ends of those that are spread evenly
#: on a logarithmic scale, which are timed per element alone.
CASES: list[tuple[str, str, dict[str, float | tuple[float, float]]]] = [
    ("Gaussian", "gaussian", {"loc": 0.5, "scale": 1.5}),
    ("Exponential", "exponential", {"rate": 1.5}),
    ("Laplace", "laplace", {"loc": 0.5, "scale": 1.5}),
    ("Logistic", "logistic", {"loc": 0.5, "scale": 1.5}),
    ("Gamma(0.3)", "gamma", {"alpha": 0.3, "rate": 1.0}),
    ("Gamma(2)", "gamma", {"alpha": 2.0, "rate": 1.0}),
    ("Gamma(50)", "gamma", {"alpha": 50.0, "rate": 1.0}),
    ("Gamma(0.1…100)", "gamma", {"alpha": (0.1, 100.0), "rate": 1.0}),
    ("Beta(0.3, 0.4)", "beta", {"alpha": 0.3, "beta": 0.4}),
    ("Beta(2, 3)", "beta", {"alpha": 2.0, "beta": 3.0}),
    ("Beta(50, 80)", "beta", {"alpha": 50.0, "beta": 80.0}),
    ("Beta(1e3, 2e3)", "beta", {"alpha": 1e3, "beta": 2e3}),
    ("Beta(0.1…100, 0.1…100)", "beta", {"alpha": (0.1, 100.0), "beta": (0.1, 100.0)}),
    ("StudentT(5)", "student-t", {"df": 5.0, "loc": 0.0, "scale": 1.0}),
]

Call = Callable[[], Any]


def ours(name: str, parameters: dict[str, Any], n: int, upstream: np.ndarray) -> dict[str, Call]:
    """Return what is timed of this library: sampling with back-propagation, and the derivative."""
    cls = rp.get(name)
    scalar = all(np.ndim(value) == 0 for value in parameters.values())
    shape = (n,) if scalar else ()
    y = np.asarray(cls(**parameters).rsample(shape, rng=1).value)

    def both() -> Any:
        return cls(**parameters).rsample(shape, rng=1).vjp(upstream)

    calls: dict[str, Call] = {"both": both}
    if not scalar and name in ("gamma", "beta"):
        calls["kernel"] = lambda: cls(**parameters).pathwise(y)
    return calls


def with_kernels(calls: dict[str, Call], name: str) -> dict[str, Call]:
    """Return calls that use kernels of that name."""

    def using(call: Call) -> Call:
        def function() -> Any:
            with kernels(name):
                return call()

        return function

    return {kind: using(call) for kind, call in calls.items()}


def torch_calls(
    name: str, parameters: dict[str, Any], n: int, upstream: np.ndarray
) -> dict[str, Call]:
    """Return the same of PyTorch; a kernel of its own for gamma and beta alone."""
    import torch
    from torch import distributions as dist

    torch.set_num_threads(thread_count())
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in parameters.values()]
    scalar = all(leaf.ndim == 0 for leaf in leaves)
    shape = (n,) if scalar else ()
    weight = torch.tensor(upstream)

    def logistic(loc: Any, scale: Any) -> Any:
        full = torch.zeros(n if scalar else loc.shape, dtype=torch.float64)
        uniform = dist.Uniform(full, full + 1.0)
        return dist.TransformedDistribution(
            uniform, [dist.SigmoidTransform().inv, dist.AffineTransform(loc, scale)]
        )

    make = {
        "gaussian": dist.Normal,
        "exponential": dist.Exponential,
        "laplace": dist.Laplace,
        "logistic": logistic,
        "gamma": dist.Gamma,
        "beta": dist.Beta,
        "student-t": dist.StudentT,
    }[name]

    def both() -> None:
        for leaf in leaves:
            leaf.grad = None
        y = make(*leaves).rsample(() if scalar and name == "logistic" else shape)
        y.backward(weight)

    calls: dict[str, Call] = {"both": both}
    if not scalar and name == "gamma":
        alpha = leaves[0].detach()
        y = torch._standard_gamma(alpha)
        calls["kernel"] = lambda: torch._standard_gamma_grad(alpha, y)
    if not scalar and name == "beta":
        both_shapes = torch.stack([leaf.detach() for leaf in leaves], -1)
        x = dist.Beta(*(leaf.detach() for leaf in leaves)).sample()
        x = torch.stack([x, 1.0 - x], -1)
        total = both_shapes.sum(-1, keepdim=True).expand_as(both_shapes)
        calls["kernel"] = lambda: torch._dirichlet_grad(x, both_shapes, total)
    return calls


def jax_calls(
    name: str, parameters: dict[str, Any], n: int, upstream: np.ndarray
) -> dict[str, Call]:
    """Return the same of JAX, compiled; of fewer draws where a draw costs microseconds."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    samplers = {
        "gaussian": lambda k, s, loc, scale: loc + scale * jax.random.normal(k, s),
        "exponential": lambda k, s, rate: jax.random.exponential(k, s) / rate,
        "laplace": lambda k, s, loc, scale: loc + scale * jax.random.laplace(k, s),
        "logistic": lambda k, s, loc, scale: loc + scale * jax.random.logistic(k, s),
        "gamma": lambda k, s, alpha, rate: jax.random.gamma(k, alpha, s) / rate,
        "beta": lambda k, s, alpha, beta: jax.random.beta(k, alpha, beta, s),
        "student-t": lambda k, s, df, loc, scale: loc + scale * jax.random.t(k, df, s),
    }
    key = jax.random.key(1)
    few = min(n, 20_000) if name in ("gamma", "beta", "student-t") else n
    weight = jnp.asarray(upstream[:few])
    values = [jnp.asarray(v)[:few] if np.ndim(v) else jnp.asarray(v) for v in parameters.values()]

    def loss(theta: Any) -> Any:
        return (samplers[name](key, (few,), *theta) * weight).sum()

    gradient = jax.jit(jax.grad(loss))

    def both() -> None:
        jax.block_until_ready(gradient(values))

    both.share = few / n  # type: ignore[attr-defined]
    return {"both": both}


def per_element(given: dict[str, Any], n: int) -> dict[str, np.ndarray]:
    """Return parameters of which each draw has its own."""
    rng = np.random.default_rng(0)
    return {
        key: np.exp(rng.uniform(*np.log(value), n))
        if isinstance(value, tuple)
        else np.full(n, value)
        for key, value in given.items()
    }


def measure(
    calls: dict[str, dict[str, Call]], n: int, rounds: int, clock: Callable[[], float]
) -> dict[str, dict[str, float]]:
    """Return medians in ns per draw, by what is timed and by library."""
    times: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for library, kinds in calls.items():
            for kind, call in kinds.items():
                time.sleep(0.05)
                call()
                start, done = clock(), 0
                while done == 0 or clock() - start < 0.1:
                    call()
                    done += 1
                spent = (clock() - start) / done
                each = spent / (n * getattr(call, "share", 1.0)) * 1e9
                times.setdefault(kind, {}).setdefault(library, []).append(each)
    return {
        kind: {library: statistics.median(values) for library, values in by.items()}
        for kind, by in times.items()
    }


def scaling() -> None:
    """Print time a draw and peak memory of streams of draws with their gradients, by count."""
    from reparam import sampling

    print(f"{'streamed draws with gradients':<30}{'n':>12}{'ns per draw':>12}{'peak MB':>10}")
    for name in ("gaussian", "gamma", "beta", "student-t"):
        for n in (10**4, 10**5, 10**6, 10**7, 10**8):
            spent = []
            for _ in range(3 if n < 10**8 else 1):
                start = time.perf_counter()
                for draw in sampling.stream(rp.get(name)(), range(n), rng=1):
                    draw.vjp(1.0)
                spent.append(time.perf_counter() - start)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{name:<30}{n:>12,}{min(spent) / n * 1e9:>12.1f}{peak:>10.0f}", flush=True)


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=float, default=1e6)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="cases whose name contains this, in lower case")
    parser.add_argument("--skip", default="", help="a library to leave out")
    parser.add_argument("--kernels", default=",".join(KERNELS), help="kernels of this library")
    parser.add_argument("--json", help="also write the figures to this file")
    parser.add_argument("--cpu", action="store_true", help="processor time of one thread each")
    parser.add_argument("--scaling", action="store_true", help="time and memory by count instead")
    options = parser.parse_args()
    if options.scaling:
        scaling()
        return
    n, clock = int(options.n), time.perf_counter
    if options.cpu:
        os.environ["REPARAM_NUM_THREADS"], clock = "1", time.process_time
    peers: dict[str, Callable[..., dict[str, Call]]] = {}
    for library, make in (("torch", torch_calls), ("jax", jax_calls)):
        if library in options.skip.split(","):
            continue
        if find_spec(library):
            peers[library] = make
        else:
            print(f"{library} is not installed: left out (pip install {library})", file=sys.stderr)
    names = ["numpy", "scipy", *peers]
    print(
        f"reparam {version('reparam')}, "
        + ", ".join(f"{name} {version(name)}" for name in names)
        + f", Python {platform.python_version()}, {thread_count()} cores, n = {n:,}"
    )
    upstream = np.random.default_rng(0).standard_normal(n)
    own = options.kernels.split(",")
    columns = [*own, *peers]
    header = f"{'ns per draw':<50}" + "".join(f"{name:>10}" for name in columns)
    pairs = [(name, peer) for peer in peers for name in own]
    print(header + "".join(f"{f'{peer}/{name}':>14}" for name, peer in pairs))
    results: dict[str, dict[str, float]] = {}
    for title, name, given in CASES:
        if options.only not in title.lower():
            continue
        mixed = any(isinstance(value, tuple) for value in given.values())
        for how in ("per element",) if mixed else ("per element", "scalar"):
            parameters: dict[str, Any] = per_element(given, n) if how == "per element" else given
            mine = ours(name, parameters, n, upstream)
            calls = {kernel: with_kernels(mine, kernel) for kernel in own}
            calls |= {
                library: make(name, parameters, n, upstream) for library, make in peers.items()
            }
            for kind, by in measure(calls, n, options.rounds, clock).items():
                label = f"{title}, {how}" + (", derivative" if kind == "kernel" else "")
                results[label] = by
                line = f"{label:<50}" + "".join(
                    f"{by[c]:>10.1f}" if c in by else f"{'':>10}" for c in columns
                )
                ratios = (f"{by[c] / by[o]:>14.1f}" if c in by else "" for o, c in pairs)
                print(line + "".join(ratios), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
