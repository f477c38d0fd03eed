"""Wherever a distribution is named, an expression, a module's or a file's law is understood."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import minimal_laws
import numpy as np
import pytest

import reparam as rp
from reparam.cli import completion, parsing
from reparam.errors import PluginWarning


@pytest.fixture
def laws(cli, tmp_path):
    """Put a module and a file beside the command line, under names that nothing else has."""
    shutil.copy(minimal_laws.__file__, tmp_path / "laws_here.py")
    (tmp_path / "sub").mkdir()
    shutil.copy(minimal_laws.__file__, tmp_path / "sub" / "laws.py")
    before = set(sys.modules)
    yield cli
    for name in set(sys.modules) - before:
        if name == "laws_here" or str(tmp_path) in name:
            del sys.modules[name]


#: Texts, and what they stand for.
LAWS = {
    "gaussian(loc=1, scale=2)": rp.Gaussian(1.0, 2.0),
    "Gaussian(loc=1.0, scale=2.0)": rp.Gaussian(1.0, 2.0),
    "student-t(3)": rp.StudentT(3.0),
    "gamma([2, 3])": rp.Gamma([2.0, 3.0]),
    "ByQuantile(gamma(2))": rp.Gamma(2.0).by_quantile(),
    "laws_here:Gumbel": minimal_laws.Gumbel(),
    "laws_here:Gumbel(scale=2)": minimal_laws.Gumbel(scale=2.0),
    "laws_here:gumbel": minimal_laws.gumbel,
    "sub/laws.py:Gumbel(1)": minimal_laws.gumbel,
    "sub/laws.py:Shifted(laws_here:gumbel, by=1)": minimal_laws.Shifted(minimal_laws.gumbel, by=1),
    "byquantile(sub/laws.py:Gumbel)": minimal_laws.Gumbel(),
    "sub/laws.py:Shifted(gaussian(1), by=2)": minimal_laws.Shifted(rp.Gaussian(1.0), by=2.0),
}


@pytest.mark.parametrize("text", LAWS)
class TestEveryForm:
    def test_is_sampled(self, laws, text):
        d = LAWS[text]
        y = laws.columns("sample", "-d", text, "-n", "5", "--seed", "3")["y"]
        np.testing.assert_array_equal(y, d.sample(5, rng=3).ravel())

    def test_is_differentiated(self, laws, text):
        d = LAWS[text]
        columns = laws.columns("grad", "-d", text, "-n", "5", "--seed", "3")
        for name, entry in d.rsample(5, rng=3).jacobian().items():
            np.testing.assert_array_equal(columns[f"dy_d{name}"], np.ravel(entry))

    def test_is_shown(self, laws, text):
        card = json.loads(laws("show", text, "-f", "json").stdout)
        assert card["name"] == LAWS[text].name
        if text != "laws_here:Gumbel":
            assert card["law"] == repr(LAWS[text])
            values = {entry["name"]: entry["value"] for entry in card["parameters"]}
            assert values == {path: np.asarray(LAWS[text][path]).tolist() for path in values}
            assert list(values) == list(LAWS[text].parameters)
            assert repr(LAWS[text]) in " ".join(laws("show", text).stdout.split())


class TestParameters:
    def test_override_those_of_the_expression(self, laws):
        def drawn(*arguments):
            return laws("sample", "-n", "3", "--seed", "1", *arguments).stdout

        plain = drawn("-d", "gaussian(5, 2)")
        assert drawn("-d", "gaussian(loc=1, scale=2)", "-p", "mu=5") == plain
        shifted = "laws_here:Shifted(gaussian(1), by=2)"
        wanted = drawn("-d", "laws_here:Shifted(gaussian(3, 4), by=0.5)")
        options = ("-p", "base.loc=3", "-p", "scale=4", "-p", "shift=0.5")
        assert drawn("-d", shifted, *options) == wanted
        assert drawn("-d", "laws_here:gumbel", "-p", "loc=0") == drawn("-d", "laws_here:Gumbel")

    def test_come_from_files(self, laws):
        Path("loc.csv").write_text("loc\n1\n2\n")
        text = "laws_here:Shifted(gaussian, by=1)"
        d = LAWS["sub/laws.py:Shifted(gaussian(1), by=2)"].replace({"base.loc": [1, 2], "by": 1})
        y = laws.columns("sample", "-d", text, "-p", "loc=@loc.csv", "-n", "2", "--seed", "1")["y"]
        np.testing.assert_array_equal(y, d.sample(2, rng=1).ravel())

    def test_totals_have_their_paths(self, laws):
        text = "laws_here:Shifted(gaussian, by=1)"
        result = laws("grad", "-d", text, "-n", "2", "--seed", "1", "--upstream", "1,2", "--sum")
        names = [line.split(",")[0] for line in result.stdout.splitlines()]
        assert names == ["parameter", "base.loc", "base.scale", "by"]

    def test_ambiguous_and_unknown_ones_are_refused(self, laws):
        text = "laws_here:Shifted(laws_here:Shifted(gaussian))"
        message = laws("sample", "-d", text, "-p", "lok=1", code=2).stderr
        assert "Shifted has no parameter 'lok'; did you mean 'loc'?" in message
        message = laws("sample", "-d", text, "-p", "shift=1", "-p", "base.c=2", code=2).stderr
        assert "no parameter 'base.c'" in message


class TestOtherCommands:
    def test_loss_of_an_expression_starts_from_its_parameters(self, laws):
        options = ("--loss", "(y - 1)**2", "-n", "100", "--seed", "1", "--sum")
        wanted = laws("grad", "-p", "loc=3", "-p", "scale=2", *options).stdout
        assert laws("grad", "-d", "gaussian(3, 2)", *options).stdout == wanted
        assert laws("grad", "-d", "gaussian(scale=2)", "-p", "loc=3", *options).stdout == wanted

    def test_loss_of_a_law_of_a_module(self, laws):
        options = ("--loss", "y", "-n", "200", "--seed", "1", "--sum")
        lines = laws(
            "grad", "-d", "laws_here:Gumbel", "-p", "scale=exp(s)", "--at", "s=0", *options
        )
        rows = dict(line.split(",", 1) for line in lines.stdout.splitlines())
        assert float(rows["dJ_dloc"].split(",")[1]) == pytest.approx(1.0, abs=1e-9)

    def test_loss_of_a_composition(self, laws):
        law = "laws_here:Shifted(gaussian)"
        lines = laws("grad", "-d", law, "--loss", "y", "-n", "100", "--seed", "1", "--sum")
        rows = dict(line.split(",", 1) for line in lines.stdout.splitlines())
        for name in ("dJ_dbase.loc", "dJ_dby"):
            assert float(rows[name].split(",")[1]) == pytest.approx(1.0, abs=1e-9)

    def test_estimate(self, laws):
        text = laws("estimate", "-d", "laws_here:Gumbel", "-n", "100", "-f", "jsonl", "--seed", "1")
        rows = [json.loads(line) for line in text.stdout.splitlines()]
        (exact,) = {row["exact"] for row in rows if row["parameter"] == "loc"}
        assert exact == pytest.approx(2.0 * np.euler_gamma, rel=1e-6)

    def test_kl(self, laws):
        same = laws.columns("kl", "--from", "gaussian(0.6, 0.4)", "--to", "gaussian")
        other = laws.columns("kl", "gaussian", "gaussian", "-p", "loc=0.6", "-p", "scale=0.4")
        assert same == other
        options = ("--seed", "1", "-n", "1000")
        columns = laws.columns("kl", "--from", "laws_here:Gumbel", "--to", "gaussian(1)", *options)
        assert columns["kl"] == pytest.approx(np.log(np.sqrt(2 * np.pi)) - 1.577 + 0.911, abs=0.1)

    def test_show_marks_what_follows_numerically(self, laws):
        page = laws("show", "laws_here:Gumbel").stdout.replace("\n" + " " * 11, " ")
        wanted = "numerical  isf, cdf, sf, log_cdf, log_sf, pathwise, pathwise2, score,"
        assert f"{wanted} stein_score, mean, variance, entropy" in page
        assert json.loads(laws("show", "gamma", "-f", "json").stdout)["numerical"] == []
        assert "numerical" not in laws("show", "gamma").stdout

    def test_show_has_the_declared_errors(self, laws, monkeypatch):
        about = replace(rp.Gamma.about, accuracy={"cdf": 2e-12, "entropy": 1e-11})
        monkeypatch.setattr(rp.Gamma, "about", about)
        assert "accuracy   cdf 2e-12, entropy 1e-11" in laws("show", "gamma").stdout
        shown = json.loads(laws("show", "gamma", "-f", "json").stdout)
        assert shown["accuracy"] == about.accuracy
        assert "accuracy" not in laws("show", "beta").stdout

    def test_verify_takes_all_forms(self, laws):
        targets = ["sub/laws.py:Gumbel", "gamma(2, rate=3)", "poisson(3)", "concrete(0.5, [1, 2])"]
        targets += ["laws_here:Shifted(sub/laws.py:Gumbel(1), by=2)", "laws_here:gumbel"]
        options = ("--quick", "--only", "score", "--seed", "1", "-f", "json")
        report = json.loads(laws("verify", *targets, *options).stdout)
        assert [check["target"] for check in report["checks"]] == targets

    def test_verify_refuses_what_is_no_distribution_with_parameters(self, laws):
        message = laws("verify", "threading:Thread()", code=2).stderr
        assert "threading:Thread is not a distribution but the class Thread" in message
        assert "column 8: expected ','" in laws("verify", "gamma(2", code=2).stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("laws_here:not_a_law", "laws_here:not_a_law is not a distribution but int; name a subcl"),
        ("laws_here:Child", "laws_here:Child is not a distribution but the class Child"),
        ("laws_here:gumbel(1)", "column 17: expected nothing after the distribution; leave '(' ou"),
        ("laws_here:Gumble", "laws_here has no 'Gumble'; did you mean 'Gumbel'?"),
        ("laws_here:", "laws_here: is incomplete; write package.module:attribute"),
        (":Gumbel", ":Gumbel is incomplete; write package.module:attribute"),
        ("laws_here:Unfinished", "Unfinished lacks _support, _log_prob, _cdf or _icdf; write what"),
        ("laws_here:UnfinishedCount", "UnfinishedCount lacks _entropy, _log_prob, _mean, _score,"),
        ("laws_here:Shifted", "Shifted needs base; pass a distribution, such as Gaussian()"),
        ("laws_here:Shifted(gausian)", "no distribution is called 'gausian'; did you mean 'gau"),
        ("nowhere:Law", "nowhere:Law can't be imported: ModuleNotFoundError: No module named"),
        ("nowhere.py:Law", "nowhere.py:Law can't be imported: FileNotFoundError"),
        ("sub/laws:Gumbel", "sub/laws:Gumbel names no Python file; write path/to/file.py:name"),
        ("broken.py:Law", "broken.py:Law can't be imported: ZeroDivisionError: division by zero"),
        ("leaving.py:Law", "leaving.py:Law can't be imported: SystemExit: 3"),
        ("gaussian(loc=1", "'gaussian(loc=1', column 15: expected ',' or ')', not the end"),
        ("gaussian(", "column 10: expected a distribution, a number or a list of numbers, not th"),
        ("gaussian()x", "column 11: expected nothing after the distribution"),
        ("gaussian 1", "column 10: expected nothing after the distribution; leave '1' out"),
        ("gausian", "no distribution is called 'gausian'; did you mean 'gaussian'?"),
        ("", "'' has no distribution in it"),
    ],
)
@pytest.mark.parametrize("command", [("sample", "-d"), ("show",), ("grad", "-d"), ("kl", "--from")])
def test_errors_are_one_sentence(laws, command, text, message):
    Path("broken.py").write_text("x = 1\n1/0\n")
    Path("leaving.py").write_text("raise SystemExit(3)\n")
    if command == ("show",) and text == "laws_here:Shifted":
        laws("show", text)
        return
    result = laws(*command, text, code=2)
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_what_a_module_prints_is_a_warning(laws):
    Path("printing.py").write_text(
        "print('\\n::error::hello')\nimport reparam\nG = reparam.Gaussian\n"
    )
    with pytest.warns(PluginWarning, match=r"importing printing.py prints '\\n::error::hello") as w:
        result = laws("sample", "-d", "printing.py:G", "-n", "1", "--seed", "1")
    assert len(w) == 1
    assert result.stdout.splitlines()[0] == "y"
    assert len(result.stdout.splitlines()) == 2


def test_a_file_may_import_its_neighbours(laws):
    Path("sub/family.py").write_text("from laws import Gumbel\nG = Gumbel(loc=1.0)\n")
    laws("sample", "-d", "sub/family.py:G", "-n", "1", "--seed", "1")
    assert "laws" in sys.modules
    del sys.modules["laws"]


def test_completion_knows_the_parameters_of_expressions():
    def completed(dist, begun):
        return [text for text, _ in completion._assignments(dist, begun)]

    assert completed("gamma(2)", "al") == ["alpha=", "alpha=1"]
    assert completed("gamma(2", "al") == []
    assert completed("nowhere:Law", "al") == []  # completing imports nothing


def test_completion_knows_paths(monkeypatch):
    d = minimal_laws.Shifted(rp.Gaussian())
    monkeypatch.setattr(parsing, "law", lambda _: d)
    completed = [text for text, _ in completion._assignments("shifted", "base.")]
    assert completed == ["base.loc=", "base.loc=0", "base.scale=", "base.scale=1"]
    assert [text for text, _ in completion._assignments("shifted", "loc=")] == ["loc=", "loc=0"]
