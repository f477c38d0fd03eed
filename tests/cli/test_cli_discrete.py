"""The command line on distributions without a reparameterization."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from kinds import DISCRETE

import reparam as rp
from reparam.base.discrete import DRAWS


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("name", DISCRETE)
class TestEach:
    def test_is_listed(self, cli, name):
        rows = {row["name"]: row for row in csv.DictReader(cli("list").stdout.splitlines())}
        assert rows[name]["mechanism"] == "none (discrete)"
        assert rows[name]["noise"] == "none"
        assert rows[name]["support"] == str(rp.get(name)._support)

    @pytest.mark.parametrize("columns", [80, 200])
    def test_is_shown(self, cli, monkeypatch, name, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        cls = rp.get(name)
        shown = cli("show", name).stdout
        assert all(len(line) <= columns for line in shown.splitlines())
        page = squeezed(shown)
        for text in (
            f"probability{cls.about.density}",
            *(f"∂ log p/∂{theta}{formula}" for theta, formula in cls.about.score.items()),
            f"draws{DRAWS}",
            f"derivatives{cls.obstacle()}",
            cls.about.source,
        ):
            for clause in text.split(",  "):
                assert squeezed(clause) in page
        assert "∂y/∂θ" in page
        assert "noise" not in shown.split()

    def test_is_shown_as_json(self, cli, name):
        cls = rp.get(name)
        card = json.loads(cli("show", name, "--format", "json").stdout)
        assert card["score"] == cls.about.score
        assert (card["draws"], card["obstacle"]) == (DRAWS, cls.obstacle())
        assert (card["mechanism"], card["noise"], card["derivatives"]) == (None, None, {})
        assert {p["name"]: p["differentiable"] for p in card["parameters"]} == {
            theta: parameter.differentiable for theta, parameter in cls.parameters.items()
        }

    def test_has_no_derivatives(self, cli, name):
        refusal = cli("grad", "--dist", name, code=2)
        assert refusal.stdout == ""
        assert refusal.stderr == f"Error: {rp.get(name).obstacle()}\n"

    def test_has_no_noise(self, cli, name):
        refusal = cli("sample", "--dist", name, "--with-noise", code=2).stderr
        assert refusal == f"Error: {name} is drawn without noise; leave --with-noise out\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-d", "binomial", "-p", "n=2.5"],
            "total=2.5 is not in {0, 1, …}; pass a non-negative integer",
        ),
        (
            ["-d", "binomial", "-p", "n=-1"],
            "total=-1 is not in {0, 1, …}; pass a non-negative integer total",
        ),
        (
            ["-d", "bernoulli", "-p", "p=1.5"],
            "probs=1.5 is not in [0, 1]; pass a probs from 0 to 1",
        ),
        (
            ["-d", "poisson", "-p", "rate=-1"],
            "rate=-1 is not in [0, inf); pass a non-negative rate",
        ),
        (
            ["-d", "poisson", "-p", "rate"],
            "parameter 'rate' has no value; write for example -p rate=1",
        ),
        (["-d", "categorical", "-p", "logits=1"], "logits=1 is not a vector; pass several logits"),
        (
            ["-d", "categorical", "-p", "logits"],
            "parameter 'logits' has no value; write for example",
        ),
        (["-d", "poison"], "no distribution is called 'poison'; did you mean 'poisson'?"),
        (["-d", "geometric", "-p", "rate=1"], "Geometric has no parameter 'rate'"),
    ],
    ids=" ".join,
)
def test_errors(cli, arguments, message):
    assert cli("sample", *arguments, code=2).stderr.startswith(f"Error: {message}")


def test_grad_refuses_whatever_else_is_asked(cli):
    refusal = cli("grad", "-d", "poisson", "-p", "lam=3", "--noise", "0.5", code=2).stderr
    assert refusal.startswith("Error: Poisson has no reparameterization: its values are integers")


@pytest.mark.parametrize("form", ["csv", "npy", "jsonl"])
def test_a_batch_is_sampled_in_any_format(cli, form):
    draws = rp.Binomial([3, 30], 0.25).sample(40, rng=7)
    arguments = ["sample", "-d", "binomial", "-p", "n=3,30", "-p", "p=0.25", "-n", 40, "--seed", 7]
    cli(*arguments, "--out", f"y.{form}")
    if form == "npy":
        found = np.load("y.npy")
    elif form == "csv":
        found = np.genfromtxt("y.csv", delimiter=",", names=True)["y"].reshape(40, 2)
    else:
        with Path("y.jsonl").open() as lines:
            found = np.array([json.loads(line)["y"] for line in lines]).reshape(40, 2)
    np.testing.assert_array_equal(found, draws)


def test_a_vector_is_given_with_commas_or_as_a_file(cli):
    draws = rp.Categorical([0.0, 1.0, 2.0]).sample(40, rng=7)
    options = ["sample", "-d", "categorical", "-n", 40, "--seed", 7]
    np.testing.assert_array_equal(cli.columns(*options, "-p", "logits=0,1,2")["y"], draws)
    np.save("rows.npy", [[0.0, 1.0, 2.0], [5.0, 0.0, 0.0]])
    cli(*options, "-p", "logits=@rows.npy", "--out", "y.npy")
    expected = rp.Categorical([[0.0, 1.0, 2.0], [5.0, 0.0, 0.0]]).sample(40, rng=7)
    np.testing.assert_array_equal(np.load("y.npy"), expected)
