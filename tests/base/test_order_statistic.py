"""OrderStatistic: the r-th smallest of n draws."""

import math
import pickle

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from references import LAWS, Numbers

import reparam as rp
from reparam.errors import ParameterError
from reparam.estimators import estimate

CASES = [
    (rp.Gaussian(0.3, 1.7), 1, 1),
    (rp.Gaussian(0.3, 1.7), 2, 5),
    (rp.Gaussian(0.3, 1.7), 400, 1000),
    (rp.Gamma(0.7, 2.0), 1, 30),
    (rp.Gamma(2.5, 0.5), 9, 10),
    (rp.StudentT(2.0, 0.1, 0.8), 3, 3),
    (rp.Exponential(2.0), 7, 7),
    (rp.Uniform(-1.0, 2.0), 1, 4),
]


def of_rank(law, y, values, r, n):
    """F, 1 − F and p at any precision."""
    below, above, p = LAWS[law](y, *values)
    r, n = mpf(r), mpf(n)
    factor = mpmath.gamma(n + 1) / mpmath.gamma(r) / mpmath.gamma(n - r + 1)
    lower = mpmath.betainc(r, n - r + 1, 0, below, regularized=True)
    upper = mpmath.betainc(n - r + 1, r, 0, above, regularized=True)
    return lower, upper, factor * p * below ** (r - 1) * above ** (n - r)


@pytest.mark.parametrize(("base", "r", "n"), CASES)
def test_against_mpmath(base, r, n):
    d, numbers = rp.order_statistic(base, r=r, n=n), None
    with mp.workdps(60):
        numbers = Numbers(d)
        for tail in (1e-200, 1e-7, 0.1, 0.45):
            for upper in (False, True):
                y = float(d.isf(tail) if upper else d.icdf(tail))
                if y in (d.support[0], d.support[1]) or abs(y) > 1e60:
                    continue
                exact = of_rank(base.name, mpf(y), numbers.values, r, n)
                ulp = mpf(2) ** -53

                def function(values, which, y=y):
                    return of_rank(base.name, mpf(y), values, r, n)[which]

                count = len(numbers.values)
                slopes = [
                    [numbers.derivative(lambda v, w=w: function(v, w), k) for k in range(count)]
                    for w in range(3)
                ]
                moved = [
                    sum(abs(s * v) for s, v in zip(own, numbers.values, strict=True))
                    for own in slopes
                ]
                off = ulp * (moved[int(upper)] + tail) + 4e-15 * abs(y) * exact[2]
                assert abs(exact[int(upper)] - mpf(tail)) < 30 * off
                for which, name in enumerate(("cdf", "sf")):
                    allowed = max(
                        1e-13 * exact[which], 30 * (moved[which] + abs(y) * exact[2]) * ulp
                    )
                    assert abs(mpf(float(getattr(d, name)(y))) - exact[which]) < allowed
                    log, other = mpmath.log(exact[which]), exact[1 - which]
                    log = mpmath.log1p(-other) if other < 1e-3 else log
                    allowed = max(1e-13 * abs(log), allowed / exact[which])
                    assert abs(mpf(float(getattr(d, f"log_{name}")(y))) - log) < allowed
                log = mpmath.log(exact[2])
                allowed = 1e-13 * max(1, abs(log)) + 30 * n * ulp * (1 + moved[2] / exact[2])
                assert abs(mpf(float(d.log_prob(y))) - log) < allowed
                paths, scores = d.pathwise(y), d.score(y)
                side, sign = (0, -1) if exact[0] < exact[1] else (1, 1)
                for k, (path, _) in enumerate(numbers.names):
                    expected = sign * slopes[side][k] / exact[2]
                    assert abs(mpf(float(paths[path])) - expected) < 1e-12 * abs(expected) + 1e-25
                    expected = slopes[2][k] / exact[2]
                    size = abs(expected) + n / abs(numbers.values[k] or 1)
                    assert abs(mpf(float(scores[path])) - expected) < 1e-12 * size


def test_known_laws():
    least, rate = rp.order_statistic(rp.Exponential(2.0), r=1, n=10), rp.Exponential(20.0)
    at = np.array([1e-9, 0.01, 0.1, 3.0])
    for name in ("cdf", "sf", "log_prob", "log_cdf", "log_sf", "stein_score"):
        assert np.allclose(getattr(least, name)(at), getattr(rate, name)(at), rtol=1e-13), name
    assert np.allclose(
        [least.mean, least.variance, least.entropy], [rate.mean, rate.variance, rate.entropy]
    )
    third, beta = rp.order_statistic(rp.Uniform(), r=3, n=7), rp.Beta(3.0, 5.0)
    assert np.allclose(
        [third.mean, third.variance, third.entropy], [beta.mean, beta.variance, beta.entropy]
    )
    assert third.moving == ()  # the density is 0 at both ends
    assert rp.order_statistic(rp.Uniform(), r=1, n=7).moving == ("base.low",)
    middle = rp.order_statistic(rp.Gaussian(), r=[1, 2, 3], n=3)
    assert np.allclose(middle.mean, [-1.5 / math.sqrt(math.pi), 0.0, 1.5 / math.sqrt(math.pi)])


def test_draws_and_texts():
    d = rp.order_statistic(rp.mixture([1.0, 2.0], rp.Gaussian(), rp.Gaussian(3.0)), r=2, n=3)
    assert rp.parse(repr(d)).sample(rng=1) == pickle.loads(pickle.dumps(d)).sample(rng=1)
    assert d.path == "map"
    assert d.parameters.differentiable[-1] == "base.weights"
    draw = d.rsample(50_000, rng=1)
    assert np.array_equal(draw.value, d.icdf(draw.noise))
    u = np.sort(d.cdf(draw.value))
    assert np.max(np.abs(u - np.arange(1, u.size + 1) / u.size)) < 0.015
    some = np.sort(d.base.sample((50_000, 3), rng=2), axis=1)[:, 1]
    assert abs(some.mean() - d.mean) < 6.0 * some.std() / math.sqrt(some.size)
    for row in estimate(d, "y**2", 5_000, estimators=["pathwise", "score"], rng=1).rows:
        assert abs(row.value - row.exact) <= 6.0 * row.standard_error, row


@pytest.mark.parametrize(("r", "n"), [(3, 2), (0, 2), (1.5, 2), ([1, 4], 3)])
def test_ranks(r, n):
    with pytest.raises(ParameterError, match=r"pass a (rank from 1 to n|positive integer r)"):
        rp.order_statistic(rp.Gaussian(), r=r, n=n)
