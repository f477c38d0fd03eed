"""Single precision: asked for, and found where double precision is claimed."""

import numpy as np
import pytest
import single
from strangers import Normal

from reparam.errors import InputError
from reparam.verification import TargetSpec, verify
from reparam.verification.evidence.comparing import is_single
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve
from reparam.verification.witnesses import NAMES

QUICK = LEVELS["quick"]


def checks(thing, seed, dtype="float32", names=NAMES):
    return [
        run_check(resolve(thing, None, dtype), name, QUICK, seed=seed, alpha=1e-10)
        for name in names
    ]


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("thing", single.RIGHT)
def test_right_samplers_hold_in_both_precisions(thing, seed):
    for dtype in ("float32", "float64"):
        found = [
            check
            for check in checks(thing, seed, dtype)
            if check.outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE)
        ]
        if (thing, dtype) != (single.Exponential, "float64"):  # whose noise is single
            assert found == [], (dtype, found)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("thing", single.WRONG)
def test_wrong_samplers_fail_in_single_precision(thing, seed):
    (check,) = checks(thing, seed, names=["derivative"])
    assert check.outcome is Outcome.FAILS


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("thing", "witness"), single.ROUNDED.items())
def test_rounding_inside_a_sampler_in_double_precision_is_named(thing, witness, seed):
    (check,) = checks(thing, seed, "float64", [witness])
    assert check.outcome is Outcome.FAILS
    assert "all are numbers of float32 in an array of float64" in "\n".join(check.findings())


def test_what_computes_in_double_precision_all_the_same_is_told():
    (check,) = checks(Normal, 1, names=["distribution"])
    assert check.outcome is Outcome.FAILS
    assert "returned float64, given parameters in float32" in check.reason


def test_the_registry_draws_in_double_precision():
    with pytest.raises(InputError, match="laplace draws in float64; float32 can be asked for of"):
        verify("laplace", dtype="float32", level="quick", seed=1)
    with pytest.raises(InputError, match="no dtype is called 'float16'"):
        TargetSpec("laplace", dtype="float16")


def test_a_target_of_its_own_precision():
    spec = TargetSpec(single.AsGiven, dtype="float32", only=("derivative",))
    (check,) = verify([spec], level="quick", seed=1).checks
    assert check.outcome is Outcome.HOLDS
    assert check.worst.bound >= 1e-3


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.random.default_rng(1).normal(size=1000), False),
        (np.random.default_rng(1).normal(size=1000).astype(np.float32).astype(float), True),
        (np.random.default_rng(1).normal(size=1000).astype(np.float32), False),
        (np.arange(1000.0), False),
        (np.ones(1000), False),
        (np.full(10, np.float32(0.1), dtype=float), False),
    ],
)
def test_numbers_of_float32(array, expected):
    assert is_single(array) is expected
