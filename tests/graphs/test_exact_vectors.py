"""Exact values of graphs with vectors, against closed forms and their derivatives."""

import numpy as np
import pytest
from scipy import special

import reparam as rp
from reparam.graphs._exact import exact

M = np.array([0.3, -1.0, 0.7])
L = np.array([[1.0, 0.0, 0.0], [0.3, 0.8, 0.0], [-0.2, 0.4, 0.6]])
P = np.array([0.2, 0.3, 0.5])
A = np.array([1.0, 2.0, 3.0])
T = np.random.default_rng(3).normal(size=12)


def wishart(n, c):
    s = c @ c.T
    return n**2 * s[1, 0] * s[1, 1] + 2 * n * s[1, 0] * s[1, 1]


def dirichlet(a):
    total = a.sum()
    logs = special.digamma(a[2]) - special.digamma(total)
    return a[0] * a[1] / (total * (total + 1)) + logs


def logistic(m, c):
    """By Gauss-Hermite quadrature of ln σ(w₀) and of ln σ(w₀ + w₁), which are one normal each."""
    z, weights = np.polynomial.hermite_e.hermegauss(120)
    covariance = c @ c.T
    total = 0.0
    for v in ([1.0, 0.0], [1.0, 1.0]):
        y = np.dot(v, m) + np.sqrt(np.dot(v, covariance @ v)) * z
        total += np.dot(weights, np.log1p(np.exp(-y))) / weights.sum()
    return total


#: By name: the graph, its inputs, and E[J] as a function of these.
CASES = {
    "a grid": (
        "w ~ mvn(m, c)\nloss = exp(0.3*w[0])*w[1]",
        {"m": M[:2], "c": L[:2, :2]},
        lambda m, c: np.exp(0.3 * m[0] + 0.045 * c[0, 0] ** 2) * (m[1] + 0.3 * c[0, 0] * c[1, 0]),
    ),
    "a likelihood": (
        "w ~ mvn(m, c)\ny ~ bernoulli(logits=dot(x, w)) observed(1)\nloss = -sum(log_prob(y))",
        {"m": M[:2], "c": L[:2, :2], "x": np.array([[1.0, 0.0], [1.0, 1.0]])},
        lambda m, c, x: logistic(m, c),
    ),
    "a polynomial": (  # of 15 numbers
        "w ~ mvn(m, c)\nv ~ mvn(loc=t + w[0], scale_tril=d)\nloss = dot(v, v)*w[0] + w[1]**3",
        {"m": M, "c": L, "t": T, "d": np.eye(12)},
        lambda m, c, t, d: (
            2 * t.sum() * (m[0] ** 2 + c[0, 0] ** 2)
            + 12 * (m[0] ** 3 + 3 * m[0] * c[0, 0] ** 2)
            + m[0] * ((t**2).sum() + (d**2).sum())
            + m[1] ** 3
            + 3 * m[1] * (c[1, 0] ** 2 + c[1, 1] ** 2)
        ),
    ),
    "a matrix": (  # of four numbers
        "w ~ matrix-gaussian(x)\nloss = exp(0.3*w[0, 0])*w[1, 1]*w[0, 1]",
        {"x": np.array([M[:2], [0.5, 1.0]])},
        lambda x: np.exp(0.3 * x[0, 0] + 0.045) * x[1, 1] * x[0, 1],
    ),
    "a simplex": ("w ~ dirichlet(a)\nloss = w[0]*w[1] + log(w[2])", {"a": A}, dirichlet),
    "heavy tails": (
        "w ~ mvt(n, m, c)\nloss = w[0]*w[1]",
        {"n": 7.0, "m": M[:2], "c": L[:2, :2]},
        lambda n, m, c: m[0] * m[1] + n / (n - 2) * c[0, 0] * c[1, 0],
    ),
    "matrices": (
        "w ~ wishart(n, c)\nloss = w[1, 0]*w[1, 1]",
        {"n": 4.5, "c": L[:2, :2]},
        wishart,
    ),
    "inverses": (
        "w ~ inverse-wishart(n, c)\nloss = w[1, 0]",
        {"n": 9.0, "c": L[:2, :2]},
        lambda n, c: (c @ c.T)[1, 0] / (n - 3),
    ),
    "entries": (
        "y ~ independent(gaussian(m, 1), gamma(a, 2), beta(2, a))\nloss = sum(y)**2",
        {"m": 0.4, "a": 1.5},
        lambda m, a: (m + a / 2 + 2 / (2 + a)) ** 2 + 1 + a / 4 + 2 * a / ((2 + a) ** 2 * (3 + a)),
    ),
    "counts": (
        "n ~ multinomial(4, p)\nq ~ one-hot(probs=p)\nloss = n[0]*n[1] + q[2]*v",
        {"p": P, "v": 3.0},
        lambda p, v: 12 * p[0] * p[1] / p.sum() ** 2 + v * p[2] / p.sum(),
    ),
    "counts of a simplex": (
        "n ~ dirichlet-multinomial(4, a)\nloss = n[0]*n[1]",
        {"a": A},
        lambda a: 12 * a[0] * a[1] / (a.sum() * (a.sum() + 1)),
    ),
    "a plate as a whole": (
        "z ~ gaussian(m, s)\nb ~ bernoulli(p)\nloss = sum(z)**2 + sum(b)**2*z[0]",
        {"m": M[:2], "s": 0.7, "p": P},
        lambda m, s, p: m.sum() ** 2 + 2 * s**2 + m[0] * ((p * (1 - p)).sum() + p.sum() ** 2),
    ),
    "terms without a formula": (
        "w ~ mvn(x, c)\nn ~ one-hot(probs=r)\nloss = m + sum(w) + sum(n) - sum(x)*n[0, 1]",
        {"m": 0.3, "x": np.array([M[:2], [0.5, 1.0]]), "c": L[:2, :2], "r": np.array([P, P])},
        lambda m, x, c, r: m + x.sum() + 2.0 - x.sum() * r[0, 1] / r[0].sum(),
    ),
    "a plate of vectors": (
        "w ~ mvn(x, c)\nn ~ one-hot(probs=r)\nloss = sum(w)**2 + n[0, 0]*n[1, 2]",
        {"x": np.array([M[:2], [0.5, 1.0]]), "c": L[:2, :2], "r": np.array([P, P[::-1]])},
        lambda x, c, r: (
            x.sum() ** 2
            + 2 * (c.sum(axis=0) ** 2).sum()
            + r[0, 0] * r[1, 2] / (r[0].sum() * r[1].sum())
        ),
    ),
}


