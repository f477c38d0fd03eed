"""Samplers of what has no density, and such as can't be called: what is said of them."""

import re
from typing import ClassVar

import numpy as np
import pytest
from scipy.special import gammaln
from strangers import Normal

from reparam.errors import InputError
from reparam.verification import verify
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve
from reparam.verification.witnesses import NAMES


class Poisson:
    """A log mass as the log density."""

    parameters: ClassVar = {"rate": (0.5, 5.0)}

    def rsample(self, n, *, rng, rate):
        y = rng.poisson(rate, n).astype(float)
        return y, {"rate": y / rate}

    def log_prob(self, y, rate):
        return y * np.log(rate) - rate - gammaln(y + 1.0)


class Bernoulli:
    parameters: ClassVar = {"p": (0.1, 0.9)}

    def rsample(self, n, *, rng, p):
        return np.where(rng.random(n) < p, 1.0, 0.0), {"p": np.ones(n)}

    def log_prob(self, y, p):
        return y * np.log(p) + (1.0 - y) * np.log1p(-p)


class Delta:
    """A point mass."""

    parameters: ClassVar = {"loc": (-3.0, 3.0)}
    density = 0.0

    def rsample(self, n, *, rng, loc):
        return np.full(n, loc), {"loc": np.ones(n)}

    def log_prob(self, y, loc):
        return np.where(y == loc, self.density, -np.inf)


class InfiniteDelta(Delta):
    density = np.inf


class Between:
    """Bounds that are equal at the defaults."""

    parameters: ClassVar = {"low": (-1.0, 1.0), "high": (-1.0, 1.0)}

    def rsample(self, n, *, rng, low, high):
        u = rng.random(n)
        return low + (high - low) * u, {"low": 1.0 - u, "high": u}

    def log_prob(self, y, low, high):
        inside = (y - low) * (y - high) <= 0.0
        with np.errstate(all="ignore"):
            return np.where(inside, -np.log(np.abs(high - low)), -np.inf)


class Infinite(Normal):
    def rsample(self, n, *, rng, loc, scale):
        return np.full(n, np.inf), {"loc": np.ones(n), "scale": np.ones(n)}


#: What is said of it.
ODD = {
    Poisson: (Outcome.INCONCLUSIVE, "log_prob may be the log mass"),
    Bernoulli: (Outcome.INCONCLUSIVE, "log_prob may be the log mass"),
    Delta: (Outcome.INCONCLUSIVE, "all draws are 0 at loc=0, where no density is finite"),
    InfiniteDelta: (Outcome.INCONCLUSIVE, "all draws are 0 at loc=0"),
    Between: (Outcome.INCONCLUSIVE, "ranges of bounds must not overlap"),
    Infinite: (Outcome.FAILS, "no draw is a finite number"),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("sampler", "outcome", "words"), [(k, *v) for k, v in ODD.items()])
def test_what_has_no_density_is_named(sampler, outcome, words, seed):
    checks = [
        run_check(sampler, witness, LEVELS["quick"], seed=seed, alpha=1e-10) for witness in NAMES
    ]
    judged = [check for check in checks if check.witness != "continuity"]  # which needs no law
    assert {check.outcome for check in judged} <= {outcome, Outcome.SKIPPED, Outcome.HOLDS}
    said = {check.witness: "\n".join(check.findings()) for check in checks}
    assert words in said["distribution"]
    assert not any("it raised" in each for each in said.values())


class NoGenerator(Normal):
    def rsample(self, n, loc, scale):
        return np.zeros(n), {}


class OneMore(Normal):
    def rsample(self, n, *, rng, loc, scale, df):
        return np.zeros(n), {}


class ShortCdf(Normal):
    def cdf(self, y, loc):
        return y


class ShortTransform(Normal):
    noise = "normal"

    def transform(self, z, loc):
        return z


class Needs(Normal):
    def __init__(self, df):
        pass


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (NoGenerator, "rsample is called as rsample(n, rng=…, loc=…, scale=…), but takes (n, loc,"),
        (OneMore, "missing a required argument: 'df'"),
        (ShortCdf, "cdf is called as cdf(y, loc=…, scale=…), but takes (y, loc)"),
        (ShortTransform, "transform is called as transform(y, loc=…, scale=…)"),
        (Needs, "can't be made without arguments"),
    ],
)
def test_what_can_not_be_called_is_an_error_before_any_check(sampler, message):
    with pytest.raises(InputError, match=re.escape(message)):
        resolve(sampler)
    with pytest.raises(InputError, match=re.escape(message)):
        verify(sampler, level="quick", seed=1)


class Slotted(Normal):
    """Methods that can't be inspected, or take anything."""

    cdf = None

    def log_prob(self, *values, **theta):
        return super().log_prob(*values, **theta)


def test_methods_that_take_anything_are_called():
    assert resolve(Slotted).name == "Slotted"
