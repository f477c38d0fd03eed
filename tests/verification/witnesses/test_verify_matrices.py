"""Mistakes of matrix parameters, each of one kind, are caught: by ``verify``."""

import numpy as np
import pytest

import reparam as rp
from reparam.regions import Correlation, PositiveDefinite
from reparam.special.matrices import apply, transposed
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check

QUICK = {"level": LEVELS["quick"], "seed": 1, "alpha": 1e-10}
RIGHT = rp.MultivariateGaussian


class ByCovariance(RIGHT):
    """The same, given its covariance unless something else is passed."""

    _alternatives = (("covariance", "scale_tril", "precision"),)


def broken(base=RIGHT, /, **formulas):
    return type("Broken", (base,), formulas)


def upper(self, entries, *_):
    return entries[0], np.triu(entries[1])


def transposed_derivative(self, entries, *_):
    return entries[0], np.tril(transposed(entries[1]))


def whole_diagonal(self, entries, *rest):
    """Φ that forgets the half."""
    a, b = rest[-2:]
    whole = transposed(b) @ np.tril(transposed(a) @ np.tril(entries[1])) @ b
    return entries[0], 0.5 * (whole + transposed(whole))


def one_triangle(self, entries, *rest):
    """The derivative in a symmetric matrix, all of it in the lower triangle."""
    in_loc, symmetric = ByCovariance._pulled_back(self, entries, *rest)
    return in_loc, np.tril(symmetric) + np.tril(transposed(symmetric), -1)


@staticmethod
def by_transpose(z, loc, a, b):
    return loc + apply(transposed(a), z), z


@staticmethod
def first_entry(upstream, y, z, *theta):
    in_loc, in_factor = RIGHT._pull(upstream, y, z, *theta)
    return in_loc * np.eye(y.shape[-1])[0], in_factor


@staticmethod
def wrong_constant(y, loc, a, b):
    return RIGHT._log_prob(y, loc, a, b) + 0.1


@staticmethod
def no_determinant(y, loc, a, b):
    return RIGHT._log_prob(y, loc, a, b) + RIGHT._log_scale(a)


@staticmethod
def score_without_inverse(y, loc, a, b):
    in_loc, in_factor = RIGHT._score(y, loc, a, b)
    return in_loc, in_factor + transposed(b)


MUTANTS = {
    "upper triangle": (broken(_pulled_back=upper), "derivative"),
    "transposed derivative": (broken(_pulled_back=transposed_derivative), "derivative"),
    "diagonal not halved": (broken(ByCovariance, _pulled_back=whole_diagonal), "derivative"),
    "one triangle": (broken(ByCovariance, _pulled_back=one_triangle), "derivative"),
    "transposed factor": (broken(_transform=by_transpose), "expectation"),
    "gradient of one entry": (broken(_pull=first_entry), "derivative"),
    "wrong constant": (broken(_log_prob=wrong_constant), "identity"),
    "no determinant": (broken(_log_prob=no_determinant), "identity"),
    "score without A⁻ᵀ": (broken(_score=score_without_inverse), "score"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mistake_is_caught(name):
    cls, witness = MUTANTS[name]
    found = run_check(cls, witness, **QUICK)
    assert found.outcome is Outcome.FAILS, found


@pytest.mark.long
@pytest.mark.parametrize("way", ["covariance", "precision"])
def test_other_ways_hold(way):
    d = RIGHT(loc=[0.5, -1.0], **{way: [[2.0, 1.3], [1.3, 1.0]]})
    for witness in ("derivative", "score", "identity", "expectation"):
        assert run_check(d, witness, **QUICK).outcome is Outcome.HOLDS


def test_one_entry_moves_while_the_matrix_stays_positive_definite():
    value = np.array([[4.0, 2.0, -1.0], [2.0, 3.0, 0.5], [-1.0, 0.5, 2.0]])
    for region, diagonal in ((PositiveDefinite(), True), (Correlation(), False)):
        for at in np.ndindex(3, 3):
            number = region.number_of(at, value)
            if at[0] < at[1] or (at[0] == at[1] and not diagonal):
                assert number is None
                continue
            for end in filter(np.isfinite, number.domain.ends({})):
                for share, is_inside in ((1.0 - 1e-6, True), (1.0 + 1e-6, False)):
                    moved = value.copy()
                    moved[at] = moved[at[::-1]] = value[at] + share * (end - value[at])
                    assert (np.linalg.eigvalsh(moved)[0] > 0.0) == is_inside
            assert number.domain.low < number.typical[0] < number.typical[1] < number.domain.high


def test_the_score_in_a_strong_correlation_is_decided():
    d = RIGHT(covariance=[[4.0, 3.0], [3.0, 4.0]])
    assert run_check(d, "score", **QUICK).outcome is Outcome.HOLDS


def test_products_hold():
    d = rp.Independent(rp.Gaussian(loc=1.0), rp.Gamma(alpha=2.0))
    for witness in ("score", "distribution", "expectation"):
        assert run_check(d, witness, **QUICK).outcome is Outcome.HOLDS
