"""Digits of KL between unlike families, next to where p and q are almost the same as well."""

from itertools import product

import mpmath as mp
import numpy as np
import pytest

import reparam as rp

POINTS = 8


def apart(x, rng):
    """Return numbers at many distances from others."""
    return x * (1.0 + rng.choice([0.0, 1e-9, -1e-6, 1e-3, 0.3], x.shape))


def positive(rng):
    x = np.exp(rng.uniform(-7.0, 7.0, POINTS))
    x[::4] = rng.choice([1.0, 2.0, 10.0, 10.0 - 2.0**-50], POINTS // 4)
    return x


def drawn(family, rng):
    """Return p's parameters."""
    if family == "ContinuousBernoulli":
        return (rng.choice([-1.0, 1.0], POINTS) * np.exp(rng.uniform(-7.0, 5.0, POINTS)),)
    if family == "Uniform":
        width = np.exp(rng.uniform(-12.0, -0.1, POINTS))
        low = (1.0 - width) * rng.uniform(0.01, 0.99, POINTS)
        return low, low + width
    first = positive(rng)
    if family == "Exponential":
        return (first,)
    if family == "Pareto":
        return first, 2.0 + np.exp(rng.uniform(-7.0, 7.0, POINTS))
    second = positive(rng)
    if family == "Beta":
        second[::3] = apart(first[::3], rng)
    return first, second


def matched(family, p, rng):
    """Return parameters of q, most of them near what has moments of p."""
    mean, variance = p.mean, p.variance
    if family == "Gaussian":
        return mean + np.sqrt(variance) * rng.choice([0.0, 1e-6, 0.3], POINTS), apart(
            np.sqrt(variance), rng
        )
    if family == "Gumbel":
        return mean - 0.45 * np.sqrt(variance), apart(0.78 * np.sqrt(variance), rng)
    if family == "Exponential":
        return (apart(1.0 / mean, rng),)
    if family == "Gamma":
        beta = isinstance(p, rp.Beta)
        shape = apart(p.alpha if beta else mean * mean / variance, rng)
        return shape, apart(shape / mean, rng)
    if family == "Beta":
        size = mean * (1.0 - mean) / variance - 1.0
        return apart(mean * size, rng), apart((1.0 - mean) * size, rng)
    if family == "Uniform":
        return -positive(rng), 1.0 + positive(rng)
    if family == "Pareto":
        return p.low * np.exp(-np.exp(rng.uniform(-9.0, 1.0, POINTS))), positive(rng)
    return (rng.choice([-1.0, 1.0], POINTS) * np.exp(rng.uniform(-7.0, 5.0, POINTS)),)


def logs(low, high):
    """Return the mean of ln y over an interval."""
    return (high * mp.log(high) - low * mp.log(low)) / (high - low) - 1


def of_p(family, a, b=None):
    """Return entropy, mean, variance, and the means of ln y and ln(1 − y), of p."""
    if family == "Beta":
        s, of_s = a + b, mp.psi(0, a + b)
        y, rest = mp.psi(0, a) - of_s, mp.psi(0, b) - of_s
        log = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(s)
        return log - (a - 1) * y - (b - 1) * rest, a / s, a * b / s**2 / (s + 1), y, rest
    if family == "ContinuousBernoulli":
        mean, variance = 1 / (1 - mp.exp(-a)) - 1 / a, 1 / a**2 - 1 / (2 * mp.sinh(a / 2)) ** 2
        return mp.log(mp.expm1(a) / a) - a * mean, mean, variance, None, None
    if family == "Exponential":
        return 1 - mp.log(a), 1 / a, 1 / a**2, None, None
    if family == "Gamma":
        entropy = a - mp.log(b) + mp.loggamma(a) + (1 - a) * mp.psi(0, a)
        return entropy, a / b, a / b**2, None, None
    if family == "Pareto":
        mean = a * b / (b - 1)
        entropy, log = mp.log(a / b) + 1 + 1 / b, mp.log(a) + 1 / b
        return entropy, mean, mean**2 / b / (b - 2), log, None
    return mp.log(b - a), (a + b) / 2, (b - a) ** 2 / 12, logs(a, b), logs(1 - b, 1 - a)


def divergence(p, q, theta):
    """Return −H − E_p log q."""
    own = {"Exponential": 1, "ContinuousBernoulli": 1}.get(p, 2)
    entropy, mean, variance, log, other = of_p(p, *theta[:own])
    c, d = (*theta[own:], None)[:2]
    if q == "Gaussian":
        expected = -mp.log(2 * mp.pi * d * d) / 2 - (variance + (mean - c) ** 2) / (2 * d * d)
    elif q == "Gumbel":
        grown = mp.exp(c / d) * (1 + 1 / (d * theta[1])) ** -theta[0]
        expected = -mp.log(d) - (mean - c) / d - grown
    elif q == "Exponential":
        expected = mp.log(c) - c * mean
    elif q == "Gamma":
        expected = c * mp.log(d) - mp.loggamma(c) + (c - 1) * log - d * mean
    elif q == "Beta":
        total = mp.loggamma(c + d) - mp.loggamma(c) - mp.loggamma(d)
        expected = total + (c - 1) * log + (d - 1) * other
    elif q == "Uniform":
        expected = -mp.log(d - c)
    elif q == "Pareto":
        expected = mp.log(d) + d * mp.log(c) - (d + 1) * log
    else:
        expected = c * mean - mp.log(mp.expm1(c) / c)
    return -entropy - expected


def exact(p, q, theta, i):
    """Return KL for i = 0, or its derivative in parameter i."""
    if i == 0:
        return divergence(p, q, theta)
    h = theta[i - 1] * mp.mpf(10) ** -25
    sides = [divergence(p, q, [*theta[: i - 1], theta[i - 1] + s * h, *theta[i:]]) for s in (1, -1)]
    return (sides[0] - sides[1]) / (2 * h)


@pytest.mark.parametrize(
    ("p", "others"),
    [
        ("Beta", "ContinuousBernoulli Exponential Gamma Gaussian Uniform"),
        ("ContinuousBernoulli", "Exponential Gaussian Uniform"),
        ("Exponential", "Gaussian"),
        ("Gamma", "Gaussian Gumbel"),
        ("Pareto", "Exponential Gamma Gaussian"),
        ("Uniform", "Beta ContinuousBernoulli Gamma Pareto"),
    ],
)
@mp.workdps(75)
def test_digits(p, others):
    """Values and derivatives: 1e-13, or 20 times what half an ulp of the parameters forces."""
    rng = np.random.default_rng(1)
    for q in others.split():
        first = getattr(rp, p)(*drawn(p, rng))
        second = getattr(rp, q)(*matched(q, first, rng))
        found = rp.kl(first, second)
        assert found.method == "closed form"
        got = [found.value, *found.gradient_p.values(), *found.gradient_q.values()]
        theta = np.array([*first._theta, *second._theta])
        for j, i in product(range(POINTS), range(len(got))):
            at = [mp.mpf(x) for x in theta[:, j]]
            wanted = exact(p, q, at, i)
            error = abs(float(got[i][j]) - wanted)
            if error > 1e-13 * abs(wanted):
                moved = [
                    [*at[:k], at[k] * (1 + mp.mpf(2) ** -53), *at[k + 1 :]] for k in range(len(at))
                ]
                forced = sum(abs(exact(p, q, each, i) - wanted) for each in moved)
                assert error <= 20 * forced, (q, list(theta[:, j]), i)


def test_uniform_from_an_end():
    """Where the density of q vanishes or has a pole, moving an end of p has infinite slope."""
    found = rp.kl(rp.Uniform(0.0, [0.7, 1.0]), rp.Beta([1.0, 3.0], 2.0))
    assert np.isfinite(found.value).all()
    slope = (2.0 + 0.3 * np.log(0.3) / 0.7) / 0.7
    assert found.gradient_p["low"][0] == pytest.approx(slope, rel=1e-14)
    assert found.gradient_p["low"][1] == -np.inf
    assert found.gradient_p["high"][1] == np.inf


def test_pareto_of_no_variance():
    found = rp.kl(rp.Pareto(1.0, [1.5, 3.0]), rp.Gaussian())
    assert np.isinf(found.value).tolist() == [True, False]
    assert "1 of 2 elements: q falls off so fast" in found.notes[0]
    assert rp.kl(rp.Pareto(1.0, 1.0), rp.Exponential()).method == "infinite"
