"""Parameters: declared as data, validated before any work, with messages that help."""

import inspect
import math
from decimal import Decimal
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

import reparam as rp
from reparam.domains import POSITIVE, REAL, UNIT, Interval
from reparam.errors import (
    CountError,
    ParameterError,
    ReparamError,
    ShapeError,
    UnknownParameterError,
)
from reparam.parameters import Parameter

ALL = pytest.mark.parametrize("cls", [rp.get(name) for name in rp.names()], ids=rp.names())

# Declarations


@ALL
def test_declaration_gives_signature_defaults_and_documentation(cls):
    signature = inspect.signature(cls)
    others = [name for name, _ in cls._others()]
    assert list(signature.parameters) == [*cls.parameters, *others]
    for name, parameter in cls.parameters.items():
        assert getattr(cls, name) is parameter
        np.testing.assert_array_equal(signature.parameters[name].default, parameter.initial)
        np.testing.assert_array_equal(getattr(cls(), name), parameter.initial)
        assert f"{name} : array_like, default {parameter.initial_text}" in cls.__doc__
        assert all(alias in cls.__doc__ for alias in parameter.aliases)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: rp.Gaussian(mu=1.0, sigma=2.0), {"loc": 1.0, "scale": 2.0}),
        (lambda: rp.Gaussian(mean=1.0, std=2.0), {"loc": 1.0, "scale": 2.0}),
        (lambda: rp.Gaussian(1.0, sigma=2.0), {"loc": 1.0, "scale": 2.0}),
        (lambda: rp.Laplace(mu=1.0, b=2.0), {"loc": 1.0, "scale": 2.0}),
        (lambda: rp.Exponential(**{"lambda": 3.0}), {"rate": 3.0}),
        (lambda: rp.Beta(a=2.0, b=3.0), {"alpha": 2.0, "beta": 3.0}),
        (lambda: rp.Gamma(shape=2.0, b=3.0), {"alpha": 2.0, "rate": 3.0}),
        (lambda: rp.StudentT(nu=4.0), {"df": 4.0, "loc": 0.0, "scale": 1.0}),
        (lambda: rp.F(dfn=4.0, d2=9.0), {"df1": 4.0, "df2": 9.0}),
    ],
)
def test_everyday_spellings(call, expected):
    d = call()
    assert {name: getattr(d, name) for name in d.parameters} == expected


@ALL
def test_alias_is_the_parameter(cls):
    for name, parameter in cls.parameters.items():
        value = parameter.typical_at(np.ones(parameter.lengths))
        below, above = others_in_order(cls, name) if cls._not_above else ({}, {})
        for alias in parameter.aliases:
            assert cls.parameters.canonical(alias) == name
            assert alias in cls.parameters
            assert cls.parameters[alias] is parameter
            made = cls(**{alias: value}, **below, **above)
            np.testing.assert_array_equal(getattr(made, name), value)
            twice = f"{name!r} twice .*{alias!r} is an alias"
            with pytest.raises(UnknownParameterError, match=twice):
                cls(**{name: 1.0, alias: 1.0})


def test_parameter_given_by_position_and_by_name_is_an_error():
    with pytest.raises(UnknownParameterError, match="Gaussian got 'loc' twice; pass it once"):
        rp.Gaussian(0.0, loc=1.0)


def test_unknown_parameter_gets_the_nearest_one():
    with pytest.raises(
        UnknownParameterError,
        match=r"Gaussian has no parameter 'sgima'; did you mean 'sigma'\? \(it has loc, scale\)",
    ):
        rp.Gaussian(sgima=1.0)


def test_too_many_parameters_are_an_error():
    with pytest.raises(UnknownParameterError, match=r"Gaussian takes 2 .*\(loc, scale\) but got 3"):
        rp.Gaussian(0.0, 1.0, 2.0)


@pytest.mark.parametrize("kind", [ParameterError, UnknownParameterError, ShapeError])
def test_errors_are_of_the_library_and_of_the_expected_built_in_kind(kind):
    assert issubclass(kind, ReparamError)
    assert issubclass(kind, TypeError if kind is UnknownParameterError else ValueError)


