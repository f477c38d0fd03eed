"""Named axes, alternatives among parameters, several arrays of noise: with laws of the test's."""

import pickle

import numpy as np
import pytest

import reparam as rp
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.errors import NoFormulaError, NoiseError, ShapeError, UnknownParameterError
from reparam.parameters import Parameter
from reparam.regions import PositiveDefinite, RealMatrix, Simplex


class Grid(rp.Reparameterized):
    """Matrices y_jk = μ_j + u z_jk, with one more column than w has entries."""

    name = "grid"
    loc: Parameter = Parameter("μ", REAL, 0.0, (-1.0, 1.0), (), "Rows", dims=("K",))
    w: Parameter = Parameter("w", REAL, 0.0, (-1.0, 1.0), (), "Columns", dims=("N",), vector=3)
    about = rp.About("p(y) = …", "y = …", {"loc": "1", "w": "0"}, "a test")
    _support = RealMatrix(dims=("K", "N + 1"))
    _substreams = (NORMAL, (UNIFORM, ()))

    @staticmethod
    def _transform(z, u, loc, w):
        return (loc[..., :, np.newaxis] + z * u[:, np.newaxis, np.newaxis],)

    @staticmethod
    def _pull(upstream, y, loc, w):
        return upstream.sum(axis=-1), np.zeros(np.shape(w))

    @staticmethod
    def _log_prob(y, loc, w):
        return -np.sum(y * y, axis=(-2, -1))


class OneHot(DiscreteVectors):
    """Indicators of a category, by weights or their logarithms."""

    name = "one-hot"
    weights: Parameter = Parameter("w", POSITIVE, 1.0, (0.2, 1.0), (), "Weights", vector=3)
    logits: Parameter = Parameter("η", REAL, 0.0, (-1.0, 1.0), (), "Logits", vector=3)
    _alternatives = (("weights", "logits"),)
    _support = Simplex()
    _substreams = ((UNIFORM, ()),)

    def _drawn(self, u, given):
        weights = given if self._choice == ("weights",) else np.exp(given)
        below = np.cumsum(weights / weights.sum(axis=-1, keepdims=True), axis=-1)
        return np.eye(given.shape[-1])[np.sum(below[..., :-1] < u[..., np.newaxis], axis=-1)]

    def _log_prob(self, y, given):
        logs = np.log(given) if self._choice == ("weights",) else given
        return np.sum(y * logs, axis=-1) - np.log(np.sum(np.exp(logs), axis=-1))

    def _score(self, y, given):
        return (y / given,)


def test_axes_unify_and_give_the_event_shape():
    d = Grid(loc=[[0.0, 1.0], [2.0, 3.0]], w=np.zeros(4))
    assert d.event_shape == (2, 5)
    draw = d.rsample(3, rng=1)
    assert [z.shape for z in draw.noise] == [(3, 2, 2, 5), (3, 2)]
    np.testing.assert_array_equal(d.transform(*draw.noise).value, draw.value)
    np.testing.assert_array_equal(d.rsample(9, rng=1).value[:3], draw.value)
    assert {k: v.shape for k, v in draw.vjp(1.0).items()} == {"loc": (2, 2), "w": (4,)}
    assert draw.jacobian()["loc"].shape == (3, 2, 2, 5, 2)
    np.testing.assert_array_equal(draw.jvp(loc=[1.0, 0.0])[..., 0, :], 1.0)
    np.testing.assert_array_equal(draw.jvp(w=np.ones(4)), np.zeros((3, 2, 2, 5)))
    assert Grid(w=np.zeros(7)).event_shape == (2, 8)


