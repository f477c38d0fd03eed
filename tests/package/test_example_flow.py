"""The normalizing flow of ``examples/``: its derivatives, and what it is compared with."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples/flow.py"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("flow", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_joint_density_and_its_derivatives(example):
    mu, tau = np.array([1.0, -7.0, 12.0]), np.array([0.3, 4.0, 30.0])
    _, in_mu, in_tau = example.log_joint(mu, tau)
    step = 1e-5
    for slope, ends in (
        (in_mu, [example.log_joint(mu + k * step, tau)[0] for k in (1, -1)]),
        (in_tau, [example.log_joint(mu, tau + k * step)[0] for k in (1, -1)]),
    ):
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-7)


def test_density_of_tau_is_the_integral_over_mu(example):
    mu = np.linspace(-90.0, 90.0, 20001)
    for tau in (0.5, 12.0):
        joint = np.exp(example.log_joint(mu, np.full_like(mu, tau))[0])
        expected = joint.sum() * (mu[1] - mu[0])
        found, mean = example.density(tau)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        np.testing.assert_allclose(mean, (mu * joint).sum() / joint.sum(), rtol=1e-9)


@pytest.mark.parametrize("name", ["log-normal", "flow", "coupled flow"])
def test_gradient_is_that_of_the_bound(example, name):
    """By differences of the bound itself; each has a standard error."""
    flow, rng = example.Flow(example.FORMS[name]), np.random.default_rng(0)
    flow.theta += 0.1
    theta = flow.theta.copy()
    each = np.array([flow.elbo(rng, 2000)[1] for _ in range(50)])
    gradient, error = each.mean(axis=0), each.std(axis=0) / 50**0.5
    for k in range(len(theta) - (0 if flow.form.coupled else 2)):
        step, values = 0.1, []
        for sign in (1.0, -1.0):
            flow.theta = theta + sign * step * (np.arange(len(theta)) == k)
            values.append([flow.elbo(rng, 20_000)[0] for _ in range(8)])
        difference = np.subtract(*np.mean(values, axis=1)) / (2.0 * step)
        spread = np.hypot(error[k], np.std(values) / 8**0.5 / step)
        # differences of that step are off by a hundredth, too
        assert abs(gradient[k] - difference) < 5.0 * spread + 0.02 * abs(difference)


def test_flow_is_nearer_than_a_log_normal(example, capsys, monkeypatch):
    monkeypatch.setattr(example, "RATE", 0.06)
    example.main(["--steps", "400", "--seed", "2"])
    lines = capsys.readouterr().out.splitlines()
    gaps = {line[:14].strip(): float(line.split()[-3]) for line in lines[2:5]}
    assert 0.0 < gaps["coupled flow"] < 0.5 * gaps["log-normal"]
    assert 0.0 < gaps["flow"] < 0.5 * gaps["log-normal"]
