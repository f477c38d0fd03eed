"""Formulas given as text: exact derivatives, kinks, selections, and hostile text."""

import builtins
import copy
import gc
import math
import pickle
import time
from ast import PyCF_ONLY_AST
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from mpmath import iv, mp

import reparam as rp
from reparam.errors import ExpressionError, ParameterError, ReparamError, ShapeError
from reparam.expressions import _expression, _functions, _scan

EPS = 2.0**-52


def gradient_at(text, **inputs):
    """Return the derivatives at one point, as floats."""
    gradient = rp.Expression(text).gradient(inputs)[1]
    return {name: float(derivative) for name, derivative in gradient.items()}


def parsed(text):
    """Return the expression and None, or None and the message."""
    try:
        return rp.Expression(text), None
    except ExpressionError as error:
        return None, str(error)


# Each function and its derivative, against mpmath ------------------------------------------------

REAL = [-1e300, -1e10, -745.0, -710.5, -40.0, -20.0, -3.3, -1.0, -0.3, -1e-9, -1e-300]
REAL += [-x for x in reversed(REAL)]
MODERATE = [x for x in REAL if abs(x) <= 745.0]
SMALL = [x for x in REAL if abs(x) <= 700.0]
UNIT = [-1.0 + 2.0**-53, -0.999, -0.5, -1e-9, -1e-300, 1e-300, 0.1, 0.75, 1.0 - 2.0**-53]
POSITIVE = [1e-300, 1e-9, 0.3, 1.0, 1.5, 2.0, 3.3, 20.0, 170.3, 1e10, 1e300]
NEGATIVE = [-0.3, -1.5, -2.7, -20.25, -1e5 - 0.375]


def mp_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


#: function: its definition, the points, and the error allowed in value and derivative, in units of
#: EPS (SciPy's for the last ones)
SMOOTH = {
    "exp": (mp.exp, SMALL, 2),
    "expm1": (mp.expm1, SMALL, 2),
    "log": (mp.log, POSITIVE, 2),
    "log1p": (mp.log1p, [*POSITIVE, -0.999, -0.3, -1e-9], 2),
    "sqrt": (mp.sqrt, POSITIVE, 2),
    "square": (lambda x: x * x, [x for x in REAL if 1e-100 < abs(x) < 1e100], 2),
    "sin": (mp.sin, SMALL, 2),
    "cos": (mp.cos, SMALL, 2),
    "tan": (mp.tan, SMALL, 4),
    "arcsin": (mp.asin, UNIT, 4),
    "arccos": (mp.acos, UNIT, 4),
    "arctan": (mp.atan, [x for x in REAL if abs(x) < 1e100], 2),
    "sinh": (mp.sinh, SMALL, 2),
    "cosh": (mp.cosh, SMALL, 2),
    "tanh": (mp.tanh, [x for x in SMALL if abs(x) < 350.0], 4),
    "arcsinh": (mp.asinh, REAL, 4),
    "arccosh": (mp.acosh, [1.0 + EPS, 1.1, 3.3, 20.0, 1e10, 1e300], 4),
    "arctanh": (mp.atanh, UNIT, 4),
    "sigmoid": (mp_sigmoid, SMALL, 4),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), SMALL, 4),
    "erf": (mp.erf, [x for x in MODERATE if abs(x) < 26.0] + [-26.0, 25.7, 5.1, -9.37], 8),
    "gammaln": (
        lambda x: mp.log(abs(mp.gamma(x))),
        [x for x in POSITIVE if x not in (1.0, 2.0) and x <= 1e10] + NEGATIVE,
        200,
    ),
    "digamma": (mp.digamma, [x for x in POSITIVE if 1e-100 < x < 1e100] + NEGATIVE, 200),
}


def test_every_function_is_tested_and_documented():
    kinks = {"abs", "sign", "relu", "max", "min", "maximum", "minimum", "clip", "where"}
    assert set(_functions.FUNCTIONS) == {*SMOOTH, *kinks, "logaddexp"}
    for name, row in _functions.FUNCTIONS.items():
        assert row.name == name
        assert f"``{name}`" in rp.Expression.__doc__ or f"``{name}(" in rp.Expression.__doc__


@pytest.mark.parametrize("name", SMOOTH)
def test_functions_and_their_derivatives(name):
    function, points, bound = SMOOTH[name]
    with np.errstate(all="raise"):
        value, gradient = rp.Expression(f"{name}(x)").gradient({"x": points})
    # differences next to 0 need many digits, which take their time
    slopes, digits = (mp.digamma, 60) if name == "gammaln" else (partial(mp.diff, function), 700)
    with mp.workdps(300 if name == "digamma" else digits):
        for x, ours, slope in zip(points, value, gradient["x"], strict=True):
            exact, exact_slope = function(mp.mpf(x)), slopes(mp.mpf(x))
            tiny = 2.0**-1022  # what is smaller has fewer digits
            assert abs(ours - exact) <= bound * EPS * max(abs(exact), tiny), x
            assert abs(slope - exact_slope) <= bound * EPS * max(abs(exact_slope), tiny), x


@pytest.mark.parametrize("shift", [0.0, -700.0, 1e5])
def test_logaddexp(shift):
    a, b = (np.ravel(x) for x in np.meshgrid([-700.0, -30.0, 0.1, 40.0, 709.0], [-0.5, 3.0]))
    a, b = a + shift, b + shift
    value, gradient = rp.Expression("logaddexp(a, b)").gradient({"a": a, "b": b})
    with mp.workdps(700):
        for k in range(a.size):
            x, y = mp.mpf(a[k]), mp.mpf(b[k])
            assert abs(value[k] - mp.log(mp.exp(x) + mp.exp(y))) <= 4 * EPS * abs(value[k])
            for ours, exact in [
                (gradient["a"][k], mp_sigmoid(x - y)),
                (gradient["b"][k], mp_sigmoid(y - x)),
            ]:
                assert abs(ours - exact) <= 4 * EPS * max(abs(exact), 2.0**-1022)


