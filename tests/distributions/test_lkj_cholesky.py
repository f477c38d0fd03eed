"""LKJ factors of correlation matrices: against arbitrary precision, and their moments."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats

import reparam as rp
from reparam.errors import ShapeError
from reparam.special.log_gamma import half_step_fall
from tests.helpers.exact import assert_exact
from tests.helpers.precise import digamma, log_gamma


def log_density(y, eta):
    """Σ over rows, each by its own constant (Lewandowski, Kurowicka & Joe 2009, section 3.2)."""
    total, d = mpf(0), len(y)
    for i in range(1, d):
        own, half = eta + mpf(d - 1 - i) / 2, mpf(i) / 2
        square = mp.fsum(mpf(float(entry)) ** 2 for entry in y[i, :i])
        last = mpf(float(y[i, i])) ** 2
        constant = log_gamma(own + half) - log_gamma(own) - half * mp.log(mp.pi)
        total += constant + (own - 1) * mp.log(last / (square + last))  # rows of length 1
    return total


def test_density_score_entropy_and_divergence_are_exact():
    rng = np.random.default_rng(2)
    for trial in range(20):
        d, eta = 2 + trial % 4, 10.0 ** rng.uniform(-1.0, 6.0)
        law = rp.LKJCholesky(d, eta)
        y = law.sample(rng=trial)

        def density(eta, y=y):
            return log_density(y, eta)

        def score(eta, y=y):
            step = mpf(10) ** -20
            return (log_density(y, eta + step) - log_density(y, eta - step)) / (2 * step)

        def entropy(eta, d=d):
            total = mpf(0)
            for i in range(1, d):
                own, half = eta + mpf(d - 1 - i) / 2, mpf(i) / 2
                constant = log_gamma(own + half) - log_gamma(own) - half * mp.log(mp.pi)
                total -= constant + (own - 1) * (digamma(own) - digamma(own + half))
            return total

        def kl(eta, other, d=d):
            total = mpf(0)
            for i in range(1, d):
                a, b = (each + mpf(d - 1 - i) / 2 for each in (eta, other))
                half = mpf(i) / 2
                total += log_gamma(a + half) - log_gamma(a) - log_gamma(b + half) + log_gamma(b)
                total += (a - b) * (digamma(a) - digamma(a + half))
            return total

        assert_exact(float(law.log_prob(y)), density, eta)
        assert_exact(float(law.entropy), entropy, eta)
        # rounding of y moves the score by its logarithms
        with mp.workdps(60):
            right = score(mpf(eta))
            assert abs(law.score(y)["concentration"] - right) < 1e-13 * abs(right) + 4e-15
        other = eta * (1.0 + 10.0 ** rng.uniform(-6.0, 1.0))
        found = rp.kl(law, rp.LKJCholesky(d, other))
        assert_exact(float(found.value), kl, eta, other)


def test_derivatives_are_those_of_the_beta_quantile():
    """Row by row, by implicit differentiation of the beta distribution's cdf."""
    eta = 1.7
    draw = rp.LKJCholesky(4, eta).rsample(3, rng=3)
    jacobian = draw.jacobian()["concentration"]
    for y, found in zip(draw.value, jacobian, strict=True):
        assert np.array_equal(np.triu(found, 1), np.zeros((4, 4)))
        assert found[0, 0] == 0.0
        for i in range(1, 4):
            with mp.workdps(50):
                squares = mp.fsum(mpf(float(entry)) ** 2 for entry in y[i, :i])
                last = mpf(float(y[i, i])) ** 2
                b, half, own = squares / (squares + last), mpf(i) / 2, mpf(eta) + mpf(3 - i) / 2
                step = mpf(10) ** -16
                ends = [mp.betainc(half, own + h, 0, b, regularized=True) for h in (-step, step)]
                density = b ** (half - 1) * (1 - b) ** (own - 1) / mp.beta(half, own)
                speed = -(ends[1] - ends[0]) / (2 * step) / density
                for j in range(i):
                    right = y[i, j] * speed / (2 * b)
                    assert abs(found[i, j] / right - 1) < 1e-12
                assert abs(found[i, i] / (-y[i, i] * speed / (2 * (1 - b))) - 1) < 1e-12


