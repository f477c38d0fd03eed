"""Closed forms of KL within the Cauchy, Gumbel, Weibull, Pareto and half-normal families."""

import numpy as np
import pytest

import reparam as rp

PAIRS = [
    (rp.Cauchy(0.3, 1.5), rp.Cauchy(-1.0, 0.7)),
    (rp.HalfCauchy(1.5), rp.HalfCauchy(0.4)),
    (rp.HalfNormal(1.5), rp.HalfNormal(0.8)),
    (rp.Gumbel(0.3, 1.5), rp.Gumbel(-0.4, 1.2)),
    (rp.Weibull(1.5, 2.0), rp.Weibull(0.9, 1.3)),
    (rp.Pareto(1.5, 2.0), rp.Pareto(0.9, 3.0)),
]
#: Gauss-Legendre nodes in t, u = t³ (10 − 15 t + 6 t²): it is flat at both ends.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
T = 0.5 * (NODES + 1.0)
UPPER = 1.0 - T
FLAT = 15.0 * WEIGHTS * (T * UPPER) ** 2


def integral(p, q):
    """Return E_p[log p − log q], each half of the quantiles by its own tail."""
    u = T**3 * (10.0 - 15.0 * T + 6.0 * T**2)
    v = UPPER**3 * (10.0 - 15.0 * UPPER + 6.0 * UPPER**2)
    y = np.where(u < v, p.icdf(u), p.isf(v))
    return np.sum(FLAT * (p.log_prob(y) - q.log_prob(y)))


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda d: type(d).name)
def test_value_and_gradients(p, q):
    found = rp.kl(p, q)
    assert found.method == "closed form"
    assert found.value == pytest.approx(integral(p, q), rel=1e-7)
    h = 1e-4
    for name, entry in found.gradient_p.items():
        if name not in p.moving:
            sides = [integral(p.replace({name: p[name] + s * h}), q) for s in (1.0, -1.0)]
            assert entry == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-5, abs=1e-7)
    for name, entry in found.gradient_q.items():
        sides = [integral(p, q.replace({name: q[name] + s * h})) for s in (1.0, -1.0)]
        assert entry == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("p", "_"), PAIRS, ids=lambda d: type(d).name)
def test_nearly_the_same(p, _):
    """KL is half the Fisher information times the square of what is moved."""
    for name in set(p.parameters) - set(p.moving):
        values = []
        for h in (2.0**-10, 2.0**-30):
            found = rp.kl(p, p.replace({name: p[name] * (1.0 + h)}))
            assert found.gradient_q[name] > 0.0
            values.append(found.value / h**2)
        assert values[0] == pytest.approx(values[1], rel=0.01)
        assert rp.kl(p, p).value == 0.0


def test_pareto_that_reaches_below():
    found = rp.kl(rp.Pareto(1.0), rp.Pareto([0.5, 2.0]))
    assert np.isfinite(found.value).tolist() == [True, False]


def test_scale_of_a_pareto_moves_its_end():
    p, q = rp.Pareto(1.5, 2.0), rp.Pareto(0.9, 3.0)
    sides = [integral(rp.Pareto(1.5 + s * 1e-4, 2.0), q) for s in (1.0, -1.0)]
    slope = (sides[0] - sides[1]) / 2e-4
    assert rp.kl(p, q).gradient_p["scale"] == pytest.approx(slope, rel=1e-6)
