"""``reparam grad``: derivatives of fresh and of replayed draws, and back-propagation."""

import io

import numpy as np
import pytest
from kinds import REPARAMETERIZED

import reparam as rp


def totals(text):
    """Return the totals that are reported in words."""
    pairs = (line.removeprefix("∂L/∂").split(" = ") for line in text.splitlines())
    return {name: np.array(values.split(", "), dtype=float) for name, values in pairs}


class TestWorkedExample:
    """Gaussian μ = 0.6, σ = 0.4, noise −0.7, ∂L/∂y = 1.5."""

    ARGUMENTS = ("grad", "-p", "mu=0.6", "-p", "sigma=0.4", "--noise", "-0.7", "--upstream", "1.5")

    def test_comes_out_in_one_command(self, cli):
        result = cli(*self.ARGUMENTS, "--format", "table")
        header, values, *words = result.stdout.splitlines()
        assert dict(zip(header.split(), values.split(), strict=True)) == {
            "noise": "-0.7",
            "y": "0.32",
            "dy_dloc": "1",
            "dy_dscale": "-0.7",
            "upstream": "1.5",
            "dL_dloc": "1.5",
            "dL_dscale": "-1.05",
        }
        assert words == ["∂L/∂loc = 1.5", "∂L/∂scale = -1.05"]
        assert result.stderr == ""

    def test_keeps_data_and_words_apart(self, cli):
        result = cli(*self.ARGUMENTS, "--format", "csv")
        assert len(result.stdout.splitlines()) == 2
        assert totals(result.stderr) == {"loc": 1.5, "scale": -1.05}


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_columns_are_the_library_s(cli, name):
    printed = cli.columns("grad", "--dist", name, "-n", 40, "--seed", 8)
    draw = rp.get(name)().rsample(40, rng=8)
    expected = {"noise": draw.noise, "y": draw.value}
    expected |= {f"dy_d{theta}": entry for theta, entry in draw.jacobian().items()}
    assert list(printed) == list(expected)
    for column, values in expected.items():
        np.testing.assert_array_equal(printed[column], values)


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_shards_joined_are_the_whole(cli, monkeypatch, name):
    monkeypatch.setattr("reparam.sampling.CHUNK", 256)
    options = ["grad", "-d", name, "-n", 1200, "--seed", 6]
    cli(*options, "--out", "whole.npy")
    for k in (1, 2):
        cli(*options, "--shard", f"{k}/2", "--out", f"{k}.npy")
    whole = np.load("whole.npy")
    np.testing.assert_array_equal(np.concatenate([np.load("1.npy"), np.load("2.npy")]), whole)
    once = rp.get(name)().rsample(1200, rng=6).jacobian()
    for theta, entry in once.items():
        np.testing.assert_array_equal(whole[f"dy_d{theta}"], entry)


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_replay_in_chunks_is_the_replay_at_once(cli, monkeypatch, name):
    monkeypatch.setattr("reparam.sampling.CHUNK", 256)
    noise = np.linspace(0.001, 0.999, 1200)
    np.save("noise.npy", noise)
    cli("grad", "-d", name, "--noise", "@noise.npy", "--out", "g.npy")
    replayed, draw = np.load("g.npy"), rp.get(name)().transform(noise)
    np.testing.assert_array_equal(replayed["y"], draw.value)
    for theta, entry in draw.jacobian().items():
        np.testing.assert_array_equal(replayed[f"dy_d{theta}"], entry)


