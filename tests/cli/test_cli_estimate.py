"""``reparam estimate``: estimators side by side."""

import csv
import io
import json
import math

import numpy as np
import pytest

import reparam as rp
from reparam.cli.estimate import _short
from reparam.estimators import ESTIMATORS, estimate
from reparam.notation import concise

ARGUMENTS = ("estimate", "-p", "loc=0.5", "--objective", "y**2", "-n", "2e4", "--seed", 1)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_defaults_work(cli):
    result = cli("estimate", "-n", "1e3")
    found = rows(result.stdout)
    assert {row["estimator"] for row in found} >= {"pathwise", "score", "measure-valued"}
    seed = result.stderr.split("--seed ")[1].strip()
    again = rows(cli("estimate", "-n", "1e3", "--seed", seed).stdout)
    assert [row["estimate"] for row in again] == [row["estimate"] for row in found]


def test_csv_has_what_the_library_returns(cli):
    result = cli(*ARGUMENTS, "--estimator", "all")
    expected = estimate(rp.Gaussian(0.5), "y**2", 20_000, estimators="all", rng=1)
    for found, row in zip(rows(result.stdout), expected, strict=True):
        assert (found["estimator"], found["parameter"]) == (row.estimator, row.parameter)
        assert float(found["estimate"]) == row.value
        assert float(found["standard_error"]) == row.standard_error
        assert float(found["variance"]) == row.variance
        assert float(found["exact"]) == row.exact
        assert int(found["draws"]) == row.draws
        assert (found["biased"], float(found["bias"])) == ("False", 0.0)
        assert float(found["cost_ns"]) > 0.0
    assert "Note: qmc took 32768 draws, rounded up from 20000" in result.stderr
    assert "without relaxed; straight-through: there is no relaxation" in result.stderr


@pytest.mark.parametrize("alpha", ["3e5", "1e6", "0.01"])
def test_extreme_shapes_are_no_error(cli, alpha):
    result = cli("estimate", "-d", "gamma", "-p", f"a={alpha}", "-n", "1e4", "--seed", 1)
    assert "nan" not in [row["estimate"] for row in rows(result.stdout)]
    assert "Traceback" not in result.stderr


def test_by_default_what_cant_serve_is_not_mentioned(cli):
    assert cli("estimate", "-n", 100, "--seed", 1).stderr == ""


@pytest.mark.parametrize("suffix", ["jsonl", "npz", "npy", "parquet"])
def test_files_round_trip(cli, tmp_path, suffix):
    arguments = ["-d", "bernoulli", "-p", "p=0.3", "--objective", "where(y > 0.5, 1, 0)"]
    arguments += ["-n", "2e4", "--seed", 1, "-e", "score", "-e", "relaxed"]
    cli("estimate", *arguments, "--out", f"found.{suffix}")
    expected = estimate(
        rp.Bernoulli(0.3), "where(y > 0.5, 1, 0)", 20_000, estimators=["score", "relaxed"], rng=1
    )
    names = ("estimate", "variance_ratio", "biased", "bias")
    match suffix:
        case "jsonl":
            lines = tmp_path.joinpath("found.jsonl").read_text().splitlines()
            found = [[json.loads(line)[name] for line in lines] for name in names]
        case "parquet":
            import pyarrow.parquet

            table = pyarrow.parquet.read_table("found.parquet")
            found = [table[name].to_pylist() for name in names]
        case _:
            found = [np.load(f"found.{suffix}")[name].tolist() for name in names]
    values, ratios, biased, biases = found
    assert values == [row.value for row in expected]
    assert list(map(float, ratios)) == pytest.approx([1.0, math.nan], nan_ok=True)
    assert biased == [False, True]
    assert biases == [0.0, expected["relaxed", "probs"].error]


