"""Closed forms of KL within families, and of what maps and products make of these."""

from itertools import product

import mpmath as mp
import numpy as np
import pytest

import reparam as rp
from reparam.divergences import _monte_carlo

PAIRS = [
    (rp.Cauchy(0.3, 1.5), rp.Cauchy(-1.0, 0.7)),
    (rp.HalfCauchy(1.5), rp.HalfCauchy(0.4)),
    (rp.HalfNormal(1.5), rp.HalfNormal(0.8)),
    (rp.Gumbel(0.3, 1.5), rp.Gumbel(-0.4, 1.2)),
    (rp.Weibull(1.5, 2.0), rp.Weibull(0.9, 1.3)),
    (rp.Pareto(1.5, 2.0), rp.Pareto(0.9, 3.0)),
    (rp.GeneralizedGamma(1.5, 2.0, 0.5), rp.GeneralizedGamma(0.3, 0.4, 0.8)),
    (rp.Weibull(1.5, 2.0), rp.Gamma(0.3, 0.4)),
    (rp.Nakagami(1.5, 2.0), rp.Chi(2.0)),
    (rp.Nakagami(1.5, 2.0), rp.Maxwell(1.4)),
    (rp.HalfNormal(1.5), rp.Rayleigh(0.8)),
    (rp.InverseGamma(3.5, 2.0), rp.Frechet(2.0, 2.3)),
    (rp.ExpGamma(1.5, 2.0, 0.5), rp.ExpGamma(0.3, 0.4, 0.8)),
    (rp.Gumbel(1.0, 0.6), rp.Moyal(0.3, 0.4)),
    (rp.InverseGaussian(1.5, 2.0), rp.InverseGaussian(0.9, 3.0)),
    (rp.LogUniform(1.5, 2.0), rp.LogUniform(1.1, 2.3)),
    (rp.VonMises(0.3, 1.5), rp.VonMises(0.3, 0.4)),
    (rp.SigmoidBeta(1.5, 2.0), rp.SigmoidBeta(0.9, 3.0)),
    (rp.ContinuousBernoulli(0.3), rp.ContinuousBernoulli(-1.5)),
    (rp.ContinuousBernoulli(-4.0), rp.ContinuousBernoulli(-1.5)),
    (rp.LogNormal(0.3, 1.5), rp.LogNormal(-0.4, 1.2)),
    (rp.JohnsonSB(0.3, 2.0), rp.LogitNormal(0.2, 0.6)),
    (rp.log(rp.Gamma(2.0, 1.5)), rp.log(rp.Weibull(1.5, 2.0))),
]
#: Of families that have little in common.
UNLIKE = [
    (rp.Gaussian(0.3, 1.5), rp.Gumbel(-0.4, 1.2)),
    (rp.Exponential(0.7), rp.Gumbel(0.4, 1.2)),
    (rp.Exponential(4.0), rp.Gumbel(-0.5, 0.3)),
    (rp.Uniform(0.3, 1.5), rp.Gumbel(0.4, 1.4)),
    (rp.Uniform(-0.3, 5.5), rp.Gumbel(1.4, 0.8)),
    (rp.Uniform(0.3, 1.5), rp.Exponential(2.0)),
    (rp.Uniform(0.1, 0.8), rp.Beta(1.5, 3.0)),
    (rp.Uniform(0.1, 0.8), rp.ContinuousBernoulli(1.5)),
    (rp.Uniform(0.3, 1.5), rp.Gamma(0.6, 1.4)),
    (rp.Uniform(0.3, 1.5), rp.Pareto(0.2, 1.4)),
    (rp.Beta(1.5, 3.0), rp.ContinuousBernoulli(0.7)),
    (rp.Beta(1.5, 3.0), rp.ContinuousBernoulli(-4.0)),
    (rp.Beta(1.5, 3.0), rp.ContinuousBernoulli(3.0)),
    (rp.Beta(1.5, 12.0), rp.Exponential(6.0)),
    (rp.Beta(1.5, 3.0), rp.Gamma(2.5, 4.0)),
    (rp.Beta(11.0, 13.0), rp.Gaussian(0.4, 0.2)),
    (rp.Beta(1.5, 3.0), rp.Uniform(-0.5, 1.2)),
    (rp.ContinuousBernoulli(-2.5), rp.Exponential(4.0)),
    (rp.ContinuousBernoulli(-2.5), rp.Gaussian(0.5, 0.4)),
    (rp.ContinuousBernoulli(-2.5), rp.Uniform(-0.5, 1.2)),
    (rp.Exponential(0.7), rp.Gaussian(0.4, 1.2)),
    (rp.Gamma(2.5, 1.7), rp.Gaussian(0.4, 1.2)),
    (rp.Gamma(2.5, 1.7), rp.Gumbel(0.4, 1.2)),
    (rp.Pareto(0.7, 9.5), rp.Exponential(1.2)),
    (rp.Pareto(0.7, 9.5), rp.Gamma(1.7, 1.2)),
    (rp.Pareto(0.7, 9.5), rp.Gaussian(0.4, 1.2)),
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


@pytest.mark.parametrize(("p", "q"), PAIRS + UNLIKE, ids=lambda d: type(d).name)
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
        if isinstance(p, rp.VonMises) and name == "loc":
            continue  # anywhere else it is infinite
        sides = [integral(p, q.replace({name: q[name] + s * h})) for s in (1.0, -1.0)]
        assert entry == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("p", "_"), PAIRS, ids=lambda d: type(d).name)
