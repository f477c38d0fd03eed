"""Compiled kernels against NumPy's, and against the tables; and which of them are used."""

import itertools
import os
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from kernels import COMPILED, kernels
from reference import PARAMETERS, findings, load

import reparam as rp
from reparam._kernels import NUMPY, active
from reparam.base.products import scaled
from reparam.engine.outer import Outer
from reparam.errors import ReparamError
from reparam.special import beta, gamma, student
from reparam.special.log_gamma import log_gamma_star
from reparam.special.matrices import apply
from reparam.special.steps import lesser_tail, opened, placed, signed

FUNCTIONS = {
    "gamma": gamma.log_pathwise,
    "beta": beta.logit_pathwise,
    "student_t": student.pathwise,
}
pytestmark = pytest.mark.skipif(not COMPILED, reason="no compiled kernels in this installation")


def by_each(function, *arguments):
    """Return the results of NumPy's kernels and of each compiled one: rows are outputs."""
    with kernels(NUMPY):
        expected = np.atleast_2d(function(*arguments))
    for name in COMPILED:
        with kernels(name):
            yield expected, np.atleast_2d(function(*arguments))


def draw_pathwise(logit, alpha, beta_):
    with np.errstate(all="ignore"):
        return beta.draw_pathwise(beta.sigmoid(logit), logit, alpha, beta_)


def log_uniform(rng, low, high, size=3000):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def domain(name):
    """Return points in the bulk and all over the domain, with parameters of all sizes."""
    rng = np.random.default_rng(5)
    z = 3.0 * rng.standard_normal(3000)
    shape, other = log_uniform(rng, 1e-5, 1e10), log_uniform(rng, 1e-5, 1e10)
    far = rng.choice([-1.0, 1.0], 3000) * log_uniform(rng, 1e-20, 1e4)
    vast, any_shape = log_uniform(rng, 1e-320, 1e308), log_uniform(rng, 1e-320, 1e308)
    moderate = log_uniform(rng, 0.05, 60.0), log_uniform(rng, 0.05, 60.0)
    if name == "gamma":
        bulk = np.log(shape) + z / np.sqrt(np.maximum(shape, 1.0))
        near = np.log(moderate[0]) + z / np.sqrt(moderate[0])
        parts = [(bulk, shape), (near, moderate[0]), (far, other), (np.log(vast), any_shape)]
    elif name == "beta":
        bulk = np.log(shape / other) + z * np.sqrt(1.0 / shape + 1.0 / other)
        parts = [(bulk, shape, other), (z, *moderate), (far, other, shape), (far, vast, any_shape)]
    else:
        parts = [(z, shape), (far, other), (far * z, vast)]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_agrees_with_numpy_all_over_the_domain(name):
    for function in [FUNCTIONS[name], *([draw_pathwise] if name == "beta" else [])]:
        for expected, found in by_each(function, *domain(name)):
            np.testing.assert_allclose(found, expected, rtol=5e-14, atol=1e-300)


@pytest.mark.parametrize(
    "function", [*FUNCTIONS.values(), gamma.pathwise, beta.pathwise, draw_pathwise]
)
def test_special_values_are_numpys(function):
    odd = [0.0, -0.0, 5e-324, 1e-310, 1e-100, 1e-99, 0.5, 1.0, 8.0, 1e100, 1e101, 1e308, np.inf]
    sides = [np.nan, *odd, -1.0, -800.0, 300.0, 301.0, -1e100, -1e101, -1e308, -np.inf]
    count = 3 if function in (beta.pathwise, beta.logit_pathwise, draw_pathwise) else 2
    points = np.array([*itertools.product(sides, *[[*odd, np.nan]] * (count - 1))]).T
    for expected, found in by_each(function, *points):
        np.testing.assert_allclose(found, expected, rtol=5e-14)


@pytest.mark.parametrize("name", PARAMETERS)
def test_accuracy(name):
    """The bar of all derivatives is 1e-13; the compiled kernels hold 3e-14."""
    for kernel in COMPILED:
        with kernels(kernel):
            found = findings(load(name), quantiles=False)
        errors = [f.error for f in found if "pathwise" in f.function]
        assert len(errors) > 500
        assert max(errors) < 3e-14


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_does_not_depend_on_its_neighbours(name):
    function, points = FUNCTIONS[name], domain(name)
    shuffled = np.random.default_rng(6).permutation(points[0].size)
    for kernel in COMPILED:
        with kernels(kernel):
            whole = np.atleast_2d(function(*points))
            again = np.atleast_2d(function(*(column[shuffled] for column in points)))
            np.testing.assert_array_equal(again, whole[:, shuffled])
            for k in range(0, points[0].size, 97):
                alone = function(*(column[k] for column in points))
                np.testing.assert_array_equal(np.ravel(alone), whole[:, k])
            few = [column[100:113] for column in points]
            np.testing.assert_array_equal(np.atleast_2d(function(*few)), whole[:, 100:113])


