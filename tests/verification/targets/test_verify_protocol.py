"""The protocol of samplers: what is refused, and how what goes wrong with a target is named."""

import math
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

import reparam as rp
from reparam.errors import InputError, ReparamError
from reparam.verification import Comparison, Outcome, TargetSpec, verify, witnesses
from reparam.verification.evidence.context import LEVELS
from reparam.verification.refusals import NoGradient, NotApplicable
from reparam.verification.run import running
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import name_of, resolve

QUICK = {"level": "quick", "seed": 1}


def sampled(n, *, rng, loc, scale):
    z = rng.standard_normal(n)
    return loc + scale * z, {"loc": np.ones(n), "scale": z}


def made(**attributes):
    """Return a sampler of the Gaussian distribution, with other attributes."""
    return SimpleNamespace(**({"distribution": "gaussian", "rsample": sampled} | attributes))


def checked(target, witness):
    return run_check(target, witness, LEVELS["quick"], seed=1, alpha=1e-9)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"support": 3}, "has support=3; pass its ends (low, high)"),
        ({"support": (1.0, 0.0)}, "has support=(1.0, 0.0); pass its ends"),
        ({"support": (0.0, math.nan)}, "has support=(0.0, nan); pass its ends"),
        ({"parameters": {}}, "has parameters={}; it should be a dict with the range"),
        ({"parameters": ["loc"]}, "has parameters=['loc']; it should be a dict with the range"),
        (
            {"parameters": {"mu": (-1, 1), "sigma": (1, 2)}},
            "mu, sigma, and gaussian, which it claims to be, has loc, scale: none of its is",
        ),
        (
            {"distribution": "gaussian", "parameters": {"loc": (-1, 1), "scale": (-1, 2)}},
            "has (-1, 2) for scale, which is in (0, inf) for the distribution that it claims to be",
        ),
        (
            {"distribution": "gaussian", "parameters": {"loc": (-1, 1), "scale": -2.0}},
            "has -2.0 for scale, which is in (0, inf) for the distribution",
        ),
        ({"cdf": 0.5}, "has cdf=0.5; make it a method, or None for none"),
        ({"rsample": None}, "lacks rsample(n, rng=…, **parameters)"),
        (
            {"distribution": None, "parameters": {"loc": (-1, 1)}, "cdf": None},
            "lacks what its draws should be: cdf",
        ),
        ({"transform": sampled, "noise": "gamma"}, 'noise is "uniform" or "normal"'),
    ],
)
def test_what_is_against_the_protocol_is_refused(attributes, message):
    with pytest.raises(InputError) as caught:
        resolve(made(**attributes))
    assert str(caught.value).startswith("SimpleNamespace ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("thing", "recipe"),
    [
        (sampled, "class Own: rsample = staticmethod(sampled); parameters = {"),
        (partial(sampled, 3), "class Own: rsample = staticmethod(it); parameters = {"),
        ({"rsample": sampled}, "it is a dict, of which types.SimpleNamespace(**it) makes an"),
        (stats.norm(0.0, 2.0), "cdf = staticmethod(lambda y, scale: stats.norm.cdf(y, scale="),
    ],
    ids=["function", "partial", "dict", "frozen"],
)
def test_what_is_no_target_is_shown_how_to_become_one(thing, recipe):
    with pytest.raises(InputError, match="lacks") as refusal:
        resolve(thing)
    assert recipe in str(refusal.value)


def test_the_recipe_for_a_function_makes_a_target():
    def drawn(n, *, rng, scale):
        z = rng.laplace(size=n)
        return scale * z, {"scale": z}

    with pytest.raises(InputError) as refusal:
        resolve(drawn)
    names = {"drawn": drawn}
    exec("class Own: " + str(refusal.value).partition("class Own: ")[2], names)
    assert checked(resolve(names["Own"]), "derivative").outcome is Outcome.HOLDS


def test_some_of_the_parameters_of_what_it_claims_to_be_are_enough():
    def spread(n, *, rng, scale):
        z = rng.standard_normal(n)
        return scale * z, {"scale": z}

    target = made(rsample=spread, parameters={"scale": (0.1, 10)})
    assert checked(target, "derivative").outcome is Outcome.HOLDS


@pytest.mark.parametrize("witness", witnesses.NAMES)
def test_a_formula_that_is_none_is_not_there(witness):
    absent = dict.fromkeys(["icdf", "cdf", "sf", "log_prob", "score", "pathwise", "transform"])
    found, expected = checked(made(**absent), witness), checked(made(), witness)
    assert (found.outcome, found.reason) == (expected.outcome, expected.reason)
    assert not found.crashed


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (lambda y, gradients: (y, None), "(ndarray, None)"),
        (lambda y, gradients: (y, gradients, 1), "(ndarray, dict, int)"),
        (lambda y, gradients: tuple(y), "tuple"),
        (lambda y, gradients: None, "None"),
    ],
)
def test_what_rsample_returns_is_named(result, told):
    target = made(rsample=lambda *args, **options: result(*sampled(*args, **options)))
    found = checked(target, "expectation")
    assert found.crashed
    assert found.reason == f"rsample returned {told}, not (values, {{parameter: ∂y/∂parameter}})"


