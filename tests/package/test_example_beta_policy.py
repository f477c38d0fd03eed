"""The Beta policy of ``examples/``: both gradients are of the same thing, and it learns."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "examples/beta_policy.py"


@pytest.fixture(scope="module")
def policy():
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("beta_policy", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_gradients_have_the_same_mean(policy, monkeypatch):
    monkeypatch.setattr(policy, "MOVES", 5)
    weights = np.array([[-0.5, 0.8], [-1.0, 0.6], [0.3, -0.2]])
    rng = np.random.default_rng(1)
    played = [policy.play(weights, rng, 400) for _ in range(60)]
    path, score = (
        np.array([of(weights, each) for each in played]) for of in policy.GRADIENTS.values()
    )
    apart = path - score
    errors = apart.std(axis=0, ddof=1) / np.sqrt(len(apart))
    assert np.all(np.abs(apart.mean(axis=0)) < 5.0 * errors)
    assert np.all(np.abs(path.mean(axis=0)) > 10.0 * path.std(axis=0) / np.sqrt(len(path)))
    assert path.var(axis=0).sum() < 0.5 * score.var(axis=0).sum()


def test_it_learns_and_writes_a_picture(policy, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(policy, "EPISODES", 16)
    _, curve = policy.train("pathwise", 40, 0.1, seed=2)
    assert curve[-5:].mean() < 0.8 * curve[:5].mean()
    monkeypatch.setattr(policy, "MOVES", 2)
    policy.main(["--steps", "2", "--seed", "1", "--out", str(tmp_path)])
    assert (tmp_path / "beta-policy.png").stat().st_size > 1000
    assert capsys.readouterr().out.count("\n") == 3
