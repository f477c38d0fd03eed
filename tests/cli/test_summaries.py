"""``reparam.summaries`` and ``reparam sample --summary``."""

import re

import numpy as np
import pytest

import reparam as rp
from reparam import sampling
from reparam.summaries import summarize

N = 5000


def blocks(values, size=700):
    return (values[k : k + size] for k in range(0, len(values), size))


@pytest.mark.parametrize("shift", [0.0, 1e8])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_moments_and_quantiles_are_numpy_s(shift, shape):
    values = np.random.default_rng(1).normal(shift, 1.0, size=(N, *shape))
    made = summarize(blocks(values), shape)
    assert made.count == N
    assert made.exact
    np.testing.assert_allclose(made.mean, values.mean(axis=0), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(made.standard_deviation, values.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_array_equal(made.minimum, values.min(axis=0))
    np.testing.assert_array_equal(made.maximum, values.max(axis=0))
    np.testing.assert_array_equal(
        made.quantile([0.1, 0.5]), np.quantile(values, [0.1, 0.5], axis=0)
    )


def test_no_more_is_kept_than_asked_for():
    values = np.random.default_rng(1).normal(size=(N, 2))
    made = summarize(blocks(values), (2,), most=1001)
    assert not made.exact
    np.testing.assert_array_equal(made.kept, values[:500])
    np.testing.assert_allclose(made.mean, values.mean(axis=0), rtol=1e-12)


def test_one_and_none():
    one = summarize([np.array([2.0])])
    assert (one.mean, one.minimum, one.maximum) == (2.0, 2.0, 2.0)
    assert np.isnan(one.standard_deviation)
    none = summarize([], (2,))
    assert none.count == 0
    assert np.all(np.isnan([none.mean, none.standard_deviation, none.minimum, none.maximum]))
    assert np.all(np.isnan(none.quantile([0.5])))


def test_infinite_draws_are_no_warning():
    made = summarize([np.array([1.0, np.inf]), np.array([2.0, 3.0])])
    assert made.mean == np.inf
    assert made.maximum == np.inf


class TestCommand:
    OPTIONS = ("sample", "-d", "gamma", "-p", "alpha=2", "-n", N, "--seed", 4)

    def test_columns(self, cli):
        found = cli.columns(*self.OPTIONS, "--summary")
        values = rp.Gamma(2.0).sample(N, rng=4)
        assert list(found) == [
            *("count", "mean", "sd", "min", "q5", "q25", "q50", "q75", "q95", "max"),
            "quantiles_of",
        ]
        assert found["count"] == found["quantiles_of"] == N
        assert found["mean"] == pytest.approx(values.mean(), rel=1e-14)
        assert found["sd"] == pytest.approx(values.std(ddof=1), rel=1e-12)
        np.testing.assert_array_equal(found["q95"], np.quantile(values, 0.95))

    def test_chunks_and_shards(self, cli, monkeypatch):
        whole = cli.columns(*self.OPTIONS, "--summary")
        monkeypatch.setattr(sampling, "CHUNK", 512)
        pieces = cli.columns(*self.OPTIONS, "--summary")
        for name in whole:
            np.testing.assert_allclose(pieces[name], whole[name], rtol=1e-12)
        part = cli.columns(*self.OPTIONS, "--summary", "--shard", "2/2")
        assert part["mean"] == pytest.approx(rp.Gamma(2.0).sample(N, rng=4)[N // 2 :].mean())

    def test_what_quantiles_are_of_is_said(self, cli, monkeypatch):
        monkeypatch.setattr("reparam.summaries.summarize.__defaults__", ((), 1000))
        result = cli(*self.OPTIONS, "--summary")
        assert "those of the first 1,000 draws" in result.stderr
        assert result.stdout.endswith(",1000\n")
        assert "first" not in cli(*self.OPTIONS[:-4], "-n", 500, "--summary").stderr

    def test_elements(self, cli):
        found = cli.columns("sample", "-p", "loc=0,9", "-n", 50, "--seed", 1, "--summary")
        values = rp.Gaussian([0.0, 9.0]).sample(50, rng=1)
        np.testing.assert_array_equal(found["element"], [0, 1])
        np.testing.assert_allclose(found["mean"], values.mean(axis=0), rtol=1e-14)

    @pytest.mark.parametrize("name", rp.names())
    def test_text_fits_the_terminal(self, cli, monkeypatch, name):
        monkeypatch.setenv("COLUMNS", "80")
        options = "--seed", 1, "--summary", "-f", "table"
        for n in (0, 1, 2000):
            text = cli("sample", "-d", name, "-n", n, *options).stdout
            assert max(map(len, text.splitlines())) <= 80
            assert text.startswith(f"{n:,} draw")

    def test_exact_moments_are_beside_those_of_draws(self, cli):
        text = cli(*self.OPTIONS, "--summary", "-f", "table").stdout
        moments = re.search(r"exact +(\S+) +(\S+)\n", text)
        assert float(moments[1]) == 2.0
        assert float(moments[2]) == pytest.approx(2.0**0.5, rel=1e-5)

    def test_many_elements_are_counted(self, cli):
        np.save("loc.npy", np.arange(30.0))
        text = cli("sample", "-p", "loc=@loc.npy", "--summary", "-f", "table").stdout
        assert "… and 10 more elements" in text

    def test_noise_is_refused(self, cli):
        result = cli("sample", "--summary", "--with-noise", code=2)
        assert "leave --with-noise out" in result.stderr

    @pytest.mark.parametrize(("n", "summary"), [(1000, False), (1001, True)])
    def test_a_terminal_is_not_flooded(self, cli, monkeypatch, n, summary):
        monkeypatch.setattr("reparam.cli.output.on_terminal", lambda: True)
        result = cli("sample", "-n", n, "--seed", 1)
        assert ("this is a summary" in result.stderr) is summary
        assert (len(result.stdout.splitlines()) < 50) is summary
        asked = cli("sample", "-n", n, "--seed", 1, "--format", "table")
        assert len(asked.stdout.splitlines()) == n + 1

    def test_a_pipe_gets_all_rows(self, cli):
        assert len(cli("sample", "-n", 5000, "--seed", 1).stdout.splitlines()) == 5001
