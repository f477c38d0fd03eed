"""Distributions of unit vectors: densities, scores, moments, and gradients of expectations."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import ParameterError, ShapeError

TILTED = np.array([2.0, -1.0, 0.5, 3.0])
TILTED /= np.linalg.norm(TILTED)
LAWS = [
    rp.VonMisesFisher([0.0, 1.0], 0.7),
    rp.VonMisesFisher([-1.0, 0.0, 0.0], 40.0),
    rp.VonMisesFisher(TILTED, 4.0),
    rp.PowerSpherical([1.0, 0.0], 3.0),
    rp.PowerSpherical(TILTED, 12.0),
    rp.ProjectedNormal([0.3, -0.2]),
    rp.ProjectedNormal([1.0, 2.0, -3.0]),
    rp.SphericalUniform(4),
]
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.name}-{law.event_shape[0]}")


def moved(law, name, step):
    """The law with a parameter moved, and a unit vector brought back to length 1."""
    value = law[name] + step
    if name == "mean_direction":
        value = value / np.linalg.norm(value, axis=-1, keepdims=True)
    return law.replace({name: value})


def steps(law, name, size):
    """A step along each coordinate, or one: along the sphere, those that stay there."""
    value = law[name]
    if not np.ndim(value):
        return np.array([size * value])
    units = size * np.eye(len(value))
    if name == "mean_direction":
        units = units - np.outer(units @ value, value)
    return units


@each_law
def test_draws(law):
    """Of length 1, each from its own noise, on the seed and the number alone."""
    draw = law.rsample(70, rng=3)
    assert np.allclose(np.linalg.norm(draw.value, axis=-1), 1.0, rtol=0.0, atol=1e-15)
    noise = draw.noise if isinstance(draw.noise, tuple) else (draw.noise,)
    assert np.array_equal(law.transform(*noise).value, draw.value)
    assert np.array_equal(law.transform(*(each[60:] for each in noise)).value, draw.value[60:])
    assert np.array_equal(law.rsample(50, rng=3).value, draw.value[:50])
    if names := law.parameters.differentiable:
        batch = law.replace({name: np.stack([law[name]] * 2) for name in names})
        assert np.array_equal(batch.rsample(35, rng=3).value.reshape(70, -1), draw.value)


@each_law
def test_moments(law):
    n = 50_000
    y = law.rsample(n, rng=8).value
    pairs = [(y, law.mean), ((y - law.mean) ** 2, law.variance), (-law.log_prob(y), law.entropy)]
    pairs.append((np.einsum("ni,nj->nij", y - law.mean, y - law.mean), law.covariance))
    for found, exact in pairs:
        error = np.std(found, axis=0) / math.sqrt(n)
        assert np.all(np.abs(np.mean(found, axis=0) - exact) <= 4.5 * error + 1e-14)
    assert math.isclose(np.trace(law.covariance) + law.mean @ law.mean, 1.0, rel_tol=1e-13)


@each_law
def test_density_and_score(law):
    """E_uniform[p] is 1/area; the score and the Stein score are differences of ln p."""
    uniform = rp.SphericalUniform(law.event_shape[0])
    y = uniform.sample(50_000, rng=5)
    p = np.exp(law.log_prob(y) - uniform.log_prob(y))
    assert abs(np.mean(p) - 1.0) <= 4.5 * np.std(p) / math.sqrt(len(y)) + 1e-13
    y, size = y[:200], 1e-6
    for name in law.parameters.differentiable:
        units = steps(law, name, size)
        for unit in units if np.ndim(law[name]) else [units[0]]:
            up, down = moved(law, name, unit).log_prob(y), moved(law, name, -unit).log_prob(y)
            expected = law.score(y)[name] @ unit if np.ndim(unit) else law.score(y)[name] * unit
            assert np.allclose(0.5 * (up - down), expected, rtol=1e-6, atol=1e-6 * size)
    for unit in size * np.eye(y.shape[1]):
        shifted = (y + unit) / np.linalg.norm(y + unit, axis=1, keepdims=True)
        back = (y - unit) / np.linalg.norm(y - unit, axis=1, keepdims=True)
        change = 0.5 * (law.log_prob(shifted) - law.log_prob(back))
        assert np.allclose(change, law.stein_score(y) @ unit, rtol=1e-6, atol=1e-6 * size)
    assert np.all(law.log_prob(1.01 * y) == -np.inf)


@pytest.mark.parametrize(
    ("law", "n"),
    [(law, 30_000) for law in LAWS]
    + [pytest.param(law, 1_000_000, marks=pytest.mark.long) for law in LAWS[2:7:2]],
    ids=lambda each: getattr(each, "name", each),
)
def test_gradients_of_expectations(law, n):
    """Of E[aᵀy] and E[(aᵀy)²], beside differences of the exact moments."""
    draw = law.rsample(n, rng=6)
    a = np.cos(np.arange(law.event_shape[0]) + 0.5)
    along = draw.value @ a

    def exact(d):
        return np.array([d.mean @ a, a @ (d.covariance + np.outer(d.mean, d.mean)) @ a])

    jacobian = draw.jacobian()
    for name in law.parameters.differentiable:
        slope = np.tensordot(jacobian[name], a, (1, 0))  # ∂(aᵀy)/∂θ
        for k, unit in enumerate(steps(law, name, 1e-5)):
            own = slope @ unit if np.ndim(law[name]) else slope * unit
            found = np.stack([own, 2.0 * along * own])
            change = 0.5 * (exact(moved(law, name, unit)) - exact(moved(law, name, -unit)))
            error = np.std(found, axis=1) / math.sqrt(n)
            assert np.all(np.abs(np.mean(found, axis=1) - change) <= 4.5 * error + 1e-14), (name, k)


@each_law
def test_derivatives_stay_on_the_sphere(law):
    draw = law.rsample(50, rng=2)
    for name, jacobian in draw.jacobian().items():
        assert np.allclose(np.einsum("ni,ni...->n...", draw.value, jacobian), 0.0, atol=1e-14)
        if name == "mean_direction":
            assert np.allclose(jacobian @ law.mean_direction, 0.0, atol=1e-14)
            upstream = np.sin(np.arange(draw.value.size)).reshape(draw.value.shape)
            assert np.allclose(draw.vjp(upstream)[name] @ law.mean_direction, 0.0, atol=1e-13)


def test_concentrated():
    """Where draws round to μ: κ (y − μ) and θ ∂θ/∂κ are those of the normal limit."""
    for law, rate in (
        (rp.VonMisesFisher(TILTED, 1e20), 1.0),
        (rp.PowerSpherical(TILTED, 1e20), 0.5),
    ):
        draw = law.rsample(20_000, rng=1)
        half = draw._extras[0]
        square = 4e20 * rate * np.sum(half**2, axis=-1)  # χ² with 3 degrees of freedom
        assert abs(np.mean(square) - 3.0) < 4.5 * math.sqrt(6.0 / len(square))
        slope = draw.jacobian()["concentration"]
        # ∂θ/∂κ = −θ/(2κ), and θ v is twice the half tangent
        assert np.allclose(slope, -half / 1e20, rtol=1e-6, atol=1e-36)


def test_scales_of_dimension():
    """Densities at μ and −μ in 100 dimensions, from mpmath."""
    mean, kappa = np.eye(100)[7], 50.0
    vmf, power = rp.VonMisesFisher(mean, kappa), rp.PowerSpherical(mean, kappa)
    with mp.workdps(30):
        order = mpf(49)
        log = mp.log(mp.besseli(order, kappa)) + 50 * mp.log(2 * mp.pi) - order * mp.log(kappa)
        a = mpf(99) / 2
        scale = (kappa + 2 * a) * mp.log(2) + a * mp.log(mp.pi)
        scale += mp.loggamma(kappa + a) - mp.loggamma(kappa + 2 * a)
        assert np.allclose(
            vmf.log_prob([mean, -mean]), [float(kappa - log), float(-kappa - log)], rtol=1e-14
        )
        assert math.isclose(power.log_prob(mean), float(kappa * mp.log(2) - scale), rel_tol=1e-14)
    assert power.log_prob(-mean) == -np.inf
    loc = 3.0 * mean
    with mp.workdps(30):
        mode = (3 + mp.sqrt(9 + 396)) / 2
        edges = [0, mode - 5, mode, mode + 5, mode + 20]
        inner = mp.quad(lambda r: r**99 * mp.exp(-((r - 3) ** 2) / 2), edges)
        exact = float(mp.log(inner) - 50 * mp.log(2 * mp.pi))
    assert math.isclose(rp.ProjectedNormal(loc).log_prob(mean), exact, rel_tol=1e-14)


def test_unit_vectors_only():
    with pytest.raises(ParameterError, match="length"):
        rp.VonMisesFisher([1.0, 1.0], 2.0)
    with pytest.raises(ParameterError, match="integer"):
        rp.SphericalUniform(2.5)
    with pytest.raises(ShapeError, match="all draws have one length"):
        rp.SphericalUniform([2, 3])
