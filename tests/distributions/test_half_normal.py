"""The half-normal distribution: the tail of a Gaussian, and values next to 0."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import UnknownParameterError

Z = np.array([1e-300, 1e-10, 0.3, 1.0, 2.0, 10.0, 30.0])


def test_both_tails():
    d = rp.HalfNormal()
    with mp.workdps(700):
        upper = [mp.erfc(mpf(z) / mp.sqrt(2)) for z in Z]
        lower = [mp.erf(mpf(z) / mp.sqrt(2)) for z in Z]
        close(d.cdf(Z), lower)
        close(d.sf(Z), upper, 1e-13)
        close(d.log_sf(Z), [mp.log(p) for p in upper])
        close(d.log_cdf(Z), [mp.log(p) for p in lower], 1e-13)


def test_logarithm_of_the_upper_tail_far_out():
    z = np.array([1e3, 1e20, 1e150])
    with mp.workdps(50):
        tail = [-(mpf(x) ** 2) / 2 - mp.log(mpf(x) * mp.sqrt(mp.pi / 2)) for x in z]
    close(rp.HalfNormal(2.0).log_sf(2.0 * z), tail, 1e-6 / z[0])
    close(rp.HalfNormal().log_sf(z[1:]), tail[1:])


def test_quantiles_down_to_the_smallest_probabilities():
    d, p = rp.HalfNormal(), np.array([1e-300, 1e-100, 1e-17, 0.3, 0.5, 0.9])
    with mp.workdps(400):
        for found, tail in ((d.icdf(p), mp.erf), (d.isf(p), mp.erfc)):
            for y, u in zip(found, p, strict=True):
                slope = mp.sqrt(2 / mp.pi) * mp.exp(-(mpf(y) ** 2) / 2)
                off = (tail(mpf(y) / mp.sqrt(2)) - mpf(u)) / slope  # a step of Newton's method
                assert abs(off / mpf(y)) < 1e-15


def test_score_next_to_its_zero_and_far_out():
    d = rp.HalfNormal()
    z = np.nextafter(1.0, [0.0, 2.0])
    with mp.workdps(60):
        close(d.score(z)["scale"], [mpf(v) ** 2 - 1 for v in z])
    assert d.score(1e150)["scale"] == pytest.approx(1e300, rel=1e-15)


def test_moments():
    d = rp.HalfNormal(3.0)
    assert d.mean == pytest.approx(3.0 * math.sqrt(2.0 / math.pi), rel=1e-15)
    assert d.variance == pytest.approx(9.0 * (1.0 - 2.0 / math.pi), rel=1e-15)
    assert d.entropy == pytest.approx(0.5 * math.log(4.5 * math.pi) + 0.5, rel=1e-15)


def test_draws_keep_derivatives_that_values_lose():
    draw = rp.HalfNormal(1e-320).transform([1e-10, 0.9])
    assert draw.jacobian()["scale"][0] == pytest.approx(1e-10 * math.sqrt(math.pi / 2.0), rel=1e-15)


def test_names_of_other_libraries():
    assert rp.get("halfnorm") is rp.get("HalfNormal") is rp.HalfNormal
    with pytest.raises(UnknownParameterError, match=r"pass scale=std/sqrt\(1 - 2/pi\)"):
        rp.HalfNormal(std=1.0)


def test_fold_of_a_gaussian():
    y = np.linspace(0.1, 4.0, 9)
    folded = rp.Gaussian(0.0, 2.0).log_prob(y) + math.log(2.0)
    np.testing.assert_allclose(rp.HalfNormal(2.0).log_prob(y), folded, rtol=1e-14)
