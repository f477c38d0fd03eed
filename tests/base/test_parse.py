"""``rp.parse`` reads what ``repr`` writes, and says where it can't; hostile text is refused."""

import math
import random

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings
from minimal_laws import Gumbel, Shifted

import reparam as rp
from reparam.errors import (
    ExpressionError,
    ParameterError,
    UnknownDistributionError,
    UnknownParameterError,
)
from reparam.registry import BUILT_IN

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def same(one, other):
    """Whether two distributions are equal, bit for bit."""
    return (
        type(one) is type(other)
        and getattr(one, "path", None) == getattr(other, "path", None)
        and list(one.parameters) == list(other.parameters)
        and all(
            np.shape(one[path]) == np.shape(other[path])
            and np.asarray(one[path]).tobytes() == np.asarray(other[path]).tobytes()
            for path in one.parameters
        )
    )


def numbers(domain):
    """Any number in a domain."""
    if isinstance(domain, rp.Integers):
        low, high = max(domain.low, -(2**53)), min(domain.high, 2**53)
        return st.integers(int(low), int(high)).map(float)
    return st.floats(domain.low, domain.high, exclude_min=True, exclude_max=True)


@st.composite
def distributions(draw, cls):
    """A distribution with scalar parameters and arrays of up to eight numbers, of one shape."""
    shape = draw(st.sampled_from([(), (1,), (4,), (2, 1), (2, 2), (1, 2, 2)]))
    theta = {}
    for name in draw(st.sampled_from(cls._selections())):
        parameter = cls.parameters[name]
        if parameter.length_of:
            theta[name] = float(draw(st.integers(2, 4)))
            continue
        few = [(), shape if parameter.rank < 2 else (1,)]
        own = draw(st.sampled_from(few)) + (2,) * parameter.rank
        size, region = math.prod(own), parameter.domain.rank
        each = st.floats(-3.0, 3.0) if region else numbers(parameter.domain)
        value = np.array(draw(st.lists(each, min_size=size, max_size=size))).reshape(own)
        theta[name] = parameter.domain.member(value) if region else value
    for low, high in (*cls._ordered, *cls._not_above):
        pair = theta[low], theta[high]
        theta[low], theta[high] = np.minimum(*pair), np.maximum(*pair)
        assume((low, high) in cls._not_above or np.all(theta[low] < theta[high]))
    for name, _ in cls._above:
        theta[name] = np.maximum(theta[name], 1.5)  # axes have two entries
    return cls(**theta)


@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=15)
@given(data=st.data())
def test_repr_parses_back_bit_for_bit(name, data):
    d = data.draw(distributions(rp.get(name)))
    assert same(rp.parse(repr(d)), d)
    if hasattr(d, "by_quantile") and not d.event_shape:
        assert same(rp.parse(repr(d.by_quantile())), d.by_quantile())


