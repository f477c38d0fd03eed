"""Scores in shapes against mpmath, next to the mean of large shapes as elsewhere."""

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp


def gamma(y, alpha, rate):
    return {"alpha": mp.log(rate * y) - mp.psi(0, alpha), "rate": alpha / rate - y}


def inverse_gamma(y, alpha, scale):
    return {"alpha": mp.log(scale / y) - mp.psi(0, alpha), "scale": alpha / scale - 1 / y}


def chi(y, df):
    return {"df": mp.log(y) - (mp.log(2) + mp.psi(0, df / 2)) / 2}


def chi_square(y, df):
    return {"df": (mp.log(y / 2) - mp.psi(0, df / 2)) / 2}


def beta(y, alpha, beta):
    both = mp.psi(0, alpha + beta)
    return {
        "alpha": mp.log(y) + both - mp.psi(0, alpha),
        "beta": mp.log1p(-y) + both - mp.psi(0, beta),
    }


def beta_prime(y, alpha, beta):
    both = mp.psi(0, alpha + beta) - mp.log1p(y)
    return {"alpha": mp.log(y) + both - mp.psi(0, alpha), "beta": both - mp.psi(0, beta)}


def poisson(y, rate):
    return {"rate": y / rate - 1}


SHAPES = [1e-6, 0.3, 1.4616, 7.0, 350.0, 1e8, 3e12, 1e15]
PAIRS = [(0.3, 1e6), (40.0, 60.0), (1e8, 2e8), (1e8, 3.0), (1e15, 1e15), (2e12, 1e4), (1e-6, 1e-6)]
LAWS = [
    (rp.Gamma, gamma, [(shape, 2.3) for shape in SHAPES]),
    (rp.InverseGamma, inverse_gamma, [(shape, 2.3) for shape in SHAPES]),
    (rp.Chi, chi, [(shape,) for shape in SHAPES]),
    (rp.ChiSquare, chi_square, [(shape,) for shape in SHAPES]),
    (rp.Poisson, poisson, [(shape,) for shape in (350.0, 1e8 + 0.3, 3e12 + 0.1)]),
    (rp.Beta, beta, PAIRS),
    (rp.BetaPrime, beta_prime, PAIRS),
]


@pytest.mark.parametrize(("law", "reference", "points"), LAWS, ids=[law[0].name for law in LAWS])
def test_error_is_what_rounding_of_arguments_forces(law, reference, points):
    """At most 3 times what half an ulp of y and of each parameter forces, or 1e-13."""
    worst = {}
    for theta in points:
        d = law(*theta)
        centre = d.mean if law is rp.Poisson else d.icdf(0.5)
        steps = [0.0, 1e-12, 1e-8, -1e-5, 1e-2, -0.3]
        for y in [float(centre) * (1.0 + step) for step in steps]:
            y = np.rint(y) if law is rp.Poisson else y
            if not d.support[0] < y < d.support[1]:
                continue
            found = d.score(y)
            with mp.workdps(80):
                exact = [mpf(float(y)), *map(mpf, theta)]
                wanted, forced = reference(*exact), dict.fromkeys(found, mpf(0))
                for k in range(0 if law is not rp.Poisson else 1, len(exact)):
                    moved = [*exact]
                    moved[k] *= 1 + mpf(2) ** -53
                    for name, value in reference(*moved).items():
                        forced[name] += abs(value - wanted[name])
                for name, value in wanted.items():
                    allowed = max(mpf("1e-13") * abs(value), 3 * forced[name])
                    worst[theta, y, name] = float(abs(found[name] - value) / allowed)
    assert {key: ratio for key, ratio in worst.items() if not ratio <= 1.0} == {}


@pytest.mark.parametrize("df", [1e-12, 3e-5, 2e-4, 1e-3])
@pytest.mark.parametrize("z", [1e3, 1e20, 1e140])
def test_of_scale_for_tiny_degrees_of_freedom_in_far_tails(df, z):
    with mp.workdps(400):
        ratio = mpf(z) ** 2 / mpf(df)
        right = -(1 - (mpf(df) + 1) * ratio / (1 + ratio))
        found = float(rp.StudentT(df, 0.0, 1.0).score(z)["scale"])
        assert abs(found / right - 1) < 1e-15, (found, right)