@pytest.mark.parametrize(
    ("text", "at", "slope"),
    [
        ("sigmoid(x)", math.inf, 0.0),
        ("sigmoid(x)", -math.inf, 0.0),
        ("softplus(x)", math.inf, 1.0),
        ("softplus(x)", -1e308, 0.0),
        ("tanh(x)", -math.inf, 0.0),
        ("erf(x)", math.inf, 0.0),
        ("logaddexp(x, 0)", math.inf, 1.0),
        ("logaddexp(x, 1)", -math.inf, 0.0),
        ("sqrt(x)", 0.0, math.inf),
        ("sqrt(x)", -0.0, math.inf),
        ("log(x)", -0.0, math.inf),
        ("exp(x)", 1e4, math.inf),
        ("1/x", 0.0, -math.inf),
        ("digamma(x)", -1e15 + 0.5, math.pi**2),
        ("gammaln(x)", math.inf, math.inf),
    ],
)
def test_ends(text, at, slope):
    with np.errstate(all="raise"):
        assert gradient_at(text, x=at)["x"] == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("text", [f"{name}(x)" for name in SMOOTH] + ["abs(x)", "sign(x)"])
@pytest.mark.parametrize("more", ["", " + x"])
def test_nan_gives_nan(text, more):
    value, gradient = rp.Expression(text + more).gradient({"x": [math.nan, 0.5]})
    assert math.isnan(value[0])
    assert math.isnan(gradient["x"][0])
    assert not math.isnan(gradient["x"][1]) or "arccosh" in text


@pytest.mark.parametrize(
    "text", ["max(x, y)", "min(x, y, 1)", "relu(x) + y", "clip(x, y, 2)", "logaddexp(x, y)"]
)
def test_nan_of_one_argument_gives_nan_in_every_name(text):
    for at in ({"x": math.nan, "y": 0.0}, {"x": math.nan, "y": math.inf}):
        value, gradient = rp.Expression(text).gradient(at)
        assert all(map(math.isnan, [value, *gradient.values()]))


def test_operators():
    at = {"x": 1.5, "y": -0.7}
    assert gradient_at("x + y", **at) == {"x": 1.0, "y": 1.0}
    assert gradient_at("x - y", **at) == {"x": 1.0, "y": -1.0}
    assert gradient_at("-x*y", **at) == {"x": 0.7, "y": -1.5}
    assert gradient_at("x/y", **at) == {"x": 1 / -0.7, "y": pytest.approx(-1.5 / 0.49, rel=1e-15)}
    assert gradient_at("+x - -y", **at) == {"x": 1.0, "y": 1.0}
    assert rp.Expression("-2**2 + 2**-1 - 2**3**0").value({}) == -5.5
    assert rp.Expression("7 - 4 - 2 + 8/4/2").value({}) == 2.0
    assert rp.Expression("pi*e").value({}) == math.pi * math.e
    assert rp.Expression(" .5 +\n 1.\t+ 2e-1 + 1E1").value({}) == 0.5 + 1.0 + 0.2 + 10.0


# Powers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [-3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 7, 0.1])
@pytest.mark.parametrize("form", ["x**({})", "x**p"])
def test_powers(exponent, form):
    x = np.array([1e-30, 0.3, 1.0, 2.7, 1e30])
    if exponent == int(exponent):
        x = np.concatenate([-x, x])
    inputs = {"x": x} if "{}" in form else {"x": x, "p": float(exponent)}
    value, gradient = rp.Expression(form.format(exponent)).gradient(inputs, "x")
    for k, base in enumerate(x.tolist()):
        exact = mp.mpf(base) ** mp.mpf(exponent)
        slope = mp.mpf(exponent) * mp.mpf(base) ** (mp.mpf(exponent) - 1)
        assert abs(value[k] - exact) <= 3 * EPS * abs(exact)
        assert abs(gradient["x"][k] - slope) <= 3 * EPS * abs(slope)


def test_powers_are_the_same_wherever_the_exponent_stands():
    x = np.abs(np.random.default_rng(3).normal(size=200))
    exponents = np.array([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0])
    every = rp.Expression("x**p").gradient({"x": x, "p": exponents[:, np.newaxis]})
    for k, p in enumerate(exponents.tolist()):
        row = rp.Expression("x**p").gradient({"x": x, "p": p})
        full = rp.Expression("x**p").gradient({"x": x, "p": np.full(x.shape, p)})
        constant = rp.Expression(f"x**{p}").gradient({"x": x})
        for value, gradient in (row, full, constant):
            assert np.array_equal(value, every[0][k])
            assert all(np.array_equal(gradient[name], every[1][name][k]) for name in gradient)
        one = rp.Expression("x**p").gradient({"x": x[:1], "p": [p]})
        assert (one[0][0], one[1]["x"][0]) == (every[0][k, 0], every[1]["x"][k, 0])