def test_one_shape_for_all_points_is_an_array_of_equal_ones():
    logit = np.linspace(-5.0, 5.0, 3000)
    for kernel in COMPILED:
        with kernels(kernel):
            one = beta.logit_pathwise(logit, 0.1, 3.0)
            each = beta.logit_pathwise(logit, np.full(3000, 0.1), np.full(3000, 3.0))
        np.testing.assert_array_equal(one, each)


def products(rng):
    """Yield matrices, rows and offsets: all sizes of tiles, triangles, infinities."""
    for case in range(200):
        most = 60 if case % 40 == 0 else 20
        rows, entries, columns = rng.integers(1, most, 3)
        entries *= 1 + case % 3
        a, x = rng.normal(size=(entries, columns)), rng.normal(size=(rows, columns))
        a = (a, np.tril(a), np.triu(a))[rng.integers(3)]
        if case % 10 == 0:
            x[rng.integers(rows), rng.integers(columns)] = rng.choice([np.inf, -np.inf, np.nan])
        shape = (None, (entries,), (rows, entries))[rng.integers(3)]
        yield a, x, shape and rng.normal(size=shape)


def test_products_are_numpys_and_a_row_is_the_same_bits_with_any_kernels_and_neighbours():
    for a, x, b in products(np.random.default_rng(7)):
        with kernels(NUMPY), np.errstate(invalid="ignore"):
            expected = apply(a, x, b)
        each = np.broadcast_to(a, (len(x), *a.shape))
        found = []
        for name in COMPILED:
            with kernels(name):
                found += [apply(a, x, b), apply(each, x, b)]
                halves = [slice(len(x) // 2), slice(len(x) // 2, None)]
                offsets = [b if b is None or b.ndim == 1 else b[half] for half in halves]
                parts = [apply(a, x[h], c) for h, c in zip(halves, offsets, strict=True)]
                found.append(np.concatenate(parts))
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])
        np.testing.assert_allclose(found[0], expected, rtol=0, atol=5e-14)


def test_log_gamma_star_is_the_same_bits():
    seams = np.arange(1.0, 10.0)
    seams = np.concatenate([np.nextafter(seams, 0.0)[1:], seams, np.nextafter(seams, 9.0)])
    spread = log_uniform(np.random.default_rng(9), 1.0, 1e308)
    shapes = np.concatenate([seams, spread, 1.0 + spread[spread < 1e3] / 1e3, [np.inf, np.nan]])
    for expected, found in by_each(log_gamma_star, shapes):
        np.testing.assert_array_equal(found, expected)
        again = np.array([log_gamma_star(np.full(3, each))[0] for each in shapes[::97]])
        np.testing.assert_array_equal(again, found[0, ::97])


def test_sums_of_outer_products_are_numpys_with_the_same_bits_by_all_kernels():
    rng = np.random.default_rng(8)
    for case in range(60):
        rows, entries, columns = rng.integers(1, (400, 40, 60))
        a, b = rng.normal(size=(rows, entries)), rng.normal(size=(rows, columns))
        if case % 10 == 0:
            a[rng.integers(rows), rng.integers(entries)] = np.inf
        with kernels(NUMPY), np.errstate(invalid="ignore"):
            expected = Outer(a, b).sum()
        found = []
        for name in COMPILED:
            with kernels(name):
                found.append(Outer(a, b).sum())
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])
        np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-12)


def test_the_environment_chooses_kernels():
    for name in (*COMPILED, NUMPY):
        with kernels(name):
            assert rp.show_kernels().name == name
            assert (active() is None) == (name == NUMPY)
    with pytest.raises(ReparamError, match=r"REPARAM_KERNELS=sse is not among .*avx2.*numpy"):  # noqa: SIM117
        with kernels("sse"):
            pass
    assert str(rp.show_kernels()).startswith(f"{rp.show_kernels().name} kernels")


@pytest.fixture
def tool():
    path = Path(__file__).parents[2] / "tools" / "build_kernels.py"
    tool = module_from_spec(spec := spec_from_file_location("build_kernels", path))
    spec.loader.exec_module(tool)
    return tool


def test_only_what_is_older_than_its_sources_is_compiled_again(tool, tmp_path):
    made = tmp_path / "made"
    assert not tool.up_to_date(made)
    made.touch()
    assert tool.up_to_date(made)
    source = (tool.SOURCES / "gamma.h").stat().st_mtime
    os.utime(made, (source - 1.0, source - 1.0))
    assert not tool.up_to_date(made)


@pytest.mark.skipif(not shutil.which("nm"), reason="nm lists what an extension needs")
def test_the_import_library_of_windows_has_what_the_extension_needs(tool):
    command = ["nm", "-D", "--undefined-only", active().__file__]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    needed = {name for name in listed.split() if name.lstrip("_").startswith("Py")}
    assert len(needed) > 20
    assert needed == {name.split()[0] for name in tool.STABLE_NAMES}


