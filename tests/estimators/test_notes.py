"""What reports of expectations say beside their numbers: in graphs, estimates, and on stderr."""

import pickle

import numpy as np
import pytest

import reparam as rp
from reparam.estimators import estimate
from reparam.graphs._jumps import breaks

MISSES = "pathwise misses part of the derivative in "
WILD = "estimates have infinite variance in "


def notes(text, *, n=100, wrt=None, **inputs):
    return rp.Graph(text).at(**inputs).expectation(n, rng=1, wrt=wrt).notes


GAUSSIAN = "y ~ gaussian(loc=m, scale=s)\nloss = "


class TestJumps:
    def test_the_derivative_that_is_missed(self):
        """∂/∂m P(y > 1) = p(1) = 0.352065…, and the mean of the slopes is 0."""
        result = rp.Graph(GAUSSIAN + "where(y > 1, 1, 0)").at(m=0.5, s=1.0).expectation(1000, rng=1)
        assert result.gradient["m"] == 0.0
        assert result.notes == (MISSES + "m, s: the loss jumps where y passes 1",)

    @pytest.mark.parametrize(
        ("text", "inputs", "missed"),
        [
            (GAUSSIAN + "y**2 + where(y > 5, 1, 0)", {"m": 0.0, "s": 1.0}, "m, s"),
            (GAUSSIAN + "where(y > c, y, 2*y)", {"m": 0.0, "s": 1.0, "c": 1.0}, "m, s, c"),
            (GAUSSIAN + "sign(y)", {"m": 0.0, "s": 1.0}, "m"),
            (GAUSSIAN + "abs(y)/y", {"m": 1e-10, "s": 1.0}, "m"),
            (GAUSSIAN + "where(y > m + s, 1, 0)*c", {"m": 1.0, "s": 2.0, "c": 1.0}, ""),
            (GAUSSIAN + "where(y > m, 1, 0)", {"m": 1e-10, "s": 1.0}, ""),
            ("y ~ gamma(alpha=a)\nloss = where(y > 1, 1, 0)", {"a": [1.0, 2.0]}, "a"),
            ("y ~ beta(alpha=a, beta=1)\nloss = where(y > 0.3, 1, 0)", {"a": 1.0}, "a"),
            # compositions: before, after and between draws
            (
                "z ~ gaussian()\ny = m + s*z\nloss = where(y > 0, 1, 0)",
                {"m": 1.0, "s": 2.0},
                "m, s",
            ),
            ("z ~ gaussian()\ny = m + s*z\nloss = where(z > 0, y, 0)", {"m": 1.0, "s": 2.0}, ""),
            (
                "z ~ gaussian(loc=m)\ny ~ laplace(loc=z)\nloss = where(y > 0, 1, 0)",
                {"m": 1.0},
                "m",
            ),
            (
                "z ~ gaussian(loc=m)\nk = where(z > 0, 1, 2)\ny ~ laplace(scale=k)\nloss = y**2",
                {"m": 1.0},
                "m",
            ),
        ],
    )
    def test_names_whose_derivative_is_not_all(self, text, inputs, missed):
        found = [note for note in notes(text, **inputs) if note.startswith(MISSES)]
        assert [note.removeprefix(MISSES).partition(":")[0] for note in found] == [missed][
            : bool(missed)
        ]

    @pytest.mark.parametrize(
        "loss",
        [
            "y**2",
            "relu(y) + clip(y, -1, 2) + min(y, y**3) + abs(y - 1)",
            "where(y > 0, y, 0)",
            "tanh(1e8*(y - 0.5))",
            "((1 + y) - 1)*1e10",
            "cos(30*y)",
            "exp(y)",
            "max(abs(y), 1)",
        ],
    )
    def test_what_does_not_jump(self, loss):
        assert notes(GAUSSIAN + loss, m=0.0, s=1.0) == ()

    @pytest.mark.parametrize(
        "loss",
        ["cos(2.1*y + 1)", "sin(y)/y", pytest.param("abs(sin(y))", marks=pytest.mark.long)],
    )
    def test_what_oscillates_far_out_does_not_jump(self, loss):
        for law in ("student-t(7, m)", "cauchy(m)"):
            assert notes(f"y ~ {law}\nloss = {loss}", m=0.3) == ()

    def test_wherever_it_is(self):
        """Jumps at random places, found to the last digit, and nothing else."""
        rng = np.random.default_rng(1)
        for place in rng.normal(size=20):
            found = breaks(
                lambda y, at=place: (np.sin(y) + (y > at), np.cos(y)), np.arange(-9, 9.5)
            )
            assert [jump.left for jump in found] == [place]
            assert found[0].height == pytest.approx(1.0)


class TestInfiniteVariance:
    @pytest.mark.parametrize(
        ("text", "inputs", "wild"),
        [
            ("y ~ laplace(loc=m)\nloss = exp(y)", {"m": 0.0}, "E[J], ∂E[J]/∂m"),
            ("y ~ laplace(loc=m)\nloss = exp(y/3)", {"m": 0.0}, ""),
            ("y ~ student-t(df=3, loc=m)\nloss = y**2", {"m": 0.0}, "E[J]"),
            ("y ~ laplace(loc=m, scale=s)\nloss = exp(y)", {"m": 0.0, "s": [0.1, 0.6]}, "E[J], ∂E"),
            (GAUSSIAN + "1/(y - 3)", {"m": 0.0, "s": 1.0}, "E[J], ∂E[J]/∂m, ∂E[J]/∂s"),
            (GAUSSIAN + "log(abs(y))", {"m": 0.0, "s": 1.0}, "∂E[J]/∂m"),
            ("z ~ gaussian()\ny ~ laplace(loc=z + m)\nloss = exp(y)", {"m": 0.0}, "E[J], ∂E[J]/∂m"),
        ],
    )
    def test_named(self, text, inputs, wild):
        found = [note for note in notes(text, **inputs) if note.startswith(WILD)]
        assert len(found) == bool(wild)
        if wild:
            assert found[0].startswith(WILD + wild)
            assert found[0].endswith(": no standard error holds")