@pytest.mark.parametrize("form", ["x**({})", "x**p"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(
    ("exponent", "slope"),
    [
        *[(0, 0.0), (1, 1.0), (1.5, 0.0), (2, 0.0), (3, 0.0), (7, 0.0)],
        *[(0.5, math.inf), (0.1, math.inf), (-2, -math.inf)],
    ],
)
def test_powers_of_zero(form, zero, exponent, slope):
    at = {"x": zero} if "{}" in form else {"x": zero, "p": float(exponent)}
    value, gradient = rp.Expression(form.format(exponent)).gradient(at, "x")
    assert value == (math.inf if exponent < 0 else float(exponent == 0))
    assert exponent in (1, 3, 7) or math.copysign(1.0, value) == 1.0
    if exponent == -2 and math.copysign(1.0, zero) < 0:
        slope = -slope
    assert gradient["x"] == slope


@pytest.mark.parametrize(
    ("x", "p", "slope"),
    [
        (2.0, 3.0, 8.0 * math.log(2.0)),
        (0.0, 2.0, 0.0),
        (0.0, 0.5, 0.0),
        (0.0, 0.0, -math.inf),
        (1e-200, 3.0, 0.0),
        (math.inf, -1.0, 0.0),
        (1.0, 5.0, 0.0),
        (-2.0, 2.0, math.nan),
    ],
)
def test_derivative_in_the_exponent(x, p, slope):
    assert gradient_at("x**p", x=x, p=p)["p"] == pytest.approx(slope, rel=1e-15, nan_ok=True)


# Kinks and selections ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("abs(x)", [-2.0, -0.0, 0.0, 3.0], [-1.0, 0.0, 0.0, 1.0]),
        ("sign(x)", [-2.0, -0.0, 0.0, 3.0], [0.0] * 4),
        ("x*sign(x)", [-2.0, 0.0, 3.0], [-1.0, 0.0, 1.0]),
        ("relu(x)", [-2.0, -0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 1.0]),
        ("max(x, 1)", [0.0, 1.0, 2.0], [0.0, 0.5, 1.0]),
        ("min(x, 1)", [0.0, 1.0, 2.0], [1.0, 0.5, 0.0]),
        ("maximum(1, x)", [0.0, 1.0, 2.0], [0.0, 0.5, 1.0]),
        ("minimum(1, x)", [0.0, 1.0, 2.0], [1.0, 0.5, 0.0]),
        ("max(x, x)", [-1.0, 2.0], [1.0, 1.0]),
        ("max(x, -x)", [-1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]),
        ("max(x, 0, -x)", [-1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]),
        ("max(x, 0) - min(x, 0)", [-1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]),
        ("min(3*x, 0, 0, x + 1)", [-1.0, 0.0, 2.0], [3.0, 1.0, 0.0]),
        ("clip(x, 0, 1)", [-1.0, 0.0, 0.5, 1.0, 2.0], [0.0, 0.5, 1.0, 0.5, 0.0]),
        ("where(x > 0, 2*x, 3*x)", [-1.0, 0.0, 1.0], [3.0, 3.0, 2.0]),
        ("where(0 <= x < 1, 2*x, 3*x)", [-1.0, 0.0, 0.5, 1.0], [3.0, 2.0, 2.0, 3.0]),
        ("where(x < 0 or not x <= 1, 1, x)", [-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 0.0]),
        ("where(x != 0 and x == x, x, 5*x)", [0.0, 1.0], [5.0, 1.0]),
        ("where(1 > 2, x, 5*x)", [0.0, 1.0], [5.0, 5.0]),
        ("max(x, 1/0.5)", [math.inf, -math.inf], [1.0, 0.0]),
    ],
)
def test_kinks(text, x, slope):
    expression = rp.Expression(text)
    assert expression.gradient({"x": x})[1]["x"].tolist() == slope
    for point, expected in zip(x, slope, strict=True):  # the same whatever the neighbours
        assert expression.gradient({"x": point})[1]["x"] == expected


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("where(x > 0, log(x), x)", [-1.0, 0.0, 2.0], [1.0, 1.0, 0.5]),
        ("where(x > 0, sqrt(x), 0)", [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
        ("where(x > 0, 1/x, 7*x)", [0.0, 2.0], [7.0, -0.25]),
        ("exp(where(x > 0, 3*log(x), 0))", [-1.0, 0.0, 2.0], [0.0, 0.0, 12.0]),
        ("where(x < 700, exp(x*2), x)", [0.0, 1e3], [2.0, 1.0]),
        ("where(x > 0, where(x > 1, sqrt(x - 1), x), -x)", [-1.0, 1.0, 5.0], [-1.0, 1.0, 0.25]),
        # log(x) is used by two selections, and on neither's side by elements at 0
        ("where(x > 1, 2*log(x), 0) + where(x < -1, log(-x), x)", [0.0, 2.0], [1.0, 2.0]),
        (
            "where(x > 0, where(x > 2, log(x), x), where(x < -2, log(x)*0, 1))",
            [0.0, 4.0],
            [0, 0.25],
        ),
        ("where(x > 1, log(x), where(x < -1, log(x), 3*x))", [0.0, 2.0], [3.0, 0.5]),
        ("where(x > 1, log(x), 0) + where(x > 2, 3*log(x), 0)", [0.0, 1.5, 4.0], [0, 1 / 1.5, 1]),
        ("where(x > 0, log(x), 0) + log(x)", [0.0, 2.0], [math.inf, 1.0]),
        ("max(sqrt(x), 1)", [0.0, 4.0], [0.0, 0.25]),
        ("max(sqrt(x), 1, x)", [0.0, 4.0], [0.0, 1.0]),
        ("min(1/x, 3)", [0.0, 1.0], [0.0, -1.0]),
        ("relu(log(x))", [0.0, 2.0], [0.0, 0.5]),
        ("clip(1/x, 0, 1)", [0.0, 2.0], [0.0, -0.25]),
        ("max(sqrt(x), sqrt(x), 0*x + 2)", [0.0, 4.0], [0.0, 1 / 6]),
    ],
)
def test_what_is_not_selected_does_not_count(text, x, slope):
    with np.errstate(all="raise"):
        value, gradient = rp.Expression(text).gradient({"x": x})
    np.testing.assert_allclose(gradient["x"], slope, rtol=4 * EPS)
    assert not np.isnan(value).any()


