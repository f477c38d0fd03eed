"""Numbers with wide exponents: float64's results where it has them, and beyond what is known."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.special import erf

from reparam.special._wide import Wide

pytestmark = pytest.mark.long

USUAL = np.array([0.0, -0.0, 1.0, -2.5, 3e-5, 1e30, -7e-40, 0.999, np.inf, -np.inf, np.nan])
PAIRS = np.meshgrid(USUAL, USUAL)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "function",
    [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.fmin],
    ids=lambda function: function.__name__,
)
def test_arithmetic_is_float64_s(function):
    np.testing.assert_array_equal(np.asarray(function(Wide(PAIRS[0]), PAIRS[1])), function(*PAIRS))


@pytest.mark.parametrize("function", [np.less, np.greater_equal, np.equal])
def test_comparisons_are_float64_s(function):
    np.testing.assert_array_equal(function(Wide(PAIRS[0]), Wide(PAIRS[1])), function(*PAIRS))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "function",
    [np.log, np.log1p, np.expm1, np.exp, np.tanh, np.sign, np.abs, np.square, erf],
    ids=lambda function: function.__name__,
)
def test_functions_are_float64_s(function):
    x = USUAL[:-3] if function is np.exp else USUAL
    np.testing.assert_allclose(np.asarray(function(Wide(x))), function(x), rtol=4e-16)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", ["log", "log1p", "expm1", "exp", "tanh", "erf"])
def test_functions_far_out(function):
    tiny, large = Wide(1e-300) * 1e-300, Wide(900.0)
    of = erf if function == "erf" else getattr(np, function)
    with mp.workdps(1300):
        exact = mpf(1e-300) * mpf(1e-300)
        wanted = getattr(mp, function)(exact)
        found = of(tiny)
        assert abs(mp.ldexp(float(found.mantissa), int(found.exponent)) / wanted - 1) < 1e-15
        if function == "exp":
            assert float(np.asarray(np.exp(large) / np.exp(large - 1.0))) == pytest.approx(np.e)
            assert float(np.asarray(np.exp(-large) * 1e300)) == float(mp.exp(-900) * mpf(1e300))
        if function in ("log", "log1p"):
            assert float(np.asarray(of(1.0 / tiny))) == float(mp.log(1 / exact))


def test_where_and_select_keep_exponents():
    square = Wide([1e300, 2e300]) * 1e300
    chosen = np.where([True, False], square, 3.0)
    assert np.asarray(chosen / 1e300).tolist() == [1e300, 3.0 / 1e300]
    other = np.select([[False, True], [True, False]], [square, -square], 1.0)
    assert np.asarray(other / 1e300).tolist() == [-1e300, 2e300]


def test_what_it_does_not_know_is_an_error():
    with pytest.raises(TypeError):
        np.cumsum(Wide([1.0, 2.0]))
    with pytest.raises(TypeError):
        np.add.reduce(Wide([1.0, 2.0]))
