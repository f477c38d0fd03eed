"""The approximate posteriors of ``examples/``, beside the exact one."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "examples/posterior.py"


def test_approximations_are_the_exact_ones_within_standard_errors(capsys):
    spec = importlib.util.spec_from_file_location("posterior", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    losses = {}
    for fit, optimum in (
        (module.mean_field, module.exact_mean_field()),
        (module.full_rank, module.exact()),
    ):
        found = fit(1500, 2)
        assert found.inputs.keys() == optimum.keys()
        for name, value in optimum.items():
            assert abs(found.inputs[name] - value) < 4.0 * found.standard_error[name], name
        losses[fit.__name__] = found.loss, float(found.expectation.standard_error.value)
    # the bounds differ by KL(mean-field ‖ posterior) = log(Λ₀₀ Λ₁₁ / det Λ)/2
    _, inverse = module.precision()
    divergence = 0.5 * np.log(np.prod(np.diag(inverse)) / np.linalg.det(inverse))
    (mean_field, one), (full_rank, other) = losses.values()
    assert abs(mean_field - full_rank - divergence) < 4.0 * np.hypot(one, other)
    assert divergence > 0.5
    module.main(["--steps", "40"])
    printed = capsys.readouterr().out
    assert printed.count("exact") == 2
    assert printed.count("s1 ") == 2
