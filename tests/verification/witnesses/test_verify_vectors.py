"""``reparam verify`` of vectors and vector parameters: what is right holds, mistakes are caught.

Mistakes are in one formula each, as those of ``mutants.py`` are. Draws that are wrong come with the
derivatives that belong to them.
"""

import mutants
import numpy as np
import pytest
from scipy.special import ndtri

import reparam as rp
from reparam.domains import REAL
from reparam.parameters import Parameter
from reparam.testing import check
from reparam.verification.evidence.context import LEVELS, parameter_sets
from reparam.verification.refusals import NO_MOMENTS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve
from reparam.verification.targets.vectors import Vectors
from reparam.verification.witnesses import DEFAULTS, WITHOUT_GRADIENTS

SEED = 1
QUICK = {"level": LEVELS["quick"], "seed": SEED, "alpha": 1e-10}
TRANSFORM, PULL, PULL_LOG, LOG_VALUE = (
    getattr(rp.Concrete, name) for name in ("_transform", "_pull", "_pull_log", "_log_value")
)
LOG_PROB, SCORE = rp.Concrete._log_prob, rp.Concrete._score
TINY = 1.0 + 1e-6


class Many(rp.Concrete):
    """Vectors of five entries, more than a density is integrated over."""

    logits: Parameter = Parameter("η", REAL, default=0.0, typical=(-1.0, 1.0), vector=5)


def broken(base, /, **formulas):
    static = {name: staticmethod(formula) for name, formula in formulas.items()}
    return type("Broken", (base,), {**static, "right": base})


# Mistakes of a derivative: of products with ∂y/∂temperature and ∂y/∂logits; x is ln y but for a
# constant.


def factor(temperature, logits):
    return lambda pulled, *_: (temperature * pulled[0], logits * pulled[1])


def in_a_tail(temperature, logits, y, x):
    off = 1.0 + 0.01 * (y[..., 0] < 1e-3)
    return (
        off * temperature if len(temperature) == len(off) else temperature,
        off[..., np.newaxis] * logits,
    )


SLOPES = {
    "temperature, wrong sign": factor(-1.0, 1.0),
    "logits, wrong sign": factor(1.0, -1.0),
    "temperature, off by a factor 1 + 1e-6": factor(TINY, 1.0),
    "logits, off by a factor 1 + 1e-6": factor(1.0, TINY),
    "logits[0], off by a factor 1 + 1e-6": factor(1.0, [TINY, 1.0, 1.0]),
    "temperature, that of a logit": lambda p, *_: (p[1][..., 0], p[1]),
    "logits[0], that of the temperature": lambda p, *_: (
        p[0],
        np.concatenate([p[0][..., np.newaxis], p[1][..., 1:]], axis=-1),
    ),
    "logits, in reverse": lambda p, *_: (p[0], p[1][..., ::-1]),
    "both, off by 1 % where y_0 < 0.001": lambda p, y, x: in_a_tail(*p, y, x),
    "both, another draw's": lambda p, *_: tuple(np.roll(entry, 1, axis=0) for entry in p),
    "temperature, without its mean": lambda p, y, x: (
        p[0] - np.sum(y * x, axis=-1),
        p[1],
    ),
    "logits, without their diagonal": lambda p, y, x: (p[0], p[1] - y),
}


def pulls(pull, mistake):
    def pulled(upstream, y, x, temperature, logits):
        return mistake(pull(upstream, y, x, temperature, logits), y, x)

    return pulled


def on_route(route, name):
    """Return Concrete with a factor 1 + 1e-6 in the derivatives of draws that come one way."""

    def rsample(self, shape=(), *, rng=None):
        draw = rp.Concrete.rsample(self, shape, rng=rng)
        if route != ("each" if self.batch_shape else "shared"):
            return draw
        jacobian = draw.jacobian()
        altered = {**jacobian, name: TINY * jacobian[name]}
        return mutants.Altered(draw, draw.value, lambda: altered)

    return type("Broken", (rp.Concrete,), {"rsample": rsample})


