"""What findings say of wrong gradients: the factor that they have, and the usual mistakes."""

import numpy as np
import pytest
from strangers import Normal

from reparam.verification.evidence import hints
from reparam.verification.run.running import checks_here

THETA = {"loc": 0.5, "scale": 0.3, "share": 0.2}
Z = np.random.default_rng(1).standard_normal(1000)
EXACT = {"loc": np.ones(1000), "scale": Z, "share": Z**2}

FACTORS = {
    -1.0: "with the wrong sign",
    0.3: "times scale: that in ln scale; divide by scale (chain rule)",
    -np.expm1(-0.3): "times 1 − e^−scale: that of a softplus parameter",
    0.3 * 0.7: "times scale (1 − scale): that of a logit",
    1.0 / 1000.0: "times 1/n, n = 1000: averaged over the batch; sum instead",
    1000.0: "times n = 1000",
    1.0 / 0.3: "times 1/scale",
    0.3**2: "times scale²",
    0.2**-2: "times 1/share²",
    -0.5: "times −loc",
    1.25: "times 1.25",
}


@pytest.mark.parametrize("factor", FACTORS)
def test_a_constant_factor_is_named(factor):
    found = hints.of_gradients("scale", factor * Z, EXACT, THETA, 1000)
    assert found.startswith(f"∂y/∂scale is the right one {FACTORS[factor]}")


def test_other_mistakes_are_guessed():
    assert hints.of_gradients("scale", Z**2, EXACT, THETA, 1000) == "∂y/∂scale is ∂y/∂share"
    assert hints.of_bias(-1.0) == "as of a gradient that is detached, or averaged over the batch"
    assert hints.of_bias(-2.0) == "as of the wrong sign"


@pytest.mark.parametrize("gradient", [Z, np.zeros(1000), Z + 0.1, np.where(Z > 0.0, Z, 2.0 * Z)])
def test_nothing_is_said_of_others(gradient):
    assert hints.of_gradients("scale", gradient, EXACT, THETA, 1000) == ""
    assert hints.of_bias(0.3) == ""


class InTheLogarithm(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": scale * z}


class Detached(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.zeros(z.size), "scale": z}


def test_a_finding_has_the_hint():
    (check,) = checks_here(InTheLogarithm, witnesses="derivative", level="quick", seed=1)
    assert any("times scale: that in ln scale" in line for line in check.findings())
    (check,) = checks_here(Detached, witnesses="expectation", level="quick", seed=1)
    assert any("detached" in line and "off by -100 %" in line for line in check.findings())
    assert not any("nan" in line for line in check.findings())
