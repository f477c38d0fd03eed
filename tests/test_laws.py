"""Laws that follow from a density or a cdf alone, and the polynomials that make them fast."""

from functools import partial

import numpy as np
import pytest

import reparam as rp
from reparam.parameters import POSITIVE, REAL, Parameter
from reparam.verification.laws import Link, Linked, NumericalLaw
from reparam.verification.libraries._scipy import FAMILIES, LOCATION, SCALE, ScipyLaw
from reparam.verification.piecewise import Integrals, evaluated

CASES = [
    rp.Laplace(0.3, 0.1),
    rp.Gaussian(-40.0, 3.0),
    rp.Gamma(0.1, 2.0),
    rp.Gamma(50.0, 0.1),
    rp.Beta(0.3, 20.0),
    rp.Beta(50.0, 3.0),
    rp.StudentT(1.5, 0.0, 1.0),
]


def name_of(d):
    return repr(d)


def numerical(d, **formulas):
    """Return the law that follows from some of a distribution's formulas."""
    theta = {name: float(getattr(d, name)) for name in d.parameters}
    own = {
        name: lambda y, *, formula=name, **theta: getattr(type(d)(**theta), formula)(y)
        for name in formulas
    }
    return NumericalLaw(
        theta,
        dict(d.parameters),
        d.sample(4096, rng=1),
        support=tuple(map(float, d.support)),
        **own,
    )


@pytest.mark.parametrize("d", CASES, ids=name_of)
@pytest.mark.parametrize("n", [64, 20_000])
@pytest.mark.parametrize("formulas", [["log_prob"], ["cdf", "sf", "log_prob"]], ids=" ".join)
def test_numerical_law_is_the_distribution(d, n, formulas):
    law = numerical(d, **dict.fromkeys(formulas))
    y = d.sample(n, rng=2)
    np.testing.assert_allclose(law.cdf(y), d.cdf(y), rtol=1e-11)
    np.testing.assert_allclose(law.sf(y), d.sf(y), rtol=1e-9)
    exact = d.pathwise(y)
    for name, slope in law.pathwise(y).items():
        known = np.isfinite(slope)
        assert np.mean(known) > 0.99
        np.testing.assert_allclose(slope[known], exact[name][known], rtol=1e-7)


@pytest.mark.parametrize("d", CASES[1:6], ids=name_of)
def test_scores_are_the_distributions(d):
    y = d.sample(20_000, rng=2)
    exact = d.score(y)
    for name, slope in numerical(d, log_prob=None).score(y).items():
        np.testing.assert_allclose(slope, exact[name], rtol=1e-6, atol=1e-6 * np.std(exact[name]))


def test_cdf_alone_tells_density_and_path():
    d = rp.Logistic(0.5, 2.0)
    law, y = numerical(d, cdf=None), d.sample(500, rng=2)
    np.testing.assert_allclose(law.log_prob(y), d.log_prob(y), atol=1e-6)
    np.testing.assert_allclose(law.sf(y), d.sf(y), rtol=1e-8)
    np.testing.assert_allclose(law.score(y)["scale"], d.score(y)["scale"], atol=1e-3)


def test_uncertain_slopes_are_nan():
    """Half the mass of this one is closer to 1 than numbers can be told apart there."""
    d = rp.Beta(1.0, 0.02)
    law = numerical(d, log_prob=None)
    slope = law.pathwise(np.array([0.5, 1.0 - 2.0**-50]))["beta"]
    assert np.isfinite(slope[0])
    assert np.isnan(slope[1]) or slope[1] == pytest.approx(
        float(d.pathwise(1.0 - 2.0**-50)["beta"]), rel=1e-7
    )


def test_mass_is_told():
    d = rp.Gaussian(1.0, 2.0)
    law = NumericalLaw(
        {"loc": 1.0, "scale": 2.0},
        dict(d.parameters),
        d.sample(4096, rng=1),
        log_prob=lambda y, loc, scale: rp.Gaussian(loc, scale).log_prob(y) + np.log(3.0),
    )
    assert law.mass is not None
    value, error = law.mass
    assert value == pytest.approx(3.0, rel=1e-12)
    assert error < 1e-9


def test_links_of_one_and_of_several_parameters():
    """A uniform law in its ends, whose derivatives are known: ∂y/∂low = 1 − u, ∂y/∂high = u."""
    links = {
        "loc": Link(("low",)),
        "scale": Link(("high", "low"), lambda b, a: b - a, lambda b, a: (1.0, -1.0)),
    }
    law = Linked(lambda **at: ScipyLaw("uniform", **at), links, {"low": 1.0, "high": 5.0})
    y = np.array([1.5, 2.0, 4.9])
    u = (y - 1.0) / 4.0
    np.testing.assert_allclose(law.cdf(y), u)
    np.testing.assert_allclose(law.pathwise(y)["high"], u)
    np.testing.assert_allclose(law.pathwise(y)["low"], 1.0 - u)
    assert set(law.score(y)) == {"low", "high"}
    assert law.support == (1.0, 5.0)


def test_links_to_a_constant_have_no_derivative():
    law = Linked(rp.Gamma, {"alpha": Link(("a",)), "rate": 1.0}, {"a": 2.0})
    y = np.array([0.5, 3.0])
    assert set(law.pathwise(y)) == {"a"}
    np.testing.assert_array_equal(law.pathwise(y)["a"], rp.Gamma(2.0, 1.0).pathwise(y)["alpha"])


