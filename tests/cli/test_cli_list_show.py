"""``reparam list`` and ``reparam show`` tell what the registry declares, readably."""

import csv
import json
import re
from itertools import pairwise
from pathlib import Path

import minimal_laws
import pytest
from kinds import DISCRETE, REPARAMETERIZED

import reparam as rp
from reparam import registry
from reparam.base.distribution import About, Distribution
from reparam.cli.list import KINDS
from reparam.cli.show import kinds_of_noise
from reparam.domains import REAL, UNIT
from reparam.parameters import Parameter


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def squeezed(text):
    return "".join(text.split())


def listed(cli, *options):
    """Return the names that ``reparam list`` has, by kind."""
    rows = csv.DictReader(cli("list", *options).stdout.splitlines())
    return {row["name"]: row["kind"] for row in rows}


class TestList:
    def test_has_a_row_a_distribution(self, cli):
        rows = list(csv.DictReader(cli("list").stdout.splitlines()))
        assert [row["name"] for row in rows] == rp.names() + list(registry.COMBINATORS)
        for row in rows:
            cls = registry.constructor(row["name"])
            assert row["mechanism"] == cls.mechanism
            noisy = issubclass(cls, rp.Reparameterized)
            kinds = [kind.name for kind in kinds_of_noise(cls)] if noisy else ["none"]
            assert row["noise"] == ", ".join(kinds)
            assert row["support"] == str(cls._support)
            assert row["aliases"] == ", ".join(cls.aliases)
            for parameter in cls.parameters.values():
                assert f"{parameter.name} {parameter.domain}" in row["parameters"]

    def test_kinds(self, cli):
        found = listed(cli)
        some = {
            **{"gaussian": "real", "gamma": "positive", "beta": "unit", "uniform": "bounded"},
            **{"concrete": "vector", "poisson": "discrete", "truncated": "combinator"},
        }
        assert {name: found[name] for name in some} == some
        assert all(found[name] == "combinator" for name in registry.COMBINATORS)
        assert {name for name, kind in found.items() if kind == "discrete"} == set(DISCRETE)
        vectors = {name for name in rp.names() if rp.get(name)._support.rank}
        assert {name for name, kind in found.items() if kind == "vector"} == vectors

    @pytest.mark.parametrize("columns", [80, 200])
    def test_table_has_a_group_for_each_kind_and_fits_the_terminal(self, cli, monkeypatch, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        header, *lines = cli("list", "--format", "table").stdout.splitlines()
        assert header.split() == ["name", "parameters", "support", "noise", "mechanism"]
        for line in (header, *lines):
            assert len(line) <= columns
            assert line == line.rstrip()
            assert not re.search(r"\binf\b", line)
            assert "\N{NO-BREAK SPACE}" not in line
        headings = [line for before, line in pairwise(["x", *lines]) if not before]
        assert headings == [title for kind, title in KINDS.items() if kind in listed(cli).values()]
        rows = (line for line in lines if line and line not in headings and line[0] != " ")
        first = [line.split()[0] for line in rows]
        order = sorted(listed(cli).items(), key=lambda row: list(KINDS).index(row[1]))
        assert [word for word in first if word in listed(cli)] == [name for name, _ in order]

    def test_other_formats_hold_the_same(self, cli):
        import pyarrow.parquet

        rows = list(csv.DictReader(cli("list").stdout.splitlines()))
        objects = [json.loads(line) for line in cli("list", "-f", "jsonl").stdout.splitlines()]
        assert json.loads(cli("list", "-f", "json").stdout) == objects
        for each in objects:
            parameters = [f"{p['name']} {p['domain'] or ''}".strip() for p in each["parameters"]]
            each |= {"parameters": ", ".join(parameters), "aliases": ", ".join(each["aliases"])}
        assert objects == rows
        cli("list", "--out", "list.parquet")
        assert pyarrow.parquet.read_table("list.parquet").to_pylist() == rows
        cli("list", "--out", "list.txt", "--format", "table")
        assert Path("list.txt").read_text("utf-8") == cli("list", "-f", "table").stdout

    @pytest.mark.parametrize("word", ["normal", "Normal", "NORM"])
    def test_a_word_finds_names_and_aliases(self, cli, word):
        found = listed(cli, word)
        assert "gaussian" in found
        for name in found:
            spellings = (name, *registry.constructor(name).aliases)
            assert any(word.lower() in spelling for spelling in spellings)

    def test_options_leave_out_what_they_say(self, cli):
        assert set(listed(cli, "--support", "unit").values()) == {"unit"}
        with_entropy = listed(cli, "--has", "entropy")
        assert {"gaussian", "poisson", "concrete"} & set(with_entropy) == {"gaussian", "poisson"}
        assert "concrete" not in listed(cli, "--has", "cdf", "--has", "entropy")
        assert "bernoulli" not in listed(cli, "--has", "pathwise")
        assert listed(cli, "beta", "--support", "unit", "--has", "isf") == {"beta": "unit"}

    def test_numerical_functions_are_no_formulas(self, cli, monkeypatch):
        monkeypatch.setattr(registry, "names", lambda: ["kumaraswamy", "laplace"])
        classes = {"kumaraswamy": minimal_laws.Kumaraswamy, "laplace": rp.Laplace}
        monkeypatch.setattr(registry, "get", classes.__getitem__)
        assert "kumaraswamy" in listed(cli, "--has", "cdf")
        assert "kumaraswamy" not in listed(cli, "--has", "entropy")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["norml"], "no distribution has 'norml' in its name; did you mean"),
            (
                ["--support", "postive"],
                "--support 'postive' is unknown; did you mean 'positive'? (",
            ),
            (["--has", "entorpy"], "--has 'entorpy' is unknown; did you mean 'entropy'? (there ar"),
            (["beta", "--support", "vector"], "no distribution has all of this; leave an option"),
        ],
    )
    def test_what_there_is_not_is_one_sentence(self, cli, options, message):
        assert cli("list", *options, code=2).stderr.startswith(f"Error: {message}")


@pytest.mark.parametrize("name", REPARAMETERIZED)
class TestShow:
    def test_tells_everything(self, cli, name):
        cls = rp.get(name)
        page = squeezed(cli("show", name).stdout)
        formulas = (cls.about.density, cls.about.transform, *cls.about.derivatives.values())
        clauses = ",  ".join(formulas).split(",  ")
        for text in (*clauses, cls.about.source, cls.mechanism):
            assert squeezed(text) in page
        assert f"name{name}" in page
        for alias in cls.aliases:
            assert alias in page
        assert f"noise{cls.noise.symbol},{cls.noise.name}on" in page
        for parameter in cls.parameters.values():
            assert (f"∂y/∂{parameter.name}" in page) == parameter.differentiable
            declared = f"{parameter.description}{parameter.symbol}in"
            assert parameter.name + squeezed(declared) in page
            assert f"default{parameter.default:g}" in page
            for alias in parameter.aliases:
                assert alias in page

    def test_fits_the_terminal(self, cli, monkeypatch, name):
        for columns in (80, 60, 200):
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
        assert list(card["derivatives"]) == cls.parameters.differentiable
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
                "differentiable": parameter.differentiable,
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
        assert [row["mechanism"] for row in rows][:2] == ["none", "location-scale"]

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