@pytest.mark.parametrize(
    ("interval", "text", "inside", "outside"),
    [
        (REAL, "(-inf, inf)", [-1e308, 0.0, 1e308], [-math.inf, math.inf, math.nan]),
        (POSITIVE, "(0, inf)", [5e-324, 1e308], [0.0, -0.0, -5e-324, math.inf, math.nan]),
        (UNIT, "(0, 1)", [5e-324, 1.0 - 2.0**-53], [0.0, 1.0, math.nan]),
        (Interval(-1.0, 2.5), "(-1, 2.5)", [-0.5, 2.0], [-1.0, 2.5]),
    ],
)
def test_intervals_are_open(interval, text, inside, outside):
    assert str(interval) == text
    assert all(value in interval for value in inside)
    assert not any(value in interval for value in outside)
    for position, value in enumerate(outside):
        values = np.array([*outside[:position], value])
        assert interval.first_outside(values[position:]) == 0
        assert interval.first_outside(np.array([inside[0], value, inside[-1]])) == 1
    assert interval.first_outside(np.array(inside)) is None


def test_interval_between_parameters_takes_their_values():
    between = Interval("low", "high")
    assert str(between) == "(low, high)"
    assert between.ends({"low": 1.0, "high": 2.0}) == (1.0, 2.0)


# Values


@pytest.mark.parametrize(
    ("cls", "given", "message"),
    [
        (rp.Gaussian, {"scale": -2.0}, "scale=-2 is not in (0, inf); pass a positive scale"),
        (rp.Gaussian, {"scale": 0.0}, "scale=0 is not in (0, inf); pass a positive scale"),
        (rp.Gaussian, {"scale": -0.0}, "scale=-0 is not in (0, inf); pass a positive scale"),
        (rp.Gaussian, {"std": math.inf}, "scale=inf is not in (0, inf); pass a positive scale"),
        (rp.Gaussian, {"mu": math.nan}, "loc=nan is not in (-inf, inf); pass a finite loc"),
        (rp.Gaussian, {"loc": -math.inf}, "loc=-inf is not in (-inf, inf); pass a finite loc"),
        (
            rp.Exponential,
            {"rate": [1.0, 0.0]},
            "rate[1]=0 is not in (0, inf); pass a positive rate",
        ),
        (
            rp.Beta,
            {"alpha": [[1.0, 2.0], [3.0, math.nan]]},
            "alpha[1, 1]=nan is not in (0, inf); pass a positive alpha",
        ),
    ],
)
def test_value_outside_the_domain_is_named_with_rule_and_remedy(cls, given, message):
    with pytest.raises(ParameterError) as caught:
        cls(**given)
    assert str(caught.value) == message


def test_remedy_of_a_bounded_domain_names_its_ends():
    bounded = Parameter("ρ", Interval(-1.0, 1.0), 0.0, (-0.5, 0.5))
    bounded.__set_name__(rp.Gaussian, "rho")
    with pytest.raises(ParameterError, match=r"rho=1 .*; pass a rho strictly between -1 and 1"):
        bounded.validated(1.0)


@pytest.mark.parametrize(
    "value",
    [
        1j,
        np.ones(2, complex),
        True,
        np.array([True, False]),
        "1.0",
        b"1",
        np.array(["1", "2"]),
        None,
        pytest.param(object(), id="object"),
        np.array([1.0, None]),
        [1.0, [2.0, 3.0]],
        np.datetime64("2020-01-01"),
        Decimal("sNaN"),
        np.array("1", object),
        [True, 2.0],
        [np.True_, 2.0],
        [np.array([True]), np.array([2.0])],
        ["1", 2.0],
        {"a": 1.0},
    ],
    ids=repr,
)
def test_value_that_is_no_real_number_is_an_error(value):
    with pytest.raises(ParameterError, match=r"^scale=.* is not a real number or an array of real"):
        rp.Gaussian(scale=value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2**64, 2.0**64),
        (2**70 + 1, 2.0**70),
        (Fraction(1, 3), 1 / 3),
        (Decimal("0.1"), 0.1),
        (mpmath.mpf(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
    ],
    ids=repr,
)
def test_real_number_that_numpy_has_no_type_for_becomes_the_nearest_float64(value, number):
    scale = rp.Gaussian(scale=value).scale
    assert scale == number
    assert scale.dtype == np.float64
    pair = rp.Gaussian(scale=[value, 2.0]).scale
    assert pair.tolist() == [number, 2.0]
    assert rp.Gaussian().log_prob(value) == rp.Gaussian().log_prob(number)


@pytest.mark.parametrize(
    "value",
    [10**400, 10**5000, Fraction(10**400), [1.0, 10**400]],
    ids=["400 digits", "5000 digits", "fraction", "list"],
)
def test_number_beyond_float64_is_an_error_of_one_line(value):
    with pytest.raises(
        ParameterError, match=r"is too large for float64, which ends at 1.8e308"
    ) as e:
        rp.Gaussian(scale=value)
    assert len(str(e.value)) < 300


