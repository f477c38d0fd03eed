"""Reinforcement learning with a Beta policy in NumPy: the path's gradient beside the score's.

``python examples/beta_policy.py --steps 200 --seed 1 2 3 --out policy`` trains the same policy by
both gradients, with as many episodes a step, and writes what came of it as a picture.

The task: a cart on a line, with position x and velocity v, is to be brought to rest at 0 in 20
moves. An action a in (0, 1) is the force 2a − 1. A bounded force is what a Beta distribution is for
(Chou, Maturana & Scherer 2017, Improving stochastic policy gradients in continuous control with
deep reinforcement learning using the Beta distribution):

    a | x, v ~ Beta(1 + softplus(s·w₁), 1 + softplus(s·w₂)),  s = (x, v, 1)

The cost of a move is x² + v²/10 + (2a − 1)²/100, after it. Who knows the dynamics can differentiate
through them and the draws: that is the path's gradient. Who doesn't takes the score function, with
the mean cost-to-go of the other episodes at the same move as its baseline.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

import reparam as rp

try:
    from matplotlib.figure import Figure
except ImportError as missing:
    raise SystemExit(f'{missing}; python -m pip install -e ".[examples]" has it') from None

Array = NDArray[np.float64]

MOVES, EPISODES, INTERVAL = 20, 32, 0.25

#: Where the gradient comes from, and the colour of its curve (Okabe & Ito 2008).
ESTIMATORS = {"pathwise": "#0072B2", "score": "#D55E00"}

#: What is not data in the picture, which has no background: fit for light and dark pages.
GREY = "#7e7e7e"


class Episodes(NamedTuple):
    """What happened, with one row for each episode: lists by moves, but the costs an array."""

    states: list[Array]
    inputs: list[Array]
    draws: list[rp.Draw]
    costs: Array


def play(weights: Array, rng: np.random.Generator, episodes: int = EPISODES) -> Episodes:
    """Return episodes from random starts, by the policy of these weights."""
    x, v = rng.uniform(-2.0, 2.0, (2, episodes))
    states, inputs, draws, costs = [], [], [], []
    for _ in range(MOVES):
        state = np.stack([x, v, np.ones_like(x)], axis=1)
        into = state @ weights
        alpha, beta = 1.0 + np.logaddexp(0.0, into.T)
        draw = rp.Beta(alpha, beta).rsample(rng=rng)
        force = 2.0 * draw.value - 1.0
        v = v + INTERVAL * force
        x = x + INTERVAL * v
        costs.append(x**2 + v**2 / 10.0 + force**2 / 100.0)
        states.append(np.stack([x, v], axis=1))
        inputs.append(state)
        draws.append(draw)
    return Episodes(states, inputs, draws, np.array(costs))


def pathwise(weights: Array, played: Episodes) -> Array:
    """Return the gradient of the mean cost, through the draws and the dynamics."""
    gradient = np.zeros_like(weights)
    in_x, in_v = np.zeros((2, played.costs.shape[1]))  # ∂(costs from here on)/∂(x, v)
    for state, into, draw in zip(*(reversed(each) for each in played[:3]), strict=True):
        x, v = state.T
        in_x = in_x + 2.0 * x
        in_v = in_v + v / 5.0 + INTERVAL * in_x
        force = 2.0 * draw.value - 1.0
        through = draw.vjp(2.0 * (force / 50.0 + INTERVAL * in_v))
        rows = into_weights(weights, into, through)
        gradient += into.T @ rows
        back = rows @ weights.T  # the policy sees the state, too
        in_x, in_v = in_x + back[:, 0], in_v + back[:, 1]
    return gradient / played.costs.shape[1]


def score(weights: Array, played: Episodes) -> Array:
    """Return the gradient of the mean cost, by the score function with baselines."""
    gradient = np.zeros_like(weights)
    ahead = played.costs[::-1].cumsum(axis=0)[::-1]
    episodes = ahead.shape[1]
    centred = (ahead - ahead.mean(axis=1, keepdims=True)) * (episodes / (episodes - 1.0))
    for cost, into, draw in zip(centred, played.inputs, played.draws, strict=True):
        scores = draw.distribution.score(draw.value)
        through = {name: cost * each for name, each in scores.items()}
        gradient += into.T @ into_weights(weights, into, through)
    return gradient / episodes


def into_weights(weights: Array, into: Array, through: dict[str, Array]) -> Array:
    """Return ∂L/∂(s·w) of each episode, given ∂L/∂(α, β)."""
    slopes: Array = expit(into @ weights) * np.stack([through["alpha"], through["beta"]], axis=1)
    return slopes


GRADIENTS = {"pathwise": pathwise, "score": score}


def train(name: str, steps: int, rate: float, seed: int) -> tuple[Array, Array]:
    """Return the weights after so many steps of Adam, and the mean cost of an episode by step."""
    rng = np.random.default_rng(seed)
    weights, first, second = np.zeros((3, 3, 2))
    curve = np.empty(steps)
    for step in range(steps):
        played = play(weights, rng)
        curve[step] = played.costs.sum(axis=0).mean()
        gradient = GRADIENTS[name](weights, played)
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        unbiased = first / (1.0 - 0.9 ** (step + 1)), second / (1.0 - 0.99 ** (step + 1))
        weights = weights - rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return weights, curve


def variances(weights: Array, seed: int, repeats: int = 200) -> dict[str, float]:
    """Return the variance of each gradient, summed over the weights, at the same episodes."""
    rng = np.random.default_rng(seed)
    played = [play(weights, rng) for _ in range(repeats)]
    return {
        name: float(np.var([of(weights, each) for each in played], axis=0, ddof=1).sum())
        for name, of in GRADIENTS.items()
    }


def plot(curves: dict[str, Array], path: Path) -> None:
    """Draw the cost by step: seeds thin, their mean thick."""
    figure = Figure(figsize=(6.0, 3.2), layout="constrained", facecolor="none")
    axes = figure.subplots()
    axes.set_facecolor("none")
    for name, colour in ESTIMATORS.items():
        axes.plot(curves[name].T, color=colour, alpha=0.25, linewidth=0.6)
        axes.plot(curves[name].mean(axis=0), color=colour, label=name)
    axes.set(xlabel="step", ylabel="mean cost of an episode", yscale="log")
    axes.spines[:].set_color(GREY)
    axes.tick_params(which="both", colors=GREY)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set_color(GREY)
    axes.legend(labelcolor="linecolor", frameon=False)
    figure.savefig(path, dpi=120)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.05, help="Adam's step size (0.05)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3], help="one or several")
    parser.add_argument("--out", type=Path, default=Path("policy"), help="folder for the picture")
    options = parser.parse_args(arguments)

    runs = {
        name: [train(name, options.steps, options.rate, seed) for seed in options.seed]
        for name in ESTIMATORS
    }
    curves = {name: np.array([curve for _, curve in found]) for name, found in runs.items()}
    trained = runs["pathwise"][0][0]
    before, after = variances(np.zeros_like(trained), 1), variances(trained, 1)
    print(f"{'':<10}{'cost at the end':>18}{'variance: untrained':>22}{'trained':>12}")
    for name in ESTIMATORS:
        last = curves[name][:, -min(20, options.steps) :].mean()
        print(f"{name:<10}{last:>18.2f}{before[name]:>22.3g}{after[name]:>12.3g}")
    options.out.mkdir(parents=True, exist_ok=True)
    plot(curves, options.out / "beta-policy.png")


if __name__ == "__main__":
    main()
