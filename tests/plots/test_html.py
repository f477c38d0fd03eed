"""Tables that notebooks show: complete, escaped, and readable by screen readers."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

import reparam as rp
from reparam.estimators import estimate
from reparam.notation import concise
from reparam.verification.results import Check, Comparison, Outcome, Report

EVIL = "<script>alert('&')</script>"


def parsed(html):
    """Return the table and the notes of a piece of HTML, which is XML, too."""
    root = ET.fromstring(f"<div>{html}</div>")
    assert not root.findall(".//script")
    table = root.find("table")
    assert table.find("caption").text
    assert all(cell.get("scope") == "col" for cell in table.find("thead/tr"))
    rows = [[cell.text or "" for cell in row] for row in table.iter("tr")]
    assert len(set(map(len, rows))) == 1
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in table.find("tbody"))
    return table.find("caption").text, rows, [item.text for item in root.findall("ul/li")]


@pytest.fixture(scope="module")
def estimates():
    return estimate(rp.Gaussian(), "y**2", 1000, estimators="all", rng=1)


def test_estimates(estimates):
    caption, (header, *rows), notes = parsed(estimates._repr_html_())
    assert caption == "∂/∂θ E[y**2], y ~ Gaussian(loc=0.0, scale=1.0)"
    assert header[:3] == ["estimator", "θ", "estimate"]
    assert [(row[0], row[1]) for row in rows] == [(e.estimator, e.parameter) for e in estimates]
    for row, e in zip(rows, estimates, strict=True):
        assert row[2] == concise(e.value, e.standard_error)
    assert any(note.startswith("without enumeration: ") for note in notes)
    assert set(estimates.notes) <= set(notes)


def test_estimates_are_escaped(estimates):
    evil = replace(estimates, objective=EVIL, notes=(EVIL,), left_out={EVIL: EVIL})
    caption, _, notes = parsed(evil._repr_html_())
    assert EVIL in caption
    assert notes == [EVIL, f"without {EVIL}: {EVIL}"]


def test_report():
    bad = Comparison("∂y/∂scale", Outcome.FAILS, error=2.0, bound=1e-6, got=3.0, expected=1.0)
    checks = (
        Check("mine", "score", (Comparison("score", Outcome.HOLDS, 0.0, 1.0),)),
        Check("mine", "derivative", (bad,)),
        Check(EVIL, "derivative", reason=EVIL, crashed=True),
    )
    report = Report(checks, seed=1, level="default", false_alarm=1e-9, version="0")
    caption, (header, *rows), notes = parsed(report._repr_html_())
    assert caption == str(report)
    assert header == ["target", "score", "derivative"]
    assert rows == [["mine", "holds", "fails"], [EVIL, "", "fails"]]
    assert notes[0].startswith("mine: derivative fails: ")
    assert notes[1] == f"{EVIL}: derivative fails: {EVIL}"
