"""Exponents of tails, as the distributions declare them, against their quantiles."""

import numpy as np
import pytest
from facts import tails
from kinds import REPARAMETERIZED

import reparam as rp
from reparam.registry import BUILT_IN
from reparam.testing import typical

NAMES = [name for name in REPARAMETERIZED if name in BUILT_IN]
#: Probabilities of what is farther out: pairs between which a tail falls, the farthest first.
PAIRS = (
    (1e-250, 1e-280),
    (1e-60, 1e-70),
    *((10.0**-k, 10.0 ** -(k + 1)) for k in range(40, 2, -1)),
)


def log_distances(d, upper, u):
    """Return ln t, t = |y − median| or the inverse of the distance from a finite end, or NaN."""
    y = (d.isf if upper else d.icdf)(np.array(u))
    end = d.support[upper]
    if np.isinf(end):
        return np.log(np.abs(y - d.icdf(0.5))) if np.all(np.isfinite(y)) else np.full(2, np.nan)
    distance = np.abs(y - end)
    resolved = np.all(distance > 1e-6 * np.abs(end)) and np.all(distance > 0.0)
    return -np.log(distance) if resolved else np.full(2, np.nan)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("upper", [False, True], ids=["lower", "upper"])
def test_probability_falls_as_declared(name, upper):
    cls = rp.get(name)
    several = typical(cls, 10, seed=2)
    sets = [{p: getattr(several, p)[k] for p in cls.parameters} for k in range(10)]
    powers = 0
    for theta in ({}, *sets):
        d = cls(**theta)
        power, growth = tails(d)[upper]
        assert np.isnan(power) != np.isnan(growth), "declare one of power and growth"
        for u in PAIRS:
            if np.isnan(power) and theta:  # −log p grows as declared only far out
                break
            near, far = log_distances(d, upper, u)
            if not np.isfinite(near) or not np.isfinite(far):
                continue
            if np.isnan(growth):
                assert np.log(u[0] / u[1]) / (far - near) == pytest.approx(power, rel=0.1), d
            else:
                slope = np.log(np.log(u[1]) / np.log(u[0])) / (far - near)
                if growth == 0.0:
                    assert 0.0 < slope < 0.3, d
                elif growth == np.inf:
                    assert slope > 4.0, d
                else:
                    assert slope == pytest.approx(growth, rel=0.1), d
            powers += 1
            break
    assert powers > 0