# Mistakes of draws: values and x.


def warmer(u, temperature, logits):
    return TRANSFORM(u, 1.01 * temperature, logits)


def warmer_pull(pull):
    def pulled(upstream, y, x, temperature, logits):
        in_temperature, in_logits = pull(upstream, y, x, 1.01 * temperature, logits)
        return 1.01 * in_temperature, in_logits

    return pulled


def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    weights = np.exp(x)
    return weights / np.sum(weights, axis=-1, keepdims=True), x


def normal(u, temperature, logits):
    """With normal noise of the same mean and variance as Gumbel noise."""
    noise = 0.5772156649015329 + np.pi / np.sqrt(6.0) * ndtri(u)
    return softmax((logits + noise) / np.asarray(temperature)[..., np.newaxis])


def truncated(lower):
    def transform(u, temperature, logits):
        return TRANSFORM(
            np.maximum(u, 1e-3) if lower else np.minimum(u, 0.999), temperature, logits
        )

    return transform


def swapped(u, temperature, logits):
    return TRANSFORM(u, temperature, logits[..., [1, 0, 2]])


def rounded(u, temperature, logits):
    return TRANSFORM(u, temperature, np.round(logits, 1))


def off_by_ten_units(u, temperature, logits):
    y, x = TRANSFORM(u, temperature, logits)
    return y * np.array([1.0 + 1e-14, 1.0, 1.0]), x


# Mistakes of the density.


def of_other_temperature(formula):
    return lambda y, temperature, logits: formula(y, 1.001 * temperature, logits)


def score_times(temperature, logits):
    def score(y, *theta):
        first, second = SCORE(y, *theta)
        return temperature * first, logits * second

    return score


VECTORS = {
    **{
        ("derivative", f"∂{of}/∂θ, {kind}"): broken(rp.Concrete, **{formula: pulls(pull, mistake)})
        for kind, mistake in SLOPES.items()
        for of, formula, pull in (("y", "_pull", PULL), ("log_value", "_pull_log", PULL_LOG))
    },
    **{
        ("derivative", f"∂y/∂{name} of draws, {route}"): on_route(route, name)
        for route in ("shared", "each")
        for name in ("temperature", "logits")
    },
    ("draws", "temperature off by 1 %"): broken(
        rp.Concrete,
        _transform=warmer,
        _pull=warmer_pull(PULL),
        _pull_log=warmer_pull(PULL_LOG),
    ),
    ("draws", "normal noise"): broken(rp.Concrete, _transform=normal),
    ("draws", "lower tail missing"): broken(rp.Concrete, _transform=truncated(True)),
    ("draws", "upper tail missing"): broken(rp.Concrete, _transform=truncated(False)),
    ("draws", "logits swapped"): broken(rp.Concrete, _transform=swapped),
    ("draws", "entries that do not sum to 1"): broken(rp.Concrete, _transform=off_by_ten_units),
    ("continuity", "a step function"): broken(rp.Concrete, _transform=rounded),
    ("view", "log_value off by 1e-12"): broken(
        rp.Concrete, _log_value=lambda *a: LOG_VALUE(*a) * (1.0 + 1e-12)
    ),
    ("log_prob", "density off by a factor 1 + 1e-6"): broken(
        rp.Concrete, _log_prob=lambda *a: LOG_PROB(*a) + 1e-6
    ),
    ("log_prob", "off by a factor 1 + 1e-6"): broken(
        rp.Concrete, _log_prob=lambda *a: LOG_PROB(*a) * TINY
    ),
    ("log_prob", "of another temperature, and its score"): broken(
        rp.Concrete,
        _log_prob=of_other_temperature(LOG_PROB),
        _score=lambda *a: (1.001 * of_other_temperature(SCORE)(*a)[0], SCORE(*a)[1]),
    ),
    ("score", "temperature, off by a factor 1 + 1e-6"): broken(
        rp.Concrete, _score=score_times(TINY, 1.0)
    ),
    ("score", "logits, off by a factor 1 + 1e-6"): broken(
        rp.Concrete, _score=score_times(1.0, TINY)
    ),
    ("score", "logits, in reverse"): broken(
        rp.Concrete, _score=lambda *a: (SCORE(*a)[0], SCORE(*a)[1][..., ::-1])
    ),
    ("score", "temperature, off by 1e-6"): broken(
        rp.Concrete, _score=lambda *a: (SCORE(*a)[0] + 1e-6, SCORE(*a)[1])
    ),
}

