"""Laws with as little as an author may write, and a law that is made of another."""

import numpy as np
from scipy.special import gammaln, ndtr, stdtr

import reparam as rp
from reparam.base.tree import Child
from reparam.domains import POSITIVE, REAL, UNIT

P = rp.Parameter


class Kumaraswamy(rp.Reparameterized):
    """F(y) = 1 − (1 − yᵃ)ᵇ."""

    name, _support = "kumaraswamy", UNIT
    a: P = P("a", POSITIVE, 2.0, (0.5, 5.0))
    b: P = P("b", POSITIVE, 3.0, (0.5, 5.0))

    @staticmethod
    def _cdf(y, a, b):
        return -np.expm1(b * np.log1p(-(y**a)))

    @staticmethod
    def _log_prob(y, a, b):
        return np.log(a * b) + (a - 1.0) * np.log(y) + (b - 1.0) * np.log1p(-(y**a))


class Gumbel(rp.Reparameterized):
    """By its quantile, μ − β ln(−ln u)."""

    name, aliases, _support = "gumbel", ("extreme-value",), REAL
    loc: P = P("μ", REAL, 0.0, (-3.0, 3.0), ("mu",))
    scale: P = P("β", POSITIVE, 1.0, (0.1, 10.0), ("beta",))

    @staticmethod
    def _icdf(u, loc, scale):
        return loc - scale * np.log(-np.log(u))

    @staticmethod
    def _log_prob(y, loc, scale):
        z = (y - loc) / scale
        return -z - np.exp(-z) - np.log(scale)


class HalfNormal(rp.Reparameterized):
    """|z| σ, by its cdf, of which the upper tail cancels."""

    name, _support = "half-normal", POSITIVE
    scale: P = P("σ", POSITIVE, 1.0, (0.1, 10.0))

    @staticmethod
    def _cdf(y, scale):
        return 2.0 * ndtr(y / scale) - 1.0

    @staticmethod
    def _log_prob(y, scale):
        return 0.5 * np.log(2.0 / np.pi) - np.log(scale) - 0.5 * (y / scale) ** 2


class Lomax(rp.Reparameterized):
    """P(Y > y) = (1 + y/σ)^−α."""

    name, _support = "lomax", POSITIVE
    alpha: P = P("α", POSITIVE, 2.5, (0.5, 5.0))
    scale: P = P("σ", POSITIVE, 1.0, (0.1, 10.0))

    @staticmethod
    def _cdf(y, alpha, scale):
        return -np.expm1(-alpha * np.log1p(y / scale))

    @staticmethod
    def _log_prob(y, alpha, scale):
        return np.log(alpha / scale) - (alpha + 1.0) * np.log1p(y / scale)


class T(rp.Reparameterized):
    """Student's t, two tails that are powers."""

    name, _support = "t", REAL
    df: P = P("ν", POSITIVE, 3.0, (0.5, 5.0))

    @staticmethod
    def _cdf(y, df):
        return stdtr(df, y)

    @staticmethod
    def _log_prob(y, df):
        constant = gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df) - 0.5 * np.log(df * np.pi)
        return constant - 0.5 * (df + 1.0) * np.log1p(y * y / df)


class Normal(rp.Reparameterized):
    """By its cdf, at any location and scale."""

    name, _support = "normal-by-cdf", REAL
    loc: P = P("μ", REAL, 0.0, (-3.0, 3.0))
    scale: P = P("σ", POSITIVE, 1.0, (0.1, 10.0))

    @staticmethod
    def _cdf(y, loc, scale):
        return ndtr((y - loc) / scale)

    @staticmethod
    def _log_prob(y, loc, scale):
        return -0.5 * ((y - loc) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2.0 * np.pi)


class Shifted(rp.Reparameterized):
    """Another law, so much further to the right."""

    name, _support = "shifted", REAL
    base = Child(lambda: rp.Reparameterized, "What is shifted")
    by: P = P("c", REAL, 0.0, (-1.0, 1.0), ("shift",), "How far")

    def _cdf(self, y, base, by):
        return self.base._cdf(y - by, *base)

    def _log_prob(self, y, base, by):
        return self.base._log_prob(y - by, *base)


class Between(rp.Reparameterized):
    """Uniform: an end that moves with each parameter."""

    name, _support = "between", rp.Interval("low", "high")
    _ordered = (("low", "high"),)
    low: P = P("a", REAL, 0.0, (-1.0, 0.0))
    high: P = P("b", REAL, 1.0, (1.0, 2.0))

    @staticmethod
    def _cdf(y, low, high):
        return (y - low) / (high - low)

    @staticmethod
    def _log_prob(y, low, high):
        return -np.log(high - low)


class Unfinished(rp.Reparameterized):
    """Lacks what nothing can stand in for."""

    name = "unfinished"


class UnfinishedCount(rp.Discrete):
    """Lacks formulas, too."""

    name, _support = "unfinished-count", rp.Integers(0, 1)


class WithVector(rp.Reparameterized):
    """An even mixture of exponentials, whose rates are one parameter."""

    name, _support = "exponentials", POSITIVE
    rates: P = P("λ", POSITIVE, 1.0, (0.5, 2.0), vector=2)

    @staticmethod
    def _cdf(y, rates):
        return np.mean(-np.expm1(-rates * y[..., np.newaxis]), axis=-1)

    @staticmethod
    def _log_prob(y, rates):
        return np.log(np.mean(rates * np.exp(-rates * y[..., np.newaxis]), axis=-1))


gumbel, not_a_law = Gumbel(loc=1.0), 3
