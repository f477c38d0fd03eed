"""Gaussian vectors mapped onto the simplex, beside mpmath and PyTorch's convention."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import NoFormulaError

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
    d = law(loc, covariance_matrix=COVARIANCE)
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
    d = law([0.3, -0.2], covariance_matrix=COVARIANCE)
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
    p, q = (law(loc, covariance_matrix=matrix) for loc, matrix in given)
    same = [rp.MultivariateGaussian(loc, covariance=matrix) for loc, matrix in given]
    found, expected = rp.kl(p, q), rp.kl(*same)
    assert found.value == expected.value
    assert found.method == "closed form"
    y = p.sample(20_000, rng=7)
    terms = p.log_prob(y) - q.log_prob(y)
    assert abs(np.mean(terms) - found.value) < 4.5 * np.std(terms) / math.sqrt(len(y))


#: μ, L, and by distribution E y, entries (0, 0), (1, 0) and (1, 1) of Cov y, and the entropy: by
#: Gauss-Legendre rules of 25 digits and more in both z.
MOMENTS = [
    (
        ([0.3, -0.2], [[2.0, 0.0], [0.5, 0.75]]),
        (
            [0.43863245300390368489, 0.23605665318270259192, 0.32531089381339372319],
            [0.087484179241140859461, -0.029114981635447458329, 0.023209928841372564256],
            -1.2100452764139721974,
        ),
        (
            [0.44069646209036555942, 0.22394426821324277439, 0.33535926969639166619],
            [0.096802319820338430897, -0.028449327859246988505, 0.019661177694457463886],
            -1.379579148983180563,
        ),
    ),
    (
        ([-8.0, 3.0], [[0.25, 0.0], [-0.125, 0.0625]]),
        (
            [0.000017051923929111931238, 0.95215771157282906237, 0.047825236503241825702],
            [4.3481759638774222078e-11, -3.9550926359629627837e-8, 0.000040827702189258300155],
            -15.468147471315179842,
        ),
        (
            [0.00017302380388582957062, 0.95200940916704528602, 0.047817567029068884412],
            [1.9300288880755998768e-9, -2.5124688424431489653e-7, 0.000041215199606031563149],
            -13.112732515456865386,
        ),
    ),
    (
        ([1.0, -1.0], [[2.0**-20, 0.0], [2.0**-21, 2.0**-22]]),
        (
            [0.66524095577479044386, 0.090030573170376673211, 0.24472847105483288293],
            [3.3993753833034059749e-14, -3.597337356595913646e-15, 7.0741216491832549061e-16],
            -30.497122410441755455,
        ),
        (
            [0.57611688476581220397, 0.11399972750580753691, 0.30988338772838025912],
            [5.4239242504203130905e-14, -5.3320411631509644984e-15, 9.1898512284791201275e-16],
            -30.168867672821454865,
        ),
    ),
]


@each_law
def test_moments(law):
    """Also of narrow distributions, where E y² − (E y)² cancels."""
    given, *exact = map(list, zip(*MOMENTS, strict=True))
    loc, factors = map(np.array, zip(*given, strict=True))
    d = law(loc, scale_tril=factors)
    mean, below, entropy = map(np.array, zip(*exact[LAWS.index(law)], strict=True))
    np.testing.assert_allclose(d.mean, mean, rtol=2e-15)
    np.testing.assert_allclose(d.entropy, entropy, rtol=4e-15)
    covariance, (i, j) = d.covariance, np.tril_indices(2)
    spread = np.sqrt(d.variance)
    error = (covariance[:, i, j] - below) / (spread[:, i] * spread[:, j])
    np.testing.assert_allclose(error, 0.0, atol=1e-14)
    sums = covariance.sum(axis=-1) / spread / spread.max(axis=-1, keepdims=True)
    np.testing.assert_allclose(sums, 0.0, atol=1e-14)


def test_moments_of_many_entries():
    """Where the grid of nodes would be too large they are refused, with the reason."""
    d = rp.LogisticNormal(np.zeros(9))
    for refused in (
        lambda: d.mean,
        lambda: d.variance,
        lambda: d.covariance,
        lambda: d.entropy,
    ):
        with pytest.raises(NoFormulaError, match=r"integrals over 9 dimensions, of .* nodes"):
            refused()
    d = rp.StickBreakingNormal(np.linspace(-1.0, 1.0, 9))  # its entropy is of one number at a time
    log_p = d.log_prob(d.sample(20_000, rng=3))
    assert abs(d.entropy + np.mean(log_p)) < 4.5 * np.std(log_p) / math.sqrt(len(log_p))
