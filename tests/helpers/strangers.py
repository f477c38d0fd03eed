"""Samplers as strangers write them: right ones of many kinds, and wrong ones that hide it well."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

import reparam as rp

INF = np.inf


class Normal:
    """With all that there is to tell: what is wrong with others is one method's."""

    parameters: ClassVar = {"loc": (-3.0, 3.0), "scale": (0.1, 10.0)}

    def z(self, n, rng):
        return rng.standard_normal(n)

    def rsample(self, n, *, rng, loc, scale):
        z = self.z(n, rng)
        return loc + scale * z, self.gradients(z, loc, scale)

    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z}

    def cdf(self, y, loc, scale):
        return ndtr((y - loc) / scale)

    def log_prob(self, y, loc, scale):
        return -0.5 * ((y - loc) / scale) ** 2 - np.log(scale * np.sqrt(2.0 * np.pi))


# Right: branches --------------------------------------------------------------------------------


class Folded:
    """|μ + σz|: where the reflection is rare, most draws have the other branch's quantile path."""

    parameters: ClassVar = {"mu": (1.0, 2.0), "sigma": (0.3, 0.6)}
    support = (0.0, INF)

    def rsample(self, n, *, rng, mu, sigma):
        z = rng.standard_normal(n)
        x = mu + sigma * z
        return np.abs(x), {"mu": np.sign(x), "sigma": np.sign(x) * z}

    def cdf(self, y, mu, sigma):
        return np.where(y > 0.0, ndtr((y - mu) / sigma) - ndtr((-y - mu) / sigma), 0.0)


class Larger:
    """max(m + sa, k + sb), with the winner's gradients."""

    parameters: ClassVar = {"m": (-2.0, 2.0), "k": (-2.0, 2.0), "s": (0.3, 3.0)}

    def rsample(self, n, *, rng, m, k, s):
        a, b = rng.standard_normal((2, n))
        first = m + s * a > k + s * b
        y = np.where(first, m + s * a, k + s * b)
        return y, {"m": first * 1.0, "k": ~first * 1.0, "s": np.where(first, a, b)}

    def cdf(self, y, m, k, s):
        return ndtr((y - m) / s) * ndtr((y - k) / s)


class Mixture:
    """Two normal components, with −F_θ/p: at a fixed seed draws jump as the weight moves."""

    parameters: ClassVar = {"w": (0.2, 0.8), "m": (-3.0, -1.0), "k": (1.0, 3.0)}

    def rsample(self, n, *, rng, w, m, k):
        y = np.where(rng.random(n) < w, m, k) + rng.standard_normal(n)
        first, second = np.exp(-0.5 * (y - m) ** 2), np.exp(-0.5 * (y - k) ** 2)
        p = (w * first + (1.0 - w) * second) / np.sqrt(2.0 * np.pi)
        share = w * first / (w * first + (1.0 - w) * second)
        return y, {"w": -(ndtr(y - m) - ndtr(y - k)) / p, "m": share, "k": 1.0 - share}

    def log_prob(self, y, w, m, k):
        first, second = np.exp(-0.5 * (y - m) ** 2), np.exp(-0.5 * (y - k) ** 2)
        return np.log((w * first + (1.0 - w) * second) / np.sqrt(2.0 * np.pi))


class OneOfTwo(Mixture):
    """Components of fixed weights, each with its own gradients."""

    parameters: ClassVar = {"m": (-3.0, -1.0), "k": (1.0, 3.0)}

    def rsample(self, n, *, rng, m, k):
        first = rng.random(n) < 0.3
        y = np.where(first, m, k) + rng.standard_normal(n)
        return y, {"m": first * 1.0, "k": ~first * 1.0}

    def log_prob(self, y, m, k):
        return super().log_prob(y, 0.3, m, k)


class TwoSides:
    """a·e to the right, −e to the left, which does not depend on a."""

    parameters: ClassVar = {"a": (0.3, 3.0)}
    share = 0.3

    def rsample(self, n, *, rng, a):
        right, e = rng.random(n) < self.share, rng.exponential(size=n)
        return np.where(right, a * e, -e), {"a": np.where(right, e, self.left(e))}

    def left(self, e):
        return 0.0 * e

    def cdf(self, y, a):
        below = (1.0 - self.share) * np.exp(np.minimum(y, 0.0))
        return np.where(y < 0.0, below, 1.0 - self.share * np.exp(-np.maximum(y, 0.0) / a))


# Right: atoms, ends, constants --------------------------------------------------------------------


