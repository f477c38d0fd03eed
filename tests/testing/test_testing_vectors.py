"""The conformance suite of vectors notices what is wrong with a distribution of them."""

import numpy as np
import pytest

import reparam as rp
from reparam import testing
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.regions import Simplex

PROPERTIES = {prop.__name__: prop for prop in testing.VECTOR_PROPERTIES}
TRANSFORM, PULL, PULL_ALONG, PULL_LOG = (
    getattr(rp.Concrete, name) for name in ("_transform", "_pull", "_pull_along", "_pull_log")
)
LOG_PROB, SCORE = rp.Concrete._log_prob, rp.Concrete._score


def broken(**formulas):
    """Return the Concrete distribution with some of its formulas replaced."""
    static = {
        name: staticmethod(formula) if callable(formula) else formula
        for name, formula in formulas.items()
    }
    return type("Broken", (rp.Concrete,), static)


class Pair(rp.Concrete):
    """Vectors of two entries."""

    logits: Parameter = Parameter("η", REAL, 1.0, (-3.0, 3.0), (), "Two logits,", vector=2)


class Many(rp.Concrete):
    """Cold vectors of nine entries."""

    temperature: Parameter = Parameter("τ", POSITIVE, 0.2, (0.2, 0.4), (), "Temperature")
    logits: Parameter = Parameter("η", REAL, 0.0, (-1.0, 1.0), (), "Logits,", vector=9)


def colder(u, temperature, logits):
    """Draws that are not of the density."""
    return TRANSFORM(u, 0.9 * temperature, logits)


def at_colder(pull):
    """Products with the derivatives of what colder draws."""

    def pulled(upstream, y, x, temperature, logits):
        in_temperature, in_logits = pull(upstream, y, x, 0.9 * temperature, logits)
        return 0.9 * in_temperature, in_logits

    return pulled


def along_colder(upstream, tangents, y, x, temperature, logits):
    """The derivative of these products."""
    moved = 0.9 * tangents[0], tangents[1]
    found = PULL_ALONG(upstream, moved, y, x, 0.9 * temperature, logits)
    return 0.9 * found[0], found[1]


COLDER = broken(
    _transform=colder,
    _pull=at_colder(PULL),
    _pull_along=along_colder,
    _pull_log=at_colder(PULL_LOG),
)


class Everywhere(Simplex):
    """A simplex that nothing is outside of."""

    def outside(self, values, theta=None):
        return np.zeros(values.shape[:-1], dtype=bool)


def halves(u, temperature, logits):
    """Values that sum to a half."""
    y, x = TRANSFORM(u, temperature, logits)
    return 0.5 * y, x


def restless(u, temperature, logits):
    """Values that no replay makes again."""
    return TRANSFORM(np.clip(u + 1e-9 * np.random.default_rng().random(u.shape), 0, 1), 1.0, logits)


def sociable(u, temperature, logits):
    """Values that look at their neighbours."""
    y, x = TRANSFORM(u, temperature, logits)
    return y * (1.0 + 4e-16 * (len(u) > 1)), x


def unshifted(u, temperature, logits):
    """Values by exponentials that overflow."""
    x = (logits - np.log(-np.log(u))) / np.asarray(temperature)[..., np.newaxis]
    weights = np.exp(x)
    return weights / weights.sum(axis=-1, keepdims=True), x - x.max(axis=-1, keepdims=True)


def scaled(formula, *factors):
    def products(*arguments):
        return tuple(f * entry for f, entry in zip(factors, formula(*arguments), strict=True))

    return products


def asymmetric(upstream, *rest):
    """Products that are not linear in ∂L/∂y."""
    return PULL(np.abs(upstream), *rest)


CASES = {
    "declares_itself": [
        broken(name="Concrete"),
        broken(about=rp.About("p(y) = …", "y = …", {"temperature": "…"}, "a book")),
    ],
    "draws_repeat": [broken(_transform=restless)],
    "draws_replay": [broken(_transform=restless)],
    "passes_transform": [broken(_transform=halves)],
    "vector_density_is_of_the_support": [
        broken(_support=Everywhere()),
        broken(log_prob=lambda value: np.zeros(np.shape(value)[:-1])),
        broken(cdf=lambda value: 0.5),
    ],
    "passes_derivative": [
        broken(_pull=scaled(PULL, 1.0, 1.00001)),
        broken(_pull=scaled(PULL, 1.00001, 1.0)),
        broken(_pull_log=PULL),
        broken(_pull_log=scaled(PULL_LOG, -1.0, 1.0)),
    ],
    "products_agree": [broken(_pull=asymmetric)],
    "second_products_agree": [
        broken(_pull_along=scaled(PULL_ALONG, 1.00001, 1.0)),
        broken(_pull_along=scaled(PULL_ALONG, 1.0, 1.00001)),
    ],
    "passes_score": [
        broken(_score=scaled(SCORE, 1.00001, 1.0)),
        broken(_score=scaled(SCORE, 1.0, 1.00001)),
    ],
    "passes_expectation": [
        COLDER,
        broken(_pull=scaled(PULL, 1.2, 1.0)),
        broken(_score=lambda y, *theta: (SCORE(y, *theta)[0] + 0.1, SCORE(y, *theta)[1])),
    ],
    "elements_are_independent": [broken(_transform=sociable)],
    "passes_edges": [broken(_transform=unshifted)],
}


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        pytest.param(name, cls, id=f"{name}-{number}")
        for name, classes in CASES.items()
        for number, cls in enumerate(classes)
    ],
)
def test_property_notices(name, cls):
    with pytest.raises(AssertionError, match=f"^{cls.name}: "):
        PROPERTIES[name](cls)


#: What looks at draws and density together; the reference table is of right draws, too.
TOGETHER = (
    "passes_expectation",
    *("passes_transform", "passes_distribution", "passes_expectation"),
)


def test_draws_colder_than_their_density_are_consistent_otherwise():
    """It takes draws and density together to notice."""
    for name, has_property in PROPERTIES.items():
        if name not in (*TOGETHER, "is_frozen"):  # it is local: no pickle
            has_property(COLDER)


def test_properties_go_by_kind():
    assert testing.properties(rp.Concrete) is testing.VECTOR_PROPERTIES


@pytest.mark.long
@pytest.mark.parametrize("cls", [Pair, Many])
def test_other_vectors_than_three_logits_pass(cls):
    for has_property in testing.properties(cls):
        has_property(cls)
