"""Distributions of integers: accurate all over their domains, and honest about what they lack."""

import math

import mpmath as mp
import numpy as np
import pytest
from kinds import DISCRETE, marked
from precise import digamma, log_gamma

import reparam as rp
from reparam import sampling, testing
from reparam.domains import Integers
from reparam.errors import ParameterError, ReparamError
from reparam.testing import typical

DIGITS = 60
#: Of a result, beyond what rounding the numbers it is made of forces.
BAR = 2e-15


# References ---------------------------------------------------------------------------------------


def bernoulli(y, p):
    return (mp.log(p), [1 / p]) if y == 1 else (mp.log1p(-p), [-1 / (1 - p)])


def binomial(y, n, p):
    ways = log_gamma(n + 1) - log_gamma(y + 1) - log_gamma(n - y + 1)
    return ways + y * mp.log(p) + (n - y) * mp.log1p(-p), [y / p - (n - y) / (1 - p)]


def geometric(y, p):
    return mp.log(p) + (y - 1) * mp.log1p(-p), [1 / p - (y - 1) / (1 - p)]


def negative_binomial(y, r, p):
    ways = log_gamma(y + r) - log_gamma(y + 1) - log_gamma(r)
    in_total = digamma(y + r) - digamma(r) + mp.log(p)
    return ways + r * mp.log(p) + y * mp.log1p(-p), [in_total, r / p - y / (1 - p)]


def poisson(y, rate):
    return y * mp.log(rate) - rate - log_gamma(y + 1), [y / rate - 1]


def probability(rng):
    """A probability: anywhere, next to 0, far below, or next to 1."""
    return (
        rng.uniform(0.001, 0.999),
        10.0 ** rng.uniform(-20.0, -1.0),
        10.0 ** rng.uniform(-300.0, -20.0),
        1.0 - 10.0 ** rng.uniform(-15.5, -1.0),
    )[rng.integers(4)]


def positive(rng):
    return 10.0 ** (rng.uniform(-20.0, 15.0) if rng.random() < 0.8 else rng.uniform(-300.0, 290.0))


def whole(rng):
    return math.floor(10.0 ** rng.uniform(0.0, 15.0))


def some_counts(rng, mean, sd, low, high):
    """Counts to look at: both ends, next to the mean, and anywhere."""
    bulk = mean + sd * rng.normal() if mean + sd < 1e300 else low
    everywhere = {low, low + 1.0, float(math.floor(bulk)), float(whole(rng)), high}
    return sorted(y for y in everywhere if low <= y <= high and y < math.inf)