class Clipped:
    """max(0, μ + σz): 0 with probability Φ(−μ/σ), where its derivative is 0."""

    parameters: ClassVar = {"mu": (-1.0, 1.0), "sigma": (0.5, 2.0)}
    straight_through = False

    def rsample(self, n, *, rng, mu, sigma):
        z = rng.standard_normal(n)
        kept = (mu + sigma * z > 0.0) | self.straight_through
        return np.maximum(mu + sigma * z, 0.0), {"mu": kept * 1.0, "sigma": kept * z}

    def cdf(self, y, mu, sigma):
        return np.where(y < 0.0, 0.0, ndtr((y - mu) / sigma))


class BinaryConcrete:
    """By its density alone, of which much is where values round to 1."""

    parameters: ClassVar = {"temperature": (0.15, 2.0), "logits": (-3.0, 3.0)}
    support = (0.0, 1.0)

    def rsample(self, n, *, rng, temperature, logits):
        x = (rng.logistic(size=n) + logits) / temperature
        slope = expit(x) * expit(-x) / temperature
        return expit(x), {"temperature": -slope * x, "logits": slope}

    def log_prob(self, y, temperature, logits):
        with np.errstate(all="ignore"):
            x = temperature * logit(y) - logits
            rest = -np.log(y) - np.log1p(-y)
            return np.log(temperature) + rest - np.logaddexp(0.0, x) - np.logaddexp(0.0, -x)


class Outside:
    """Outside the support the density is "very small", not 0."""

    parameters: ClassVar = {"scale": (0.1, 10.0)}
    least = -1e10

    def rsample(self, n, *, rng, scale):
        z = np.abs(rng.standard_normal(n))
        return scale * z, {"scale": z}

    def log_prob(self, y, scale):
        inside = 0.5 * np.log(2.0 / np.pi) - np.log(scale) - 0.5 * (y / scale) ** 2
        return np.where(y >= 0.0, inside, self.least)


class Idle(Normal):
    """A parameter that does nothing: its formulas ignore it."""

    parameters: ClassVar = {"loc": (-2.0, 2.0), "idle": (0.1, 1.0)}

    def rsample(self, n, *, rng, loc, idle):
        y, gradients = super().rsample(n, rng=rng, loc=loc, scale=1.0)
        return y, {"loc": gradients["loc"], "idle": np.zeros(n)}

    cdf = None

    def log_prob(self, y, loc, idle):
        return super().log_prob(y, loc, 1.0)


class Masked(Idle):
    """Formulas that index with y take no arrays of parameters."""

    parameters: ClassVar = {"scale": (0.1, 10.0)}

    def rsample(self, n, *, rng, scale):
        e = rng.exponential(size=n)
        return scale * e, {"scale": e}

    def log_prob(self, y, scale):
        found = np.full(y.shape, -np.inf)
        inside = y >= 0.0
        found[inside] = -y[inside] / scale - np.log(scale)
        return found


class Erlang:
    """Its shape is a whole number: a constant."""

    parameters: ClassVar = {"k": 3, "rate": (0.2, 5.0)}

    def rsample(self, n, *, rng, k, rate):
        if k != int(k):
            raise ValueError("k is no whole number")
        y = rng.gamma(k, size=n) / rate
        return y, {"rate": -y / rate}

    def cdf(self, y, k, rate):
        return rp.Gamma(k, rate).cdf(y)


