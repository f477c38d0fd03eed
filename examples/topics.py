"""A topic model with Dirichlet latents in PyTorch, by its Dirichlet distribution and by reparam's.

``python examples/topics.py --epochs 60 --seed 1`` fits the same model twice, from the same weights
and batches, and prints the perplexity of held-out documents, the evidence lower bound (ELBO), how
well topics are found, and the processor time of an epoch.

Documents are drawn from the model, latent Dirichlet allocation (Blei, Ng & Jordan 2003). Its ten
topics are the rows and columns of a grid of 25 words (Griffiths & Steyvers 2004, Finding scientific
topics).

    θ_d ~ Dirichlet(α, …, α)                 how much of each topic document d has
    x_d ~ Multinomial(length, θ_d β)         the words; the rows of β are the topics
    q(θ_d) = Dirichlet(a(x_d))               an encoder, trained with β

The KL divergence is PyTorch's in both: only draws, and their derivatives, come from elsewhere.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import reparam.torch as rpt

try:
    import torch
    from scipy.optimize import linear_sum_assignment
    from torch import Tensor
except ImportError as missing:
    raise SystemExit(f'{missing}; python -m pip install -e ".[torch]" has it') from None

SIDE, LENGTH, DOCUMENTS, BATCH, HIDDEN = 5, 100, 1200, 100, 64

#: Of the prior: a document has about two topics.
ALPHA = 0.2

MODULES = {"torch.distributions": torch.distributions, "reparam.torch": rpt}


class Corpus(NamedTuple):
    """Counts of words by document, and the topics that they are from."""

    counts: Tensor
    topics: NDArray[Any]


class Result(NamedTuple):
    """What came of a fit.

    Attributes
    ----------
    perplexity
        exp(−ELBO / words) of held-out documents.
    elbo
        Of held-out documents, in nats per document.
    distance
        The mean total variation between topics and those that were found.
    milliseconds
        The least CPU time of an epoch.
    """

    perplexity: float
    elbo: float
    distance: float
    milliseconds: float


def corpus(documents: int, seed: int) -> Corpus:
    """Return documents of the model."""
    rng = np.random.default_rng(seed)
    grid = np.arange(SIDE**2).reshape(SIDE, SIDE)
    topics = np.zeros((2 * SIDE, SIDE**2))
    for k in range(SIDE):
        topics[k, grid[k]] = topics[SIDE + k, grid[:, k]] = 1.0 / SIDE
    weights = rng.dirichlet(np.full(len(topics), ALPHA), documents) @ topics
    counts = rng.multinomial(LENGTH, weights / weights.sum(axis=-1, keepdims=True))
    return Corpus(torch.tensor(counts, dtype=torch.float32), topics)


class TopicModel(torch.nn.Module):
    """Topics, and an encoder of q(θ | x), whose class comes from a module."""

    def __init__(self, module: ModuleType, topics: int, words: int) -> None:
        super().__init__()
        self.of = module.Dirichlet
        self.prior = torch.distributions.Dirichlet(torch.full((topics,), ALPHA))
        first, last = torch.nn.Linear(words, HIDDEN), torch.nn.Linear(HIDDEN, topics)
        self.encoder = torch.nn.Sequential(first, torch.nn.ReLU(), last)
        self.logits = torch.nn.Parameter(torch.randn(topics, words))

    @property
    def topics(self) -> Tensor:
        """β: the probabilities of words by topic."""
        return self.logits.softmax(dim=-1)

    def elbo(self, x: Tensor) -> Tensor:
        """Return an estimate of the ELBO of each document, from one draw."""
        a = torch.nn.functional.softplus(self.encoder(x / x.mean())) + 0.02
        theta = self.of(a).rsample()
        log_words = torch.log(theta @ self.topics + 1e-9)
        divergence = torch.distributions.kl_divergence(torch.distributions.Dirichlet(a), self.prior)
        return (x * log_words).sum(-1) - divergence


def fit(
    module: ModuleType, epochs: int, seed: int, documents: int = DOCUMENTS
) -> tuple[Result, NDArray[Any]]:
    """Fit by Adam (Kingma & Ba 2015); return its score on held-out documents, and its topics."""
    counts, topics = corpus(documents, seed=0)
    held_out, x = counts[: documents // 6], counts[documents // 6 :]
    torch.manual_seed(seed)
    model = TopicModel(module, *topics.shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batches, times = np.random.default_rng(seed), []
    for _ in range(epochs):
        start = time.process_time()
        for batch in torch.as_tensor(batches.permutation(len(x))).split(BATCH):
            optimizer.zero_grad()
            (-model.elbo(x[batch]).mean()).backward()
            optimizer.step()
        times.append(1e3 * (time.process_time() - start))
    with torch.no_grad():
        elbo = float(torch.stack([model.elbo(held_out).mean() for _ in range(20)]).mean())
        found = model.topics.numpy()
    apart = 0.5 * np.abs(topics[:, np.newaxis] - found).sum(axis=-1)
    pairs = linear_sum_assignment(apart)
    distance = float(apart[pairs].mean())
    return Result(math.exp(-elbo / LENGTH), elbo, distance, min(times)), found[pairs[1]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit by both, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60, help="passes over the documents (60)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one run for each")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="how many documents")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the networks are small
    heads = "perplexity", "ELBO", "distance", "ms an epoch"
    print(f"{'':<22}" + "".join(f"{head:>17}" for head in heads))
    for name, module in MODULES.items():
        runs = np.array([fit(module, given.epochs, s, given.documents)[0] for s in given.seed])
        row = []
        for digits, column in zip((2, 1, 3), runs.T, strict=False):
            spread = f" ± {column.std(ddof=1):.{digits}f}" if len(runs) > 1 else ""
            row.append(f"{column.mean():.{digits}f}{spread}")
        row.append(f"{runs[:, -1].min():.0f}")
        print(f"{name:<22}" + "".join(f"{cell:>17}" for cell in row), flush=True)


if __name__ == "__main__":
    main()