def test_moments_and_their_derivatives():
    for d, eta in ((2, 1.0), (3, 0.4), (5, 2.0)):
        law = rp.LKJCholesky(d, np.full(40_000, eta))
        draw = law.rsample(rng=1)
        y, law = draw.value, rp.LKJCholesky(d, eta)
        error = np.sqrt(law.variance / len(y)) + 1e-15
        assert np.max(np.abs(y.mean(axis=0) - law.mean) / error) < 5.0
        np.testing.assert_allclose(y.var(axis=0), law.variance, atol=0.01)
        np.testing.assert_allclose(np.linalg.norm(y, axis=-1), 1.0, rtol=1e-15)
        weight = np.arange(1.0, d + 1.0)
        slopes = draw.vjp(np.diag(weight))["concentration"]
        ends = [np.sum(weight * np.diag(rp.LKJCholesky(d, eta + h).mean)) for h in (-1e-5, 1e-5)]
        error = slopes.std() / np.sqrt(len(y))
        assert abs(slopes.mean() - (ends[1] - ends[0]) / 2e-5) < 5.0 * error
        # each correlation in a row of two entries alone has the marginal of them all
        correlation = (y @ np.swapaxes(y, 1, 2))[:, d - 1, 0]
        shape = eta + 0.5 * (d - 2.0)
        assert stats.kstest(0.5 * (1.0 + correlation), stats.beta(shape, shape).cdf).pvalue > 1e-7


def test_ends_of_the_domain():
    for eta in (1e-3, 1e6):
        draw = rp.LKJCholesky(4, eta).rsample(1000, rng=1)
        assert np.all(np.isfinite(draw.value))
        assert np.all(np.isfinite(draw.jacobian()["concentration"]))
    with pytest.raises(ShapeError, match="all draws have one length; pass one dim"):
        rp.LKJCholesky([2, 3], 1.0)
    assert rp.LKJCholesky(3, 1.0).log_prob(np.eye(3)[::-1]) == -np.inf
    rise = [float(half_step_fall(np.float64(a), np.float64(2.5))) for a in (0.3, 15.9, 16.1, 1e6)]
    with mp.workdps(40):
        for a, found in zip((0.3, 15.9, 16.1, 1e6), rise, strict=True):
            ends = [
                log_gamma(at + mpf(1) / 2) - log_gamma(at) - mp.log(at) / 2
                for at in (mpf(a), mpf(a) + mpf(5) / 2)
            ]
            assert abs(found / (ends[1] - ends[0]) - 1) < 1e-13


def test_stein_score_is_the_slope_in_entries_below_the_diagonal():
    """The diagonal follows: rows keep length 1."""
    d = rp.LKJCholesky(4, concentration=1.7)
    y = d.sample(3, rng=1)
    found = d.stein_score(y)
    assert np.all(found == np.tril(found, -1))
    for i, j in zip(*np.tril_indices(4, -1), strict=True):

        def moved(step, i=i, j=j):
            z = y.copy()
            z[:, i, j] += step
            z[:, i, i] = np.sqrt(1.0 - np.sum(z[:, i, :i] ** 2, axis=-1))
            return d.log_prob(z)

        h = 1e-4 * y[:, i, i] ** 2
        slope = (8.0 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12.0 * h)
        np.testing.assert_allclose(found[:, i, j], slope, rtol=1e-8, atol=1e-8)


def test_marginals_are_of_the_correlations_of_some_entries():
    d = rp.LKJCholesky(5, concentration=[0.4, 3.0])
    # the first rows are the factor of the first entries themselves
    first = d.marginal([0, 1, 2])
    np.testing.assert_allclose(first.mean, d.mean[:, :3, :3], rtol=1e-15)
    np.testing.assert_allclose(first.covariance, d.covariance[:, :3, :3, :3, :3], rtol=1e-15)
    # others are alike: the factor of R_42 has its law, and r that of 2 Beta(a, a) − 1
    y = d.sample(4000, rng=1)
    r = (y @ np.swapaxes(y, -1, -2))[..., 4, 2]
    pair = d.marginal([4, 2])
    for k, a in enumerate(pair["concentration"]):
        assert stats.kstest(r[:, k], (2.0 * rp.Beta(a, a) - 1.0).cdf).pvalue > 1e-4
        factor = np.array([[1.0, 0.0], [0.3, np.sqrt(1.0 - 0.3**2)]])
        one = (2.0 * rp.Beta(a, a) - 1.0).log_prob(0.3)
        assert math.isclose(pair.log_prob(factor)[k], one, rel_tol=1e-13)
    with pytest.raises(ShapeError, match="pass two or more"):
        d.marginal([1])
    with pytest.raises(ShapeError, match="from 0 to 4"):
        d.marginal([1, 5])
