"""Rayleigh's and Maxwell's distribution: tails, and values whose squares over- or underflow."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

U = np.array([1e-300, 1e-20, 1e-3, 0.2, 0.46, 0.47, 0.5, 0.9, 1.0 - 1e-12])
Z = np.array([1e-200, 1e-9, 0.3, 1.5 - 2.0**-52, 1.5, 3.0, 10.0, 37.0])


def log_tail(shape, end, x, other):
    """Return the logarithm of a tail of Gamma(shape) between an end and x, from the smaller one."""
    tails = [mp.gammainc(shape, *sorted([x, stop]), regularized=True) for stop in (end, other)]
    return mp.log(tails[0]) if tails[0] < 0.5 else mp.log1p(-tails[1])


@pytest.mark.parametrize(("cls", "df"), [(rp.Rayleigh, 2.0), (rp.Maxwell, 3.0)])
def test_it_is_a_scaled_chi_distribution(cls, df):
    d, chi = cls(2.0), rp.Chi(df)
    np.testing.assert_allclose(d.icdf(U), 2.0 * chi.icdf(U), rtol=2e-13)
    np.testing.assert_allclose(d.isf(U), 2.0 * chi.isf(U), rtol=2e-13)
    np.testing.assert_allclose(cls(1.0).log_prob(Z), chi.log_prob(Z), rtol=1e-12)


@pytest.mark.parametrize(("cls", "shape"), [(rp.Rayleigh, mpf(1)), (rp.Maxwell, mpf(3) / 2)])
def test_logarithms_of_tails(cls, shape):
    with mp.workdps(80):
        x = [mpf(z) ** 2 / 2 for z in Z[1:]]
        lower = [log_tail(shape, 0, each, mp.inf) for each in x]
        upper = [log_tail(shape, mp.inf, each, 0) for each in x]
    close(cls(1.0).log_cdf(Z[1:]), lower, 1e-14)
    close(cls(1.0).log_sf(Z[1:]), upper, 1e-14)


@pytest.mark.parametrize(("cls", "power"), [(rp.Rayleigh, 1.0), (rp.Maxwell, 2.0)])
def test_beyond_squares(cls, power):
    d = cls(1.0)
    assert d.log_sf(1e150) == pytest.approx(-5e299, rel=1e-15)
    assert d.log_prob([0.0, np.inf]).tolist() == [-np.inf, -np.inf]
    assert d.sf([0.0, np.inf]).tolist() == [1.0, 0.0]
    assert d.cdf([0.0, np.inf]).tolist() == [0.0, 1.0]
    assert d.icdf([0.0, 1.0]).tolist() == [0.0, np.inf]
    assert d.stein_score(1e-160) == pytest.approx(power * 1e160, rel=1e-15)


def test_moments_are_named():
    with pytest.raises(TypeError, match=r"sqrt\(pi/2\)"):
        rp.Rayleigh(mean=1.0)
    assert rp.Rayleigh(1.0 / math.sqrt(math.pi / 2.0)).mean == pytest.approx(1.0, rel=1e-15)
    assert rp.Maxwell(1.0 / math.sqrt(8.0 / math.pi)).mean == pytest.approx(1.0, rel=1e-15)
