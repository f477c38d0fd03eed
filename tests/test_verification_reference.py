"""The tables that `reparam verify` ships: what makes them, and two more routes to their values."""

import importlib.util
from pathlib import Path

import mpmath
import numpy as np
import pytest
import reference
from mpmath import mp, mpf

from reparam import registry
from reparam.verification.witnesses.transform import reference_table

TOOL = Path(__file__).parents[1] / "tools" / "verification_reference.py"
NAMES = [name for name in registry.BUILT_IN if registry.get(name)._support.rank]
VECTORS = [name for name in registry.BUILT_IN if registry.get(name)._support.rank]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("verification_reference", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_table_of_each_distribution(tool):
    assert list(tool.DISTRIBUTIONS) == sorted(NAMES + VECTORS)
    for name in tool.DISTRIBUTIONS:
        assert list(reference_table(name)) == tool.columns(name)
    assert reference_table("cauchy") is None


@pytest.mark.parametrize("name", NAMES)
def test_tables_cover_the_domain(name):
    table = reference_table(name)
    noise = table["noise"]
    assert noise.size == 150
    if name == "gaussian":
        assert (noise.min(), noise.max()) == (-8.0, 8.0)
    else:
        assert noise.min() == 1e-300
        assert noise.max() == 1.0 - 2.0**-53
        assert np.sum(noise < 1e-9) > 15
        assert np.sum(1.0 - noise < 1e-9) > 15
        assert np.sum(noise == 0.5) >= 1
    for parameter, declared in registry.get(name).parameters.items():
        values = table[parameter]
        if declared.typical[0] > 0.0:
            assert values.min() < declared.typical[0]
            assert values.max() > 50.0 * declared.typical[1]
            assert np.sum(values % 1.0 == 0.0) > 10
            assert np.sum(values % 1.0 == 0.5) > 10


@pytest.mark.parametrize("name", NAMES + VECTORS)
def test_rows_are_what_the_tool_makes(tool, name):
    lines = (tool.FOLDER / f"{name}.csv").read_text("utf-8").splitlines()
    points = list(tool.points(name))
    places = [place for place in range(tool.ROWS) if max(map(abs, points[place])) < 1e3]
    for place in places[3:9:3]:
        assert ",".join(tool.row(name, points[place], place)) == lines[place + 1]


@pytest.mark.parametrize("name", ["gamma", "beta", "student_t"])
def test_quantiles_are_those_of_another_route(tool, name):
    """In FLINT's balls, by ``tools/shape_reference``: to 23 digits."""
    table = reference.load(name).where(
        lambda row: (
            row["u"] != ""
            and row["side"] == "y"
            and all(float(row[key]) < 1e4 for key in reference.PARAMETERS[name])
        )
    )
    quantile = tool.DISTRIBUTIONS[name.replace("_", "-")][0]
    rest = {"gamma": (1,), "beta": (), "student_t": (0, 1)}[name]
    rng = np.random.default_rng(3)
    with mp.workdps(40 + tool.MARGIN):
        for place in rng.choice(len(table.rows), 20, replace=False):
            row = table.rows[place]
            theta = [mpf(float(row[key])) for key in reference.PARAMETERS[name]]
            y = quantile({}, mpf(float(row["u"])), *theta, *map(mpf, rest))
            assert abs(y / mpf(row["quantile"]) - 1) < mpf("1e-23")


def _gamma_cdf(alpha, x):
    return mpmath.gammainc(alpha, 0, x, regularized=True)


def _beta_cdf(alpha, beta, odds):
    return mpmath.betainc(alpha, beta, 0, odds / (1 + odds), regularized=True)


def _t_cdf(df, t):
    tails = mpmath.betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True)
    return 1 - tails / 2 if t > 0 else tails / 2