def test_a_nan_that_is_not_selected_does_not_count():
    gradient = rp.Expression("where(a > 0, x, log(a))").gradient({"a": 1.0, "x": math.nan})[1]
    assert all(map(math.isnan, gradient.values()))
    expression = rp.Expression("where(a > 0, a, x)")
    assert expression.gradient({"a": 1.0, "x": math.nan}) == (1.0, {"a": 1.0, "x": 0.0})
    assert expression.gradient({"a": math.nan, "x": 2.0}) == (2.0, {"a": 0.0, "x": 1.0})


@pytest.mark.parametrize("neighbour", [-1.0, 0.0, 1.0, math.nan])
@pytest.mark.parametrize(
    "text",
    ["exp(1000*x) * max(log(-x), 1)**0", "1**max(log(-x), 2*y) + x", "cosh(1e4*max(y, x**0))"],
)
def test_a_nan_that_is_lost_does_not_depend_on_neighbours(text, neighbour):
    expression = rp.Expression(text)
    inputs = {name: np.array([1.0, neighbour]) for name in expression.names}
    alone = expression.gradient(dict.fromkeys(expression.names, 1.0))
    value, gradient = expression.gradient(inputs)
    assert value[0] == alone[0]
    assert not math.isnan(value[0])
    for name, slope in alone[1].items():
        assert gradient[name][0] == slope


# Arrays ------------------------------------------------------------------------------------------

