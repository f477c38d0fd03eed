"""Estimators for discrete distributions: against enumeration, closed forms and each other."""

import math

import numpy as np
import pytest
from scipy import integrate

import reparam as rp
from reparam.errors import EstimatorError
from reparam.estimators import ESTIMATORS, Objective, estimate
from reparam.estimators._differences import _weights
from reparam.estimators._problem import Problem

LAWS = [
    rp.Bernoulli(0.3),
    rp.Bernoulli(logits=2.4),
    rp.Categorical([0.0, 1.0, 2.0]),
    rp.Categorical(probs=[0.5, 0.1, 0.3, 1.2]),
    rp.Binomial(12.0, 0.35),
    rp.Binomial(1.0, logits=0.4),
    rp.Geometric(0.4),
    rp.Poisson(3.5),
    rp.Poisson(40.0),
    rp.NegativeBinomial(2.5, 0.4),
]
OBJECTIVES = {
    "(y - 0.45)**2": lambda y: (y - 0.45) ** 2,
    "cos(y)": np.cos,
    "log(y + 1)": np.log1p,
    "exp(-y/3) + 2": lambda y: np.exp(-y / 3.0) + 2.0,
}


def changes(law):
    """Return y and ∂p(y)/∂θ by differences to eight orders, a row per number in θ."""
    values = {name: np.array(value) for name, value in law._values.items()}
    y = np.arange(0.0, min(float(law.support[1]) + 1.0, 400.0))
    y = y[y >= law.support[0]]
    rates = dict(enumerate([4 / 5, -1 / 5, 4 / 105, -1 / 280], 1))
    rows = []
    for name in law.parameters.differentiable:
        for place in np.ndindex(values[name].shape):
            row = 0.0
            for move, rate in rates.items():
                for sign in (1.0, -1.0):
                    moved = values[name].copy()
                    moved[place] += sign * move * 1e-3
                    p = np.exp(type(law)(**{**values, name: moved}).log_prob(y))
                    row = row + sign * rate * p / 1e-3
            rows.append(row)
    return y, np.array(rows)


def test_all_are_within_four_standard_errors():
    """Of all discrete cases at once; and the squares of errors over standard errors are 1."""
    scores, cases = {}, 0
    for law in LAWS:
        y, slopes = changes(law)
        for text, phi in OBJECTIVES.items():
            truth = slopes @ phi(y)
            cases += len(truth)
            found = estimate(law, text, 4096, estimators="all", rng=100 + cases)
            for name in dict.fromkeys(row.estimator for row in found):
                rows = [row for row in found if row.estimator == name]
                assert [row.exact for row in rows] == pytest.approx(truth, rel=1e-8, abs=1e-9)
                if rows[0].biased:
                    continue
                for row, exact in zip(rows, truth, strict=True):
                    error = row.value - exact
                    assert abs(error) <= 4.0 * row.standard_error + 1e-8, row
                    if row.standard_error > 1e-8:
                        scores.setdefault(name, []).append(error / row.standard_error)
    assert cases >= 60
    unbiased = {name for name, cls in ESTIMATORS.items() if not (cls.biased or cls.exact)}
    assert set(scores) == unbiased - {"pathwise", "antithetic", "qmc"}
    for name, z in scores.items():
        assert 0.3 < np.mean(np.square(z)) < 2.0, name