class Antithetic(Normal):
    """Every draw comes with its mirror image, by design."""

    independent = False

    def z(self, n, rng):
        half = rng.standard_normal((n + 1) // 2)
        return np.concatenate([half, -half])[:n]


class Names(Normal):
    """Parameters whose names are those of arguments elsewhere."""

    parameters: ClassVar = {"t": (-1.0, 1.0), "support_": (0.5, 2.0)}

    def rsample(self, n, *, rng, t, support_):
        y, gradients = super().rsample(n, rng=rng, loc=t, scale=support_)
        return y, {"t": gradients["loc"], "support_": gradients["scale"]}

    cdf = None

    def log_prob(self, y, t, support_):
        return super().log_prob(y, t, support_)


class Names2(Names):
    parameters: ClassVar = {"y": (-1.0, 1.0), "within": (0.5, 2.0)}

    def rsample(self, n, *, rng, within, **theta):
        values, gradients = Normal.rsample(self, n, rng=rng, loc=theta["y"], scale=within)
        return values, {"y": gradients["loc"], "within": gradients["scale"]}

    def log_prob(self, at, within, **theta):
        return Normal.log_prob(self, at, theta["y"], within)


class Single(Normal):
    """In single precision; the law's formulas in double."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n, dtype=np.float32)
        return np.float32(loc) + np.float32(scale) * z, {"loc": np.ones_like(z), "scale": z}


class SameArrays(Normal):
    """All draws are made in the same memory."""

    values, z_values = np.empty(2**20), np.empty(2**20)

    def rsample(self, n, *, rng, loc, scale):
        y, z = self.values[:n], self.z_values[:n]
        rng.standard_normal(out=z)
        np.multiply(scale, z, out=y)
        y += loc
        return y, {"loc": np.ones(n), "scale": z}


class InPlace(Normal):
    """Values take the place of the noise that is given."""

    noise = "normal"

    def rsample(self, n, *, rng, loc, scale):
        return self.transform(rng.standard_normal(n), loc, scale)

    def transform(self, z, loc, scale):
        gradients = {"loc": np.ones(z.shape), "scale": z.copy()}
        if np.broadcast(z, loc, scale).shape != z.shape:
            return loc + scale * z, gradients
        z *= scale
        z += loc
        return z, gradients


class OneSet(Normal):
    """Its transform takes one set of parameters at a time."""

    noise = "normal"

    def transform(self, z, loc, scale):
        if scale < 0.0:
            raise ValueError("scale must not be negative")
        return loc + scale * z, self.gradients(z, loc, scale)


class Kumaraswamy:
    """1 − (1 − u)^(1/b) loses all digits next to u = 0, where hardly a draw is."""

    parameters: ClassVar = {"a": (0.5, 5.0), "b": (0.5, 5.0)}
    noise, support = "uniform", (0.0, 1.0)

    def rsample(self, n, *, rng, a, b):
        return self.transform(rng.random(n), a, b)

    def transform(self, u, a, b):
        w = (1.0 - u) ** (1.0 / b)
        y = (1.0 - w) ** (1.0 / a)
        in_b = y * w * np.log(1.0 - u) / (a * b**2 * (1.0 - w))
        return y, {"a": -y * np.log(y) / a, "b": in_b}

    def cdf(self, y, a, b):
        return 1.0 - (1.0 - y**a) ** b


class Pole:
    """|y| has a gamma distribution of shape 1/2: the density is infinite at 0."""

    parameters: ClassVar = {"scale": (0.2, 3.0)}

    def rsample(self, n, *, rng, scale):
        z = rng.standard_gamma(0.5, n) * rng.choice([-1.0, 1.0], n)
        return scale * z, {"scale": z}

    def log_prob(self, y, scale):
        x = np.abs(y) / scale
        return -0.5 * np.log(x) - x - np.log(2.0 * scale * np.sqrt(np.pi))


class OnlyLocation:
    """Claims a distribution, and has some of its parameters."""

    distribution = "gaussian"
    parameters: ClassVar = {"loc": (-3.0, 3.0)}

    def rsample(self, n, *, rng, loc):
        return loc + rng.standard_normal(n), {"loc": np.ones(n)}


class Pareto:
    """The registered distribution with formulas of its own: its scale moves the support."""

    distribution = "pareto"

    def rsample(self, n, *, rng, scale, alpha):
        z = rng.standard_exponential(n)
        y = scale * np.exp(z / alpha)
        return y, {"scale": y / scale, "alpha": -y * z / alpha**2}

    def log_prob(self, y, scale, alpha):
        with np.errstate(all="ignore"):
            inside = np.log(alpha / scale) - (alpha + 1.0) * np.log(y / scale)
        return np.where(y < scale, -np.inf, inside)

    def sf(self, y, scale, alpha):
        return (y / scale).clip(1.0) ** -alpha

    def cdf(self, y, scale, alpha):
        return -np.expm1(-alpha * np.log((y / scale).clip(1.0)))

    def icdf(self, u, scale, alpha):
        return scale * np.exp(-np.log1p(-u) / alpha)

    def score(self, y, scale, alpha):
        return {"scale": alpha / scale + 0.0 * y, "alpha": 1.0 / alpha - np.log(y / scale)}


RIGHT = [
    *(Folded, Larger, Mixture, OneOfTwo, TwoSides, Clipped, BinaryConcrete, Outside, Idle),
    *(Masked, Erlang, Antithetic, Names, Names2, Single, SameArrays, InPlace, OneSet),
    *(Kumaraswamy, Pole, OnlyLocation, Pareto),
]


# Wrong ------------------------------------------------------------------------------------------


class StraightThrough(Clipped):
    straight_through = True


class HundredToTheLeft(TwoSides):
    def left(self, e):
        return 0.0 * e + 100.0


class NoisyWrongSign(Normal):
    """Gradients of the wrong sign, in noise without a mean."""

    def gradients(self, z, loc, scale):
        noise = np.random.default_rng(z.size).standard_cauchy((2, z.size))
        return {"loc": -1.0 + noise[0], "scale": -z + noise[1]}


class NoSlope(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": np.zeros(z.size)}


class LateWrongSign(Normal):
    """Right in the first draws."""

    def gradients(self, z, loc, scale):
        late = np.arange(z.size) >= 2**15
        return {"loc": np.ones(z.size), "scale": np.where(late, -z, z)}


class OwnRandomness(Normal):
    def z(self, n, rng):
        return np.random.default_rng(5).standard_normal(n)


class LastOneMissing(Normal):
    def z(self, n, rng):
        return np.append(rng.standard_normal(n - 1), 0.0)


class Twice(Normal):
    def z(self, n, rng):
        return np.repeat(rng.standard_normal((n + 1) // 2), 2)[:n]


class OnAGrid(Normal):
    def z(self, n, rng):
        return np.round(rng.standard_normal(n), 4)


class OfSixteenBits(Normal):
    """u = 0 comes up."""

    def z(self, n, rng):
        return ndtri(rng.integers(0, 2**16, size=n) / 2**16)


class Correlated(Normal):
    def z(self, n, rng):
        z = rng.standard_normal(n + 1)
        return (z[1:] + 0.1 * z[:-1]) / np.hypot(1.0, 0.1)


class WrongInACorner(Normal):
    """∂y/∂scale, for the largest scales there are."""

    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z * (2.0 if scale > 9.5 else 1.0)}


class WrongWhereFew(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z * (scale if z.size < 5 else 1.0)}


class EvenNumbers(Normal):
    def rsample(self, n, *, rng, loc, scale):
        return super().rsample(n + n % 2, rng=rng, loc=loc, scale=scale)


class WrongPathwise(Normal):
    """Beyond 4.5 standard deviations."""

    def pathwise(self, y, loc, scale):
        z = (y - loc) / scale
        return {"loc": np.ones_like(z), "scale": np.minimum(z, 4.5)}


class WrongScore(Normal):
    cdf = Normal.cdf
    log_prob = None

    def score(self, y, loc, scale):
        return {"loc": (y - loc) / scale**2, "scale": 0.0 * y + 42.0}


class WrongIcdf(Normal):
    cdf = None

    def icdf(self, u, loc, scale):
        return loc + 1.001 * scale * ndtri(u)


class WrongTail(Normal):
    """sf is a little more than 1 − cdf far out."""

    def sf(self, y, loc, scale):
        z = (y - loc) / scale
        return np.where(z > 4.0, 1.05, 1.0) * ndtr(-z)


class Contradiction(Normal):
    """The density is that of another scale."""

    def log_prob(self, y, loc, scale):
        return super().log_prob(y, loc, 1.1 * scale)


class Falling(Normal):
    log_prob = None

    def cdf(self, y, loc, scale):
        return ndtr(-(y - loc) / scale)


class NotItsLogarithm(Normal):
    cdf = None

    def log_prob(self, y, loc, scale):
        return np.exp(super().log_prob(y, loc, scale))


class Rounded(Normal):
    """A cdf in single precision."""

    log_prob = None

    def cdf(self, y, loc, scale):
        return ndtr(((y - loc) / scale).astype(np.float32))


class OfOneNumber(Normal):
    """A cdf that takes no arrays."""

    log_prob = None

    def cdf(self, y, loc, scale):
        return 0.5 if y == loc else float(ndtr((float(y) - loc) / scale))


class Half(Normal):
    def rsample(self, n, *, rng, loc, scale):
        y, gradients = super().rsample(n, rng=rng, loc=loc, scale=scale)
        return y.astype(np.float16), gradients


class MissingOne(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size)}


#: What catches it, and in which words.
WRONG = [
    (StraightThrough, "expectation", "∂y/∂mu"),
    (HundredToTheLeft, "expectation", "∂E[y]/∂a"),
    (NoSlope, "expectation", "off by -100 %"),
    (LateWrongSign, "expectation", "bias of ∂y/∂scale"),
    (OwnRandomness, "distribution", "256 of 256 are the same with other seeds"),
    (LastOneMissing, "distribution", "1 of 256 are the same with other seeds"),
    (Twice, "distribution", "that equal another one"),
    (OnAGrid, "distribution", "that equal another one"),
    (OfSixteenBits, "distribution", "outermost of draws"),
    (Correlated, "distribution", "dependence of draws on others"),
    (WrongInACorner, "edges", "∂y/∂scale of draws on the quantile path"),
    (WrongWhereFew, "edges", "(few of them) on the quantile path"),
    (EvenNumbers, "edges", "has shape (2,), expected (1,)"),
    (WrongPathwise, "identity", "p(y) ∂y/∂scale, against −∂F/∂scale"),
    (WrongScore, "identity", "∂ log p/∂scale, by its law"),
    (WrongIcdf, "transform", "F(F⁻¹(u))"),
    (WrongTail, "identity", "1 − F, by its law"),
    (Contradiction, "derivative", "log_prob and cdf contradict each other"),
    (Falling, "distribution", "it should rise from 0 to 1"),
    (NotItsLogarithm, "distribution", "is it the density, and not its logarithm?"),
    (Rounded, "distribution", "cdf returned float32"),
    (OfOneNumber, "distribution", "cdf raised"),
    (Half, "distribution", "of three digits"),
    (MissingOne, "expectation", "rsample returned no gradient in scale"),
]
