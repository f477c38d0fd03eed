"""``reparam list`` and ``reparam show`` tell what the registry declares, readably."""

import csv
import json

import pytest
from kinds import REPARAMETERIZED, VECTORS

import reparam as rp
from reparam import registry
from reparam.base.distribution import About, Distribution
from reparam.domains import REAL, UNIT
from reparam.parameters import Parameter


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def squeezed(text):
    return "".join(text.split())


class TestList:
    def test_has_a_row_a_distribution(self, cli):
        rows = list(csv.DictReader(cli("list").stdout.splitlines()))
        assert [row["name"] for row in rows] == rp.names()
        for row in rows:
            cls = rp.get(row["name"])
            assert row["mechanism"] == cls.mechanism
            noisy = row["name"] in [*REPARAMETERIZED, *VECTORS]
            assert row["noise"] == (cls.noise.name if noisy else "none")
            assert row["support"] == str(cls._support)
            for parameter in cls.parameters.values():
                assert f"{parameter.name} {parameter.domain}" in row["parameters"]

    def test_table_fits_the_terminal(self, cli):
        header, *lines = cli("list", "--format", "table").stdout.splitlines()
        assert header.split() == ["name", "parameters", "support", "noise", "mechanism"]
        assert len(lines) == len(rp.names())
        for line in (header, *lines):
            assert len(line) <= 80
            assert line == line.rstrip()
            assert "inf" not in line

    def test_other_formats_hold_the_same(self, cli):
        import pyarrow.parquet

        rows = list(csv.DictReader(cli("list").stdout.splitlines()))
        assert [json.loads(line) for line in cli("list", "-f", "jsonl").stdout.splitlines()] == rows
        cli("list", "--out", "list.parquet")
        assert pyarrow.parquet.read_table("list.parquet").to_pylist() == rows


@pytest.mark.parametrize("name", REPARAMETERIZED)
class TestShow:
    def test_tells_everything(self, cli, name):
        cls = rp.get(name)
        page = squeezed(cli("show", name).stdout)
        clauses = (cls.about.density + ",  " + cls.about.transform).split(",  ")
        for text in (*clauses, *cls.about.derivatives.values(), cls.about.source, cls.mechanism):
            assert squeezed(text) in page
        assert f"name{name}" in page
        for alias in cls.aliases:
            assert alias in page
        assert f"noise{cls.noise.symbol},{cls.noise.name}on" in page
        for parameter in cls.parameters.values():
            assert f"∂y/∂{parameter.name}" in page
            declared = f"{parameter.description}{parameter.symbol}in"
            assert parameter.name + squeezed(declared) in page
            assert f"default{parameter.default:g}" in page
            for alias in parameter.aliases:
                assert alias in page

    @pytest.mark.parametrize("columns", [80, 60, 200])
    def test_fits_the_terminal(self, cli, monkeypatch, name, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        for line in cli("show", name).stdout.splitlines():
            assert len(line) <= columns
            assert line == line.rstrip()

    def test_needs_no_more_than_an_alias(self, cli, name):
        page = cli("show", name).stdout
        for alias in (*rp.get(name).aliases, name.upper()):
            assert cli("show", alias).stdout == page

    def test_json_holds_the_declarations(self, cli, name):
        cls = rp.get(name)
        card = json.loads(cli("show", name, "--format", "json").stdout)
        assert card["name"] == name
        assert card["aliases"] == list(cls.aliases)
        assert card["density"] == cls.about.density
        assert card["transform"] == cls.about.transform
        assert card["derivatives"] == cls.about.derivatives
        assert list(card["derivatives"]) == list(cls.parameters)
        assert card["support"] == str(cls._support)
        assert card["mechanism"] == cls.mechanism
        assert card["source"] == cls.about.source
        assert card["noise"] == {
            "kind": cls.noise.name,
            "symbol": cls.noise.symbol,
            "domain": str(cls.noise.domain),
        }
        for entry, parameter in zip(card["parameters"], cls.parameters.values(), strict=True):
            assert entry == {
                "name": parameter.name,
                "symbol": parameter.symbol,
                "domain": str(parameter.domain),
                "default": parameter.default,
                "vector": False,
                "aliases": list(parameter.aliases),
                "description": parameter.description,
                "differentiable": True,
            }


class TestWithoutReparameterization:
    """A plugin's distribution may have a density and nothing to differentiate."""

    @pytest.fixture(autouse=True)
    def coin(self, monkeypatch):
        class Coin(Distribution):
            name = "coin"
            p: Parameter = Parameter("p", UNIT, 0.5, (0.1, 0.9), (), "Probability of heads")
            about = About("p(y) = p^y (1 − p)^(1−y)", "", {}, "Bernoulli (1713)")
            _support = REAL

        monkeypatch.setattr(registry, "names", lambda: ["coin", "laplace"])
        monkeypatch.setattr(registry, "get", {"coin": Coin, "laplace": rp.Laplace}.__getitem__)

    def test_is_listed(self, cli):
        rows = list(csv.DictReader(cli("list").stdout.splitlines()))
        assert [row["mechanism"] for row in rows] == ["none", "location-scale"]

    def test_is_shown(self, cli):
        labels = [line.split()[0] for line in cli("show", "coin").stdout.splitlines()]
        assert labels == ["name", "density", "p", "support", "source"]
        card = json.loads(cli("show", "coin", "--format", "json").stdout)
        assert (card["noise"], card["mechanism"]) == (None, None)

    def test_is_refused(self, cli):
        refusal = cli("grad", "--dist", "coin", code=2).stderr
        assert refusal.startswith("Error: Coin has no reparameterization")


def test_a_page(cli):
    assert (
        cli("show", "laplace").stdout
        == """\
name       laplace; also double-exponential
density    p(y) = exp(−|y − μ| / b) / 2b
transform  y = μ + b z
           z = log(2u) for u < ½, −log(2(1 − u)) otherwise
∂y/∂loc    1
∂y/∂scale  z
loc        Mean and median μ in ℝ, default 0; also mu, mean
scale      Scale b in (0, ∞), default 1; also b, sigma
support    ℝ
noise      u, uniform on (0, 1)
mechanism  location-scale
source     Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution,
           section 2.1
"""
    )
