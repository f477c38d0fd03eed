"""The normal inverse Gaussian distribution: against sums over the variance of its Gaussian."""

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import UnknownParameterError

#: α, τ and z: near a Gaussian, near Cauchy's distribution, leaning, far in a tail, of each number
#: of nodes, and with both poles beside the path, on one side of the mean and on the other.
POINTS = [
    *((1.3, 0.4, 0.9), (300.0, -0.7, -1.1), (0.01, 0.3, -2.0), (2.0, 0.95, 40.0)),
    *((1e-6, 0.3, 5.0), (0.05, -0.6, 0.4), (2.0, 0.9999, 90.0), (2.0, -0.9999, -50.0)),
]


def density(z, alpha, tilt):
    reach = mp.sqrt(1 + z * z)
    exponent = alpha * (mp.sqrt(1 - tilt**2) + tilt * z)
    return alpha / mp.pi * mp.exp(exponent) * mp.besselk(1, alpha * reach) / reach


def tail(z, alpha, tilt, sign):
    """P(Z > z), or P(Z < z), over the variance v, by the trapezoidal rule in ln v."""
    rate = alpha * mp.sqrt(1 - tilt**2)
    sharp = abs(alpha * tilt) / mp.sqrt(rate)  # as is the step of a Gaussian's tail in ln v
    step, total = 1 / (8 * max(1, mp.sqrt(rate), sharp)), mpf(0)
    for side in (1, -1):
        for k in range(side == -1, 10**5):
            log_v = side * k * step - mp.log(rate)
            v = mp.exp(log_v)
            exponent = (rate * v - 1) ** 2 / (2 * v) + log_v / 2
            if exponent > 70:
                break
            beyond = mp.erfc(sign * (z - alpha * tilt * v) / mp.sqrt(2 * v)) / 2
            total += beyond * mp.exp(-exponent)
    return total * step / mp.sqrt(2 * mp.pi)


@pytest.mark.parametrize("point", POINTS)
def test_tails_and_derivatives(point):
    alpha, tilt, z = point
    d = rp.NormalInverseGaussian(alpha, tilt)
    sign = 1 if z > d.mean else -1
    with mp.workdps(32):
        theta = [mpf(alpha), mpf(tilt)]
        p, step = density(mpf(z), *theta), mpf(10) ** -11
        wanted = tail(mpf(z), *theta, sign)
        slopes = {}
        for place, name in enumerate(("alpha", "tilt")):
            sides = []
            for side in (1, -1):
                moved = list(theta)
                moved[place] *= 1 + side * step
                sides.append(tail(mpf(z), *moved, sign))
            slopes[name] = sign * (sides[0] - sides[1]) / (2 * step * theta[place]) / p
    own, log = (d.sf, d.log_sf) if sign > 0 else (d.cdf, d.log_cdf)
    np.testing.assert_allclose(own(z), float(wanted), rtol=1e-13)
    np.testing.assert_allclose(log(z), float(mp.log(wanted)), rtol=1e-13)
    np.testing.assert_allclose(d.log_prob(z), float(mp.log(p)), rtol=1e-13)
    found = d.pathwise(z)
    for name, slope in slopes.items():
        np.testing.assert_allclose(found[name], float(slope), rtol=1e-13)


def test_second_derivatives_along_the_path():
    alpha, tilt, z, step = 1.7, 0.4, 0.9, 1e-3
    d = rp.NormalInverseGaussian(alpha, tilt)
    found, v = d.pathwise2(z), d.sf(z)
    for one, by in (("alpha", (step, 0.0)), ("tilt", (0.0, step))):
        ahead = [
            rp.NormalInverseGaussian(alpha + k * by[0], tilt + k * by[1]) for k in (-2, -1, 1, 2)
        ]
        sides = [each.pathwise(each.isf(v)) for each in ahead]
        for other in ("alpha", "tilt"):
            a, b, c, e = (side[other] for side in sides)
            np.testing.assert_allclose(
                found[other][one], (a - 8 * b + 8 * c - e) / (12 * step), rtol=1e-8
            )


def test_limits_and_far_tails():
    y = np.array([-3.0, 0.2, 1.5])
    gaussian = rp.NormalInverseGaussian(1e12, 0.0, 0.0, 1e6)  # of variance σ²/α
    np.testing.assert_allclose(gaussian.cdf(y), rp.Gaussian().cdf(y), rtol=1e-8)
    np.testing.assert_allclose(gaussian.entropy, rp.Gaussian().entropy, rtol=1e-10)
    np.testing.assert_allclose(rp.NormalInverseGaussian(1e-9).cdf(y), rp.Cauchy().cdf(y), rtol=1e-7)
    d = rp.NormalInverseGaussian(2.0, 0.5)
    far = np.array([50.0, 1e4, 1e6])
    np.testing.assert_allclose(np.diff(d.log_sf(far)), np.diff(d.log_prob(far)), rtol=1e-3)
    np.testing.assert_allclose(d.isf(d.sf(far[:1])), far[:1], rtol=1e-13)


def test_quantiles_far_from_the_start_of_their_search():
    alpha, tilt, u = 10.0 ** np.array([-300.0, -14.0, -9.0, 0.3]), -1.0 + 1e-7, 0.28
    d = rp.NormalInverseGaussian(alpha, tilt)
    np.testing.assert_allclose(d.cdf(d.icdf(u)), u, rtol=1e-13)
    np.testing.assert_allclose(d.sf(d.isf(u)), u, rtol=1e-13)
    assert np.all(rp.NormalInverseGaussian(1e200).cdf([-1e300, 1e300]) == [0.0, 1.0])


def test_conventions_of_other_libraries():
    assert rp.get("norminvgauss") is rp.NormalInverseGaussian
    with pytest.raises(UnknownParameterError, match=r"tilt=b/alpha"):
        rp.NormalInverseGaussian(b=0.5)
