"""``reparam plot``: pictures on terminals and in files."""

import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import reparam as rp
from reparam.plots import picture


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def numbers(text):
    """Return the table below the charts, a list of floats a column."""
    header, *rows = text.rpartition("\n\n")[2].splitlines()
    names = re.split("  +", header.strip())
    cells = [[float(cell) for cell in row.split()] for row in rows]
    return dict(zip(names, np.transpose(cells), strict=True))


@pytest.mark.parametrize("name", rp.names())
@pytest.mark.parametrize(
    "width", [80, *(pytest.param(w, marks=pytest.mark.long) for w in (40, 120))]
)
def test_text_fits_the_terminal(cli, monkeypatch, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    vector = rp.get(name)().event_shape
    options = [] if vector else ["--grad"]
    lines = cli("plot", name, *options, "-n", 200, "--seed", 1).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert not any("\x1b" in line or line.endswith(" ") for line in lines)


def test_without_options_shows_the_gaussian(cli):
    text = cli("plot").stdout
    assert text.startswith("gaussian(loc=0, scale=1)\n")
    u = numbers(text)
    np.testing.assert_allclose(u["y"], rp.Gaussian().icdf(u["u"]), rtol=1e-4, atol=1e-12)


def test_columns_are_as_high_as_the_density(cli):
    lines = cli("plot", "beta", "-p", "a=2", "-p", "b=2").stdout.splitlines()[1:11]
    margin = re.search("[│┤]", lines[0]).end()
    heights = [
        sum(" ▁▂▃▄▅▆▇█".index(line[column]) if column < len(line) else 0 for line in lines)
        for column in range(margin, 80)
    ]
    y_limits = picture(rp.Beta(2.0, 2.0)).density.y_limits
    middle = heights[len(heights) // 2]
    assert middle == pytest.approx(80 * 1.5 / y_limits[1], abs=1.0)
    assert heights == pytest.approx(heights[::-1], abs=2)


def test_derivatives_are_in_the_table(cli):
    found = numbers(cli("plot", "gamma", "-p", "alpha=2", "--grad").stdout)
    expected = rp.Gamma(2.0).pathwise(rp.Gamma(2.0).icdf(found["u"]))
    np.testing.assert_allclose(found["∂y/∂alpha"], expected["alpha"], rtol=1e-4)
    np.testing.assert_allclose(found["∂y/∂rate"], expected["rate"], rtol=1e-4)


def test_draws_are_seeded_and_in_shards(cli):
    options = ["plot", "-n", 1000, "--seed", 3, "-f", "csv"]
    assert cli(*options).stdout == cli(*options).stdout
    fresh = cli("plot", "-n", 5)
    assert "Fresh seed" in fresh.stderr
    assert "Fresh seed" not in cli("plot").stderr
    assert cli("plot", "-n", 9, "--seed", 1, "--shard", "1/3").stdout.startswith(
        "gaussian(loc=0, scale=1): 3 draws, • p(y)\n"
    )


def test_compositions(cli):
    page = cli("plot", "truncated(gaussian, low=0.5)", "--grad").stdout
    assert "base.loc" in page
    assert "high" not in page.replace("highest", "")
    assert cli("plot", "gamma", "--compare", "truncated(gamma(alpha=2), low=1)").exit_code == 0


class TestCompare:
    @pytest.mark.parametrize(
        ("other", "title"),
        [
            ("laplace", "laplace(loc=0, scale=1)"),
            ("student-t(df=2, loc=1)", "student-t(df=2, loc=1, scale=1)"),
            ("Poisson( rate = 3 )", "poisson(rate=3)"),
            ("categorical(logits=[0, 1])", "categorical(logits=[0, 1])"),
            ("categorical(logits=[0,1])", "categorical(logits=[0, 1])"),
            ("sigma=2", "gaussian(loc=5, scale=2)"),
            ("mu=1,sigma=2", "gaussian(loc=1, scale=2)"),
        ],
    )
    def test_forms(self, cli, other, title):
        lines = cli("plot", "gaussian", "-p", "mean=5", "--compare", other).stdout.splitlines()
        assert lines[0] == "gaussian(loc=5, scale=1)"
        assert title in lines

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ("laplac", "did you mean 'laplace'"),
            ("gamma(alpha)", "no distribution is called 'alpha'"),
            ("gamma(alpha=-1)", "alpha=-1 is not in"),
            ("gamma(alpha=2", "expected ',' or ')', not the end"),
            ("rate=2", "Gaussian has no parameter 'rate'"),
        ],
    )
    def test_errors(self, cli, other, message):
        result = cli("plot", "--compare", other, code=2)
        assert message in result.stderr
        assert result.stdout == ""

    def test_batches_are_several(self, cli):
        text = cli("plot", "-p", "scale=1,2,3").stdout
        assert text.count("gaussian(loc=0, scale=2)") == 2


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "start"),
        [
            ("p.svg", b"<?xml"),
            pytest.param("p.png", b"\x89PNG", marks=pytest.mark.long),
            pytest.param("p.pdf", b"%PDF", marks=pytest.mark.long),
        ],
    )
    def test_images_are_the_same_each_time(self, cli, tmp_path, name, start):
        cli("plot", "gamma", "--grad", "-n", 50, "--seed", 1, "--out", name)
        made = (tmp_path / name).read_bytes()
        assert made.startswith(start)
        cli("plot", "gamma", "--grad", "-n", 50, "--seed", 1, "--out", name)
        assert (tmp_path / name).read_bytes() == made

    def test_svg_on_stdout(self, cli):
        assert ET.fromstring(cli("plot", "-f", "svg").stdout).tag.endswith("svg")

    def test_text(self, cli, tmp_path):
        cli("plot", "laplace", "--out", "p.txt")
        assert (tmp_path / "p.txt").read_text("utf-8") == cli("plot", "laplace").stdout

    def test_numbers(self, cli, tmp_path):
        cli("plot", "exponential", "--grad", "--out", "p.csv")
        header, *rows = (tmp_path / "p.csv").read_text("utf-8").splitlines()
        assert header == "panel,distribution,layer,x,y"
        last = next(row for row in reversed(rows) if row.startswith("gradient rate"))
        x, y = map(float, last.rsplit(",", 2)[1:])
        assert y == -x  # ∂y/∂λ = −y/λ

    def test_without_matplotlib(self, cli, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        result = cli("plot", "--out", "p.png", code=2)
        assert "pip install 'reparam[plot]'" in result.stderr
        assert not list(tmp_path.iterdir())
        assert cli("plot").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "pmg"], "no format is called 'pmg'; did you mean 'png'?"),
        (["--out", "p"], "p has no suffix that determines its format"),
        (
            ["--out", "p.xyz"],
            "p.xyz has no suffix that determines its format; pass --format NAME, or",
        ),
        (["--shard", "1/2"], "pass --count as well"),
        (["nothing"], "no distribution is called 'nothing'"),
        (["concrete", "--grad"], "concrete draws vectors, and a picture"),
        (["-p", "loc=1,2,3,4,5,6,7"], "1 to 6 distributions"),
    ],
)
def test_errors(cli, arguments, message):
    result = cli("plot", *arguments, code=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_binary_formats_are_not_for_terminals(cli, monkeypatch):
    monkeypatch.setattr("reparam.cli.output.on_terminal", lambda: True)
    assert "pass --out FILE" in cli("plot", "-f", "png", code=2).stderr


def test_colours_only_on_terminals_that_want_them(cli, monkeypatch):
    monkeypatch.setattr("reparam.cli.output.on_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = cli("plot", "--grad").stdout
    assert "\x1b[34m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = cli("plot", "--grad").stdout
    assert "\x1b" not in plain
    bare = re.sub(r"\x1b\[\d+m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_ascii_where_the_terminal_has_no_more(python):
    made = python("-m", "reparam", "plot", "gamma", "--grad", PYTHONIOENCODING="ascii")
    assert made.stdout.isascii()
    assert "dy/dalpha" in made.stdout
    assert "?" not in made.stdout
