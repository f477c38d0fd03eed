"""Products of distributions: all of a vector is that of its entries."""

import pickle

import numpy as np
import pytest

import reparam as rp
from reparam.errors import ParameterError, UnknownParameterError

LAWS = (
    rp.Gaussian(loc=[1.0, -2.0], scale=0.5),
    rp.Gamma(alpha=2.0),
    rp.Mixture([rp.Gaussian(), rp.Laplace(loc=1.0)], logits=[0.0, 1.0]),
    rp.Truncated(rp.Gaussian(), low=0.5),
)


def test_entries_have_their_own_laws():
    d = rp.independent(*LAWS)
    assert (d.event_shape, d.batch_shape, d.path) == ((4,), (2,), "field")
    draw = d.rsample(6, rng=1)
    y, jacobian = draw.value, draw.jacobian()
    np.testing.assert_array_equal(d.transform(*draw.noise).value, y)
    np.testing.assert_array_equal(d.sample(9, rng=1)[:6], y)
    np.testing.assert_allclose(
        d.log_prob(y), sum(law.log_prob(y[..., k]) for k, law in enumerate(LAWS)), rtol=1e-14
    )
    for what in ("mean", "variance"):
        expected = np.stack(np.broadcast_arrays(*(getattr(law, what) for law in LAWS)), axis=-1)
        np.testing.assert_array_equal(getattr(d, what), expected)
    np.testing.assert_allclose(d.entropy, sum(law.entropy for law in LAWS), rtol=1e-14)
    for k, law in enumerate(LAWS):
        np.testing.assert_array_equal(d.stein_score(y)[..., k], law.stein_score(y[..., k]))
        score = law.score(y[..., k])
        for name, slope in law.pathwise(y[..., k]).items():
            path = f"laws[{k}].{name}"
            np.testing.assert_array_equal(d.score(y)[path], score[name])
            at = (slice(None), slice(None), k)
            np.testing.assert_allclose(jacobian[path][at], slope, rtol=1e-9, atol=1e-12)
            others = np.delete(jacobian[path], k, axis=2)
            np.testing.assert_array_equal(others, 0.0)


def test_outside_the_support_of_an_entry():
    d = rp.Independent(rp.Gaussian(), rp.Gamma())
    assert d.log_prob([0.0, -1.0]) == -np.inf
    assert all(np.isnan(entry) for entry in d.score([0.0, -1.0]).values())
    low, high = d.support
    assert (low.tolist(), high.tolist()) == ([-np.inf, 0.0], [np.inf, np.inf])


def test_texts_and_pickles():
    d = rp.Independent(rp.Gaussian(), rp.Gamma(alpha=2.0))
    for other in (rp.parse(repr(d)), rp.parse("independent(gaussian, gamma(alpha=2))")):
        assert repr(other) == repr(pickle.loads(pickle.dumps(d))) == repr(d)
    assert repr(d.replace({"laws[0].loc": 3.0}).laws[0]) == "Gaussian(loc=3.0, scale=1.0)"
    with pytest.raises(ParameterError, match=r"laws\[1\].* draws integers"):
        rp.independent(rp.Gaussian(), rp.Poisson())
    with pytest.raises(UnknownParameterError, match="needs laws"):
        rp.independent()
