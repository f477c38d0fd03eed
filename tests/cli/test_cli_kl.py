"""``reparam kl``: divergences with their gradients, one row per element."""

import json

import numpy as np
import pytest

import reparam as rp


def columns_of(divergence):
    """Return what the command should print, from the library's result."""
    errors = divergence.standard_error
    quantities = {"kl": (divergence.value, errors.value)}
    for side in ("p", "q"):
        of, its = (getattr(part, f"gradient_{side}") for part in (divergence, errors))
        quantities |= {f"dkl_d{side}_{name}": (of[name], its[name]) for name in of}
    columns = {}
    for name, (value, error) in quantities.items():
        columns[name] = value
        if not divergence.exact:
            columns[f"{name}_se"] = error
    return columns


class TestWorkedExample:
    """Gaussian μ = 0.6, σ = 0.4 against the standard one."""

    ARGUMENTS = ("kl", "--from", "gaussian", "-p", "loc=0.6", "-p", "scale=0.4", "--to", "gaussian")

    def test_as_a_table(self, cli):
        result = cli(*self.ARGUMENTS, "--format", "table")
        assert result.stdout.splitlines() == [
            "quantity             value",
            "kl            0.6762907319",
            "dkl_dp_loc             0.6",
            "dkl_dp_scale          -2.1",
            "dkl_dq_loc            -0.6",
            "dkl_dq_scale          0.48",
        ]
        assert result.stderr == ""

    def test_to_rounding(self, cli):
        printed = cli.columns(*self.ARGUMENTS)
        assert printed["dkl_dp_scale"] == pytest.approx([0.4 - 2.5], rel=1e-15)
        divergence = rp.kl(rp.Gaussian(0.6, 0.4), rp.Gaussian())
        for name, value in columns_of(divergence).items():
            assert printed[name] == value


def test_defaults_work(cli):
    printed = cli.columns("kl")
    assert printed["kl"] == float(rp.kl(rp.Gaussian(), rp.Laplace()).value)
    assert printed["dkl_dp_scale"] != 0.0
    assert len(printed) == 5


def test_products_are_sums_of_which_one_may_be_an_estimate(cli):
    printed = cli.columns(
        *("kl", "independent(gaussian(0.3, 2), gamma(2))", "independent(gaussian, weibull(1.5))"),
    )
    p, q = rp.Independent(rp.Gaussian(0.3, 2.0), rp.Gamma(2.0)), (rp.Gaussian(), rp.Weibull(1.5))
    for name, value in columns_of(rp.kl(p, rp.Independent(*q))).items():
        assert printed[name] == value
    printed = cli.columns(
        *("kl", "independent(gaussian(0.3, 2), logistic)", "independent(gaussian, student-t(4))"),
        *("-n", "1000", "--seed", "1"),
    )
    assert printed["dkl_dp_laws[0].scale"] == [1.5]
    assert printed["dkl_dp_laws[0].scale_se"] == [0.0]
    assert printed["dkl_dq_laws[1].df_se"] > 0.0


def test_distributions_are_named_by_place(cli):
    options = ["--from", "gamma", "--to", "exponential"]
    assert cli("kl", "gamma", "exponential").stdout == cli("kl", *options).stdout


def test_aliases_are_understood(cli):
    names = cli("kl", "--from", "normal", "-p", "mu=1", "--to", "normal", "-q", "sigma=2").stdout
    options = ["--param", "loc=1", "--to-param", "scale=2"]
    assert cli("kl", "gaussian", "gaussian", *options).stdout == names


