"""Time of ``reparam.torch`` beside ``torch.distributions``, and on top of the library itself.

Two tables: construction, ``rsample`` and backward pass at a few counts, and a training step of a
small autoencoder whose latent draws have a distribution each. Run as

    python benchmarks/pytorch.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

import reparam as rp
import reparam.torch as rpt

#: PyTorch's name of each class, and the parameters that are timed.
LAWS = {"Normal": (0.5, 2.0), "Gamma": (2.0, 1.0), "Beta": (2.0, 3.0), "StudentT": (5.0, 1.0)}

#: How many draws.
COUNTS = (1, 100, 10_000)

#: How often each time is taken, of which the best counts.
REPEATS = 300

#: The training step's batch, latent numbers, and width of layers.
BATCH, LATENT, WIDTH = 128, 8, 64


def best(calls: list[Callable[[], Any]], repeats: int = REPEATS) -> list[float]:
    """Return the least time of each of some calls, in µs: they take turns."""
    found = [np.inf] * len(calls)
    for _ in range(repeats):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            found[k] = min(found[k], 1e6 * (time.perf_counter() - start))
    return found


def whole(module: Any, name: str, n: int) -> None:
    """Construct, draw and differentiate."""
    theta = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in LAWS[name]]
    y = getattr(module, name)(*theta).rsample((n,))
    torch.autograd.grad(y.sum(), theta)


def layer(name: str, n: int) -> list[float]:
    """Return the times forward and backward that the PyTorch layer adds to the library's."""
    theta = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in LAWS[name]]
    theirs = getattr(rpt, name)(*theta)
    ours = theirs.law(*LAWS[name])
    y, draw = theirs.rsample((n,)), ours.rsample(n, rng=1)
    upstream, ones = torch.ones_like(y), np.ones(n)
    times = best(
        [
            lambda: theirs.rsample((n,)),
            lambda: theirs.law(*LAWS[name]).rsample(n, rng=1),
            lambda: torch.autograd.grad(y, theta, upstream, retain_graph=True),
            lambda: draw.vjp(ones),
        ]
    )
    return [times[0] - times[1], times[2] - times[3]]


def training_step(module: Any, name: str) -> Callable[[], None]:
    """Return a step of an autoencoder of 64 numbers whose latent draws have that distribution."""
    torch.manual_seed(0)
    linear = torch.nn.Linear
    encoder = torch.nn.Sequential(linear(64, WIDTH), torch.nn.Tanh(), linear(WIDTH, 2 * LATENT))
    decoder = torch.nn.Sequential(linear(LATENT, WIDTH), torch.nn.Tanh(), linear(WIDTH, 64))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    x = torch.rand(BATCH, 64)

    def step() -> None:
        optimizer.zero_grad()
        first, second = encoder(x).chunk(2, dim=-1)
        positive = torch.nn.functional.softplus
        first = first if name == "Normal" else positive(first) + 0.1
        y = getattr(module, name)(first, positive(second) + 0.1).rsample()
        (decoder(y) - x).square().sum(-1).mean().backward()
        optimizer.step()

    return step


def main() -> None:
    """Print the tables."""
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}, reparam {rp.__version__}\n")
    modules = torch.distributions, rpt
    print("| | n | `torch.distributions` | `reparam.torch` | ratio | layer forward | backward |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for name in LAWS:
        for n in COUNTS:
            times = best([partial(whole, module, name, n) for module in modules])
            forward, backward = layer(name, n)
            print(
                f"| `{name}` | {n:,} | {times[0]:,.0f} µs | {times[1]:,.0f} µs"
                f" | {times[1] / times[0]:.1f} | {forward:.0f} µs | {backward:.0f} µs |"
            )
    print("\n| training step | `torch.distributions` | `reparam.torch` | ratio |")
    print("| --- | --: | --: | --: |")
    for name in LAWS:
        times = best([training_step(module, name) for module in modules], 4 * REPEATS)
        print(f"| `{name}` | {times[0]:,.0f} µs | {times[1]:,.0f} µs | {times[1] / times[0]:.2f} |")


if __name__ == "__main__":
    main()