def test_derivatives_of_all_entries_are_pulled_back_together(monkeypatch):
    pull, calls = Grid._pull, []
    counted = staticmethod(lambda *args: calls.append(len(args[0])) or pull(*args))
    monkeypatch.setattr(Grid, "_pull", counted)
    draw = Grid(loc=[[0.0, 1.0], [2.0, 3.0]], w=np.zeros(49)).rsample(10, rng=1)
    jacobian = draw.jacobian()
    assert sum(calls) == 10 * 2 * 2 * 50
    assert len(calls) < 4  # by blocks
    for j, k in ((0, 0), (1, 49)):
        unit = np.zeros((2, 50))
        unit[j, k] = 1.0
        own = draw.vjp(np.broadcast_to(unit, draw.value.shape))["loc"]
        np.testing.assert_array_equal(jacobian["loc"][..., j, k, :].sum(axis=0), own)
    moved = draw.jvp(loc=[[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(moved[..., 7], np.broadcast_to([[1, 2], [3, 4]], (10, 2, 2)))
    assert len(calls) < 4 + 2 + 4


def test_messages_of_shapes_and_noise():
    d = Grid()
    z, u = d.rsample(rng=1).noise
    with pytest.raises(NoiseError, match=r"takes 2 arrays of noise, normal .* but got 1"):
        d.transform(z)
    with pytest.raises(ShapeError, match=r"noise\[0\] has shape \(2, 3\)"):
        d.transform(z[:, 1:], u)
    with pytest.raises(NoiseError, match="uniform noise"):
        d.transform(z, 1.5)
    with pytest.raises(NoFormulaError, match="Grid has no cdf: its values are matrices"):
        d.cdf(z)


def test_one_of_several_parameters_is_kept():
    d = OneHot(logits=[0.0, 1.0, 2.0])
    assert list(d.parameters) == ["logits"]
    assert list(d.score(d.sample(2, rng=1))) == ["logits"]
    assert repr(d.replace(logits=[1.0, 0.0, 0.0])) == "OneHot(logits=[1.0, 0.0, 0.0])"
    assert repr(pickle.loads(pickle.dumps(d))) == repr(d)
    assert repr(OneHot([1.0, 2.0, 3.0])) == "OneHot(weights=[1.0, 2.0, 3.0])"
    assert OneHot().weights.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(AttributeError, match="has no weights; it was made with logits"):
        _ = d.weights
    with pytest.raises(UnknownParameterError, match=r"weights and logits, .*; pass one of them"):
        OneHot(weights=[1.0], logits=[0.0])


def test_vectors_of_integers_are_drawn():
    d = OneHot([1.0, 2.0, 5.0])
    y = d.sample(4000, rng=1)
    np.testing.assert_array_equal(y.sum(axis=-1), 1.0)
    np.testing.assert_allclose(y.mean(axis=0), [0.125, 0.25, 0.625], atol=0.03)
    np.testing.assert_array_equal(d.sample(5, rng=1), y[:5])
    for missing in (lambda: d.mean, lambda: d.cdf(y), lambda: d.icdf(0.5)):
        with pytest.raises(NoFormulaError):
            missing()


@pytest.mark.parametrize("rows", [1, 2, 3, 6])
def test_matrices_that_are_not_positive_definite_are_those_that_have_no_cholesky_factor(rows):
    """Also where some are singular, of any scale, or next to what is."""
    rng = np.random.default_rng(rows)
    half = rng.normal(size=(400, rows, rows))
    matrices = half + np.swapaxes(half, 1, 2)
    matrices += rng.uniform(0.0, 6.0 * rows, (400, 1, 1)) * np.eye(rows)
    lower = half[::5, :, : max(1, rows - 1)]
    matrices[::5] = lower @ np.swapaxes(lower, 1, 2)  # singular, up to rounding
    size = np.exp(rng.normal(size=(400, rows)) * rng.choice([0.0, 10.0, 50.0], (400, 1)))
    matrices *= size[:, :, np.newaxis] * size[:, np.newaxis]
    matrices[::9] = 0.0

    def has_factor(matrix):
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return False
        return True

    expected = np.array([not has_factor(matrix) for matrix in matrices])
    assert 50 < np.sum(expected) < 350
    np.testing.assert_array_equal(PositiveDefinite().outside(matrices), expected)
