"""The reference tables themselves: the points they say they are, and values mpmath confirms."""

import importlib.util
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from reference import PARAMETERS, load

SWEEP = Path(__file__).parents[2] / "tools" / "shape_reference" / "sweep.py"


@pytest.fixture(scope="module")
def sweep():
    spec = importlib.util.spec_from_file_location("sweep", SWEEP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", PARAMETERS)
def test_rows_are_points_of_the_sweep(sweep, name):
    points = sweep.points(name)
    for row in load(name).rows:
        if row["kind"] != "seam":
            point = points[int(row["number"])]
            theta = tuple(float(row[parameter]) for parameter in PARAMETERS[name])
            assert (point.kind, point.theta) == (row["kind"], theta)
            assert row["u"] == ("" if point.u is None else repr(point.u))


@pytest.mark.parametrize("name", PARAMETERS)
def test_points_are_nearest_to_quantiles(name):
    given = load(name).where(lambda row: row["u"] != "")
    assert np.array_equal(given["point"], given["quantile"])


def _cdf(name, y, *theta):
    if name == "gamma":
        return mpmath.gammainc(theta[0], 0, y, regularized=True)
    if name == "beta":
        return mpmath.betainc(*theta, 0, y, regularized=True)
    (df,) = theta
    tails = mpmath.betainc(df / 2, mpf(1) / 2, 0, df / (df + y * y), regularized=True)
    return 1 - tails / 2 if y > 0 else tails / 2


def _cdf_derivative(name, y, theta, k):
    return mp.diff(lambda value: _cdf(name, y, *theta[:k], value, *theta[k + 1 :]), theta[k])


def _density(name, y, *theta):
    """Return the density of λ = ln y, logit y or ln |t|, for t with its sign."""
    if name == "gamma":
        return y ** theta[0] * mp.exp(-y) / mp.gamma(theta[0])
    if name == "beta":
        return y ** theta[0] * (1 - y) ** theta[1] / mp.beta(*theta)
    (df,) = theta
    power = (1 + y * y / df) ** (-(df + 1) / 2)
    return y * power / mp.sqrt(df) / mp.beta(df / 2, mpf(1) / 2)


@pytest.mark.parametrize("name", PARAMETERS)
def test_values_by_mpmath(name):
    """By numerical differentiation of mpmath's cdf: a third way, where that one is possible."""
    table = load(name).where(
        lambda row: (
            row["side"] == "y"
            and 1e-6 < abs(float(row["point"])) < 50.0
            and all(0.05 < float(row[parameter]) < 40.0 for parameter in PARAMETERS[name])
        )
    )
    rng = np.random.default_rng(5)
    with mp.workdps(40):
        for index in rng.choice(len(table.rows), 12, replace=False):
            row = table.rows[index]
            y = mpf(float(row["point"]))
            theta = [mpf(float(row[parameter])) for parameter in PARAMETERS[name]]
            assert abs(_cdf(name, y, *theta) - mpf(row["cdf"])) < mpf("1e-19")
            for k, parameter in enumerate(PARAMETERS[name]):
                f = _cdf_derivative(name, y, theta, k)
                assert abs(f / mpf(row[f"F_{parameter}"]) - 1) < mpf("1e-18")
                d = -f / _density(name, y, *theta)
                assert abs(d / mpf(row[f"D_{parameter}"]) - 1) < mpf("1e-18")


def _find(name, **wanted):
    return load(name).where(lambda row: all(float(row[k]) == v for k, v in wanted.items())).rows


def test_values_where_they_are_elementary():
    """F⁻¹(u; α, 1) = u^(1/α), and for α = 1 the gamma derivative is an exponential integral."""
    with mp.workdps(40):
        rows = [row for row in _find("beta", beta=1.0) if row["side"] == "y"]
        assert rows
        for row in rows:
            y, alpha = mpf(float(row["point"])), mpf(float(row["alpha"]))
            exact = -mp.log(y) / (1 - y) / alpha
            assert abs(mpf(row["D_alpha"]) / exact - 1) < mpf("1e-18")
        rows = [row for row in _find("gamma", alpha=1.0) if row["side"] == "y"]
        assert rows
        for row in rows:
            y = mpf(float(row["point"]))
            with mp.workdps(80):
                exact = (mp.log(y) + mp.euler + mp.exp(y) * mp.e1(y)) / y
            assert abs(mpf(row["D_alpha"]) / exact - 1) < mpf("1e-18")
