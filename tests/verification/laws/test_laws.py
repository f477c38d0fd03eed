"""Laws that follow from a density or a cdf alone, and the polynomials that make them fast."""

import numpy as np
import pytest
from scipy import stats
from textbook import KUMARASWAMY, PARETO, TEXTBOOK, UNIFORM, sampler

import reparam as rp
from reparam.domains import REAL
from reparam.parameters import Parameter
from reparam.verification.evidence.context import Level
from reparam.verification.laws.ends import Frame, find_ends
from reparam.verification.laws.law import Chained
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics.piecewise import Integrals, evaluated
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.libraries._rows import range_of

pytestmark = pytest.mark.long

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


# Textbook samplers, known by formulas of their own -----------------------------------------------

#: What a sampler tells of its law, and what that can't be judged by.
TELLS = ["cdf", "log_prob", "log_prob support", "log_prob cdf sf", "log_prob cdf icdf pathwise"]
LITTLE = Level(sets=2, points=24, draws=2**13)


def checks(law, tells, witnesses, off=""):
    """Return what witnesses say of a sampler made of a textbook's formulas."""
    made = sampler(law, tells, off)
    return {witness: run_check(made, witness, LITTLE, seed=3, alpha=1e-9) for witness in witnesses}


def told_in_turn():
    """Yield textbook distributions with two of the ways to tell their laws each, in turn."""
    for number, (name, law) in enumerate(TEXTBOOK.items()):
        lacks = [what for what in ("support", "icdf") if getattr(law, what) is None]
        ways = [tells for tells in TELLS if not any(what in tells for what in lacks)]
        yield name, ways[number % len(ways)]
        yield name, ways[(number + 2) % len(ways)]


@pytest.mark.parametrize(("name", "tells"), list(told_in_turn()))
def test_right_samplers_hold(name, tells):
    law = TEXTBOOK[name]
    witnesses = ["derivative", "distribution", "expectation"]
    if "icdf" in tells:
        witnesses = ["transform", "identity", *witnesses]
    for witness, check in checks(law, tells, witnesses).items():
        assert check.outcome is Outcome.HOLDS, f"{witness}: {check}"


@pytest.mark.parametrize(
    ("name", "off", "tells"),
    [
        (name, off, ("cdf", "log_prob")[(number + place) % 2])
        for number, (name, law) in enumerate(TEXTBOOK.items())
        if law.slopes is not None
        for place, off in enumerate(law.parameters)
    ],
)
def test_gradients_that_are_off_fail(name, off, tells):
    """By 1 % in one parameter, which is ten thousand times what right ones may be off."""
    check = checks(TEXTBOOK[name], tells, ["derivative"], off)["derivative"]
    assert check.outcome is Outcome.FAILS
    assert {
        comparison.what for comparison in check.comparisons if comparison.outcome is Outcome.FAILS
    } == {f"∂y/∂{off} of draws on the quantile path"}


@pytest.mark.parametrize("tells", ["cdf", "cdf sf", "log_prob", "log_prob cdf"])
@pytest.mark.parametrize(
    ("textbook", "moving"), [(UNIFORM, {"low", "high"}), (PARETO, {"m"}), (KUMARASWAMY, set())]
)
def test_ends_that_move(textbook, moving, tells):
    """−F_θ/p has no gap there, and ∂ log p/∂θ, whose expectation is not 0, is told as unknown."""
    theta = {name: low + 0.3 * (high - low) for name, (low, high) in textbook.parameters.items()}
    y = textbook.icdf(np.linspace(0.001, 0.999, 200), **theta)
    law = law_of(textbook, theta, tells)
    for name, slope in law.pathwise(y).items():
        known = np.isfinite(slope)
        assert np.mean(known) > 0.98
        np.testing.assert_allclose(
            slope[known], textbook.slopes(y, **theta)[name][known], rtol=3e-8
        )
    assert {name for name, score in law.score(y).items() if np.all(np.isnan(score))} == moving
    np.testing.assert_allclose(law.cdf(y), textbook.cdf(y, **theta), rtol=1e-11)


def law_of(textbook, theta, tells):
    """Return the law that follows from some of a textbook's formulas."""
    parameters = {name: Parameter(name, REAL, 0.0, (-1.0, 1.0)) for name in theta}
    pilot = textbook.icdf(np.random.default_rng(0).uniform(size=4096), **theta)
    return NumericalLaw(
        theta, parameters, pilot, **{name: getattr(textbook, name) for name in tells.split()}
    )