class TestForms:
    """Noise and upstream are given in many ways."""

    NOISE = np.array([0.3, 0.7, 0.25])
    UPSTREAM = np.array([1.0, -2.0, 0.5])
    Y = rp.Laplace().transform(NOISE).value

    @pytest.fixture
    def expected(self, cli):
        return cli("grad", "-d", "laplace", "--noise", "0.3,0.7,0.25", "--upstream", "1,-2,0.5")

    @pytest.fixture
    def csv(self):
        rows = zip(self.NOISE.tolist(), self.Y.tolist(), self.UPSTREAM.tolist(), strict=True)
        return "".join(["noise,y,upstream\n", *(f"{z!r},{y!r},{g!r}\n" for z, y, g in rows)])

    @pytest.fixture
    def files(self, cli, tmp_path, csv):
        np.save("z.npy", self.NOISE)
        np.save("g.npy", self.UPSTREAM)
        np.savez("both.npz", noise=self.NOISE, upstream=self.UPSTREAM, y=self.Y)
        both = np.empty(3, [("noise", float), ("y", float), ("dL_dy", float)])
        both["noise"], both["y"], both["dL_dy"] = self.NOISE, self.Y, self.UPSTREAM
        np.save("both.npy", both)
        tmp_path.joinpath("both.csv").write_text(csv)

    @pytest.mark.parametrize(
        ("noise", "upstream"),
        [
            ("@z.npy", "1,-2,0.5"),
            ("0.3, .7, 2.5e-1", "@g.npy"),
            ("@both.npz", "@both.npz"),
            ("@both.npy", "@both.npy"),
            ("@both.csv", "@both.csv"),
            ("@both.csv:noise", "@both.npy:dL_dy"),
        ],
    )
    @pytest.mark.usefixtures("files")
    def test_values_and_files(self, cli, expected, noise, upstream):
        given = cli("grad", "-d", "laplace", "--noise", noise, "--upstream", upstream)
        assert given.output == expected.output

    @pytest.mark.parametrize("both", [False, True])
    def test_text_on_stdin(self, cli, expected, csv, both):
        upstream = "-" if both else "1,-2,0.5"
        given = cli("grad", "-d", "laplace", "--noise", "-", "--upstream", upstream, stdin=csv)
        assert given.output == expected.output

    def test_an_array_on_stdin(self, cli, expected):
        file = io.BytesIO()
        np.save(file, self.NOISE)
        options = ["-d", "laplace", "--noise", "-", "--upstream", "1,-2,0.5"]
        assert cli("grad", *options, stdin=file.getvalue()).output == expected.output

    def test_stdin_is_that_of_this_run(self, cli):
        for noise in ("0.5", "0.25"):
            assert cli.columns("grad", "--noise", "-", stdin=noise)["noise"] == float(noise)

    def test_upstream_of_fresh_draws(self, cli):
        printed = cli.columns("grad", "--seed", 3, "-n", 3, "--upstream", "1,-2,0.5")
        draw = rp.Gaussian().rsample(3, rng=3)
        np.testing.assert_array_equal(printed["dL_dscale"], self.UPSTREAM * draw.noise)

    @pytest.mark.parametrize("suffix", ["csv", "jsonl", "npy", "npz", "parquet"])
    def test_the_files_it_writes_replay(self, cli, suffix):
        options = ["grad", "-d", "gamma", "-p", "alpha=0.5,2,30"]
        cli(*options, "-n", 20, "--seed", 1, "--upstream", ",".join("1" * 60), "-o", f"g.{suffix}")
        again = cli.columns(*options, "--noise", f"@g.{suffix}", "--upstream", f"@g.{suffix}")
        draw = rp.Gamma([0.5, 2.0, 30.0]).rsample(20, rng=1)
        np.testing.assert_array_equal(again["noise"], draw.noise.ravel())
        np.testing.assert_array_equal(again["upstream"], np.ones(60))