class TestArrays:
    def test_give_a_row_an_element(self, cli):
        arguments = [
            "--from",
            "gamma",
            "-p",
            "alpha=2,3,4",
            "--to",
            "exponential",
            "-q",
            "rate=0.5",
        ]
        printed = cli.columns("kl", *arguments)
        assert printed.pop("element").tolist() == [0.0, 1.0, 2.0]
        expected = columns_of(rp.kl(rp.Gamma([2.0, 3.0, 4.0]), rp.Exponential(0.5)))
        assert list(printed) == list(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(printed[name], values)

    @pytest.mark.parametrize("suffix", ["npy", "npz", "json", "jsonl", "parquet", "csv"])
    def test_go_to_files(self, cli, tmp_path, suffix):
        np.save("mu.npy", [[0.0, 1.0], [2.0, 3.0]])
        cli("kl", "-p", "mu=@mu.npy", "--to=normal", "-q", "sigma=2", "--out", f"kl.{suffix}")
        expected = rp.kl(rp.Gaussian(np.arange(4.0)), rp.Gaussian(0.0, 2.0)).value
        match suffix:
            case "npy" | "npz":
                found = np.load(f"kl.{suffix}")["kl"]
            case "json":
                rows = json.loads(tmp_path.joinpath("kl.json").read_text())
                found = [row["kl"] for row in rows]
            case "jsonl":
                lines = tmp_path.joinpath("kl.jsonl").read_text().splitlines()
                found = [json.loads(line)["kl"] for line in lines]
            case "parquet":
                import pyarrow.parquet

                found = pyarrow.parquet.read_table("kl.parquet")["kl"].to_numpy()
            case "csv":
                found = np.loadtxt("kl.csv", delimiter=",", skiprows=1)[:, 1]
        np.testing.assert_array_equal(found, expected)


class TestMonteCarlo:
    ARGUMENTS = ("kl", "--from", "logistic", "--to", "student-t", "-q", "df=4")

    def test_has_standard_errors(self, cli):
        printed = cli.columns(*self.ARGUMENTS, "-n", "1e3", "--seed", 3)
        expected = columns_of(rp.kl(rp.Logistic(), rp.StudentT(4.0), n=1000, rng=3))
        assert list(printed) == list(expected)
        assert "dkl_dq_df_se" in printed
        for name, value in expected.items():
            assert printed[name] == value

    def test_tells_a_fresh_seed(self, cli):
        first = cli(*self.ARGUMENTS, "-n", 100)
        seed = first.stderr.split("--seed ")[1].strip()
        again = cli(*self.ARGUMENTS, "-n", 100, "--seed", seed)
        assert (again.stdout, again.stderr) == (first.stdout, "")

    def test_a_closed_form_draws_nothing(self, cli):
        result = cli("kl", "-p", "loc=1")
        assert result.stderr == ""
        assert cli("kl", "-p", "loc=1", "-n", 5, "--seed", 1).stdout == result.stdout

    def test_of_integers(self, cli):
        arguments = ["--from", "negative-binomial", "-p", "p=0.4", "--to", "poisson", "-q", "mu=2"]
        printed = cli.columns("kl", *arguments, "-n", 100, "--seed", 1)
        expected = columns_of(rp.kl(rp.NegativeBinomial(1.0, 0.4), rp.Poisson(2.0), n=100, rng=1))
        assert printed == {name: pytest.approx([value]) for name, value in expected.items()}


def test_infinity_is_told(cli):
    printed = cli.columns("kl", "--from", "gaussian", "--to", "gamma")
    assert printed.pop("kl") == np.inf
    assert len(printed) == 4
    assert all(np.isnan(values) for values in printed.values())


WILD = "KL, ∂KL/∂df of p, ∂KL/∂scale of q"  # of the chi distribution against the inverse gamma


@pytest.mark.parametrize(
    ("p", "q", "note"),
    [
        ("gaussian", "gamma", "KL is infinite: p puts mass where q has none"),
        (
            "student-t -p df=1",
            "gaussian",
            "KL is infinite: q falls off so fast in a tail that E_p[log q(y)] diverges",
        ),
        (
            "chi -p df=2 --seed 1",
            "inverse-gamma",
            f"estimates have infinite variance in {WILD}: no standard error holds",
        ),
    ],
)
def test_notes_go_to_stderr(cli, p, q, note):
    """And no seed does, where nothing was drawn."""
    result = cli("kl", "--from", *p.split(), "--to", *q.split())
    assert result.stderr == f"Note: {note}\n"


class TestVectors:
    def test_have_a_column_an_entry(self, cli):
        arguments = ["--from", "categorical", "-p", "logits=0,1"]
        arguments += ["--to", "categorical", "-q", "logits=1,0,3"]
        printed = cli.columns("kl", *arguments)
        divergence = rp.kl(rp.Categorical([0.0, 1.0]), rp.Categorical([1.0, 0.0, 3.0]))
        expected = {"kl": divergence.value}
        expected |= {f"dkl_dp_logits[{k}]": divergence.gradient_p["logits"][k] for k in range(2)}
        expected |= {f"dkl_dq_logits[{k}]": divergence.gradient_q["logits"][k] for k in range(3)}
        assert printed == {name: pytest.approx([value], rel=0) for name, value in expected.items()}

    def test_in_a_batch(self, cli):
        logits = np.arange(6.0).reshape(2, 3) ** 1.5
        np.save("logits.npy", logits)
        printed = cli.columns("kl", "--from", "categorical", "-p", "logits=@logits.npy", "--to",
                              "poisson")  # fmt: skip
        divergence = rp.kl(rp.Categorical(logits), rp.Poisson())
        assert printed["element"].tolist() == [0.0, 1.0]
        np.testing.assert_array_equal(printed["kl"], divergence.value)
        for k in range(3):
            np.testing.assert_array_equal(
                printed[f"dkl_dp_logits[{k}]"], divergence.gradient_p["logits"][:, k]
            )

    def test_where_there_is_no_divergence(self, cli):
        columns = cli.columns("kl", "--from", "poisson", "--to", "categorical")
        assert columns.pop("kl") == np.inf
        assert len(columns) == 4


class TestTables:
    """A row for each number, in 80 columns."""

    def test_of_estimates(self, cli):
        arguments = ["--from", "logistic", "--to", "student-t", "-n", "1e3", "--seed", "3"]
        rows = cli("kl", *arguments, "--format", "table").stdout.splitlines()
        assert max(map(len, rows)) <= 80
        printed = dict(row.split() for row in rows)
        assert printed.pop("quantity") == "estimate"
        divergence = rp.kl(rp.Logistic(), rp.StudentT(), n=1000, rng=3)
        assert list(printed) == [
            name for name in columns_of(divergence) if not name.endswith("_se")
        ]
        error = divergence.standard_error.value
        digits = 1 - int(np.floor(np.log10(float(f"{error:.1e}"))))
        last = f"{error * 10.0**digits:.0f}"
        assert printed["kl"] == f"{divergence.value:.{digits}f}({last})"

    def test_of_batches(self, cli):
        arguments = ["--from", "student-t", "-p", "df=1,9", "--to", "laplace", "-n", "1e3"]
        header, *rows = cli("kl", *arguments, "--seed", "3", "-f", "table").stdout.splitlines()
        assert header.split() == ["element", "quantity", "estimate"]
        cells = [row.split() for row in rows]
        assert [cell[0] for cell in cells] == ["0"] * 6 + ["1"] * 6
        assert [cell[2] for cell in cells[:6]] == ["inf"] + ["nan"] * 5
        names = [cell[1] for cell in cells]
        assert names[:6] == names[6:]
        assert names[:2] == ["kl", "dkl_dp_df"]

    def test_of_many_logits(self, cli):
        logits = ",".join(map(str, range(12)))
        rows = cli("kl", "--from", "categorical", "-p", f"logits={logits}", "--to", "categorical",
                   "-q", f"logits={logits[::-1]}", "-f", "table").stdout.splitlines()  # fmt: skip
        assert max(map(len, rows)) <= 80
        assert len(rows) == 1 + 1 + 12 + 12

    def test_of_nothing(self, cli):
        np.save("none.npy", np.zeros(0))
        result = cli("kl", "-p", "loc=@none.npy", "--format", "table")
        assert result.stdout.split() == ["element", "quantity", "value"]
        assert cli("kl", "-p", "loc=@none.npy").stdout.startswith("element,kl,dkl_dp_loc")


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ("--from gausian", ["no distribution is called 'gausian'; did you mean 'gaussian'?"]),
        ("--to laplce", ["did you mean 'laplace'?"]),
        ("-p sgma=1", ["no parameter 'sgma'; did you mean 'sigma'?"]),
        ("--from gamma -q alpha=1", ["Laplace has no parameter 'alpha'"]),
        ("-q scale", ["'scale' has no value; write for example -q scale=1"]),
        ("-p scale", ["'scale' has no value; write for example -p scale=1"]),
        ("-q scale=0", ["scale=0 is not in (0, inf)"]),
        ("-p loc=1,2 -q loc=1,2,3", ["p has shape (2,), q has shape (3,)"]),
        ("--to logistic -n 1", ["count '1' is not a whole number from 2"]),
        ("-n 1.5", ["count '1.5' is not a whole number"]),
        ("--to logistic --seed -1", ["seed '-1' is not a non-negative integer"]),
        ("--format xml", ["no format is called 'xml'"]),
        ("--frm gamma", ["--frm", "see 'reparam kl --help'"]),
    ],
)
def test_errors_are_one_sentence(cli, arguments, fragments):
    result = cli("kl", *arguments.split(), code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    for fragment in fragments:
        assert fragment in result.stderr
