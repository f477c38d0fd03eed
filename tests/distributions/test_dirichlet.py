"""The Dirichlet distribution: every formula against arbitrary precision, and its moments."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special, stats

import reparam as rp
from reparam.distributions.dirichlet import divergence
from tests.helpers.exact import assert_exact
from tests.helpers.precise import digamma, log_gamma


def log_density(*y_and_alpha):
    """Of y over its sum."""
    y, alpha = _halves(y_and_alpha)
    total = mp.fsum(y)
    terms = (
        (a - 1) * mp.log(entry / total) - log_gamma(a) for entry, a in zip(y, alpha, strict=True)
    )
    return log_gamma(mp.fsum(alpha)) + mp.fsum(terms)


def entropy(*alpha):
    total, size = mp.fsum(alpha), len(alpha)
    terms = (log_gamma(a) - (a - 1) * digamma(a) for a in alpha)
    return mp.fsum(terms) - log_gamma(total) + (total - size) * digamma(total)


def kl(*alpha_and_other):
    alpha, other = _halves(alpha_and_other)
    total, whole = mp.fsum(alpha), mp.fsum(other)
    terms = (
        log_gamma(b) - log_gamma(a) + (a - b) * (digamma(a) - digamma(total))
        for a, b in zip(alpha, other, strict=True)
    )
    return log_gamma(total) - log_gamma(whole) + mp.fsum(terms)


def _halves(numbers):
    size = len(numbers) // 2
    return numbers[:size], numbers[size:]


def points(count, seed):
    """Yield concentrations from 1e-3 to 1e6, in one order of magnitude or in all."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        size = rng.integers(2, 6)
        scale = 10.0 ** rng.uniform(-3.0, 6.0, size if number % 2 else 1)
        yield scale * rng.uniform(0.3, 1.0, size), rng


def test_density_score_and_entropy_are_exact():
    for number, (alpha, _) in enumerate(points(40, 1)):
        d = rp.Dirichlet(alpha)
        assert_exact(float(d.entropy), entropy, *alpha)
        y = d.sample(rng=number)
        if np.min(y) < 1e-300:
            continue
        assert_exact(float(d.log_prob(y)), log_density, *y, *alpha)
        for j, found in enumerate(d.score(y)["concentration"]):

            def score(*numbers, j=j):
                y, alpha = _halves(numbers)
                total = digamma(mp.fsum(alpha))
                return mp.log(y[j] / mp.fsum(y)) - digamma(alpha[j]) + total

            assert_exact(float(found), score, *y, *alpha)


def test_divergence_and_its_derivatives_are_exact():
    for alpha, rng in points(12, 2):
        other = alpha * (1.0 + 10.0 ** rng.uniform(-8.0, 1.0) * rng.uniform(-0.9, 1.0, alpha.size))
        other = np.abs(other)
        value, in_alpha, in_other = divergence(alpha, other)
        assert_exact(float(value), kl, *alpha, *other)
        for j in range(alpha.size):

            def first(*numbers, j=j):
                alpha, other = _halves(numbers)
                total, whole = mp.fsum(alpha), mp.fsum(other)
                own = mp.psi(1, alpha[j]) * (alpha[j] - other[j])
                return own - mp.psi(1, total) * (total - whole)

            def second(*numbers, j=j):
                alpha, other = _halves(numbers)
                gap = digamma(other[j]) - digamma(alpha[j])
                return gap - digamma(mp.fsum(other)) + digamma(mp.fsum(alpha))

            assert_exact(float(in_alpha[j]), first, *alpha, *other)
            assert_exact(float(in_other[j]), second, *alpha, *other)
    assert rp.kl(rp.Dirichlet([1.0, 2.0]), rp.Dirichlet([1.0, 2.0])).value == 0.0