def test_values_of_any_length_make_a_short_message():
    with pytest.raises(ParameterError, match="is not a real number") as caught:
        rp.Gaussian(scale=["x"] * 100_000)
    assert len(str(caught.value)) < 300


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


@pytest.mark.parametrize("value", [MASKED, [MASKED], np.ma.masked, [1.0, np.ma.masked]], ids=repr)
def test_masked_value_is_an_error_and_not_the_number_under_the_mask(value):
    with pytest.raises(ParameterError, match=r"^scale has 1 of . values masked; leave"):
        rp.Gaussian(scale=value)
    with pytest.raises(ParameterError, match=r"value has 1 of . values masked"):
        rp.Gaussian().log_prob(value)
    with pytest.raises(ParameterError, match=r"y has 1 of . values masked"):
        rp.Expression("y**2").value({"y": value})


def test_masked_array_of_which_nothing_is_masked_is_an_array():
    assert rp.Gaussian(scale=np.ma.array([1.0, 2.0])).scale.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("depth", [70, 5000])
def test_lists_nested_too_deep_are_an_error(depth):
    value = [1.0]
    for _ in range(depth):
        value = [value]
    with pytest.raises(ParameterError, match=r"is not a real number or an array of real numbers$"):
        rp.Gaussian(scale=value)


@pytest.mark.parametrize(
    "call",
    [
        lambda ones: rp.Gaussian(ones),
        lambda ones: rp.Gaussian().log_prob(ones),
        lambda ones: rp.Gaussian().transform(ones),
        lambda ones: rp.Gaussian().rsample(ones.shape),
        lambda ones: rp.Poisson().sample(ones.shape),
        lambda ones: rp.Concrete().sample(ones.shape[1:]),
        lambda ones: rp.Gaussian(ones[0]).rsample(2),
        lambda ones: rp.Expression("y**2").value({"y": ones}),
    ],
)
def test_more_dimensions_than_can_be_broadcast_are_an_error(call):
    with pytest.raises(ShapeError, match=r" has 3[34] dimensions, and at most 32 are possible"):
        call(np.ones((1,) * (33)))
    d = rp.Gaussian(np.ones((1,) * 16), np.ones((2, *(1,) * 15)))
    assert d.rsample((1,) * 16, rng=0).jacobian()["scale"].ndim == 32


@pytest.mark.parametrize(
    "value",
    [2, 2.0, np.int8(2), np.uint64(2), np.float16(2), np.float32(2), np.longdouble(2), np.array(2)],
    ids=lambda value: type(value).__name__,
)
def test_real_number_of_any_type_becomes_float64(value):
    scale = rp.Gaussian(scale=value).scale
    assert scale == 2.0
    assert scale.dtype == np.float64


@pytest.mark.parametrize("value", [[1, 2], (1.0, 2.0), np.array([1, 2], np.float32), range(1, 3)])
def test_sequence_becomes_a_float64_array(value):
    scale = rp.Gaussian(scale=value).scale
    assert scale.tolist() == [1.0, 2.0]
    assert scale.dtype == np.float64


def others_in_order(cls, name):
    """Return values for the parameters that must be below, and for those that must be above."""
    pairs = (*cls._ordered, *cls._not_above)
    rank = {each: sum(above == each for _, above in pairs) for each in cls.parameters}
    tied = {each for pair in pairs for each in pair} - {name}
    domain = cls.parameters[name].domain
    least = 5e-324 if domain == POSITIVE else -1.5e308 if domain.low == -np.inf else 0.0
    below = {each: least + 1e307 * rank[each] for each in tied if rank[each] < rank[name]}
    above = {each: 1e308 + 1e307 * rank[each] for each in tied if rank[each] > rank[name]}
    return (below, above) if any(name in pair for pair in pairs) else ({}, {})


@ALL
def test_every_number_inside_the_domain_is_accepted(cls):
    sizes = 5e-324, 1e-300, 1e300, 1.7976931348623157e308
    for tiny_or_huge, (name, parameter) in product(sizes, cls.parameters.items()):
        below, above = others_in_order(cls, name)
        if parameter.domain.rank or (name in dict(cls._above) and tiny_or_huge < 1.0):
            continue
        if tiny_or_huge in parameter.domain and all(tiny_or_huge > low for low in below.values()):
            value = np.full_like(parameter.initial, tiny_or_huge)
            if above:
                value = np.minimum(value, 1e308)
            made = cls(**{name: value}, **below, **above)
            np.testing.assert_array_equal(getattr(made, name), value)