@given(FINITE, st.lists(FINITE, min_size=1, max_size=8))
def test_composition_parses_back_bit_for_bit(by, loc):
    d = Shifted(rp.Gaussian(loc=loc, scale=0.1), by=by)
    assert same(rp.parse(repr(d), classes=[Shifted]), d)
    twice = Shifted(Shifted(rp.Gamma(alpha=0.3).by_quantile(), by=-0.0))
    found = rp.parse(repr(twice), classes=[Shifted])
    assert same(found, twice)
    assert found.base.base.path == "map"


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_alone_and_empty_calls_have_the_defaults(name):
    d = rp.get(name)()
    for text in (name, f"{name}()", f" {name.upper()} ( ) ", name.replace("-", "_"), repr(d)):
        assert same(rp.parse(text), d)
    for alias in rp.get(name).aliases:
        assert same(rp.parse(alias), d)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("gaussian(0, 1)", "Gaussian(loc=0.0, scale=1.0)"),
        ("normal(mu=1, sigma=0x1F)", "Gaussian(loc=1.0, scale=31.0)"),
        ("gaussian(1_000.5, .5)", "Gaussian(loc=1000.5, scale=0.5)"),
        ("gaussian(-1e-3, 0b11)", "Gaussian(loc=-0.001, scale=3.0)"),
        ("gaussian(- 0.0, 1E+2,)", "Gaussian(loc=-0.0, scale=100.0)"),
        ("Student_T(df=3)", "StudentT(df=3.0, loc=0.0, scale=1.0)"),
        ("student-t(df=3)", "StudentT(df=3.0, loc=0.0, scale=1.0)"),
        ("gaussian([1, -2.0], (3, 4))", "Gaussian(loc=[1.0, -2.0], scale=[3.0, 4.0])"),
        ("gaussian(loc=[[1], [2],])", "Gaussian(loc=[[1.0], [2.0]], scale=1.0)"),
        ("\n\tgaussian(\nloc = 1)", "Gaussian(loc=1.0, scale=1.0)"),
        ("by_quantile(gamma(2))", "ByQuantile(Gamma(alpha=2.0, rate=1.0))"),
        ("byquantile(gaussian)", "Gaussian(loc=0.0, scale=1.0)"),
        ("SHIFTED(gumbel, shift=inf - 1)", None),
        ("shifted(extreme-value)", None),
        ("shifted(gumbel(1), shift=2)", "Shifted(base=Gumbel(loc=1.0, scale=1.0), by=2.0)"),
    ],
)
def test_spellings(text, written):
    if written is None:
        with pytest.raises(rp.ReparamError):
            rp.parse(text, classes=[Shifted, Gumbel])
    else:
        assert repr(rp.parse(text, classes=[Shifted, Gumbel])) == written


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ExpressionError, "has no distribution in it; write one, such as gaussian(loc=0, sc"),
        ("gaussian(0, 1", ExpressionError, "column 14: expected ',' or ')', not the end"),
        ("gaussian(0 1)", ExpressionError, "column 12: expected ',' or ')', not '1'"),
        ("gaussian(0))", ExpressionError, "column 12: expected nothing after the distribution"),
        ("gaussian(0]", ExpressionError, "column 11: expected ',' or ')', not ']'"),
        ("gaussian([0)", ExpressionError, "column 12: expected ',' or ']', not ')'"),
        ("mvn(scale_tril=@L.npy)", ExpressionError, "column 16: text reads no files; leave"),
        ("gaussian(,)", ExpressionError, "column 10: expected a distribution, a number or a list"),
        ("gaussian(loc=)", ExpressionError, "column 14: expected a distribution, a number"),
        ("gaussian(loc=1, 2)", ExpressionError, "column 17: a value comes after parameters with"),
        ("gaussian(loc=1, loc=2)", ExpressionError, "loc is given already; give it once"),
        ("gaussian(loc=1, mu=2)", UnknownParameterError, "got 'loc' twice ('mu' is an alias of"),
        ("gaussian(--1)", ExpressionError, "column 11: expected a number after '-', not '-'"),
        (
            "gaussian(1 - 1)",
            ExpressionError,
            "column 12: '-' is for a distribution of real numbers",
        ),
        ("gaussian(1j)", ExpressionError, "column 10: '1j' is not a number"),
        ("gaussian(0x)", ExpressionError, "column 10: '0x' is not a number"),
        ("gaussian(1e400)", ExpressionError, "column 10: the number is too large for float64"),
        ("gaussian(0x" + "F" * 300 + ")", ExpressionError, "column 10: the number is too large"),
        ("gaussian(nan)", ExpressionError, "column 10: nan is not a number that a parameter can"),
        ("gaussian('a')", ExpressionError, "column 10: expected a distribution, a number"),
        ("gaussian(lambda x)", UnknownDistributionError, "column 10: no distribution is called"),
        ("gaussian().mean", ExpressionError, "column 11: expected nothing after"),
        ("gaussian()()", ExpressionError, "column 11: expected nothing after"),
        ("3", ExpressionError, "column 1: expected a distribution, such as gaussian(loc=0, sca"),
        ("[gaussian()]", ExpressionError, "column 1: expected a distribution"),
        ("gausian(0)", UnknownDistributionError, "column 1: no distribution is called 'gausian';"),
        ("shifted(gausian)", UnknownDistributionError, "column 9: no distribution is called 'gau"),
        ("student-x(3)", UnknownDistributionError, "'student-x'; did you mean 'student-t'?"),
        ("gausian", UnknownDistributionError, "no distribution is called 'gausian'; did you mean"),
        ("gaussian(sgma=1)", UnknownParameterError, "no parameter 'sgma'; did you mean 'sigma'?"),
        ("gaussian(self=1)", UnknownParameterError, "Gaussian has no parameter 'self'"),
        ("binomial(total-count=1)", ExpressionError, "column 10: a parameter's name has no hyph"),
        ("gaussian(scale=-1)", ParameterError, "scale=-1 is not in (0, inf); pass a positive"),
        ("gaussian(scale=inf)", ParameterError, "scale=inf is not in (0, inf)"),
        ("gaussian([[1], [2, 3]])", ParameterError, "is not a real number or an array of real"),
        ("gaussian(gamma)", ParameterError, "is not a real number or an array of real numbers"),
        ("shifted(3)", ParameterError, "base=3.0 is not a Reparameterized; pass an instance"),
        ("shifted()", UnknownParameterError, "Shifted needs base; pass a distribution, such as"),
        ("os:system('ls')", ExpressionError, "column 1: 'os:system' names a module, which text"),
        ("shifted(a.py:B)", ExpressionError, "column 9: 'a.py:B' names a module, which text does"),
        ("ByQuantile()", ExpressionError, "column 1: ByQuantile takes one distribution"),
        ("ByQuantile(poisson)", ExpressionError, "column 1: ByQuantile takes one distribution"),
    ],
)
def test_errors_name_the_place_and_what_is_expected(text, error, message):
    with pytest.raises(error) as caught:
        rp.parse(text, classes=[Shifted])
    assert message in str(caught.value)


