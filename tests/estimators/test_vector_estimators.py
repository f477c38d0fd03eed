"""Estimators of gradients of expectations over vectors and matrices."""

import pickle

import numpy as np
import pytest
from scipy import special

import reparam as rp

LOC, SCALE = np.array([1.0, -0.5, 2.0]), np.array([[1.0, 0, 0], [0.5, 2.0, 0], [-0.3, 0.4, 0.7]])
COVARIANCE = SCALE @ SCALE.T
ALPHA = np.array([0.8, 2.0, 3.5])


def lower(matrix):
    return np.tril(matrix)


#: A law, J as text, and exact derivatives.
CASES = {
    "squares": (
        rp.MultivariateGaussian(loc=LOC, scale_tril=SCALE),
        "dot(y, y)",
        {"loc": 2.0 * LOC, "scale_tril": 2.0 * SCALE},
    ),
    "a product": (  # E y_0 y_2 = μ_0 μ_2 + Σ_02
        rp.MultivariateGaussian(loc=LOC, covariance=COVARIANCE),
        "y[0]*y[2] - 3",
        {
            "loc": LOC[[2, 1, 0]] * [1, 0, 1],
            "covariance": np.diag([0.5, 0.0, 0.5])[::-1],
        },
    ),
    "shares": (  # E y_0 y_1 = α_0 α_1/(α₀ (α₀ + 1))
        rp.Dirichlet(concentration=ALPHA),
        "y[0]*y[1]",
        {
            "concentration": (ALPHA[[1, 0, 2]] * [1, 1, 0]) / ((t := ALPHA.sum()) * (t + 1.0))
            - ALPHA[0] * ALPHA[1] * (2.0 * t + 1.0) / (t * (t + 1.0)) ** 2
        },
    ),
    "a matrix": (  # E y = ν L Lᵀ
        rp.Wishart(df=6.0, scale_tril=SCALE),
        "y[1, 1] + 2*y[2, 0]",
        {
            "df": COVARIANCE[1, 1] + 2.0 * COVARIANCE[2, 0],
            "scale_tril": 6.0
            * lower(2.0 * np.diag([0, 1, 0]) @ SCALE + 2.0 * (np.eye(3)[::-1] * [1, 0, 1]) @ SCALE),
        },
    ),
    "counts": (
        rp.Multinomial(total_count=4, probs=[0.2, 0.3, 0.5]),
        "y[0]*y[1]",
        {"probs": 12.0 * (np.array([0.3, 0.2, 0.0]) - 0.12)},
    ),
    "an indicator": (
        rp.OneHotCategorical(logits=[0.0, 1.0, -1.0]),
        "exp(y[0] - 2*y[1])",
        {
            "logits": (p := np.exp([0, 1, -1]) / np.exp([0, 1, -1]).sum())
            * (v := np.exp([1, -2, 0]))
            - p * (p @ v)
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_is_within_its_error_of_the_exact_derivative(name):
    law, text, expected = CASES[name]
    found = rp.estimate(law, text, 10_000, estimators="all", rng=11)
    names = {row.estimator for row in found if not row.biased}
    score = {"score", "score-average", "score-loo", "score-optimal"}
    pathwise = {"pathwise", "antithetic"} if law.mechanism[:4] != "none" else set()
    assert names == score | pathwise
    biased = {row.estimator for row in found if row.biased}
    assert biased == ({"relaxed", "straight-through"} if name == "an indicator" else set())
    for estimator in names:
        arrays = found.arrays(estimator), found.arrays(estimator, "standard_error")
        for parameter, value in expected.items():
            got, error = (each[parameter] for each in arrays)
            assert got.shape == law[parameter].shape
            assert np.all(np.abs(got - value) <= 4.5 * error + 1e-9), (estimator, parameter)
            exact = found.arrays(estimator, "exact")[parameter]
            np.testing.assert_allclose(exact, value, rtol=1e-8, atol=1e-8)
    for left in ("qmc", "measure-valued", "smoothed"):
        assert f"{left} is for scalar distributions" in found.left_out[left]


@pytest.mark.parametrize("given", ["probs", "logits"])
def test_relaxed_indicators_are_those_of_graphs(given):
    law = rp.OneHotCategorical(**{given: [0.2, 0.3, 0.5]})
    for name in ("relaxed", "straight-through"):
        found = rp.estimate(law, "exp(y[0]) - 2*y[1]", 5000, estimators=name, rng=1)
        graph = rp.Graph(f"y ~ one-hot({given}=p) {name}(0.5)\nloss = exp(y[0]) - 2*y[1]")
        other = graph.at(p=[0.2, 0.3, 0.5]).expectation(5000, rng=2)
        error = np.hypot(
            found.arrays(name, "standard_error")[given], other.standard_error.gradient["p"]
        )
        assert np.all(np.abs(found.arrays(name)[given] - other.gradient["p"]) < 4.5 * error)


LAW = rp.MultivariateGaussian(loc=LOC, scale_tril=SCALE)


def product(y):
    return y[0] * y[1]


class Pair:
    def value(self, y):
        return y[:, 0] * y[:, 1]

    def slope(self, y):
        return np.stack([y[:, 1], y[:, 0], np.zeros(len(y))], axis=1)


def test_functions_of_one_draw_and_of_several():
    options = {"n": 3000, "estimators": "score", "rng": 1}
    text = rp.estimate(LAW, "y[0]*y[1]", **options)
    for phi in (product, lambda y: y[..., 0] * y[..., 1], Pair()):
        assert rp.estimate(LAW, phi, **options).arrays("score")["loc"] == pytest.approx(
            text.arrays("score")["loc"], rel=1e-13
        )
    pair, formula = (
        rp.estimate(LAW, phi, 3000, estimators="pathwise", rng=1).arrays("pathwise")
        for phi in (Pair(), "y[0]*y[1]")
    )
    for name in formula:
        np.testing.assert_allclose(pair[name], formula[name], rtol=1e-13)


def test_on_other_machines_the_bits_are_the_same():
    def mapped(function, starts):
        for start in starts:
            yield pickle.loads(pickle.dumps(function))(start)

    here, there = (rp.estimate(LAW, "dot(y, y)", 5000, rng=3, mapped=by) for by in (None, mapped))
    assert [row.value for row in here] == [row.value for row in there]


@pytest.mark.parametrize(
    ("law", "phi", "expected"),
    [
        (  # E = ½ a² exp(m₀ + ½ a²) + …, by the moments of a log-normal
            rp.MultivariateGaussian([0.2, 1.0], [[0.5, 0.0], [0.3, 2.0]]),
            "exp(y[0])*y[1]",
            (e := np.exp(0.325)) * np.array([1.15, 1.0, 0.5 * 1.15 + 0.3, 0.5, 0.0]),
        ),
        (  # E = ψ(1) − ψ(6)
            rp.Dirichlet([1.0, 2.0, 3.0]),
            "log(y[0])",
            special.polygamma(1, 1) * np.eye(3)[0] - special.polygamma(1, 6),
        ),
        (  # E = ψ(ν/2) + ln 2 + 2 ln L₀₀
            rp.Wishart(4.0, [[1.5, 0.0], [0.5, 1.0]]),
            "log(y[0, 0])",
            [0.5 * special.polygamma(1, 2), 2.0 / 1.5, 0.0, 0.0],
        ),
        (  # E of √(1 + k), k ~ Binomial(2, p)
            rp.Multinomial(2.0, probs=[0.3, 0.7]),
            "sqrt(1 + y[0])",
            (d := np.array([-1.4, 0.8, 0.6]) @ np.sqrt([1, 2, 3])) * np.array([0.7, -0.3]),
        ),
        (
            rp.independent(rp.Gaussian(0.5, 2.0), rp.Gamma(2.0, 1.0)),
            "y[0]**3*y[1]",
            [2.0 * (0.75 + 12.0), 2.0 * 3.0 * 2.0, 6.125, -2.0 * 6.125],
        ),
    ],
    ids=["gaussian", "dirichlet", "wishart", "counts", "entries"],
)
def test_cubature_gives_what_moments_dont(law, phi, expected):
    found = rp.estimate(law, phi, 100, estimators="score", rng=1)
    known = [row.exact for row in found]
    np.testing.assert_allclose(known, expected, rtol=1e-9, atol=1e-12)


def test_what_neither_gives_is_unknown():
    for law, phi, why in (
        (LAW, "where(y[0] > 0.3, y[1], 0)", "J is not smooth enough for the points"),
        (rp.MultivariateGaussian(np.zeros(9)), "exp(y[0])", "points, which are too many"),
        (rp.independent(rp.Uniform(), rp.Gaussian()), "y[0]**3", "laws[0].high moves an end"),
        (rp.VonMisesFisher(), "exp(y[0])", "there is no quadrature over draws of von-mises"),
    ):
        found = rp.estimate(law, phi, 100, estimators="pathwise", rng=1)
        assert all(np.isnan(row.exact) for row in found)
        assert "J is not a quadratic polynomial" in found.notes[0]
        assert why in found.notes[0]
    found = rp.estimate(rp.LKJCholesky(3, 2.0), "y[1, 0]", 100, estimators="pathwise", rng=1)
    assert np.isfinite(found["pathwise", "concentration"].value)


def test_moments_of_shares_and_of_matrices():
    found = rp.estimate(rp.LogisticNormal(), "y[0]*y[1]", 20_000, estimators="pathwise", rng=1)
    row = found["pathwise", "loc[0]"]
    assert abs(row.value - row.exact) < 4.5 * row.standard_error
    # E y_01 y_11 = ν (ν + 2) V_01 V_11
    found = rp.estimate(rp.Wishart(5.0, scale_tril=[[1.0, 0.0], [0.5, 2.0]]), "y[0,1]*y[1,1]", 10)
    assert found["pathwise", "df"].exact == pytest.approx(12.0 * 0.5 * 4.25, rel=1e-9)
    with pytest.raises(rp.ReparamError, match="covariance of vectors; average"):
        rp.GaussianCopula([rp.Gaussian(), rp.Gamma()]).covariance  # noqa: B018


def test_what_has_no_parameter():
    for law in (rp.SphericalUniform(3), rp.DiscreteUniform()):
        with pytest.raises(rp.ReparamError, match="has no parameter to differentiate in"):
            rp.estimate(law, "sum(y)" if law.event_shape else "y", 100)
    found = rp.estimate(rp.MultivariateGaussian(), "y[0]*y[1]", 100, estimators="antithetic", rng=1)
    assert found["antithetic", "loc[0]"].exact == found["antithetic", "loc[0]"].value == 0.0
    assert found.notes == ()


def test_a_view_of_rows():
    found = rp.estimate(LAW, "sum(y)", 1000, estimators=["pathwise", "score"], rng=1)
    assert found["pathwise", "scale_tril[1, 0]"] is found["pathwise", "cholesky[1,0]"]
    assert [row.parameter for row in found][3:9] == [
        f"scale_tril[{i},{j}]" for i in range(3) for j in range(i + 1)
    ]
    assert found.arrays("score")["scale_tril"][0, 2] == 0.0


@pytest.mark.parametrize(
    ("phi", "message"),
    [
        ("y", r"objective 'y' has shape \(3,\), and must be one number per draw; take an entry"),
        ("x*y", "objective 'x\\*y' has the names x, y"),
        ("y[7]", r"y has shape \(3,\), and no entry 7"),
        ("y +", "^'y +"),
        ((product, lambda y: y[:2]), r"the slope of objective product has shape"),
        (3, "is not a formula or a function"),
    ],
)
def test_mistakes(phi, message):
    with pytest.raises((rp.ReparamError, ValueError), match=message):
        rp.estimate(LAW, phi, 10, estimators="pathwise")
