"""A variational autoencoder in PyTorch whose latent numbers are gamma or beta distributed.

``python examples/vae_torch.py --epochs 30 --seed 1`` trains the same model on the digits of
scikit-learn with ``torch.distributions`` and with ``reparam.torch``, from the same weights and
batches. It prints the evidence lower bound (ELBO) of held-out images and the CPU time of an epoch.

The model is that of ``vae.py`` with another prior and another q in each of the latent dimensions:

    gamma    z ~ Gamma(1, 1),    q(z | x) = Gamma(α(x), λ(x))
    beta     z ~ Beta(1, 1),     q(z | x) = Beta(α(x), β(x))

The KL divergence is PyTorch's in both: only draws, and their derivatives, come from elsewhere.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

import reparam.torch as rpt

try:
    import torch
    from sklearn.datasets import load_digits
except ImportError as missing:
    raise SystemExit(f'{missing}; python -m pip install -e ".[examples,torch]" has it') from None

DOTS, PIXELS, HIDDEN, LATENT, BATCH, HELD_OUT = 16, 64, 128, 16, 64, 360

#: The classes of q, by name.
LATENTS = {"gamma": "Gamma", "beta": "Beta"}

MODULES = {"torch.distributions": torch.distributions, "reparam.torch": rpt}


class Result(NamedTuple):
    """The ELBO of held-out images, in nats per image, and the least CPU time of an epoch, in ms."""

    elbo: float
    milliseconds: float


class VAE(torch.nn.Module):
    """Two networks: of q(z | x), whose class comes from a module, and of the logits of x."""

    def __init__(self, module: ModuleType, latent: str) -> None:
        super().__init__()
        self.of = getattr(module, LATENTS[latent])
        self.known = getattr(torch.distributions, LATENTS[latent])
        self.prior = self.known(torch.ones(LATENT), torch.ones(LATENT))
        self.encoder = _network(PIXELS, 2 * LATENT)
        self.decoder = _network(LATENT, PIXELS)

    def elbo(self, x: torch.Tensor) -> torch.Tensor:
        """Return an estimate of the ELBO of each image, from one draw."""
        positive = torch.nn.functional.softplus(self.encoder(x / DOTS) + 1.0) + 1e-3
        theta = positive.chunk(2, dim=-1)
        z = self.of(*theta).rsample()
        pixels = torch.distributions.Binomial(DOTS, logits=self.decoder(z))
        divergence = torch.distributions.kl_divergence(self.known(*theta), self.prior)
        return pixels.log_prob(x).sum(-1) - divergence.sum(-1)


def _network(inputs: int, outputs: int) -> torch.nn.Sequential:
    first, last = torch.nn.Linear(inputs, HIDDEN), torch.nn.Linear(HIDDEN, outputs)
    return torch.nn.Sequential(first, torch.nn.Tanh(), last)


def train(module: ModuleType, latent: str, epochs: int, seed: int, images: int = 1797) -> Result:
    """Train on the first images but those that are held out, by Adam (Kingma & Ba 2015)."""
    digits = torch.tensor(load_digits().data[:images], dtype=torch.float32)
    count = min(HELD_OUT, images // 5)
    held_out, x = digits[:count], digits[count:]
    torch.manual_seed(seed)
    vae = VAE(module, latent)
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    batches = np.random.default_rng(seed)
    times = []
    for _ in range(epochs):
        start = time.process_time()
        for batch in torch.as_tensor(batches.permutation(len(x))).split(BATCH):
            optimizer.zero_grad()
            (-vae.elbo(x[batch]).mean()).backward()
            optimizer.step()
        times.append(1e3 * (time.process_time() - start))
    with torch.no_grad():
        draws = torch.stack([vae.elbo(held_out).mean() for _ in range(20)])
    return Result(float(draws.mean()), min(times))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all four, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30, help="passes over the images")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one run for each")
    parser.add_argument("--images", type=int, default=1797, help="how many of the images")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the networks are small
    print(f"{'':<8}{'':<22}{'ELBO, held out':>16}{'ms an epoch':>13}")
    for latent in LATENTS:
        for name, module in MODULES.items():
            runs = [train(module, latent, given.epochs, seed, given.images) for seed in given.seed]
            elbo, duration = np.mean(runs, axis=0)
            spread = f" ± {np.std(runs, axis=0, ddof=1)[0]:.1f}" if len(runs) > 1 else ""
            print(f"{latent:<8}{name:<22}{f'{elbo:.1f}{spread}':>16}{duration:>13.0f}")


if __name__ == "__main__":
    main()
