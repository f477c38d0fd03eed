"""A variational autoencoder in NumPy, trained by pathwise and by score-function gradients.

``python examples/vae.py --epochs 200 --seed 1 --out vae`` trains the same model three times on the
handwritten digits of scikit-learn, each time with as many latent draws, and writes what came of it
as pictures. Several seeds (``--seed 1 2 3``) give means and standard deviations over them.

The model (Kingma & Welling 2014, Auto-encoding variational Bayes), with x the 8 × 8 pixels:

    z ~ N(0, 1)                  in each of the latent dimensions: the prior
    x | z ~ Binomial(16, p(z))   the decoder gives the logits of p
    q(z | x) = N(μ(x), σ(x))     the encoder gives μ and ln σ

A pixel is the number of black dots in a 4 × 4 block of a finer image, so the binomial distribution
is that of the data if the dots of a block are independent. What is maximized is the evidence lower
bound ELBO = E_q[log p(x | z)] − KL(q‖prior), a lower bound of log p(x), in nats per image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, logit

import reparam as rp

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_digits
    from threadpoolctl import threadpool_limits  # scikit-learn depends on it
except ImportError as missing:
    raise SystemExit(f'{missing}; python -m pip install -e ".[examples]" has it') from None

Array = NDArray[np.float64]

DOTS, PIXELS, HIDDEN, LATENT, DRAWS, BATCH = 16, 64, 128, 16, 2, 64

PRIOR = rp.Gaussian(loc=0.0, scale=1.0)

#: Where the encoder's gradient comes from, and the colour of its curves (Okabe & Ito 2008).
ESTIMATORS = {
    "pathwise": "#0072B2",
    "score, leave-one-out": "#D55E00",
    "score, no baseline": "#CC79A7",
}


#: What is not data in the pictures, which have no background: fit for light and dark pages.
GREY = "#7e7e7e"


class MLP(NamedTuple):
    """The network y = tanh(x w1 + b1) w2 + b2, or a gradient in its weights."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return y, and the hidden layer for `backward`."""
        hidden = np.tanh(x @ self.w1 + self.b1)
        return hidden @ self.w2 + self.b2, hidden

    def backward(self, x: Array, hidden: Array, in_y: Array) -> tuple[Array, MLP]:
        """Return ∂L/∂x and ∂L/∂weights, given ∂L/∂y."""
        in_sum = in_y @ self.w2.T * (1.0 - hidden**2)
        in_x = in_sum @ self.w1.T
        x, in_sum, hidden, in_y = (a.reshape(-1, a.shape[-1]) for a in (x, in_sum, hidden, in_y))
        return in_x, MLP(x.T @ in_sum, in_sum.sum(0), hidden.T @ in_y, in_y.sum(0))


class VAE(NamedTuple):
    """The two networks, or a gradient in their weights."""

    encoder: MLP
    decoder: MLP

    def encode(self, x: Array) -> tuple[rp.Gaussian, Array]:
        """Return q(z | x), and the encoder's hidden layer."""
        y, hidden = self.encoder.forward(x / DOTS)
        return rp.Gaussian(loc=y[:, :LATENT], scale=np.exp(y[:, LATENT:])), hidden

    def decode(self, z: Array) -> Array:
        """Return the mean of p(x | z)."""
        return DOTS * expit(self.decoder.forward(z)[0])


def new_vae(x: Array, rng: np.random.Generator) -> VAE:
    """Return a model to be trained on x, with random weights and an output near the mean image."""

    def mlp(inputs: int, outputs: int, b2: Array) -> MLP:
        w1 = rng.normal(size=(inputs, HIDDEN)) / np.sqrt(inputs)
        w2 = rng.normal(size=(HIDDEN, outputs)) / np.sqrt(HIDDEN) / 10.0
        return MLP(w1, np.zeros(HIDDEN), w2, b2)

    p = (x.sum(axis=0) + 0.5) / (DOTS * len(x) + 1.0)
    return VAE(mlp(PIXELS, 2 * LATENT, np.zeros(2 * LATENT)), mlp(LATENT, PIXELS, logit(p)))


