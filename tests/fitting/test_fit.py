"""Fits: optima that are known, resumed runs, and what is refused."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import special, stats

import reparam as rp
from reparam.errors import CountError, FitError, GraphError, ReparamError
from reparam.fitting import Trace

QUADRATIC = rp.Graph("""
    y ~ gaussian(loc=m, scale=1)
    loss = (y - 3)**2 + m**2
""")


def optima():
    """Yield a name, a model at starting values, the optimum, and E[loss] there."""
    yield "quadratic", QUADRATIC.at(m=0.0), {"m": 1.5}, 5.5
    # N(0, 1) before, 2 observed with standard deviation 1/2: N(8/5, 1/5) after. The constants of
    # log densities are left out: E[loss] is −log ∫ e^(−z²/2 − 2 (2 − z)²) dz + log(2π)/2 + 1/2
    graph = rp.Graph("""
        z ~ gaussian(loc=m, scale=exp(s))
        loss = z**2/2 + 2*(2 - z)**2 - s
    """)
    lowest = 8.0 / 5.0 + 0.5 * math.log(5.0) + 0.5
    yield "gaussian posterior", graph.at(m=0.0, s=0.0), {"m": 1.6, "s": -0.5 * math.log(5)}, lowest
    # E[…] = (1 − a)² + v + 10 ((b − a² − v)² + v + 4 a² v + 2 v²), with v the variance
    graph = rp.Graph("""
        x ~ gaussian(loc=a, scale=0.1)
        y ~ gaussian(loc=b, scale=0.1)
        loss = (1 - x)**2 + 10*(y - x**2)**2
    """)
    a, v = 1.0 / 1.4, 0.01
    lowest = (1 - a) ** 2 + v + 10 * (v + 4 * a * a * v + 2 * v * v)
    yield "Rosenbrock", graph.at(a=0.0, b=0.0), {"a": a, "b": a * a + v}, lowest
    # a rate with the prior Gamma(2, 1), and counts 3, 5, 4: Gamma(14, 4)
    graph = rp.Graph("""
        z ~ gamma(alpha=exp(a), rate=exp(b))
        entropy = exp(a) - b + gammaln(exp(a)) + (1 - exp(a))*digamma(exp(a))
        loss = 4*z - 13*log(z) - entropy
    """)
    lowest = 14.0 * math.log(4.0) - special.gammaln(14.0)
    yield "Poisson rate", graph.at(a=1.0, b=0.0), {"a": math.log(14), "b": math.log(4)}, lowest
    # what costs 1 sells for 4, as long as there is demand: P(d > q) = 1/4
    graph = rp.Graph("""
        d ~ gaussian(loc=10, scale=2)
        loss = q - 4*min(d, q)
    """)
    q = float(stats.norm.ppf(0.75, 10, 2))
    lowest = q - 4.0 * (10.0 * 0.75 - 4.0 * stats.norm.pdf(q, 10, 2) + q * 0.25)
    yield "newsvendor", graph.at(q=8.0), {"q": q}, lowest


@pytest.mark.parametrize(
    ("model", "optimum", "lowest"),
    [case[1:] for case in optima()],
    ids=[case[0] for case in optima()],
)
@pytest.mark.parametrize(
    ("steps", "schedule"),
    [
        (400, "constant"),
        *(pytest.param(2000, s, marks=pytest.mark.long) for s in ("constant", "cosine")),
    ],
)
def test_known_optima_are_reached_within_standard_errors(model, optimum, lowest, steps, schedule):
    found = rp.fit(model, 60, steps=steps, schedule=schedule, rng=7)
    for name, value in optimum.items():
        assert abs(found.inputs[name] - value) < 4.0 * found.standard_error[name], name
        assert found.standard_error[name] < 0.05
        gradient = found.expectation.gradient[name]
        assert abs(gradient) < 5.0 * found.expectation.standard_error.gradient[name]
    assert abs(found.loss - lowest) < 4.0 * found.expectation.standard_error.value + 1e-9
    assert found.model.inputs.keys() == optimum.keys()


def test_steps_are_those_of_adam():
    """Against algorithm 1 of Kingma & Ba (2015), from the gradients of the trace."""
    found = rp.fit(QUADRATIC.at(m=0.0), 10, steps=40, rate=0.1, rng=1).trace
    m, first, second = 0.0, 0.0, 0.0
    for step in range(40):
        assert found.inputs["m"][step] == pytest.approx(m, rel=1e-12)
        gradient = found.gradient["m"][step]
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        share = min(step / 20, 1.0)
        rate = 0.1 * (0.25 + 0.375 * (1.0 + math.cos(math.pi * share)))
        unbiased = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.99 ** (step + 1))
        m -= rate * unbiased[0] / (math.sqrt(unbiased[1]) + 1e-8)


def test_draws_of_a_step_are_those_of_the_stream():
    model = QUADRATIC.at(m=0.0)
    trace = rp.fit(model, 50, steps=3, rng=5).trace
    losses = model.rsample(150, rng=5).noise["y"]
    for step in range(3):
        y = trace.inputs["m"][step] + losses[50 * step : 50 * (step + 1)]
        values = (y - 3.0) ** 2 + trace.inputs["m"][step] ** 2
        assert trace.loss[step] == pytest.approx(values.mean(), rel=1e-13)
        expected = values.std(ddof=1) / math.sqrt(50)
        assert trace.standard_error[step] == pytest.approx(expected, rel=1e-12)


VECTOR = rp.Graph("""
    w ~ gaussian(loc=m, scale=exp(s))
    loss = (w*x - 1)**2 - s
