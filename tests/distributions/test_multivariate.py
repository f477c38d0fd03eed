"""Gaussian and Student t vectors and matrices against mpmath, and what is their own."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import ParameterError, ShapeError, UnknownParameterError

#: Digits of references, and the step of their differences, whose error is its square.
DIGITS, STEP = 60, "1e-20"
EPS = 2.0**-52
WAYS = ("scale_tril", "covariance", "precision")


def exact(array):
    return mp.matrix(np.atleast_1d(array).tolist())


def factor(way, given):
    """Return A with A Aᵀ = Σ, of mpmath's numbers."""
    if way == "scale_tril":
        return given
    lower = mp.cholesky(given)
    return lower if way == "covariance" else mp.inverse(lower).T


def differences(f, *at):
    """Return the derivative along the second of each pair of matrices."""
    h = mpf(STEP)
    up, down = (f(*(x + sign * h * e for x, e in at)) for sign in (1, -1))
    return (up - down) / (2 * h)


def matrix(rng, k, condition, way):
    """Return a matrix of that condition number, as it is given, and a direction of steps."""
    basis = np.linalg.qr(rng.normal(size=(k, k)))[0]
    sigma = basis * np.geomspace(1.0, 1.0 / condition, k) @ basis.T * 10.0 ** rng.uniform(-2, 2)
    sigma = 0.5 * (sigma + sigma.T)
    direction = rng.normal(size=(k, k))
    if way == "scale_tril":
        return np.linalg.cholesky(sigma), np.tril(direction)
    scale = np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
    return sigma, (direction + direction.T) * scale


def log_density(y, loc, a):
    k, w = len(y), mp.lu_solve(a, y - loc)
    return -(w.T * w)[0] / 2 - k * mp.log(2 * mp.pi) / 2 - mp.log(abs(mp.det(a)))


def allowed(way, given, condition):
    """What a relative error may be: ε · condition of what is solved with."""
    return 100.0 * EPS * max(np.sqrt(condition) if way == "scale_tril" else condition, 50.0)


@pytest.mark.parametrize("way", WAYS)
def test_gaussian_vectors_against_mpmath(way):
    rng = np.random.default_rng(20)
    for k, condition in ((1, 1.0), (2, 10.0), (3, 1e3), (4, 1e6), (3, 1e9), (2, 1e12)):
        given, direction = matrix(rng, k, condition, way)
        loc, z = rng.normal(size=k), rng.normal(size=k)
        d = rp.MultivariateGaussian(loc, **{way: given})
        draw = d.transform(z)
        with mp.workdps(DIGITS):
            x, e = exact(given), exact(direction)
            a, m, noise = factor(way, x), exact(loc), exact(z)
            value = m + a * noise
            slope = differences(lambda s: factor(way, s) * noise, (x, e))  # noqa: B023
            y = exact(draw.value)
            density = log_density(y, m, a)
            in_matrix = differences(lambda s: log_density(y, m, factor(way, s)), (x, e))  # noqa: B023
            back = mp.lu_solve(a.T, mp.lu_solve(a, y - m))
            entropy = k * (1 + mp.log(2 * mp.pi)) / 2 + mp.log(abs(mp.det(a)))
            covariance = np.array((a * a.T).tolist(), float)
        bound = allowed(way, given, condition)
        spread = np.sqrt(np.diag(covariance))
        assert np.all(
            np.abs(draw.value - np.array(value.T, float)) <= bound * (abs(loc) + spread * 9)
        )
        expected = np.array(slope.T, float).ravel()
        size = np.max(np.abs(expected))
        for along in (
            draw.jvp({way: direction}),
            np.sum(draw.jacobian()[way] * direction, axis=(-2, -1)),
            [np.sum(draw.vjp(unit)[way] * direction) for unit in np.eye(k)],
        ):
            np.testing.assert_allclose(along, expected, rtol=0, atol=bound * size)
        log_prob = float(density)
        size = 1.0 + abs(log_prob) + float((noise.T * noise)[0])
        assert abs(d.log_prob(draw.value) - log_prob) <= bound * size
        score = d.score(draw.value)
        got, exactly = np.sum(score[way] * direction), float(in_matrix)
        assert abs(got - exactly) <= bound * np.sum(np.abs(score[way] * direction))
        exactly = np.array(back.T, float).ravel()
        size = bound * np.max(np.abs(exactly))
        np.testing.assert_allclose(score["loc"], exactly, rtol=0, atol=size)
        np.testing.assert_allclose(d.stein_score(draw.value), -exactly, rtol=0, atol=size)
        assert abs(d.entropy - float(entropy)) <= bound * (1.0 + abs(float(entropy)))
        np.testing.assert_allclose(d.covariance, covariance, rtol=0, atol=bound * covariance.max())