def log_likelihood(x: Array, logits: Array) -> Array:
    """Return log p(x | z), given the logits at z."""
    ways: Array = gammaln(DOTS + 1) - gammaln(x + 1) - gammaln(DOTS - x + 1)
    return (ways + x * logits - DOTS * np.logaddexp(0.0, logits)).sum(-1)


def elbo(vae: VAE, x: Array, rng: int, draws: int = DRAWS) -> float:
    """Return an estimate of the ELBO, the mean over the images x."""
    q, _ = vae.encode(x)
    logits, _ = vae.decoder.forward(q.sample(draws, rng=rng))
    divergence = rp.kl(q, PRIOR).value.sum(-1)
    return float(np.mean(log_likelihood(x, logits) - divergence))


def gradient(vae: VAE, x: Array, rng: int | np.random.Generator, estimator: str) -> VAE:
    """Return an unbiased estimate of the ELBO's gradient: pathwise, that of `elbo` at this rng."""
    q, q_hidden = vae.encode(x)
    draw = q.rsample(DRAWS, rng=rng)
    z = draw.value  # draws × images × latent dimensions
    logits, hidden = vae.decoder.forward(z)

    share = 1.0 / (DRAWS * len(x))
    in_z, in_decoder = vae.decoder.backward(z, hidden, share * (x - DOTS * expit(logits)))

    if estimator == "pathwise":  # the slope of f = log p(x | z) goes on through z = μ + σ·noise
        in_q = draw.vjp(in_z)
    else:  # of f only its values are used: E[f ∂ log q/∂θ]
        f = log_likelihood(x, logits)
        if estimator == "score, leave-one-out":  # f minus its mean over the other draws
            f = (f - f.mean(0)) * DRAWS / (DRAWS - 1)
        in_q = {name: (share * f[..., None] * s).sum(0) for name, s in q.score(z).items()}

    in_kl, _ = rp.kl(q, PRIOR).vjp(1.0 / len(x))
    in_loc = in_q["loc"] - in_kl["loc"]
    in_log_scale = (in_q["scale"] - in_kl["scale"]) * q.scale
    in_y = np.concatenate([in_loc, in_log_scale], axis=1)
    _, in_encoder = vae.encoder.backward(x / DOTS, q_hidden, in_y)
    return VAE(in_encoder, in_decoder)


def train(x: Array, estimator: str, epochs: int, rate: float, seed: int) -> Iterator[VAE]:
    """Yield one model, before and after each epoch of training by Adam (Kingma & Ba 2015)."""
    rng = np.random.default_rng(seed)
    vae = new_vae(x, rng)
    weights = [*vae.encoder, *vae.decoder]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    step = 0
    yield vae
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            step += 1
            slope = gradient(vae, x[order[start : start + BATCH]], rng, estimator)
            slopes = [*slope.encoder, *slope.decoder]
            for w, g, (m, v) in zip(weights, slopes, moments, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g**2 - v)
                size = np.sqrt(v / (1.0 - 0.999**step)) + 1e-8
                w += rate * m / (1.0 - 0.9**step) / size
        yield vae


def variance(vae: VAE, x: Array, estimator: str, repeats: int = 200) -> float:
    """Return the variance of the gradient in the encoder's weights, summed over them."""
    rng = np.random.default_rng(0)
    slopes = (gradient(vae, x, rng, estimator).encoder for _ in range(repeats))
    flat = np.array([np.concatenate([g.ravel() for g in slope]) for slope in slopes])
    return float(flat.var(axis=0, ddof=1).sum())


