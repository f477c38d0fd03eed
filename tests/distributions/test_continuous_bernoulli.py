"""The continuous Bernoulli distribution: smooth at η = 0, and digits at both ends for any tilt."""

import math

import numpy as np
import pytest
from exact import assert_exact, slope
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import UnknownParameterError

#: Below this |η| mpmath's reference is the expansion about 0.
NEARLY_UNIFORM = mpf("1e-100")
LOGITS = [0.0, 1e-300, -1e-17, 1e-8, -1e-3, 0.7, -2.0, 2.0, -40.0, 705.0, -1e3]
every_logit = pytest.mark.parametrize("logits", LOGITS)
#: Digits that e^(−1000) takes.
DIGITS = 1100
VALUES = [1e-300, 1e-3, 0.5 - 2.0**-54, 0.8, 1.0 - 2.0**-53]
PROBABILITIES = [1e-300, 0.01, 0.5, 0.7, 1.0 - 2.0**-53]


def cdf(y, eta):
    if abs(eta) < NEARLY_UNIFORM:
        return y * (1 - eta * (1 - y) / 2)
    return mp.expm1(eta * y) / mp.expm1(eta)


def sf(y, eta):
    return cdf(1 - y, -eta)


def log_prob(y, eta):
    if abs(eta) < NEARLY_UNIFORM:
        return eta * (y - mpf(1) / 2) - eta**2 / 24
    return eta * y - mp.log(mp.expm1(eta) / eta)


def quantile(u, eta):
    if abs(eta) < NEARLY_UNIFORM:
        return u * (1 + eta * (1 - u) / 2)
    return mp.log1p(u * mp.expm1(eta)) / eta


def mean(eta):
    if abs(eta) < NEARLY_UNIFORM:
        return mpf(1) / 2 + eta / 12
    return 1 / (1 - mp.exp(-eta)) - 1 / eta


def variance(eta):
    if abs(eta) < NEARLY_UNIFORM:
        return mpf(1) / 12
    return 1 / eta**2 - 1 / (4 * mp.sinh(eta / 2) ** 2)


def entropy(eta):
    if abs(eta) < NEARLY_UNIFORM:
        return -(eta**2) / 24
    return mp.log(mp.expm1(eta) / eta) - eta * mean(eta)


def path(y, eta):
    if abs(eta) < NEARLY_UNIFORM:
        return y * (1 - y) / 2
    small = cdf(y, eta) < 0.5
    tail, sign = (cdf, -1) if small else (sf, 1)
    return sign * slope(tail, (y, eta), 1) / mp.exp(log_prob(y, eta))


@every_logit
@pytest.mark.parametrize("y", VALUES)
def test_functions_of_a_value(logits, y):
    d, inputs = rp.ContinuousBernoulli(logits), (y, logits)

    def log_cdf(y, eta):
        return mp.log1p(-sf(y, eta)) if sf(y, eta) < 0.5 else mp.log(cdf(y, eta))

    for name, formula in (
        ("cdf", cdf),
        ("sf", sf),
        ("log_cdf", log_cdf),
        ("log_sf", lambda y, eta: log_cdf(1 - y, -eta)),
        ("log_prob", log_prob),
    ):
        assert_exact(getattr(d, name)(y), formula, *inputs, digits=DIGITS, what=name)
    assert_exact(d.score(y)["logits"], lambda y, eta: y - mean(eta), *inputs, digits=DIGITS)
    assert_exact(d.pathwise(y)["logits"], path, *inputs, digits=DIGITS, what="∂y/∂η")
    assert d.stein_score(y) == logits


@every_logit
@pytest.mark.parametrize("u", PROBABILITIES)
def test_quantiles_of_both_tails_and_draws(logits, u):
    d = rp.ContinuousBernoulli(logits)
    draw, inputs = d.transform(u), (u, logits)
    assert_exact(d.icdf(u), quantile, *inputs, digits=DIGITS, what="icdf")
    assert_exact(d.isf(u), lambda v, eta: quantile(1 - v, eta), *inputs, digits=DIGITS, what="isf")

    def complement(u, eta):
        return quantile(1 - u, -eta)

    assert_exact(draw.complement, complement, *inputs, digits=DIGITS, what="1 − y")

    def along(u, eta):
        return path(quantile(u, eta), eta)

    assert_exact(draw.jacobian()["logits"], along, *inputs, digits=DIGITS, what="∂y/∂η")
    assert draw.jacobian(of="complement")["logits"] == -draw.jacobian()["logits"]


@every_logit
def test_statistics(logits):
    d = rp.ContinuousBernoulli(logits)
    for name, formula in (("mean", mean), ("variance", variance), ("entropy", entropy)):
        assert_exact(getattr(d, name), formula, logits, digits=DIGITS, what=name)


def test_no_tilt_is_uniform():
    d, uniform = rp.ContinuousBernoulli(0.0), rp.Uniform(0.0, 1.0)
    u = np.linspace(0.0, 1.0, 21)
    np.testing.assert_array_equal(d.icdf(u), u)
    np.testing.assert_array_equal(d.cdf(u), uniform.cdf(u))
    np.testing.assert_array_equal(d.log_prob(u), np.zeros(21))
    assert d.entropy == 0.0


def test_tails_beyond_the_range_of_floats():
    d = rp.ContinuousBernoulli([1e5, -1e5])
    np.testing.assert_allclose(d.log_cdf(0.5)[0], -5e4, rtol=1e-15)
    np.testing.assert_allclose(d.log_sf(0.5)[1], -5e4, rtol=1e-15)
    np.testing.assert_allclose(d.mean, [1.0 - 1e-5, 1e-5], rtol=1e-15)


@pytest.mark.parametrize("name", ["probs", "lam"])
def test_a_probability_is_converted(name):
    message = rf"logits=log\({name}/\(1 - {name}\)\)"
    with pytest.raises(UnknownParameterError, match=message):
        rp.ContinuousBernoulli(**{name: 0.3})
    logits = rp.ContinuousBernoulli.logits.conversions[name].value(0.3)
    density = math.exp(rp.ContinuousBernoulli(logits).log_prob(0.2))
    constant = 2.0 * math.atanh(1.0 - 2.0 * 0.3) / (1.0 - 2.0 * 0.3)  # torch's
    np.testing.assert_allclose(density, constant * 0.3**0.2 * 0.7**0.8, rtol=1e-14)
