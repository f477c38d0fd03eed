"""``reparam fit``: results, traces in every format, charts, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

import reparam as rp

QUADRATIC = ("fit", "-p", "loc=m", "--at", "m=0", "--loss", "(y - 3)**2 + m**2", "--seed", "3")


def test_results_are_those_of_the_library(cli):
    graph = rp.Graph("y ~ gaussian(loc=m, scale=scale)\nloss = (y - 3)**2 + m**2")
    found = rp.fit(graph.at(m=0.0, scale=1.0), 20, steps=40, fixed="scale", rng=3)
    done = cli(*QUADRATIC, "-n", "20", "--steps", "40", "--format", "jsonl")
    rows = {row["quantity"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["loss"]["value"] == found.loss
    assert rows["m"]["value"] == found.inputs["m"]
    assert rows["m"]["standard_error"] == found.standard_error["m"] or np.isnan(
        found.standard_error["m"]
    )
    assert rows["dJ_dm"]["value"] == found.expectation.gradient["m"]
    assert "40 steps; within the last 20, the loss fell by" in done.stderr


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "npz", "npy", "parquet"])
def test_fits_resume_from_traces_of_every_format(cli, suffix):
    """The trace of a resumed fit is the file that an uninterrupted one writes."""
    vector = ("fit", "--node", "w ~ gaussian(loc=m, scale=exp(s))", "--node", "loss = (w*x-1)**2-s")
    vector += ("--at", "m=0,1,2", "--at", "s=0", "--fix", "x=1,2,3", "--seed", "3", "-n", "10")
    vector += ("--schedule", "constant")
    cli(*vector, "--steps", "6", "--trace", f"a.{suffix}")
    cli(*vector, "--steps", "9", "--resume", f"a.{suffix}", "--trace", "b.csv", "-o", "b.jsonl")
    cli(*vector, "--steps", "9", "--trace", "c.csv", "-o", "c.jsonl")
    for kind in ("csv", "jsonl"):
        assert Path(f"b.{kind}").read_bytes() == Path(f"c.{kind}").read_bytes()
    head = Path("b.csv").read_text().partition("\n")[0]
    names = [*(f"m[{k}]" for k in range(3)), "s"]
    expected = ["step", "loss", "standard_error", *names, *(f"dJ_d{name}" for name in names)]
    assert head == ",".join(expected)


def test_charts_and_pictures(cli):
    short = (*QUADRATIC, "-n", "10", "--steps", "12")
    table = cli(*short, "--plot", "--format", "table").stdout.splitlines()
    assert table[0] == "E[loss] by step (each step)"
    assert any("┤" in line for line in table[1:8])
    assert "E[loss] by step" in cli(*short, "--plot", "--format", "csv").stderr
    cli(*short, "-o", "loss.svg")
    assert "<svg" in Path("loss.svg").read_text()


def test_traces_are_written_when_a_fit_ends_with_an_error(cli):
    steep = ("fit", "-p", "scale=s", "--at", "s=0.3", "--loss", "y**2", "--seed", "3")
    done = cli(*steep, "-n", "10", "--trace", "t.csv", code=2)
    assert "scale=exp(s)" in done.stderr
    rows = np.loadtxt("t.csv", delimiter=",", skiprows=1)
    assert f"step {len(rows)}: " in done.stderr


def test_what_is_refused(cli):
    cases = [
        (("fit", "-p", "loc=m", "--at", "m=0"), "pass --loss"),
        (("fit", "--loss", "y**2"), "there is nothing to fit"),
        ((*QUADRATIC, "--fix", "q"), "q is not an input"),
        ((*QUADRATIC, "--rate", "fast"), "--rate 'fast' is not a number"),
        ((*QUADRATIC, "--rate", "0"), "rate=0.0 is not a positive number"),
        ((*QUADRATIC, "--steps", "0"), "--steps '0' is not a whole number from 1"),
        ((*QUADRATIC, "-n", "1"), "'1' is not a whole number from 2"),
        ((*QUADRATIC, "--schedule", "linear"), "schedule 'linear' is unknown"),
        ((*QUADRATIC, "--trace", "-"), "--trace needs the name of a file"),
        ((*QUADRATIC, "--trace", "t"), "has no suffix"),
        ((*QUADRATIC, "--resume", "none.csv"), "--resume: can't read none.csv"),
        ((*QUADRATIC, "--node", "x = 1"), "are for one distribution"),
    ]
    for arguments, message in cases:
        assert message in cli(*arguments, code=2).stderr
    Path("other.csv").write_text("step,loss\n0,1.0\n")
    done = cli(*QUADRATIC, "--resume", "other.csv", code=2)
    assert "it has no column 'm'; pass a file that --trace wrote" in done.stderr
