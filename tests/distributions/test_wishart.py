"""The Wishart distribution and its inverse: against arbitrary precision, and their moments."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats
from scipy.special import polygamma

import reparam as rp
from reparam.errors import ParameterError
from reparam.special.gamma import log_pathwise
from tests.helpers.exact import slope
from tests.helpers.precise import digamma, log_gamma

BOTH = pytest.mark.parametrize("cls", [rp.Wishart, rp.InverseWishart])


def parameters(d, seed):
    """Return df, and a factor that is not small off the diagonal."""
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.normal(size=(d, d)), -1) + np.diag(rng.uniform(0.3, 3.0, d))
    return d - 1.0 + 10.0 ** rng.uniform(-1.0, 3.0), factor, rng


def exact(matrix):
    return mp.matrix([[mpf(float(entry)) for entry in row] for row in matrix])


def log_density(cls, y, df, scale):
    d, df = y.rows, mpf(df)
    constant = df * d / 2 * mp.log(2) + log_gamma_d(df / 2, d)
    if cls is rp.Wishart:
        inner = (df - d - 1) / 2 * mp.log(mp.det(y)) - mp_trace(scale**-1 * y) / 2
        return inner - df / 2 * mp.log(mp.det(scale)) - constant
    inner = -(df + d + 1) / 2 * mp.log(mp.det(y)) - mp_trace(scale * y**-1) / 2
    return inner + df / 2 * mp.log(mp.det(scale)) - constant


def log_gamma_d(a, d):
    terms = (log_gamma(a - mpf(i) / 2) for i in range(d))
    return mpf(d * (d - 1)) / 4 * mp.log(mp.pi) + mp.fsum(terms)


def mp_trace(matrix):
    return mp.fsum(matrix[i, i] for i in range(matrix.rows))


def drawn(cls, df, factor, a, on_diagonal):
    """Return the draw of the noise below the diagonal, and of χ² variates on it."""
    a = a.copy()
    for i, square in enumerate(on_diagonal):
        a[i, i] = mp.sqrt(square)
    t = factor * a if cls is rp.Wishart else factor * a**-1
    return t * t.T


@BOTH
def test_density_score_and_entropy_are_exact(cls):
    for seed in range(12):
        d = 1 + seed % 4
        df, factor, _ = parameters(d, seed)
        law = cls(df, scale_tril=factor)
        y = law.sample(rng=seed)
        with mp.workdps(60):
            whole, at = exact(factor) * exact(factor).T, exact(y)
            right = log_density(cls, at, df, whole)
            condition = float(mp.cond(at) * mp.cond(whole))
            bound = 1e-15 * max(100.0, condition)
            assert abs(law.log_prob(y) / right - 1) < bound
            step = mpf(10) ** -20
            score = law.score(y)
            moved = [log_density(cls, at, mpf(df) + h, whole) for h in (-step, step)]
            size = abs(mp.log(mp.det(at) / mp.det(whole))) + 1
            assert abs(score["df"] - (moved[1] - moved[0]) / (2 * step)) < bound * size
            for i in range(d):
                for j in range(i + 1):
                    ends = []
                    for h in (-step, step):
                        tril = exact(factor)
                        tril[i, j] += h
                        ends.append(log_density(cls, at, df, tril * tril.T))
                    right = (ends[1] - ends[0]) / (2 * step)
                    scale = np.max(np.abs(score["scale_tril"])) + df
                    assert abs(score["scale_tril"][i, j] - right) < bound * scale
            sign = 1 if cls is rp.Wishart else -1
            shapes = [mpf(df) / 2 - mpf(i) / 2 for i in range(d)]
            logs = mp.fsum(digamma(a) for a in shapes) + d * mp.log(2)
            e_log = sign * logs + mp.log(mp.det(whole))  # E ln |y|
            constant = mpf(df) * d / 2 * mp.log(2) + log_gamma_d(mpf(df) / 2, d)
            power = (mpf(df) - sign * (d + 1)) / 2
            right = constant + sign * (df / mpf(2) * mp.log(mp.det(whole)) - power * e_log)
            right += mpf(df) * d / 2
            assert abs(law.entropy / right - 1) < 1e-12 * max(1, 1 / abs(right))


@BOTH
def test_derivatives_are_those_of_the_matrix_at_the_same_noise(cls):
    """∂y/∂ν by the χ² quantile's derivative, and ∂y/∂L, of one draw of three rows."""
    df, factor, rng = parameters(3, 4)
    draw = cls(df, scale_tril=factor).rsample(rng=5)
    upstream = rng.normal(size=(3, 3))
    pulled = draw.vjp(upstream)
    with mp.workdps(50):
        a, up, step = exact(draw._extras[0]), exact(upstream), mpf(10) ** -20
        squares = [a[i, i] ** 2 for i in range(3)]
        less = range(3) if cls is rp.Wishart else range(2, -1, -1)

        def tail(x, nu):
            return mp.gammainc(nu / 2, 0, x / 2, regularized=True)

        speeds = []
        for square, k in zip(squares, less, strict=True):
            nu = mpf(df) - k
            speeds.append(-slope(tail, (square, nu), 1) / slope(tail, (square, nu), 0))

        def loss(tril, on_diagonal):
            y = drawn(cls, df, tril, a, on_diagonal)
            return mp.fsum(up[i, j] * y[i, j] for i in range(3) for j in range(3))

        def difference(moved):
            return (loss(*moved(step)) - loss(*moved(-step))) / (2 * step)

        tril = exact(factor)
        right = difference(
            lambda h: (tril, [s + h * v for s, v in zip(squares, speeds, strict=True)])
        )
        assert abs(pulled["df"] / right - 1) < 1e-12
        for i in range(3):
            for j in range(3):

                def moved(h, i=i, j=j):
                    other = tril.copy()
                    other[i, j] += h
                    return other, squares

                right = difference(moved) if j <= i else mpf(0)
                assert abs(pulled["scale_tril"][i, j] - right) < 1e-12 * (1 + abs(right))
        # in the scale itself: a symmetric derivative, of the symmetric matrix
        other = cls._alternatives[0][1]
        given = cls(df, **{other: factor @ factor.T}).transform(*draw.noise).vjp(upstream)[other]
        assert np.array_equal(given, given.T)
        whole = tril * tril.T
        for i in range(3):
            for j in range(i + 1):

                def whole_moved(h, i=i, j=j):
                    near = whole.copy()
                    near[i, j] += h
                    near[j, i] = near[i, j]
                    return mp.cholesky(near), squares

                right = difference(whole_moved)
                found = given[i, j] * (1 if i == j else 2)
                assert abs(found - right) < 1e-11 * (1 + abs(right))


