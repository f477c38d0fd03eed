"""Closed forms of KL between distributions on the sphere."""

import numpy as np
import pytest

import reparam as rp

MEAN, OTHER = np.array([[0.6, 0.0, 0.8, 0.0], [0.5, 0.5, 0.5, 0.5]])
PAIRS = [
    (rp.VonMisesFisher(MEAN, 3.0), rp.VonMisesFisher(OTHER, 4.0)),
    (rp.VonMisesFisher(MEAN, 0.3), rp.VonMisesFisher(OTHER, 0.2)),
    (rp.VonMisesFisher(MEAN, 3.0), rp.SphericalUniform(4)),
    (rp.VonMisesFisher(MEAN, 1e-3), rp.SphericalUniform(4)),
    (rp.PowerSpherical(MEAN, 3.0), rp.SphericalUniform(4)),
    (rp.PowerSpherical(MEAN, 1e-3), rp.SphericalUniform(4)),
    (rp.PowerSpherical(MEAN, 3.0), rp.VonMisesFisher(OTHER, 2.0)),
]


def moved(law, name, unit):
    value = law[name] + unit
    if np.ndim(value):
        value = value / np.linalg.norm(value)
    return law.replace({name: value})


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_value_and_gradients(p, q):
    """Beside an average over draws, and differences of values."""
    found = rp.kl(p, q)
    assert found.method == "closed form"
    y = p.rsample(40_000, rng=4).value
    terms = p.log_prob(y) - q.log_prob(y)
    assert abs(found.value - np.mean(terms)) < 4.5 * np.std(terms) / 200.0
    for law, gradient in ((p, found.gradient_p), (q, found.gradient_q)):
        for name, entry in gradient.items():
            size = 1e-5 * (1.0 if np.ndim(law[name]) else law[name])
            for unit in size * np.eye(4) if np.ndim(law[name]) else [size]:
                sides = []
                for sign in (1.0, -1.0):
                    other = moved(law, name, sign * unit)
                    sides.append(rp.kl(other, q) if law is p else rp.kl(p, other))
                change = 0.5 * (sides[0].value - sides[1].value)
                assert np.sum(entry * unit) == pytest.approx(change, rel=2e-5, abs=1e-9 * size)


def test_nearly_the_same():
    """KL vanishes with the square of what moves, far below its terms' rounding errors."""
    p = rp.VonMisesFisher(MEAN, 5.0)
    step = 2.0**-30
    moves = rp.VonMisesFisher(MEAN, 5.0 * (1.0 + step))
    fisher = rp.kl(p, rp.VonMisesFisher(MEAN, 5.0 * (1.0 + 2.0**-10))).value * 2.0**20
    assert rp.kl(p, moves).value / step**2 == pytest.approx(fisher, rel=1e-2)
    assert rp.kl(p, p).value == 0.0
    for law in (rp.VonMisesFisher, rp.PowerSpherical):
        small, large = (rp.kl(law(MEAN, k), rp.SphericalUniform(4)).value for k in (1e-9, 1e-5))
        assert large / small == pytest.approx(1e8, rel=1e-4)
