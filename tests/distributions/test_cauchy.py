"""The Cauchy and the half-Cauchy distribution: tails that are powers, and no mean."""

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

U = np.array(
    [1e-300, 1e-40, 1e-5, 0.2, 0.25, 0.3, 0.5 - 2.0**-54, 0.5 + 2.0**-53, 0.9, 1 - 2.0**-53]
)
Z = np.array([1e-300, 1e-8, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, 1e8, 1e160, 1e300])


def test_quantiles_in_both_tails_and_next_to_the_median():
    with mp.workdps(400):
        exact = [mp.tan(mp.pi * (mpf(u) - mpf(1) / 2)) for u in U]
        half = [mp.tan(mp.pi * mpf(u) / 2) for u in U]
        upper = [mp.cot(mp.pi * mpf(u)) for u in U]
    close(rp.Cauchy().icdf(U), exact)
    close(rp.Cauchy().isf(U), upper)
    close(rp.HalfCauchy().icdf(U), half)
    close(rp.HalfCauchy().isf(U), [1 / t for t in half])
    assert rp.Cauchy(3.0).icdf(0.5) == 3.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_functions_of_values_out_to_the_largest(sign):
    with mp.workdps(400):
        lower = [mp.atan2(1, mpf(-sign * z)) / mp.pi for z in Z]
        upper = [mp.atan2(1, mpf(sign * z)) / mp.pi for z in Z]
        log_prob = [-mp.log(mp.pi * (1 + mpf(z) ** 2)) for z in Z]
        slope = [-2 * sign * mpf(z) / (1 + mpf(z) ** 2) for z in Z]
        d, y = rp.Cauchy(), sign * Z
        close(d.cdf(y), lower)
        close(d.sf(y), upper)
        close(d.log_cdf(y), [mp.log(p) for p in lower])
        close(d.log_sf(y), [mp.log(p) for p in upper])
        close(d.log_prob(y), log_prob)
        close(d.stein_score(y), slope)


def test_score_next_to_its_zero():
    z = np.nextafter(1.0, [0.0, 2.0])
    with mp.workdps(60):
        exact = [(mpf(v) ** 2 - 1) / (mpf(v) ** 2 + 1) for v in z]
    close(rp.Cauchy().score(z)["scale"], exact)
    close(rp.HalfCauchy().score(z)["scale"], exact)
    assert rp.Cauchy().score([0.0, 1.0])["scale"].tolist() == [-1.0, 0.0]


def test_moments_that_there_are():
    d = rp.Cauchy(1.0, [0.5, 2.0])
    assert np.all(np.isnan([d.mean, d.variance]))
    np.testing.assert_allclose(d.entropy, np.log(4.0 * np.pi * d.scale), rtol=1e-15)
    half = rp.HalfCauchy(2.0)
    assert half.mean == half.variance == np.inf
    assert half.entropy == pytest.approx(np.log(4.0 * np.pi), rel=1e-15)


def test_half_cauchy_tails():
    d = rp.HalfCauchy()
    with mp.workdps(400):
        upper = [2 * mp.atan2(1, mpf(z)) / mp.pi for z in Z]
        close(d.sf(Z), upper)
        close(d.log_sf(Z), [mp.log(p) for p in upper])
        close(d.log_cdf(Z), [mp.log(2 * mp.atan(mpf(z)) / mp.pi) for z in Z])


def test_draws_keep_derivatives_that_values_lose():
    draw = rp.HalfCauchy(1e-320).transform([1e-10, 0.5])
    np.testing.assert_allclose(draw.jacobian()["scale"], [np.pi * 0.5e-10, 1.0], rtol=1e-15)


def test_student_t_with_one_degree_of_freedom_is_the_same():
    y = np.linspace(-20.0, 20.0, 41)
    t, d = rp.StudentT(1.0, 0.5, 2.0), rp.Cauchy(0.5, 2.0)
    np.testing.assert_allclose(d.log_prob(y), t.log_prob(y), rtol=1e-13)
    np.testing.assert_allclose(d.cdf(y), t.cdf(y), rtol=1e-13)
    np.testing.assert_allclose(d.pathwise(y)["scale"], t.pathwise(y)["scale"], rtol=1e-15)


def test_divergence_to_the_gaussian_is_infinite():
    assert rp.kl(rp.Cauchy(), rp.Gaussian()).value == np.inf
    assert rp.kl(rp.HalfCauchy(), rp.HalfNormal()).value == np.inf
