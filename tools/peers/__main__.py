"""Measure gradients of other libraries' draws: ``python tools/peers torch`` (or another library).

It needs the library. Each distribution that ``laws.csv`` has arguments for draws 40 times 1,000
values y; the mean of ∂f(y)/∂θ over them is compared with that of f(y) ∂log p(y)/∂θ, by the
library's own density, for a smooth function f. Both are unbiased if the gradient is right. Where
``comparison.py`` has found how many digits are right, these are kept.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from peers import DATA, Law, laws

#: Blocks of draws, of which the means have a standard error, and draws in each.
BLOCKS, EACH = 40, 1000
#: Standard errors between two means that are not the same.
APART = 6.0
#: Parameters that are not differentiated in: integers, and ends of the support.
FIXED = {
    *("total_count", "dim", "dimension", "d", "n", "num_steps", "event_shape"),
    *("low", "high", "minimum", "maximum", "v", "of", "mask", "mean_direction"),
    *("reinterpreted_batch_ndims", "validate_args"),
}
#: Where a distribution's density is, if another one has it.
DENSITIES = {"Stable": "StableWithLogProb"}
MODULES = {
    "torch": "torch.distributions",
    "pyro": "pyro.distributions",
    "numpyro": "numpyro.distributions",
    "tfp": "tensorflow_probability.substrates.jax.distributions",
    "distrax": "distrax",
}


def main() -> None:
    library, *names = sys.argv[1:]
    warnings.simplefilter("ignore")
    os.environ["JAX_ENABLE_X64"] = "1"
    module = import_module(MODULES[library])
    estimates = by_torch if library in ("torch", "pyro") else by_jax
    every = laws()
    for k, law in enumerate(every):
        wanted = law.library == library and law.arguments and (law.name in names or not names)
        if wanted and not law.gradient.endswith("digits"):
            every[k] = replace(law, gradient=measured(law, module, estimates))
            print(library, law.name, every[k].gradient, file=sys.stderr, flush=True)
    with DATA.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, asdict(every[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, every))


def leaves_of(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each parameter that is differentiated in."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name not in FIXED:
                yield from leaves_of(value, f"{path}.{name}" if path else name)
    elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
        for number, value in enumerate(tree):
            yield from leaves_of(value, f"{path}[{number}]")
    else:
        yield path, tree


def made(module: Any, tree: Any, leaves: Mapping[str, Any], path: str = "") -> Any:
    """Return arguments with the leaves in their places: ``{"of": "Normal", …}`` makes a part."""
    if isinstance(tree, dict):
        given = {
            name: made(module, value, leaves, f"{path}.{name}" if path else name)
            for name, value in tree.items()
            if name != "of"
        }
        return attrgetter(tree["of"])(module)(**given) if "of" in tree else given
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return [made(module, v, leaves, f"{path}[{k}]") for k, v in enumerate(tree)]
    return leaves.get(path, tree)


def measured(law: Law, module: Any, estimates: Callable[..., Any]) -> str:
    """Return whether a distribution's gradients are right on average, in words."""
    arguments = json.loads(law.arguments)
    theta = dict(leaves_of(arguments))
    classes = getattr(module, law.name), getattr(module, DENSITIES.get(law.name, law.name))

    def distribution(leaves: Mapping[str, Any], density: bool = False) -> Any:
        return classes[density](**made(module, arguments, leaves))

    try:
        pairs = [estimates(law.library, distribution, theta, seed) for seed in range(BLOCKS)]
    except NotImplementedError:
        return "none"
    except Exception as error:  # whatever a library raises
        return f"not measured: {type(error).__name__}"
    none, worst = [], 0.0
    for name, value in theta.items():
        path, score = (np.array([pair[side][name] for pair in pairs]) for side in (0, 1))
        if not np.any(path):
            none.append(name)
            continue
        off = path - score
        apart = np.abs(off.mean(axis=0)) / (off.std(axis=0) / BLOCKS**0.5 + 1e-13)
        worst = max(worst, np.max(np.tril(apart) if np.ndim(value) == 2 else apart))
    if len(none) == len(theta):
        return "none"
    found = "biased" if worst > APART else "right on average"
    return found + (f", none in {', '.join(none)}" if none else "")


def f(xp: Any, y: Any, event: tuple[int, ...]) -> Any:
    """Return a smooth function of draws, in which entries have different weights."""
    value = xp.cos(1.3 * y) + 0.5 * xp.sin(0.7 * y)
    if not event:
        return value
    size = int(np.prod(event))
    value = value * xp.arange(1.0, 1.0 + size).reshape(event)
    return value.reshape(-1, size).sum(-1)


def by_torch(
    library: str, distribution: Callable[..., Any], theta: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the means by the path and by the score."""
    torch: Any = import_module("torch")
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(seed)
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in theta.items()}
    d = distribution(leaves)
    if not d.has_rsample:
        raise NotImplementedError
    y = d.rsample((EACH,))
    values = f(torch, y, tuple(d.event_shape))

    def gradients(of: Any) -> dict[str, Any]:
        found = torch.autograd.grad(of, list(leaves.values()), allow_unused=True, retain_graph=True)
        return {
            name: np.zeros(leaf.shape) if slope is None else slope.numpy()
            for (name, leaf), slope in zip(leaves.items(), found, strict=True)
        }

    weights = (values - values.mean()).detach() * (EACH / (EACH - 1.0))
    log_prob = distribution(leaves, density=True).log_prob(y.detach())
    return gradients(values.mean()), gradients((weights * log_prob).mean())


def by_jax(
    library: str, distribution: Callable[..., Any], theta: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the means by the path and by the score."""
    jax: Any = import_module("jax")
    key = jax.random.PRNGKey(seed)
    leaves = {name: jax.numpy.asarray(value, dtype=float) for name, value in theta.items()}
    event = tuple(distribution(leaves).event_shape)

    def mean(leaves: Mapping[str, Any]) -> tuple[Any, Any]:
        d = distribution(leaves)
        if library == "numpyro":
            y = d.sample(key, (EACH,))
        elif library == "tfp":
            y = d.sample(EACH, seed=key)
        else:
            y = d.sample(seed=key, sample_shape=(EACH,))
        values = f(jax.numpy, y, event)
        return values.mean(), (y, values)

    try:
        path, (y, values) = jax.grad(mean, has_aux=True)(leaves)
    except ValueError as error:
        if "Reverse-mode differentiation" in str(error):
            raise NotImplementedError from error
        raise
    weights = (values - values.mean()) * (EACH / (EACH - 1.0))

    def by_density(leaves: Mapping[str, Any]) -> Any:
        return (weights * distribution(leaves).log_prob(y)).mean()

    return path, jax.grad(by_density)(leaves)


if __name__ == "__main__":
    main()
