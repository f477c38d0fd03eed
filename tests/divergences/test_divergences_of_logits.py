"""KL where probabilities are given by logits, or are 0 or 1."""

import math

import mpmath as mp
import numpy as np
import pytest

import reparam as rp

INF, NAN = math.inf, math.nan


def coins(a, b):
    """KL of one trial, and its derivatives in both logits."""
    p, q = 1 / (1 + mp.exp(-a)), 1 / (1 + mp.exp(-b))
    rest_p, rest_q = 1 / (1 + mp.exp(a)), 1 / (1 + mp.exp(b))
    value = p * mp.log(p / q) + rest_p * mp.log(rest_p / rest_q)
    return value, p * rest_p * (a - b), q - p


def waiting(a, b):
    value, in_p, in_q = coins(a, b)
    p = 1 / (1 + mp.exp(-a))
    return value / p, in_p / p - value * (1 - p) / p, in_q / p


@pytest.mark.parametrize(("cls", "formula"), [(rp.Bernoulli, coins), (rp.Geometric, waiting)])
def test_of_logits(cls, formula):
    rng = np.random.default_rng(5)
    a = np.concatenate([rng.uniform(-30, 30, 40), [1.0, 0.0, -3.0, 1e-9]])
    b = np.concatenate(
        [rng.uniform(-30, 30, 20), a[20:40] * (1 + 1e-9), [1.0 + 1e-14, 1e-7, -3.1, 0.0]]
    )
    found = rp.kl(cls(logits=a), cls(logits=b))
    got = zip(found.value, found.gradient_p["logits"], found.gradient_q["logits"], strict=True)
    with mp.workdps(80):
        for x, y, entries in zip(map(mp.mpf, a), map(mp.mpf, b), got, strict=True):
            want = formula(x, y)
            moved = [formula(x * (1 + mp.mpf(2) ** -53), y), formula(x, y * (1 + mp.mpf(2) ** -53))]
            for k, entry in enumerate(map(float, entries)):
                forced = sum(abs(other[k] - want[k]) for other in moved)
                assert abs(entry - want[k]) <= 1e-13 * abs(want[k]) + 2 * forced, (x, y, k)


def test_forms_mix():
    one = rp.kl(rp.Bernoulli(0.3), rp.Bernoulli(0.6))
    other = rp.kl(rp.Bernoulli(0.3), rp.Bernoulli(logits=math.log(1.5)))
    np.testing.assert_allclose(other.value, one.value, rtol=1e-14)
    np.testing.assert_allclose(other.gradient_q["logits"], one.gradient_q["probs"] * 0.24)
    w, v = np.array([1.0, 0.0, 3.0]), np.array([2.0, 1.0, 0.5])
    one = rp.kl(rp.Categorical(probs=w), rp.Categorical(probs=v))
    other = rp.kl(rp.Categorical([0.0, -INF, math.log(3.0)]), rp.Categorical(np.log(v)))
    mixed = rp.kl(rp.Categorical(probs=w), rp.Categorical(np.log(v)))
    np.testing.assert_allclose([other.value, mixed.value], one.value, rtol=1e-14)
    np.testing.assert_allclose(
        other.gradient_p["logits"],
        np.where(w > 0.0, np.maximum(one.gradient_p["probs"], -1e9) * w, 0.0),
        atol=1e-16,
    )
    np.testing.assert_allclose(other.gradient_q["logits"], one.gradient_q["probs"] * v)
    assert one.gradient_p["probs"][1] == -INF


@pytest.mark.parametrize(
    ("p", "q", "value", "in_p", "in_q"),
    [
        (rp.Bernoulli(0.0), rp.Bernoulli(0.25), -math.log(0.75), -INF, 4.0 / 3.0),
        (rp.Bernoulli(1.0), rp.Bernoulli(0.25), math.log(4.0), INF, -4.0),
        (rp.Bernoulli(0.5), rp.Bernoulli(0.0), INF, NAN, NAN),
        (rp.Bernoulli(0.0), rp.Bernoulli(0.0), 0.0, INF, 1.0),
        (rp.Bernoulli(logits=-INF), rp.Bernoulli(logits=0.0), math.log(2.0), 0.0, 0.5),
        (rp.Bernoulli(logits=INF), rp.Bernoulli(logits=INF), 0.0, 0.0, 0.0),
        (rp.Binomial(3, 1.0), rp.Binomial(3, 0.5), 3.0 * math.log(2.0), INF, -6.0),
        (rp.Binomial(0, 0.3), rp.Binomial(0, 0.5), 0.0, 0.0, 0.0),
        (rp.Geometric(1.0), rp.Geometric(0.5), math.log(2.0), INF, -2.0),
        (rp.Geometric(0.5), rp.Geometric(1.0), INF, NAN, NAN),
        (rp.Poisson(0.0), rp.Poisson(2.0), 2.0, -INF, 1.0),
        (rp.Poisson(2.0), rp.Poisson(0.0), INF, NAN, NAN),
        (rp.Poisson(0.0), rp.Poisson(0.0), 0.0, INF, 1.0),
    ],
    ids=str,
)
def test_of_what_is_sure(p, q, value, in_p, in_q):
    found = rp.kl(p, q)
    gradients = (*found.gradient_p.values(), *found.gradient_q.values())
    np.testing.assert_allclose([found.value, *gradients], [value, in_p, in_q], rtol=1e-14)
