"""docs/accuracy.md holds what benchmarks/accuracy.py prints, and no figure better than we are."""

import importlib.util
from itertools import takewhile
from pathlib import Path

import pytest
from reference import closed_forms, ledger

ROOT = Path(__file__).parents[2]


def _benchmark():
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "benchmarks" / "accuracy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


accuracy = _benchmark()
TEXT = accuracy.PAGE.read_text(encoding="utf-8")
QUANTITIES = accuracy.quantities(peers=[])


def table(title):
    """Return the rows under a heading of the page, the header first."""
    lines = iter(TEXT.splitlines())
    assert f"### {title}" in lines, "python benchmarks/accuracy.py --page writes the page"
    next(lines)
    rows = [line.strip("| ").split(" | ") for line in takewhile(str.strip, lines)]
    return rows[:1] + rows[2:]


def slack(title):
    return 0.2 if "quantile" in title else 2.0**-52


def test_page_is_about_these_points():
    assert accuracy.counts() in TEXT


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.title)
def test_figures_are_ours(quantity):
    header, *rows = table(quantity.title)
    assert header[:4] == ["shapes", "where", "points", "reparam"]
    regions = accuracy.compare(quantity)
    assert [row[:3] for row in rows] == [
        [region.shapes, region.place, str(region.points)] for region in regions
    ]
    for region, row in zip(regions, rows, strict=True):
        stated = [float(figure) for figure in row[3].split(" / ")]
        assert len(stated) == 3
        measured = region.errors["reparam"][-1]
        assert measured <= 2.0 * stated[-1] + slack(quantity.title)  # the ledger is stricter


def test_worst_points_are_ours():
    recorded = {
        function: max(kinds.values())
        for function, kinds in ledger.read().items()
        if "all" not in kinds
    }
    header, *rows = table("Our worst points")
    assert header == ["function", "error", "bar", "parameters", "at"]
    assert {row[0] for row in rows} == set(recorded)
    for function, error, bar, *_ in rows:
        stated, _, remark = error.partition(" ")
        promise = ledger.promise(function)
        assert float(bar) == promise.bar
        assert recorded[function] <= 1.25 * float(stated) + promise.slack
        assert (remark != "") == (float(stated) > promise.bar)


def test_closed_forms_are_measured_where_the_page_says():
    u, scale = closed_forms.uniforms(), closed_forms.scales(closed_forms.uniforms().size)
    assert (u.min(), u.max()) == (5e-324, 1.0 - 2.0**-53)
    assert (scale.min(), scale.max()) == (1e-300, 1e300)
    assert u.size == 2060
    assert len(set(u.tolist())) > 500


def test_plain_tables_are_aligned():
    plain = "\n".join(accuracy.lines([["a", "bc"], ["def", "g"]], markdown=False))
    assert plain == "a    bc\ndef  g "