SHAPES = [
    {"x": (), "y": (), "w": ()},
    {"x": (3,), "y": (), "w": (1,)},
    {"x": (4, 1), "y": (3,), "w": ()},
    {"x": (2, 1, 3), "y": (5, 1), "w": (3,)},
    {"x": (0, 3), "y": (3,), "w": ()},
    {"x": (7,), "y": (7,), "w": (1, 1, 1)},
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("together", [1, 2, 5, 2**16])
def test_arrays_broadcast_and_elements_are_independent(shapes, together, monkeypatch):
    monkeypatch.setattr(_expression, "_TOGETHER", together)
    rng = np.random.default_rng(1)
    inputs = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    shape = np.broadcast_shapes(*shapes.values())
    for text in ["where(x > y, x*y**2, exp(w)) + w", "w", "x + y + w", "x*y*w + 3", "max(x, y, w)"]:
        expression = rp.Expression(text)
        have = np.broadcast_shapes(*(shapes[name] for name in expression.names))
        value, gradient = expression.gradient(inputs, ["w", "x", "y"])
        assert list(gradient) == ["w", "x", "y"]
        assert np.array_equal(expression.value(inputs), value)
        full = np.broadcast_arrays(*inputs.values())
        for result in (value, *gradient.values()):
            assert result.shape == have
            assert isinstance(result, np.ndarray if have else np.float64)
            assert result.dtype == np.float64
        for index in np.ndindex(shape):
            point = {name: array[index] for name, array in zip(inputs, full, strict=True)}
            one, slopes = expression.gradient(point, ["w", "x", "y"])
            assert one == np.broadcast_to(value, shape)[index]
            for name, slope in slopes.items():
                assert slope == np.broadcast_to(gradient[name], shape)[index]


def test_long_arrays_are_evaluated_in_pieces_of_bounded_size(monkeypatch):
    sizes = []
    for length, together in [(2**18 + 3, 2**16), (3 * 10**5, 2**16)]:
        x = np.random.default_rng(2).normal(size=length)
        expression = rp.Expression("log1p(x**2) + 1")
        evaluate = type(expression._tape).gradient

        def recorded(tape, inputs, wanted, evaluate=evaluate, together=together):
            sizes.append(inputs[0].size)
            assert inputs[0].size <= together
            return evaluate(tape, inputs, wanted)

        with monkeypatch.context() as patch:
            patch.setattr(type(expression._tape), "gradient", recorded)
            value, gradient = expression.gradient({"x": x})
        assert np.array_equal(value, np.log1p(x * x) + 1)
        np.testing.assert_allclose(gradient["x"], 2 * x / (1 + x * x), rtol=8 * EPS)
    assert len(sizes) == 5 + 5
    terms = rp.Expression("+".join(f"x*{k}.5" for k in range(400)))
    assert len(terms._tape.slots) * 2**16 > _expression._SCRATCH
    with monkeypatch.context() as patch:
        patch.setattr(_expression, "_TOGETHER", 2**16)
        sizes.clear()
        tape, evaluate = type(terms._tape), type(terms._tape).gradient
        patch.setattr(tape, "gradient", lambda *a: sizes.append(a[1][0].size) or evaluate(*a))
        slopes = terms.gradient({"x": np.ones(2**16)})[1]["x"]
    assert np.array_equal(slopes, np.full(2**16, 400 * 200.0))
    assert max(sizes) * len(terms._tape.slots) <= _expression._SCRATCH
    assert sum(sizes) == 2**16


@pytest.mark.parametrize("text", ["x", "x + y", "x*y", "exp(x) + 0*y", "exp(x)", "-x", "x**1"])
def test_results_are_new_arrays(text):
    inputs = {"x": np.array([1.0, 2.0]), "y": np.array([3.0, 4.0])}
    before = copy.deepcopy(inputs)
    expression = rp.Expression(text)
    value, gradient = expression.gradient(inputs, ["x", "y"])
    results = [value, *gradient.values(), expression.value(inputs)]
    kept = [result.copy() for result in results]
    for k, result in enumerate(results):
        result += 100.0
        assert all(
            np.array_equal(a, b) for a, b in zip(results[k + 1 :], kept[k + 1 :], strict=True)
        )
    assert all(np.array_equal(inputs[name], before[name]) for name in inputs)


def test_what_is_common_is_computed_once():
    expression = rp.Expression("exp(x*y)/(1 + exp(x*y)) + 2*(x*y) + 1/2")
    rows = [call.row.name for _, call, _ in expression._tape._calls]
    assert sorted(rows) == sorted(["*", "exp", "+", "/", "*", "+", "+"])
    at = {"x": [0.5, 2.0], "y": -1.0}
    assert np.array_equal(expression.value(at), expression.gradient(at)[0])


def test_many_names_cost_one_evaluation():
    names = [f"x{k}" for k in range(300)]
    expression = rp.Expression("*".join(names))
    value, gradient = expression.gradient(dict.fromkeys(names, 1.01))
    assert value == pytest.approx(1.01**300, rel=1e-13)
    assert list(gradient) == names
    assert all(slope == pytest.approx(1.01**299, rel=1e-13) for slope in gradient.values())


def test_threads_share_an_expression():
    expression = rp.Expression("where(y > 0, y**2, log1p(abs(y)))*w + max(y, w)")
    blocks = [np.random.default_rng(k).normal(size=2**12) for k in range(16)]
    alone = [rp.Expression(str(expression)).gradient({"y": y, "w": 0.5}) for y in blocks]
    with ThreadPoolExecutor(8) as pool:
        shared = list(pool.map(lambda y: expression.gradient({"y": y, "w": 0.5}), blocks))
    for (value, gradient), (other, slopes) in zip(alone, shared, strict=True):
        assert np.array_equal(value, other)
        assert all(np.array_equal(gradient[name], slopes[name]) for name in gradient)


# Names and inputs --------------------------------------------------------------------------------


def test_names_are_in_order_of_appearance():
    assert rp.Expression("where(b > a, exp(c), b*pi) - e").names == ("b", "a", "c")
    assert rp.Expression("2*pi").names == ()
    assert rp.Expression("2*pi").gradient({}) == (2 * math.pi, {})
    assert rp.Expression("beta*gamma").names == ("beta", "gamma")


def test_greek_names():
    micro, mu = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
    expression = rp.Expression(f"{micro} + σ*z_1")
    assert expression.names == (mu, "σ", "z_1")
    inputs = {micro: 1.0, "σ": 2.0, "z_1": 3.0}
    assert expression.value(inputs) == 7.0
    assert expression.gradient(inputs, [micro, "σ"]) == (7.0, {micro: 1.0, "σ": 3.0})
    with pytest.raises(ExpressionError, match="'σσ/', column 4"):
        rp.Expression("σσ/")
    with pytest.raises(ExpressionError, match="column 7: there is no function 'σ'"):
        rp.Expression("    σ+σ(2)")


def test_a_name_that_the_formula_lacks_has_the_derivative_0():
    gradient = rp.Expression("2*x").gradient({"x": [1.0, 2.0], "y": 1.0}, ["y", "x"])[1]
    assert gradient["y"].tolist() == [0.0, 0.0]
    assert gradient["x"].tolist() == [2.0, 2.0]
    assert rp.Expression("x").gradient({"x": 1.0}, "x")[1] == {"x": 1.0}


def test_missing_values_are_named():
    expression = rp.Expression("w*x + c")
    with pytest.raises(
        ExpressionError,
        match=r"^'w\*x \+ c' needs a value for w, c \(values are given for: x, y\)$",
    ):
        expression.value({"x": 1.0, "y": 2.0})
    with pytest.raises(ExpressionError, match=r"needs a value for loc; did you mean 'loic'\?"):
        rp.Expression("loc").value({"loic": 1.0})
    with pytest.raises(ExpressionError, match=r"'w\*x \+ c' has no 'z' .* \(it has w, x, c\)"):
        expression.gradient({"w": 1.0, "x": 1.0, "c": 2.0}, "z")
    with pytest.raises(ExpressionError, match="given for: none"):
        expression.value({})


def test_values_must_be_real_and_fit_together():
    expression = rp.Expression("x*y")
    for odd in ["a", True, 1j, [[1.0], [2.0, 3.0]], None]:
        with pytest.raises(ParameterError, match=r"^x=.* is not a real number"):
            expression.value({"x": odd, "y": 1.0})
    with pytest.raises(ShapeError, match=r"x has shape \(3,\), y has shape \(2,\)"):
        expression.gradient({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0]})
    assert expression.value({"x": np.int8(100), "y": np.int8(100)}) == 10000.0


def test_expressions_are_values():
    expression = rp.Expression("x**2 + where(x > 1, 1, 2)")
    assert repr(expression) == "Expression('x**2 + where(x > 1, 1, 2)')"
    assert str(expression) == expression.text == "x**2 + where(x > 1, 1, 2)"
    for twin in (pickle.loads(pickle.dumps(expression)), copy.deepcopy(expression)):
        assert twin == expression
        assert hash(twin) == hash(expression)
        assert twin.gradient({"x": 3.0}) == expression.gradient({"x": 3.0})
    assert expression != rp.Expression("x**2")
    with pytest.raises(FrozenInstanceError):
        expression.text = "x"
    assert issubclass(ExpressionError, ReparamError)
    assert issubclass(ExpressionError, ValueError)


def test_no_scipy_before_it_is_needed(python):
    code = "import sys, reparam; reparam.Expression('where(y>0, exp(y), max(y, 1))')"
    code += ".gradient({'y': 1.0}); print('scipy' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"