@pytest.mark.parametrize(
    ("at", "known"), [(0.3, False), (0.7071067811865476, False), (212.34, True)]
)
def test_jumps_inside_that_move_are_told_as_unknown(at, known):
    """Half a bell, half a box, whose jumps make up for each other in the integral of ∂p/∂θ.

    Where the bell's numbers have ended before the box's, its upper jump is the support's end.
    """
    from scipy.special import ndtr

    def log_prob(y, at, scale):
        bell = np.exp(-0.5 * (y / scale) ** 2) / (np.sqrt(2.0 * np.pi) * scale)
        return np.log(0.5 * bell + 0.5 * ((y >= at) & (y <= at + 1.0)))

    def cdf(y, at, scale):
        return 0.5 * ndtr(y / scale) + 0.5 * np.clip(y - at, 0.0, 1.0)

    rng = np.random.default_rng(0)
    pilot = np.append(1.3 * rng.normal(size=2048), at + rng.uniform(size=2048))
    theta = {"at": at, "scale": 1.3}
    parameters = {"at": range_of("location"), "scale": range_of("scale")}
    y = at + np.linspace(0.05, 0.95, 10)
    law = NumericalLaw(theta, parameters, pilot, log_prob=log_prob)
    np.testing.assert_allclose(law.cdf(y), cdf(y, **theta), rtol=1e-11)
    box = np.exp(np.log(0.5) - log_prob(y, **theta))
    expected = box if known else np.full(y.shape, np.nan)
    np.testing.assert_allclose(law.pathwise(y)["at"], expected, rtol=1e-7)
    law = NumericalLaw(theta, parameters, pilot, log_prob=log_prob, cdf=cdf)
    np.testing.assert_allclose(law.pathwise(y)["at"], box, rtol=1e-7)


def test_a_density_that_is_none_is_told():
    """This one has no end: it forgets that values are positive."""

    class Forgetful:
        def __init__(self):
            self.parameters = {"rate": (0.5, 2.0)}

        def rsample(self, n, *, rng, rate):
            y = rng.exponential(1.0 / rate, size=n)
            return y, {"rate": -y / rate}

        def log_prob(self, y, rate):
            return np.log(rate) - rate * np.abs(y)

    check = run_check(Forgetful(), "distribution", LITTLE, seed=3, alpha=1e-9)
    assert check.outcome is Outcome.FAILS
    assert check.comparisons[0].what == "∫ p dy"
    assert check.comparisons[0].got == pytest.approx(2.0, rel=1e-6)
    assert "outside the support" in check.comparisons[0].note


# The ends of the support -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high"), [(0.1, 0.3), (-2.0, np.inf), (0.0, 1e-300), (-np.inf, 0.0), (-1e300, 1e300)]
)
def test_ends_to_the_last_digit(low, high):
    within = np.array([0.5 * max(low, -9.0) + 0.5 * min(high, 9.0)])
    found = find_ends(lambda y, a, b: (y > a) & (y < b), within, (-np.inf, np.inf), a=low, b=high)
    for end, exact in zip(found, (low, high), strict=True):
        assert end[0] == exact or abs(end[0] - exact) <= np.spacing(abs(exact))


def test_ends_of_many_parameters_at_once_and_of_none():
    lows = np.array([-1.0, 0.25, 7.0])
    found, _ = find_ends(
        lambda y, a: (y > a) & (y < 5.0), np.array([0.5, 1.0]), (-np.inf, np.inf), a=lows
    )
    np.testing.assert_allclose(found, [-1.0, 0.25, np.nan])


def test_declared_ends_stand_where_values_can_occur():
    low, high = find_ends(lambda y, a: y == y, np.array([0.5]), (0.0, 1.0), a=1.0)
    assert (low[0], high[0]) == (0.0, 1.0)


def frame(log_prob, theta, within):
    parameters = {name: Parameter(name, REAL, 0.0, (-1.0, 1.0)) for name in theta}
    return Frame(log_prob, theta, parameters, np.asarray(within), (-np.inf, np.inf))


