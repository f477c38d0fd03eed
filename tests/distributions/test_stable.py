"""The stable distribution: against Fourier's integral in FLINT's balls, and its special cases."""

import math
from itertools import pairwise

import numpy as np
import pytest
from flint import acb, arb, ctx
from scipy import stats

import reparam as rp
from reparam import Stable

#: α, β and z: in the middle and in tails, next to α = 1 and to 2, totally skewed or nearly, on the
#: light side, near where a density of α < 1 is not analytic, and Cauchy's distribution nearly.
POINTS = [
    *((1.5, 0.3, 0.4), (1.9, -0.99, -0.5), (1.9, -0.99, 8.0), (0.35, -0.5, 8.0)),
    *((0.6, 0.5, 1e3), (0.9, -0.9, 300.0), (1.001, -0.9, 2.0), (1.0000001, 0.5, 0.01)),
    *((0.5, 1.0, 3.0), (1.95, 1.0, 5.0), (0.3, 1.0, 2.5), (0.31, -1.0, -0.6), (1.5, -1.0, 7.0)),
    *((1.99999, -0.9, 8.0), (1.5, -0.3, 0.02), (0.999, 1.0, -1.5), (1.0 + 1e-9, 1e-8, -40.0)),
    *((1.97, -0.3, 4e4), (1.9, 0.4, -7e5)),
]


def angle(alpha, skew, z):
    """The direction, of t, of a ray on which the integrand falls."""
    turn = math.atan(skew * math.tan(0.5 * math.pi * alpha))
    low, high = (turn - 0.5 * math.pi) / alpha, (turn + 0.5 * math.pi) / alpha
    if alpha > 1.0:
        return 0.85 * (max(low, -0.5 * math.pi) if z > 0.0 else min(high, 0.5 * math.pi))
    if z + skew * math.tan(0.5 * math.pi * alpha) > 0.0:
        return 0.5 * (max(low, -0.5 * math.pi) + min(high, 0.0))
    return 0.5 * (max(low, 0.0) + min(high, 0.5 * math.pi))


def exact(alpha, skew, z):
    """P(Z > z), p(z) and the derivatives of P(Z > z) in α and β."""
    phi = angle(alpha, skew, z)
    a, b, x, i = arb(alpha), arb(skew), arb(z), acb(0, 1)
    slope = (arb.pi() * a / 2).tan()

    def logarithm(s):
        """ln t, t and the exponent."""
        log = s + i * phi
        t = log.exp()
        less = -t * ((a - 1) * log).expm1()  # t − t^α
        return log, t, less, less - t - i * b * slope * less - i * t * x

    def tail(s, _):
        return logarithm(s)[3].exp()

    def density(s, _):
        _, t, _, exponent = logarithm(s)
        return exponent.exp() * t

    def in_alpha(s, _):
        log, t, less, exponent = logarithm(s)
        power = t - less
        bend = arb.pi() / 2 * (1 + slope**2) * less - slope * power * log
        return exponent.exp() * -(power * log + i * b * bend)

    def in_skew(s, _):
        _, _, less, exponent = logarithm(s)
        return -exponent.exp() * i * slope * less

    end = -5.0
    while logarithm(acb(end))[3].real.mid() > -100:
        end += 0.3
    start, tolerance = -100.0 / min(alpha, 1.0) - math.log1p(abs(z)), arb(2) ** -130
    edges = [acb(edge) for edge in np.linspace(start, end, int((end - start) / 1.5) + 2).tolist()]

    def whole(function):
        return sum(
            (
                acb.integral(function, *piece, abs_tol=tolerance, rel_tol=tolerance)
                for piece in pairwise(edges)
            ),
            acb(0),
        )

    parts = whole(tail).imag, whole(density).real, whole(in_alpha).imag, whole(in_skew).imag
    upper, p, by_alpha, by_skew = (part / arb.pi() for part in parts)
    return arb(1) / 2 + phi / arb.pi() + upper, p, by_alpha, by_skew


def test_tails_density_and_derivatives_at_some_points():
    compare(POINTS[1::4])


@pytest.mark.long
def test_tails_density_and_derivatives():
    compare(POINTS)


def compare(points):
    alpha, skew, z = map(np.array, zip(*points, strict=True))
    d = Stable(alpha, skew)
    log_cdf, log_sf, log_prob = d.log_cdf(z), d.log_sf(z), d.log_prob(z)
    slopes = d.pathwise(z)
    for place, point in enumerate(points):
        with ctx.workprec(300):
            sf, p, in_alpha, in_skew = exact(*point)
            wanted = (1 - sf).log(), sf.log(), p.log(), in_alpha / p, in_skew / p
        found = log_cdf, log_sf, log_prob, slopes["stability"], slopes["skew"]
        forced = 2e-16 / min(abs(point[0] - 2.0), 1.0)  # what half an ulp of α makes of 2 − α
        np.testing.assert_allclose(
            [each[place] for each in found],
            [float(each) for each in wanted],
            rtol=1e-13 + 20.0 * forced,
            err_msg=str(point),
        )