def test_nearly_the_same(p, _):
    """KL is half the Fisher information times the square of what is moved."""
    for name in set(p.parameters) - set(p.moving):
        values = []
        for h in (2.0**-10, 2.0**-30):
            found = rp.kl(p, p.replace({name: p[name] * (1.0 + h)}))
            assert found.gradient_q[name] * p[name] > 0.0
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


def test_map_with_parameters_has_none():
    """y² and y³ are two maps, and derivatives in the powers are not those of the bases."""
    p, q = rp.Gamma(2.0, 1.5) ** 2.0, rp.Gamma(1.5) ** 3.0
    assert rp.kl(p, q, n=10, rng=1).method == "Monte Carlo"
    assert rp.kl(rp.exp(rp.Gumbel()), rp.exp(rp.Logistic()), n=10, rng=1).method == "Monte Carlo"


def test_product():
    p = rp.Independent([rp.Gaussian(0.3, 1.5), rp.Gamma(2.0)])
    q = rp.Independent([rp.Gaussian(), rp.Weibull(1.5, 2.0)])
    found = rp.kl(p, q)
    parts = [rp.kl(*pair) for pair in zip(p.laws, q.laws, strict=True)]
    assert found.value == sum(part.value for part in parts)
    assert found.gradient_p["laws[1].alpha"] == parts[1].gradient_p["alpha"]
    assert found.gradient_q["laws[0].scale"] == parts[0].gradient_q["scale"]


def test_product_of_which_one_entry_is_estimated():
    """The other stays exact, and an end may move; entries draw independently of each other."""
    laws = rp.StudentT(5.0, scale=[1.0, 2.0]), rp.Truncated(rp.Logistic(), low=0.0), rp.Gamma(2.0)
    others = rp.Logistic(), rp.Gamma(1.5), rp.Gamma(1.0)
    found = rp.kl(rp.Independent(*laws), rp.Independent(*others), n=5_000, rng=3)
    parts = [rp.kl(*pair, n=5_000, rng=5) for pair in zip(laws, others, strict=True)]
    assert found.method == "Monte Carlo"
    assert found.value.shape == (2,)
    error = np.sqrt(sum(part.standard_error.value**2 for part in parts))
    np.testing.assert_allclose(found.standard_error.value, error, rtol=0.25)
    expected = sum(part.value for part in parts)
    assert np.all(abs(found.value - expected) < 6.5 * error)
    assert np.all(found.standard_error.gradient_p["laws[2].alpha"] == 0.0)
    assert np.all(found.gradient_p["laws[2].alpha"] == parts[2].gradient_p["alpha"])
    low, error = (each.gradient_p["laws[1].low"] for each in (found, found.standard_error))
    assert np.all(abs(low - parts[1].gradient_p["low"]) < 6.5 * error)
    same = rp.kl(rp.Independent(*laws[:1] * 2), rp.Independent(*others[:1] * 2), n=100, rng=1)
    assert same.gradient_p["laws[0].df"][0] != same.gradient_p["laws[1].df"][0]


