"""Vectors and matrices on the command line: inline, from files, and back from files of draws."""

import json

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
