"""Names of parameters in other libraries: aliases of the same number, or refused and converted."""

import numpy as np
import pytest
import scipy.stats
from facts import scipy_arguments

import reparam as rp
from reparam.errors import UnknownParameterError
from reparam.registry import BUILT_IN
from reparam.verification.targets.libraries import numpyro, tfp, torch

LIBRARIES = {"torch": torch.ROWS, "numpyro": numpyro.ROWS, "tfp": tfp.ROWS}

#: What each of these libraries calls the parameters of the distributions that are here, where
#: they are the same number.
SPELLINGS = [
    (library, row.law, ours, theirs)
    for library, rows in LIBRARIES.items()
    for row in rows.values()
    if row.law in BUILT_IN
    for ours, theirs in row.names.items()
]


#: The same for SciPy, from ``about.scipy``.
SPELLINGS += [
    ("scipy", law, ours, theirs)
    for law in BUILT_IN
    if rp.get(law).about.scipy
    for theirs, ours in scipy_arguments(rp.get(law)).items()
    if ours in rp.get(law).parameters
]

#: Our class, a name that it refuses, a number, and P(Y ≤ y) as SciPy has it in that convention.
CONVERTED = [
    (rp.Gamma, "scale", 4.0, lambda y, x: scipy.stats.gamma.cdf(y, 1.0, scale=x)),
    (rp.Gamma, "theta", 4.0, lambda y, x: scipy.stats.gamma.cdf(y, 1.0, scale=x)),
    (rp.Exponential, "scale", 4.0, lambda y, x: scipy.stats.expon.cdf(y, scale=x)),
    (rp.Exponential, "mean", 4.0, lambda y, x: scipy.stats.expon.cdf(y, scale=x)),
    (rp.Gaussian, "variance", 2.25, lambda y, x: scipy.stats.norm.cdf(y, scale=x**0.5)),
    (rp.Gaussian, "precision", 4.0, lambda y, x: scipy.stats.norm.cdf(y, scale=x**-0.5)),
    (rp.Laplace, "std", 3.0, lambda y, x: scipy.stats.laplace.cdf(y, scale=x / 2**0.5)),
    (rp.Logistic, "std", 3.0, lambda y, x: scipy.stats.logistic.cdf(y, scale=x * 3**0.5 / np.pi)),
    # PyTorch's and NumPyro's negative binomial counts what has the probability 1/(1 + e^−x)
    (
        rp.NegativeBinomial,
        "logits",
        1.5,
        lambda y, x: scipy.stats.nbinom.cdf(y, 1, 1 / (1 + np.exp(x))),
    ),
]


def test_names_of_other_libraries_for_the_same_number_are_aliases():
    assert len(SPELLINGS) > 200
    assert [row for row in SPELLINGS if rp.get(row[1]).parameters.canonical(row[3]) != row[2]] == []


@pytest.mark.parametrize(
    ("cls", "name", "number", "cdf"), CONVERTED, ids=[f"{c[0].name}-{c[1]}" for c in CONVERTED]
)
def test_conversion_makes_the_other_librarys_distribution(cls, name, number, cdf):
    (ours, conversion), *_ = [
        (parameter.name, parameter.conversions[name])
        for parameter in cls.parameters.values()
        if name in parameter.conversions
    ]
    d, y = cls(**{ours: conversion.value(number)}), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(d.cdf(y), cdf(y, number), rtol=1e-12)


@pytest.mark.parametrize("name", BUILT_IN)
def test_text_of_a_conversion_is_its_value(name):
    for parameter in rp.get(name).parameters.values():
        for conversion in parameter.conversions.values():
            formula = rp.Expression(conversion.formula.format("x"))
            if conversion.value:
                x = np.array([0.2, 0.7])
                np.testing.assert_allclose(conversion.value(x), formula.value({"x": x}), rtol=1e-14)
            else:
                assert {*formula.names} - {"x"} <= set(rp.get(name).parameters)


def test_mean_of_a_negative_binomial_is_converted_with_the_total():
    formula = rp.NegativeBinomial.probs.conversions["mean"].formula.format("mean")
    probs = rp.Expression(formula).value({"total": 4.5, "mean": 2.5})
    assert rp.NegativeBinomial(4.5, probs).mean == pytest.approx(2.5, rel=1e-14)


def test_standard_deviation_of_student_t_is_converted_with_the_degrees_of_freedom():
    formula = rp.StudentT.scale.conversions["std"].formula.format("std")
    scale = rp.Expression(formula).value({"df": 5.0, "std": 2.0})
    assert rp.StudentT(5.0, 0.0, scale).variance == pytest.approx(4.0, rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rp.Gamma(scale=2),
            "no parameter 'scale'; pass rate=1/scale: scale=2 is rate=0.5 (",
        ),
        (lambda: rp.Gamma(scale=np.float32(4)), "pass rate=1/scale: scale=4 is rate=0.25 ("),
        (lambda: rp.Gamma(scale=[1.0, 2.0]), "no parameter 'scale'; pass rate=1/scale (it has"),
        (lambda: rp.Gamma(scale=-2), "no parameter 'scale'; pass rate=1/scale (it has"),
        (lambda: rp.Gamma(scale=0), "no parameter 'scale'; pass rate=1/scale (it has"),
        (lambda: rp.Gamma(scale=None), "no parameter 'scale'; pass rate=1/scale (it has"),
        (lambda: rp.Gamma().rsample(1).jvp(scale=2), "no parameter 'scale'; pass rate=1/scale (it"),
        (
            lambda: rp.Wishart(4.0, rate_matrix=np.eye(2)),
            "pass covariance_matrix=inv(rate_matrix) (",
        ),
        (lambda: rp.Bernoulli(0.5, logits=0.0), "Bernoulli got probs and logits, which stand"),
        (
            lambda: rp.RelaxedBernoulli(probs=0.5),
            "pass logits=log(probs/(1 - probs)): probs=0.5 is l",
        ),
        (lambda: rp.Graph("y ~ gamma(scale=2)"), "pass rate=1/scale: scale=2 is rate=0.5 ("),
        (lambda: rp.Gamma(loc=2), "Gamma has no parameter 'loc' (it has alpha, rate)"),
        (lambda: rp.Beta(scale=2), "Beta has no parameter 'scale' (it has alpha, beta)"),
        (lambda: rp.Gamma(concentraton=2), "did you mean 'concentration'?"),
        (lambda: rp.Binomial(Total_Count=2), "did you mean 'total_count'?"),
    ],
)
def test_number_of_another_convention_is_refused_with_the_conversion(call, message):
    with pytest.raises((UnknownParameterError, rp.errors.GraphError)) as caught:
        call()
    assert message in str(caught.value)
    assert "shape" not in str(caught.value)