def student_density(y, df, loc, a):
    k, w = len(y), mp.lu_solve(a, y - loc)
    squares = (w.T * w)[0]
    constant = mp.loggamma((df + k) / 2) - mp.loggamma(df / 2) - k * mp.log(df * mp.pi) / 2
    return constant - mp.log(mp.det(a)) - (df + k) / 2 * mp.log1p(squares / df)


def test_student_vectors_against_mpmath():
    rng = np.random.default_rng(21)
    for k in (1, 2, 3, 4, 7):
        for df in (0.1, 1.0, 2.5, 30.0, 1e4, 1e8):
            a, loc, y = np.tril(rng.normal(size=(k, k))), rng.normal(size=k), rng.normal(size=k)
            a[np.diag_indices(k)] = np.exp(rng.normal(size=k))
            y *= rng.choice([1.0, 30.0])
            d = rp.MultivariateStudentT(df, loc, scale_tril=a)
            with mp.workdps(DIGITS):
                at = exact(y), mpf(df), exact(loc), exact(a)
                density = float(student_density(*at))
                h = mpf("1e-25") * at[1]
                ends = [student_density(at[0], at[1] + s * h, *at[2:]) for s in (1, -1)]
                in_df = float((ends[0] - ends[1]) / (2 * h))
                half = at[1] / 2
                spread = mp.psi(0, half + mpf(k) / 2) - mp.psi(0, half)
                level = student_density(at[2], *at[1:])
                entropy = float((at[1] + k) / 2 * spread - level)
            condition = np.linalg.cond(a)
            assert abs(d.log_prob(y) - density) <= 20 * EPS * condition * (1 + abs(density))
            w = np.linalg.solve(a, y - loc)
            share = w @ w / (df + w @ w)
            forced = (df + k) / df * share * condition  # q moves by that
            size = abs(in_df) + forced / df * (share + k / df)
            assert abs(d.score(y)["df"] - in_df) <= 40 * EPS * size, (k, df)
            assert abs(d.entropy - entropy) <= 1e-13 * (1 + abs(entropy))


def test_low_rank_is_the_dense_law():
    rng = np.random.default_rng(22)
    for k, r, size in ((1, 1, 1.0), (5, 2, 1.0), (6, 3, 1e5)):
        w, d, loc = size * rng.normal(size=(k, r)), np.exp(rng.normal(size=k)), rng.normal(size=k)
        low = rp.LowRankMultivariateGaussian(loc, w, d)
        y = low.sample(6, rng=1)
        with mp.workdps(DIGITS):
            a = mp.cholesky(exact(w) * exact(w).T + mp.diag(d.tolist()))
            for row in range(6):
                point = exact(y[row])
                density = float(log_density(point, exact(loc), a))
                assert abs(low.log_prob(y[row]) - density) <= 1e-15 * size * (1 + abs(density))
                back = mp.lu_solve(a.T, mp.lu_solve(a, point - exact(loc)))
                expected = np.array(back.T, float).ravel()
                allowed = 1e-14 * size * np.max(np.abs(expected))
                np.testing.assert_allclose(low.score(y[row])["loc"], expected, rtol=0, atol=allowed)
            inverse = np.array(mp.inverse(a * a.T).tolist(), float)
            entropy = float(k * (1 + mp.log(2 * mp.pi)) / 2 + mp.log(mp.det(a)))
        assert abs(low.entropy - entropy) <= 1e-13 * abs(entropy)
        at = low.score(y)
        slope = 0.5 * (at["loc"][:, :, np.newaxis] * at["loc"][:, np.newaxis] - inverse)
        in_factor, in_diagonal = 2.0 * slope @ w, np.diagonal(slope, axis1=1, axis2=2)
        atol = 1e-14 * size * np.max(np.abs(slope)) * max(size, 1.0)
        np.testing.assert_allclose(at["cov_factor"], in_factor, rtol=0, atol=2 * atol * size)
        np.testing.assert_allclose(at["cov_diag"], in_diagonal, rtol=0, atol=atol)