LONG = ("heavy tails", "matrices", "inverses")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in CASES]
)
def test_values_and_derivatives_are_those_of_closed_forms(name):
    text, inputs, truth = CASES[name]
    wanted = tuple(key for key in inputs if key != "x" or name != "a likelihood")
    found = exact(rp.Graph(text).at(**inputs), wanted)
    assert found.unknown == ""
    assert found.value == pytest.approx(truth(**inputs), rel=1e-7)
    for key in wanted:
        value = np.asarray(inputs[key])
        for place in np.ndindex(value.shape):
            if key in ("c", "d") and place[0] < place[1]:
                assert found.gradient[key][place] == 0.0
                continue
            sides = []
            for sign in (1.0, -1.0):
                moved = value.copy()
                moved[place] += sign * 1e-4
                sides.append(truth(**{**inputs, key: moved}))
            slope = (sides[0] - sides[1]) / 2e-4
            assert found.gradient[key][place] == pytest.approx(slope, rel=2e-7, abs=2e-7), key


@pytest.mark.parametrize(
    ("text", "inputs", "why"),
    [
        (
            "w ~ vmf(m, 2)\nloss = w[0]",
            {"m": [0.6, 0.8]},
            "no quadrature over draws of von-mises-fisher",
        ),
        ("w ~ multinomial(n, p)\nloss = w[0]**3", {"n": 99, "p": P}, "w has 5,050 values, and the"),
        ("w ~ multinomial(n, p)\nloss = w[0, 0]", {"n": [1, 2], "p": P}, "several total counts"),
        # turned around, it is the same
        (
            "w ~ mvn(m, c)\nloss = exp(-dot(w, w))",
            {"m": 0 * T, "c": np.eye(12)},
            "not a polynomial",
        ),
        (
            "w ~ dirichlet(a)\nloss = w[0]",
            {"a": np.ones(9)},
            "points for each of 9 elements",
        ),
        ("z ~ student-t(7, m)\nloss = exp(0.1*z)", {"m": 0.4}, "the integral over z diverges"),
        ("k ~ geometric(p)\nloss = exp(k)", {"p": 0.5}, "does not converge"),
        ("w ~ mvt(3, m)\nloss = w[0]**2", {"m": M[:2]}, "does not converge"),
    ],
)
def test_what_there_is_no_rule_for_is_unknown(text, inputs, why):
    found = rp.Graph(text).at(**inputs).estimate(2, rng=1, wrt=[*inputs][-1])
    assert found.notes[0].startswith("no exact value: ")
    assert why in found.notes[0]
    assert all(np.isnan(row.exact) for row in found)