#: Away from the middle, where some of them have a kink.
PROBABILITIES = np.append(np.linspace(0.02, 0.46, 10), np.linspace(0.53, 0.97, 10))


@pytest.mark.parametrize("name", FAMILIES)
def test_laws_of_scipy_agree_with_themselves(name):
    """Density against the slope of cdf and sf, derivatives against differences of cdf and sf."""
    parameters = {**FAMILIES[name], "loc": LOCATION, "scale": SCALE}
    rng = np.random.default_rng(3)
    for default in (True, False):
        theta = {
            key: p.default if default else rng.uniform(*p.typical) for key, p in parameters.items()
        }
        if name == "loguniform":
            theta = {**theta, "a": 0.5, "b": 3.0}
        law = ScipyLaw(name, **theta)
        y = law._family.ppf(PROBABILITIES, **theta)
        slope = differences(law.cdf, law.sf, y)
        np.testing.assert_allclose(np.exp(law.log_prob(y)), slope, rtol=2e-6)
        for key, exact in law.pathwise(y).items():
            known = np.isfinite(exact)
            assert np.mean(known) > 0.9

            def moved(formula, at, key=key, theta=theta, y=y, law=law):
                return getattr(law._family, formula)(y, **{**theta, key: at})

            at = np.full(y.shape, theta[key])
            flow = differences(partial(moved, "cdf"), partial(moved, "sf"), at)
            want = -flow / slope
            tolerance = {"rtol": 1e-5, "atol": 1e-6 * np.max(np.abs(want))}
            np.testing.assert_allclose(exact[known], want[known], **tolerance)


def differences(below, above, x):
    """Return the slope by central differences of whichever probability is smaller."""
    h = 1e-5 * np.abs(x) + 1e-7
    low = (below(x + h) - below(x - h)) / (2.0 * h)
    high = -(above(x + h) - above(x - h)) / (2.0 * h)
    return np.where(below(x) < 0.5, low, high)


def test_no_score_in_parameters_that_move_the_support():
    y = np.array([2.5, 3.0])
    score = ScipyLaw("pareto", b=2.0, loc=0.0, scale=1.0).score(y)
    assert np.all(np.isnan(score["scale"]))
    assert np.all(np.isnan(score["loc"]))
    np.testing.assert_allclose(score["b"], 0.5 - np.log(y), rtol=1e-9)


# Polynomials, piece by piece --------------------------------------------------------------------


def test_evaluated_with_kink_sign_change_and_decades():
    def f(x):
        return np.abs(np.log(x) - 0.3) * (x**0.2 - 0.9)

    x = np.random.default_rng(0).gamma(0.1, size=100_000)
    calls = []

    def counted(at):
        calls.append(at.size)
        return f(at)

    found = evaluated(counted, x)
    np.testing.assert_allclose(found, f(x), rtol=1e-9)
    assert sum(calls) < x.size


def test_evaluated_keeps_what_is_no_number_to_its_place():
    def f(x):
        return np.where(x > 0.0, x**2, np.nan)

    x = np.append(np.random.default_rng(0).normal(size=5000), [np.inf, -np.inf, np.nan])
    np.testing.assert_allclose(evaluated(f, x), f(x), rtol=1e-9)


def test_evaluated_keeps_shapes_and_repetitions():
    x = np.repeat(np.linspace(1.0, 2.0, 500), 4).reshape(4, 500)
    np.testing.assert_allclose(evaluated(np.sqrt, x), np.sqrt(x), rtol=1e-12)
    assert evaluated(np.sqrt, np.array([])).shape == (0,)


def test_integrals_to_relative_accuracy_in_both_tails():
    from scipy.special import ndtr

    def f(x):
        p = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
        return np.stack([p, (x * x - 1.0) * p]), np.zeros((2, x.size))

    found = Integrals(f, np.linspace(-38.0, 38.0, 9))
    y = np.array([-30.0, -5.0, -1.0, 0.2, 4.0, 20.0])
    below, error = found(y, upper=False)
    np.testing.assert_allclose(below[0], ndtr(y), rtol=1e-12)
    above, _ = found(y, upper=True)
    np.testing.assert_allclose(above[0], ndtr(-y), rtol=1e-12)
    # where the sum cancels, the error says so
    assert np.all(np.abs(below[1] + y * f(y)[0][0]) <= 100.0 * error[1])
    np.testing.assert_allclose(found.total[0], [1.0, 0.0], atol=1e-14)


def test_integrals_up_to_a_singularity_say_what_is_lost():
    def f(x):
        return (0.5 * x**-0.5)[np.newaxis], np.zeros((1, x.size))

    knots = 0.5 ** np.arange(20.0, -1.0, -1.0)
    value, error = Integrals(f, knots, lost=(float(knots[0]), 0.0))(np.array([1.0]), upper=False)
    assert abs(value[0, 0] - 1.0) <= error[0, 0]


def test_declarations_of_families_are_parameters():
    for family in FAMILIES.values():
        for parameter in family.values():
            low, high = parameter.typical
            assert isinstance(parameter, Parameter)
            assert low <= parameter.default < high
            assert low in parameter.domain
            assert high in parameter.domain
    assert LOCATION.domain is REAL
    assert SCALE.domain is POSITIVE
