"""Cumulative functions, and quantiles and derivatives that rest on them, at points that are hard.

Reference values are from mpmath and Arb, at 40 digits or more: of the incomplete gamma and beta
functions by their hypergeometric series, for large shapes by quadrature of the density.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import reparam as rp

# Name, parameters, point, then cdf and sf, each with the relative change that half an ulp in each
# input forces.
TAILS = [
    ("gamma", (0.5004, 1.0), 1.0448, 0.8515462936693006, 5.1e-17, 0.14845370633069943, 2.9e-16),
    ("gamma", (0.52, 1.0), 0.97, 0.8282460588251801, 5.8e-17, 0.1717539411748199, 2.8e-16),
    ("gamma", (3e-7, 1.0), 0.0025, 0.9999983749770504, 1.0e-17, 1.625022949618379e-06, 1.3e-16),
    ("gamma", (1e-9, 1.0), 1e-250, 0.9999994249311077, 1.0e-17, 5.750688922322536e-07, 1.1e-16),
    ("gamma", (0.3, 1.0), 1e-200, 1.1142425085473075e-60, 1.5e-14, 1.0, 1.0e-17),
    ("gamma", (3e5, 1.0), 293000.0, 2.9032027068157964e-38, 1.6e-12, 1.0, 1.0e-17),
    ("gamma", (40.0, 1.0), 400.0, 1.0, 1.0e-17, 3.143297267321557e-119, 5.0e-14),
    (
        "inverse-gamma",
        (2e-7, 1.0),
        3.0,
        1.6577755731433295e-07,
        2.1e-16,
        0.9999998342224427,
        1.0e-17,
    ),
    ("chi-square", (1.04,), 2.1, 0.8452576780591046, 5.3e-17, 0.15474232194089543, 2.9e-16),
    ("student-t", (1.0,), 3e-08, 0.5000000095492966, 1.0e-17, 0.4999999904507034, 1.0e-17),
    ("student-t", (1.0,), 2e-05, 0.5000063661977229, 1.0e-17, 0.4999936338022772, 1.0e-17),
    ("student-t", (1.0,), -2e-05, 0.4999936338022772, 1.0e-17, 0.5000063661977229, 1.0e-17),
    ("student-t", (2.5,), -1e60, 7.193397190831724e-151, 3.8e-14, 1.0, 1.0e-17),
    ("student-t", (1e9,), -4.0, 3.167124410823382e-05, 1.9e-15, 0.9999683287558918, 1.0e-17),
    ("student-t", (0.01,), 1e-05, 0.5000004965665189, 1.0e-17, 0.4999995034334811, 1.0e-17),
    (
        "beta",
        (0.5, 0.5),
        0.9999999999990905,
        0.9999993928720737,
        3.7e-11,
        6.071279262234477e-07,
        6.1e-05,
    ),
    ("beta", (2.0, 1e6), 1.3e-06, 0.37317740568754604, 4.6e-16, 0.6268225943124539, 2.7e-16),
    ("beta", (1e-5, 1.0), 1e-07, 0.999838832032443, 1.0e-17, 0.00016116796755707917, 1.3e-16),
    ("beta", (6e11, 6e11), 0.5000003, 0.7444953964327151, 1.1e-10, 0.25550460356728494, 3.1e-10),
    (
        "beta-prime",
        (7e10, 7e10),
        1.000004,
        0.7728694274460585,
        2.4e-11,
        0.22713057255394156,
        8.3e-11,
    ),
    ("beta-prime", (3.0, 2.0), 1e-80, 3.9999999999999993e-240, 6.2e-14, 1.0, 1.0e-17),
    (
        "f",
        (2e12, 2e12),
        1.0000000619539604,
        0.5174713005095153,
        6.0e-11,
        0.4825286994904847,
        6.5e-11,
    ),
    ("f", (2e14, 2e14), 0.9999999, 0.23975005022433232, 1.0e-09, 0.7602499497756677, 3.2e-10),
    ("binomial", (2.4e6, 9e-7), 1.0, 0.3644272524488406, 1.6e-16, 0.6355727475511594, 9.4e-17),
    ("binomial", (5e7, 3e-8), 3.0, 0.9343575484455411, 2.2e-17, 0.06564245155445893, 3.2e-16),
    (
        "negative-binomial",
        (2.0, 1.2e-6),
        1000000.0,
        0.33737364460478353,
        3.4e-16,
        0.6626263553952164,
        1.7e-16,
    ),
    ("poisson", (2e-7,), 0.0, 0.99999980000002, 1.0e-17, 1.9999998000000132e-07, 1.1e-16),
    ("poisson", (3e5,), 302000.0, 0.9998681903229367, 3.1e-17, 0.00013180967706322958, 2.4e-13),
]


@pytest.mark.parametrize(("name", "theta", "y", "cdf", "cdf_forced", "sf", "sf_forced"), TAILS)
def test_tails_are_accurate(name, theta, y, cdf, cdf_forced, sf, sf_forced):
    d = rp.get(name)(*theta)
    assert d.cdf(y) == pytest.approx(cdf, rel=2e-15 + 4.0 * cdf_forced, abs=0.0)
    assert d.sf(y) == pytest.approx(sf, rel=2e-15 + 4.0 * sf_forced, abs=0.0)


def test_tails_keep_the_digits_of_subnormal_numbers():
    assert rp.Beta(4978.02, 0.036178).cdf(0.86444) == pytest.approx(8.02647861e-320, rel=1e-4)


@pytest.mark.parametrize("alpha", [1e-300, 1e-8, 1e-3, 0.15])
@pytest.mark.parametrize("x", [5e-324, 1e-300, 1e-290, 1e-100, 1e-12])
def test_upper_tails_of_tiny_shapes_next_to_zero(alpha, x):
    # F = x^α for Beta(α, 1)
    upper = -math.expm1(alpha * math.log(x))
    allowed = 1e-14 + 2.5e-16 * abs(alpha * math.log(x))
    assert rp.Beta(alpha, 1.0).sf(x) == pytest.approx(upper, rel=allowed, abs=0.0)
    assert rp.Beta(alpha, 1.0).cdf(x) == pytest.approx(x**alpha, rel=allowed, abs=0.0)
    if x > 1e-307:
        lower = -math.expm1(-alpha * math.log1p(1.0 / x))
        assert rp.BetaPrime(1.0, alpha).cdf(1.0 / x) == pytest.approx(lower, rel=allowed, abs=0.0)


def _points():
    rng = np.random.default_rng(20)
    shapes = 10.0 ** rng.uniform(-7.0, 1.5, 120)
    return [(a, a * 10.0 ** rng.uniform(-3.0, 1.0) + 10.0 ** rng.uniform(-8, 0)) for a in shapes]


@pytest.mark.parametrize("shape", ["below the mean", "above the mean"])
def test_gamma_tails_against_mpmath(shape):
    for alpha, y in _points():
        if (y > alpha) == (shape == "below the mean"):
            continue
        with mpmath.workdps(50):
            lower = mpmath.gammainc(alpha, 0, y, regularized=True)
            upper = mpmath.gammainc(alpha, y, mpmath.inf, regularized=True)
        d = rp.Gamma(alpha, 1.0)
        allowed = 5e-15 + 2e-15 * abs(y - alpha)
        assert d.cdf(y) == pytest.approx(float(lower), rel=allowed, abs=0.0)
        assert d.sf(y) == pytest.approx(float(upper), rel=allowed, abs=0.0)


@pytest.mark.parametrize("total", [0.4, 29.9, 30.1, 99.0, 299.0, 301.0])
@pytest.mark.parametrize("x", [0.01, 0.3, 0.6199, 0.6201, 0.7999, 0.8001, 0.9499, 0.9501])
@pytest.mark.parametrize("deviations", [0.0, 0.01, 0.6, 4.0])
def test_beta_tails_next_to_borders_of_the_continued_fraction(total, x, deviations):
    mean = min(x + deviations * math.sqrt(x * (1.0 - x) / (total + 1.0)), 0.999)
    alpha, beta = mean * total, (1.0 - mean) * total
    with mpmath.workdps(40):
        lower = mpmath.betainc(alpha, beta, 0, mpmath.mpf(x), regularized=True)
        density = mpmath.mpf(x) ** alpha * (1 - mpmath.mpf(x)) ** (beta - 1)
        density /= mpmath.beta(alpha, beta)
        # half an ulp of x, and of shapes that move the mean as much
        forced = 3.0 * 2.0**-53 * float(density / min(lower, 1 - lower))
    allowed = 4e-15 + 4.0 * forced
    assert rp.Beta(alpha, beta).cdf(x) == pytest.approx(float(lower), rel=allowed, abs=0.0)
    assert rp.Beta(alpha, beta).sf(x) == pytest.approx(float(1 - lower), rel=allowed, abs=0.0)
    repeated = rp.Beta([alpha] * 3, [beta] * 3)  # no constants: bit for bit the same
    assert repeated.cdf([0.5, 0.99, x])[2] == rp.Beta(alpha, beta).cdf(x)


def test_student_tails_next_to_the_centre_against_closed_forms():
    t = np.array([-1e-3, -3e-8, 1e-300, 3e-8, 2e-5, 0.1])
    cauchy = 0.5 + np.arctan(t) / math.pi
    np.testing.assert_allclose(rp.StudentT(1.0).cdf(t), cauchy, rtol=3e-16)
    two = 0.5 + t / (2.0 * np.sqrt(2.0 + t * t))
    np.testing.assert_allclose(rp.StudentT(2.0).cdf(t), two, rtol=3e-16)
    np.testing.assert_allclose(rp.StudentT(2.0).sf(-t), two, rtol=3e-16)


@pytest.mark.parametrize(
    ("alpha", "u", "y"),
    [
        (1.4418075435424347e-06, 2.4875878857295287e-05, 55433129.401566722),
        (0.001, 0.25, 1.5454720934962152593e125),
        (0.02, 0.001, 0.49842477788920490049),
        (1e-05, 3e-07, 0.42374465765359398492),
        (0.3, 0.02, 0.48156473722648305434),
    ],
)
def test_quantiles_of_the_inverse_gamma_see_u_itself(alpha, u, y):
    # half an ulp of u and α forces u/(α (1 − u)), and ln y, times 1e-16
    forced = 1.2e-16 * (u / (1.0 - u) / alpha + abs(math.log(y)))
    assert rp.InverseGamma(alpha, 1.0).icdf(u) == pytest.approx(y, rel=4e-15 + forced, abs=0.0)


@pytest.mark.parametrize(
    ("df", "t", "slope"),
    [
        (64.0, 1e3, -67.756281472835236911),
        (80.0, 3e4, -2859.0566406110277328),
        (1000.0, 1e9, -16769887.947455485383),
        (3000.0, 200.0, -0.06208562189345365654),
        (1e4, 1e12, -2252590092.7440456853),
    ],
)
def test_student_derivatives_in_far_tails(df, t, slope):
    in_df = rp.StudentT(df, 0.0, 1.0).pathwise(t)["df"]
    assert in_df == pytest.approx(slope, rel=1e-14, abs=0.0)


@pytest.mark.parametrize(
    ("alpha", "beta", "u", "log_complement"),
    [
        (0.18, 1.2e-6, 6.464697887905514e-05, -48.581214796474296),
        (0.18, 1.2e-6, 7.292020589392546e-05, -55.476044893421851),
        (2.5, 3e-5, 0.0011, -37.967203121661098),
    ],
)
def test_logarithms_of_complements_for_tiny_shapes(alpha, beta, u, log_complement):
    draw = rp.Beta(alpha, beta).transform(np.array([u]))
    assert draw.log_complement[0] == pytest.approx(log_complement, rel=3e-15, abs=0.0)


def test_logarithms_of_complements_next_to_one():
    # from y, since logit y is rounded to 1e-13 where y is tiny
    d = rp.Beta(0.18, 1.2e-6)
    draw = d.transform(np.array([1e-40, 3e-9, 1e-7]))
    np.testing.assert_allclose(draw.log_complement, np.log1p(-draw.value), rtol=3e-16)


#: Each regime of the gamma and beta tails, and of the laws that are made of them.
SHAPES = [1e-8, 0.3, 1.0, 2.0, 1e3, 1e9]


@pytest.mark.parametrize("what", ["cdf", "sf"])
@pytest.mark.parametrize("cls", [rp.Gamma, rp.InverseGamma, rp.Chi, rp.ChiSquare, rp.StudentT])
def test_tails_of_nan_are_nan_for_all_shapes(cls, what):
    found = getattr(cls(SHAPES), what)(np.nan)
    assert np.all(np.isnan(found)), found


@pytest.mark.parametrize("what", ["cdf", "sf"])
@pytest.mark.parametrize("cls", [rp.Beta, rp.BetaPrime, rp.F])
def test_tails_of_nan_are_nan_for_all_pairs_of_shapes(cls, what):
    found = getattr(cls(np.array(SHAPES)[:, np.newaxis], SHAPES), what)(np.nan)
    assert np.all(np.isnan(found)), found


@pytest.mark.parametrize("beta", [1e300, 6e306, 1e307, 1e308, 1.7e308])
@pytest.mark.parametrize("y", [5e-324, 1e-320, 1e-315, 1e-310, 1e-308])
def test_upper_tails_where_the_plateau_overflows(y, beta):
    alpha = 1e-8
    with mpmath.workdps(60):  # I_y(α, β) = P(α, β y) up to y + α/β
        right = mpmath.gammainc(mpmath.mpf(alpha), mpmath.mpf(beta) * mpmath.mpf(y), mpmath.inf)
        right = right / mpmath.gamma(mpmath.mpf(alpha))
        right, rest = float(right), float(1 - right)
    law = rp.Beta(alpha, beta)
    np.testing.assert_allclose(law.sf(y), right, rtol=2e-13)
    np.testing.assert_allclose(law.cdf(y), rest, rtol=1e-15)
