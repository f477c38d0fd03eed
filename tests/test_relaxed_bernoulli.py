"""Moments of the relaxed Bernoulli distribution, and what it relaxes."""

import mpmath as mp
import numpy as np
import pytest

import reparam as rp

CASES = [
    (temperature, logits)
    for temperature in (0.01, 0.2, 0.999999, 1.0, 1.5, 50.0)
    for logits in (-30.0, -4.0, 0.0, 0.3, 10.0)
]


@pytest.mark.parametrize(("temperature", "logits"), CASES)
def test_moments_and_entropy(temperature, logits):
    with mp.workdps(30):

        def value(noise):
            return 1 / (1 + mp.exp(-(logits + noise) / temperature))

        def log_slope(noise):  # log(y (1 − y))
            x = abs((logits + noise) / temperature)
            return -x - 2 * mp.log1p(mp.exp(-x))

        def expected(f):
            around = [-logits + width * temperature for width in (-60, -20, -5, 0, 5, 20, 60)]
            edges = sorted({*(k for k in (-90, -30, -8, 0, 8, 30, 90)), *map(mp.mpf, around)})
            density = lambda noise: mp.exp(-noise) / (1 + mp.exp(-noise)) ** 2  # noqa: E731
            inside = [edge for edge in edges if -90 <= edge <= 90]
            return mp.quad(lambda noise: f(noise) * density(noise), inside)

        mean = expected(value)
        variance = expected(lambda noise: (value(noise) - mean) ** 2)
        entropy = 2 - mp.log(temperature) + expected(log_slope)
        d = rp.RelaxedBernoulli(temperature=temperature, logits=logits)
        assert abs(d.mean - mean) < 1e-14
        assert abs(d.variance - variance) < 1e-14
        assert abs(d.entropy - entropy) < 1e-14 * (10.0 + abs(entropy))


def test_rounded_it_is_bernoulli():
    noise = np.random.default_rng(1).random(1000)
    for temperature in (0.01, 1.0, 30.0):
        y = rp.RelaxedBernoulli(temperature=temperature, logits=0.7).transform(noise).value
        assert np.array_equal(y > 0.5, noise > 1.0 / (1.0 + np.exp(0.7)))


def test_derivatives_where_values_round_to_the_ends():
    draw = rp.RelaxedBernoulli(temperature=0.01, logits=[-20.0, 20.0]).transform(0.5)
    assert draw.value.tolist() == [0.0, 1.0]
    assert draw.log_value.tolist() == [-2000.0, 0.0]
    assert draw.log_complement.tolist() == [0.0, -2000.0]
    assert draw.jacobian("log_value")["logits"].tolist() == pytest.approx([100.0, 0.0])
    assert draw.jacobian("log_value")["temperature"].tolist() == pytest.approx([200_000.0, 0.0])
    assert all(np.all(np.isfinite(entry)) for entry in draw.jacobian().values())
