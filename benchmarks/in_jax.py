"""Time of draws and their gradients by ``reparam.jax`` beside ``jax.random``.

For each distribution Σ y and its gradient in the parameters, compiled, of 100,000 draws in float64;
Dirichlet's are 100,000 gamma draws, which both divide by their sums. Run as

    python benchmarks/in_jax.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

import reparam as rp
import reparam.jax as rpj

#: Draws, or entries of vectors.
N = 100_000

#: How often each time is taken, of which the best counts.
REPEATS = 5

Draw = Callable[..., jax.Array]


def dirichlet(gammas: Draw) -> Draw:
    """Return draws of vectors of 10, each weighted, from a sampler of gamma draws."""

    def draw(key: jax.Array, alpha: jax.Array) -> jax.Array:
        y = gammas(key, jnp.broadcast_to(alpha, (N // 10, 10)))
        return y / y.sum(-1, keepdims=True) * jnp.arange(10.0)

    return draw


def ours(name: str) -> Draw:
    """Return this library's draws."""

    def draw(key: jax.Array, *theta: jax.Array) -> jax.Array:
        parameters = dict(zip(rp.get(name).parameters, theta, strict=False))
        return rpj.rsample(name, () if theta[0].ndim else N, seed=key, **parameters)

    return draw


#: By name: parameters, draws by JAX, and draws by this library.
ROWS: dict[str, tuple[tuple[float, ...], Draw, Draw]] = {
    "gamma": ((2.0,), lambda key, a: jax.random.gamma(key, a, (N,)), ours("gamma")),
    "beta": ((2.0, 3.0), lambda key, a, b: jax.random.beta(key, a, b, (N,)), ours("beta")),
    "student-t": ((4.0,), lambda key, df: jax.random.t(key, df, (N,)), ours("student-t")),
    "dirichlet": ((0.5,), dirichlet(jax.random.gamma), dirichlet(ours("gamma"))),
}


def best(draw: Draw, theta: tuple[float, ...]) -> float:
    """Return the least time of draws with their gradient, in ms."""

    def total(theta: tuple[jax.Array, ...], key: jax.Array) -> jax.Array:
        return draw(key, *theta).sum()

    call = jax.jit(jax.value_and_grad(total))
    parameters, times = tuple(map(jnp.asarray, theta)), []
    for k in range(1 + REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(call(parameters, jax.random.key(k)))
        times.append(1e3 * (time.perf_counter() - start))
    return min(times[1:])  # the first compiles


def main() -> None:
    """Print the table."""
    jax.config.update("jax_enable_x64", True)
    print(f"JAX {jax.__version__}, NumPy {np.__version__}, reparam {rp.__version__}\n")
    print("| | `jax.random` | `reparam.jax` | ratio |")
    print("| --- | --: | --: | --: |")
    for name, (theta, theirs, here) in ROWS.items():
        slow, fast = best(theirs, theta), best(here, theta)
        print(f"| `{name}` | {slow:,.0f} ms | {fast:,.1f} ms | {slow / fast:.0f} |", flush=True)


if __name__ == "__main__":
    main()
