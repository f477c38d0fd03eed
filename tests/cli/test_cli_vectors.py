"""Vectors and matrices on the command line: inline, from files, and back from files of draws."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import reparam as rp

L = [[1.0, 0.0], [0.5, 2.0]]


@pytest.fixture
def files(cli, tmp_path):
    np.save("L.npy", L)
    np.savetxt("L.csv", L, delimiter=",")
    (tmp_path / "L.json").write_text(json.dumps(L))


@pytest.mark.parametrize("given", [json.dumps(L), "@L.npy", "@L.csv", "@L.json"])
def test_a_matrix_is_written_in_many_ways(cli, files, given):
    options = "-p", "loc=[0,1]", "-p", f"scale_tril={given}"
    found = cli.columns("sample", "mvn", *options, "--seed", 1)
    expected = rp.MultivariateGaussian([0.0, 1.0], scale_tril=L).sample(10, rng=1)
    np.testing.assert_array_equal(np.stack([found["y_0"], found["y_1"]], axis=-1), expected)


def test_a_matrix_takes_the_place_of_what_stands_for_it(cli, files):
    np.save("R.npy", [[1.0, 0.5], [0.5, 1.0]])
    found = cli.columns(
        *("sample", "gaussian-copula([gamma, gaussian])", "-p", "corr=@R.npy", "--seed", 1)
    )
    d = rp.GaussianCopula([rp.Gamma(), rp.Gaussian()], correlation=[[1.0, 0.5], [0.5, 1.0]])
    np.testing.assert_array_equal(found["y_1"], d.sample(10, rng=1)[:, 1])


def test_columns_of_objects_are_read_as_before(cli, tmp_path):
    (tmp_path / "mu.json").write_text('[{"loc": 1.0}, {"loc": 2.0}]')
    found = cli.columns("sample", "gaussian", "-p", "loc=@mu.json", "-n", 1, "--seed", 1)
    assert found["element"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("loc=[0,[1]]", "is not a list of numbers, or of lists of one length"),
        ("loc=[0,", "is not a list of numbers"),
        ("covariance=[[1,2],[2,1]]", "leading minor of order 2 is not positive"),
        ("covariance=1,2", "is not a matrix; pass a covariance with two axes"),
    ],
)
def test_bad_matrices(cli, given, message):
    assert message in cli("sample", "mvn", "-p", given, code=2).stderr


@pytest.mark.parametrize("suffix", ["csv", "npz", "jsonl"])
def test_noise_of_several_kinds_is_replayed(cli, suffix):
    name = f"draws.{suffix}"
    cli("sample", "mvt", "-n", 4, "--seed", 3, "--with-noise", "--out", name)
    found = cli.columns("grad", "mvt", "--noise", f"@{name}")
    draw = rp.MultivariateStudentT().rsample(4, rng=3)
    np.testing.assert_array_equal(found["y"], draw.value.ravel())
    expected = draw.jacobian()["scale_tril"][..., 1, 0].ravel()
    np.testing.assert_array_equal(found["dy_dscale_tril[1][0]"], expected)


def test_matrices_have_a_column_per_entry(cli):
    found = cli.columns("sample", "matrix-gaussian", "-n", 3, "--seed", 1)
    assert list(found) == ["y_0_0", "y_0_1", "y_1_0", "y_1_1"]
    divergence = cli.columns("kl", "mvn", "mvn(covariance=[[2,0],[0,1]])")
    assert divergence["dkl_dq_covariance[0][0]"] == pytest.approx(0.125)


def by_quantity(text):
    lines = [line.split(",") for line in text.splitlines()[1:]]
    return {(name, int(k)): float(value) for name, k, value, *_ in lines}


def test_losses_of_vectors(cli, files):
    options = "-p", "loc=[1,2]", "-p", "scale_tril=@L.npy", "--loss", "y[0]*y[1]"
    found = by_quantity(cli("grad", "mvn", *options, "--sum", "-n", "1e4", "--seed", 1).stdout)
    draw = rp.MultivariateGaussian([1.0, 2.0], L).rsample(10_000, rng=1)
    expected = draw.vjp(draw.value[:, ::-1] / 10_000)
    for name in ("loc", "scale_tril"):
        for k, value in enumerate(expected[name].ravel()):
            assert found[f"dJ_d{name}", k] == pytest.approx(value, rel=1e-12, abs=1e-15)
    found = cli("grad", "multinomial", "-p", "probs=1,2", "--loss", "y[0]", "--sum", "-n", 100)
    assert "dJ_dprobs,1," in found.stdout


def read(name):
    """Return the columns of a file."""
    if name.endswith("npz"):
        with np.load(name) as file:
            return {key: file[key] for key in file if key.startswith(("noise", "y", "loss", "dJ"))}
    with Path(name).open() as file:
        rows = json.load(file) if name.endswith("json") else [*csv.DictReader(file)]
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


@pytest.mark.parametrize("format", ["csv", "json", "npz"])
def test_each_entry_has_a_column(cli, files, format):
    options = ("grad", "mvn", "-p", "loc=[1,2]", "-p", "scale_tril=@L.npy", "--loss", "y[0]*y[1]")
    cli(*options, "-n", 3, "--seed", 1, "-o", f"a.{format}")
    found = read(f"a.{format}")
    draw = rp.MultivariateGaussian([1.0, 2.0], L).rsample(3, rng=1)
    y, z = draw.value, draw.noise
    expected = {"noise_0": z[:, 0], "noise_1": z[:, 1], "y_0": y[:, 0], "y_1": y[:, 1]}
    expected |= {"loss": y[:, 0] * y[:, 1], "dJ_dy[0]": y[:, 1], "dJ_dy[1]": y[:, 0]}
    expected |= {"dJ_dloc[0]": y[:, 1], "dJ_dloc[1]": y[:, 0]}
    expected |= {"dJ_dscale_tril[0][0]": y[:, 1] * z[:, 0], "dJ_dscale_tril[0][1]": 0.0 * z[:, 0]}
    expected |= {f"dJ_dscale_tril[1][{k}]": y[:, 0] * z[:, k] for k in range(2)}
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)
    cli(*options, "--noise", f"@a.{format}", "-o", f"b.{format}")
    for name, column in read(f"b.{format}").items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def test_columns_of_a_graph_of_arrays(cli, files):
    nodes = ("k ~ one-hot([1, 2])", "W ~ wishart(4, A)", "z ~ gaussian(k[1], 1)")
    graph = [part for node in nodes for part in ("--node", node)]
    options = ("--loss", "W[0, 1]*z + sum(k*t)", "--at", "t=[3,5]", "--fix", "A=@L.csv")
    found = cli.columns("grad", *graph, *options, "-n", 4, "--seed", 2)
    matrix = [f"[{i}][{j}]" for i in range(2) for j in range(2)]
    names = ["k_0", "k_1", "W_0_0", "W_0_1", "W_1_0", "W_1_1", "z", "loss"]
    names += [f"dJ_dW{place}" for place in matrix] + ["dJ_dz", "dJ_dt[0]", "dJ_dt[1]"]
    assert list(found) == names
    np.testing.assert_array_equal(found["dJ_dz"], found["W_0_1"])
    np.testing.assert_array_equal(found["dJ_dW[0][1]"], found["z"])
    for k in range(2):
        np.testing.assert_array_equal(found[f"dJ_dt[{k}]"], found[f"k_{k}"])
    loss = found["W_0_1"] * found["z"] + 3.0 * found["k_0"] + 5.0 * found["k_1"]
    np.testing.assert_allclose(found["loss"], loss, rtol=1e-14)


@pytest.mark.parametrize("command", ["grad", "estimate"])
def test_inputs_that_are_fixed(cli, files, command):
    graph = (
        *("--node", "w ~ mvn(m, A)", "--node", "y ~ gaussian(dot(X, w), 1) observed(t)"),
        *("--loss", "-sum(log_prob(y))", "--at", "m=[0,0]", "--fix", "A=@L.csv,X=@L.json"),
        *("--fix", "t=[1,2]", "-n", 1000, "--seed", 1),
    )
    total = ("--sum",) if command == "grad" else ("-e", "pathwise")
    lines = cli(command, *graph, *total).stdout.splitlines()
    assert len(lines) == (4 if command == "grad" else 3)
    # E Σ ½ (t − Xm − XAz)² has the derivative −Xᵀ(t − Xm) at m = 0
    at = [float(line.split(",")[2 if command == "grad" else 3]) for line in lines[-2:]]
    np.testing.assert_allclose(at, -np.array(L).T @ [1.0, 2.0], atol=0.5)
    message = "--fix q: no formula has an input q (there are: m, A, X, t); leave it out"
    assert message in cli(command, *graph, "--fix", "q", *total, code=2).stderr


def test_estimates_of_vectors(cli):
    command = ("estimate", "dirichlet", "-p", "alpha=1,2,3", "-n", 1000, "--seed", 1)
    lines = cli(*command, "--objective", "sum(y*y)", "-e", "pathwise").stdout.splitlines()
    expected = rp.estimate(rp.Dirichlet([1, 2, 3]), "sum(y*y)", 1000, estimators="pathwise", rng=1)
    assert [float(line.split(",")[2]) for line in lines[1:]] == [row.value for row in expected]
    assert cli(*command).stdout.splitlines()[1].startswith("pathwise,concentration[0],")
    assert "must be one number per draw" in cli(*command, "--objective", "y", code=2).stderr