class TestConstants:
    """Parameters that nothing is differentiated in."""

    def test_one_may_be_given(self):
        settings = {"witnesses": ["score", "distribution"], "fixed": {"n": 7, "p": 0.25}}
        report = verify("binomial", **settings, **QUICK)
        assert report.holds
        drawn = resolve("binomial", {"n": 7, "p": 0.25}).values({"probs": 0.25}, 10_000, 1)
        assert np.mean(drawn) == pytest.approx(7 * 0.25, abs=0.1)

    def test_that_of_a_distribution_stays(self):
        target = resolve(rp.Binomial(total=9, probs=0.5))
        assert target.values({"probs": 1.0 - 1e-12}, 1, 1) == 9
        assert target.parameters.keys() == {"probs"}

    def test_it_has_a_domain(self):
        with pytest.raises(ReparamError, match=r"total=2\.5 is not in"):
            resolve("binomial", {"total": 2.5})


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("normal", "gaussian"),
        ("Laplace", "laplace"),
        ("laplce", "laplce"),
        ("torch:Beta", "torch:Beta"),
        (rp.Laplace, "Laplace"),
        (rp.Laplace(1.0, 2.0), "Laplace(loc=1.0, scale=2.0)"),
        (made(), "SimpleNamespace"),
        (resolve("normal"), "gaussian"),
    ],
)
def test_names(spec, name):
    assert name_of(spec) == name
    if name != "laplce" and spec != "torch:Beta":
        assert resolve(spec).name == name
    assert TargetSpec(spec).name == name


class TestWhatWasComparedStays:
    """A witness that gives up after it has found something."""

    @staticmethod
    def found(monkeypatch, refusal, *comparisons, target="laplace"):
        def witness(context):
            yield from comparisons
            raise refusal

        monkeypatch.setattr(witnesses, "load", lambda name, **_: witness)
        return checked(target, "score")

    WRONG = Comparison("y", Outcome.FAILS, 2.0, 1.0)
    RIGHT = Comparison("y", Outcome.HOLDS, 0.5, 1.0)

    @pytest.mark.parametrize(
        ("comparison", "outcome"),
        [(WRONG, Outcome.FAILS), (RIGHT, Outcome.INCONCLUSIVE)],
    )
    def test_it_does_not_apply_any_more(self, monkeypatch, comparison, outcome):
        check = self.found(monkeypatch, NotApplicable("too few"), comparison)
        assert comparison in check.comparisons
        assert (check.outcome, check.reason) == (outcome, "")
        assert "too few" in [each.note for each in check.comparisons]

    def test_gradients_are_missing_at_some_parameters(self, monkeypatch):
        check = self.found(monkeypatch, NoGradient("none in scale"), self.RIGHT)
        assert check.outcome is Outcome.FAILS
        assert check.reason == "no gradient flows: none in scale"
        assert check.comparisons == (self.RIGHT,)

    def test_a_target_that_claims_none_has_none(self, monkeypatch):
        check = self.found(monkeypatch, NoGradient("a count"), self.RIGHT, target="poisson")
        assert (check.outcome, check.reason) == (Outcome.HOLDS, "")

    def test_nothing_was_compared(self, monkeypatch):
        check = self.found(monkeypatch, NotApplicable("no cdf"))
        assert (check.outcome, check.reason) == (Outcome.SKIPPED, "no cdf")

    def test_there_are_no_gradients(self, monkeypatch):
        check = self.found(monkeypatch, NoGradient("cut"))
        assert (check.outcome, check.reason) == (Outcome.FAILS, "no gradient flows: cut")
        check = self.found(monkeypatch, NoGradient("a count"), target="poisson")
        assert check.outcome is Outcome.SKIPPED

    def test_it_raises(self, monkeypatch):
        check = self.found(monkeypatch, ZeroDivisionError("by 0"), self.RIGHT)
        assert check.outcome is Outcome.FAILS
        assert check.comparisons == (self.RIGHT,)
        assert check.reason.startswith("it raised ZeroDivisionError: by 0")


class TestMistakesOfOurs:
    """A witness that can't be imported is nothing that a target does."""

    @pytest.fixture(autouse=True)
    def broken(self, monkeypatch):
        monkeypatch.setitem(witnesses.NAMES, "broken", "nothing")
        monkeypatch.setattr(witnesses, "BY_COST", (*witnesses.BY_COST, "broken"))
        monkeypatch.setitem(witnesses._WITNESSES, "broken", witnesses._WITNESSES["score"])

    def test_in_a_worker(self, capfd):
        with pytest.raises(ReparamError, match="reparam verify is broken: ModuleNotFoundError: No"):
            verify("laplace", witnesses="broken", **QUICK)
        assert "Traceback" in capfd.readouterr().err

    def test_in_this_process(self):
        with pytest.raises(ModuleNotFoundError):
            running.checks_here("laplace", witnesses="broken", **QUICK)
        with pytest.raises(ModuleNotFoundError):
            checked("laplace", "broken")