# Text that is not a formula ---------------------------------------------------------------------

DEEP, LONG = _scan.MAX_DEPTH, _scan.MAX_LENGTH
REFUSED = [
    ("", "'' has no formula"),
    (" \t\r\n ", "has no formula"),
    ("x y", "column 3: there is no operator before 'y'"),
    ("2x", "column 2: there is no operator before 'x'"),
    ("2(x)", r"column 2: there is no operator before '\('"),
    ("(x)(y)", "column 4: there is no operator"),
    ("exp(x)(y)", "column 7: there is no operator"),
    ("x +", r"column 4: there is no value after '\+'"),
    ("x + * y", r"column 5: there is no value before '\*'"),
    ("(x", r"column 1: this '\(' is never closed"),
    ("x)", r"column 2: this '\)' closes nothing"),
    ("()", r"column 2: there is no value before '\)'"),
    ("exp()", r"column 5: there is no value before '\)'"),
    ("x, y", "column 2: commas are for functions' arguments"),
    ("(x, y)", "column 3: commas are for functions' arguments"),
    ("max(x, y,)", "column 10: there is no value"),
    ("exp", r"column 1: exp is a function; call it, as in exp\(x\)"),
    ("where + 1", r"call it, as in where\(condition, a, b\)"),
    ("x + exq(y)", r"column 5: there is no function 'exq'; did you mean 'exp'\?$"),
    ("__import__(x)", "column 1: there is no function '__import__'; there are exp, "),
    ("eval(x)", "there is no function 'eval'"),
    ("pi(x)", "there is no function 'pi'"),
    ("max(x)", "max takes two or more arguments, not 1"),
    ("exp(x, y)", r"column 1: exp takes 1 argument, not 2; write exp\(x\)"),
    ("where(x > 0, y)", "where takes 3 arguments, not 2"),
    ("x > 0", r"column 1: a comparison is not a number; put it into where\("),
    ("2 + (x == 0)", "column 6: a comparison is not a number"),
    ("where(x > 0, x > 1, 2)", "column 14: a comparison is not a number"),
    ("where((x > 0) > 1, 1, 2)", "a comparison is not a number"),
    ("not x", "'not' takes comparisons"),
    ("x and y", "column 1: 'and' takes comparisons"),
    ("where(x > 0 and y, 1, 2)", "column 17: 'and' takes comparisons"),
    ("where(x, 1, 2)", "column 7: 'where' takes a comparison first"),
    ("1 + not x", "column 5: this is not a formula"),
    ("1and 2", "column 2: there is no space before 'and'"),
    ("1.or 2", "column 3: there is no space before 'or'"),
    ("1if x else 2", "column 2: 'if' is a reserved word"),
    ("1 in x", "'in' is a reserved word"),
    ("1 is x", "'is' is a reserved word"),
    ("lambda*x", "column 1: 'lambda' is a reserved word of Python; use another name"),
    ("lambda: x", "'lambda' is a reserved word"),
    ("await x", "'await' is a reserved word"),
    ("True", "'True' is a reserved word"),
    ("None", "'None' is a reserved word"),
    ("\N{FULLWIDTH LATIN SMALL LETTER A}nd", "is a reserved word"),
    ("x.real", r"column 2: a formula can't have '\.'; there are no attributes"),
    ("().__class__", r"column 3: a formula can't have '\.'"),
    ("...", r"column 1: a formula can't have '\.'"),
    ("x[0]", r"column 2: a formula can't have '\['; there are no subscripts"),
    ("[x for x in y]", r"column 1: a formula can't have '\['"),
    ("{x}", "column 1: a formula can't have '{'"),
    ("'x'", "column 1: a formula can't have \"'\""),
    ('f"{x}"', "column 2: a formula can't have '\"'"),
    ("b'x'", "column 2: a formula can't have \"'\""),
    ("(x := 1)", "column 4: a formula can't have ':='"),
    ("exp(x=1)", "column 6: a formula can't have '='"),
    ("y = x", "column 3: a formula can't have '='; a == b compares"),
    ("exp(*x)", r"column 5: there is no value before '\*'"),
    ("exp(**x)", r"column 5: there is no value before '\*\*'"),
    ("x ^ 2", r"column 3: a formula can't have '\^'; a\*\*b is a power"),
    ("x // 2", "column 3: a formula can't have '//'; a/b divides"),
    ("x % 2", "column 3: a formula can't have '%'"),
    ("x @ y", "column 3: a formula can't have '@'"),
    ("x & y", "column 3: a formula can't have '&'; write 'and'"),
    ("~x", "column 1: a formula can't have '~'"),
    ("x # y", "column 3: a formula can't have '#'"),
    ("x; y", "column 2: a formula can't have ';'"),
    ("x \\\n y", "column 3: a formula can't have"),
    ("2 × x", r"column 3: a formula can't have '×'; a\*b multiplies"),
    ("x²", r"column 1: 'x²' is not a name, since '²' can't be in one there; write x\*\*2"),
    ("\u0e33x", r"column 1: 'ำx' is not a name"),
    ("x\N{NO-BREAK SPACE}y", "column 2: a formula can't have"),
    ("x\x00", r"column 2: a formula can't have '\\x00'"),
    ("\ud800", r"column 1: a formula can't have '\\ud800'"),
    ("x\udc80y", "column 2: a formula can't have"),
    ("\N{ARABIC-INDIC DIGIT THREE}", "column 1: a formula can't have"),
    ("\ufeffx", "column 1: a formula can't have"),
    ("1j", "column 2: there is no operator before 'j'"),
    ("0x10", "column 2: there is no operator before 'x10'"),
    ("1_000", "column 2: there is no operator before '_000'"),
    ("007", "column 1: a whole number doesn't begin with 0; write 7"),
    ("1e400", "column 1: the number is too large for float64"),
    ("2 + " + "9" * 400, "column 5: the number is too large for float64"),
    ("9" * 9000, "column 1: the number is too large for float64"),
    ("9**9**9**9", "column 4: this is inf, and numbers must be finite"),
    ("x + 10**400", "column 5: this is inf"),
    ("1/0 + x", "column 1: this is inf"),
    ("log(-1)", "column 1: this is nan"),
    ("(" * DEEP + "(x)" + ")" * DEEP, f"parentheses nest more than {DEEP} deep"),
    ("exp(" * (DEEP + 1) + "x" + ")" * (DEEP + 1), f"parentheses nest more than {DEEP} deep"),
    ("(" * 9000, f"names, numbers and operators are more than {_scan.MAX_TOKENS}"),
    ("-" * 9000 + "x", "names, numbers and operators are more than"),
    ("-" * (_scan.MAX_TOKENS - 1), "there is no value after '-'"),
    ("2**" * 3000 + "2", "names, numbers and operators are more than"),
    ("x+" * 3000 + "x", "names, numbers and operators are more than"),
    ("x" * (LONG + 1), f"{LONG + 1} characters are more than {LONG}; simplify it"),
    ("x" * 10**7, "characters are more than"),
    ("x\x00" * 5000, "a formula can't have|are more than"),
    ("exp(" * 99 + "1 + not x" + ")" * 99, "this is not a formula"),
    (3, "^a formula is text, not of type int"),
    (None, "^a formula is text, not of type NoneType"),
    (b"x", "^a formula is text, not of type bytes"),
]


