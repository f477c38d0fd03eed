"""Probabilities given by logits, and distributions at the ends of their parameters' domains."""

import math

import mpmath as mp
import numpy as np
import pytest

import reparam as rp
from reparam.domains import Interval

INF = math.inf
#: Of a result, beyond what rounding the logit forces.
BAR = 3e-15


def binomial(y, n, eta):
    """Return log p(y) and the score in the logit: n = 1 is Bernoulli's."""
    log_p, log_q = -mp.log1p(mp.exp(-eta)), -mp.log1p(mp.exp(eta))
    return mp.log(mp.binomial(n, y)) + y * log_p + (n - y) * log_q, y - n * mp.exp(log_p)


def geometric(y, _, eta):
    log_p, log_q = -mp.log1p(mp.exp(-eta)), -mp.log1p(mp.exp(eta))
    return log_p + (y - 1) * log_q, 1 - y * mp.exp(log_p)


def accurate(found, formula, y, n, eta):
    """Whether a log probability and a score are within the bar, and 4 × half an ulp of η."""
    value, moved = (formula(y, n, x) for x in (mp.mpf(eta), mp.mpf(eta) * (1 + mp.mpf(2) ** -53)))
    return all(
        abs(mp.mpf(float(got)) - want) <= BAR * abs(want) + 4 * abs(want - other)
        for got, want, other in zip(found, value, moved, strict=True)
    )


def test_logits_are_accurate_over_the_whole_domain():
    rng = np.random.default_rng(17)
    logits = [*rng.uniform(-2, 2, 8), *rng.uniform(-40, 40, 8), 1e-9, -1e-12, 300.0, -650.0, 0.0]
    with mp.workdps(400):
        for eta in map(float, logits):
            p = 1.0 / (1.0 + math.exp(-eta))
            for n in (1, 7, 1000, 10**6):
                middle = float(round(n * p))
                for y in {0.0, middle, min(middle + 3.0, n), float(n)}:
                    d = rp.Binomial(n, logits=eta)
                    found = [d.log_prob(y), d.score(y)["logits"]]
                    assert accurate(found, binomial, y, n, eta), (eta, n, y)
            for y in {1.0, 2.0, max(1.0, float(round(1.0 / p))), 1e6}:
                d = rp.Geometric(logits=eta)
                found = [d.log_prob(y), d.score(y)["logits"]]
                assert accurate(found, geometric, y, 1, eta), (eta, y)
            d = rp.Bernoulli(logits=eta)
            for y in (0.0, 1.0):
                found = [d.log_prob(y), d.score(y)["logits"]]
                assert accurate(found, binomial, y, 1, eta), (eta, y)