class TestBackPropagation:
    """A loss computed elsewhere, between two commands."""

    def test_through_a_gaussian_is_what_one_does_by_hand(self, cli):
        target, n = 0.3, 500
        parameters = ["-p", "mu=0.6", "-p", "sigma=0.4"]
        cli("sample", *parameters, "-n", n, "--seed", 4, "--with-noise", "--out", "draws.csv")
        noise, y = np.loadtxt("draws.csv", delimiter=",", skiprows=1).T
        # L = Σ (y − t)² / n with y = μ + σ z
        upstream = 2.0 * (y - target) / n
        np.savetxt("losses.csv", upstream, "%.17g", header="dL_dy", comments="")

        files = ["--noise", "@draws.csv", "--upstream", "@losses.csv"]
        printed = cli.columns("grad", *parameters, *files)
        np.testing.assert_array_equal(printed["y"], y)
        np.testing.assert_array_equal(printed["dL_dloc"], upstream)
        np.testing.assert_array_equal(printed["dL_dscale"], upstream * noise)
        summed = cli("grad", *parameters, *files, "--sum", "--out", "sums.npz")
        assert (summed.stdout, summed.stderr) == ("", "")
        with np.load("sums.npz") as sums:
            assert sums["parameter"].tolist() == ["loc", "scale"]
            by_hand = [upstream.sum(), (upstream * noise).sum()]
            np.testing.assert_allclose(sums["gradient"], by_hand, rtol=1e-13)

    @pytest.mark.parametrize("name", ["laplace", "gamma", "beta", "student-t"])
    def test_is_the_library_s_vjp(self, cli, name):
        draw = rp.get(name)().rsample(300, rng=4)
        np.savez("both.npz", noise=draw.noise, upstream=np.cos(draw.value))
        files = ["--noise", "@both.npz", "--upstream", "@both.npz"]
        replayed = rp.get(name)().transform(draw.noise)
        expected = replayed.vjp(np.cos(draw.value))
        reported = totals(cli("grad", "-d", name, *files, "--out", "g.npy").stderr)
        assert reported == pytest.approx(expected, rel=1e-9)

    def test_array_parameters_have_a_total_an_element(self, cli):
        options = ["grad", "-p", "loc=1,2", "-n", 3, "--seed", 1, "--upstream", "1,2,3,4,5,6"]
        z = rp.Gaussian().rsample((3, 2), rng=1).noise
        upstream = np.arange(1.0, 7.0).reshape(3, 2)
        rows = cli(*options, "--sum", "--format", "csv").stdout.splitlines()
        assert rows[:3] == ["parameter,element,gradient", "loc,0,9.0", "loc,1,12.0"]
        assert float(rows[3].removeprefix("scale,0,")) == pytest.approx((upstream * z).sum())
        reported = totals(cli(*options).stderr)
        np.testing.assert_array_equal(reported["loc"], [9.0, 12.0])

    def test_many_totals_are_left_to_sum(self, cli):
        loc = ",".join(map(str, range(20)))
        words = cli("grad", "-p", f"loc={loc}", "--noise", loc, "--upstream", loc).stderr
        assert "∂L/∂loc = 0, 1, 2, 3, 4, 5, 6, 7, … (20 values; --sum writes all)" in words

    def test_of_no_draws_is_zero(self, cli, tmp_path):
        tmp_path.joinpath("none.csv").write_text("upstream\n")
        options = ["grad", "-n", 0, "--seed", 1, "--upstream", "@none.csv"]
        assert totals(cli(*options).stderr) == {"loc": 0.0, "scale": 0.0}
        rows = cli(*options, "--sum").stdout.splitlines()
        assert rows == ["parameter,element,gradient", "loc,0,0.0", "scale,0,0.0"]

    def test_infinite_upstream_gives_no_warning(self, cli):
        result = cli("grad", "--noise", "0", "--upstream", "inf")
        assert totals(result.stderr)["loc"] == np.inf


def test_second_derivatives_are_columns_for_each_pair(cli):
    printed = cli.columns("grad", "gamma", "-n", 40, "--seed", 8, "--hessian")
    hessian = rp.Gamma().rsample(40, rng=8).hessian()
    for pair in ("alpha", "alpha"), ("alpha", "rate"), ("rate", "rate"):
        column = printed[f"d2y_d{pair[0]}_d{pair[1]}"]
        np.testing.assert_array_equal(column, hessian[pair[0]][pair[1]])
    result = cli("grad", "--hessian", "--loss", "y", code=2)
    assert "leave it out" in result.stderr


def test_float32_leaves_noise_in_float64(cli):
    cli("grad", "-n", 5, "--seed", 1, "--dtype", "float32", "--out", "g.npy")
    types = {name: str(field[0]) for name, field in np.load("g.npy").dtype.fields.items()}
    assert types == dict.fromkeys(types, "float32") | {"noise": "float64"}


def test_a_fresh_seed_is_told_and_replayed_noise_has_none(cli):
    assert "--seed" in cli("grad").stderr
    assert cli("grad", "--noise", "0.1").stderr == ""