def test_special_cases():
    z = np.array([-30.0, -3.0, -0.2, 0.0, 1e-3, 0.7, 5.0, 25.0])
    u = np.array([1e-100, 1e-9, 0.3, 0.5, 0.9])
    for d, other in (
        (Stable(2.0, 0.4, 1.0, 3.0), rp.Gaussian(1.0, 3.0 * math.sqrt(2.0))),
        (Stable(1.0, 0.0, 1.0, 3.0), rp.Cauchy(1.0, 3.0)),
        (Stable(0.5, 1.0, 1.0, 3.0), rp.Levy(-2.0, 3.0)),
    ):
        inside = other.cdf(z) > 0.0
        for name in ("log_prob", "log_cdf", "log_sf"):
            np.testing.assert_allclose(
                getattr(d, name)(z)[inside], getattr(other, name)(z)[inside], rtol=1e-13, atol=1e-15
            )
        np.testing.assert_allclose(d.icdf(u), other.icdf(u), rtol=2e-13)
        np.testing.assert_allclose(d.isf(u), other.isf(u), rtol=2e-13)
        np.testing.assert_allclose(d.entropy, other.entropy, rtol=1e-13)
    outside = Stable(0.5, 1.0)
    assert outside.log_prob(-1.5) == -np.inf
    assert (outside.cdf(-1.5), outside.sf(-1.5)) == (0.0, 1.0)


def test_the_characteristic_function():
    z, step = np.linspace(-600.0, 600.0, 4801, retstep=True)
    p, t = np.exp(Stable(1.7, -0.6).log_prob(z)), 0.8
    wanted = np.exp(-(t**1.7) * (1.0 - 0.6j * math.tan(0.85 * math.pi) * (t**-0.7 - 1.0)))
    np.testing.assert_allclose(step * np.sum(np.exp(1j * t * z) * p), wanted, atol=1e-6)


def test_derivatives_by_differences():
    alpha, skew, z = map(
        np.array, zip(*(p for p in POINTS if abs(p[1]) < 0.95 and p[0] < 1.99), strict=True)
    )
    h = 1e-5
    d, at = Stable(alpha, skew), {"stability": alpha, "skew": skew}
    score, second, u = d.score(z), d.pathwise2(z), d.cdf(z)
    for name, value in at.items():
        low, high = (Stable(**{**at, name: value + side * h}) for side in (-1, 1))
        differences = (high.log_prob(z) - low.log_prob(z)) / (2.0 * h)
        np.testing.assert_allclose(score[name], differences, rtol=1e-6, atol=1e-7)
        below, above = low.pathwise(low.icdf(u)), high.pathwise(high.icdf(u))
        for other in at:
            differences = (above[other] - below[other]) / (2.0 * h)
            size = np.abs(z) + np.abs(differences)
            assert np.all(np.abs(second[name][other] - differences) < 1e-5 * size)


def test_nothing_happens_at_one():
    """Values one step of α away differ by what the derivative in α says."""
    z, skew = np.array([-4.0, -0.5, 0.0, 0.6, 30.0]), 0.7
    ahead = 1.0 + 2.0**-30
    by_difference = (Stable(ahead, skew).log_prob(z) - Stable(1.0, skew).log_prob(z)) * 2.0**30
    # log p rounds by some 1e-16, of which the difference makes 2³⁰
    exact = Stable(1.0, skew).score(z)["stability"]
    np.testing.assert_allclose(exact, by_difference, rtol=1e-5, atol=1e-6)


def test_values_do_not_depend_on_how_many_there_are():
    """NumPy multiplies large complex arrays in place, and rounds differently then."""
    d = Stable(1.4, 0.3)
    y = d.sample(17_000, rng=1)
    whole, few = d.pathwise(y), d.pathwise(y[:300])
    for name, entry in whole.items():
        np.testing.assert_array_equal(entry[:300], few[name])


@pytest.mark.parametrize(
    ("alpha", "skew"),
    [(1.6, 0.5), (1.0, 0.5), (1.0 + 1e-9, -0.9), (0.5, 1.0), (0.6, -0.3), (2.0, 0.3), (1.0, 1.0)],
)
def test_draws(alpha, skew):
    """Kolmogorov's statistic: a false alarm has a probability of 2e-9."""
    d, n = Stable(alpha, skew), 3000
    u = np.sort(d.cdf(d.sample(n, rng=5)))
    ranks = np.arange(n + 1) / n
    assert math.sqrt(n) * max(np.max(ranks[1:] - u), np.max(u - ranks[:-1])) < 3.25


def test_quantiles_of_both_tails_have_their_digits():
    rng = np.random.default_rng(2)
    alpha, skew = rng.uniform(0.3, 2.0, 200), rng.uniform(-1.0, 1.0, 200)
    alpha[:40], skew[::5] = 1.0 + 10.0 ** rng.uniform(-12, -2, 40), rng.choice([-1.0, 1.0], 40)
    v = 10.0 ** rng.uniform(-60.0, -0.1, 200)
    d = Stable(alpha, skew)
    for y, log in ((d.isf(v), d.log_sf), (d.icdf(v), d.log_cdf)):
        moved = np.abs(log(y * (1.0 + 2.0**-40)) - log(y)) * 2.0**-13  # by half an ulp
        assert np.all(np.abs(log(y) - np.log(v)) < 1e-13 + 20.0 * moved)


def test_values_agree_with_scipy():
    """To the digits that SciPy has; its other parameters S1 have another location."""
    z, alpha, skew = np.array([-0.5, 0.5, 2.0]), 1.5, 0.3
    shift = skew * math.tan(0.5 * math.pi * alpha)
    np.testing.assert_allclose(
        Stable(alpha, skew).cdf(z), stats.levy_stable(alpha, skew, -shift).cdf(z), rtol=1e-6
    )


def test_moments():
    d = Stable([0.8, 0.8, 0.8, 1.0, 1.5, 2.0], [0.5, 1.0, -1.0, 1.0, 0.5, 0.5], 1.0, 2.0)
    np.testing.assert_allclose(d.mean, [np.nan, np.inf, -np.inf, np.inf, 2.0, 1.0])
    np.testing.assert_allclose(d.variance, [np.nan, np.inf, np.inf, np.inf, np.inf, 8.0])