def test_a_hyphen_after_a_name_that_has_some_is_a_minus():
    assert repr(rp.parse("student-t-1")) == repr(rp.StudentT() - 1.0)
    value = rp.parse("generalized-extreme-value-2")
    assert repr(value) == repr(rp.GeneralizedExtremeValue() - 2.0)


def test_shortened_array_says_why_it_cannot_be_read():
    with pytest.raises(ExpressionError) as caught:
        rp.parse(repr(rp.Gaussian(loc=np.zeros(100))))
    assert "column 14: <array of shape (100,)> stands for numbers that repr leaves" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 5000, "[" * 5000, "gaussian(" * 1000, "-" * 5000, "gaussian" * 1000, "a-" * 4000),
        *("gaussian([" + "[" * 40, "9" * 9000, "gaussian(" + "9" * 9000 + ")", "\0", "\udcff", "²"),
        *("gaussian(" + "loc=1," * 1600 + ")", "0x" + "f" * 9000, "1" + "e1" * 4000, "x" * 10_001),
        "gaussian([" + "1," * 4000 + "])" + "x",
    ],
)
def test_hostile_text_is_refused_at_once(text):
    with pytest.raises(rp.ReparamError) as caught:
        rp.parse(text)
    named = len(", ".join(rp.names()))  # a message may list all there are
    assert len(str(caught.value)) < 200 + named + len(text)


@pytest.mark.parametrize("count", [600, pytest.param(3000, marks=pytest.mark.long)])
def test_random_texts_raise_nothing_else(count):
    chance = random.Random(0)
    pieces = [*"()[],=-<>e_. \n\\'", "gaussian", "gamma", "student-t", "ByQuantile", "loc", "scale"]
    pieces += ["1", "0.5", "inf", "nan", "٣", "(", ")", "()"]
    parsed = 0
    for _ in range(count):
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 12)))
        try:
            d = rp.parse(text)
        except rp.ReparamError:
            continue
        parsed += 1
        assert same(rp.parse(repr(d)), d)
    assert parsed > 5
