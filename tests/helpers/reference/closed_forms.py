"""The distributions whose quantile is elementary, against mpmath: errors in ulp.

No table is needed: y and its derivatives are computed here from the definitions, with enough digits
for any cancellation. An ulp is that of the largest of y, loc and scale · z, since y = loc + scale·z
cannot be better than the rounding of its own terms.
"""

from __future__ import annotations

import mpmath
import numpy as np
from mpmath import mp, mpf

import reparam as rp

_LARGEST = mpf(np.finfo(float).max)


def uniforms() -> np.ndarray:
    """Return points of (0, 1): its ends, its middle, both tails on all scales; all four times."""
    rng = np.random.default_rng(11)
    half, ulp = 0.5, 2.0**-53
    special = [5e-324, 1e-310, 2.0**-1022, 1e-300, 2.0**-54, ulp, 0.25, 0.75]
    special += [half - ulp / 2, half - ulp, half, half + ulp, half + 2 * ulp]
    special += [1.0 - 2 * ulp, 1.0 - ulp]
    near = half + rng.choice([-1.0, 1.0], 100) * 2.0 ** rng.uniform(-52, -2, 100)
    low = 10.0 ** rng.uniform(-323, 0, 150)
    high = 1.0 - 10.0 ** rng.uniform(-15.9, 0, 100)
    values = np.concatenate([special, near, low, high[(high > 0) & (high < 1)], rng.random(150)])
    return np.tile(values, 4)


def scales(size: int) -> np.ndarray:
    """Return scales from 1e-300 to 1e300, half of them between 0.1 and 10."""
    rng = np.random.default_rng(12)
    values = 10.0 ** np.where(rng.random(size) < 0.5, rng.uniform(-1, 1, size), 0.0)
    wide = rng.random(size) < 0.5
    values[wide] = 10.0 ** rng.uniform(-300, 300, int(wide.sum()))
    values[:4] = 1e-300, 1e300, 1e-300, 1e300
    return rng.permutation(values)


def locations(scale: np.ndarray) -> np.ndarray:
    """Return locations: zero, of the scale's own size, and of any other."""
    rng = np.random.default_rng(13)
    other = rng.choice([-1.0, 1.0], scale.size) * 10.0 ** rng.uniform(-10, 10, scale.size)
    return np.choose(np.arange(scale.size) % 3, [0.0 * scale, scale * other / 1e3, other])


def ulps(values: np.ndarray, exact: list[mpf], terms: list[list[mpf]] | None = None) -> np.ndarray:
    """Return errors in ulp; infinities must be those that rounding to nearest gives.

    Parameters
    ----------
    values, exact
        Results, and what they should be.
    terms
        What each exact value is a sum of.
    """
    found = []
    for k, (value, reference) in enumerate(zip(values.tolist(), exact, strict=True)):
        largest = max([abs(reference), *(abs(term[k]) for term in terms or [])])
        ulp = np.spacing(float(min(largest, _LARGEST / 2)))
        if np.isinf(value) and abs(reference) > _LARGEST * (1 - mpf(2) ** -50):
            found.append(0.0 if mpmath.sign(reference) == np.sign(value) else np.inf)
        else:
            found.append(float(abs(mpf(value) - reference) / ulp))
    return np.nan_to_num(np.array(found), nan=np.inf)


def _location_scale(name: str, noise: np.ndarray, z: list[mpf]) -> dict[str, np.ndarray]:
    scale = scales(noise.size)
    loc = locations(scale)
    draw = rp.get(name)(loc, scale).transform(noise)
    jacobian = draw.jacobian()
    place = [mpf(value) for value in loc.tolist()]
    spread = [mpf(value) * z for value, z in zip(scale.tolist(), z, strict=True)]
    y = [a + b for a, b in zip(place, spread, strict=True)]
    return {
        f"{name}.value": ulps(draw.value, y, [place, spread]),
        f"{name}.jacobian loc": ulps(jacobian["loc"], [mpf(1)] * noise.size),
        f"{name}.jacobian scale": ulps(jacobian["scale"], z),
    }


def gaussian() -> dict[str, np.ndarray]:
    """Noise is z itself."""
    size = uniforms().size
    z = np.random.default_rng(14).standard_normal(size) * 10.0 ** np.linspace(-20, 1, size)
    return _location_scale("gaussian", z, [mpf(value) for value in z.tolist()])


def gaussian_quantile() -> dict[str, np.ndarray]:
    """Compare z = Φ⁻¹(u) with z − (Φ(z) − u)/φ(z), which is as good as exact for z as good."""
    u = np.unique(uniforms())
    z = rp.Gaussian(0.0, 1.0).icdf(u)
    exact = []
    for value, probability in zip(z.tolist(), u.tolist(), strict=True):
        at = mpf(value)
        exact.append(at - (mp.erfc(-at / mp.sqrt(2)) / 2 - probability) / mp.npdf(at))
    return {"gaussian.icdf": ulps(z, exact)}


def laplace() -> dict[str, np.ndarray]:
    u = uniforms()
    z = [
        mp.log(2 * value) if value < 0.5 else -mp.log(2) - mp.log1p(-value)
        for value in map(mpf, u.tolist())
    ]
    return _location_scale("laplace", u, z)


def logistic() -> dict[str, np.ndarray]:
    u = uniforms()
    z = [mp.log(value) - mp.log1p(-value) for value in map(mpf, u.tolist())]
    return _location_scale("logistic", u, z)


def exponential() -> dict[str, np.ndarray]:
    u = uniforms()
    rate = scales(u.size)
    draw = rp.Exponential(rate).transform(u)
    rates = [mpf(value) for value in rate.tolist()]
    y = [-mp.log1p(-mpf(value)) / rate for value, rate in zip(u.tolist(), rates, strict=True)]
    slope = [-y / rate for y, rate in zip(y, rates, strict=True)]
    return {
        "exponential.value": ulps(draw.value, y),
        "exponential.jacobian rate": ulps(draw.jacobian()["rate"], slope),
    }


def findings() -> dict[str, np.ndarray]:
    """Return the errors of all functions, in ulp."""
    found: dict[str, np.ndarray] = {}
    with mp.workdps(60):
        for measure in (gaussian, gaussian_quantile, laplace, logistic, exponential):
            found |= measure()
    return found
