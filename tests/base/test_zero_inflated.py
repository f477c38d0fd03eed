"""Zero inflation of discrete distributions, checked as a sum and by differences."""

import numpy as np
import pytest

import reparam as rp
from reparam.errors import ParameterError

BASES = [
    rp.Poisson([0.3, 4.0]),
    rp.Geometric(logits=0.4),
    rp.DiscreteUniform(-4, 5),
    rp.Categorical([0.5, 0.0, -1.0, 0.3]),
    rp.NegativeBinomial(1.5, 0.2),
]
Y = np.arange(-6.0, 400.0)[:, np.newaxis]


@pytest.mark.parametrize("base", BASES, ids=lambda d: d.name)
@pytest.mark.parametrize("gate", [0.3, [0.0, 0.999]], ids=str)
def test_everything_is_that_of_the_sum(base, gate):
    d = rp.ZeroInflated(base, gate)
    p = (1.0 - d.gate) * np.exp(base.log_prob(Y)) + d.gate * (Y == 0.0)
    np.testing.assert_allclose(np.exp(d.log_prob(Y)), p, rtol=1e-13, atol=1e-300)
    below, above = np.cumsum(p, axis=0), np.cumsum(p[::-1], axis=0)[::-1] - p
    for found, logs, expected in ((d.cdf, d.log_cdf, below), (d.sf, d.log_sf, above)):
        np.testing.assert_allclose(found(Y), expected, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(np.exp(logs(Y)), found(Y), rtol=1e-13, atol=1e-300)
    mean = np.sum(p * Y, axis=0)
    entropy = -np.sum(np.where(p > 0.0, p * np.log(np.where(p > 0.0, p, 1.0)), 0.0), axis=0)
    np.testing.assert_allclose(d.mean, mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(d.variance, np.sum(p * (Y - mean) ** 2, axis=0), rtol=1e-12)
    np.testing.assert_allclose(d.entropy, entropy, rtol=1e-12)
    u = np.concatenate([np.linspace(0.001, 0.999, 97), [1e-300, 1.0 - 2.0**-53]])[:, np.newaxis]
    y = d.icdf(u)
    reached = np.where(u > 0.5, d.sf(y) <= 1.0 - u, d.cdf(y) >= u)
    before = np.where(u > 0.5, d.sf(y - 1.0) <= 1.0 - u, d.cdf(y - 1.0) >= u)
    assert np.all(reached)
    assert not np.any(before)
    assert d.sample(7, rng=1).shape == (7, *d.batch_shape)


@pytest.mark.parametrize("base", BASES, ids=lambda d: d.name)
def test_score_differentiates(base):
    d = rp.ZeroInflated(base, 0.3)
    y = np.array([[0.0], [1.0], [3.0]])
    score, h = d.score(y), 1e-6
    assert list(score) == d.parameters.differentiable
    for name, entry in score.items():
        value = np.asarray(d[name])
        shifts = np.eye(value.shape[-1]) * h if d.parameters[name].vector else np.array([h])
        for k, shift in enumerate(shifts):
            sides = [d.replace({name: value + s * shift}).log_prob(y) for s in (1.0, -1.0)]
            found = entry[..., k] if d.parameters[name].vector else entry
            slope = (sides[0] - sides[1]) / (2.0 * h)
            np.testing.assert_allclose(found, slope + 0.0 * found, rtol=1e-7, atol=1e-8)


def test_no_zeros_and_nothing_else():
    base = rp.Poisson(2.0)
    none, all_ = rp.ZeroInflated(base, 0.0), rp.ZeroInflated(base, 1.0)
    y = np.arange(5.0)
    np.testing.assert_allclose(none.log_prob(y), base.log_prob(y), rtol=1e-15)
    np.testing.assert_array_equal(all_.log_prob(y), np.where(y == 0.0, 0.0, -np.inf))
    assert (all_.mean, all_.variance, all_.entropy) == (0.0, 0.0, 0.0)
    assert all_.score(0.0)["base.rate"] == 0.0


def test_text_and_messages():
    d = rp.ZeroInflated(rp.Poisson(2.0), 0.25)
    assert repr(d) == "ZeroInflated(Poisson(rate=2.0), gate=0.25)"
    assert d.replace(rate=3.0).base.rate == 3.0
    with pytest.raises(ParameterError, match=r"does not draw integers; .* such as Poisson\(\)"):
        rp.ZeroInflated(rp.Gaussian())
    with pytest.raises(rp.NotReparameterizable, match="ZeroInflated has no reparameterization"):
        d.rsample(3)
