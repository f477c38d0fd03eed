"""The witness of mean, variance and entropy, and what it finds."""

import numpy as np
import pytest

import reparam as rp
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome, Report
from reparam.verification.run.checking import run_check


def check(target, witness="moments", level="quick"):
    return run_check(target, witness, LEVELS[level], seed=1, alpha=1e-10)


#: Distributions of all kinds: heavy tails, moments that don't exist, infinite densities, integers,
#: vectors, counts, and formulas that follow numerically.
RIGHT = [
    *(rp.Cauchy(), rp.Pareto(alpha=1.5), rp.Frechet(concentration=2.5), rp.StudentT(df=1.9)),
    *(rp.LogNormal(scale=5.0), rp.Beta(alpha=0.1, beta=0.1), rp.Gamma(alpha=0.02), rp.VonMises()),
    *(rp.Binomial(total_count=9.0), rp.Zipf(a=6.0), rp.Skellam()),
    *(rp.Dirichlet, rp.Wishart, rp.OneHotCategorical, rp.Multinomial(total_count=3.0)),
    rp.Truncated(rp.Gaussian(), low=1.0),
]


@pytest.mark.parametrize("target", RIGHT, ids=lambda d: getattr(d, "name", repr(d)))
def test_what_is_right_holds(target):
    found = check(target)
    assert found.outcome is Outcome.HOLDS, str(found)


def times(factor):
    return lambda good: lambda *a: good(*a) * factor


def always(value):
    return lambda good: lambda *a: np.full(np.shape(good(*a)), value)


BROKEN = [
    *[(rp.Gamma, f"_{name}", times(1.0 + 1e-6)) for name in ("mean", "variance", "entropy")],
    (rp.Poisson, "_variance", times(1.0 + 1e-6)),
    (rp.Skellam, "_mean", lambda good: lambda a, b: good(b, a) + 1e-6),
    (rp.Dirichlet, "_covariance", times(-1.0)),
    (rp.Multinomial, "_entropy", times(1.0 + 1e-6)),
    (rp.Pareto, "_mean", always(np.inf)),
    (rp.Cauchy, "_mean", always(0.0)),
    (rp.Levy, "_variance", always(1.0)),
    (rp.Gaussian, "_variance", always(np.nan)),
]


@pytest.mark.parametrize(("cls", "formula", "spoil"), BROKEN)
def test_what_is_broken_is_found(cls, formula, spoil):
    right = getattr(cls, formula)
    bound = "self" in right.__code__.co_varnames[:1]
    wrong = spoil(right)
    static = staticmethod(wrong)
    if bound:
        static = lambda self, *a: spoil(lambda *b: right(self, *b))(*a)  # noqa: E731
    assert check(type("Broken", (cls,), {formula: static})).outcome is Outcome.FAILS


COUNTS = {
    "identity": ("_log_prob", lambda good: lambda *a: good(*a) + 1e-6),
    "score": ("_score", lambda good: lambda *a: (good(*a)[0] + 1e-5,)),
    "distribution": ("_drawn", lambda good: lambda u, *a: good(u**1.1, *a)),
}


@pytest.mark.parametrize("witness", COUNTS)
@pytest.mark.parametrize("cls", [rp.Multinomial, rp.DirichletMultinomial, rp.OneHotCategorical])
def test_vectors_of_counts_hold_and_what_is_broken_is_found(cls, witness):
    assert check(cls, witness).outcome is Outcome.HOLDS
    formula, spoil = COUNTS[witness]
    right = getattr(cls, formula)
    broken = lambda self, *a: spoil(lambda *b: right(self, *b))(*a)  # noqa: E731
    assert check(type("Broken", (cls,), {formula: broken}), witness).outcome is Outcome.FAILS


def test_vectors_of_too_many_counts_are_not_summed():
    found = check(rp.Multinomial(total_count=1e6), "identity")
    assert found.outcome is Outcome.SKIPPED
    assert "too many to sum over" in found.reason


def test_a_sum_over_many_integers_counts_both_tails():
    assert check(rp.Skellam(rate1=1e14, rate2=3.0), "score").outcome is Outcome.HOLDS


def test_without_parameters_there_is_no_score_and_nothing_is_missing():
    found = check(rp.DiscreteUniform, "score"), check(rp.Concrete, "moments")
    assert [each.outcome for each in found] == [Outcome.SKIPPED] * 2
    assert "no parameter" in found[0].reason
    assert Report(found, 1, "quick", 0.0, "1").unseen == []
