"""Graphs with discrete draws, densities in formulas, and sums over plates."""

import numpy as np
import pytest
from scipy import special

import reparam as rp

N = 60_000
DATA = [1.3, 0.2, -0.4]


def normalized(logits):
    return np.exp(logits - special.logsumexp(logits))


#: A graph, its inputs, and ∂E[J]/∂input as derived by hand or enumerated here.
GRAPHS = {
    "a count": ("k ~ poisson(rate=r)\nloss = k**2", {"r": 3.0}, {"r": 7.0}),
    "a coin and a location": (
        "b ~ bernoulli(sigmoid(a))\nz ~ gaussian(b*m, s)\nloss = (z - 1)**2 + c*b",
        {"a": -0.8, "m": 2.0, "s": 0.7, "c": 0.5},
        lambda a, m, s, c: {
            "a": (p := special.expit(a)) * (1 - p) * ((m - 1) ** 2 - 1 + c),
            "m": 2 * p * (m - 1),
            "s": 2 * s,
            "c": p,
        },
    ),
    "a rate that is drawn": (  # E[k²] = E[λ² + λ] with λ = e^z
        "z ~ gaussian(m, s)\nk ~ poisson(exp(z))\nloss = k**2 + z",
        {"m": 0.2, "s": 0.3},
        lambda m, s: {
            "m": 2 * np.exp(2 * m + 2 * s**2) + np.exp(m + s**2 / 2) + 1,
            "s": 4 * s * np.exp(2 * m + 2 * s**2) + s * np.exp(m + s**2 / 2),
        },
    ),
    "a count of a count": (  # k | n: mean p n; E[k²] = p²(λ² + λ) + p (1 − p) λ
        "n ~ poisson(r)\nk ~ poisson(q*(n + 0.5))\nloss = k",
        {"r": 2.0, "q": 0.7},
        {"r": 0.7, "q": 2.5},
    ),
    "categories": (
        "k ~ categorical([a, b, 0])\nloss = (k - c)**2",
        {"a": 0.3, "b": -0.5, "c": 0.4},
        lambda a, b, c: {
            "a": (w := normalized(np.array([a, b, 0.0])))[0] * (c**2 - w @ (np.arange(3) - c) ** 2),
            "b": w[1] * ((1 - c) ** 2 - w @ (np.arange(3) - c) ** 2),
            "c": 2 * (c - w[1] - 2 * w[2]),
        },
    ),
    "a plate": (  # each coin has its own number, and the elements share z
        "z ~ gaussian(m, 1)\nb ~ bernoulli(sigmoid(x))\nloss = z*b*w",
        {"m": 0.5, "x": np.array([0.2, -1.0, 2.0]), "w": 1.5},
        lambda m, x, w: {
            "m": w * special.expit(x).sum(),
            "x": m * w * special.expit(x) * special.expit(-x),
            "w": m * special.expit(x).sum(),
        },
    ),
    "a sum over a plate": (  # E[(Σb)²] = Σp(1 − p) + (Σp)²
        "b ~ bernoulli(sigmoid(x))\nloss = sum(b)**2 - c*sum(b*b)",
        {"x": np.array([0.2, -1.0, 2.0]), "c": 0.5},
        lambda x, c: {
            "x": (q := special.expit(x)) * (1 - q) * (1 - 2 * q + 2 * q.sum() - c),
            "c": -q.sum(),
        },
    ),
    "a bound with a coin": (  # KL of coins, and a likelihood given the coin
        """
            b ~ bernoulli(sigmoid(a))
            x ~ gaussian(2*b, 1) observed(1.4)
            loss = log_prob(b) - log_prob(bernoulli(0.3), b) - log_prob(x)
        """,
        {"a": 0.4},
        lambda a: {
            "a": (q := special.expit(a)) * (1 - q) * (a - np.log(0.3 / 0.7) + (0.6**2 - 1.4**2) / 2)
        },
    ),
    "a bound with a switch": (  # given b, z ~ N(m_b, s); all is Gaussian
        """
            b ~ bernoulli(sigmoid(a))
            z ~ gaussian(b*m, s)
            q = log_prob(stop_gradient(b)) + log_prob(stop_gradient(z))
            p = log_prob(bernoulli(0.5), b) + log_prob(gaussian(0, 1), z)
            loss = q - p + sum((x - z)**2)/2
        """,
        {"a": -0.3, "m": 0.8, "s": 0.6, "x": np.array(DATA)},
        lambda a, m, s, x: {
            "a": (q := special.expit(a)) * (1 - q) * (a + 2 * m**2 - m * sum(DATA)),
            "m": q * (4 * m - sum(DATA)),
            "s": -1 / s + 4 * s,
            "x": x - q * m,
        },
    ),
    "closed forms": (
        """
            b ~ bernoulli(sigmoid(a))
            z ~ gaussian(b, s)
            free = entropy(b) - entropy(gaussian(0, s))
            loss = kl(z, gaussian(0, t)) + kl(poisson(r), poisson(2)) + free
        """,
        {"a": 0.7, "s": 0.6, "t": 1.5, "r": 1.2},
        lambda a, s, t, r: {
            "a": (q := special.expit(a)) * (1 - q) * (1 / (2 * t**2) - a),
            "s": s / t**2 - 2 / s,
            "t": 1 / t - (s**2 + q) / t**3,
            "r": np.log(r / 2),
        },
    ),
    "trials": (  # with p = σ(a) and f = e⁻ᵃ, k has mean 1 + f, and k² has 1 + 3f + 2f²
        "k ~ geometric(sigmoid(a))\nz ~ laplace(k*c, 1)\nloss = z - k*k*c",
        {"a": 0.9, "c": 0.5},
        lambda a, c: {
            "a": c * (2 * np.exp(-a) + 4 * np.exp(-2 * a)),
            "c": -2 * np.exp(-a) - 2 * np.exp(-2 * a),
        },
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_gradients_of_mixed_graphs(name):
    text, inputs, truth = GRAPHS[name]
    expected = truth if isinstance(truth, dict) else truth(**inputs)
    found = rp.Graph(text).at(**inputs).expectation(N, rng=7)
    assert found.notes == ()
    assert found.gradient.keys() == expected.keys()
    for key, value in expected.items():
        error = found.standard_error.gradient[key]
        allowed = 4.0 * error + 1e-9 * np.abs(value)
        assert np.all(np.abs(found.gradient[key] - value) <= allowed), (key, value, found)
        assert np.all(error < 0.05 * np.maximum(1.0, np.abs(value))), (key, error)
