"""``reparam grad`` with a loss: forwards, backwards, formulas, graphs, and means."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import reparam as rp

AFFINE = ("-p", "loc=w*x + c", "-p", "scale=exp(s)", "--at", "w=0.5,c=0.1,s=-1,x=2")
LOSS = ("--loss", "(y - 1)**2")
CHAIN = """\
# a chain
mu = w*x + c
z ~ gaussian(loc=mu, scale=exp(s))

y ~ laplace(loc=z, scale=1)   # given z
"""


def told(text):
    """Return the means and standard errors that are reported in words."""
    found = {}
    for line in text.splitlines():
        label, equals, values = line.partition(" = ")
        if equals:
            pairs = [value.split(" ± ") for value in values.split(", ")]
            found[label] = np.array(pairs, dtype=float)
    return found


def summed(text):
    """Return mean and standard error by quantity and element."""
    header, *rows = (line.split(",") for line in text.splitlines())
    assert header == ["quantity", "element", "mean", "standard_error"]
    return {(name, int(k)): (float(mean), float(error)) for name, k, mean, error in rows}


class TestOneDistribution:
    def test_forwards_and_backwards_is_what_one_does_by_hand(self, cli):
        printed = cli.columns(
            "grad", "-p", "mu=0.6", "-p", "sigma=0.4", *LOSS, "-n", 50, "--seed", 3
        )
        draw = rp.Gaussian(0.6, 0.4).rsample(50, rng=3)
        slope = 2.0 * (draw.value - 1.0)
        expected = {
            "noise": draw.noise,
            "y": draw.value,
            "loss": (draw.value - 1.0) ** 2,
            "dJ_dy": slope,
            "dJ_dloc": slope,
            "dJ_dscale": slope * draw.noise,
        }
        assert list(printed) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(printed[name], values, rtol=1e-15)

    def test_means_have_standard_errors(self, cli):
        result = cli("grad", *LOSS, "-n", 1000, "--seed", 3)
        y = rp.Gaussian().rsample(1000, rng=3).value
        loss, slope = (y - 1.0) ** 2, 2.0 * (y - 1.0)
        means = told(result.stderr)
        assert list(means) == ["E[J]", "∂E[J]/∂loc", "∂E[J]/∂scale"]
        for label, terms in zip(means, (loss, slope, slope * y), strict=True):
            mean, error = means[label][0]
            assert mean == pytest.approx(terms.mean(), rel=1e-9)
            assert error == pytest.approx(terms.std(ddof=1) / np.sqrt(1000), rel=0.06)  # 2 digits
        only = summed(cli("grad", *LOSS, "-n", 1000, "--seed", 3, "--sum").stdout)
        assert list(only) == [("loss", 0), ("dJ_dloc", 0), ("dJ_dscale", 0)]
        for (mean, error), terms in zip(only.values(), (loss, slope, slope * y), strict=True):
            assert mean == pytest.approx(terms.mean(), rel=1e-12)
            assert error == pytest.approx(terms.std(ddof=1) / np.sqrt(1000), rel=1e-12)

    def test_a_table_has_them_below(self, cli):
        result = cli("grad", *LOSS, "-n", 3, "--seed", 1, "--format", "table")
        assert result.stderr == ""
        assert [line.split(" = ")[0] for line in result.stdout.splitlines()[4:]] == [
            "E[J]",
            "∂E[J]/∂loc",
            "∂E[J]/∂scale",
        ]

    @pytest.mark.parametrize("name", ["gamma", "beta", "student-t", "exponential"])
    def test_draws_are_those_without_a_loss(self, cli, name):
        options = ["grad", "-d", name, "-n", 40, "--seed", 8]
        plain, with_loss = cli.columns(*options), cli.columns(*options, "--loss", "log1p(y**2)")
        for column in ("noise", "y"):
            np.testing.assert_array_equal(with_loss[column], plain[column])
        slope = 2 * plain["y"] / (1 + plain["y"] ** 2)
        for theta in rp.get(name).parameters:
            expected = slope * plain[f"dy_d{theta}"]
            np.testing.assert_allclose(with_loss[f"dJ_d{theta}"], expected, rtol=1e-13)

    def test_noise_is_replayed(self, cli):
        options = ["grad", "-d", "laplace", *LOSS]
        cli(*options, "-n", 30, "--seed", 2, "--out", "draws.npy")
        again = cli.columns(*options, "--noise", "@draws.npy")
        drawn = np.load("draws.npy")
        for name, values in again.items():
            np.testing.assert_array_equal(values, drawn[name])

    def test_worked_example(self, cli):
        options = ["-p", "mu=0.6", "-p", "sigma=0.4", "--noise", "-0.7", "--loss", "1.5*y"]
        header, values, *words = cli("grad", *options, "--format", "table").stdout.splitlines()
        assert dict(zip(header.split(), values.split(), strict=True)) == {
            "noise": "-0.7",
            "y": "0.32",
            "loss": "0.48",
            "dJ_dy": "1.5",
            "dJ_dloc": "1.5",
            "dJ_dscale": "-1.05",
        }
        assert words == [
            "E[J] = 0.48 ± nan",
            "∂E[J]/∂loc = 1.5 ± nan",
            "∂E[J]/∂scale = -1.05 ± nan",
        ]

    def test_shards_joined_are_the_whole(self, cli):
        options = ["grad", "-d", "gamma", *LOSS, "-n", 1200, "--seed", 6]
        cli(*options, "--out", "whole.npy")
        for k in (1, 2):
            cli(*options, "--shard", f"{k}/2", "--out", f"{k}.npy")
        joined = np.concatenate([np.load("1.npy"), np.load("2.npy")])
        np.testing.assert_array_equal(joined, np.load("whole.npy"))

    def test_types(self, cli):
        cli("grad", *LOSS, "-n", 5, "--seed", 1, "--dtype", "float32", "--out", "g.npy")
        types = {name: str(field[0]) for name, field in np.load("g.npy").dtype.fields.items()}
        assert types == dict.fromkeys(types, "float32") | {"noise": "float64"}

    def test_no_draws(self, cli):
        result = cli("grad", *LOSS, "-n", 0, "--seed", 1)
        assert result.stdout.splitlines() == ["noise,y,loss,dJ_dy,dJ_dloc,dJ_dscale"]
        assert np.isnan(told(result.stderr)["E[J]"]).all()

    def test_a_fresh_seed_is_told(self, cli):
        seed = re.search("--seed ([0-9]+)", cli("grad", *LOSS, "--sum", "-n", 10).stderr)[1]
        again = cli("grad", *LOSS, "--sum", "-n", 10, "--seed", seed)
        assert again.stderr == ""


class TestFormulas:
    def test_parameters_are_differentiated_through(self, cli):
        printed = cli.columns("grad", *AFFINE, *LOSS, "-n", 60, "--seed", 5)
        draw = rp.Gaussian(0.5 * 2 + 0.1, np.exp(-1.0)).rsample(60, rng=5)
        slope = 2.0 * (draw.value - 1.0)
        expected = {"noise": draw.noise, "y": draw.value, "loss": (draw.value - 1.0) ** 2}
        expected |= {"dJ_dy": slope, "dJ_dw": 2 * slope, "dJ_dx": 0.5 * slope, "dJ_dc": slope}
        expected |= {"dJ_ds": slope * draw.noise * np.exp(-1.0)}
        assert list(printed) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(printed[name], values, rtol=1e-13)

    def test_names_have_files(self, cli, tmp_path):
        tmp_path.joinpath("data.csv").write_text("t,x\n9,1\n9,2\n9,4\n")
        options = ["-p", "loc=w*x", "--at", "w=0.5", "--at", "x=@data.csv"]
        printed = cli.columns("grad", *options, *LOSS, "-n", 4, "--seed", 5)
        draw = rp.Gaussian(0.5 * np.array([1.0, 2.0, 4.0]), 1.0).rsample(4, rng=5)
        np.testing.assert_array_equal(printed["y"], draw.value.ravel())
        slope = 2.0 * (draw.value - 1.0)
        np.testing.assert_allclose(printed["dJ_dw"], (slope * [1, 2, 4]).ravel(), rtol=1e-13)
        np.testing.assert_allclose(printed["dJ_dx"], (slope * 0.5).ravel(), rtol=1e-13)
        total = summed(cli("grad", *options, *LOSS, "-n", 4, "--seed", 5, "--sum").stdout)
        assert list(total) == [
            ("loss", 0),
            ("dJ_dw", 0),
            *(("dJ_dx", k) for k in range(3)),
            ("dJ_dscale", 0),
        ]
        per_draw = (slope * [1, 2, 4]).sum(axis=1)
        assert total["dJ_dw", 0] == pytest.approx(
            (per_draw.mean(), per_draw.std(ddof=1) / 2), rel=1e-12
        )
        column = slope[:, 2] * 0.5
        assert total["dJ_dx", 2] == pytest.approx(
            (column.mean(), column.std(ddof=1) / 2), rel=1e-12
        )
        as_list = ["-p", "loc=w*x", "--at", "w=0.5,x=1,2,4", *LOSS, "-n", 4, "--seed", 5]
        chosen = [*options[:-1], "x=@data.csv:x", *LOSS, "-n", 4, "--seed", 5]
        assert cli("grad", *as_list).output == cli("grad", *chosen).output

    def test_a_formula_may_have_other_parameters(self, cli):
        options = ["-p", "loc=3", "-p", "sigma=loc/10", "--loss", "y/loc + scale"]
        printed = cli.columns("grad", *options, "-n", 5, "--seed", 1)
        assert "dJ_dscale" not in printed
        y = 3.0 + 0.3 * printed["noise"]
        np.testing.assert_allclose(printed["y"], y)
        by_hand = (1 + printed["noise"] / 10) / 3 - y / 9 + 0.1
        np.testing.assert_allclose(printed["dJ_dloc"], by_hand)

    def test_the_order_of_parameters_does_not_matter(self, cli):
        options = ["-p", "scale=exp(loc)", "-p", "loc=w*x", "--at", "w=0.5,x=2", *LOSS]
        printed = cli.columns("grad", *options, "-n", 5, "--seed", 1)
        np.testing.assert_allclose(printed["y"], 1.0 + math.e * printed["noise"], rtol=1e-14)

    def test_a_parameter_has_any_of_its_names(self, cli):
        common = ["-n", 20, "--seed", 1]
        for given in ("loc=3", "mu=3"):
            expected = cli("grad", "-p", given, "--loss", "(y - loc)**2/scale", *common).output
            found = cli("grad", "-p", given, "--loss", "(y - mu)**2/sigma", *common).output
            assert found == expected
            assert cli("grad", "-p", given, "--loss", "(y - mean)**2/std", *common).output == found
        printed = cli.columns("grad", "-p", "mu=3", "--loss", "(y - mu)**2", *common)
        np.testing.assert_array_equal(printed["dJ_dloc"], 0.0)
        chained = ["-p", "loc=w*x", "-p", "scale=mu/2", "--at", "w=0.5,x=8", "--loss", "y*sigma"]
        printed = cli.columns("grad", *chained, *common)
        np.testing.assert_allclose(printed["loss"], 2.0 * (4.0 + 2.0 * printed["noise"]))

    def test_a_name_that_at_gives_is_free(self, cli):
        """Also where a parameter could be called so: mu is a target here, and made into loc."""
        printed = cli.columns("grad", "--loss", "(y - mu)**2", "--at", "mu=2", "-n", 5)
        np.testing.assert_allclose(printed["dJ_dmu"], -printed["dJ_dloc"])
        printed = cli.columns("grad", "-p", "loc=2*mu", "--loss", "y + mu", "--at", "mu=2", "-n", 5)
        np.testing.assert_array_equal(printed["dJ_dmu"], 3.0)

    def test_a_draw_that_many_elements_share(self, cli):
        options = ["-p", "loc=m", "--at", "m=0.5,x=1,2", "--loss", "(y*x)**2"]
        printed = cli.columns("grad", *options, "-n", 3, "--seed", 1)
        assert list(printed)[:4] == ["draw", "element", "y", "loss"]  # noise isn't one per element
        y = rp.Gaussian(0.5, 1.0).rsample(3, rng=1).value
        np.testing.assert_array_equal(printed["y"], np.repeat(y, 2))
        np.testing.assert_allclose(printed["dJ_dy"], (2 * y[:, None] * [1, 4]).ravel())
        total = summed(cli("grad", *options, "-n", 3, "--seed", 1, "--sum").stdout)
        assert total["dJ_dm", 0][0] == pytest.approx((2 * y * 5).mean())


class TestGraphs:
    @pytest.fixture
    def file(self, tmp_path):
        tmp_path.joinpath("chain.txt").write_text(CHAIN)
        return "chain.txt"

    AT = ("--at", "w=0.5,c=0.1,s=-1,x=2")

    def test_a_chain_is_the_library_s(self, cli, file):
        options = ["--graph", file, *LOSS, *self.AT, "-n", 500, "--seed", 4]
        printed = cli.columns("grad", *options)
        model = rp.Graph(f"{CHAIN}loss = (y - 1)**2").at(w=0.5, c=0.1, s=-1.0, x=2.0)
        draw = model.rsample(500, rng=4)
        assert list(printed) == [
            *("z", "y", "loss", "dJ_dz", "dJ_dy"),
            *("dJ_dw", "dJ_dx", "dJ_dc", "dJ_ds"),
        ]
        for name in ("z", "y", "loss"):
            np.testing.assert_array_equal(printed[name], draw.value[name])
        for name, entry in draw.gradient("z", "y", *model.graph.inputs).items():
            np.testing.assert_array_equal(printed[f"dJ_d{name}"], entry)
        total = summed(cli("grad", *options, "--sum").stdout)
        exact = model.expectation(500, rng=4)
        assert total["loss", 0] == (exact.value, exact.standard_error.value)
        for name, mean in exact.gradient.items():
            assert total[f"dJ_d{name}", 0] == (mean, exact.standard_error.gradient[name])

    def test_lines_are_options_too(self, cli, file):
        common = [*self.AT, "-n", 20, "--seed", 4]
        expected = cli("grad", "--graph", file, *LOSS, *common).output
        nodes = [part for line in CHAIN.splitlines() for part in ("--node", line)]
        assert cli("grad", *nodes, *LOSS, *common).output == expected
        loss = ["--node", "loss = (y - 1)**2"]
        assert cli("grad", "--graph", file, *loss, *common).output == expected
        Path("whole.txt").write_text(f"{CHAIN}loss = (y - 1)**2\n")
        assert cli("grad", "--graph", "whole.txt", *common).output == expected

    def test_a_graph_may_come_from_stdin_and_begin_with_a_byte_order_mark(self, cli, file):
        common = [*LOSS, *self.AT, "-n", 20, "--seed", 4]
        expected = cli("grad", "--graph", file, *common).output
        assert cli("grad", "--graph", "-", *common, stdin=CHAIN).output == expected
        Path("marked.txt").write_text(CHAIN, encoding="utf-8-sig")
        assert cli("grad", "--graph", "marked.txt", *common).output == expected
        assert cli("grad", "--graph", "-", *common, stdin=f"\ufeff{CHAIN}").output == expected
        message = "--graph: can't read stdin: it is not text in UTF-8"
        assert message in cli("grad", "--graph", "-", stdin=b"\xff\xfe\x00", code=2).stderr

    def test_noise_of_the_only_draw(self, cli):
        options = ["--node", "a ~ gaussian(loc=m)", "--loss", "a**2", "--at", "m=1"]
        printed = cli.columns("grad", *options, "--noise", "0.5,-2")
        assert printed["a"].tolist() == [1.5, -1.0]
        assert printed["dJ_dm"].tolist() == [3.0, -2.0]


def test_the_draw_itself_is_a_loss(cli):
    """∂y/∂w and so on, which is what the message about formulas without a loss recommends."""
    scale = math.exp(-1.0)
    printed = cli.columns("grad", *AFFINE, "--loss", "y", "-n", 20, "--seed", 1)
    plain = cli.columns("grad", "-p", "loc=1.1", "-p", f"scale={scale!r}", "-n", 20, "--seed", 1)
    np.testing.assert_allclose(printed["loss"], printed["y"], rtol=0.0)
    np.testing.assert_allclose(printed["y"], plain["y"], rtol=1e-14)
    np.testing.assert_allclose(printed["dJ_dw"], 2.0 * plain["dy_dloc"], rtol=1e-14)
    np.testing.assert_allclose(printed["dJ_ds"], scale * plain["dy_dscale"], rtol=1e-14)


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((*LOSS, "--upstream", "1"), "--upstream is ∂L/∂y from elsewhere, and a loss is"),
            (("--sum",), "--sum adds up ∂L/∂θ, which needs ∂L/∂y; pass --upstream, or --loss"),
            (("--at", "w=1"), "differentiated through a loss; pass one, such as --loss y"),
            (AFFINE, "differentiated through a loss; pass one, such as --loss y"),
            ((*AFFINE, "--upstream", "1"), "such as --loss '1.5*y' in place of --upstream 1.5"),
            (
                ("-p", "loc=w*x", "--upstream", "1"),
                "a formula needs a loss, such as --loss '1.5*y'",
            ),
            (("-p", "mu=3", *LOSS, "--at", "mu=1"), "--at mu: mu is the parameter loc here; pass"),
            (("-p", "loc=2*mu", "--loss", "y*mu"), "formulas need a value for mu; pass --at mu=VA"),
            (("-p", "mu=2*y", *LOSS), "parameter mu: y is what is drawn with it; use other names"),
            (("-p", "loc=scale", "-p", "scale=mu", *LOSS), "refers to itself through"),
            (("--loss", "loss*2"), "--loss: loss refers to itself; a node refers to inputs"),
            (("--loss", "007*y"), "--loss: '007*y', column 1: a whole number doesn't begin with 0"),
            (("-p", "loc=w*x"), "loc: 'w*x' is not a number; a formula needs a loss, such as"),
            (("--loss", "(y - t)**2"), "formulas need a value for t; pass --at t=VALUE"),
            (("-p", "loc=w*x", *LOSS), "formulas need a value for w, x; pass --at w=VALUE"),
            ((*LOSS, "--at", "tt=1"), "--at tt: no formula has an input tt"),
            ((*LOSS, "--at", "y=1"), "--at y: no formula has an input y"),
            ((*LOSS, "--at", "loc=1"), "--at loc: loc has a value already; pass one"),
            ((*AFFINE, "--at", "w=1", *LOSS), "--at w: w has a value already"),
            ((*LOSS, "--at", "w"), "--at 'w' is not of the form NAME=VALUE"),
            (("--loss", "y*t", "--at", "t=u"), "--at t: 'u' is not a number"),
            (("--loss", "y*t", "--at", "t=@no.csv"), "--at t: can't read no.csv: No such file"),
            (("--loss", "(y - 1"), "--loss: '(y - 1', column 1: this '(' is never closed"),
            (("--loss", ""), "--loss: '' has no formula in it"),
            (("--loss", "y.real"), "--loss: 'y.real', column 2: a formula can't have '.'"),
            (("-p", "loc=exp(", *LOSS), "parameter loc: 'exp(', column"),
            (("-p", "loc=loc + 1", *LOSS), "loc refers to itself"),
            (("-p", "scale=-exp(s)", "--at", "s=0", *LOSS), "y ~ gaussian: scale=-1 is not in"),
            (("-p", "scale=-1", *LOSS), "y ~ gaussian: scale=-1 is not in (0, inf); pass a posi"),
            (("--node", "y ~ truncated(poisson(3))", *LOSS), "line 1: Poisson has no reparameter"),
            (("--node", "y ~ gaussian()", "--node", "a = b +", *LOSS), "line 2: 'b +', column 4"),
            (("--node", "y ~ gaussian()"), "the graph has no loss; pass --loss, or give it a li"),
            (("--node", "loss = 1", *LOSS), "the graph has a loss; leave its line out, or --los"),
            (("--node", "loss = 1", "-d", "gamma"), "--dist and --param are for one distribution"),
            (("--node", "loss = 1", "-p", "loc=1"), "--dist and --param are for one distribution"),
            (("--node", "loss = 1", "--noise", "1"), "--noise is that of one draw, and the grap"),
            (("--node", "loss = 1", "--upstream", "1"), "--upstream is ∂L/∂y from elsewhere"),
            (("--graph", "no.txt"), "--graph: can't read no.txt: No such file"),
            ((*LOSS, "--noise", "1", "-n", "3"), "--count and --noise exclude each other"),
            (
                ("--node", "v = u", "--loss", "w", "--at", "w=1,2,3", "--at", "u=1,2"),
                "u has shape (2,) and the loss (3,), and columns have one shape",
            ),
            (("--graph", "binary"), "--graph: can't read binary: it is not text in UTF-8"),
            (("--graph", "empty"), "the graph has no node in it"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_one_sentence(self, cli, arguments, message):
        Path("binary").write_bytes(b"\xff\xfe\x00")
        Path("empty").touch()
        result = cli("grad", *arguments, code=2)
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert message in result.stderr
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize("total", [(), ("--sum",)], ids=["draws", "sum"])
    def test_no_header_precedes_an_error(self, cli, total):
        nodes = ["--node", "z ~ gaussian()", "--node", "y ~ gaussian(scale=z)", "--loss", "y"]
        result = cli("grad", *nodes, "--seed", 1, *total, code=2)
        assert result.stdout == ""
        assert "y ~ gaussian: scale=-" in result.stderr

    def test_a_file_that_is_no_graph_is_read_no_further_than_it_may_be_long(self, cli):
        Path("long").write_text("x" * 300_000)
        assert "100001 characters is longer" in cli("grad", "--graph", "long", code=2).stderr

    def test_names_of_columns_are_unique(self, cli):
        nodes = ["--node", "noise ~ gaussian(loc=m)", "--at", "m=1", "--loss", "noise**2"]
        message = "two columns would be called 'noise'; give a node or an input another name"
        assert message in cli("grad", *nodes, code=2).stderr
        assert summed(cli("grad", *nodes, "--sum", "--seed", 1).stdout)


@pytest.mark.parametrize("option", ["--loss", "--objective"])
@pytest.mark.parametrize("command", ["grad", "estimate"])
def test_one_name_of_the_objective_does_for_both_commands(cli, command, option):
    assert cli(command, option, "y**3", "-n", "10", "--seed", "1").exit_code == 0


@pytest.mark.parametrize(
    "command", ["", "sample", "grad", "estimate", "kl", "list", "show", "verify"]
)
def test_help_shows_no_types_beside_flags(cli, command):
    result = cli(*command.split(), "--help")
    assert result.exit_code == 0
    assert "<" not in result.stdout
