"""Tails and densities at any precision, by mpmath: what compositions are compared with."""

from functools import lru_cache

import mpmath
from mpmath import mp, mpf


def _gaussian(y, loc, scale):
    z = (y - loc) / scale
    if abs(z) > 10**6:  # too much for mpmath
        return mpf(z > 0), mpf(z < 0), mpf(0)
    return mpmath.ncdf(z), mpmath.ncdf(-z), mpmath.npdf(y, loc, scale)


def _laplace(y, loc, scale):
    near, far = (mpmath.exp(-abs(y - loc) / scale) / 2 for _ in range(2))
    tails = (near, 1 - near) if y < loc else (1 - near, near)
    return (*tails, far / scale)


def _logistic(y, loc, scale):
    z = (y - loc) / scale
    density = 1 / (4 * scale * mpmath.cosh(z / 2) ** 2)
    return 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z)), density


def _student(y, df, loc, scale):
    t = (y - loc) / scale
    tail = mpmath.betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    tails = (tail, 1 - tail) if t < 0 else (1 - tail, tail)
    factor = mpmath.gamma((df + 1) / 2) / (mpmath.sqrt(df * mpmath.pi) * mpmath.gamma(df / 2))
    return (*tails, factor / scale * (1 + t * t / df) ** (-(df + 1) / 2))


def _gamma(y, alpha, rate):
    if y <= 0:
        return mpf(0), mpf(1), mpf(0)
    x = rate * y
    density = rate * x ** (alpha - 1) * mpmath.exp(-x) / mpmath.gamma(alpha)
    lower = mpmath.gammainc(alpha, 0, x, regularized=True)
    return lower, mpmath.gammainc(alpha, x, mpmath.inf, regularized=True), density


def _exponential(y, rate):
    if y <= 0:
        return mpf(0), mpf(1), mpf(0)
    return -mpmath.expm1(-rate * y), mpmath.exp(-rate * y), rate * mpmath.exp(-rate * y)


def _uniform(y, low, high):
    share = min(max((y - low) / (high - low), mpf(0)), mpf(1))
    return share, 1 - share, 1 / (high - low) if low <= y <= high else mpf(0)


#: F, 1 − F and the density of each law, of y and its parameters.
LAWS = {
    "gaussian": _gaussian,
    "laplace": _laplace,
    "logistic": _logistic,
    "student-t": _student,
    "gamma": _gamma,
    "exponential": _exponential,
    "uniform": _uniform,
}


def law(name, y, *theta):
    """F, 1 − F and the density of a law: computed once of the same numbers."""
    return _law(name, mp.prec, y, *theta)


@lru_cache(10_000)
def _law(name, _, y, *theta):
    return LAWS[name](y, *theta)


class Numbers:
    """The numbers that a composition is made of, each of which may be moved."""

    def __init__(self, d):
        self.names = []
        self.values = []
        for path in d.parameters.differentiable:
            entries = [float(entry) for entry in d[path].ravel()] if d[path].ndim else [d[path]]
            self.names += [(path, k if d[path].ndim else None) for k in range(len(entries))]
            self.values += [mpf(float(entry)) for entry in entries]

    def derivative(self, function, place):
        """∂f/∂θ of a function of all numbers, at one of them: to about 30 digits of 60."""
        value = self.values[place]
        step = (abs(value) if value else mpf(1)) * mpf(10) ** -14

        def moved(k):
            return function([v + k * step * (i == place) for i, v in enumerate(self.values)])

        return (moved(-2) - 8 * moved(-1) + 8 * moved(1) - moved(2)) / (12 * step)


def mixed(d, y, values):
    """F, 1 − F and p of a mixture, whose components may be mixtures, of its numbers in order."""
    rest = iter(values)
    return _mixed(d, y, rest)


def _mixed(d, y, rest):
    each = []
    for component in d.components:
        if hasattr(component, "components"):
            each.append(_mixed(component, y, rest))
        else:
            each.append(law(component.name, y, *[next(rest) for _ in component._theta]))
    name, weighting = d._weighting
    weights = [next(rest) for _ in range(weighting.shape[-1])]
    if name == "logits":
        weights = [mpmath.exp(weight) for weight in weights]
    total = mpmath.fsum(weights)
    return tuple(
        mpmath.fsum(w * part for w, part in zip(weights, parts, strict=True)) / total
        for parts in zip(*each, strict=True)
    )