class TestNotFinite:
    def test_how_many_and_where(self):
        model = rp.Graph(GAUSSIAN + "log(y)").at(m=0.0, s=1.0)
        y = rp.Gaussian().rsample(200_000, rng=1).value
        bad = y < 0.0
        note, *_ = model.expectation(200_000, rng=1).notes
        assert note == (
            f"the loss is NaN in {bad.sum()} of 200000 draws, first in draw {np.argmax(bad)},"
            f" at y from {y[bad].min():.4g} to {y[bad].max():.4g}"
        )

    def test_the_loss_of_a_batch(self):
        note, *_ = notes(GAUSSIAN + "sqrt(y)", m=[100.0, 0.0], s=1.0, n=1000)
        y = rp.Gaussian([100.0, 0.0], 1.0).rsample(1000, rng=1).value[:, 1]
        assert note.startswith(f"the loss is NaN in {(y < 0).sum()} of 1000 draws, first in draw ")
        assert note.endswith(f" to {y[y < 0].max():.4g}")

    def test_infinite_losses_and_derivatives_that_are_nan(self):
        assert notes(GAUSSIAN + "exp(1000*(y + 2))", m=0.0, s=1.0, n=1000)[0].startswith(
            "the loss is infinite in "
        )
        text = "y ~ gaussian(loc=m)\nloss = exp(-s*exp(s*y))"
        assert any("∂J/∂s is NaN in " in note for note in notes(text, m=0.0, s=1000.0))

    def test_estimates_say_so_too(self):
        found = estimate(rp.Gaussian(), "log(y)", 1000, rng=1)
        y = rp.Gaussian().sample(1000, rng=1)
        bad = y < 0.0
        assert (
            f"J is NaN in {bad.sum()} of 1000 draws, first in draw {np.argmax(bad)},"
            f" at y from {y[bad].min():.4g} to {y[bad].max():.4g}"
        ) in found.notes

    def test_of_paths_whose_terms_are_zero_times_infinity(self):
        found = estimate(
            rp.StudentT(1e-3), "tanh(y)", 10_000, estimators=["pathwise", "score"], rng=1
        )
        assert np.isnan(found["pathwise", "df"].value)
        assert np.isfinite(found["score", "loc"].value)
        assert found.notes[-1].startswith("NaN in df, scale by pathwise: J′(y) ∂y/∂θ is 0 · ∞")

    @pytest.mark.parametrize(
        ("d", "objective", "expected"),
        [
            (rp.InverseGamma(0.01, 2.0), "1/y", {"alpha": 0.5, "scale": -0.0025}),
            (rp.InverseGamma(0.01, 2.0), "log(y)", {"alpha": -10_001.62, "scale": 0.5}),
            (rp.Gamma(0.01, 2.0), "log(y)", {"alpha": 10_001.62, "rate": -0.5}),
            (rp.Gamma(0.01, 2.0), "y + log(y)", {"alpha": 10_002.12, "rate": -0.5025}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("estimator", ["pathwise", "antithetic", "qmc"])
    def test_nothing_of_paths_through_the_logarithm(self, d, objective, expected, estimator):
        found = estimate(d, objective, 20_000, estimators=[estimator], rng=1)
        assert not [note for note in found.notes if "NaN" in note]
        for name, right in expected.items():
            row = found[estimator, name]
            assert row.value == pytest.approx(right, rel=1e-6, abs=6.0 * row.standard_error)
            assert row.standard_error < 0.1 * abs(right)


def test_notes_do_not_depend_on_draws_or_threads_and_can_be_pickled(monkeypatch):
    model = rp.Graph(GAUSSIAN + "where(y > 1, log(y), 1/y**2)").at(m=0.5, s=1.0)
    one = model.expectation(300_000, rng=1)
    monkeypatch.setenv("REPARAM_NUM_THREADS", "1")
    other = pickle.loads(pickle.dumps(model.expectation(300_000, rng=1)))
    assert one.notes == other.notes
    assert model.expectation(0, rng=1).notes == model.expectation(10, rng=1).notes


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        (["-p", "loc=0.5", "--loss", "where(y > 1, 1, 0)"], MISSES + "loc, scale: the loss jumps"),
        (["-d", "laplace", "--loss", "exp(y)"], WILD + "E[J], ∂E[J]/∂loc, ∂E[J]/∂scale: no stand"),
        (
            ["--loss", "log(y)"],
            "the loss is NaN in 4 of 10 draws, first in draw 1, at y from -1",
        ),
        (["--node", "y ~ laplace()", "--loss", "exp(y)"], WILD + "E[J]: no standard error holds"),
    ],
)
@pytest.mark.parametrize("total", [True, False])
def test_grad_shows_them_on_stderr(cli, arguments, note, total):
    result = cli("grad", *arguments, "--seed", 1, *["--sum"] * total)
    assert result.exit_code == 0
    assert f"Note: {note}" in result.stderr
    assert "Note" not in result.stdout
