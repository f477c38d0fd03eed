"""Laws with shapes that are maps of simpler ones: what they become, and where they would cancel."""

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

#: A law, and what it becomes at these parameters, exactly.
SAME = [
    (rp.GeneralizedExtremeValue(0.0, 1.0, 2.0), rp.Gumbel(1.0, 2.0)),
    (rp.GeneralizedExtremeValue(0.5, 2.0, 1.0), rp.Frechet(2.0, 2.0)),
    (rp.JohnsonSB(1.0, 2.0), rp.LogitNormal(-0.5, 0.5)),
    (rp.SinhArcsinh(0.0, 1.0, 1.0, 2.0), rp.Gaussian(1.0, 2.0)),
    (rp.TwoPieceNormal(1.0, 1.0, 2.0), rp.Gaussian(1.0, 2.0)),
    (rp.GeneralizedLogistic(1.0, 1.0, 2.0), rp.Logistic(1.0, 2.0)),
    (rp.GeneralizedGamma(3.0, 2.0, 1.0), rp.Gamma(3.0, 0.5)),
    (rp.GeneralizedGamma(1.0, 2.0, 3.0), rp.Weibull(2.0, 3.0)),
    (rp.GeneralizedGamma(0.5, 2.0, 2.0), rp.HalfNormal(np.sqrt(2.0))),
    (rp.Nakagami(1.0, 2.0), rp.Rayleigh(np.sqrt(2.0))),
    (rp.HalfStudentT(1.0, 2.0), rp.HalfCauchy(2.0)),
    (rp.HalfStudentT(1e21, 2.0), rp.HalfNormal(2.0)),
    (rp.BurrXII(1.0, 2.0, 3.0), rp.LogLogistic(2.0, 3.0)),
    (rp.Dagum(1.0, 2.0, 3.0), rp.LogLogistic(2.0, 3.0)),
]
U = np.array([1e-9, 1e-3, 0.2, 0.5, 0.8, 0.999])


@pytest.mark.parametrize(("law", "other"), SAME, ids=lambda d: type(d).__name__)
def test_special_cases(law, other):
    y = other.icdf(U)
    np.testing.assert_allclose(law.icdf(U), y, rtol=1e-13)
    for name in ("cdf", "sf", "log_prob", "log_cdf", "log_sf", "stein_score"):
        found, right = getattr(law, name)(y), getattr(other, name)(y)
        np.testing.assert_allclose(found, right, rtol=2e-13, atol=5e-15)
    for name in ("mean", "variance", "entropy"):
        np.testing.assert_allclose(getattr(law, name), getattr(other, name), rtol=2e-14)


def test_extreme_values_are_smooth_through_gumbels():
    xi = np.array([-1e-3, -1e-9, -1e-200, 0.0, 5e-324, 1e-12, 1e-3])
    d, z = rp.GeneralizedExtremeValue(xi), np.array([[-2.0], [0.5], [30.0]])
    with mp.workdps(60):
        rows = []
        for at in z.ravel():
            for shape in xi:
                shape = mpf(shape) or mpf(10) ** -320
                if abs(shape) < mpf(10) ** -20:
                    t, bent = mpf(at), mpf(at) ** 2 / 2
                else:
                    t = mp.log1p(shape * mpf(at)) / shape
                    bent = (mp.exp(-shape * t) - 1 + shape * t) / shape**2
                score = mp.expm1(-shape * t) / shape - mp.expm1(-t) * bent
                rows.append((-mp.exp(-t), -(1 + shape) * t - mp.exp(-t), score))
    found = d.log_cdf(z), d.log_prob(z), d.score(z)["concentration"]
    for values, right in zip(found, zip(*rows, strict=True), strict=True):
        close(values.ravel(), right, 2e-13)


def test_an_end_of_extreme_values_moves_with_the_shape():
    d = rp.GeneralizedExtremeValue([-0.5, 0.5, -2.0, 0.0], 1.0, 2.0)
    np.testing.assert_array_equal(
        d.support, ([-np.inf, -3.0, -np.inf, -np.inf], [5.0, np.inf, 2.0, np.inf])
    )
    assert d.moving == ("concentration", "loc", "scale")  # the density does not vanish for ξ = −2
    assert rp.GeneralizedExtremeValue(-0.5).moving == ()


def test_draws_on_a_logarithmic_scale_do_not_underflow():
    tiny = rp.ExpGamma(1e-3).rsample(2000, rng=1)
    assert np.all(np.isfinite(tiny.value))
    assert np.mean(tiny.value < -745.0) > 0.4  # where e^y is 0
    assert np.all(np.isfinite(tiny.jacobian()["concentration"]))
    logits = rp.SigmoidBeta(1e-3, 1e-3).rsample(2000, rng=1).value
    assert np.all(np.isfinite(logits))
    assert np.mean(np.abs(logits) > 745.0) > 0.4
    np.testing.assert_allclose(rp.ExpGamma(2.0).icdf(U), np.log(rp.Gamma(2.0).icdf(U)), atol=1e-14)


def test_half_t_next_to_zero():
    d = rp.HalfStudentT([0.5, 5.0, 1e6])
    y = 1e-200
    np.testing.assert_allclose(d.cdf(y), np.exp(d.log_prob(0.0)) * y, rtol=1e-13)
    np.testing.assert_allclose(d.icdf(1e-200), 1e-200 / np.exp(d.log_prob(0.0)), rtol=1e-13)


def test_pert_next_to_an_end_that_is_zero():
    """1 − x is of high − y, not of 1 − (y − low)/(high − low)."""
    d, mirrored = rp.PERT(-100.0, 0.0, -30.0), rp.PERT(0.0, 100.0, 30.0)
    y = np.array([1e-250, 1e-12, 1e-3, 50.0])
    for name, other in (("sf", "cdf"), ("log_sf", "log_cdf"), ("log_prob", "log_prob")):
        np.testing.assert_allclose(getattr(d, name)(-y), getattr(mirrored, other)(y), rtol=1e-14)
    np.testing.assert_allclose(d.isf([1e-200, 1e-9]), -mirrored.icdf([1e-200, 1e-9]), rtol=1e-13)


def test_moments_of_heavy_tails():
    assert rp.BurrXII(0.5, 1.0, [2.0, 4.0, 5.0]).mean.tolist()[0] == np.inf
    np.testing.assert_array_equal(
        np.isinf(rp.BurrXII(0.5, 1.0, [2.0, 4.0, 5.0]).variance), [1, 1, 0]
    )
    np.testing.assert_array_equal(np.isinf(rp.Dagum(0.5, 1.0, [1.0, 2.0, 3.0]).variance), [1, 1, 0])
    gev = rp.GeneralizedExtremeValue([-1.0, 0.5, 1.0])
    assert gev.mean[0] == 0.0  # Γ(2) = 1
    np.testing.assert_array_equal(np.isinf(gev.variance), [False, True, True])
