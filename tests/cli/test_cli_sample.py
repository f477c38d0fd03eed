"""``reparam sample`` gives the library's draws, in any format and in any pieces."""

import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest
from kinds import REPARAMETERIZED, VECTORS, marked

import reparam as rp
from reparam.engine.noise import BLOCK


def test_without_options_prints_ten_gaussian_draws_and_a_seed_that_repeats_them(cli):
    fresh = cli("sample")
    seed = re.fullmatch(r"Fresh seed; repeat with (--seed \d{1,20})\n", fresh.stderr)[1]
    again = cli("sample", *seed.split())
    assert len(fresh.stdout.splitlines()) == 11
    assert again.stdout == fresh.stdout
    assert again.stderr == ""


def test_fresh_seeds_differ(cli):
    assert cli("sample").stdout != cli("sample").stdout


@pytest.mark.parametrize("name", rp.names())
def test_draws_are_the_library_s(cli, name):
    printed = cli.columns("sample", "--dist", name, "-n", 50, "--seed", 42)
    d = rp.get(name)()
    columns = ["_".join(map(str, ("y", *at))) for at in np.ndindex(*d.event_shape)]
    assert list(printed) == columns
    expected = d.sample(50, rng=42).reshape(50, -1)
    np.testing.assert_array_equal(np.stack(list(printed.values()), axis=-1), expected)


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_noise_is_the_draw_s(cli, name):
    printed = cli.columns("sample", "-d", name, "-n", 50, "--seed", 42, "--with-noise")
    draw = rp.get(name)().rsample(50, rng=42)
    assert list(printed) == ["noise", "y"]
    np.testing.assert_array_equal(printed["noise"], draw.noise)
    np.testing.assert_array_equal(printed["y"], draw.value)


@pytest.mark.parametrize("count", ["1200", "1_200", "1.2e3", "1200.0", "12e2"])
def test_counts_are_written_in_many_ways(cli, count):
    assert cli.columns("sample", "-n", count, "--seed", 1)["y"].shape == (1200,)


def test_seeds_have_any_size_and_underscores(cli):
    huge = cli("sample", "--seed", 2**200).stdout
    assert huge == cli("sample", "--seed", f"{2**200:_}").stdout
    assert huge != cli("sample", "--seed", 2**200 + 1).stdout


def test_parameters_go_by_any_name(cli):
    runs = [
        cli("sample", "-d", "normal", "--seed", 1, "-p", mean, "-p", spread).stdout
        for mean, spread in (("loc=1", "scale=2"), ("mu=1", "sigma=2"), ("mean=1", "std = 2"))
    ]
    assert runs[0] == runs[1] == runs[2]


class TestParameterArrays:
    """A parameter that is an array makes a batch."""

    LOC = np.array([-1.0, 0.1, 1e300])

    @pytest.fixture
    def draws(self):
        return rp.Gaussian(loc=self.LOC, scale=2.0).sample(4, rng=9)

    @pytest.mark.parametrize(
        "value",
        [
            "-1,0.1,1e300",
            "@loc.npy",
            "@loc.npz:loc",
            "@one.csv",
            "@two.csv",
            "@two.csv:loc",
            "@named.csv",
            "@saved.csv",
            "@loc.jsonl",
            "@loc.parquet",
        ],
    )
    def test_forms(self, cli, draws, tmp_path, value):
        import pyarrow
        import pyarrow.parquet

        np.save("loc.npy", self.LOC)
        np.savez("loc.npz", loc=self.LOC, other=self.LOC[:2])
        tmp_path.joinpath("one.csv").write_text("-1\n0.1\n\n1e300\n")
        tmp_path.joinpath("two.csv").write_text('"scale","loc"\n2,"-1"\n2,0.1\n2,1e300\n')
        tmp_path.joinpath("named.csv").write_bytes(b"\xef\xbb\xbfmu,x\r\n-1,a\r\n.1,b\r\n1e300,c")
        np.savetxt("saved.csv", np.stack([self.LOC] * 2).T, "%.17g", ",", header="loc,x")
        lines = [f'{{"x": 1, "loc": {value!r}}}' for value in self.LOC.tolist()]
        tmp_path.joinpath("loc.jsonl").write_text("\n".join(lines))
        pyarrow.parquet.write_table(pyarrow.table({"loc": self.LOC, "x": "abc"}), "loc.parquet")

        options = ["-p", f"mu={value}", "-p", "sigma=2", "-n", 4, "--seed", 9]
        printed = cli.columns("sample", *options)
        assert list(printed) == ["draw", "element", "y"]
        np.testing.assert_array_equal(printed["draw"], np.repeat(range(4), 3))
        np.testing.assert_array_equal(printed["element"], np.tile(range(3), 4))
        np.testing.assert_array_equal(printed["y"], draws.ravel())
        cli("sample", *options, "--out", "y.npy")
        np.testing.assert_array_equal(np.load("y.npy"), draws)

    def test_two_of_two_dimensions_broadcast(self, cli):
        np.save("rows.npy", [[1.0], [2.0]])
        np.save("columns.npy", [1.0, 2.0, 3.0])
        parameters = ["-p", "alpha=@rows.npy", "-p", "rate=@columns.npy"]
        cli("sample", "-d", "gamma", *parameters, "-n", 5, "--seed", 3, "--out", "y.npy")
        expected = rp.Gamma([[1.0], [2.0]], [1.0, 2.0, 3.0]).sample(5, rng=3)
        np.testing.assert_array_equal(np.load("y.npy"), expected)

    def test_of_no_elements(self, cli):
        np.save("none.npy", np.empty(0))
        assert cli("sample", "-p", "loc=@none.npy", "--seed", 1).stdout == "draw,element,y\n"

    def test_from_stdin(self, cli):
        given = cli.columns("sample", "-p", "loc=-", "-n", 1, "--seed", 1, stdin="loc\n5\n6\n")
        assert given["y"].shape == (2,)