@pytest.fixture
def no_garbage():
    """Collect no garbage, which after thousands of tests takes longer than what is timed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[repr(text)[:30] for text, _ in REFUSED])
def test_refused_with_what_where_and_the_remedy(text, message, no_garbage):
    start = time.process_time()
    with pytest.raises(ExpressionError, match=message) as caught:
        rp.Expression(text)
    assert time.process_time() - start < 1.0
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEEP + "x" + ")" * DEEP,
        "exp(" * DEEP + "x" + ")" * DEEP,
        "+".join(["x"] * (_scan.MAX_TOKENS // 2)),
        "-".join(["x**2*3"] * (_scan.MAX_TOKENS // 6)),
        "where(x > 0, " * (DEEP - 1) + "x" + ", log(x))" * (DEEP - 1),
        "max(x, " * DEEP + "x" + ")" * DEEP,
        "max(" + ", ".join(["x", "-x"] * 300) + ")",
        "min(" + ", ".join(f"x + {k}" for k in range(300)) + ")",
        "- " * (_scan.MAX_TOKENS - 1) + "x",
        "**".join(["x"] * (_scan.MAX_TOKENS // 2)),
        "x" * LONG,
    ],
    ids=lambda text: text[:15],
)
def test_long_and_deep_text_is_evaluated_or_refused_at_once(text, no_garbage):
    start = time.process_time()
    expression, error = parsed(text)
    if error:  # how deep operators may nest depends on Python's version
        assert "nest too deeply" in error
        assert text.startswith(("- -", "x**x"))
    else:
        value, gradient = expression.gradient({name: [0.5, 1.0] for name in expression.names})
        assert value.shape == (2,)
        assert len(gradient) == 1
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("limit", [MemoryError, RecursionError])
def test_what_is_too_deep_for_the_parser_is_refused(limit, monkeypatch):
    def parse(*args, **kwargs):  # as older and newer versions of Python do
        raise limit

    monkeypatch.setattr("reparam.expressions._parse.ast.parse", parse)
    with pytest.raises(ExpressionError, match=r"'- x', column 1: operators nest too deeply"):
        rp.Expression("- x")


def test_nothing_is_executed(monkeypatch):
    true_compile = builtins.compile

    def parse_only(source, filename, mode, flags=0, *args, **kwargs):
        assert flags & PyCF_ONLY_AST
        return true_compile(source, filename, mode, flags, *args, **kwargs)

    def never(*args, **kwargs):
        raise AssertionError("executed")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "compile", parse_only)
        patch.setattr(builtins, "eval", never)
        patch.setattr(builtins, "exec", never)
        value = rp.Expression("where(x > 0, exp(x), 1) + 2**3").value({"x": 0.0})
    assert value == 9.0


PIECES = st.sampled_from(
    [
        *"xyeσµ()+-*/<>=!,. \n\t019'\"[]{}:@%^&|~#;\\²\x00\ud800",
        "**",
        "<=",
        "==",
        "//",
        "1.5",
        "2e3",
    ]
    + ["9**9", "pi", "and ", " or ", "not ", " if ", "lambda", "_", "__", "where(", "max(", "x>0"]
    + [f"{name}(" for name in _functions.FUNCTIONS]
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=25).map("".join),
    st.lists(PIECES, max_size=25).map(" ".join),
)


@settings(max_examples=1000, derandomize=True)
@given(TEXTS)
def test_text_is_a_formula_or_an_error_of_its_own(text):
    expression, _ = parsed(text)
    event("formula" if expression else "refused")
    if expression:
        inputs = {name: [-1.0, 0.0, 0.5] for name in expression.names}
        value, gradient = expression.gradient(inputs)
        assert np.array_equal(value, expression.value(inputs), equal_nan=True)
        assert list(gradient) == list(expression.names)


# Random formulas, against derivatives in interval arithmetic -------------------------------------
#
# Forward mode in place of reverse mode, and intervals in place of numbers: rounded outwards with
# fewer bits than a float64 has, they contain what any order of evaluation gives, cancellation too.


class Dual:
    """A value and its derivatives in x and y, all intervals."""

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    def through(self, value, slope):
        return Dual(value, [slope * mine for mine in self.slopes])


def plus(a, b):
    return Dual(a.value + b.value, [p + q for p, q in zip(a.slopes, b.slopes, strict=True)])


def times(a, b):
    slopes = zip(a.slopes, b.slopes, strict=True)
    return Dual(a.value * b.value, [p * b.value + a.value * q for p, q in slopes])


def inverse(a):
    assume(not 0 in a.value)  # noqa: E713 - an interval's `in`
    return a.through(1 / a.value, -1 / a.value**2)


def minus(a):
    return a.through(-a.value, iv.mpf(-1))


def larger(a, b):
    """Return whether a > b, if that is certain."""
    above, below = a.value.a > b.value.b, a.value.b < b.value.a
    assume(above or below)
    return bool(above)


def exponential(a):
    assume(a.value.b < 50)
    return a.through(iv.exp(a.value), iv.exp(a.value))


def sigmoid(a):
    assume(a.value.a > -50 and a.value.b < 50)
    s = 1 / (1 + iv.exp(-a.value))
    return a.through(s, 1 / (1 + iv.exp(-a.value)) / (1 + iv.exp(a.value)))


def logarithm(a):
    assume(a.value.a > 0)
    return a.through(iv.log(a.value), 1 / a.value)


def root(a):
    assume(a.value.a > 0)
    return a.through(iv.sqrt(a.value), 1 / (2 * iv.sqrt(a.value)))


ZERO = Dual(iv.mpf(0), [iv.mpf(0)] * 2)
UNARY = {
    "-({})": minus,
    "exp({})": exponential,
    "sigmoid({})": sigmoid,
    "sin({})": lambda a: a.through(iv.sin(a.value), iv.cos(a.value)),
    "cos({})": lambda a: a.through(iv.cos(a.value), -iv.sin(a.value)),
    "log({})": logarithm,
    "sqrt({})": root,
    "({})**0.5": root,
    "({})**2": lambda a: a.through(a.value**2, 2 * a.value),
    "square({})": lambda a: a.through(a.value**2, 2 * a.value),
    "({})**3": lambda a: a.through(a.value**3, 3 * a.value**2),
    "({})**5": lambda a: a.through(a.value**5, 5 * a.value**4),
    "({})**-1": inverse,
    "abs({})": lambda a: a if larger(a, ZERO) else minus(a),
    "relu({})": lambda a: a if larger(a, ZERO) else ZERO,
}
BINARY = {
    "({} + {})": plus,
    "({} - {})": lambda a, b: plus(a, minus(b)),
    "{}*{}": times,
    "({})/({})": lambda a, b: times(a, inverse(b)),
    "({})**({})": lambda a, b: exponential(times(b, logarithm(a))),
    "max({}, {})": lambda a, b: a if larger(a, b) else b,
    "min({}, {})": lambda a, b: b if larger(a, b) else a,
    "where({} > {}, 1, 2)": lambda a, b: constant("1") if larger(a, b) else constant("2"),
}


def constant(text):
    return Dual(iv.mpf(text), [iv.mpf(0)] * 2)


def combined(trees):
    unary = st.tuples(st.sampled_from(sorted(UNARY)), trees)
    binary = st.tuples(st.sampled_from(sorted(BINARY)), trees, trees)
    choice = st.tuples(st.just("where({} < {}, {}, {})"), trees, trees, trees, trees)
    return unary | binary | choice


TREES = st.recursive(st.sampled_from(["x", "y", "2", "0.25", "1.5", "3"]), combined, max_leaves=12)


def written(tree):
    if isinstance(tree, str):
        return tree
    form, *parts = tree
    return form.format(*(f"({written(part)})" for part in parts))


def enclosed(tree, at):
    """Return the tree's value and derivatives, as intervals, if float64 holds them all."""
    dual = enclosed_anyhow(tree, at)
    for interval in (dual.value, *dual.slopes):
        size = max(abs(interval.a), abs(interval.b))
        assume(size == 0 or 1e-60 < size < 1e60)
    return dual


