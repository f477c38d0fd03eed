"""Vectors of counts: multinomial, its mixtures over the simplex, and indicators."""

import numpy as np
import pytest
from mpmath import mp
from scipy import stats

import reparam as rp
from reparam.errors import NotReparameterizable, ParameterError
from tests.helpers.exact import assert_exact
from tests.helpers.precise import digamma, log_gamma


def halves(numbers):
    return numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]


def multinomial(*y_and_weights):
    y, weights = halves(y_and_weights)
    total = mp.fsum(weights)
    terms = (k * mp.log(w / total) - log_gamma(k + 1) for k, w in zip(y, weights, strict=True))
    return log_gamma(mp.fsum(y) + 1) + mp.fsum(terms)


def by_logits(*y_and_logits):
    y, logits = halves(y_and_logits)
    return multinomial(*y, *map(mp.exp, logits))


def dirichlet_multinomial(*y_and_alpha):
    y, alpha = halves(y_and_alpha)
    n, total = mp.fsum(y), mp.fsum(alpha)
    terms = (
        log_gamma(k + a) - log_gamma(a) - log_gamma(k + 1) for k, a in zip(y, alpha, strict=True)
    )
    return log_gamma(n + 1) + log_gamma(total) - log_gamma(n + total) + mp.fsum(terms)


def test_masses_and_scores_are_exact():
    """From one trial to 1e9, also of outcomes that are far from likely."""
    rng = np.random.default_rng(1)
    for trial in range(40):
        size, n = rng.integers(2, 6), float(int(10.0 ** rng.uniform(0.0, 9.0)))
        weights = 10.0 ** rng.uniform(-3.0, 3.0, size)
        alpha = 10.0 ** rng.uniform(-3.0, 6.0, size)
        logits = rng.uniform(-20.0, 20.0, size)
        near = [rp.Multinomial(n, probs=weights), rp.Multinomial(n, logits=logits)]
        laws = [*near, rp.DirichletMultinomial(n, alpha)]
        functions = multinomial, by_logits, dirichlet_multinomial
        given = weights, logits, alpha
        for law, function, values in zip(laws, functions, given, strict=True):
            y = law.sample(rng=trial)
            if trial % 4 == 0:
                y = rp.Multinomial(n, probs=np.ones(size)).sample(rng=trial)
            assert_exact(float(law.log_prob(y)), lambda *v, f=function, y=y: f(*y, *v), *values)
        score = laws[2].score(y)["concentration"]
        for j in range(size):

            def slope(*alpha, y=y, j=j):
                total = mp.fsum(alpha)
                own = digamma(alpha[j] + y[j]) - digamma(alpha[j])
                return own - digamma(total + mp.fsum(y)) + digamma(total)

            assert_exact(float(score[j]), slope, *alpha)


def test_moments_and_draws():
    for law in (
        rp.Multinomial(20, probs=[1.0, 0.0, 5.0, 2.0]),
        rp.Multinomial(2000, logits=[1.0, 2.0, -np.inf]),
        rp.OneHotCategorical(logits=[0.0, 1.0, -2.0]),
        rp.OneHotCategorical(probs=[0.0, 0.2, 0.8]),
        rp.DirichletMultinomial(20, [0.5, 2.0, 3.0]),
    ):
        y = law.sample(40_000, rng=1)
        spread = np.sqrt(np.maximum(law.variance, 1e-30))
        assert np.max(np.abs(y.mean(axis=0) - law.mean) / spread) < 5.0 / np.sqrt(len(y))
        scale = np.outer(spread, spread)
        assert np.max(np.abs(np.cov(y.T) - law.covariance) / scale.max()) < 0.05
        np.testing.assert_array_equal(np.diag(law.covariance), law.variance)
        log_p = law.log_prob(y)
        assert abs(law.entropy + log_p.mean()) < 5.0 * log_p.std() / np.sqrt(len(y))
        score = next(iter(law.score(y).values()))
        possible = law.mean > 0.0
        error = score.std(axis=0)[possible] / np.sqrt(len(y))
        assert np.all(np.abs(score.mean(axis=0)[possible]) < 5.0 * error)