class TestPieces:
    """Shards, chunks and threads don't change a bit."""

    N = BLOCK + 4001

    @pytest.mark.parametrize("name", [pytest.param(n, marks=marked(n)) for n in rp.names()])
    def test_shards_joined_are_the_whole(self, cli, name):
        options = ["sample", "-d", name, "-n", self.N, "--seed", 6]
        options += ["--with-noise"] if name in [*REPARAMETERIZED, *VECTORS] else []
        cli(*options, "--out", "whole.npy")
        for k in (1, 2, 3):
            cli(*options, "--shard", f"{k}/3", "--out", f"{k}.npy")
        joined = np.concatenate([np.load(f"{k}.npy") for k in (1, 2, 3)])
        np.testing.assert_array_equal(joined, np.load("whole.npy"))

    def test_shards_of_a_batch_number_their_draws(self, cli):
        options = ["sample", "-p", "loc=0,10", "-n", 7, "--seed", 6]
        whole = cli(*options).stdout
        first, second = (cli(*options, "--shard", f"{k}/2").stdout for k in (1, 2))
        assert first + second.removeprefix("draw,element,y\n") == whole

    def test_more_shards_than_draws(self, cli):
        sizes = [
            cli.columns("sample", "-n", 2, "--shard", f"{k}/5", "--seed", 1)["y"].size
            for k in range(1, 6)
        ]
        assert sum(sizes) == 2

    def test_the_last_of_2_to_the_63_draws(self, cli):
        parts = 2**62
        shard = f"{parts}/{parts}"
        last = cli.columns("sample", "-n", 2**63 - 1, "--shard", shard, "--seed", 1)
        assert last["y"].shape == (2,)

    @pytest.mark.parametrize("threads", [1, 3])
    def test_threads(self, cli, threads):
        cli("sample", "-n", self.N, "--seed", 6, "--out", "default.npy")
        cli("sample", "-n", self.N, "--seed", 6, "--threads", threads, "--out", "y.npy")
        np.testing.assert_array_equal(np.load("y.npy"), np.load("default.npy"))

    def test_chunks(self, cli, monkeypatch):
        whole = cli("sample", "-p", "loc=1,2,3", "-n", 100, "--seed", 6).stdout
        monkeypatch.setattr("reparam.sampling.CHUNK", 64)
        assert cli("sample", "-p", "loc=1,2,3", "-n", 100, "--seed", 6).stdout == whole


class TestFile:
    """What becomes of the file that ``--out`` names."""

    def test_is_replaced_and_keeps_its_permissions(self, cli, tmp_path):
        file = tmp_path / "y.csv"
        file.write_text("old")
        file.chmod(0o640)
        expected = cli("sample", "--seed", 1).stdout
        cli("sample", "--seed", 1, "--out", "y.csv")
        assert file.read_text() == expected
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
        assert list(tmp_path.iterdir()) == [file]

    def test_is_on_the_disk_before_it_takes_its_place(self, cli, tmp_path, monkeypatch):
        sizes = []
        monkeypatch.setattr(os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
        replaced = Path.replace

        def replace(temporary, target):
            assert sizes == [temporary.stat().st_size]
            return replaced(temporary, target)

        monkeypatch.setattr(Path, "replace", replace)
        cli("sample", "-n", 1000, "--out", "y.npy")
        assert sizes == [tmp_path.joinpath("y.npy").stat().st_size]

    def test_is_written_through_a_link(self, cli, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "y.csv").symlink_to("elsewhere/file")
        cli("sample", "--seed", 1, "--out", "y.csv")
        assert (tmp_path / "y.csv").is_symlink()
        assert (tmp_path / "elsewhere" / "file").read_text() == cli("sample", "--seed", 1).stdout

    def test_may_be_a_device(self, cli):
        cli("sample", "--seed", 1, "-f", "npy", "--out", "/dev/null")

    @pytest.mark.parametrize("name", ["y.csv", "y.CSV", "y.txt"])
    def test_suffix_tells_the_format(self, cli, tmp_path, name):
        cli("sample", "--seed", 1, "--out", name)
        assert (tmp_path / name).read_text() == cli("sample", "--seed", 1).stdout

    def test_format_overrides_the_suffix(self, cli):
        cli("sample", "--seed", 1, "--out", "y.csv", "--format", "npy")
        assert np.load("y.csv").shape == (10,)


@pytest.mark.parametrize("noise", [False, True])
def test_float32_is_the_rounded_value_and_noise_stays_float64(cli, noise):
    options = ["-n", 20, "--seed", 1, "--out", "y.npz", *(["--with-noise"] if noise else [])]
    cli("sample", *options, "--dtype", "float32")
    draw = rp.Gaussian().rsample(20, rng=1)
    with np.load("y.npz") as file:
        assert file["y"].dtype == np.float32
        np.testing.assert_array_equal(file["y"], draw.value.astype(np.float32))
        if noise:
            np.testing.assert_array_equal(file["noise"], draw.noise)


def test_what_float32_has_no_room_for_becomes_infinite(cli):
    assert cli("sample", "-p", "loc=1e300", "--dtype", "float32", "-n", 1).stdout == "y\ninf\n"


def test_a_table_rounds_and_aligns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("sample", "--seed", 1, "--with-noise", "-f", "table").stdout.splitlines()
    exact = cli.columns("sample", "--seed", 1)["y"]
    assert lines[0].split() == ["noise", "y"]
    assert len({len(line) for line in lines}) == 1
    np.testing.assert_allclose([float(line.split()[1]) for line in lines[1:]], exact, rtol=1e-9)
