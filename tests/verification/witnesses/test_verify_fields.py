"""Vectors and matrices whose derivatives are a field: what is right holds, mistakes are caught."""

import numpy as np
import pytest

import reparam as rp
from reparam import testing

pytestmark = pytest.mark.long

LAWS = [rp.Dirichlet, rp.Wishart, rp.InverseWishart, rp.LKJCholesky]


@pytest.mark.parametrize("cls", LAWS)
def test_what_is_right_holds(cls):
    testing.check(cls, level="quick", witnesses=["distribution", "score"], seed=1)


def without_jacobian_on_simplex(self, y, concentration):
    """Of ln y, as if dy were Π y_i times as small."""
    return rp.Dirichlet._log_prob(y, concentration) + np.sum(np.log(y), axis=-1)


def without_jacobian_of_squares(self, y, df, tril):
    """Of y = T Tᵀ with that of T alone."""
    diagonal = np.diagonal(np.linalg.cholesky(y), axis1=-2, axis2=-1)
    powers = np.arange(y.shape[-1], 0.0, -1.0)
    return rp.Wishart._log_prob(self, y, df, tril) + np.log(diagonal) @ powers


def of_correlations(self, y, dim, concentration):
    """Of R = y yᵀ: the Jacobian Π y_ii^(d−i) is missing."""
    diagonal = np.diagonal(y, axis1=-2, axis2=-1)
    powers = np.arange(y.shape[-1] - 1.0, -1.0, -1.0)
    return rp.LKJCholesky._log_prob(y, dim, concentration) - np.log(diagonal) @ powers


def times(factor, index):
    def changed(base):
        def pull(self, upstream, y, *rest):
            found = list(base(self, upstream, y, *rest))
            found[index] = found[index] * factor
            return tuple(found)

        return pull

    return changed


def alone(base):
    """Back-propagate from the last entry alone."""

    def pull(self, upstream, y, *rest):
        one = np.zeros(y.shape)
        one[(..., *(-1,) * len(self.event_shape))] = 1.0
        return base(self, upstream * one, y, *rest)

    return pull


def first_only(base):
    """Return the derivative in the first concentration, and none in the others."""

    def pull(self, upstream, y, *rest):
        (found,) = base(self, upstream, y, *rest)
        return (found * (np.arange(y.shape[-1]) == 0),)

    return pull


def by_gammas(self, upstream, y, logit, concentration):
    """Differentiate as if each entry moved by itself: the sum is not kept."""
    from reparam.special import beta

    total = concentration.sum(axis=-1, keepdims=True)
    slopes = beta.logit_pathwise(logit, concentration, total - concentration)[0]
    return (upstream * y * (1.0 - y) * slopes,)


def transposed_factor(self, z, u, df, tril):
    return rp.Wishart._transform(self, z, u, df, np.swapaxes(tril, -1, -2))


def bound(cls, name):
    formula = getattr(cls, name)
    return formula if not hasattr(formula, "__self__") else lambda self, *rest: formula(*rest)


def pulled(cls, change):
    return {"_pull": change(bound(cls, "_pull"))}


MUTANTS = {
    "dirichlet density": (rp.Dirichlet, {"_log_prob": without_jacobian_on_simplex}),
    "dirichlet entry": (rp.Dirichlet, pulled(rp.Dirichlet, alone)),
    "dirichlet parameter": (rp.Dirichlet, pulled(rp.Dirichlet, first_only)),
    "dirichlet path": (rp.Dirichlet, {"_pull": by_gammas}),
    "wishart density": (rp.Wishart, {"_log_prob": without_jacobian_of_squares}),
    "wishart entry": (rp.Wishart, pulled(rp.Wishart, alone)),
    "wishart half": (rp.Wishart, pulled(rp.Wishart, times(2.0, 0))),
    "wishart factor": (rp.Wishart, {"_transform": transposed_factor}),
    "inverse entry": (rp.InverseWishart, pulled(rp.InverseWishart, alone)),
    "inverse half": (rp.InverseWishart, pulled(rp.InverseWishart, times(0.5, 0))),
    "lkj density": (rp.LKJCholesky, {"_log_prob": of_correlations}),
    "lkj entry": (rp.LKJCholesky, pulled(rp.LKJCholesky, alone)),
    "lkj sign": (rp.LKJCholesky, pulled(rp.LKJCholesky, times(-1.0, 0))),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mistakes_are_caught(name):
    base, changed = MUTANTS[name]
    mutant = type(base.__name__, (base,), changed)
    with pytest.raises(AssertionError):
        testing.check(
            mutant, level="quick", witnesses=["identity", "distribution", "expectation"], seed=1
        )
