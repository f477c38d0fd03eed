"""Names and aliases of the built-in distributions."""

import pytest
from facts import scipy_name

import reparam as rp
from reparam.base.formulas import FUNCTIONS
from reparam.errors import UnknownDistributionError, spelled
from reparam.registry import BUILT_IN
from reparam.verification.targets.libraries import distrax, jax, numpyro, tfp, torch

SPELLINGS = [(spelling, name) for name in BUILT_IN for spelling in (name, *rp.get(name).aliases)]


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_name_of_a_distribution_in_any_spelling_finds_it(name):
    cls = rp.get(name)
    assert cls.name == name
    for spelling in (name, *cls.aliases, BUILT_IN[name]):
        parts = spelling.split("-")
        variants = "_".join(parts).upper(), "".join(parts), "-".join(map(str.title, parts))
        for variant in (spelling, spelling.upper(), *variants):
            assert rp.get(variant) is cls


@pytest.mark.parametrize("name", BUILT_IN)
def test_class_is_public_under_its_own_name(name):
    assert rp.get(name) is getattr(rp, BUILT_IN[name])
    assert rp.get(name).__name__ == BUILT_IN[name]
    assert BUILT_IN[name] in dir(rp)


#: The laws that declare a name of scipy.stats.
BY_SCIPY = {
    theirs: {name for name in BUILT_IN if scipy_name(rp.get(name)) == theirs}
    for theirs in {scipy_name(rp.get(name)) for name in BUILT_IN} - {""}
}


def same_numbers(row):
    """Whether each parameter is one of the law's, under whatever name."""
    return set(row.names) == set(row.links)


#: What other libraries call distributions that are here, and these: from what the laws and the
#: tables of the libraries declare.
ELSEWHERE = [(theirs, laws) for theirs, laws in sorted(BY_SCIPY.items())] + [
    (theirs, laws)
    for library in (distrax, jax, numpyro, tfp, torch)
    for theirs, row in library.ROWS.items()
    if (laws := {row.law} & {*BUILT_IN})
    if same_numbers(row)
]


def test_names_of_other_libraries_are_known():
    assert len(ELSEWHERE) > 100
    assert {theirs: laws for theirs, laws in ELSEWHERE if rp.get(theirs).name not in laws} == {}


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        ("RelaxedOneHotCategorical", "concrete"),
        ("chisquare", "chi-square"),
        ("negative_binomial", "negative-binomial"),
        ("normal", "gaussian"),
    ],
)
def test_names_of_vectors_and_of_numpys_generators_are_known(theirs, name):
    assert rp.get(theirs).name == name


def test_declared_errors_are_of_functions_and_small():
    for name in BUILT_IN:
        accuracy = rp.get(name).about.accuracy
        assert {*accuracy} <= {*FUNCTIONS}, name
        assert all(1e-13 < bound <= 1e-10 for bound in accuracy.values()), name


def test_no_spelling_is_ambiguous():
    spellings = [spelled(spelling) for spelling, _ in SPELLINGS]
    assert len(spellings) == len(set(spellings))


def test_names_are_canonical_and_sorted():
    assert rp.names() == sorted(rp.names())
    assert set(BUILT_IN) <= set(rp.names())


@pytest.mark.parametrize(
    ("wrong", "near"), [("gausian", "gaussian"), ("Lapalce", "laplace"), ("normall", "normal")]
)
def test_unknown_name_gets_the_nearest_one(wrong, near):
    with pytest.raises(UnknownDistributionError, match=rf"{wrong!r}; did you mean {near!r}\?"):
        rp.get(wrong)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("exponental", "exponential"),
        ("possion", "poisson"),
        ("Chi_Sqare", "chi-square"),
        ("negative_binom", "negative-binomial"),
        ("students-t", "student-t"),
        ("uGassian", None),
    ],
)
def test_misspelling_in_any_spelling_gets_the_nearest_one(wrong, near):
    with pytest.raises(UnknownDistributionError) as caught:
        rp.get(wrong)
    assert (f"did you mean {near!r}?" in str(caught.value)) is bool(near)


#: Distributions of other libraries, whether or not they are here by now.
OTHERS = """
    beta-binomial cauchy dirichlet gumbel half-cauchy halfnormal hypergeometric inverse-gaussian
    kumaraswamy log-normal loggamma loglaplace lognormal multinomial ncx2 pareto rayleigh skewnorm
    truncnorm wald weibull zeta
"""
KNOWN = {spelled(spelling) for spelling, _ in SPELLINGS}


@pytest.mark.parametrize("other", [name for name in OTHERS.split() if spelled(name) not in KNOWN])
def test_another_distribution_is_no_misspelling(other):
    with pytest.raises(UnknownDistributionError) as caught:
        rp.get(other)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["qqqq", "", "x", 3, None])
def test_unknown_name_like_no_other_is_shown_where_all_names_are(wrong):
    with pytest.raises(UnknownDistributionError, match=rf"{wrong!r}; reparam.names\(\) has the"):
        rp.get(wrong)


def test_package_has_no_other_attributes():
    with pytest.raises(AttributeError, match="module 'reparam' has no attribute 'gaussian'"):
        _ = rp.gaussian