@pytest.mark.parametrize("n", [20_000, pytest.param(200_000, marks=pytest.mark.long)])
@BOTH
def test_moments_and_their_derivatives(cls, n):
    """Of a sum of entries and of ln|y|, in ν and in each entry of L, within 4 standard errors."""
    df, factor = 9.5, np.array([[1.0, 0.0, 0.0], [-0.5, 0.8, 0.0], [2.0, 0.3, 0.5]])
    law = cls(df, scale_tril=factor)
    peer = (stats.wishart if cls is rp.Wishart else stats.invwishart)(df, factor @ factor.T)
    np.testing.assert_allclose(law.mean, peer.mean(), rtol=1e-12)
    np.testing.assert_allclose(law.variance, peer.var(), rtol=1e-12)
    draw = cls(np.full(n, df), scale_tril=np.broadcast_to(factor, (n, 3, 3))).rsample(rng=1)
    weight = np.array([[1.0, 0.5, 0.0], [0.5, -1.0, 2.0], [0.0, 2.0, 1.0]])
    sign = 1.0 if cls is rp.Wishart else -1.0
    # E y = ν L Lᵀ, or L Lᵀ/(ν − d − 1)
    size = df if cls is rp.Wishart else 1.0 / (df - 4.0)
    slope = 1.0 if cls is rp.Wishart else -size * size
    exact = {
        "df": slope * np.sum(weight * (factor @ factor.T)),
        "scale_tril": np.tril(2.0 * size * weight @ factor),
    }
    _near(draw.vjp(weight), exact)
    of_logs = 0.5 * sign * np.sum(polygamma(1, 0.5 * (df - np.arange(3.0))))
    found = draw.vjp(np.linalg.inv(draw.value))
    assert np.max(np.abs(found["scale_tril"] - 2.0 * np.diag(1.0 / np.diag(factor)))) < 1e-8
    _near({"df": found["df"]}, {"df": of_logs})


def _near(found, exact):
    for name, terms in found.items():
        error = terms.std(axis=0) / np.sqrt(len(terms)) + 1e-300
        assert np.max(np.abs(terms.mean(axis=0) - exact[name]) / error) < 4.0, name


