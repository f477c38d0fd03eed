"""Clipped: values beyond two ends are moved to these, which then have probabilities."""

import math
import pickle

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from references import LAWS, Numbers

import reparam as rp
from reparam.errors import NoFormulaError, ParameterError
from reparam.estimators import estimate

CASES = [
    rp.clip(rp.Gaussian(0.2, 1.3), low=-1.0, high=2.0),
    rp.clip(rp.Gaussian(), low=9.0, high=9.5),
    rp.clip(rp.Gaussian(), high=-5.0),
    rp.clip(rp.Gamma(2.5, 1.4), low=0.3),
    rp.clip(rp.StudentT(1.5), low=-5.0, high=1.0),
    rp.clip(rp.Exponential(0.7), high=600.0),
    rp.clip(rp.Laplace(), low=-0.2, high=0.1),
]
EACH = pytest.mark.parametrize("d", CASES, ids=repr)


@EACH
def test_probabilities_and_scores_against_mpmath(d):
    with mp.workdps(50):
        numbers = Numbers(d)
        count, base = len(d.base._theta), LAWS[d.base.name]
        own, ends = numbers.values[:count], [float(d.low), float(d.high)]
        inner = d.base.icdf(np.linspace(*d.base.cdf(np.clip(ends, *d.base.support)), 5)[1:-1])
        for which, y in (*((None, y) for y in inner), *enumerate(ends)):
            if not np.isfinite(y) or (which is None and not ends[0] < y < ends[1]):
                continue
            score = d.score(y)
            parts = (0, 1, 2) if which is None else (which,)

            def logarithm(values, y=y, which=which):
                at = mpf(float(y)) if which is None else values[count + which]
                return mpmath.log(base(at, *values[:count])[2 if which is None else which])

            mass = base(mpf(float(y)), *own)[parts[-1]]
            assert abs(mpf(float(d.log_prob(y))) - mpmath.log(mass)) < 1e-12 * max(
                1, abs(mpmath.log(mass))
            )
            for k, (path, _) in enumerate(numbers.names):
                if not mpmath.isfinite(numbers.values[k]):
                    assert score[path] == 0.0
                    continue
                expected = numbers.derivative(logarithm, k)
                off = 1e-12 * max(abs(expected), 1 / abs(numbers.values[k] or 1))
                assert abs(mpf(float(score[path])) - expected) < off, (path, y)


def test_jumps():
    d = CASES[0]
    at = [-1.0 - 1e-9, -1.0, 0.0, 2.0 - 1e-9, 2.0, 3.0]
    base = rp.Gaussian(0.2, 1.3)
    assert np.array_equal(d.cdf(at), [0.0, *base.cdf(at[1:4]), 1.0, 1.0])
    assert np.array_equal(d.sf(at), [1.0, *base.sf(at[1:4]), 0.0, 0.0])
    assert np.array_equal(d.log_cdf(at), [-math.inf, *base.log_cdf(at[1:4]), 0.0, 0.0])
    assert np.array_equal(d.log_sf(at), [0.0, *base.log_sf(at[1:4]), -math.inf, -math.inf])
    assert np.array_equal(d.icdf([0.0, 0.1, 0.5, 0.99, 1.0]), [-1.0, -1.0, 0.2, 2.0, 2.0])
    assert np.array_equal(d.isf([0.0, 0.01, 0.5]), [2.0, 2.0, 0.2])
    assert np.array_equal(np.isnan(d.stein_score(at)), [True, True, False, False, True, True])
    assert np.all(np.isnan(d.cdf([math.nan])))
    assert np.array_equal(d.log_prob([-3.0, 5.0]), [-math.inf, -math.inf])
    assert np.isnan(d.score(-3.0)["base.loc"])


def test_draws_are_clipped_draws_of_the_base():
    for base in (
        rp.Gaussian(0.2, 1.3),
        rp.Gamma(2.0),
        rp.mixture([1, 2], rp.Gaussian(), rp.Gaussian(3)),
    ):
        d = rp.clip(base, low=0.5, high=2.0)
        draw, inner = d.rsample(1000, rng=1), base.rsample(1000, rng=1)
        assert np.array_equal(draw.value, np.clip(inner.value, 0.5, 2.0))
        assert (d.path, d.noise) == (base.path, base.noise)
        gradient, of_base = draw.jacobian(), inner.jacobian()
        inside = (draw.value > 0.5) & (draw.value < 2.0)
        for name, entry in of_base.items():
            shown = inside if entry.ndim == 1 else inside[:, np.newaxis]
            assert np.array_equal(gradient[f"base.{name}"], np.where(shown, entry, 0.0))
        assert np.array_equal(gradient["low"], draw.value == 0.5)
        assert np.array_equal(gradient["high"], draw.value == 2.0)
        off = np.abs(d.transform(draw.noise).value - draw.value)
        assert np.all(off < 1e-14)
        assert repr(pickle.loads(pickle.dumps(d))) == repr(d) == repr(rp.parse(repr(d)))
        assert d.by_quantile().path == "map"
    assert repr(rp.clip(rp.Gamma(), low=1.0).by_quantile()) == (
        "Clipped(ByQuantile(Gamma(alpha=1.0, rate=1.0)), low=1.0)"
    )


def test_gradients_are_those_of_the_expectation():
    """E[y²] by its definition."""

    def expectation(loc, scale, low, high):
        d = rp.clip(rp.Gaussian(loc, scale), low=low, high=high)
        return float(d.variance + d.mean**2)

    theta = [0.2, 1.3, -1.0, 2.0]
    found = estimate(CASES[0], "y**2", 100_000, rng=1)
    for place, name in enumerate(("base.loc", "base.scale", "low", "high")):
        up, down = ([t + h * (i == place) for i, t in enumerate(theta)] for h in (1e-5, -1e-5))
        expected = (expectation(*up) - expectation(*down)) / 2e-5
        for estimator in ("pathwise", "score-loo") if place < 2 else ("pathwise",):
            row = found[estimator, name]
            assert abs(row.value - expected) < 6.0 * row.standard_error + 1e-6, row
    assert "score, low" in found.left_out


def test_what_has_no_answer():
    d = rp.clip(rp.Gaussian(), low=0.0)
    assert (d.moving, rp.clip(rp.Exponential(), low=-1.0).moving) == (("low",), ())
    with pytest.raises(NoFormulaError, match="has probabilities at its endpoints"):
        rp.kl(d, rp.Gaussian())
    with pytest.raises(ParameterError, match="low=1 is not below high=0; pass low < high"):
        rp.clip(rp.Gaussian(), low=1.0, high=0.0)
    with pytest.raises(ParameterError, match="has no density: its endpoints have probabilities"):
        rp.truncate(d, high=3.0)
    everything = rp.clip(rp.Uniform(), low=2.0)
    assert (everything.mean, everything.variance, everything.entropy) == (2.0, 0.0, 0.0)