# Shapes


@pytest.mark.parametrize(
    ("loc", "scale", "batch"),
    [
        ((), (), ()),
        ((1,), (), (1,)),
        ((3,), (), (3,)),
        ((), (2, 3), (2, 3)),
        ((3, 1), (1, 4), (3, 4)),
        ((3, 1), (4,), (3, 4)),
        ((0,), (), (0,)),
        ((0,), (1,), (0,)),
        ((5, 0), (1, 1), (5, 0)),
    ],
)
def test_parameters_broadcast_to_the_batch_shape_and_keep_their_own(loc, scale, batch):
    d = rp.Gaussian(np.zeros(loc), np.ones(scale))
    assert (np.shape(d.loc), np.shape(d.scale)) == (loc, scale)
    assert d.batch_shape == batch
    for statistic in (d.mean, d.variance, d.entropy, *d.support):
        assert np.shape(statistic) == batch
    assert d.sample((2,), rng=0).shape == (2, *batch)
    assert d.log_prob(0.0).shape == batch


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(
        ShapeError,
        match=r"loc has shape \(2,\), scale has shape \(3,\): these don't broadcast .*; make",
    ):
        rp.Gaussian([0.0, 1.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("method", ["log_prob", "cdf", "sf", "icdf", "pathwise", "score"])
def test_argument_that_does_not_broadcast_with_the_batch_is_named(method):
    d = rp.Laplace([0.0, 1.0])
    with pytest.raises(ShapeError, match=r"has shape \(3,\), the batch has shape \(2,\)"):
        getattr(d, method)([0.1, 0.2, 0.3])


@pytest.mark.parametrize("method", ["log_prob", "cdf", "sf", "icdf", "pathwise", "score"])
@pytest.mark.parametrize("value", ["x", 1j, None, True])
def test_argument_that_is_no_real_number_is_an_error(method, value):
    with pytest.raises(ParameterError, match="is not a real number"):
        getattr(rp.Laplace(), method)(value)


# Objects


def test_values_are_read_only_views_of_what_was_given():
    given = np.array([1.0, 2.0])
    d = rp.Gaussian(scale=given)
    assert np.shares_memory(d.scale, given)
    with pytest.raises(ValueError, match="read-only"):
        d.scale[0] = 3.0
    given[0] = 4.0  # the caller's own array stays the caller's to change


@pytest.mark.parametrize("name", ["scale", "batch_shape", "mean", "_values", "anything"])
def test_distributions_are_frozen(name):
    d = rp.Gaussian()
    with pytest.raises(AttributeError, match=f"frozen; make a new one with the {name} you want"):
        setattr(d, name, 1.0)
    with pytest.raises(AttributeError, match=f"Gaussian is frozen; {name} can't be deleted"):
        delattr(d, name)


@pytest.mark.parametrize(
    ("d", "text"),
    [
        (rp.Gaussian(), "Gaussian(loc=0.0, scale=1.0)"),
        (rp.Gaussian([1.0, 2.0], 3), "Gaussian(loc=[1.0, 2.0], scale=3.0)"),
        (rp.Exponential(np.ones((3, 5))), "Exponential(rate=<array of shape (3, 5)>)"),
    ],
)
def test_repr_is_the_call_that_makes_it(d, text):
    assert repr(d) == text


@pytest.mark.parametrize(
    "shape",
    [
        -1,
        (2, -3),
        1.5,
        (2, 1.5),
        "3",
        None,
        [[1, 2], [3, 4]],
        True,
        np.True_,
        np.array(True),
        (2, False),
        np.ma.array([2, 3], mask=[True, False]),
    ],
)
def test_sample_shape_that_makes_no_sense_is_an_error(shape):
    for d in (rp.Gaussian(), rp.Poisson(), rp.Concrete()):
        with pytest.raises(CountError, match="is not a non-negative integer or a tuple of them"):
            d.sample(shape, rng=0)
    with pytest.raises(CountError, match="is not a non-negative integer or a tuple of them"):
        rp.Gaussian().rsample(shape, rng=0)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [(0, (0,)), ((), ()), (3, (3,)), (np.int64(3), (3,)), ((2, 3), (2, 3)), ([2, 0], (2, 0))],
)
def test_sample_shape(shape, expected):
    assert np.shape(rp.Gaussian().sample(shape, rng=0)) == expected