class TestSmoothed:
    @pytest.mark.parametrize(
        ("law", "weight"),
        [
            (rp.Poisson(3.5), lambda k: 1.0 + 0.0 * k),
            (rp.Poisson(1e4), lambda k: 1.0 + 0.0 * k),
            (rp.Binomial(12.0, 0.35), lambda k: (12.0 - k) / 0.65),
            (rp.Geometric(0.01), lambda k: -(k + 1.0) / 0.01),
            (rp.Bernoulli(1e-9), lambda k: (1.0 - k) / (1.0 - 1e-9)),
        ],
        ids=["small-poisson", "great-poisson", "binomial", "geometric", "bernoulli"],
    )
    def test_weights_in_closed_form(self, law, weight):
        first, found = _weights(Problem(law, Objective.of("y"), 0.5))
        k = np.unique(law.icdf([1e-15, 1e-3, 0.3, 0.5, 0.7, 0.999, 1.0 - 1e-15]))
        expected = weight(k - law.support[0])
        # scores near the mean are differences
        assert found[0, (k - first).astype(int)] == pytest.approx(expected, rel=1e-9)

    def test_variance_where_the_score_has_500_times_as_much(self):
        found = estimate(rp.Poisson(3.5), "sqrt(y + 1)", estimators=["smoothed", "score"], rng=1)
        assert found["smoothed", "rate"].variance_ratio < 1.0 / 500.0

    def test_what_it_cant_serve(self):
        for law, why in (
            (rp.Categorical(probs=[1.0, 0.0, 1.0]), "values without probability, such as 1;"),
            (rp.Geometric(1e-7), "more than 4,194,304"),
            (rp.Gaussian(), "discrete distributions"),
        ):
            with pytest.raises(EstimatorError, match=why):
                estimate(law, "y", estimators="smoothed")


class TestPairs:
    @pytest.mark.parametrize("probs", [1e-12, 0.3, 1.0 - 1e-12])
    def test_a_pair_of_two_values_is_exact(self, probs):
        names = ["unordered-set", "measure-valued"]
        for row in estimate(rp.Bernoulli(probs), "3*y + 1", 100, estimators=names, rng=1):
            assert row.value == pytest.approx(3.0, rel=1e-9)
            assert row.standard_error <= 1e-9

    def test_pairs_cost_two_draws(self):
        for name in ("unordered-set", "arm", "disarm"):
            row = estimate(rp.Bernoulli(0.3), "exp(y)", 1001, estimators=name, rng=1)[name, "probs"]
            assert (row.draws, row.units) == (1002, 501)

    def test_disarm_is_arm_without_the_scatter_of_its_weight(self):
        names = ["arm", "disarm"]
        found = estimate(rp.Bernoulli(0.1), "exp(y)", estimators=names, rng=1)
        arm, disarm = (found[name, "probs"].variance for name in names)
        # E[w²] on paper: of u uniform in (0.9, 1) and ½ · 0.9, less the square of the mean
        size = ((math.e - 1.0) / (0.1 * 0.9)) ** 2 * 0.2
        mean = (math.e - 1.0) ** 2
        assert disarm / 2.0 == pytest.approx(size * 0.45**2 - mean, rel=0.02)
        assert arm / 2.0 == pytest.approx(size * (0.5**3 - 0.4**3) / 0.3 - mean, rel=0.02)

    @pytest.mark.parametrize("name", ["arm", "disarm", "hard-concrete"])
    def test_they_need_two_values(self, name):
        with pytest.raises(EstimatorError, match="at most 2 values"):
            estimate(rp.Categorical([0.0, 1.0, 2.0]), "y", estimators=name)