def test_divergence_is_exact():
    for seed in range(16):
        d = 1 + seed % 3
        df, factor, rng = parameters(d, seed)
        near = 10.0 ** rng.uniform(-6.0, 0.0)
        other = d - 1.0 + (df - d + 1.0) * (1.0 + near * rng.uniform(0.0, 1.0))
        right = factor + near * np.tril(rng.normal(size=(d, d))) * (1.0 - np.eye(d) * 0.9) * 0.2
        right[np.arange(d), np.arange(d)] = np.abs(np.diag(right))
        found = rp.kl(rp.Wishart(df, scale_tril=factor), rp.Wishart(other, scale_tril=right))
        with mp.workdps(80):
            arguments = [mpf(df), exact(factor), mpf(other), exact(right)]
            reference = kl(*arguments)
            forced = 1e-14 * float(mp.cond(exact(right))) / near
            assert abs(found.value / reference - 1) < max(1e-13, forced)
            step = mpf(10) ** -25
            for where, gradient in ((0, found.gradient_p), (2, found.gradient_q)):
                ends = []
                for h in (-step, step):
                    moved = list(arguments)
                    moved[where] += h
                    ends.append(kl(*moved))
                size = np.max(np.abs(gradient["scale_tril"])) + abs(gradient["df"])
                assert abs(gradient["df"] - (ends[1] - ends[0]) / (2 * step)) < forced * size
                for i in range(d):
                    for j in range(i + 1):
                        ends = []
                        for h in (-step, step):
                            moved = [
                                each.copy() if i + 1 and hasattr(each, "copy") else each
                                for each in arguments
                            ]
                            moved[where + 1][i, j] += h
                            ends.append(kl(*moved))
                        exactly = (ends[1] - ends[0]) / (2 * step)
                        assert abs(gradient["scale_tril"][i, j] - exactly) < forced * size
    # of inverses, whose scales are inverses, too
    left, right = np.array([[1.0, 0.0], [0.5, 2.0]]), np.array([[2.0, 0.0], [-0.5, 0.7]])
    inverses = [np.linalg.inv(each @ each.T) for each in (left, right)]
    whole = rp.kl(
        *(rp.Wishart(k, covariance_matrix=v) for k, v in zip((4.0, 7.0), inverses, strict=True))
    )
    laws = [rp.InverseWishart(k, scale_tril=t) for k, t in ((4.0, left), (7.0, right))]
    found = rp.kl(*laws)
    np.testing.assert_allclose(found.value, whole.value, rtol=1e-12)
    for side, name in ((0, "gradient_p"), (1, "gradient_q")):
        for place in ((0, 0), (1, 0), (1, 1)):
            unit, ends = np.zeros((2, 2)), []
            unit[place] = 1e-5
            for sign in (-1.0, 1.0):
                moved = list(laws)
                moved[side] = laws[side].replace(scale_tril=laws[side].scale_tril + sign * unit)
                ends.append(rp.kl(*moved).value)
            slope = getattr(found, name)["scale_tril"][place]
            assert slope == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-6)
    same = rp.Wishart(4.0, scale_tril=[[1.0, 0.0], [0.5, 2.0]])
    assert rp.kl(same, same).value == 0.0


def kl(df, factor, other, right):
    d = factor.rows
    product = (right * right.T) ** -1 * factor * factor.T
    shapes = [(df - i) / 2 for i in range(d)]
    gammas = log_gamma_d(other / 2, d) - log_gamma_d(df / 2, d)
    digammas = (df - other) / 2 * mp.fsum(digamma(a) for a in shapes)
    inner = df * (mp_trace(product) - d) - other * mp.log(mp.det(product))
    return inner / 2 + gammas + digammas


def test_degrees_of_freedom_are_more_than_rows_less_one():
    with pytest.raises(
        ParameterError, match=r"df=1\.9 is not above 2, which is K - 1; pass df > 2"
    ):
        rp.Wishart(1.9, scale_tril=np.eye(3))
    draw = rp.Wishart(2.001, scale_tril=np.eye(3)).rsample(500, rng=1)
    assert np.all(np.isfinite(draw.value))
    assert np.isfinite(draw.vjp(1.0)["df"])


def test_degrees_of_freedom_next_to_rows_less_one():
    """Where a_ii underflows, and the inverse overflows: limits, and the score of the draws."""
    factor = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.2, 0.7]])
    for cls in (rp.Wishart, rp.InverseWishart):
        for more in (1e-2, 1e-4, 1e-9):
            law = cls(2.0 + more, scale_tril=factor)
            draw = law.rsample(500, rng=1)
            for found in (draw.value, *draw.jacobian().values(), draw.jvp(df=1.0)):
                assert not np.any(np.isnan(found))
            score = law._score_of_draw(draw.value, *draw._extras, *law._ready)
            assert abs(score[0].mean()) < 4.0 * score[0].std() / np.sqrt(500)
    # the inverse's derivative in ν, of finite draws some of whose products overflow
    draw = rp.InverseWishart(2.01, scale_tril=factor).rsample(4000, rng=2)
    jacobian, least = draw.jacobian()["df"], draw._extras[0][:, 0, 0]
    chosen = np.flatnonzero((least < 1e-110) & (least > 1e-148))[:5]
    shapes = 0.5 * (2.01 - np.arange(2.0, -1.0, -1.0))
    with mp.workdps(400):
        for row in chosen:
            a, log_x = (extra[row] for extra in draw._extras)
            speeds = 0.25 * log_pathwise(log_x, shapes)
            t = exact(factor) * exact(a) ** -1
            moved = -t * exact(np.diag(np.diag(a))) * exact(np.diag(speeds)) * exact(a) ** -1
            right = np.array((moved * t.T + t * moved.T).tolist(), float)
            np.testing.assert_allclose(jacobian[row], right, rtol=1e-11)
    assert len(chosen) == 5
    # of one row it is the inverse gamma distribution's path at y, up to where y is infinite
    draw = rp.InverseWishart(1e-3, scale_tril=[[1.5]]).rsample(300, rng=3)
    y, found = draw.value[:, 0, 0], draw.jacobian()["df"][:, 0, 0]
    assert np.any(infinite := np.isinf(y))
    assert np.all(found[infinite] == -np.inf)
    path = 0.5 * rp.InverseGamma(0.5e-3, 0.5 * 1.5**2).pathwise(y)["alpha"]
    overflow = np.isinf(path) | np.isinf(found)
    np.testing.assert_allclose(found[~overflow], path[~overflow], rtol=1e-10)
