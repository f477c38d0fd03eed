"""Radii of normal vectors in a direction, and moments of directions, against mpmath."""

import numpy as np
import pytest
from mpmath import mp, mpf

from reparam.special import projected_normal as special

M = np.array([-3e4, -40.0, -1e-6, 0.5, 12.0])


def exact_radius(m, dim):
    m, n = mpf(m), dim - 1
    mode = (m + mp.sqrt(m * m + 4 * n)) / 2
    width = 1 / mp.sqrt(1 + n / mode**2)
    peak = n * mp.log(mode) - (mode - m) ** 2 / 2
    steps = [mpf(2) ** k for k in range(8)]
    edges = sorted({max(mpf(0), mode + sign * width * step) for step in steps for sign in (1, -1)})

    def moment(power):
        def term(r):
            return r**power * mp.exp(n * mp.log(r) - (r - m) ** 2 / 2 - peak) if r else mpf(0)

        return mp.quad(term, [*edges[: len(edges) // 2], mode, *edges[len(edges) // 2 :]])

    mass = moment(0)
    mean = moment(1) / mass
    return mp.log(mass) + peak, mean, mean - m


@pytest.mark.parametrize("dim", [2, 100])
def test_radius(dim):
    found = special.radius(M, dim)
    with mp.workdps(20):
        exact = [exact_radius(m, dim) for m in M]
        for values, wanted, least in zip(found, zip(*exact, strict=True), (1, 0, 0), strict=True):
            errors = [
                abs(mpf(float(value)) - each) / max(abs(each), least)
                for value, each in zip(values, wanted, strict=True)
            ]
            assert max(errors) < 2e-14


@pytest.mark.parametrize("dim", [2, 3, 10, 100])
def test_moments_of_directions(dim):
    squares = np.array([1e-8, 1.0, 30.0, 1e4, 1e8])
    a, b, c = special.shrinkage(squares, dim)
    with mp.workdps(30):
        half = mpf(dim) / 2
        for k, square in enumerate(squares):
            x = -mpf(square) / 2
            exact = [
                mp.hyp1f1(1, half + 1, x) / dim,
                mp.hyp1f1(1, half + 2, x) / (dim + 2),
                mp.gamma(half + 0.5)
                / mp.gamma(half + 1)
                * mp.hyp1f1(0.5, half + 1, x)
                / mp.sqrt(2),
            ]
            for value, each in zip((a[k], b[k], c[k]), exact, strict=True):
                assert abs(mpf(float(value)) / each - 1) < 1e-14
    # Var cos θ without the cancellation of a + bλ − c²λ, where that loses little
    _, variance = special.angle(squares[:3], dim)
    assert np.allclose(variance, a[:3] + (b[:3] - c[:3] ** 2) * squares[:3], rtol=1e-12)
    _, far = special.angle(np.array([1e10]), dim)
    assert np.allclose(far, 0.5 * (dim - 1) / 1e20, rtol=1e-6 * dim)
