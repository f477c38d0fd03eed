"""The tables that `reparam verify` ships: what makes them, and two more routes to their values."""

from pathlib import Path

import numpy as np
import pytest
import reference
from flint import arb, ctx
from mpmath import mp, mpf

from reparam import registry
from reparam.base.reparameterized import Reparameterized
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL
from reparam.verification.results import Outcome
from reparam.verification.run.running import checks_here
from reparam.verification.witnesses import transform
from reparam.verification.witnesses.transform import reference_table

TOOLS = Path(__file__).parents[3] / "tools"
FOLDER = Path(registry.__file__).parent / "verification" / "reference"
NAMES = [
    name
    for name in registry.BUILT_IN
    if issubclass(registry.get(name), Reparameterized) and not registry.get(name)._support.rank
]
VECTORS = [
    name
    for name in registry.BUILT_IN
    if issubclass(registry.get(name), Reparameterized)
    and registry.get(name)._support.rank
    and registry.get(name).path == "map"
]


def imported(tool, module):
    """Import a module of a folder of tools, which are programs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOLS / tool)
        return __import__(module)


@pytest.fixture(scope="module")
def tool():
    return imported("verification_reference", "rows")


@pytest.fixture(scope="module")
def sweep():
    """What ``tools/accuracy_sweep`` compares with: FLINT's balls, by another route."""
    return imported("accuracy_sweep", "cases")


def test_there_is_a_table_of_each_distribution(tool):
    assert list(tool.DISTRIBUTIONS) == sorted(NAMES + VECTORS)
    for name in tool.DISTRIBUTIONS:
        assert list(reference_table(name)) == tool.columns(name)
    assert reference_table("no-such-law") is None


@pytest.mark.parametrize(("units", "outcome"), [(3.0, Outcome.HOLDS), (7.0, Outcome.FAILS)])
def test_values_that_are_units_off_the_table_are_found(monkeypatch, units, outcome):
    """Those of the normal distribution are within a unit of it."""
    table = dict(reference_table("gaussian"))
    table["value"] = table["value"] + units * 2.0**-53 * (abs(table["value"]) + table["c_value"])
    monkeypatch.setattr(transform, "reference_table", lambda name: table)
    (check,) = checks_here("gaussian", witnesses="transform", level="quick", seed=1)
    found = {each.what: each.outcome for each in check.comparisons}
    assert found["y, tabulated"] is outcome


def test_tables_with_another_tolerance_exist():
    assert {*transform._VALUE_UNITS_OF} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_tables_cover_the_domain(name):
    table = reference_table(name)
    noise = table["noise"]
    assert noise.size == 150
    if registry.get(name).noise is NORMAL:
        assert (noise.min(), noise.max()) == (-8.0, 8.0)
    else:
        assert noise.min() == 1e-300
        assert noise.max() == 1.0 - 2.0**-53
        assert np.sum(noise < 1e-9) > 10
        assert np.sum(1.0 - noise < 1e-9) > 10
        assert np.sum(noise == 0.5) >= 1
    for parameter, declared in registry.get(name).parameters.items():
        values = table[parameter]
        if declared.domain == POSITIVE:
            assert values.min() < declared.typical[0]
            assert values.max() > 50.0 * declared.typical[1]
            assert np.sum(values % 1.0 == 0.0) > 10
            assert np.sum(values % 1.0 == 0.5) > 10


@pytest.mark.parametrize(
    ("name", "number"),
    [
        # a row of every third table each time: a row may take half a second
        pytest.param(name, number, marks=() if number == 3 and place % 3 == 0 else pytest.mark.long)
        for place, name in enumerate(NAMES + VECTORS)
        for number in (3, 6)
    ],
)
def test_rows_are_what_the_tool_makes(tool, name, number):
    lines = (FOLDER / f"{name}.csv").read_text("utf-8").splitlines()
    points = list(tool.points(name))
    places = [place for place in range(tool.ROWS) if max(map(abs, points[place])) < 1e3]
    place = places[number]
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
    quantile = tool.DISTRIBUTIONS[name.replace("_", "-")].function
    rest = {"gamma": (1,), "beta": (), "student_t": (0, 1)}[name]
    rng = np.random.default_rng(3)
    with mp.workdps(40 + tool.MARGIN):
        for place in rng.choice(len(table.rows), 20, replace=False):
            row = table.rows[place]
            theta = [mpf(float(row[key])) for key in reference.PARAMETERS[name]]
            y = quantile({}, mpf(float(row["u"])), *theta, *map(mpf, rest))
            assert abs(y / mpf(row["quantile"]) - 1) < mpf("1e-23")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if registry.get(name)._is_slow else ())
        for name in NAMES
    ],
)
def test_values_by_the_cdf(sweep, name):
    """Where −8 < z < 8 or u isn't far out: F(y) = u by FLINT, and −F_θ/F_y by its differences."""
    table, law = reference_table(name), sweep.CONTINUOUS[name]
    names, noise = list(registry.get(name).parameters), table["noise"]
    normal = registry.get(name).noise is NORMAL
    tails = sweep.laws.normal_tails if normal else sweep.laws.uniform_tails
    middle = np.full(noise.shape, True) if normal else np.abs(noise - 0.5) < 0.499
    for parameter in names:
        middle &= (np.abs(table[parameter]) < 50.0) & (np.abs(table[parameter]) > 0.05)
    places = np.flatnonzero(middle)[:6]
    assert places.size >= 3
    for place in places:
        theta = [float(table[parameter][place]) for parameter in names]
        start = sweep.place(law.scale, float(table["value"][place]))
        columns = {"value": law.view("value", start, tails)} | {
            f"d_{parameter}": law.view_slope("value", i, start, tails)
            for i, parameter in enumerate(names)
            if f"d_{parameter}" in table
        }
        for column, formula in columns.items():
            assert is_nearest(float(table[column][place]), formula, noise[place], *theta), column


def is_nearest(value, formula, *inputs):
    """Whether a number is a formula's value, correctly rounded."""
    try:
        ctx.prec = 1000
        exact = formula(*(arb(float(number)) for number in inputs))
        if value == 0.0:
            return bool(abs(exact) < 1e-60)
        assert exact.rel_accuracy_bits() > 100
        return bool(abs(exact - arb(value)) <= arb(0.5000001 * float(np.spacing(abs(value)))))
    finally:
        ctx.prec = 53


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