def test_entropies_are_sums():
    assert rp.Multinomial(1, probs=[0.3, 0.7]).entropy == pytest.approx(
        rp.Bernoulli(probs=0.3).entropy, rel=1e-14
    )
    for n, p in ((7, 0.3), (400, 0.9), (100_000, 0.2), (100_000, 1e-5)):
        found = rp.Multinomial(n, probs=[p, 1.0 - p]).entropy
        np.testing.assert_allclose(found, rp.Binomial(n, p).entropy, rtol=1e-12)
    y = np.arange(51.0)
    log_p = rp.DirichletMultinomial(50, [0.3, 4.0]).log_prob(np.stack([y, 50.0 - y], axis=-1))
    direct = -np.sum(np.exp(log_p) * log_p)
    np.testing.assert_allclose(rp.DirichletMultinomial(50, [0.3, 4.0]).entropy, direct, rtol=1e-12)


def test_a_count_is_the_binomial_quantile_of_its_own_number():
    law = rp.Multinomial(30, probs=[0.5, 0.2, 0.3])
    y = law.sample(4000, rng=6)
    assert np.array_equal(y[:100], law.sample(100, rng=6))
    each = rp.Multinomial(np.full(4000, 30.0), probs=np.tile([0.5, 0.2, 0.3], (4000, 1)))
    assert np.array_equal(y, each.sample(rng=6))
    assert stats.chisquare(*_table(y[:, 0], rp.Binomial(30, 0.5))).pvalue > 1e-7
    alike = rp.OneHotCategorical(logits=[0.5, -1.0, 2.0]).sample(500, rng=2)
    assert np.array_equal(
        alike.argmax(axis=-1), rp.Categorical([0.5, -1.0, 2.0]).sample(500, rng=2)
    )


def _table(counts, law):
    edges = np.arange(9.0, 22.0)
    masses = np.diff(law.cdf(np.concatenate([[-1.0], edges, [30.0]])))
    found = np.histogram(counts, np.concatenate([[-0.5], edges + 0.5, [30.5]]))[0]
    return found, masses * len(counts)


def test_what_is_impossible():
    law = rp.Multinomial(3, probs=[0.0, 1.0, 1.0])
    found = law.log_prob([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0], [0.0, 1.0, 1.0], [0.0, 1.5, 1.5]])
    np.testing.assert_allclose(found, [-np.inf, np.log(3.0 / 8.0), -np.inf, -np.inf])
    logits = rp.OneHotCategorical(logits=[-np.inf, 0.0, -1000.0])
    np.testing.assert_allclose(logits.log_prob(np.eye(3)), [-np.inf, 0.0, -1000.0])
    assert np.isnan(law.score([1.0, 1.0, 2.0])["probs"]).all()
    with pytest.raises(ParameterError, match="probs are all 0, so that no category"):
        rp.Multinomial(3, probs=[0.0, 0.0])
    with pytest.raises(ParameterError, match=r"logits\[1\] are all -inf"):
        rp.OneHotCategorical(logits=[[0.0, 0.0], [-np.inf, -np.inf]])
    with pytest.raises(NotReparameterizable, match=r"use the score function.*draw from concrete"):
        law.rsample(3)


def test_divergences_are_sums():
    p, q = np.array([0.2, 0.0, 0.8]), np.array([0.3, 0.3, 0.4])
    found = rp.kl(rp.Multinomial(5, probs=2.0 * p), rp.Multinomial(5, logits=np.log(q)))
    right = 5.0 * np.sum(p[[0, 2]] * np.log(p[[0, 2]] / q[[0, 2]]))
    np.testing.assert_allclose(found.value, right, rtol=1e-14)
    np.testing.assert_allclose(found.gradient_q["logits"], 5.0 * (q - p), atol=1e-14)
    step = np.array([1e-6, 0.0, 0.0])
    ends = [
        rp.kl(rp.OneHotCategorical(probs=2.0 * p + h), rp.OneHotCategorical(probs=q)).value
        for h in (-step, step)
    ]
    slope = (ends[1] - ends[0]) / 2e-6
    np.testing.assert_allclose(5.0 * slope, found.gradient_p["probs"][0], rtol=1e-7)
    assert rp.kl(rp.Multinomial(5, probs=q), rp.Multinomial(6, probs=q)).value == np.inf