def cases(name, n=80):
    """Yield parameters from the whole domain, and counts."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for _ in range(n):
        p = probability(rng)
        match name:
            case "bernoulli":
                yield (p,), [0.0, 1.0]
            case "binomial":
                total = float(whole(rng))
                sd = math.sqrt(total * p * (1.0 - p))
                yield (total, p), some_counts(rng, total * p, sd, 0.0, total)
            case "geometric":
                yield (p,), some_counts(rng, 1.0 / p, 1.0 / p, 1.0, math.inf)
            case "negative-binomial":
                r = positive(rng)
                mean = min(r * ((1.0 - p) / p), 1e307)
                yield (r, p), some_counts(rng, mean, math.sqrt(mean / p), 0.0, math.inf)
            case "poisson":
                rate = positive(rng)
                yield (rate,), some_counts(rng, rate, math.sqrt(rate), 0.0, math.inf)


REFERENCES = {
    "bernoulli": bernoulli,
    "binomial": binomial,
    "geometric": geometric,
    "negative-binomial": negative_binomial,
    "poisson": poisson,
}


def conditioned(name, theta, y):
    """Return log p and scores with the changes that a rounding of a parameter makes to them."""
    exact = [mp.mpf(value) for value in (y, *theta)]
    log_p, scores = REFERENCES[name](*exact)
    values = [log_p, *scores]
    forced = [mp.mpf(0)] * len(values)
    for k in range(1, len(exact)):
        if rp.get(name).parameters[list(rp.get(name).parameters)[k - 1]].differentiable:
            moved = exact.copy()
            moved[k] *= 1 + mp.mpf(2) ** -53
            again, more = REFERENCES[name](*moved)
            pairs = zip(forced, values, [again, *more], strict=True)
            forced = [f + abs(b - a) for f, a, b in pairs]
    return values, forced


@pytest.mark.parametrize("name", REFERENCES)
def test_probabilities_and_scores_are_accurate_over_the_whole_domain(name):
    cls = rp.get(name)
    for theta, counts in cases(name):
        d = cls(*theta)
        extreme = max(abs(math.log10(value)) for value in (*theta, 1.0 + counts[-1]))
        for y in counts:
            with mp.workdps(DIGITS if extreme < 40 else 700):
                values, forced = conditioned(name, theta, y)
                found = [d.log_prob(y), *d.score(y).values()]
                for what, got, value, slack in zip(
                    ("log p", *d.score(y)), found, values, forced, strict=True
                ):
                    if abs(value) > 1e308 or abs(value) < 1e-307:
                        continue
                    error = abs(mp.mpf(float(got)) - value)
                    assert error <= BAR * abs(value) + 4 * slack, (what, theta, y, got)


@pytest.mark.parametrize("theta", [(30.5,), (652.4,), (0.01,)], ids=str)
@pytest.mark.parametrize("z", [-10.0, -3.0, 0.0, 4.0, 12.0])
def test_poisson_tails_are_accurate(theta, z):
    (rate,) = theta
    y = max(0.0, math.floor(rate + z * math.sqrt(rate)))
    with mp.workdps(DIGITS):
        lower = mp.gammainc(y + 1, mp.mpf(rate), mp.inf, regularized=True)
        upper = mp.gammainc(y + 1, 0, mp.mpf(rate), regularized=True)
    d = rp.Poisson(rate)
    np.testing.assert_allclose([d.cdf(y), d.sf(y)], [float(lower), float(upper)], rtol=1e-13)


@pytest.mark.parametrize("p", [1e-30, 1e-3, 0.3, 0.97])
@pytest.mark.parametrize("y", [0.0, 3.0, 50.0, 199.0, 200.0])
def test_binomial_tails_are_accurate(p, y):
    with mp.workdps(DIGITS):
        exact = mp.mpf(p)
        terms = [mp.binomial(200, k) * exact**k * (1 - exact) ** (200 - k) for k in range(201)]
        lower, upper = mp.fsum(terms[: int(y) + 1]), mp.fsum(terms[int(y) + 1 :])
    d = rp.Binomial(200, p)
    found, expected = [d.cdf(y), d.sf(y)], [float(lower), float(upper)]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-307)


@pytest.mark.parametrize("r", [1e-3, 0.7, 40.0])
@pytest.mark.parametrize("p", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("y", [0.0, 3.0, 100.0])
def test_negative_binomial_tails_are_accurate(r, p, y):
    with mp.workdps(400):
        r_exact, p_exact = mp.mpf(r), mp.mpf(p)
        lower = mp.fsum(
            mp.rf(r_exact, k) / mp.factorial(k) * p_exact**r_exact * (1 - p_exact) ** k
            for k in range(int(y) + 1)
        )
        expected = [float(lower), float(1 - lower)]
    d = rp.NegativeBinomial(r, p)
    np.testing.assert_allclose([d.cdf(y), d.sf(y)], expected, rtol=1e-13, atol=1e-307)


def entropy(d, most):
    """Add −p log p up term by term, with no more rounding than the terms have."""
    log_p = d.log_prob(np.arange(most))
    return math.fsum(np.where(log_p > -740.0, -np.exp(log_p) * log_p, 0.0))


@pytest.mark.parametrize(
    ("d", "most"),
    [
        *((rp.Poisson(rate), int(2.0 * rate) + 200) for rate in (1e-9, 0.5, 99.9, 100.1, 1e5)),
        *(
            (rp.Binomial(n, p), n + 1)
            for n, p in ((1, 1e-9), (10, 0.999), (1000, 0.112), (1000, 0.113), (400_000, 0.5))
        ),
        *(
            (rp.NegativeBinomial(r, p), most)
            for r, p, most in (
                (0.3, 0.9, 1000),  # term by term
                (0.3, 0.01, 10_000),  # head and tail
                (0.001, 1e-4, 1_000_000),
                (90.0, 0.003, 100_000),
                (101.1, 0.01, 40_000),  # bell-shaped
                (1e5, 0.9, 40_000),
            )
        ),
    ],
    ids=str,
)
def test_entropy_is_the_sum(d, most):
    np.testing.assert_allclose(d.entropy, entropy(d, most), rtol=1e-13)


@pytest.mark.parametrize(
    ("d", "limit"),
    [
        (rp.Poisson(1e300), 0.5 * math.log(2.0 * math.pi * math.e) + 150.0 * math.log(10.0)),
        (rp.Binomial(1e300, 0.5), 0.5 * math.log(0.5 * math.pi * math.e) + 150.0 * math.log(10.0)),
        (rp.NegativeBinomial(2.5, 1e-200), rp.Gamma(2.5, 1e-200).entropy),
        (rp.NegativeBinomial(0.1, 1e-200), rp.Gamma(0.1, 1e-200).entropy),
    ],
    ids=str,
)
def test_entropy_tends_to_that_of_the_continuous_limit(d, limit):
    rtol = 1e-14 if d.entropy < 400.0 and not isinstance(d, rp.NegativeBinomial) else 1e-11
    np.testing.assert_allclose(d.entropy, limit, rtol=rtol)


def test_entropy_does_not_depend_on_neighbours():
    rates = np.geomspace(1e-3, 1e9, 25)
    together = rp.Poisson(rates).entropy
    np.testing.assert_allclose(together, [rp.Poisson(r).entropy for r in rates], rtol=1e-14)


def test_definitions_agree_with_each_other():
    y = np.arange(30.0)
    np.testing.assert_allclose(
        rp.NegativeBinomial(1.0, 0.3).log_prob(y), rp.Geometric(0.3).log_prob(y + 1.0), rtol=1e-13
    )
    np.testing.assert_allclose(
        rp.Binomial(1, 0.3).log_prob([0.0, 1.0]), rp.Bernoulli(0.3).log_prob([0.0, 1.0]), rtol=1e-15
    )


# Draws --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [pytest.param(n, marks=marked(n)) for n in DISCRETE])
def test_draws_do_not_depend_on_threads_or_chunks(name, monkeypatch):
    d = typical(rp.get(name), 3)
    whole = d.sample(50_000, rng=2**200)
    monkeypatch.setattr(sampling, "CHUNK", 7001)
    for threads in ("1", "3"):
        monkeypatch.setenv("REPARAM_NUM_THREADS", threads)
        pieces = (sampling.shard(50_000, part, 3) for part in (1, 2, 3))
        again = [values for p in pieces for values in sampling.values(d, p, rng=2**200)]
        np.testing.assert_array_equal(np.concatenate(again), whole)


@pytest.mark.parametrize("name", DISCRETE)
def test_shape_of_the_sample_changes_nothing(name):
    d = typical(rp.get(name), 3)
    np.testing.assert_array_equal(d.sample((4, 5), rng=1).reshape(20, 3), d.sample(20, rng=1))


#: The probability that right draws fail a test below.
FALSE_ALARM = 1e-9
Z = 6.2


@pytest.mark.parametrize(
    "d",
    [
        rp.Poisson(1e-3),
        rp.Poisson(0.9 * 2.0**32),
        rp.Poisson(1.1 * 2.0**32),
        rp.Poisson(1e25),
        rp.Binomial(10**6, 0.999),
        rp.Binomial(10**9, 2e-8),
        rp.Binomial(10**9, 1e-8),
        rp.Binomial(1e17, 1e-16),
        rp.Binomial(1e300, 1e-299),
        rp.Binomial(1e20, 0.25),
        rp.Geometric(1e-30),
        rp.Geometric(1.0 - 1e-5),
        rp.NegativeBinomial(0.01, 0.01),
        rp.NegativeBinomial(3.0, 1e-20),
        rp.NegativeBinomial(1e20, 0.3),
    ],
    ids=str,
)
def test_draws_follow_the_cdf_for_counts_of_any_size(d):
    """The Dvoretzky-Kiefer-Wolfowitz bound, at the draws and next below them."""
    n = 20_000
    y = np.sort(d.sample(n, rng=5))
    assert np.all(np.isfinite(y) & (y == np.floor(y)))
    upto = np.searchsorted(y, y, side="right") / n
    before = np.searchsorted(y, y, side="left") / n
    below = d.cdf(np.minimum(y - 1.0, np.nextafter(y, -np.inf)))
    distance = max(np.abs(upto - d.cdf(y)).max(), np.abs(before - below).max())
    assert distance <= math.sqrt(math.log(2.0 / FALSE_ALARM) / (2.0 * n))


@pytest.mark.parametrize("name", DISCRETE)
def test_score_function_estimates_the_derivative_of_an_expectation(name):
    """E[y score] = ∂E[y]/∂θ, from draws: within 6.2 standard errors (false alarm 1e-9)."""
    d, n = rp.get(name)(), 100_000
    if not np.isfinite(d.variance):
        d = d.replace({theta: parameter.typical[1] for theta, parameter in d.parameters.items()})
    y = d.sample(n, rng=3)
    for theta, score in d.score(y).items():
        terms = np.reshape((y - d.mean) * score.T, (-1, n))  # a row an entry
        values = {other: getattr(d, other) for other in d.parameters}
        for k, row in enumerate(terms):
            step = 1e-5 * np.reshape(np.arange(len(terms)) == k, np.shape(values[theta]))
            up, down = (type(d)(**{**values, theta: values[theta] + h}).mean for h in (step, -step))
            error = row.std() / math.sqrt(n)
            assert abs(row.mean() - (up - down) / 2e-5) <= Z * error + 1e-8


def test_no_draw_or_quantile_is_minus_zero():
    for d in (rp.DiscreteUniform(), rp.DiscreteUniform(-3, 0), rp.Skellam()):
        for y in (d.sample(200, rng=1), d.icdf(np.linspace(0.0, 1.0, 99))):
            assert not np.any(np.signbit(y[y == 0.0]))


def test_geometric_draws_that_float64_has_no_room_for_are_infinite():
    assert np.all(rp.Geometric(5e-324).sample(10, rng=1) == math.inf)


# Categories: a parameter that is a vector ---------------------------------------------------------


@pytest.mark.parametrize("categories", [1, 2, 7, 300])
@pytest.mark.parametrize("spread", [1e-3, 3.0, 300.0])
def test_categories_are_accurate(categories, spread):
    rng = np.random.default_rng(categories)
    logits = spread * rng.normal(size=categories)
    d = rp.Categorical(logits)
    with mp.workdps(DIGITS + 300):
        weights = [mp.exp(mp.mpf(float(logit))) for logit in logits]
        total = mp.fsum(weights)
        for y in {0, categories // 2, categories - 1, int(np.argmax(logits))}:
            p = [weight / total for weight in weights]
            # rounding a difference of logits forces as much
            slack = 2.0**-52 * spread * 4.0
            found = [d.log_prob(y), d.cdf(y), d.sf(y)]
            expected = [mp.log(p[y]), mp.fsum(p[: y + 1]), mp.fsum(p[y + 1 :])]
            for got, value in zip(found, map(float, expected), strict=True):
                size = abs(value) if spread < 100.0 or value > -1e-3 else abs(value) + 1.0
                assert abs(got - value) <= (1e-14 + slack * spread) * size + 1e-300
            score = [float((k == y) - weight) for k, weight in enumerate(p)]
            rtol = 1e-14 + slack * spread
            np.testing.assert_allclose(d.score(y)["logits"], score, rtol=rtol, atol=1e-300)


@pytest.mark.parametrize("logits", [[0.0, 800.0], [1e308, -1e308], [5.0, 5.0 - 1e-15], [0.0]])
def test_extreme_logits_give_numbers(logits):
    d = rp.Categorical(logits)
    y = d.sample(100, rng=1)
    assert np.all((y >= 0.0) & (y < len(logits)))
    assert np.all(np.isfinite(d.log_prob(y)) & np.isfinite(d.score(y)["logits"]).all(axis=-1))
    for statistic in (d.mean, d.variance, d.entropy):
        assert np.isfinite(statistic)


def test_categories_with_no_probability_are_not_drawn():
    d = rp.Categorical([-1e4, 0.0, -1e4, 0.0, -1e4])
    assert set(d.sample(10_000, rng=1)) == {1.0, 3.0}


@pytest.mark.parametrize(
    ("logits", "value", "shape"),
    [
        ((3,), (), ()),
        ((3,), (5,), (5,)),
        ((3,), (2, 5), (2, 5)),
        ((4, 3), (), (4,)),
        ((4, 3), (4,), (4,)),
        ((4, 3), (5, 1), (5, 4)),
        ((2, 1, 3), (4,), (2, 4)),
        ((1, 3), (), (1,)),
        ((0, 3), (2, 1), (2, 0)),
    ],
)
def test_vectors_broadcast_over_all_axes_but_the_last(logits, value, shape):
    eta = np.random.default_rng(0).normal(size=logits)
    y = np.random.default_rng(1).integers(0, 3, value)
    d = rp.Categorical(eta)
    assert d.batch_shape == logits[:-1]
    assert d.sample(6, rng=1).shape == (6, *logits[:-1])
    for statistic in (d.mean, d.variance, d.entropy, *d.support):
        assert np.shape(statistic) == logits[:-1]
    log_p, score = d.log_prob(y), d.score(y)["logits"]
    assert (np.shape(log_p), np.shape(score)) == (shape, (*shape, 3))
    rows = np.broadcast_to(eta, (*shape, 3))
    p = np.exp(rows) / np.exp(rows).sum(axis=-1, keepdims=True)
    chosen = np.arange(3) == np.broadcast_to(y, shape)[..., np.newaxis]
    np.testing.assert_allclose(score, chosen - p, rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_p), np.sum(p * chosen, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_long_batch_of_vectors_is_its_rows(threads, monkeypatch):
    """Longer than a block, and of a length that blocks do not end with."""
    monkeypatch.setenv("REPARAM_NUM_THREADS", threads)
    eta = np.random.default_rng(0).normal(size=(70_001, 2))
    d = rp.Categorical(eta)
    y = d.sample(3, rng=4)
    np.testing.assert_allclose(
        d.log_prob(y), -np.logaddexp(0.0, (1 - 2 * y) * (eta[:, 1] - eta[:, 0])), rtol=1e-11
    )
    p = 1.0 / (1.0 + np.exp(eta[:, 0] - eta[:, 1]))
    np.testing.assert_allclose(d.score(y)["logits"][..., 1], y - p, rtol=1e-9)


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (0.5, "logits=0.5 is not a vector; pass several logits, such as [0, 0, 0]"),
        (np.zeros((2, 0)), "logits of shape (2, 0) is not a vector; pass several logits, such as"),
        ([0.0, math.inf], "logits[1]=inf is not in [-inf, inf); pass a logits below inf"),
        ([[0.0, math.nan]], "logits[0, 1]=nan is not in [-inf, inf); pass a logits below inf"),
        (["a", "b"], "logits=['a', 'b'] is not a real number or an array of real numbers"),
    ],
)
def test_what_is_no_vector_is_named(logits, message):
    with pytest.raises(ParameterError) as caught:
        rp.Categorical(logits)
    assert str(caught.value).startswith(message)


def test_two_categories_are_bernoulli():
    p = np.array([0.01, 0.5, 0.9])
    d = rp.Categorical(np.stack([np.log1p(-p), np.log(p)], axis=-1))
    for y in (0.0, 1.0):
        np.testing.assert_allclose(d.log_prob(y), rp.Bernoulli(p).log_prob(y), rtol=1e-13)
    np.testing.assert_allclose(d.entropy, rp.Bernoulli(p).entropy, rtol=1e-13)


# What there is not --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.parametrize("call", ["rsample", "transform", "pathwise"])
def test_no_reparameterization_says_why_and_what_to_use_instead(name, call):
    cls = rp.get(name)
    with pytest.raises(rp.NotReparameterizable) as caught:
        getattr(cls(), call)(1)
    message = str(caught.value)
    assert message.startswith(f"{cls.__name__} has no reparameterization: its values are integers")
    assert "step function of θ" in message
    assert "use the score function" in message
    assert message.endswith(cls.alternatives or "reparam.estimators")
    assert isinstance(caught.value, ReparamError)
    assert isinstance(caught.value, TypeError)


def test_number_of_trials_is_not_differentiated_in():
    d = rp.Binomial([3, 5], 0.5)
    assert list(d.score(1.0)) == ["probs"]
    assert rp.Binomial.parameters.differentiable == ["probs"]


@pytest.mark.parametrize(
    ("cls", "given", "message"),
    [
        (
            rp.Binomial,
            {"total": 2.5},
            "total=2.5 is not in {0, 1, …}; pass a non-negative integer total",
        ),
        (
            rp.Binomial,
            {"n": [3, -1]},
            "total[1]=-1 is not in {0, 1, …}; pass a non-negative integer total",
        ),
        (rp.Binomial, {"n": math.inf}, "total=inf is not in {0, 1, …}; pass a non-negative"),
        (rp.Binomial, {"n": math.nan}, "total=nan is not in {0, 1, …}; pass a non-negative"),
        (rp.Binomial, {"n": 1000000.5}, "total=1000000.5 is not in {0, 1, …}; pass a"),
        (rp.Bernoulli, {"p": 1.5}, "probs=1.5 is not in [0, 1]; pass a probs from 0 to 1"),
        (rp.Geometric, {"p": 0.0}, "probs=0 is not in (0, 1]; pass a probs above 0 and at most 1"),
        (rp.Geometric, {"logits": -math.inf}, "logits=-inf is not in (-inf, inf]; pass a logits"),
        (rp.Poisson, {"lam": -1.0}, "rate=-1 is not in [0, inf); pass a non-negative rate"),
        (rp.Categorical, {"probs": [0.0, 0.0]}, "probs are all 0, so that no category has a"),
        (rp.Categorical, {"logits": [[0.0], [-math.inf]]}, "logits[1] are all -inf, so that no"),
        (rp.Binomial, {"n": 2**53 + 1}, "total=9007199254740993 is an integer that float64 does"),
    ],
)
def test_bad_parameters_are_named_with_rule_and_remedy(cls, given, message):
    with pytest.raises(ParameterError) as caught:
        cls(**given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("integers", "text", "inside", "outside"),
    [
        (Integers(0, math.inf), "{0, 1, …}", [0.0, 1.0, 1e308], [-1.0, 0.5, math.inf, math.nan]),
        (Integers(1, math.inf), "{1, 2, …}", [1.0, 2.0**60], [0.0, -0.0, 1.5]),
        (Integers(0, 1), "{0, 1}", [0.0, 1.0], [2.0, 0.5, -1.0]),
        (Integers(-2, 3), "{-2, …, 3}", [-2.0, 3.0], [-3.0, 4.0, 2.5]),
    ],
)
def test_integers_are_closed_at_finite_ends(integers, text, inside, outside):
    assert str(integers) == text
    assert all(value in integers for value in inside)
    assert not any(value in integers for value in outside)
    assert not any(value in integers for value in integers.misses)
    assert integers.first_outside(np.array([*inside, *outside])) == len(inside)
    assert integers.first_outside(np.array(inside)) is None


def test_remedy_of_integers_names_their_ends():
    assert Integers(0, math.inf).remedy == "a non-negative integer {}"
    assert Integers(-2, 3).remedy == "an integer {} from -2 to 3"


# The conformance suite notices --------------------------------------------------------------------


def broken(base, **formulas):
    """Return a distribution with some of its formulas replaced."""
    static = {
        name: staticmethod(formula) if callable(formula) else formula
        for name, formula in formulas.items()
    }
    return type(f"Broken{base.__name__}", (base,), static)


def drawing(quantile):
    """Return a Poisson distribution with another quantile, which gets Poisson's own first."""

    def _quantile(cls, u, v, rate):
        return quantile(rp.Poisson._quantile, u, v, rate)

    return type("BrokenPoisson", (rp.Poisson,), {"_quantile": classmethod(_quantile)})