""").at(m=np.zeros((2, 2)), s=-1.0, x=[1.0, 2.0])


def same(one, other):
    """Return whether two fits are equal bit for bit."""
    return all(
        np.array_equal(one.trace.columns[name], column)
        for name, column in other.trace.columns.items()
    ) and all(
        np.array_equal(one.inputs[name], value)
        and np.array_equal(one.expectation.gradient[name], other.expectation.gradient[name])
        for name, value in other.inputs.items()
    )


def cut(trace, steps):
    """Return the first steps of a trace."""
    parts = [
        {name: v[:steps] for name, v in part.items()} for part in (trace.inputs, trace.gradient)
    ]
    return Trace(trace.loss[:steps], trace.standard_error[:steps], *parts)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_resumed_fits_equal_uninterrupted_ones(schedule):
    options = {"steps": 30, "schedule": schedule, "fixed": "x", "rng": 3}
    whole = rp.fit(VECTOR, 20, **options)
    assert whole.trace.inputs["m"].shape == (30, 2, 2)
    assert {"m[0][1]", "dJ_dm[1][0]", "s", "dJ_ds"} <= whole.trace.columns.keys()
    for steps in (0, 1, 17, 30):
        columns = cut(whole.trace, steps).columns
        read = Trace.read({"m": (2, 2), "s": ()}, columns.__getitem__)
        assert same(rp.fit(VECTOR, 20, **options, resume=read), whole)
    with rp.threads(1):
        assert same(rp.fit(VECTOR, 20, **options), whole)
    other = rp.fit(VECTOR, 20, **{**options, "rng": 4})
    assert not np.array_equal(other.trace.loss, whole.trace.loss)


def test_traces_of_other_fits_are_refused():
    options = {"steps": 20, "fixed": ["x"], "rng": 3}
    trace = rp.fit(VECTOR, 20, **options).trace
    cases = [
        (VECTOR, {"rng": 4}, "pass the seed"),
        (VECTOR, {"n": 21}, "pass the seed"),
        (VECTOR, {"rate": 0.06}, "step 1 of the trace doesn't follow"),
        (VECTOR, {"steps": 25}, "doesn't follow from the one before"),
        (VECTOR, {"steps": 19}, "20 steps, more than steps=19"),
        (VECTOR, {"fixed": ["x", "s"]}, "the trace is of m, s, and the fit of m"),
        (VECTOR.graph.at(**{**VECTOR.inputs, "s": 0.0}), {}, "starts at other inputs"),
        (VECTOR.graph.at(**{**VECTOR.inputs, "x": [1.0, 3.0]}), {}, "the fixed inputs"),
    ]
    for model, changed, message in cases:
        with pytest.raises(FitError, match=message):
            rp.fit(model, **{"n": 20, **options, **changed}, resume=trace)


def test_a_constant_rate_stops_once_the_loss_falls_no_more():
    found = rp.fit(QUADRATIC.at(m=1.0), 20, schedule="constant", steps=100_000, rng=1)
    taken = len(found.trace)
    assert taken == 400
    assert found.converged
    first, second = np.split(found.trace.loss[taken // 2 :], 2)
    assert found.change.fall == pytest.approx(first.mean() - second.mean())
    errors = found.trace.standard_error[taken // 2 :]
    assert found.change.standard_error == pytest.approx(math.hypot(*errors) / len(first))
    assert found.change.steps == taken // 2


@pytest.mark.long
def test_a_fit_goes_on_until_the_fall_is_known_to_the_tolerance():
    first = rp.fit(QUADRATIC.at(m=0.0), 20, schedule="constant", steps=400, rng=1)
    tolerance = first.change.standard_error / 1.2
    found = rp.fit(
        QUADRATIC.at(m=0.0), 20, schedule="constant", steps=10_000, tolerance=tolerance, rng=1
    )
    assert len(found.trace) == 800
    assert found.change.standard_error <= tolerance


def test_a_fit_that_is_under_way_says_so():
    found = rp.fit(QUADRATIC.at(m=-50.0), 20, steps=40, rng=1)
    assert not found.converged
    assert found.notes[0].startswith("the loss still fell by")


def test_a_loss_without_noise_settles():
    graph = rp.Graph("z ~ gaussian(m, exp(s))\nloss = kl(z, gaussian(1, 0.5))")
    found = rp.fit(graph.at(m=0.0, s=0.0), steps=600, rng=1)
    assert found.converged
    assert found.notes == ()
    assert abs(found.inputs["m"] - 1.0) < 1e-6


def test_results_are_frozen_and_draws_are_further_ones():
    found = rp.fit(QUADRATIC.at(m=0.0), 20, steps=40, rng=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.inputs = {}
    again = found.model.expectation(range(800, 1200), rng=1)
    assert again.value == found.loss
    assert again.draws == found.expectation.draws == 400
    assert repr(found).startswith("Fit(40 steps: m=")


def test_what_is_refused():
    model = QUADRATIC.at(m=0.0)
    scale = rp.Graph("y ~ gaussian(loc=0, scale=s)\nloss = y**2").at(s=1.0)
    root = rp.Graph("y ~ gaussian(loc=m, scale=1)\nloss = sqrt(y)").at(m=0.0)
    step = rp.Graph("y ~ gaussian(loc=step, scale=1)\nloss = y**2").at(step=0.0)
    cases = [
        (QUADRATIC, {}, FitError, "graph with values"),
        (model, {"fixed": "m"}, FitError, "nothing to fit"),
        (model, {"fixed": "mm"}, GraphError, "mm is not an input; did you mean 'm'"),
        (model, {"n": 1}, CountError, "n=1 draws give no standard error"),
        (model, {"steps": 0}, FitError, "steps=0 is not a positive integer"),
        (model, {"rate": math.nan}, FitError, "rate=nan is not a positive number"),
        (model, {"rate": math.inf}, FitError, "rate=inf is not"),
        (model, {"tolerance": 0.0}, FitError, "tolerance=0.0 is not"),
        (model, {"schedule": "cosin"}, FitError, "did you mean 'cosine'"),
        (scale, {"rate": 0.3}, FitError, r"step \d+: y ~ gaussian: scale=.*scale=exp\(s\)"),
        (root, {}, FitError, "step 0: the loss is nan at m=0; start elsewhere"),
        (model.graph.at(m=0.0), {"rng": -1}, ReparamError, "can't seed"),
    ]
    for start, options, kind, message in cases:
        with pytest.raises(kind, match=message):
            rp.fit(start, **{"steps": 20, "rng": 1, **options})
    with pytest.raises(FitError, match="give the input another name"):
        _ = rp.fit(step, steps=2, rng=1).trace.columns
    for numbers in (range(-1, 3), range(0, 8, 2)):
        with pytest.raises(CountError, match="range"):
            model.expectation(numbers, rng=1)
