"""The skew t distribution: Student's t if its shapes are equal, and derivatives by mpmath."""

import numpy as np
import pytest
from exact import assert_exact, slope
from mpmath import mp

import reparam as rp

#: α, β and z: both tails, heavy and light, near the middle, and a mean that is far off.
POINTS = [
    (4.0, 2.0, 0.7),
    (0.3, 0.7, -3e10),
    (1e-3, 5.0, 2.0),
    (50.0, 3.0, 1e-9),
    (30.0, 200.0, -20.0),
    (2.5, 0.5, 1e100),
]


def lower(z, alpha, beta):
    if z > 0:
        return 1 - lower(-z, beta, alpha)
    size = mp.sqrt(alpha + beta + z * z)
    x = (alpha + beta) / (2 * size * (size - z))
    return mp.betainc(alpha, beta, 0, x, regularized=True)


def small_tail(z, alpha, beta):
    return lower(z, alpha, beta) if z < 0 else -lower(-z, beta, alpha)


def path(place):
    def formula(*inputs):
        return -slope(small_tail, inputs, place) / slope(small_tail, inputs, 0)

    return formula


@pytest.mark.parametrize("point", POINTS)
def test_tails_and_derivatives(point):
    alpha, beta, z = point
    d = rp.SkewT(alpha, beta)
    assert_exact(d.cdf(z), lower, z, alpha, beta, digits=120, what="cdf")
    assert_exact(d.sf(-z), lambda z, a, b: lower(z, b, a), z, alpha, beta, digits=120, what="sf")
    for place, found in enumerate(list(d.pathwise(z).values())[:2], 1):
        assert_exact(found, path(place), z, alpha, beta, digits=120, what="path")


def test_second_derivatives_along_the_path():
    alpha, beta, z = (np.array(part) for part in zip(*POINTS[:5], strict=True))
    d = rp.SkewT(alpha, beta)
    found, u, v = d.pathwise2(z), d.cdf(z), d.sf(z)
    for one, moved in (("alpha", (1.0, 0.0)), ("beta", (0.0, 1.0))):
        step = 1e-4 * np.minimum(alpha, beta)
        for other in ("alpha", "beta"):
            sides = []
            for sign in (-2.0, -1.0, 1.0, 2.0):
                by = [sign * step * part for part in moved]
                along = rp.SkewT(alpha + by[0], beta + by[1])
                near = np.where(u < v, along.icdf(u), along.isf(v))
                sides.append(along.pathwise(near)[other])
            wanted = (sides[0] - 8.0 * sides[1] + 8.0 * sides[2] - sides[3]) / (12.0 * step)
            np.testing.assert_allclose(found[other][one], wanted, rtol=1e-7)


def test_equal_shapes_are_students_t():
    df, y = np.array([0.5, 1.0, 3.0, 80.0, 1e10]), np.array([-2.5, 0.3, 1e3])[:, np.newaxis]
    d, t = rp.SkewT(df / 2.0, df / 2.0, 0.1, 2.0), rp.StudentT(df, 0.1, 2.0)
    for name in ("cdf", "log_sf", "log_prob", "stein_score"):
        np.testing.assert_allclose(getattr(d, name)(y), getattr(t, name)(y), rtol=1e-9)
    np.testing.assert_allclose(d.icdf(0.1), t.icdf(0.1), rtol=1e-10)
    along = d.pathwise(y)
    both = 0.5 * (along["alpha"] + along["beta"])[:, :4]
    np.testing.assert_allclose(both, t.pathwise(y)["df"][:, :4], rtol=1e-10)
    np.testing.assert_allclose(d.variance, t.variance, rtol=1e-14)
    np.testing.assert_allclose(d.entropy, t.entropy, rtol=1e-13)


def test_moments_that_tails_decide():
    d = rp.SkewT([0.5, 0.4, 3.0, 2.0], [3.0, 0.3, 0.5, 1.0])
    assert d.mean[:3].tolist() == pytest.approx([-np.inf, np.nan, np.inf], nan_ok=True)
    assert d.variance.tolist() == pytest.approx([np.inf, np.nan, np.inf, np.inf], nan_ok=True)
    assert np.isfinite(d.mean[3])