def enclosed_anyhow(tree, at):
    if isinstance(tree, str):
        return at[tree] if tree in at else constant(tree)
    form, *parts = tree
    if form.startswith("where({} <"):
        below = larger(enclosed(parts[1], at), enclosed(parts[0], at))
        return enclosed(parts[2 if below else 3], at)
    return (UNARY | BINARY)[form](*(enclosed(part, at) for part in parts))


COORDINATES = st.floats(-3.0, 3.0).map(lambda x: round(x, 3))


@settings(max_examples=300, derandomize=True)
@given(TREES, COORDINATES, COORDINATES)
def test_random_formulas(tree, x, y):
    iv.prec = 46
    point = {
        "x": Dual(iv.mpf(x), [iv.mpf(1), iv.mpf(0)]),
        "y": Dual(iv.mpf(y), [iv.mpf(0), iv.mpf(1)]),
    }
    dual = enclosed(tree, point)
    text = written(tree)
    expression, error = parsed(text)
    if error:  # in a part of it that is not selected
        assert "numbers must be finite" in error
        return
    value, gradient = expression.gradient({"x": x, "y": y}, ["x", "y"])
    assert value == expression.value({"x": x, "y": y})
    slopes = zip([gradient["x"], gradient["y"]], dual.slopes, strict=True)
    for ours, interval in [(value, dual.value), *slopes]:
        assert ours in interval, (text, x, y)
        sharp = interval.delta <= 1e-9 * (1 + abs(interval.mid))
        event("sharp" if sharp else "wide")