#: The cdf by mpmath's own functions.
CDFS = {
    "beta": lambda y, a, b: _beta_cdf(a, b, y / (1 - y)),
    "beta-prime": lambda y, a, b: _beta_cdf(a, b, y),
    "chi": lambda y, df: _gamma_cdf(df / 2, y * y / 2),
    "chi-square": lambda y, df: _gamma_cdf(df / 2, y / 2),
    "exponential": lambda y, rate: -mp.expm1(-rate * y),
    "f": lambda y, d1, d2: _beta_cdf(d1 / 2, d2 / 2, y * d1 / d2),
    "gamma": lambda y, alpha, rate: _gamma_cdf(alpha, rate * y),
    "gaussian": lambda y, loc, scale: mp.ncdf((y - loc) / scale),
    "inverse-gamma": lambda y, alpha, scale: 1 - _gamma_cdf(alpha, scale / y),
    "laplace": lambda y, loc, scale: _laplace_cdf((y - loc) / scale),
    "logistic": lambda y, loc, scale: 1 / (1 + mp.exp(-(y - loc) / scale)),
    "relaxed-bernoulli": lambda y, tau, eta: 1 / (1 + ((1 - y) / y) ** tau * mp.exp(eta)),
    "student-t": lambda y, df, loc, scale: _t_cdf(df, (y - loc) / scale),
}


def _laplace_cdf(z):
    return mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2


@pytest.mark.parametrize("name", NAMES)
def test_values_by_mpmath(name):
    """Near the middle: the root of F(y) = u, and −F_θ/F_y by numerical differentiation."""
    table = reference_table(name)
    names = list(registry.get(name).parameters)
    noise = table["noise"]
    middle = np.abs(noise - 0.5) < 0.499
    for parameter in names:
        middle &= (np.abs(table[parameter]) < 50.0) & (np.abs(table[parameter]) > 0.05)
    places = np.flatnonzero(middle)[:6]
    assert places.size >= 3
    cdf = CDFS[name]
    with mp.workdps(60):
        for place in places:
            theta = [mpf(float(table[parameter][place])) for parameter in names]
            u = mp.ncdf(float(noise[place])) if name == "gaussian" else mpf(float(noise[place]))
            y = mpf(float(table["value"][place]))
            for _ in range(4):
                density = mp.diff(lambda at, theta=theta: cdf(at, *theta), y)
                y -= (cdf(y, *theta) - u) / density
            assert float(y) == table["value"][place]
            for k, parameter in enumerate(names):

                def moved(at, k=k, theta=theta, y=y):
                    return cdf(y, *theta[:k], at, *theta[k + 1 :])

                assert float(-mp.diff(moved, theta[k]) / density) == table[f"d_{parameter}"][place]


def test_values_of_concrete_by_powers():
    """Of y_i = w_i/Σ w with w = (exp(η)/(−ln u))^(1/τ), with −ln u by another function."""
    table = reference_table("concrete")
    near = (
        (np.abs(table["temperature"]) < 50.0)
        & np.all([np.abs(table[f"logits[{k}]"]) < 50.0 for k in range(3)], axis=0)
        & (table["value"] > 0.0)
    )
    places = np.flatnonzero(near)
    assert places.size > 20
    entries = set()
    with mp.workdps(660):
        for place in places[:20]:
            tau = mpf(table["temperature"][place])
            weights = []
            for k in range(3):
                u = mpf(table[f"noise[{k}]"][place])
                eta = mpf(table[f"logits[{k}]"][place])
                minus_log = 2 * mp.atanh((1 - u) / (1 + u))
                weights.append((mp.exp(eta) / minus_log) ** (1 / tau))
            entry = int(table["entry"][place])
            entries.add(entry)
            y = weights[entry] / sum(weights)
            assert float(y) == table["value"][place]
            for k in range(3):
                slope = y * ((k == entry) - weights[k] / sum(weights)) / tau
                assert float(slope) == table[f"d_logits[{k}]"][place]
    assert entries == {0, 1, 2}