def test_arrays_of_unequal_length_are_refused():
    with kernels(COMPILED[0]):
        compiled = active()
        two, three = np.ones(2), np.ones(3)
        with pytest.raises(ValueError, match="not of one length"):
            compiled.student(two, three, three)
        for total in (np.ones((2, 2)), three):
            with pytest.raises(ValueError, match="not of one length"):
                compiled.outer(np.ones((3, 2)), np.ones((3, 4)), total)
        with pytest.raises(ValueError, match="not of one length"):
            compiled.product(np.ones((2, 3)), np.ones((5, 4)), None, np.ones((5, 2)))
        with pytest.raises(ValueError, match="contiguous"):
            compiled.student(two, two, two[::-1])
        with pytest.raises(TypeError):
            compiled.student(two, two)


def test_what_is_not_made_of_doubles_is_refused():
    """Its bytes could be read as such numbers."""
    with kernels(COMPILED[0]):
        compiled = active()
        for other in (np.ones(4, np.float32), np.ones(4, ">f8"), np.ones(4, int), b"8 bytes."):
            assert not compiled.inside(other, -np.inf, np.inf)
            assert compiled.unknown(other) == -1
            assert compiled.times(np.ones(4), other, False) is None
            assert not compiled.lines(np.ones(4), other)
        with pytest.raises(ValueError, match="not made of doubles"):
            compiled.student(np.ones(4), np.ones(4, int), np.ones(4))


def test_arguments_are_lines_or_numbers_of_numpy():
    line = np.ones(4)
    taken = (line,), (line, line, np.float64(2.0))
    others = (np.float64(2.0),), (line, 2.0), (line, np.ones(3)), (np.ones((2, 2)),), (line[::2],)
    others = (*others, (np.ma.array(line),), (line, None), (line,) * 9)
    with kernels(COMPILED[0]):
        assert [active().lines(*each) for each in (*taken, *others)] == [True] * 2 + [False] * 8


@pytest.mark.parametrize("kernel", [*COMPILED, NUMPY])
def test_products_are_0_where_the_weight_is(kernel):
    some = [0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan]
    weight, entry = map(np.ravel, np.meshgrid(some, some))
    with np.errstate(invalid="ignore"), kernels(kernel):
        plain = weight * entry
        for either in (False, True):
            zero = (weight == 0.0) | (entry == 0.0) if either else weight == 0.0
            expected = np.where(zero & np.isnan(plain), 0.0, plain)
            for left, right in ((weight, entry), (weight.reshape(7, 7), entry.reshape(7, 7))):
                found = scaled(left, right, either)
                np.testing.assert_array_equal(found.ravel(), expected)
            for one in some:
                rows = weight == one if one == one else np.isnan(weight)
                found = scaled(np.float64(one), entry[rows][::-1], either)[::-1]
                np.testing.assert_array_equal(found, expected[rows])
                rows = entry == one if one == one else np.isnan(entry)
                found = scaled(weight[rows], np.float64(one), either)
                np.testing.assert_array_equal(found, expected[rows])


@pytest.mark.parametrize(
    "law",
    [
        rp.Gamma(np.geomspace(1e-4, 1e9, 20_000)),
        rp.Gamma(0.3),
        rp.Beta(np.geomspace(1e-300, 1e3, 20_000), 2.0),
        rp.StudentT(np.geomspace(1e-3, 1e12, 20_000)),
        rp.Beta(np.geomspace(0.5, 20.0, 2_000), 2.0).by_quantile(),
        rp.Gaussian(0.3, np.geomspace(1e-3, 1e3, 20_000)),
        rp.Laplace(np.linspace(-3.0, 3.0, 20_000), 0.7),
        rp.Logistic(0.3, 0.7),
    ],
    ids=lambda law: repr(law)[:20],
)
def test_draws_are_the_same_bits(law):
    shape = () if law.batch_shape else 20_000
    with kernels(NUMPY):
        expected = law.sample(shape, rng=3)
    for kernel in COMPILED:
        with kernels(kernel):
            np.testing.assert_array_equal(law.sample(shape, rng=3), expected)


def test_steps_of_closed_forms_are_the_same_bits():
    """Also of what is not a number, without, and in arrays that are not lines."""
    ends = [0.0, 5e-324, 2.0**-54, 2.0**-53, np.nextafter(0.5, 0.0), 0.5, np.nextafter(0.5, 1.0)]
    ends += [1.0 - 2.0**-53, 1.0, np.inf, -np.inf]
    u = np.array([*ends, *np.geomspace(1e-300, 1.0, 99), np.nan])
    z, loc, scale = np.random.default_rng(1).standard_normal((3, u.size))
    square = z[:100].reshape(10, 10)
    for function, *arguments in (
        (lambda v: opened(v.copy()), u[:-1]),
        (lesser_tail, u),
        (lesser_tail, u[::-1]),
        (lesser_tail, u[:100].reshape(10, 10)),
        (placed, z, loc, scale),
        (placed, u, np.float64(2.0), scale),
        (placed, z, loc, np.float64(-3.0)),
        (placed, z[::2], loc[::2], np.float64(3.0)),
        (placed, square, loc[:10], scale[0]),
        (placed, square[0], loc[:10], scale[:1]),
    ):
        for expected, found in by_each(function, *arguments):
            np.testing.assert_array_equal(found, expected)
    for expected, found in by_each(lambda v: np.signbit(signed(z[:-1].copy(), v)), u[:-1]):
        np.testing.assert_array_equal(found, expected)