def implicit(y, rest, alpha, beta):
    """Return ∂logit y/∂α of Beta(α, β) at fixed cdf: by differences in many digits."""
    a, b = mpf(alpha), mpf(beta)
    step = mpf(10) ** -(mp.dps // 3)
    below, above = (mp.betainc(a + h, b, 0, y, regularized=True) for h in (-step, step))
    return -(above - below) / (2 * step) * mp.beta(a, b) / (y**a * rest**b)


@pytest.mark.parametrize("alpha", [[0.3, 2.0, 5.0], [0.05, 0.0625], [40.0, 1.0, 0.5, 900.0]])
def test_derivatives_are_those_of_the_paper(alpha):
    draw = rp.Dirichlet(alpha).rsample(3, rng=5)
    found, of_log = draw.jacobian()["concentration"], draw.jacobian("log_value")["concentration"]
    for log_y, entries, logs in zip(draw.log_value, found, of_log, strict=True):
        with mp.workdps(200):
            y = [mp.exp(mpf(float(log))) for log in log_y]
            for j, shape in enumerate(alpha):
                rest = mp.fsum(entry for i, entry in enumerate(y) if i != j)
                slope = implicit(1 - rest if y[j] > 0.5 else y[j], rest, shape, sum(alpha) - shape)
                for i in range(len(alpha)):
                    right = slope * (rest if i == j else -y[j])
                    assert abs(logs[i, j] / right - 1) < 1e-12
                    assert abs(entries[i, j] / (right * y[i]) - 1) < 1e-12


@pytest.mark.parametrize("n", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_expectations_have_the_derivatives_of_the_moments(n):
    """Of y, y² and ln y in each concentration, within 4 standard errors."""
    alpha = np.array([0.5, 2.0, 3.0, 0.1])
    draw = rp.Dirichlet(alpha).rsample(n, rng=3)
    total, own = alpha.sum(), np.eye(alpha.size)
    exact_log = np.diag(special.polygamma(1, alpha)) - special.polygamma(1, total)
    exact = own / total - alpha[:, np.newaxis] / total**2
    second = alpha * (alpha + 1.0) / (total * (total + 1.0))
    of_second = own * ((2.0 * alpha + 1.0) / (total * (total + 1.0)))
    of_second -= second[:, np.newaxis] * (1.0 / total + 1.0 / (total + 1.0))
    jacobian = draw.jacobian()["concentration"]
    for terms, right in (
        (jacobian, exact),
        (2.0 * draw.value[..., np.newaxis] * jacobian, of_second),
        (draw.jacobian("log_value")["concentration"], exact_log),
    ):
        error = terms.std(axis=0) / np.sqrt(len(terms))
        assert np.max(np.abs(terms.mean(axis=0) - right) / error) < 4.0


def test_moments_and_marginals():
    alpha = np.array([[0.5, 2.0, 3.0], [1e6, 1e-3, 1.0]])
    d = rp.Dirichlet(alpha)
    for row, one in enumerate(alpha):
        peer = stats.dirichlet(one)
        np.testing.assert_allclose(d.mean[row], peer.mean(), rtol=1e-13)
        np.testing.assert_allclose(d.variance[row], peer.var(), rtol=1e-9)
        np.testing.assert_allclose(d.covariance[row], peer.cov(), rtol=1e-9)
    y = rp.Dirichlet(alpha[0]).sample(20_000, rng=1)
    for entry, marginal in zip(y.T, rp.Dirichlet(alpha[0])._marginals(alpha[0]), strict=True):
        assert stats.kstest(entry, marginal.law.cdf).pvalue > 1e-7


def test_draws_are_finite_from_tiny_to_vast_concentrations():
    for scale in (1e-300, 1e-3, 1.0, 1e6, 1e300):
        draw = rp.Dirichlet([scale, 2.0 * scale, 0.5 * scale]).rsample(500, rng=2)
        np.testing.assert_allclose(draw.value.sum(axis=-1), 1.0, rtol=1e-15)
        assert np.all(np.isfinite(draw.log_value))
        assert np.all(np.isfinite(draw.jacobian()["concentration"]))
        assert np.all(draw.vjp(1.0)["concentration"] == 0.0)
    # logarithms agree where values do not underflow, and are distinct where they do
    draw = rp.Dirichlet([1e-3] * 5).rsample(200, rng=2)
    seen = draw.value > 1e-300
    np.testing.assert_allclose(draw.log_value[seen], np.log(draw.value[seen]), atol=1e-13)
    assert np.unique(draw.log_value[~seen]).size == np.count_nonzero(~seen) > 300


def test_a_draw_depends_on_its_own_concentration_alone():
    alpha = np.array([[0.5, 2.0, 3.0], [4.0, 1.0, 1e-2]])
    whole = rp.Dirichlet(np.tile(alpha, (1000, 1))).rsample(rng=4)
    one = rp.Dirichlet(alpha[0]).rsample(2000, rng=4)
    assert np.array_equal(whole.value[::2], one.value[::2])
    upstream = np.random.default_rng(0).normal(size=one.value.shape)
    alike = rp.Dirichlet(np.tile(alpha[0], (2000, 1))).rsample(rng=4).vjp(upstream)
    pulled = one.vjp(upstream)["concentration"]
    np.testing.assert_allclose(alike["concentration"].sum(axis=0), pulled, rtol=1e-10)


def test_density_on_the_boundary():
    d = rp.Dirichlet([[2.0, 1.0, 1.0], [0.5, 1.0, 1.0], [1.0, 1.0, 2.0], [0.5, 1.5, 3.0]])
    found = d.log_prob([[0.0, 0.5, 0.5], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(found, [-np.inf, np.inf, np.log(6.0 * 0.5), np.log(24.0 / np.pi)])
    assert rp.Dirichlet([1.0, 1.0]).log_prob([0.5, 0.6]) == -np.inf