MASS, CDF, SF, SCORES = (
    getattr(rp.Categorical, name) for name in ("_log_prob", "_cdf", "_sf", "_score")
)


def drawing(alter):
    """Return Categorical with draws of other logits."""

    def _quantile(cls, u, v, logits):
        return rp.Categorical._quantile(u, v, alter(logits))

    return type("Broken", (rp.Categorical,), {"_quantile": classmethod(_quantile)})


CATEGORIES = {
    ("log_prob", "off by 1e-6"): broken(rp.Categorical, _log_prob=lambda *a: MASS(*a) + 1e-6),
    ("log_prob", "of other logits"): broken(
        rp.Categorical, _log_prob=lambda y, logits: MASS(y, 1.000001 * logits)
    ),
    ("cdf", "of other logits"): broken(
        rp.Categorical, _cdf=lambda y, logits: CDF(y, 1.000001 * logits)
    ),
    ("cdf", "that of y − 1"): broken(
        rp.Categorical, _cdf=lambda y, logits: CDF(np.maximum(y - 1.0, 0.0), logits)
    ),
    ("sf", "of other logits"): broken(
        rp.Categorical, _sf=lambda y, logits: SF(y, 1.000001 * logits)
    ),
    ("score", "wrong sign"): broken(rp.Categorical, _score=lambda *a: (-SCORES(*a)[0],)),
    ("score", "off by a factor 1 + 1e-6"): broken(
        rp.Categorical, _score=lambda *a: (SCORES(*a)[0] * TINY,)
    ),
    ("score", "off by 1e-6"): broken(rp.Categorical, _score=lambda *a: (SCORES(*a)[0] + 1e-6,)),
    ("score", "in reverse"): broken(rp.Categorical, _score=lambda *a: (SCORES(*a)[0][..., ::-1],)),
    ("draws", "logits off by 2 %"): drawing(lambda logits: 1.02 * logits),
    ("draws", "logits swapped"): drawing(lambda logits: logits[..., [1, 0, 2]]),
    ("draws", "one category more often"): drawing(
        lambda logits: logits + np.array([0.02, 0.0, 0.0])
    ),
}


@pytest.mark.parametrize(
    ("subject", "kind", "cls"),
    [
        pytest.param(
            *(subject, kind, cls),
            id=f"{cls.name}-{subject}-{kind}",
            marks=pytest.mark.long if number % 4 else (),
        )
        for mistakes in (VECTORS, CATEGORIES)
        for number, ((subject, kind), cls) in enumerate(mistakes.items())
    ],
)
def test_every_mistake_is_caught(subject, kind, cls):
    order = {"derivative": "derivative", "draws": "distribution", "score": "score"}
    first = [order.get(subject, "identity")]
    mutant = mutants.Mutant(subject, kind, "", "", cls)
    witnesses = first + [name for name in DEFAULTS if name not in first]
    assert any(mutants.catches(witness, mutant, SEED) for witness in witnesses)


@pytest.mark.parametrize("witness", DEFAULTS)
@pytest.mark.parametrize("cls", [rp.Concrete, Many])
def test_what_is_right_holds(cls, witness):
    found = run_check(cls, witness, **QUICK)
    if cls is Many and witness == "identity":
        assert found.outcome is Outcome.SKIPPED
        assert "vectors of 5 entries" in found.reason
    elif witness == "moments":
        assert found.reason == NO_MOMENTS
    else:
        assert found.outcome is Outcome.HOLDS, str(found)


