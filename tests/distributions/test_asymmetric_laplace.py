"""The asymmetric Laplace distribution: next to the kink, far out, and very lopsided."""

import numpy as np
import pytest
from exact import assert_exact
from mpmath import mp

import reparam as rp
from reparam.errors import UnknownParameterError

ASYMMETRIES = [1e-6, 0.03, 1.0 - 1e-9, 1.0, 2.0, 1e3, 1e6]
every_asymmetry = pytest.mark.parametrize("asymmetry", ASYMMETRIES)


def quantile(u, k):
    below = k**2 / (1 + k**2)
    return k * mp.log(u / below) if u < below else -mp.log((1 - u) * (1 + k**2)) / k


def upper_quantile(v, k):
    return quantile(1 - v, k)


def cdf(z, k):
    return k**2 / (1 + k**2) * mp.exp(z / k) if z < 0 else 1 - mp.exp(-k * z) / (1 + k**2)


def sf(z, k):
    return cdf(-z, 1 / k)


def around(k):
    """Probabilities on both sides of that of the kink, from a unit in the last place off."""
    below = k * k / (1.0 + k * k)
    off = np.array([2.0**-52, 1e-12, 1e-5, 0.3])
    return [float(u) for u in (*(below * (1.0 - off)), *(below * (1.0 + off))) if 0.0 < u < 1.0]


@every_asymmetry
def test_quantiles_on_both_sides_of_the_kink_and_far_out(asymmetry):
    d = rp.AsymmetricLaplace(asymmetry)
    for u in (1e-300, 1e-20, 0.25, 0.5, 0.75, 1.0 - 2.0**-53, *around(asymmetry)):
        assert_exact(d.icdf(u), quantile, u, asymmetry, digits=400, what="icdf")
    for v in (1e-300, 1e-20, 0.25, 0.5, 0.75, 1.0 - 2.0**-53, *around(1.0 / asymmetry)):
        assert_exact(d.isf(v), upper_quantile, v, asymmetry, digits=400, what="isf")


@every_asymmetry
@pytest.mark.parametrize("z", [-1e9, -40.0, -1.0, -1e-9, -1e-300, 0.0, 1e-300, 1e-9, 1.0, 1e3])
def test_tails_and_their_logarithms(asymmetry, z):
    d = rp.AsymmetricLaplace(asymmetry)
    for name, tail in (("cdf", cdf), ("sf", sf)):
        assert_exact(getattr(d, name)(z), tail, z, asymmetry, digits=700, what=name)

        def log(z, k, tail=tail):
            other = {cdf: sf, sf: cdf}[tail](z, k)
            return mp.log1p(-other) if other < 0.5 else mp.log(tail(z, k))

        assert_exact(getattr(d, f"log_{name}")(z), log, z, asymmetry, digits=700, what=name)


@every_asymmetry
def test_derivative_in_the_asymmetry_by_differences_of_the_quantile(asymmetry):
    d, h = rp.AsymmetricLaplace(asymmetry), mp.mpf(10) ** -40

    def slope(u, k):
        return (quantile(u, k * (1 + h)) - quantile(u, k * (1 - h))) / (2 * h * k)

    for u in (1e-300, 0.3, 1.0 - 2.0**-53, *around(asymmetry)):
        found = d.transform(u).jacobian()["asymmetry"]
        assert_exact(found, slope, u, asymmetry, digits=400, what="∂y/∂κ")


def test_symmetric_is_laplace():
    d, laplace = rp.AsymmetricLaplace(1.0, -1.0, 2.0), rp.Laplace(-1.0, 2.0)
    u = np.linspace(0.01, 0.99, 21)
    np.testing.assert_allclose(d.icdf(u), laplace.icdf(u), rtol=1e-14)
    np.testing.assert_allclose(d.log_prob(u), laplace.log_prob(u), rtol=1e-14)
    assert d.entropy == laplace.entropy
    assert d.variance == laplace.variance


def test_mean_next_to_symmetry():
    k = 1.0 + 2.0**-40
    assert_exact(rp.AsymmetricLaplace(k).mean, lambda k: 1 / k - k, k)


@pytest.mark.parametrize(
    ("name", "conversion"), [("q", r"asymmetry=sqrt\(q/\(1 - q\)\)"), ("b", "scale=1/b")]
)
def test_numbers_of_other_conventions_are_converted(name, conversion):
    with pytest.raises(UnknownParameterError, match=conversion):
        rp.AsymmetricLaplace(**{name: 0.25})


def test_the_share_below_the_mode_is_that_of_quantile_regression():
    q = 0.2
    d = rp.AsymmetricLaplace(asymmetry=rp.AsymmetricLaplace.asymmetry.conversions["q"].value(q))
    np.testing.assert_allclose(d.cdf(0.0), q, rtol=1e-15)
