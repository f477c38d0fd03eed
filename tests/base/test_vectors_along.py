"""Products of Hessians and tangents, of vectors that are maps of their noise."""

import numpy as np
import pytest

import reparam as rp
from reparam.errors import NoFormulaError
from reparam.regions import Region

SYMMETRIC = [[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 1.5]]
LOWER = np.linalg.cholesky(SYMMETRIC)
#: Of differences.
STEP = 4e-4
R = np.array([[1.0, 0.6, -0.2], [0.6, 1.0, 0.3], [-0.2, 0.3, 1.0]])
MARGINS = [  # one with a vector parameter
    rp.Weibull(scale=2.0, concentration=1.5),
    rp.Mixture([rp.Gaussian(-1.0), rp.Gaussian(2.0, 0.5)], logits=[0.2, -0.1]).by_quantile(),
    rp.Truncated(rp.Logistic(0.3), low=-1.0, high=4.0),
]
LAWS = [
    *(
        law([0.5, -1.0, 0.2], **{way: matrix})
        for law in (rp.MultivariateGaussian, rp.LogisticNormal, rp.StickBreakingNormal)
        for way, matrix in (
            ("scale_tril", LOWER),
            ("covariance_matrix", SYMMETRIC),
            ("precision", SYMMETRIC),
        )
    ),
    rp.LowRankMultivariateGaussian([0.0, 1.0, 2.0], [[1.0], [0.5], [0.2]], [1.0, 2.0, 0.5]),
    rp.MatrixGaussian(np.zeros((2, 3)), LOWER[:2, :2], LOWER),
    rp.ProjectedNormal([1.0, 0.0, 2.0]),
    rp.Concrete(temperature=0.7, logits=[0.0, 1.0, -1.0]),
    rp.Independent(*MARGINS),
    rp.GaussianCopula(MARGINS, correlation=R),
    rp.GaussianCopula(MARGINS, correlation_tril=np.linalg.cholesky(R)),
]


@pytest.mark.parametrize("d", LAWS, ids=lambda d: f"{d.name} {[*d.parameters][-1]}")
def test_hvp_is_the_derivative_of_vjp(d):
    """Of draws together with each other, and of a loss with a curvature: at the same noise."""
    rng = np.random.default_rng(1)
    noise = d.rsample(40, rng=2).noise
    noise = noise if isinstance(noise, tuple) else (noise,)
    draw = d.transform(*noise)
    upstream, curvature = rng.normal(size=(2, *draw.value.shape))
    tangents = {}
    for name, parameter in d.parameters.items():
        direction = rng.normal(size=np.shape(d[name]))
        if isinstance(parameter.domain, Region):
            direction = parameter.domain.projected(direction, d._values[name])
        tangents[name] = direction

    def at(name, step):
        moved, domain = d._values[name] + STEP * step, d.parameters[name].domain
        return domain.retracted(moved) if isinstance(domain, Region) else moved

    def pulled(steps, of_loss):
        there = d.replace({k: at(k, steps * v) for k, v in tangents.items()}).transform(*noise)
        bent = of_loss * (there.value - draw.value)
        return there.vjp(upstream + bent)

    for given in (None, curvature):
        found = draw.hvp(upstream, tangents, curvature=given)
        rows = [pulled(steps, 0.0 if given is None else given) for steps in (-2, -1, 1, 2)]
        for name, entry in found.items():
            values = np.stack([row[name] for row in rows], axis=-1)
            expected = values @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * STEP)
            if isinstance(domain := d.parameters[name].domain, Region):
                expected = domain.projected(expected, d._values[name])
            assert entry.shape == np.shape(d[name])
            np.testing.assert_allclose(entry, expected, rtol=1e-7, atol=2e-8 * np.abs(values).max())


def test_hvp_of_batches_is_that_of_each():
    matrices = np.array([SYMMETRIC, 2.0 * np.eye(3)])
    d = rp.LogisticNormal(np.zeros((2, 3)), covariance_matrix=matrices)
    draw = d.rsample(5, rng=1)
    tangent = np.array([[0.2, 0.1, 0.0], [0.1, 0.0, 0.3], [0.0, 0.3, -0.1]])
    found = draw.hvp(draw.value, covariance_matrix=tangent)["covariance_matrix"]
    for k, matrix in enumerate(matrices):
        alone = rp.LogisticNormal(np.zeros(3), covariance_matrix=matrix).transform(draw.noise[:, k])
        own = alone.hvp(alone.value, covariance_matrix=tangent)["covariance_matrix"]
        np.testing.assert_allclose(found[k], own, rtol=1e-12, atol=1e-15)


def test_without_a_parameter_there_is_nothing_to_multiply():
    assert rp.SphericalUniform(3).rsample(2, rng=1).hvp(1.0) == {}


def test_entries_along_fields_have_those_of_numbers():
    d = rp.Independent(rp.Gamma(2.0, [1.0, 3.0]), rp.Gaussian())
    draw = d.rsample(4, rng=1)
    upstream = np.cos(draw.value)
    found = draw.hvp(upstream, {"laws[0].rate": 0.5})
    bends = d.laws[0].pathwise2(draw.value[..., 0])["rate"]
    for name, bend in bends.items():
        expected = (0.5 * upstream[..., 0] * bend).sum(axis=0)
        wanted = expected if name == "rate" else expected.sum()
        np.testing.assert_allclose(found[f"laws[0].{name}"], wanted, rtol=1e-13)
    assert found["laws[1].loc"] == 0.0


def test_fields_have_none():
    draw = rp.Dirichlet([1.0, 2.0]).rsample(3, rng=1)
    with pytest.raises(NoFormulaError, match="derivatives are of a field; there are vjp, jvp"):
        draw.hvp(1.0, concentration=1.0)
