"""Gaussian vectors mapped onto the simplex, beside mpmath and PyTorch's convention."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp

COVARIANCE = np.array([[2.0, 0.5], [0.5, 1.0]])
LAWS = [rp.LogisticNormal, rp.StickBreakingNormal]
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)


def exact_onto(law, x):
    if law is rp.LogisticNormal:
        weights = [*map(mp.exp, x), mpf(1)]
        return [w / mp.fsum(weights) for w in weights]
    pieces, left = [], mpf(1)
    for k, each in enumerate(x):
        share = 1 / (1 + (len(x) - k) * mp.exp(-each))
        pieces.append(left * share)
        left *= 1 - share
    return [*pieces, left]


@each_law
def test_values_and_density(law):
    """Also where an entry is next to 0 or 1."""
    loc = np.array([0.3, -0.2])
    d = law(loc, covariance=COVARIANCE)
    z = np.array([[0.5, -1.0], [20.0, -20.0], [-30.0, 5.0], [0.0, 40.0], [-300.0, -500.0]])
    draw = d.transform(z)
    factor = np.linalg.cholesky(COVARIANCE)
    with mp.workdps(500):
        for row, noise in enumerate(z):
            x = [
                mpf(loc[k])
                + mp.fsum(mpf(f) * mpf(n) for f, n in zip(factor[k], noise, strict=True))
                for k in range(2)
            ]
            exact = exact_onto(law, x)
            logs = [float(mp.log(each)) for each in exact]
            assert np.allclose(draw.log_value[row], logs, rtol=1e-13, atol=0.0)
            assert np.allclose(
                draw.value[row], [float(each) for each in exact], rtol=3e-13, atol=0.0
            )
            if row < 2:
                log_p = (
                    -0.5 * noise @ noise - math.log(2.0 * math.pi) - np.sum(np.log(np.diag(factor)))
                )
                assert math.isclose(d.log_prob(draw.value[row]), log_p - sum(logs), rel_tol=1e-11)


@each_law
def test_density_integrates_to_one(law):
    """In the first two entries, by the midpoint rule of their logits."""
    d = law([0.3, -0.2], covariance=COVARIANCE)
    line = np.linspace(-14.0, 14.0, 500)
    first, share = (1.0 / (1.0 + np.exp(-each)) for each in np.meshgrid(line, line))
    second = (1.0 - first) * share
    y = np.stack([first, second, (1.0 - first) * (1.0 - share)], axis=-1)
    slopes = first * (1.0 - first) ** 2 * share * (1.0 - share)
    mass = np.sum(np.exp(d.log_prob(y)) * slopes) * (line[1] - line[0]) ** 2
    assert math.isclose(mass, 1.0, rel_tol=1e-6)


def test_equal_pieces():
    """x = 0 makes equal pieces, as PyTorch's StickBreakingTransform does."""
    for law in LAWS:
        assert np.allclose(law(np.zeros(4)).transform(np.zeros(4)).value, 0.2, rtol=1e-15)
    draw = rp.StickBreakingNormal([0.5, -1.0]).transform([0.25, 2.0])
    # torch.distributions.StickBreakingTransform()(torch.tensor([0.75, 1.0]))
    assert np.allclose(
        draw.value, [0.5142093777192814, 0.3551414018363277, 0.13064922044439087], rtol=1e-15
    )


@each_law
def test_boundary(law):
    d = law([0.0, 0.0])
    assert np.all(d.log_prob([[0.0, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.6, 0.0]]) == -np.inf)
    assert np.all(np.isfinite(d.score([0.0, 0.5, 0.5])["loc"]))


@each_law
def test_divergence(law):
    """That of the Gaussian vectors."""
    given = [([0.3, -0.2], COVARIANCE), ([1.0, 0.0], np.diag([1.0, 3.0]))]
    p, q = (law(loc, covariance=matrix) for loc, matrix in given)
    same = [rp.MultivariateGaussian(loc, covariance=matrix) for loc, matrix in given]
    found, expected = rp.kl(p, q), rp.kl(*same)
    assert found.value == expected.value
    assert found.method == "closed form"
    y = p.sample(20_000, rng=7)
    terms = p.log_prob(y) - q.log_prob(y)
    assert abs(np.mean(terms) - found.value) < 4.5 * np.std(terms) / math.sqrt(len(y))