@pytest.mark.parametrize(
    ("witness", "draws"),
    [
        ("distribution", warmer),
        pytest.param("distribution", normal, marks=pytest.mark.long),
        ("expectation", normal),
    ],
)
def test_statistical_witnesses_notice_draws_that_are_not_of_the_density(witness, draws):
    """Each by itself, and the derivatives are right for the draws."""
    cls = broken(rp.Concrete, _transform=draws)
    found = run_check(cls, witness, **QUICK | {"level": LEVELS["default"]})
    assert found.outcome is Outcome.FAILS


def test_gradients_that_are_biased_by_some_percent_are_noticed_in_expectation():
    cls = broken(rp.Concrete, _pull=pulls(PULL, factor(1.05, 1.05)))
    found = run_check(cls, "expectation", **QUICK | {"level": LEVELS["default"]})
    assert found.outcome is Outcome.FAILS
    assert "off by +" in found.worst.note


def test_gradients_that_are_no_numbers_are_found():
    cls = broken(rp.Concrete, _pull=pulls(PULL, factor(np.nan, 1.0)))
    found = run_check(cls, "expectation", **QUICK)
    assert found.outcome is Outcome.FAILS
    assert found.worst.what == "∂y/∂temperature"
    assert "NaN or infinite" in found.worst.note


# Vector parameters, number by number ------------------------------------------------------------


def test_parameters_are_numbers_that_can_be_kept():
    target = resolve("concrete", {"logits[1]": 0.5, "tau": 2.0})
    assert list(target.parameters) == ["temperature", "logits[0]", "logits[1]", "logits[2]"]
    for theta in parameter_sets(target, 5, 0):
        assert (theta["logits[1]"], theta["temperature"]) == (0.5, 2.0)
    assert resolve("categorical", {"eta[2]": 1.0}).fixed == {"logits[2]": 1.0}


def test_a_vector_as_a_whole_is_refused():
    with pytest.raises(rp.ReparamError, match=r"no parameter 'logits'.*it has .*logits\[0\]"):
        resolve("concrete", {"logits": 1.0})


def test_a_distribution_with_numbers_is_looked_at_as_it_is():
    concrete, categorical = rp.Concrete(0.7, [0.0, 1.0]), rp.Categorical([0.0, 1.0, 2.0, 0.5])
    assert isinstance(resolve(concrete), Vectors)
    assert resolve(concrete).length == 2
    assert resolve(concrete).fixed == {"temperature": 0.7, "logits[0]": 0.0, "logits[1]": 1.0}
    assert list(resolve(categorical).fixed.values()) == [0.0, 1.0, 2.0, 0.5]
    check(concrete, level="quick", witnesses=["derivative", "identity", "distribution"])
    check(categorical, level="quick", witnesses=WITHOUT_GRADIENTS)
    assert run_check(rp.Binomial(7, 0.25), "identity", **QUICK).outcome is Outcome.HOLDS
    with pytest.raises(rp.ReparamError, match="has array parameters"):
        resolve(rp.Categorical(np.zeros((2, 3))))
    with pytest.raises(rp.ReparamError, match="vectors of one entry"):
        resolve(rp.Concrete(1.0, [0.0]))


def test_entries_that_underflow_are_no_finding():
    """At a low temperature draws have entries 0, of which logarithms tell all that is told."""
    for witness in DEFAULTS:
        found = run_check(resolve("concrete", {"temperature": 0.002}), witness, **QUICK)
        skipped = witness in ("identity", "expectation", "moments")
        assert found.outcome is (Outcome.SKIPPED if skipped else Outcome.HOLDS), str(found)
        assert ("underflow" in found.reason) is (skipped and witness != "moments")