def test_matrices_are_vectors_with_a_kronecker_covariance():
    rng = np.random.default_rng(23)
    loc = rng.normal(size=(3, 2))
    a, b = (np.linalg.cholesky(np.cov(rng.normal(size=(n, 9)))) for n in (3, 2))
    d = rp.MatrixGaussian(loc, a, b)
    whole = rp.MultivariateGaussian(loc.ravel(), scale_tril=np.kron(a, b))
    z = rng.normal(size=(5, 3, 2))
    y = d.transform(z).value
    np.testing.assert_allclose(
        y.reshape(5, -1), whole.transform(z.reshape(5, -1)).value, rtol=1e-13
    )
    np.testing.assert_allclose(d.log_prob(y), whole.log_prob(y.reshape(5, -1)), rtol=1e-12)
    np.testing.assert_allclose(d.entropy, whole.entropy, rtol=1e-13)
    np.testing.assert_allclose(np.ravel(d.variance), whole.variance, rtol=1e-13)
    np.testing.assert_allclose(d.stein_score(y).reshape(5, -1), whole.stein_score(y.reshape(5, -1)))


@pytest.mark.parametrize("k", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_many_entries(k):
    rng = np.random.default_rng(24)
    a = np.tril(rng.normal(size=(k, k))) / np.sqrt(k) + 2.0 * np.eye(k)
    d = rp.MultivariateGaussian(np.zeros(k), covariance=a @ a.T)
    draw = d.rsample(3, rng=1)
    w = np.linalg.solve(np.linalg.cholesky(a @ a.T), draw.value.T).T
    np.testing.assert_allclose(w, draw.noise, atol=1e-11)
    np.testing.assert_allclose(
        d.log_prob(draw.value),
        -0.5 * np.sum(w * w, axis=1) - 0.5 * k * np.log(2 * np.pi) - np.linalg.slogdet(a)[1],
        rtol=1e-12,
    )
    pulled = draw.vjp(draw.value)["covariance"]
    np.testing.assert_allclose(np.sum(pulled * d.covariance), 0.5 * np.sum(draw.value**2))
    low = rp.LowRankMultivariateGaussian(np.zeros(k), rng.normal(size=(k, 2)), np.ones(k))
    assert np.isfinite(low.log_prob(low.sample(rng=1)))


def test_kl_of_nearly_equal_laws_keeps_its_digits():
    rng = np.random.default_rng(25)
    a = np.linalg.cholesky(np.cov(rng.normal(size=(3, 9))))
    step = np.tril(rng.normal(size=(3, 3))) * 1e-9
    p = rp.MultivariateGaussian(np.zeros(3), scale_tril=a + step)
    q = rp.MultivariateGaussian(np.zeros(3), scale_tril=a)
    with mp.workdps(DIGITS):
        m = mp.inverse(exact(a)) * exact(a + step)
        expected = (mp.fsum(x * x for x in m) - 3) / 2 - mp.log(mp.det(m))
    assert abs(rp.kl(p, q).value / float(expected) - 1.0) < 1e-6  # ε over a difference of 1e-9
    assert 0.0 <= rp.kl(p, p).value < 1e-30
    assert rp.kl(p, p.replace(loc=[1.0, 0.0, 0.0])).method == "closed form"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"covariance": [[1, 2], [2, 1]]}, ParameterError, "leading minor of order 2 .*\\(-3\\)"),
        ({"covariance": [[1, 0.5], [0.2, 1]]}, ParameterError, "0.5 and 0.2; pass a symmetric"),
        ({"covariance": [[[1, 0], [0, 1]], [[0, 0], [0, 1]]]}, ParameterError, r"covariance\[1\]"),
        ({"scale_tril": [[1, 1], [0, 1]]}, ParameterError, "above the diagonal, is 1"),
        ({"scale_tril": [[1, 0], [1, 0]]}, ParameterError, "on the diagonal, is 0"),
        ({"scale_tril": [[1, 0, 0], [1, 1, 0]]}, ParameterError, "not square"),
        ({"scale_tril": [1, 2]}, ParameterError, "not a matrix; .* such as"),
        ({"loc": [0, 1], "precision": np.eye(3)}, ShapeError, "K is 2 in one and 3 in the other"),
        ({"scale_tril": [[1]], "covariance": [[1]]}, UnknownParameterError, "pass one of them"),
    ],
)
def test_bad_matrices_are_explained(given, error, message):
    with pytest.raises(error, match=message):
        rp.MultivariateGaussian(**given)