def compare(
    x: Array, held_out: Array, epochs: int, rate: float, seed: int
) -> tuple[Array, dict[str, VAE]]:
    """Train by each estimator. Return the ELBO, epochs × estimators × (x, held_out); the models."""
    print(f"\nELBO, seed {seed}".ljust(16), *(f"{name:>22}" for name in ESTIMATORS))
    print("epoch".ljust(15), *(f"{'training':>12}{'held out':>10}" for _ in ESTIMATORS))
    curves = []
    runs = (train(x, name, epochs, rate, seed) for name in ESTIMATORS)
    for epoch, models in enumerate(zip(*runs, strict=True)):
        curves.append([(elbo(vae, x, 0), elbo(vae, held_out, 0, 8)) for vae in models])
        print(f"{epoch:<15}", *(f"{a:12.2f}{b:10.2f}" for a, b in curves[-1]), flush=True)
    return np.array(curves), dict(zip(ESTIMATORS, models, strict=True))


def plot_curves(curves: Array, path: Path) -> None:
    """Draw the ELBO by epoch."""
    figure = Figure(figsize=(7.0, 4.0), layout="constrained", facecolor="none")
    axes = figure.subplots()
    for k, (name, colour) in enumerate(ESTIMATORS.items()):
        axes.plot(curves[:, k, 1], color=colour, label=name)
        axes.plot(curves[:, k, 0], color=colour, linewidth=0.9, linestyle=":")
    axes.set(xlabel="epoch", ylabel="ELBO, nats per image", ylim=(max(curves.min(), -280.0), None))
    axes.grid(alpha=0.3)
    axes.set_facecolor("none")
    axes.spines[:].set_color(GREY)
    axes.tick_params(colors=GREY)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set_color(GREY)
    title = "held-out images (dotted: training)"
    legend = axes.legend(title=title, loc="lower right", labelcolor="linecolor", frameon=False)
    legend.get_title().set_color(GREY)
    figure.savefig(path, dpi=120)


def plot_digits(rows: dict[str, Array], path: Path) -> None:
    """Draw rows of images, each with its name."""
    figure = Figure(figsize=(7.0, 0.55 * len(rows)), layout="constrained", facecolor="none")
    for axes, (name, images) in zip(figure.subplots(len(rows)), rows.items(), strict=True):
        tiles = np.pad(images.reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 1)))
        axes.imshow(np.hstack(list(tiles)), cmap="gray_r", vmin=0, vmax=DOTS)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", color=GREY)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=120)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's step size (0.001)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one or several")
    parser.add_argument("--out", type=Path, default=Path("vae"), help="folder for the pictures")
    options = parser.parse_args(arguments)

    order = np.random.default_rng(0).permutation(1797)
    images, labels = (array[order] for array in load_digits(return_X_y=True))
    held_out, x = images[:360], images[360:]
    with threadpool_limits(1):  # matrices as small as these are slower on several cores
        runs = [compare(x, held_out, options.epochs, options.rate, seed) for seed in options.seed]
        curves, models = runs[0]
        noise = [variance(models["pathwise"], x[:BATCH], name) for name in ESTIMATORS]

    print("\nELBO at the end".ljust(24), f"{'training':>17}{'held out':>18}{'variance':>12}")
    last = np.array([curves[-1] for curves, _ in runs])  # seeds × estimators × (x, held_out)
    deviation = last.std(axis=0, ddof=min(1, len(runs) - 1))
    template = "{:.1f} ± {:.1f}" if len(runs) > 1 else "{:.1f}"
    for k, name in enumerate(ESTIMATORS):
        cells = zip(last.mean(axis=0)[k], deviation[k], strict=True)
        columns = "".join(f"{template.format(*cell):>18}" for cell in cells)
        print(f"{name:<23}{columns}{noise[k] / noise[0]:>12.1f}")

    options.out.mkdir(parents=True, exist_ok=True)
    plot_curves(curves, options.out / "vae-elbo.png")
    seen = held_out[np.unique(labels[:360], return_index=True)[1]]  # one of each digit
    rows = {name: vae.decode(vae.encode(seen)[0].loc) for name, vae in models.items()}
    plot_digits({"held-out images": seen, **rows}, options.out / "vae-reconstructions.png")
    z = np.random.default_rng(0).normal(size=(len(seen), LATENT))
    rows = {name: vae.decode(z) for name, vae in models.items()}
    plot_digits(rows, options.out / "vae-samples.png")


if __name__ == "__main__":
    main()
