"""The logistic regression of ``examples/``: its gradient, and its approximations of a posterior."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "examples/logistic_regression.py"


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("logistic_regression", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def few(example):
    """The intercept, and three measurements that depend on each other."""
    data = example.load()
    return example.Data(data.x[::2, :4], data.sign[::2], data.names[:4])


def test_gradient_is_the_derivative_at_fixed_noise(example, few):
    rng = np.random.default_rng(0)
    loc, tril = rng.normal(size=4), np.tril(rng.uniform(0.2, 0.6, (4, 4)))
    _, in_loc, in_tril = example.elbo_gradient(few, loc, tril, 5)
    step = 1e-4
    for array, slope in ((loc, in_loc), (tril, in_tril)):
        for index in zip(*np.nonzero(array), strict=True):
            there, values = array[index], []
            for steps in (-2, -1, 1, 2):
                array[index] = there + steps * step
                values.append(example.elbo_gradient(few, loc, tril, 5)[0])
            array[index] = there
            numerical = np.dot([1, -8, 8, -1], values) / (12 * step)
            np.testing.assert_allclose(slope[index], numerical, rtol=1e-7, atol=1e-7)


def test_full_rank_is_near_the_posterior_and_mean_field_is_narrow(example, few, monkeypatch):
    monkeypatch.setattr(example, "RATE", 0.1)
    found = example.compare(few, steps=500, walk=800, seed=3)
    exact, spread = found.means["Metropolis"], found.deviations["Metropolis"]
    assert 0.2 < found.accepted < 0.5
    assert np.all(found.error < 0.1 * spread)
    assert np.all(np.abs(found.means["full-rank"] - exact) < 0.35 * spread)
    np.testing.assert_allclose(found.deviations["full-rank"], spread, rtol=0.15)
    assert np.any(found.deviations["mean-field"] < 0.75 * spread)
    assert found.bounds["full-rank"] > found.bounds["mean-field"] + 0.2
    for curve in found.curves.values():
        assert np.mean(curve[-50:]) > np.mean(curve[:10]) + 10.0


def test_main_prints_the_table(example, few, monkeypatch, capsys):
    monkeypatch.setattr(example, "load", lambda: few)
    example.main(["--steps", "20", "--walk", "60"])
    printed = capsys.readouterr().out
    assert printed.count("±") == 12
    assert "full-rank" in printed
