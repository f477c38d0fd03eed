"""Samplers that misuse their generator, or whose draws depend on each other."""

from __future__ import annotations

import copy

import numpy as np
from scipy.special import ndtri
from strangers import Normal


class FromACopy(Normal):
    """A second call repeats the first."""

    def z(self, n, rng):
        return copy.deepcopy(rng).standard_normal(n)


class FromItsSeedSequence(Normal):
    def z(self, n, rng):
        return np.random.default_rng(rng.bit_generator.seed_seq).standard_normal(n)


class TenStreams(Normal):
    streams = 10

    def z(self, n, rng):
        return np.random.default_rng(rng.integers(self.streams)).standard_normal(n)


class AHundredStreams(TenStreams):
    streams = 100


class Stratified(Normal):
    """One draw in each of n cells, in random order."""

    def z(self, n, rng):
        return ndtri((rng.permutation(n) + rng.random(n)) / n)


class StratifiedCoarsely(Normal):
    """Thirty-two cells, each with as many draws."""

    def z(self, n, rng):
        cell = rng.permutation(np.arange(n) % 32)
        return ndtri((cell + rng.random(n)) / 32)


class Shuffled(Normal):
    """Antithetic, in random order."""

    def z(self, n, rng):
        half = rng.standard_normal((n + 1) // 2)
        return rng.permutation(np.concatenate([half, -half])[:n])


class Opposite(Normal):
    """Pairs of u and u + 1/2, in random order."""

    def z(self, n, rng):
        u = rng.random((n + 1) // 2)
        return ndtri(rng.permutation(np.concatenate([u, (u + 0.5) % 1.0])[:n]))


class Lagged(Normal):
    """A little of the draw so far before."""

    lag = 64

    def z(self, n, rng):
        z = rng.standard_normal(n + self.lag)
        return (z[self.lag :] + 0.1 * z[:n]) / np.hypot(1.0, 0.1)


class LaggedBySeven(Lagged):
    lag = 7


class LaggedInSize(Normal):
    """As large as the one so far before, with a sign of its own."""

    def z(self, n, rng):
        size = np.abs(rng.standard_normal(n + 33))
        return rng.choice([-1.0, 1.0], n) * np.where(rng.random(n) < 0.1, size[:n], size[33:])


#: What catches it.
MISUSED = {
    FromACopy: "repeat those of the call before",
    FromItsSeedSequence: "repeat those of the call before",
    TenStreams: "64 seeds make 10 sequences",
    AHundredStreams: "64 seeds make",
    Stratified: "evenness of draws",
    StratifiedCoarsely: "evenness of draws",
    Shuffled: "evenness of draws",
    Opposite: "evenness of draws",
    Lagged: "dependence of draws on others",
    LaggedBySeven: "dependence of draws on others",
    LaggedInSize: "",
}


# Right --------------------------------------------------------------------------------------------


class OfThirtyTwoBits(Normal):
    """A generator of its own, seeded with an integer of the one that is passed."""

    def z(self, n, rng):
        return np.random.default_rng(rng.integers(2**32)).standard_normal(n)


class Spawned(Normal):
    def z(self, n, rng):
        return rng.spawn(1)[0].standard_normal(n)


class Buffered(Normal):
    """Single precision, whose values occur twice by chance."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n, dtype=np.float32)
        return np.float32(loc) + np.float32(scale) * z, {"loc": np.ones(n), "scale": z}


class DeclaredStratified(Stratified):
    independent = False


class DeclaredShuffled(Shuffled):
    independent = False


FINE = [OfThirtyTwoBits, Spawned, Buffered, DeclaredStratified, DeclaredShuffled]
