"""Samplers whose gradients scatter: unbiased ones of many kinds, and ones that hide a bias."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import ndtr
from strangers import Mixture, Normal


class Noisy(Normal):
    """Gradients that are made of right ones and of random numbers; nothing else tells a path."""

    log_prob = None

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n)
        right = {"loc": np.ones(n), "scale": z}
        return loc + scale * z, {name: self.made(each, rng) for name, each in right.items()}

    def made(self, right, rng):
        raise NotImplementedError


# Unbiased -----------------------------------------------------------------------------------------


class TwoValues(Noisy):
    """Twice the right one, or 0."""

    share, times = 0.5, 2.0

    def made(self, right, rng):
        return np.where(rng.random(right.size) < self.share, self.times, 0.0) * right


class SeldomTen(TwoValues):
    share, times = 0.1, 10.0


class MostlyTwice(TwoValues):
    """1.25 times the right one, in four of five."""

    share, times = 0.8, 1.25


class MostlyRight(Noisy):
    """The right one in nine of ten, and else much more or much less."""

    def made(self, right, rng):
        other = np.where(rng.random(right.size) < 0.5, 10.0, -8.0)
        return right * np.where(rng.random(right.size) < 0.1, other, 1.0)


class RarelyOff(Noisy):
    """Off in a thousandth of the draws."""

    def made(self, right, rng):
        sign = rng.choice([-1.0, 1.0], right.size)
        return right + np.where(rng.random(right.size) < 1e-3, 5.0 * sign, 0.0)


class Jittered(Noisy):
    def made(self, right, rng):
        return right + 0.3 * rng.standard_normal(right.size)


class JitteredInTheTail(Noisy):
    def made(self, right, rng):
        return right + np.where(np.abs(right) > 1.5, rng.standard_normal(right.size), 0.0)


class Redrawn(Mixture):
    """A mixture of fixed weights whose gradients are of a component drawn once more, given y."""

    parameters: ClassVar = {"m": (-3.0, -1.0), "k": (1.0, 3.0)}
    weight = 0.3

    def rsample(self, n, *, rng, m, k):
        y = np.where(rng.random(n) < self.weight, m, k) + rng.standard_normal(n)
        log_odds = 0.5 * (y - k) ** 2 - 0.5 * (y - m) ** 2
        odds = self.weight / (1.0 - self.weight) * np.exp(log_odds)
        first = rng.random(n) * (1.0 + odds) < odds
        return y, {"m": first * 1.0, "k": ~first * 1.0}

    def log_prob(self, y, m, k):
        return super().log_prob(y, self.weight, m, k)


class RedrawnRare(Redrawn):
    weight = 0.02


class RedrawnByCdf(Redrawn):
    log_prob = None

    def cdf(self, y, m, k):
        return self.weight * ndtr(y - m) + (1.0 - self.weight) * ndtr(y - k)


UNBIASED = [
    *(TwoValues, SeldomTen, MostlyTwice, MostlyRight, RarelyOff, Jittered, JitteredInTheTail),
    *(Redrawn, RedrawnRare, RedrawnByCdf),
]


# Biased -------------------------------------------------------------------------------------------


class WrongSignInNoise(Noisy):
    spread = 300.0

    def made(self, right, rng):
        return -right + self.spread * rng.standard_normal(right.size)


class WrongSignInLessNoise(WrongSignInNoise):
    spread = 3.0


class WrongSignInCauchyNoise(Noisy):
    def made(self, right, rng):
        return -right + rng.standard_cauchy(right.size)


class TimesNoise(Noisy):
    """Times what has the mean 0."""

    def made(self, right, rng):
        return right * rng.standard_normal(right.size)


class TimesMuchNoise(Noisy):
    def made(self, right, rng):
        return right * 1000.0 * rng.standard_normal(right.size)


class NoiseAlone(Noisy):
    def made(self, right, rng):
        return 20.0 * rng.standard_normal(right.size)


class WrongSignWhereNoisy(Noisy):
    """Of the wrong sign for every other draw, beside noise."""

    def made(self, right, rng):
        wrong = rng.random(right.size) < 0.5
        return np.where(wrong, -right + 2.0 * rng.standard_normal(right.size), right)


#: Whether draws of a quick run can tell.
BIASED = {
    WrongSignInNoise: False,
    WrongSignInLessNoise: True,
    WrongSignInCauchyNoise: False,
    TimesNoise: True,
    TimesMuchNoise: False,
    NoiseAlone: True,
    WrongSignWhereNoisy: True,
}
