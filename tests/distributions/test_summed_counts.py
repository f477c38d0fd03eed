"""Counts whose cumulative functions are sums, Skellam's and Zipf's, against exact arithmetic."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from precise import digamma

import reparam as rp
from reparam.base.numerical import log_sum
from reparam.errors import ParameterError

#: Relative, or 20 × what half an ulp of each parameter forces.
BAR = 1e-13


def beta_binomial(n, a, b):
    """The probabilities, each from the one before it, scaled to sum to 1."""
    terms = [Fraction(1)]
    for k in range(n):
        terms.append(terms[-1] * (n - k) * (k + a) / ((k + 1) * (n - k - 1 + b)))
    return terms


def hypergeometric(population, successes, draws):
    return [
        math.comb(successes, k) * math.comb(population - successes, draws - k)
        for k in range(max(0, draws + successes - population), min(draws, successes) + 1)
    ]


@pytest.mark.parametrize(
    ("d", "weights"),
    [
        (rp.BetaBinomial(40, 0.25, 0.5), beta_binomial(40, Fraction(1, 4), Fraction(1, 2))),
        (rp.BetaBinomial(1500, 30.0, 50.0), beta_binomial(1500, 30, 50)),
        (rp.BetaBinomial(1500, 0.125, 2048.0), beta_binomial(1500, Fraction(1, 8), 2048)),
        (rp.Hypergeometric(90, 40, 70), hypergeometric(90, 40, 70)),
        (rp.Hypergeometric(5000, 2400, 2500), hypergeometric(5000, 2400, 2500)),
    ],
    ids=lambda item: repr(item)[:40] if isinstance(item, rp.Discrete) else "",
)
def test_tails_and_entropy_are_those_of_exact_sums(d, weights):
    low, total = float(d.support[0]), sum(weights)
    sums = [Fraction(0)]
    for weight in weights:
        sums.append(sums[-1] + weight)
    middle = int(float(d.mean) - low)
    sd = max(1, int(float(d.variance) ** 0.5))
    index = [i for i in {0, *range(middle - 9 * sd, middle + 9 * sd, sd)} if 0 <= i < len(weights)]
    y = low + np.array(index, dtype=float)
    below = [float(sums[i + 1] / total) for i in index]
    above = [float((total - sums[i + 1]) / total) for i in index]
    mass = [float(Fraction(weights[i]) / total) for i in index]
    for found, expected in ((np.exp(d.log_prob(y)), mass), (d.cdf(y), below), (d.sf(y), above)):
        np.testing.assert_allclose(found, expected, rtol=BAR, atol=1e-290)
    np.testing.assert_allclose(np.exp(d.log_cdf(y)), below, rtol=BAR, atol=1e-290)
    p = np.array([float(Fraction(w) / total) for w in weights])
    entropy = math.fsum(-p[p > 0.0] * np.log(p[p > 0.0]))
    assert d.entropy == pytest.approx(entropy, rel=BAR)


def test_the_score_of_beta_binomial_counts():
    rng = np.random.default_rng(3)
    with mp.workdps(40):
        for _ in range(60):
            n = float(rng.integers(1, 10 ** rng.integers(1, 7)))
            a, b = (10.0 ** rng.uniform(-4, 5) for _ in range(2))
            y = float(rng.integers(0, int(n) + 1))
            found = rp.BetaBinomial(n, a, b).score(y)

            def exact(a, b, y=y, n=n):
                both = digamma(a + b) - digamma(n + a + b)
                return digamma(y + a) - digamma(a) + both, digamma(n - y + b) - digamma(b) + both

            want, ulp = exact(mp.mpf(a), mp.mpf(b)), 1 + mp.mpf(2) ** -53
            moved = exact(a * ulp, mp.mpf(b)), exact(mp.mpf(a), b * ulp)
            for k, name in enumerate(("alpha", "beta")):
                forced = sum(abs(other[k] - want[k]) for other in moved)
                error = abs(mp.mpf(float(found[name])) - want[k])
                # two differences that nearly cancel where the other shape is far smaller
                terms = 2e-16 * abs(digamma((y, n - y)[k] + (a, b)[k]) - digamma((a, b)[k]))
                assert error <= max(BAR * abs(want[k]), 20 * forced, terms), (n, a, b, y, name)


def test_ranges_are_as_wide_as_float64_has_integers():
    d, limit = rp.BetaBinomial(1e12, 2.0, 3.0), rp.Beta(2.0, 3.0)
    np.testing.assert_allclose(d.cdf([1e11, 5e11]), limit.cdf([0.1, 0.5]), rtol=1e-10)
    assert d.entropy == pytest.approx(limit.entropy + math.log(1e12), rel=1e-11)
    assert d.icdf(0.5) == pytest.approx(1e12 * limit.icdf(0.5), rel=1e-11)
    geometric = log_sum(
        np.array([3.0, -np.inf]), np.array([np.inf, 2.0]), 1.0, lambda k: -1e-9 * k, []
    )
    np.testing.assert_allclose(geometric, [-math.log(-math.expm1(-1e-9)) - 3e-9, -np.inf])


def test_skellam_against_balls():
    flint = pytest.importorskip("flint")
    rng = np.random.default_rng(11)

    def log_mass(y, a, b):
        x = 2 * mp.sqrt(a * b)
        bessel = flint.arb(mp.nstr(x, 60)).bessel_i(flint.arb(abs(int(y))), scaled=True).log()
        return (
            x - a - b + mp.mpf(y) / 2 * mp.log(a / b) + mp.mpf(bessel.mid().str(60, radius=False))
        )

    before, flint.ctx.prec = flint.ctx.prec, 260
    try:
        with mp.workdps(60):
            for _ in range(60):
                a, b = (10.0 ** rng.uniform(-5, 5) for _ in range(2))
                b = a * 10.0 ** rng.uniform(-0.1, 0.1) if rng.random() < 0.3 else b
                y = float(np.rint(a - b + math.sqrt(a + b) * rng.uniform(-8, 8)))
                d = rp.Skellam(a, b)
                found = [d.log_prob(y), *d.score(y).values()]

                def exact(a, b, y=y):
                    log_p = log_mass(y, a, b)
                    rises = (mp.expm1(log_mass(y + step, a, b) - log_p) for step in (-1, 1))
                    return log_p, *rises

                want, ulp = exact(mp.mpf(a), mp.mpf(b)), 1 + mp.mpf(2) ** -53
                moved = exact(a * ulp, mp.mpf(b)), exact(mp.mpf(a), b * ulp)
                for k, got in enumerate(found):
                    forced = sum(abs(other[k] - want[k]) for other in moved)
                    error = abs(mp.mpf(float(got)) - want[k])
                    assert error <= max(BAR * abs(want[k]), 20 * forced), (a, b, y, k)
    finally:
        flint.ctx.prec = before


def test_skellam_without_one_rate_is_poisson():
    y, poisson = np.arange(60.0), rp.Poisson(4.0)
    for d, sign in ((rp.Skellam(4.0, 0.0), 1.0), (rp.Skellam(0.0, 4.0), -1.0)):
        np.testing.assert_allclose(d.log_prob(sign * y), poisson.log_prob(y), rtol=1e-14)
        assert np.all(d.log_prob(-sign * y[1:]) == -np.inf)
        own = d.score(sign * y)["rate1" if sign > 0.0 else "rate2"]
        np.testing.assert_allclose(own, poisson.score(y)["rate"], rtol=1e-13, atol=1e-14)
    assert rp.Skellam(0.0, 0.0).log_prob([0, 1]).tolist() == [0.0, -math.inf]


def test_zipf_against_mpmath():
    with mp.workdps(150):  # it counts absolute digits
        for a in (1.0 + 1e-9, 1.01, 1.5, 2.0, 3.25, 8.0, 40.0):
            d, s = rp.Zipf(a), mp.mpf(a)
            for y in (1.0, 2.0, 19.0, 20.0, 1000.0, 1e12):

                def exact(s, y=int(y)):
                    zeta = mp.zeta(s)
                    sf = mp.zeta(s, y + 1) / zeta
                    mean_log = -mp.zeta(s, 1, 1) / zeta
                    entropy = s * mean_log + mp.log(zeta)
                    return -s * mp.log(y) - mp.log(zeta), 1 - sf, sf, mean_log - mp.log(y), entropy

                found = d.log_prob(y), d.cdf(y), d.sf(y), d.score(y)["a"], d.entropy
                for k, (got, want, moved) in enumerate(
                    zip(found, exact(s), exact(s * (1 + mp.mpf(2) ** -53)), strict=True)
                ):
                    error = abs(mp.mpf(float(got)) - want)
                    bound = max(BAR * abs(want), 20 * abs(moved - want), mp.mpf("1e-310"))
                    assert error <= bound, (a, y, k)
    assert (rp.Zipf(2.0).mean, rp.Zipf(3.0).variance) == (math.inf, math.inf)
    zeta = [float(mp.zeta(k)) for k in (2, 3, 4)]
    assert rp.Zipf(4.0).mean == pytest.approx(zeta[1] / zeta[2], rel=1e-14)
    variance = zeta[0] / zeta[2] - (zeta[1] / zeta[2]) ** 2
    assert rp.Zipf(4.0).variance == pytest.approx(variance, rel=1e-13)


def test_order_of_parameters():
    assert rp.DiscreteUniform(3, 3).entropy == 0.0
    for make, message in (
        (lambda: rp.DiscreteUniform(4, 3), "low=4 is above high=3; pass low <= high"),
        (lambda: rp.Hypergeometric(5, 6, 2), "successes=6 is above population=5"),
        (lambda: rp.Hypergeometric(5, 2, [2, 6]), r"draws\[1\]=6 is above population\[1\]=5"),
    ):
        with pytest.raises(ParameterError, match=message):
            make()
