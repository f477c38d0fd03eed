"""Mistakes in laws of unit vectors, of Gaussians on the simplex and in copulas are caught."""

import mutants
import numpy as np
import pytest

import reparam as rp
from reparam import testing
from reparam.special import sphere

TINY = 1.0 + 1e-6
R = [[1.0, 0.6], [0.6, 1.0]]


def ambient(upstream, y, half, mean_direction, concentration):
    """The derivative in μ without −μ (dμᵀy), which keeps the length."""
    _, in_kappa = rp.VonMisesFisher._pull(upstream, y, half, mean_direction, concentration)
    return sphere.products(y, mean_direction)[..., np.newaxis] * upstream, in_kappa


def scaled(factor):
    def pull(upstream, y, half, *theta):
        in_mean, in_kappa = rp.VonMisesFisher._pull(upstream, y, half, *theta)
        return in_mean, factor * in_kappa

    return pull


def always_accepted(z, u, mean_direction, concentration):
    return rp.VonMisesFisher._transform(z, np.full_like(u, 1e-300), mean_direction, concentration)


def of_another_dimension(y, mean_direction, concentration):
    in_mean, in_kappa = rp.VonMisesFisher._score(y, mean_direction, concentration)
    return in_mean, in_kappa + 0.02


def of_kappa(z, other, u, mean_direction, concentration):
    """Draws with the first shape κ of the beta law."""
    short = np.maximum(concentration - 0.5 * z.shape[-1], 1e-3)
    return rp.PowerSpherical._transform(z, other, u, mean_direction, short)


def reflected(upstream, y, length, loc):
    """The derivative of x/‖x‖ as if ‖x‖ stayed."""
    return (upstream / length[..., np.newaxis],)


def without_jacobian(cls, y, loc, a, b):
    return rp.LogisticNormal._log_prob(y, loc, a, b) + np.sum(np.log(y), axis=-1)


def unequal(y, log_y):
    """The inverse of stick-breaking without its offsets."""
    return rp.StickBreakingNormal._inverse(y, log_y) + np.arange(y.shape[-1] - 1.0)


def without_density(self, y, x, of_margins):
    return np.exp(-0.5 * x * x)


def made_of(base, **formulas):
    made = {
        name: classmethod(f) if name == "_log_prob" and base is rp.LogisticNormal else f
        for name, f in formulas.items()
    }
    plain = {
        name: staticmethod(f) if callable(f) and base is not rp.GaussianCopula else f
        for name, f in made.items()
    }
    return type(base.__name__, (base,), plain)


def copula(**formulas):
    mutant = made_of(rp.GaussianCopula, **formulas)
    return mutant([rp.Gamma(2.0), rp.Gaussian()], correlation=R)


#: The witness that catches each, and how it is made.
MUTANTS = {
    "ambient": ("expectation", lambda: made_of(rp.VonMisesFisher, _pull=ambient)),
    "sign": ("expectation", lambda: made_of(rp.VonMisesFisher, _pull=scaled(-1.0))),
    "5 %": ("expectation", lambda: made_of(rp.VonMisesFisher, _pull=scaled(1.05))),
    "accepted": ("distribution", lambda: made_of(rp.VonMisesFisher, _transform=always_accepted)),
    "dimension": ("score", lambda: made_of(rp.VonMisesFisher, _score=of_another_dimension)),
    "shape": ("distribution", lambda: made_of(rp.PowerSpherical, _transform=of_kappa)),
    "reflected": ("transform", lambda: made_of(rp.ProjectedNormal, _pull=reflected)),
    "jacobian": ("identity", lambda: made_of(rp.LogisticNormal, _log_prob=without_jacobian)),
    "offsets": ("distribution", lambda: made_of(rp.StickBreakingNormal, _inverse=unequal)),
    "density": ("derivative", lambda: copula(_weights=without_density)),
    "triangle": (
        "derivative",
        lambda: copula(_in_given=lambda self, derivative, given, factor: derivative),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", MUTANTS)
def test_mistakes_are_caught(name):
    witness, made = MUTANTS[name]
    with pytest.raises(AssertionError, match=rf": {witness}: .*(bound|expected)"):
        testing.check(made(), level="quick", witnesses=[witness], seed=1)


def slightly_off(base, index):
    """All derivatives in one parameter are off by a factor 1 + 1e-6, whatever the way to them."""

    def pull(self, *args):
        found = list(super(made, self)._pull(*args))
        found[index] = TINY * found[index]
        return tuple(found)

    made = type(base.__name__, (base,), {"_pull": pull})
    return made


@pytest.mark.parametrize(
    ("base", "index"),
    [
        (rp.PowerSpherical, 1),
        (rp.Wishart, 0),
        (rp.LKJCholesky, -1),
        pytest.param(rp.PowerSpherical, 0, marks=pytest.mark.long),
        pytest.param(rp.VonMisesFisher, 1, marks=pytest.mark.long),
        pytest.param(rp.Dirichlet, 0, marks=pytest.mark.long),
    ],
)
def test_fields_that_are_a_millionth_off_are_caught(base, index):
    with pytest.raises(AssertionError, match=r": identity: .*div\(p v\)/p"):
        testing.check(slightly_off(base, index), level="quick", witnesses=["identity"], seed=1)


@pytest.mark.parametrize(
    ("subject", "witness"),
    [("derivative", "transform"), ("log_prob", "identity"), ("stein_score", "score")],
)
def test_mutants_of_a_law_of_unit_vectors_are_caught(subject, witness):
    kinds = ("wrong sign", "off by a factor 1 + 1e-6", "density off by a factor 1 + 1e-6")
    asked = [
        each
        for each in mutants.vector_mutants(rp.PowerSpherical)
        if each.subject == subject and each.kind in kinds
    ]
    assert len(asked) > 1
    for mutant in asked:
        with pytest.raises(AssertionError, match=rf": {witness}: "):
            testing.check(mutant.cls, level="quick", witnesses=[witness], seed=1)


@pytest.mark.long
def test_a_copula_holds():
    testing.check(copula(), level="quick", seed=1)
