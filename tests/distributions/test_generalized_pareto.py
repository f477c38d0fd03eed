"""The generalized Pareto distribution: smooth in ξ through 0, with an end that moves below 0."""

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

#: On both sides of where e^(ξt) is 1 to the last bit, and of 0.
SHAPES = np.array([-0.3, -1e-5, -1e-17, -1e-300, 0.0, 5e-324, 1e-17, 1e-5, 0.3])
Y = np.array([1e-200, 1e-8, 0.7, 2.5])


def log_prob(xi, z):
    """Return the log density of the standard law, for any ξ but 0."""
    return -(1 / xi + 1) * mp.log1p(xi * z)


@pytest.mark.parametrize("z", Y)
def test_it_is_smooth_through_zero(z):
    d = rp.GeneralizedPareto(SHAPES, 0.0, 1.0)
    with mp.workdps(700):
        near = [mpf(xi) or mpf(10) ** -320 for xi in SHAPES]
        t = [mp.log1p(xi * mpf(z)) / xi for xi in near]
        score = [mp.diff(lambda xi: log_prob(xi, mpf(z)), xi, h=abs(xi) * mpf(10) ** -30)
                 if abs(xi) > 1e-6 else -s + (1 + xi) * s * s * (mpf(1) / 2 - xi * s / 6)
                 for xi, s in zip(near, t, strict=True)]  # fmt: skip
        exact = [-(1 + xi) * s for xi, s in zip(near, t, strict=True)]
    close(d.log_sf(z), [-s for s in t], 1e-14)
    close(d.log_prob(z), exact, 1e-14)
    close(d.score(z)["concentration"], score, 1e-13)


def test_special_cases():
    u = np.array([1e-300, 1e-9, 0.4, 0.999])
    exponential, uniform = rp.GeneralizedPareto(0.0, 0.0, 2.0), rp.GeneralizedPareto(-1.0, 1.0, 2.0)
    np.testing.assert_allclose(exponential.icdf(u), rp.Exponential(0.5).icdf(u), rtol=1e-15)
    np.testing.assert_allclose(uniform.icdf(u), rp.Uniform(1.0, 3.0).icdf(u), rtol=1e-15)
    assert uniform.support == (1.0, 3.0)
    pareto = rp.GeneralizedPareto(0.5, 1.0, 0.5)
    np.testing.assert_allclose(pareto.isf(u), rp.Pareto(1.0, 2.0).isf(u), rtol=1e-14)


@pytest.mark.parametrize("loc", [0.0, 2.6, -1e6])
@pytest.mark.parametrize("concentration", [-0.34, -1.0, -3.0, -400.0])
def test_tails_end_where_the_support_does(concentration, loc):
    d = rp.GeneralizedPareto(concentration, loc, 5.3)
    end = d.support[1]
    assert d.icdf(1.0) == d.isf(0.0) == end
    assert np.all(d.icdf(1.0 - 2.0 ** -np.arange(1.0, 54.0)) <= end)
    assert (d.sf(end), d.cdf(end), d.log_sf(end)) == (0.0, 1.0, -np.inf)
    assert d.sf(end + abs(end)) == 0.0
    # up to there the density rises if ξ < −1
    assert np.sign(d.stein_score(0.5 * (loc + end))) == np.sign(-1.0 - concentration)
    slopes = d.pathwise(end)
    assert slopes["concentration"] == pytest.approx(5.3 / concentration**2, rel=1e-9)


def test_moments_that_are_infinite():
    d = rp.GeneralizedPareto([0.49, 0.5, 0.99, 1.0], 0.0, 1.0)
    assert np.isfinite(d.mean).tolist() == [True, True, True, False]
    assert np.isfinite(d.variance).tolist() == [True, False, False, False]


def test_torch_and_scipy_call_it_the_same():
    assert rp.get("genpareto") is rp.GeneralizedPareto
    d = rp.GeneralizedPareto(loc=1.0, scale=2.0, concentration=-0.2)
    assert repr(d) == "GeneralizedPareto(concentration=-0.2, loc=1.0, scale=2.0)"
