"""Accuracy against the reference tables: what is promised, and nothing worse than it was."""

import numpy as np
import pytest
from kernels import COMPILED, kernels
from reference import PARAMETERS, ledger, load, seams

from reparam._kernels import NUMPY

RECORDED = ledger.read()


@pytest.fixture(scope="module")
def figures():
    with kernels(NUMPY):  # test_compiled has the others
        return ledger.measure()


@pytest.mark.parametrize("function", RECORDED)
def test_accuracy_as_promised(figures, function):
    bar = ledger.promise(function).bar
    assert {kind: error for kind, error in figures[function].items() if not error <= bar} == {}


@pytest.mark.parametrize("function", RECORDED)
def test_accuracy_no_worse_than_recorded(figures, function):
    slack, recorded = ledger.promise(function).slack, RECORDED[function]
    worse = {
        kind: (error, recorded[kind])
        for kind, error in figures[function].items()
        if not error <= 1.25 * recorded[kind] + slack
    }
    assert worse == {}, "python tools/update_ledger.py records new figures, if they are to stand"


def test_ledger_is_complete(figures):
    assert {function: set(kinds) for function, kinds in figures.items()} == {
        function: set(kinds) for function, kinds in RECORDED.items()
    }
    assert {function.split()[0] for function in figures} == set(ledger.PROMISES)


@pytest.mark.parametrize("name", PARAMETERS)
def test_tables_cover_the_domain(name):
    table = load(name)
    u = np.array([float(row["u"]) for row in table.rows if row["u"]])
    assert np.sum(u < 1e-9) > 30
    assert np.sum(u > 1.0 - 1e-9) > 30
    for parameter in PARAMETERS[name]:
        assert table[parameter].min() < 0.2
        assert table[parameter].max() > 5e5
        assert np.sum(table[parameter] % 1.0 == 0.0) > 90
        assert np.sum(table[parameter] % 1.0 == 0.5) > 90


@pytest.mark.parametrize("name", PARAMETERS)
def test_no_jump_at_seams(name):
    module, _ = seams.KERNELS[name]
    below, above = seams.pairs(name)
    assert below[0].size > 50
    with kernels(NUMPY):
        numpy = module.pathwise(*below)
    for kernel in (*COMPILED, NUMPY):
        with kernels(kernel):
            first, second = module.pathwise(*below), module.pathwise(*above)
        np.testing.assert_allclose(first, second, rtol=2e-14)
        np.testing.assert_allclose(first, numpy, rtol=2e-14)