def test_one_way_is_kept_and_the_others_are_known():
    d = rp.MultivariateGaussian(precision=[[2.0, 0.5], [0.5, 1.0]])
    assert list(d.parameters) == ["loc", "precision"]
    assert list(d.rsample(3, rng=1).vjp(1.0)) == list(d.score([0.0, 0.0])) == ["loc", "precision"]
    assert repr(d.replace(loc=[1.0, 2.0])).startswith("MultivariateGaussian(loc=[1.0, 2.0], prec")
    np.testing.assert_allclose(d.covariance @ d.precision, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(d.scale_tril @ d.scale_tril.T, d.covariance, atol=1e-15)


def test_batches_of_matrices():
    rng = np.random.default_rng(26)
    a = np.linalg.cholesky(np.stack([np.cov(rng.normal(size=(2, 9))) for _ in range(3)]))
    d = rp.MultivariateGaussian(rng.normal(size=(4, 1, 2)), covariance=a @ np.swapaxes(a, 1, 2))
    draw = d.rsample(5, rng=1)
    assert d.batch_shape == (4, 3)
    assert draw.value.shape == (5, 4, 3, 2)
    upstream = rng.normal(size=draw.value.shape)
    pulled = draw.vjp(upstream)
    assert {name: each.shape for name, each in pulled.items()} == {
        "loc": (4, 1, 2),
        "covariance": (3, 2, 2),
    }
    expected = np.einsum("nijk,nijkab->jab", upstream, draw.jacobian()["covariance"])
    np.testing.assert_allclose(pulled["covariance"], expected, rtol=1e-12)


def test_marginal_and_conditional():
    rng = np.random.default_rng(27)
    d = rp.MultivariateGaussian(rng.normal(size=4), covariance=np.cov(rng.normal(size=(4, 9))))
    y = d.sample(rng=1)
    known, rest = [2, 0], [1, 3]
    low = rp.LowRankMultivariateGaussian(y + 0.01, rng.normal(size=(4, 2)), [1.0, 1e-4, 1e-6, 2.0])
    student = rp.MultivariateStudentT(2.5, d.loc, scale_matrix=d.covariance)
    for each in (d, low, student):
        first, second = each.marginal(known), each.conditional(known, y[known])
        joint = first.log_prob(y[known]) + second.log_prob(y[rest])
        np.testing.assert_allclose(joint, each.log_prob(y), rtol=1e-12)
    for wrong in ([0, 0], [4], []):
        with pytest.raises(ShapeError, match="different numbers from 0 to 3"):
            d.marginal(wrong)
    with pytest.raises(ShapeError, match="leave some of them out"):
        d.conditional(range(4), y)
    with pytest.raises(ShapeError, match="last axis has length 2"):
        d.conditional(known, y)


def test_divergence_of_matrices_is_that_of_their_entries():
    """Value and derivatives: of Kronecker products, and next to each other."""
    rng = np.random.default_rng(5)

    def given():
        factors = (
            np.tril(rng.normal(size=(n, n)), -1) + np.diag(rng.uniform(0.5, 2.0, n)) for n in (2, 3)
        )
        return rng.normal(size=(2, 3)), *factors

    one, other = given(), given()
    found = rp.kl(rp.MatrixGaussian(*one), rp.MatrixGaussian(*other))
    vectors = [
        rp.MultivariateGaussian(loc.ravel(), scale_tril=np.kron(a, b)) for loc, a, b in (one, other)
    ]
    expected = rp.kl(*vectors)
    assert found.method == "closed form"
    assert math.isclose(found.value, expected.value, rel_tol=1e-13)
    for got, whole, (_, a, b) in (
        (found.gradient_p, expected.gradient_p, one),
        (found.gradient_q, expected.gradient_q, other),
    ):
        np.testing.assert_allclose(got["loc"].ravel(), whole["loc"], rtol=1e-12)
        blocks = whole["scale_tril"].reshape(2, 3, 2, 3)  # ∂/∂(a_ij b_kl)
        for name, weights in (("row", "ikjl,kl->ij"), ("column", "ikjl,ij->kl")):
            by_chain = np.einsum(weights, blocks, b if name == "row" else a)
            np.testing.assert_allclose(
                got[f"scale_tril_{name}"], np.tril(by_chain), rtol=1e-11, atol=1e-12
            )
    loc, a, b = one
    near = rp.MatrixGaussian(loc, a * (1.0 + 2.0**-30), b)
    assert math.isclose(rp.kl(rp.MatrixGaussian(*one), near).value, 6.0 * 2.0**-60, rel_tol=1e-6)


def test_marginals_have_the_moments_of_their_entries():
    """Whose distributions are of the same family, with the mean and the covariance of the whole."""
    rng = np.random.default_rng(2)
    lower = np.tril(rng.normal(size=(4, 4)), -1) + np.diag([1.0, 2.0, 0.5, 1.5])
    loc, chosen = rng.normal(size=4), [2, 0]
    laws = [
        rp.MultivariateGaussian(loc, scale_tril=lower),
        rp.MultivariateStudentT(7.0, loc, scale_tril=lower),
        rp.LowRankMultivariateGaussian(loc, lower[:, :2], [1.0, 0.5, 2.0, 3.0]),
        rp.Dirichlet([0.5, 1.5, 3.0, 0.2]),
        rp.Multinomial(7, probs=[0.5, 1.5, 3.0, 0.2]),
        rp.OneHotCategorical(logits=[0.5, 1.5, 3.0, -np.inf]),
        rp.DirichletMultinomial(7, [0.5, 1.5, 3.0, 0.2]),
        rp.Independent(
            rp.Gaussian(), rp.Gamma(2.0), rp.Truncated(rp.Cauchy(), -1.0, 2.0), rp.Beta()
        ),
    ]
    for d in laws:
        marginal = d.marginal(chosen)
        np.testing.assert_allclose(marginal.mean[:2], d.mean[chosen], rtol=1e-14)
        whole = d.covariance[np.ix_(chosen, chosen)]
        np.testing.assert_allclose(marginal.covariance[:2, :2], whole, rtol=1e-13)
        with pytest.raises(ShapeError, match="from 0 to 3"):
            d.marginal([0, 4])
    some = np.ix_(chosen, chosen)
    for d in (rp.Wishart(9.0, scale_tril=lower), rp.InverseWishart(9.0, scale_tril=lower)):
        for what in ("mean", "variance"):
            got, whole = (getattr(each, what) for each in (d.marginal(chosen), d))
            np.testing.assert_allclose(got, whole[some], rtol=1e-13)
    matrix = rp.MatrixGaussian(rng.normal(size=(4, 3)), lower, lower[:3, :3])
    part = matrix.marginal(chosen, [1])
    np.testing.assert_array_equal(part.mean, matrix.mean[chosen][:, [1]])
    whole = matrix.covariance[np.ix_(chosen, [1], chosen, [1])]
    np.testing.assert_allclose(part.covariance, whole, rtol=1e-13)
    with pytest.raises(ShapeError, match="from 0 to 2"):
        matrix.marginal([0], [3])
    assert rp.Dirichlet([1.0, 2.0]).marginal([1, 0]).concentration.tolist() == [2.0, 1.0]
