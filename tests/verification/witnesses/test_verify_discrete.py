"""``reparam verify`` of discrete distributions: mass, score and draws."""

import numpy as np
import pytest

import reparam as rp
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.witnesses import NAMES, WITHOUT_GRADIENTS


def check(target, witness):
    return run_check(target, witness, LEVELS["quick"], seed=1, alpha=1e-10)


@pytest.mark.parametrize("witness", NAMES)
@pytest.mark.parametrize(
    "cls", [rp.Bernoulli, rp.Binomial, rp.Categorical, rp.Geometric, rp.Poisson]
)
def test_what_there_is_holds_and_the_rest_is_skipped(cls, witness):
    found = check(cls, witness)
    if witness in WITHOUT_GRADIENTS:
        assert found.outcome is Outcome.HOLDS, str(found)
    else:
        assert found.outcome is Outcome.SKIPPED
        assert "has no reparameterization" in found.reason


BROKEN = {
    "identity": {
        "_log_prob": staticmethod(lambda y, rate: rp.Poisson._log_prob(y, 1.001 * rate)),
        "_cdf": staticmethod(lambda y, rate: rp.Poisson._cdf(y - 1.0, rate)),
        "_quantile": classmethod(
            lambda cls, u, v, rate: rp.Poisson._quantile(np.nextafter(u, 1.0), v, rate)
        ),
    },
    "score": {
        "_score": staticmethod(lambda y, rate: (y / rate - 1.0 + 1e-6,)),
    },
    "distribution": {
        "_quantile": classmethod(
            lambda cls, u, v, rate: np.maximum(rp.Poisson._quantile(u, v, rate), 1.0)
        ),
    },
}


@pytest.mark.parametrize(
    ("witness", "formula"), [(witness, name) for witness in BROKEN for name in BROKEN[witness]]
)
def test_what_is_broken_is_found(witness, formula):
    broken = type("Broken", (rp.Poisson,), {formula: BROKEN[witness][formula]})
    assert check(broken, witness).outcome is Outcome.FAILS


MISTAKES = {
    "off by a factor 1 + 1e-6": lambda log: log * (1.0 + 1e-6),
    "by cancellation": lambda log: np.log(-np.expm1(np.log(-np.expm1(log)))),
    "-inf where it underflows": lambda log: np.log(np.exp(log)),
    "off by 1 % where it underflows": lambda log: np.where(log < -745.0, 1.01 * log, log),
    "NaN far out": lambda log: np.where(log < -100.0, np.nan, log),
}


#: The lower tail of counts ends long before it underflows.
MISTAKEN = [("_log_sf", kind) for kind in MISTAKES]
MISTAKEN += [("_log_cdf", kind) for kind in ("off by a factor 1 + 1e-6", "by cancellation")]


@pytest.mark.parametrize(("formula", "kind"), MISTAKEN)
@pytest.mark.parametrize("cls", [rp.Geometric, rp.NegativeBinomial, rp.Poisson])
def test_mistakes_in_logarithms_of_tails_are_found(cls, formula, kind):
    right = getattr(cls, formula)

    def wrong(y, *theta):
        with np.errstate(all="ignore"):
            return MISTAKES[kind](right(y, *theta))

    broken = type("Broken", (cls,), {formula: staticmethod(wrong)})
    assert check(broken, "identity").outcome is Outcome.FAILS


#: Formulas of the newer distributions, off by little: what is wrong with each must be found.
OFF = [
    (rp.BetaBinomial, "_log_prob", "identity", lambda good: lambda *a: good(*a) * (1.0 + 1e-6)),
    (rp.BetaBinomial, "_score", "score", lambda good: lambda *a: (good(*a)[0] + 1e-6, good(*a)[1])),
    (rp.Skellam, "_log_prob", "distribution", lambda good: lambda y, a, b: good(y, 1.03 * a, b)),
    (rp.Skellam, "_score", "score", lambda good: lambda y, a, b: good(y, a, b)[::-1]),
    (rp.Zipf, "_log_sf", "identity", lambda good: lambda y, a: good(y, a) + 1e-9),
    (rp.Zipf, "_score", "score", lambda good: lambda y, a: (good(y, a)[0] * (1.0 + 1e-5),)),
    (rp.Hypergeometric, "_sf", "identity", lambda good: lambda y, *a: good(y + 1.0, *a)),
    (rp.DiscreteUniform, "_log_prob", "identity", lambda good: lambda *a: good(*a) + 1e-6),
]


@pytest.mark.parametrize(
    ("cls", "formula", "witness", "spoil"), OFF, ids=lambda item: getattr(item, "__name__", None)
)
def test_what_is_off_in_the_newer_ones_is_found(cls, formula, witness, spoil):
    broken = type("Broken", (cls,), {formula: staticmethod(spoil(getattr(cls, formula)))})
    assert check(broken, witness).outcome is Outcome.FAILS