def test_product_of_gaussians_beside_a_gaussian_vector():
    """As the vector that it is, batches and derivatives included."""
    loc, scale = np.array([[0.5, -1.0], [1.0, 2.0], [0.0, 0.3]]), np.array([0.5, 1.5])
    product = rp.Independent(rp.Gaussian(loc[:, 0], scale[0]), rp.Gaussian(loc[:, 1], scale[1]))
    vector = rp.MultivariateGaussian(loc, scale_tril=np.diag(scale))
    for other in (
        rp.MultivariateGaussian([0.3, 0.1], precision=[[2.0, 0.5], [0.5, 1.0]]),
        rp.LowRankMultivariateGaussian([0.3, 0.1], [[1.0], [0.5]], [1.0, 2.0]),
    ):
        for pair, same, side, rest in (
            ((product, other), (vector, other), "gradient_p", "gradient_q"),
            ((other, product), (other, vector), "gradient_q", "gradient_p"),
        ):
            found, expected = rp.kl(*pair), rp.kl(*same)
            assert found.method == "closed form"
            np.testing.assert_allclose(found.value, expected.value, rtol=1e-14)
            gradient, whole = (getattr(each, side) for each in (found, expected))
            for k in range(2):
                np.testing.assert_allclose(gradient[f"laws[{k}].loc"], whole["loc"][:, k])
                slope = whole["scale_tril"][:, k, k]
                np.testing.assert_allclose(gradient[f"laws[{k}].scale"], slope)
            for name, entry in getattr(expected, rest).items():
                np.testing.assert_array_equal(getattr(found, rest)[name], entry)
    mixed = rp.Independent(rp.Gaussian(), rp.Logistic())
    assert rp.kl(mixed, rp.MultivariateGaussian(), n=10, rng=1).method == "Monte Carlo"


@pytest.mark.parametrize("batch", [(), (2,)])
def test_estimates_between_vectors_stick_the_landing(batch):
    """A copula of Gaussians, whose exact divergence is known; a batch of q takes the scores."""
    correlation, loc = np.array([[1.0, 0.5], [0.5, 1.0]]), np.zeros((*batch, 2))
    p = rp.GaussianCopula([rp.Gaussian(0.3), rp.Gaussian(-0.5)], correlation=correlation)
    q = rp.MultivariateGaussian(loc, covariance=[[2.0, 0.3], [0.3, 1.0]])
    found = rp.kl(p, q, n=20_000, rng=1)
    expected = rp.kl(rp.MultivariateGaussian([0.3, -0.5], covariance=correlation), q)
    errors = found.standard_error
    assert np.all(abs(found.value - expected.value) < 4.5 * errors.value)
    for k in range(2):
        name, exact = f"margins[{k}].loc", expected.gradient_p["loc"][..., k]
        assert np.all(abs(found.gradient_p[name] - exact) < 4.5 * errors.gradient_p[name])
    slope = found.gradient_p["correlation"][..., 0, 1]
    error = errors.gradient_p["correlation"][..., 0, 1]
    exact = expected.gradient_p["covariance"][..., 0, 1]
    assert np.all(abs(slope - exact) < 4.5 * error)
    assert np.all((error < 0.005) == (not batch))
    same = rp.Dirichlet([0.3, 2.0])
    nothing = _monte_carlo.estimate(same, same, 100, 1, ())
    assert np.all(nothing[1][1][0] == 0.0)


def test_tails_that_cancel_up_to_rounding_are_not_infinite():
    """Far out log p and log q are 1e300, and their difference is rounding."""
    found = rp.kl(rp.Truncated(rp.Laplace(), low=0.0), rp.Gamma(1.5), n=10_000, rng=1)
    expected = rp.kl(rp.Exponential(), rp.Gamma(1.5)).value
    assert abs(found.value - expected) < 4.5 * found.standard_error.value


def test_product_of_which_one_entry_is_infinite():
    p = rp.Independent(rp.Gaussian(), rp.StudentT([1.5, 5.0]))
    found = rp.kl(p, rp.Independent(rp.Gaussian(1.0), rp.Gaussian()), n=100, rng=1)
    np.testing.assert_array_equal(np.isinf(found.value), [True, False])
    assert np.all(np.isnan(found.gradient_p["laws[0].loc"]) == [True, False])
    assert found.notes[0].startswith("entry 1: KL is infinite for 1 of 2 elements: q falls off")
    found = rp.kl(p, rp.Independent(rp.Gaussian(), rp.Gamma()))
    assert found.method == "infinite"


