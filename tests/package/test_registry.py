"""Names and aliases of the built-in distributions."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from facts import scipy_name

import reparam as rp
from reparam.base.distribution import Distribution
from reparam.base.formulas import FUNCTIONS
from reparam.errors import UnknownDistributionError, spelled
from reparam.registry import BUILT_IN
from reparam.suggestions import SUGGESTIONS
from reparam.verification.targets.libraries import distrax, jax, numpyro, tfp, torch

TOOLS = Path(__file__).parents[2] / "tools"
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


#: What Stan, R and Distributions.jl call what is here, besides the names above.
ELSEWHERE_TOO = """
stan: beta_proportion chi_square double_exponential exp_mod_normal inv_chi_square inv_gamma
inv_wishart lkj_corr_cholesky multi_normal_cholesky multi_student_t neg_binomial_2 pareto_type_2
poisson_log scaled_inv_chi_square skew_double_exponential std_normal wishart_cholesky
r: alaplace bbinom betabinom betapr binom cauchy chisq dunif exp f gamma geom gev gpd hyper invgamma
kumar llogis lnorm logis multinom mvnorm nbinom norm pois sn t tnorm truncnorm unif weibull zipois
julia: Arcsine BernoulliLogit Censored Chisq DiscreteNonParametric Epanechnikov Erlang FDist LKJ
MatrixNormal MixtureModel MvLogitNormal MvNormal MvNormalCanon MvTDist NoncentralChisq NormalCanon
OrderStatistic PGeneralizedGaussian Product Rician Semicircle SymTriangularDist TDist TriangularDist
Truncated
"""


@pytest.fixture(scope="module")
def peers():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOLS)
        return import_module("peers").laws()


def resolved_or_suggested(name):
    """The distribution that a name is, or that its error suggests first."""
    try:
        return rp.get(name)()
    except UnknownDistributionError as error:
        return rp.parse(re.search("did you mean '(.*?)'", str(error))[1])


def test_names_of_other_libraries_are_known_or_suggest_what_is_here(peers):
    rows = [row for row in peers if row.here not in ("base", "models")]
    assert len(rows) > 500
    wrong = {
        row.name: row.spelling
        for row in rows
        if row.spelling
        and type(resolved_or_suggested(row.name)) is not type(rp.parse(row.spelling))
    }
    assert wrong == {}


def test_names_of_languages_are_known_or_suggest_something():
    names = [name for name in ELSEWHERE_TOO.split() if not name.endswith(":")]
    assert all(isinstance(resolved_or_suggested(name), Distribution) for name in names)


def test_suggestions_are_distributions_of_names_that_are_not_resolved():
    for text, theirs in SUGGESTIONS.items():
        assert isinstance(rp.parse(text), Distribution)
        for name in theirs.split():
            with pytest.raises(UnknownDistributionError, match=re.escape(f"did you mean {text!r}")):
                rp.get(name)
    names = [name for theirs in SUGGESTIONS.values() for name in theirs.split()]
    assert len(names) == len({spelled(name) for name in names})


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


#: Distributions of other libraries that are not here.
OTHERS = """
    alpha anglit argus crystalball genhyperbolic kappa3 landau logser ncf nct planck poisson_binom
    skewcauchy tukeylambda wrapcauchy yulesimon zipfian
"""


@pytest.mark.parametrize("other", OTHERS.split())
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