class TestRelaxations:
    def test_reinmax_is_exact_for_quadratic_polynomials(self):
        for law in (rp.Bernoulli(0.3), rp.Categorical([0.0, 1.0, 2.0])):
            found = estimate(
                law, "(y - 0.45)**2", estimators=["reinmax", "straight-through"], rng=1
            )
            for row in found:
                right = abs(row.error) <= 4.0 * row.standard_error
                assert right == (row.estimator == "reinmax")

    @pytest.mark.parametrize("law", [rp.Bernoulli(0.3), rp.Categorical([0.0, 1.0, 2.0])], ids=str)
    def test_gumbel_rao_is_straight_through_with_less_variance(self, law):
        names = ["gumbel-rao", "straight-through"]
        found = estimate(law, "exp(y)", 60_000, estimators=names, temperature=0.7, rng=1)
        for name in found.gradient("gumbel-rao"):
            ours, plain = (found[estimator, name] for estimator in names)
            error = math.hypot(ours.standard_error, plain.standard_error)
            assert abs(ours.value - plain.value) <= 4.0 * error
            assert ours.variance < 0.75 * plain.variance

    def test_hard_concrete_estimates_its_own_expectation(self):
        def relaxed(p):
            def at(u):
                x = (math.log(p / (1.0 - p)) + math.log(u / (1.0 - u))) / 0.7
                return math.exp(min(max(1.2 / (1.0 + math.exp(-x)) - 0.1, 0.0), 1.0))

            return integrate.quad(at, 0.0, 1.0, epsabs=1e-12, limit=500)[0]

        slope = (relaxed(0.301) - relaxed(0.299)) / 0.002
        name = "hard-concrete"
        row = estimate(rp.Bernoulli(0.3), "exp(y)", estimators=name, temperature=0.7, rng=1)[
            name, "probs"
        ]
        assert abs(row.value - slope) <= 4.0 * row.standard_error + 1e-4

    @pytest.mark.parametrize("temperature", [0.05, 4.0])
    def test_rebar_is_unbiased_at_any_temperature(self, temperature):
        names = ["rebar", "score-optimal"]
        law = rp.Categorical([0.0, 1.0, 2.0, 0.5, -1.0])
        found = estimate(law, "exp(y)", estimators=names, temperature=temperature, rng=1)
        for name in found.gradient("rebar"):
            assert abs(found["rebar", name].error) <= 4.0 * found["rebar", name].standard_error
        ours, plain = (sum(row.variance for row in found if row.estimator == e) for e in names)
        assert ours < 1.1 * plain

    def test_the_temperature_is_named_where_it_matters(self):
        names = ["reinmax", "hard-concrete"]
        notes = estimate(rp.Bernoulli(), "exp(y)", 100, estimators=names, rng=1).notes
        assert [("temperature" in note) for note in notes] == [True, False]


class TestFunctions:
    """Objectives that are plain functions."""

    @pytest.mark.parametrize(
        "phi",
        [
            lambda y: y**2,
            lambda y: math.pow(y, 2.0),  # of one number
            lambda y: y * y if y > 0.5 else y**2,
            lambda y: float(np.sum(y * y)),  # a number for an array
            lambda y: [v**2 for v in np.nditer(y)] if np.ndim(y) else y**2,
        ],
    )
    def test_of_arrays_or_numbers(self, phi):
        for law in (rp.Exponential(2.0), rp.Poisson(3.0)):
            rows = list(rp.estimate(law, phi, 1000, rng=1))
            others = {row.estimator: row for row in rp.estimate(law, "y**2", 1000, rng=1)}
            assert all(row.value == pytest.approx(others[row.estimator].value) for row in rows)

    def test_pairs_of_functions_of_numbers(self):
        pair = (math.sin, math.cos)
        for row in rp.estimate(rp.Gaussian(), pair, 1000, rng=1):
            other = rp.estimate(rp.Gaussian(), "sin(y)", 1000, rng=1)[row.estimator, row.parameter]
            assert row.value == pytest.approx(other.value, rel=1e-12)

    def test_without_slope_nothing_is_differentiated(self):
        found = rp.estimate(rp.Bernoulli(), lambda y: 3.0, 100, estimators="all", rng=1)
        assert not {row.estimator for row in found} & {"relaxed", "rebar", "reinmax"}
        assert "rebar needs the slope" in found.left_out["rebar"]


def test_progress():
    seen = []
    estimate(rp.Poisson(2.0), "y", 200_000, rng=1, on_progress=lambda *now: seen.append(now))
    done = [now for now, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (done[-1], done[-1])
    assert len(done) > 6


def test_tables():
    found = estimate(rp.Bernoulli(0.3), "exp(y)", 1000, estimators=["score", "relaxed"], rng=1)
    caption, header, score, relaxed = str(found).splitlines()
    assert caption == "∂/∂θ E[exp(y)], y ~ Bernoulli(probs=0.3)"
    assert header.split() == ["estimator", "θ", "estimate", "variance", "ratio", "exact", "bias"]
    assert score.split()[4:] == ["1", "1.71828"]
    assert relaxed[header.index("bias") :].endswith(")")  # with its standard error
    assert repr(found) == str(found)
    assert set(ESTIMATORS) >= {row.estimator for row in found}