def test_frames_move_with_both_ends():
    made = frame(UNIFORM.log_prob, {"low": -1.0, "high": 3.0}, [0.0, 1.0])
    t = np.array([-0.9, 1.0, 2.9])
    np.testing.assert_allclose(made.motion("low", t)[0], [1.0, 0.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(made.motion("high", t)[0], [0.0, 0.5, 1.0], atol=1e-12)
    # the density in these coordinates integrates to 1 wherever the end is
    nodes, weights = np.polynomial.legendre.leggauss(200)
    moved = {"low": -1.0, "high": np.array([[2.5], [3.0], [3.6]])}
    p = np.exp(made.log_density(1.0 + 2.0 * nodes, **moved))
    np.testing.assert_allclose(2.0 * p @ weights, 1.0, rtol=1e-6)


def test_ends_that_are_the_end_of_numbers_count_as_none():
    """Where densities underflow."""
    normal = frame(TEXTBOOK["normal"].log_prob, {"loc": 0.3, "scale": 2.0}, [-1.0, 1.0])
    gumbel = frame(TEXTBOOK["gumbel"].log_prob, {"loc": 0.3, "scale": 2.0}, [-1.0, 1.0])
    assert gumbel.low == pytest.approx(-12.9, abs=0.1)
    assert normal.high == pytest.approx(77.5, abs=0.1)
    for made in (normal, gumbel):
        assert not made.moves("loc")
        assert not made.moves("scale")


# Laws in other parameters ------------------------------------------------------------------------


def test_links_of_one_and_of_several_parameters():
    """A uniform law in one end and its width: ∂y/∂low = 1, ∂y/∂width = u."""
    slopes = {"low": {"low": 1.0}, "high": {"low": 1.0, "width": 1.0}}
    law = Chained(rp.Uniform(1.0, 5.0), slopes)
    y = np.array([1.5, 2.0, 4.9])
    u = (y - 1.0) / 4.0
    np.testing.assert_allclose(law.cdf(y), u)
    np.testing.assert_allclose(law.pathwise(y)["width"], u)
    np.testing.assert_allclose(law.pathwise(y)["low"], 1.0)
    assert set(law.score(y)) == {"low", "width"}
    assert law.support == (1.0, 5.0)


def test_links_to_a_constant_have_no_derivative():
    law = Chained(rp.Gamma(2.0, 1.0), {"alpha": {"a": 1.0}, "rate": {}})
    y = np.array([0.5, 3.0])
    assert set(law.pathwise(y)) == {"a"}
    np.testing.assert_array_equal(law.pathwise(y)["a"], rp.Gamma(2.0, 1.0).pathwise(y)["alpha"])


def test_no_score_in_parameters_that_move_the_support():
    theta, y = {"c": 0.5, "loc": 0.0, "scale": 1.0}, np.array([2.5, 3.0])
    gompertz, pilot = stats.gompertz, stats.gompertz(**theta).rvs(4096, random_state=1)
    formulas = {"log_prob": gompertz.logpdf, "cdf": gompertz.cdf, "sf": gompertz.sf}
    parameters = {"c": range_of("scale"), "loc": range_of("location"), "scale": range_of("scale")}
    score = NumericalLaw(theta, parameters, pilot, **formulas).score(y)
    assert np.all(np.isnan(score["loc"]))
    np.testing.assert_allclose(score["scale"], y * (0.5 * np.exp(y) - 1.0) - 1.0, rtol=1e-9)
    np.testing.assert_allclose(score["c"], 2.0 - np.expm1(y), rtol=1e-9)


# Polynomials, piece by piece --------------------------------------------------------------------


def exactly(f):
    """Return a function that has no errors."""
    return lambda x: (f(x), np.zeros(x.shape))


def test_evaluated_with_kink_sign_change_and_decades():
    def f(x):
        return np.abs(np.log(x) - 0.3) * (x**0.2 - 0.9)

    x = np.random.default_rng(0).gamma(0.1, size=100_000)
    calls = []

    def counted(at):
        calls.append(at.size)
        return exactly(f)(at)

    found, _ = evaluated(counted, x)
    np.testing.assert_allclose(found, f(x), rtol=1e-9)
    assert sum(calls) < x.size


def test_evaluated_keeps_what_is_no_number_to_its_place():
    def f(x):
        return np.where(x > 0.0, x**2, np.nan)

    x = np.append(np.random.default_rng(0).normal(size=5000), [np.inf, -np.inf, np.nan])
    np.testing.assert_allclose(evaluated(exactly(f), x)[0], f(x), rtol=1e-9)


def test_evaluated_tells_the_errors_of_functions_and_its_own():
    x = np.sort(np.random.default_rng(0).uniform(1.0, 2.0, 5000))
    noise = 1e-7 * np.random.default_rng(1).uniform(-1.0, 1.0, 10**6)
    calls = []

    def rough(at):
        start = sum(calls)
        calls.append(at.size)
        return np.exp(at) + noise[start : start + at.size], np.where(at < 1.5, 1e-7, 0.5)

    found, errors = evaluated(rough, x)
    assert sum(calls) < x.size  # what is noise needs no more pieces
    assert np.all(np.abs(found - np.exp(x)) <= 10.0 * errors)
    assert np.all(errors[x < 1.4] < 3e-6)
    assert np.all(errors[x > 1.6] >= 0.5)


def test_evaluated_keeps_shapes_and_repetitions():
    x = np.repeat(np.linspace(1.0, 2.0, 500), 4).reshape(4, 500)
    found, errors = evaluated(exactly(np.sqrt), x)
    np.testing.assert_allclose(found, np.sqrt(x), rtol=1e-12)
    assert np.all(errors < 1e-9)
    assert evaluated(exactly(np.sqrt), np.array([]))[0].shape == (0,)


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


def test_integrals_next_to_a_jump_say_what_is_lost():
    place = 1.0 / 3.0

    def f(x):
        return np.stack([np.where(x < place, 1.0, 3.0)]), np.zeros((1, x.size))

    found = Integrals(f, np.linspace(0.0, 1.0, 4))
    y = np.linspace(0.02, 1.0, 50)
    exact = np.where(y < place, y, place + 3.0 * (y - place))
    value, error = found(y, upper=False)
    assert np.all(np.abs(value[0] - exact) <= error[0])
    assert np.all(error < 1e-11)


def test_integrals_tell_the_errors_of_functions():
    def f(x):
        return np.ones((1, x.size)), np.full((1, x.size), 1e-3)

    value, error = Integrals(f, np.array([0.0, 1.0, 2.0]))(np.array([1.5]), upper=False)
    assert value[0] == pytest.approx(1.5)
    assert error[0] == pytest.approx(2e-3)  # of the pieces that it has part in
