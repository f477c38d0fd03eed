"""The sweep of ``tools/composition_sweep.py``: a share of its cases, and that it can fail."""

import sys
from pathlib import Path

import pytest

import reparam as rp

TOOLS = Path(__file__).parents[2] / "tools"
#: Numbers of cases whose references are fast, of each depth, body and tails.
FEW = (0, 1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def sweep():
    sys.path.insert(0, str(TOOLS))
    try:
        import composition_sweep
    finally:
        sys.path.remove(str(TOOLS))
    return composition_sweep


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_some_compositions_are_as_right_as_they_have_to_be(sweep):
    rows = [row for number in FEW for row in sweep.rows((1, number))]
    assert {row.depth for row in rows} == {1, 2, 3, 4}
    assert len(rows) > 60
    assert [row for row in rows if row.excess > 1.0] == []


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_many_compositions_are_as_right_as_they_have_to_be(sweep):
    rows = sweep.sweep(seed=2, first=0, count=200)
    assert len({(row.text, row.y) for row in rows}) > 140
    # what is left of the speeds of nested windows, and of Cauchy tails, may be a little worse
    above = [row for row in rows if row.excess > 1.0]
    assert len(above) <= 0.01 * len(rows)
    assert [row for row in above if row.error > 1e-9] == []


def test_a_wrong_derivative_is_found(sweep, monkeypatch):
    right = rp.Gaussian._pathwise

    def wrong(y, loc, scale):
        first, second = right(y, loc, scale)
        return first, second * (1.0 + 1e-11)

    d = rp.truncate(2 * rp.Gaussian() + 1, low=0.5)
    monkeypatch.setattr(sweep, "case", lambda seed, number: (d, 2, False, 1.7))
    assert all(row.excess < 1.0 for row in sweep.rows((1, 0)))
    monkeypatch.setattr(rp.Gaussian, "_pathwise", staticmethod(wrong))
    bad = {row.quantity for row in sweep.rows((1, 0)) if row.excess > 1.0}
    assert "pathwise base.base.scale" in bad