def forgetful(right, u, v, rate):
    """Draw the same for all blocks and seeds."""
    return np.random.default_rng(0).poisson(rate, u.shape)


def dependent(right, u, v, rate):
    """Move a quantile where the one before is large."""
    k = right(u, v, rate)
    return k + (np.roll(k, 1) > 30.0)


BROKEN = {
    "declares_itself": [
        broken(rp.Poisson, about=rp.About("p(y) = …", source="a book")),
        broken(rp.Poisson, name="Poisson"),
    ],
    "draws_repeat": [drawing(forgetful)],
    "values_are_of_their_own_parameters": [
        drawing(dependent),
        drawing(lambda right, u, v, rate: right(u, v, rate * (1.0 + 0.01 * np.ndim(rate)))),
    ],
    "passes_distribution": [
        drawing(lambda right, u, v, rate: right(u, v, 1.2 * rate)),
        drawing(lambda right, u, v, rate: u + rate),
    ],
    "quantiles_end_with_the_support": [
        type(
            "BrokenPoisson",
            (rp.Poisson,),
            {"icdf": lambda self, u: np.minimum(rp.Poisson.icdf(self, u), 1e9)},
        )
    ],
    "probability_is_on_integers_of_the_support": [
        broken(rp.Poisson, _support=rp.Interval(0.0, math.inf)),
    ],
    "passes_identity": [
        drawing(lambda right, u, v, rate: right(np.nextafter(u, 1.0), v, rate)),
        drawing(lambda right, u, v, rate: right(u, np.nextafter(v, 0.0), rate)),
        drawing(lambda right, u, v, rate: right(u, v, rate) + 0.5),
        broken(rp.Geometric, _log_prob=lambda y, p: np.log(p) + y * np.log1p(-p)),
        broken(rp.Geometric, _sf=lambda y, p: 1.0 + np.expm1(y * np.log1p(-p))),
        broken(rp.Geometric, _cdf=lambda y, p: 1.0 - np.exp((y + 1e-9) * np.log1p(-p))),
    ],
    "passes_score": [
        broken(rp.Poisson, _score=lambda y, rate: (y / rate,)),
        broken(rp.Bernoulli, _score=lambda y, p: ((y - p) / p,)),
    ],
    "elements_are_independent": [
        broken(rp.Poisson, _score=lambda y, rate: ((y - rate) / rate * (1 + 1e-14 * np.size(y)),)),
    ],
    "passes_moments": [
        broken(rp.Poisson, _mean=lambda rate: rate + 1e-8),
        broken(rp.Poisson, _variance=lambda rate: rate * (1.0 + 1e-8)),
        broken(rp.Poisson, _entropy=lambda rate: 0.5 * np.log(2.0 * np.pi * np.e * rate)),
    ],
}


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        pytest.param(name, cls, id=f"{name}-{number}")
        for name, classes in BROKEN.items()
        for number, cls in enumerate(classes)
    ],
)
def test_property_notices(name, cls):
    noticing = {prop.__name__: prop for prop in testing.properties(cls)}[name]
    with pytest.raises(AssertionError, match=f"^{cls.name}: "):
        noticing(cls)


def test_properties_go_by_kind():
    assert testing.properties(rp.Poisson) is testing.DISCRETE_PROPERTIES
    assert testing.properties(rp.Gamma) is testing.PROPERTIES
    assert testing.properties(rp.Distribution) == ()
