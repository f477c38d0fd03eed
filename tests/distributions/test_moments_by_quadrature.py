"""Moments and entropies of mixtures, clipped laws and maps of Gaussians, against mpmath.

The numbers are those of ``tools/moments_reference.py``.
"""

import csv
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import reparam as rp

ROOT = Path(__file__).parents[2]
#: The relative error allowed of the mean, the variance and the entropy.
BOUNDS = {
    "Mixture": (0.0, 0.0, 1e-13),
    "Clipped": (1e-12, 1e-11, 1e-11),
    "LogitNormal": (1e-13, 1e-13, 1e-13),
    "TanhNormal": (1e-13, 1e-13, 0.0),
}
with (ROOT / "tests/helpers/reference/moments.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tool():
    spec = spec_from_file_location("moments_reference", ROOT / "tools/moments_reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["distribution"])
def test_moments(row):
    d = rp.parse(row["distribution"])
    for what, bound in zip(("mean", "variance", "entropy"), BOUNDS[type(d).__name__], strict=True):
        assert bool(row[what]) == (bound > 0.0)
        if bound:
            assert float(getattr(d, what)) == pytest.approx(float(row[what]), rel=bound, abs=0.0)


def test_the_mirrored_law_has_what_is_left_of_1():
    for row in ROWS:
        d = rp.parse(row["distribution"])
        if isinstance(d, rp.LogitNormal):
            mirrored = rp.LogitNormal(-d.loc, d.scale)
            assert mirrored.mean == pytest.approx(1.0 - float(row["mean"]), rel=1e-13)
            assert mirrored.variance == pytest.approx(float(row["variance"]), rel=1e-13)


def test_rows_are_what_the_tool_makes(tool):
    assert [row["distribution"] for row in ROWS] == list(tool.CASES)
    last = {row["distribution"].partition("(")[0]: row for row in ROWS}
    for kind in ("Mixture", "Clipped"):
        text = last[kind]["distribution"]
        assert tool.row(text) == list(last[kind].values())
