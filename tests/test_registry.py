"""Names and aliases of the built-in distributions."""

import pytest

import reparam as rp
from reparam.errors import UnknownDistributionError
from reparam.registry import BUILT_IN

SPELLINGS = [(spelling, name) for name in BUILT_IN for spelling in (name, *rp.get(name).aliases)]


@pytest.mark.parametrize(("spelling", "name"), SPELLINGS)
def test_name_or_alias_in_any_case_finds_the_distribution(spelling, name):
    assert rp.get(spelling) is rp.get(spelling.upper()) is rp.get(name)
    assert rp.get(name).name == name


@pytest.mark.parametrize("name", BUILT_IN)
def test_class_is_public_under_its_own_name(name):
    assert rp.get(name) is getattr(rp, BUILT_IN[name])
    assert rp.get(name).__name__ == BUILT_IN[name]
    assert BUILT_IN[name] in dir(rp)


def test_no_spelling_is_ambiguous():
    spellings = [spelling for spelling, _ in SPELLINGS]
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


@pytest.mark.parametrize("wrong", ["qqqq", 3, None])
def test_unknown_name_like_no_other_gets_the_list(wrong):
    with pytest.raises(UnknownDistributionError, match=rf"{wrong!r} \(there are .*, student-t"):
        rp.get(wrong)


def test_package_has_no_other_attributes():
    with pytest.raises(AttributeError, match="module 'reparam' has no attribute 'gaussian'"):
        _ = rp.gaussian