def stacy(alpha, s, k, beta, t, c):
    """Return KL of two generalized gamma distributions in arbitrary precision (Bauckhage 2014)."""
    r, apart = c / k, c * mp.log(s / t)
    moment = mp.exp(apart + mp.loggamma(alpha + r) - mp.loggamma(alpha))
    of_shapes = mp.loggamma(beta) - mp.loggamma(alpha) + (alpha - beta * r) * mp.digamma(alpha)
    return of_shapes - mp.log(r) - alpha - beta * apart + moment


def exact(theta, i):
    """Return KL for i = 0, or its derivative in parameter i."""
    if i == 0:
        return stacy(*theta)
    h = theta[i - 1] * mp.mpf(10) ** -25
    sides = [stacy(*theta[: i - 1], theta[i - 1] + s * h, *theta[i:]) for s in (1, -1)]
    return (sides[0] - sides[1]) / (2 * h)


@mp.workdps(70)
def test_digits():
    """Values and derivatives: 1e-13, or 20 times what half an ulp of the parameters forces."""
    rng = np.random.default_rng(1)
    theta = np.exp(rng.uniform(-7.0, 7.0, (6, 30)))
    theta[2::3] **= 0.3
    theta[3:, 10:] = theta[:3, 10:] * np.exp(rng.choice([0.0, 1e-9, 1e-3], (3, 20)))
    found = rp.kl(rp.GeneralizedGamma(*theta[:3]), rp.GeneralizedGamma(*theta[3:]))
    got = [found.value, *found.gradient_p.values(), *found.gradient_q.values()]
    for j, i in product(range(30), range(7)):
        at = [mp.mpf(x) for x in theta[:, j]]
        wanted = exact(at, i)
        error = abs(float(got[i][j] - wanted))
        if error > 1e-13 * abs(wanted):
            moved = [[*at[:k], at[k] * (1 + mp.mpf(2) ** -53), *at[k + 1 :]] for k in range(6)]
            assert error <= 20 * sum(abs(exact(each, i) - wanted) for each in moved), (j, i)


def test_matrices_are_gaussians_of_their_rows():
    """KL and its gradients are those of the vectors of entries, whose covariance is A Aᵀ ⊗ B Bᵀ."""
    a, b = np.array([[1.5, 0.0], [0.3, 0.8]]), np.array([[0.7, 0.0], [-0.4, 1.2]])
    loc = np.array([[0.3, -0.2], [1.0, 0.5]])
    p, q = rp.MatrixGaussian(loc, a, b), rp.MatrixGaussian(0.5 * loc, b, a)
    found = rp.kl(p, q)
    rows = [
        rp.MultivariateGaussian(d.loc.ravel(), np.kron(d.scale_tril_row, d.scale_tril_column))
        for d in (p, q)
    ]
    wanted = rp.kl(*rows)
    assert found.value == pytest.approx(wanted.value, rel=1e-13)
    np.testing.assert_allclose(found.gradient_p["loc"].ravel(), wanted.gradient_p["loc"])
    for side in ("gradient_p", "gradient_q"):
        d = p if side == "gradient_p" else q
        in_factor, in_row = getattr(wanted, side)["scale_tril"], getattr(found, side)
        for i, j in ((0, 0), (1, 0), (1, 1)):
            unit = np.zeros((2, 2))
            unit[i, j] = 1.0
            moved = np.sum(in_factor * np.kron(unit, d.scale_tril_column))
            assert in_row["scale_tril_row"][i, j] == pytest.approx(moved, rel=1e-12)
            moved = np.sum(in_factor * np.kron(d.scale_tril_row, unit))
            assert in_row["scale_tril_column"][i, j] == pytest.approx(moved, rel=1e-12)


def test_draws_of_vectors_that_round_to_an_edge_are_noted():
    p, q = rp.Dirichlet([1e-3, 2e-3, 3e-3]), rp.Concrete(1.0, logits=np.zeros(3))
    assert "of 500 draws round to an endpoint of p's support" in rp.kl(p, q, n=500, rng=1).notes[0]
    assert rp.kl(rp.Dirichlet([1.0, 2.0, 3.0]), q, n=500, rng=1).notes == ()