def test_a_biased_estimator_has_no_ratio_in_the_table(cli):
    arguments = ["-d", "bernoulli", "--objective", "where(y > 0.5, 1, 0)", "-e", "relaxed"]
    result = cli("estimate", *arguments, "--seed", 1, "--format", "table")
    header, row = result.stdout.splitlines()
    assert row[header.index("ratio") :].split()[0] == "1"  # the exact value
    assert "relaxed is biased in probs by -1" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "-e all",
        "-p loc=1 --objective cos(8*y) -e all",
        "-d gamma -p alpha=2 --objective log(y) -e all",
        "-d exponential -p rate=3 --objective exp(-y) -e all",
        "-d student-t -p df=1.5 -e all",
        "-d beta -p a=2 -p b=3 --objective y**2 -e all",
        "-d poisson -p rate=40 -e all",
        "-d bernoulli -p p=0.3 --objective (y-0.45)**2 -e all",
        "-d categorical -p logits=0,1,2 -e all",
        "-d categorical -p logits=0,1,2,3,4,5,6,7,8,9,10,11 -e all",
    ],
)
def test_tables_fit_80_columns(cli, arguments, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli(
        "estimate", *arguments.split(), "-n", "1e4", "--seed", 1, "--format", "table"
    ).stdout.splitlines()
    header = ["estimator", "θ", "estimate", "var", "ratio", "exact", "ns"]
    assert lines[0].split() == header
    assert len(lines) > 5
    assert max(map(len, lines)) <= 80


def test_a_table_that_fits_has_names_and_digits(cli, monkeypatch):
    arguments = ["-d", "categorical", "-p", f"logits={','.join(map(str, range(12)))}", "-e", "all"]
    for width, name in (("80", "η[11]"), ("120", "logits[11]")):
        monkeypatch.setenv("COLUMNS", width)
        table = cli("estimate", *arguments, "-n", "1e4", "--seed", 1, "--format", "table").stdout
        assert table.splitlines()[12].split()[:2] == ["score", name]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.9987, 0.0089, "1.9987(89)"),
        (0.0101, 0.0123, "0.010(12)"),
        (350.23, 1.23, "350.2(1.2)"),
        (350.23, 12.3, "350(12)"),
        (35023.0, 123.0, "35020(120)"),
        (0.5, 0.0999, "0.50(10)"),
        (0.5, 0.0996, "0.50(10)"),
        (1.0, 0.996, "1.0(1.0)"),
        (12.0, 9.96, "12(10)"),
        (-0.34657359, 2.8e-8, "-0.346573590(28)"),
        (2.49999e-5, 3.7e-12, "2.49999000(37)e-5"),
        (1e12, 2e9, "1.0000(20)e12"),
        (2.0, 0.0, "2"),
        (-656.7, np.inf, "-656.7(inf)"),
        (np.nan, np.nan, "nan"),
    ],
)
def test_standard_errors_are_in_the_last_digits(value, error, text):
    assert concise(value, error) == text


def test_costs_are_short():
    costs = [0.0723, 9.999, 27.4, 999.4, 999.6, 13_512.0, 999_400.0, 999_600.0, 2.5e9]
    shown = ["0.0723", "10", "27.4", "999", "1k", "13.5k", "999k", "1M", "2.5e+03M"]
    assert list(map(_short, costs)) == shown


def test_temperature_and_bias_are_told(cli):
    arguments = ["estimate", "-d", "bernoulli", "-p", "p=0.3", "--objective", "(y - 0.45)**2"]
    result = cli(*arguments, "-e", "relaxed", "--temperature", 0.1, "--seed", 1)
    assert "relaxed is biased in probs by" in result.stderr
    assert "(temperature 0.1)" in result.stderr
    (row,) = rows(result.stdout)
    expected = estimate(
        rp.Bernoulli(0.3), "(y - 0.45)**2", estimators="relaxed", temperature=0.1, rng=1
    )
    assert float(row["estimate"]) == expected["relaxed", "probs"].value


def test_help_names_all_estimators(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = " ".join(cli("estimate", "--help").stdout.split())
    for name in ESTIMATORS:
        assert name in text


def test_threads_make_no_difference(cli):
    arguments = ["estimate", "-n", "3e5", "--seed", 5, "-e", "all", "--threads"]
    one, three = (rows(cli(*arguments, threads).stdout) for threads in (1, 3))
    assert [row["estimate"] for row in one] == [row["estimate"] for row in three]
    assert [row["variance"] for row in one] == [row["variance"] for row in three]


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ("-d gausian", ["no distribution is called 'gausian'; did you mean 'gaussian'?"]),
        ("-p sgma=1", ["no parameter 'sgma'; did you mean 'sigma'?"]),
        ("-p loc=1,2", ["shape (2,)", "pass numbers"]),
        ("-e pathwse", ["no estimator is called 'pathwse'; did you mean 'pathwise'?"]),
        ("-d poisson -e pathwise", ["Poisson has no reparameterization", "step function"]),
        ("-d laplace -e measure-valued", ["no decomposition", "use score-loo"]),
        ("-d poisson -e enumeration", ["{0, 1, …}", "use score-loo"]),
        ("-e relaxed", ["no relaxation of gaussian", "bernoulli"]),
        ("--objective y*w", ["has the names y, w"]),
        ("--objective y.real", ["column 2"]),
        ("--objective __import__('os')", ["column"]),
        ("-n 1", ["count '1' is not a whole number from 2"]),
        ("-n 1.5", ["count '1.5' is not a whole number"]),
        ("--temperature hot", ["temperature 'hot' is not a number"]),
        ("--temperature 0", ["temperature=0.0 is not in (0, inf)"]),
        ("--seed -1", ["seed '-1' is not a non-negative integer"]),
        ("--format xml", ["no format is called 'xml'"]),
        ("--node y~gaussian() --loss y**2 --fix q", ["an input q (there are: none)"]),
        ("--estimate all", ["see 'reparam estimate --help'"]),
    ],
)
def test_errors_are_one_sentence(cli, arguments, fragments):
    result = cli("estimate", *arguments.split(), code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    for fragment in fragments:
        assert fragment in result.stderr
