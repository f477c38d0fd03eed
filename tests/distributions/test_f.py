"""F: its derivatives and score in the degrees of freedom, which differences lose for many."""

from functools import cache

import numpy as np
import pytest
from mpmath import mp, mpf
from precise import digamma

import reparam as rp


def by_cdf(y, df1, df2):
    """−F_θ/p by differentiating the cdf numerically, in many digits."""

    def cdf(a, b, at):
        return mp.betainc(a / 2, b / 2, 0, a * at / (a * at + b), regularized=True)

    with mp.workdps(60):
        y, df1, df2 = mpf(y), mpf(df1), mpf(df2)
        step = mpf(10) ** -20
        slopes = [
            (cdf(df1 + d1, df2 + d2, y + d3) - cdf(df1 - d1, df2 - d2, y - d3)) / (2 * step * unit)
            for d1, d2, d3, unit in (
                (step * df1, 0, 0, df1),
                (0, step * df2, 0, df2),
                (0, 0, step * y, y),
            )
        ]
        return [-slope / slopes[2] for slope in slopes[:2]]


def log_density_slopes(y, df1, df2):
    """∂ log p/∂df1, ∂ log p/∂df2 and y ∂ log(y p)/∂y."""
    a, b, odds = df1 / 2, df2 / 2, df1 * y / df2
    rest = 1 / (1 + odds)
    both = digamma(a + b) - mp.log1p(odds)
    in_a = both - digamma(a) + mp.log(odds) + 1 - (a + b) * odds * rest / a
    in_b = both - digamma(b) - a / b + (a + b) * odds * rest / b
    return [in_a / 2, in_b / 2, a - (a + b) * odds * rest]


def by_quadrature(y, df1, df2):
    """y times the score's integral over ln y from the nearer end, over the density at y."""
    y, df1, df2 = mpf(y), mpf(df1), mpf(df2)
    side = -1 if y <= 1 else 1

    def fallen(s):
        at = y * mp.exp(side * s)
        return df1 / 2 * side * s - (df1 + df2) / 2 * mp.log((df2 + df1 * at) / (df2 + df1 * y))

    slope = log_density_slopes(y, df1, df2)[2]
    edges = [mpf(0), min(mp.sqrt(1 / df1 + 1 / df2) / 2, 2 / abs(slope) if slope else mpf(1))]
    while fallen(edges[-1]) > -130:
        edges.append(edges[-1] * mpf("1.4"))

    @cache  # both integrals have the same points
    def integrands(s):
        mass = mp.exp(fallen(s))
        return [slope * mass for slope in log_density_slopes(y * mp.exp(side * s), df1, df2)[:2]]

    def integral(number):
        return mp.quad(lambda s: integrands(s)[number], edges, method="gauss-legendre", maxdegree=6)

    return [side * y * integral(number) for number in (0, 1)]


def allowed(wanted, function, *arguments):
    """1e-13 of the value, or 20 times what half an ulp of each argument forces."""
    half_ulp, forced = mpf(2) ** -53, 0
    for k, argument in enumerate(arguments):
        moved = [*arguments]
        moved[k] = argument * (1 + half_ulp)
        forced += abs(function(*moved) - wanted)
    return max(mpf("1e-13") * abs(wanted), 20 * forced)


@pytest.mark.parametrize(("df1", "df2"), [(5.0, 7.0), (80.0, 3.0), (1e3, 2e3), (4e3, 50.0)])
@pytest.mark.parametrize("u", [0.01, 0.5, 0.9])
def test_derivatives_by_the_cdf(df1, df2, u):
    d = rp.F(df1, df2)
    y = float(d.icdf(u))
    found = d.pathwise(y)
    for name, wanted in zip(("df1", "df2"), by_cdf(y, df1, df2), strict=True):
        assert abs(found[name] - wanted) <= 2e-13 * abs(wanted)


FREEDOMS = [
    (0.3, 9.0),
    (2.0, 1e15),
    (5.0, 1e6),
    (1e6, 5.0),
    (1e15, 0.5),
    (40.0, 60.0),
    (1e8, 1e8),
    (1e15, 1e4),
    (1e12, 26.0),
]


@pytest.mark.parametrize(("df1", "df2"), FREEDOMS)
@pytest.mark.parametrize(
    "z", [-4.0, 0.7, *(pytest.param(z, marks=pytest.mark.long) for z in (0.0, 5.0))]
)
def test_derivatives_relative_to_themselves(df1, df2, z):
    y = float(np.exp(z * np.sqrt(2.0 / df1 + 2.0 / df2)))
    found = rp.F(df1, df2).pathwise(y)
    with mp.workdps(50):
        exact = mpf(y), mpf(df1), mpf(df2)
        *scores, slope = log_density_slopes(*exact)
        integrals = by_quadrature(*exact)
        for number, name in enumerate(("df1", "df2")):
            wanted = integrals[number]
            # ∂/∂ln y of ∂ln y/∂df is −score − slope ∂ln y/∂df
            forced = mpf(2) ** -53 * abs(y * scores[number] + slope * wanted)
            assert abs(found[name] - wanted) <= max(mpf("1e-13") * abs(wanted), 20 * forced), name


@pytest.mark.parametrize(("df1", "df2"), FREEDOMS)
@pytest.mark.parametrize("z", [-9.0, -1.0, -1e-7, 0.0, 0.7, 5.0])
def test_score_relative_to_itself(df1, df2, z):
    y = float(np.exp(z * np.sqrt(2.0 / df1 + 2.0 / df2)))
    found = rp.F(df1, df2).score(y)
    with mp.workdps(80):
        exact = mpf(y), mpf(df1), mpf(df2)
        for number, name in enumerate(("df1", "df2")):

            def score(*arguments, number=number):
                return log_density_slopes(*arguments)[number]

            wanted = score(*exact)
            assert abs(found[name] - wanted) <= allowed(wanted, score, *exact), name


def test_draws_have_the_derivative_of_their_values():
    for df1, df2 in ((5.0, 1e6), (300.0, 200.0), (1e9, 7.0)):
        d = rp.F(df1, df2)
        draw = d.rsample(2000, rng=1)
        for name, slope in draw.jacobian().items():
            exact = d.pathwise(draw.value)[name]
            size = np.median(np.abs(exact))
            np.testing.assert_allclose(slope, exact, rtol=1e-12, atol=1e-12 * size)


def test_derivative_of_one_draw():
    draw = rp.F(5.0, 1e6).transform(0.6)
    np.testing.assert_allclose(draw.jacobian()["df2"], -1.09404678483e-12, rtol=1e-11)