def test_logits_and_probabilities_are_the_same_distribution():
    p = np.array([1e-300, 1e-9, 0.3, 0.5, 0.75])
    eta = np.log(p) - np.log1p(-p)
    y = np.arange(1.0, 9.0)[:, np.newaxis]
    for make in (rp.Bernoulli, rp.Geometric, lambda **given: rp.Binomial(8, **given)):
        one, other = make(probs=p), make(logits=eta)
        for what in ("log_prob", "cdf", "sf", "log_cdf", "log_sf"):
            found, expected = getattr(other, what)(y), getattr(one, what)(y)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300, err_msg=what)
        for what in ("mean", "variance", "entropy"):
            np.testing.assert_allclose(getattr(other, what), getattr(one, what), rtol=1e-12)
        slope = one.score(y)["probs"] * p * (1.0 - p)
        np.testing.assert_allclose(other.score(y)["logits"], slope, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(other.sample(20, rng=1), one.sample(20, rng=1), rtol=1e-12)


def test_logits_where_the_probability_underflows():
    assert rp.Bernoulli(logits=-800.0).log_prob([0, 1]).tolist() == [0.0, -800.0]
    assert rp.Geometric(logits=-800.0).log_cdf(5.0) == pytest.approx(math.log(5.0) - 800.0)
    assert rp.Geometric(logits=-800.0).entropy == 801.0
    d = rp.Binomial(5, logits=[800.0, -800.0])
    np.testing.assert_allclose(d.log_prob([4.0, 1.0]), math.log(5.0) - 800.0)
    np.testing.assert_allclose(d.log_sf(0.0), [0.0, math.log(5.0) - 800.0])


#: A distribution that is a point, sure value, and score at 0, 1, 2, …: one-sided limits, or ±inf.
POINTS = [
    (rp.Bernoulli(0.0), 0.0, {"probs": [-1.0, INF]}),
    (rp.Bernoulli(1.0), 1.0, {"probs": [-INF, 1.0]}),
    (rp.Bernoulli(logits=-INF), 0.0, {"logits": [0.0, 1.0]}),
    (rp.Bernoulli(logits=INF), 1.0, {"logits": [-1.0, 0.0]}),
    (rp.Binomial(2, 0.0), 0.0, {"probs": [-2.0, INF, INF]}),
    (rp.Binomial(2, 1.0), 2.0, {"probs": [-INF, -INF, 2.0]}),
    (rp.Binomial(2, logits=-INF), 0.0, {"logits": [0.0, 1.0, 2.0]}),
    (rp.Binomial(2, logits=INF), 2.0, {"logits": [-2.0, -1.0, 0.0]}),
    (rp.Binomial(0, 0.3), 0.0, {"probs": [0.0]}),
    (rp.Binomial(0, logits=0.3), 0.0, {"logits": [0.0]}),
    (rp.Geometric(1.0), 1.0, {"probs": [math.nan, 1.0, -INF]}),
    (rp.Geometric(logits=INF), 1.0, {"logits": [math.nan, 0.0, -1.0]}),
    (rp.Poisson(0.0), 0.0, {"rate": [-1.0, INF, INF]}),
    (rp.NegativeBinomial(0.0, 0.5), 0.0, {"total": [-math.log(2.0), INF], "probs": [0.0, -2.0]}),
    (rp.NegativeBinomial(2.0, 1.0), 0.0, {"total": [0.0, 0.5], "probs": [2.0, -INF]}),
    (rp.Categorical([-INF, 2.0]), 1.0, {"logits": [[1.0, -1.0], [0.0, 0.0]]}),
    (rp.Categorical(probs=[0.0, 2.0]), 1.0, {"probs": [[INF, -0.5], [-0.5, 0.0]]}),
]


@pytest.mark.parametrize(("d", "value", "score"), POINTS, ids=lambda item: repr(item)[:40])
def test_what_is_sure(d, value, score):
    low, high = (float(end) for end in d.support)
    y = np.arange(low, min(high, low + 6.0) + 1.0)
    np.testing.assert_array_equal(d.log_prob(y), np.where(y == value, 0.0, -INF))
    np.testing.assert_array_equal(d.cdf(y), y >= value)
    np.testing.assert_array_equal(d.sf(y), y < value)
    np.testing.assert_array_equal(d.log_cdf(y), np.where(y >= value, 0.0, -INF))
    np.testing.assert_array_equal(d.log_sf(y), np.where(y < value, 0.0, -INF))
    assert (d.mean, d.variance, d.entropy) == (value, 0.0, 0.0)
    assert d.icdf([1e-300, 0.5, 1.0 - 2.0**-53]).tolist() == [value] * 3
    assert d.isf([1e-300, 0.5]).tolist() == [value] * 2
    assert np.all(d.sample(50, rng=1) == value)
    found = d.score(np.arange(float(len(next(iter(score.values()))))))
    for name, expected in score.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-14)


def test_weights_of_categories_need_not_sum_to_one():
    w = np.array([1e-300, 3.0, 0.0, 0.5, 1e-20])
    d, same = rp.Categorical(probs=w), rp.Categorical(logits=np.log(np.maximum(w, 5e-324)))
    y = np.array([0.0, 1.0, 3.0, 4.0])
    np.testing.assert_allclose(d.log_prob(y), same.log_prob(y), rtol=1e-14)
    np.testing.assert_allclose(d.sf(y), same.sf(y), rtol=1e-13, atol=1e-320)
    total = w.sum()
    rest = [3.5, 0.5, 3.0, 3.5]
    expected = np.where(np.arange(5) == y[:, np.newaxis], 0.0, -1.0 / total)
    expected[np.arange(4), y.astype(int)] = rest / w[y.astype(int)] / total
    np.testing.assert_allclose(d.score(y)["probs"], expected, rtol=1e-13)
    assert rp.Categorical(probs=7.0 * w).entropy == pytest.approx(d.entropy, rel=1e-14)
    assert repr(rp.Categorical(probs=[1, 2])) == "Categorical(probs=[1.0, 2.0])"


def test_integers_that_float64_lacks_are_refused():
    odd = 2**53 + 1
    calls = (
        lambda: rp.Poisson(2.0).log_prob(odd),
        lambda: rp.Binomial([3, odd]),
        lambda: rp.parse(f"binomial(total={odd})"),
    )
    for call in calls:
        with pytest.raises(rp.errors.ParameterError, match=f"={odd} is an integer that float64"):
            call()
    assert rp.Poisson(1e16).log_prob(2**53 + 2) < 0.0
    assert rp.Poisson(1e300).log_prob(1e300) < 0.0


@pytest.mark.parametrize(
    ("closed", "text", "remedy"),
    [
        ("low", "[0, inf)", "a non-negative {}"),
        ("high", "(0, inf]", "a positive {}, or inf"),
    ],
)
def test_intervals_closed_at_one_end(closed, text, remedy):
    domain = Interval(0.0, INF, closed=closed)
    assert (str(domain), domain.remedy) == (text, remedy)
    assert [0.0 in domain, INF in domain] == [closed == "low", closed == "high"]
    assert domain.first_outside(np.array([1.0, 0.0, INF])) == (2 if closed == "low" else 1)
    assert all(number not in domain for number in domain.misses)
