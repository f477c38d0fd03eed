"""JAX: every distribution of real numbers, against NumPy."""

import inspect

import numpy as np
import pytest
from paths import slope_in_alpha

import reparam as rp
from reparam.adapters.classes import class_names
from reparam.errors import (
    CountError,
    NoFormulaError,
    NotReparameterizable,
    SeedError,
    ShapeError,
    UnknownParameterError,
)
from reparam.registry import BUILT_IN

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")
rpj = pytest.importorskip("reparam.jax")
check_grads = pytest.importorskip("jax.test_util").check_grads


LAWS = [name for name in BUILT_IN if name in class_names().values()]


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def typical(name, shape=()):
    found = {}
    for parameter, declared in rp.get(name).parameters.items():
        middle = declared.typical_at(0.5)
        found[parameter] = np.full(shape, middle if declared.differentiable else np.round(middle))
    return found


@pytest.mark.parametrize("name", ["gamma", "beta", "gaussian", "student-t"])
def test_second_derivatives_are_numpys(name):
    theta, d = typical(name), rp.get(name)(**typical(name))
    y = d.icdf([0.2, 0.6])

    def draws(theta, by_quantile=False):
        return rpj.rsample(name, 3, seed=3, by_quantile=by_quantile, **theta)

    def attached(theta):
        return rpj.attach(y, name, **theta)

    for call, expected in (
        (draws, d.rsample(3, rng=3).hessian()),
        (attached, d.pathwise2(y)),
    ):
        found = jax.jit(jax.hessian(call))(theta)
        for one, row in expected.items():
            for other, bend in row.items():
                np.testing.assert_allclose(found[one][other], bend, rtol=1e-14)
    check_grads(lambda theta: draws(theta, by_quantile=True), (theta,), order=2, rtol=1e-4)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("by_quantile", [False, True])
def test_draws_and_derivatives_are_numpys(name, by_quantile):
    theta = typical(name, (2,))
    d = rp.get(name)(**theta)
    expected = (d.by_quantile() if by_quantile else d).rsample(3, rng=7)
    upstream = np.linspace(-1.0, 2.0, 6).reshape(3, 2)

    def draws(theta):
        return rpj.rsample(name, 3, seed=7, by_quantile=by_quantile, **theta)

    value, pull = jax.vjp(draws, theta)
    np.testing.assert_array_equal(value, expected.value)
    (found,) = pull(upstream)
    for parameter, gradient in expected.vjp(upstream).items():
        np.testing.assert_allclose(found[parameter], gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_attached_draws_have_the_derivatives_of_the_quantile_path(name):
    theta = typical(name)
    d = rp.get(name)(**theta)
    y = d.icdf([0.1, 0.5, 0.93])

    def attached(theta):
        return rpj.attach(y, name, **theta)

    np.testing.assert_array_equal(attached(theta), y)
    for transform in (jax.jacrev, jax.jacfwd):
        found = jax.jit(transform(attached))(theta)
        for parameter, expected in d.pathwise(y).items():
            np.testing.assert_allclose(found[parameter], expected, rtol=1e-14, atol=1e-300)


class TestTransforms:
    @staticmethod
    def drawn(alpha, beta):
        return rpj.rsample("beta", 5, seed=2, alpha=alpha, beta=beta).sum()

    @staticmethod
    def attached(alpha, beta):
        return rpj.attach(np.array([0.2, 0.7]), "beta", alpha=alpha, beta=beta).sum()

    @pytest.mark.parametrize("loss", ["drawn", "attached"])
    def test_vmap_of_grad_and_grad_of_vmap(self, loss):
        loss, betas = getattr(self, loss), np.array([0.5, 3.0, 4.0])
        each = np.array([jax.grad(loss, (0, 1))(2.0, beta) for beta in betas]).T
        found = jax.jit(jax.vmap(jax.grad(loss, (0, 1)), (None, 0)))(2.0, betas)
        np.testing.assert_allclose(found, each, rtol=1e-14)

        def total(alpha, betas):
            return jax.vmap(loss, (None, 0))(alpha, betas).sum()

        found = jax.grad(total, (0, 1))(2.0, betas)
        np.testing.assert_allclose(found[0], each[0].sum(), rtol=1e-14)
        np.testing.assert_allclose(found[1], each[1], rtol=1e-14)

    @pytest.mark.parametrize("loss", ["drawn", "attached"])
    def test_third_derivatives_raise(self, loss):
        for transform in (jax.hessian, lambda f: jax.grad(jax.grad(f))):
            with pytest.raises(NoFormulaError, match="third derivatives of Beta"):
                jax.jacfwd(transform(getattr(self, loss)))(2.0, 3.0)

    def test_keys_are_seeds(self):
        keys = jax.random.split(jax.random.key(0), 3)
        found = jax.vmap(lambda key: rpj.rsample("gamma", 2, seed=key))(keys)
        assert len(set(found.ravel().tolist())) == 6
        again = [rpj.rsample("gamma", 2, seed=key) for key in keys]
        np.testing.assert_array_equal(found, again)


def test_draws_are_addressed_by_their_number():
    whole = rpj.rsample("gamma", 10, seed=2**40, alpha=np.array([2.0, 3.0]))
    part = rpj.rsample("gamma", 4, seed=2**40, start=6, alpha=np.array([2.0, 3.0]))
    np.testing.assert_array_equal(whole[6:], part)
    np.testing.assert_array_equal(whole, rp.Gamma([2.0, 3.0]).rsample(10, rng=2**40).value)


class TestSamplers:
    """Functions in the manner of ``jax.random``."""

    key = jax.random.key(3)

    def test_arguments_are_those_of_jax(self):
        y = rpj.gamma(self.key, 2.0, 3.0, (4,))
        np.testing.assert_array_equal(
            y, rpj.rsample("gamma", 4, seed=self.key, alpha=2.0, rate=3.0)
        )
        for other in (
            rpj.gamma(self.key, a=2.0, rate=3.0, shape=4),
            rpj.gamma(key=self.key, concentration=2.0, rate=3.0, shape=[4]),
            jax.jit(rpj.gamma, static_argnames="shape")(self.key, 2.0, 3.0, shape=(4,)),
        ):
            np.testing.assert_array_equal(other, y)
        assert list(inspect.signature(rpj.gamma).parameters) == ["key", "alpha", "rate", "shape"]
        assert rpj.student_t.__name__ == "student_t"
        assert "\ndf\n" in rpj.student_t.__doc__
        assert {"attach", "gamma", "von_mises"} <= {*dir(rpj)}

    @pytest.mark.parametrize("alpha", [(), (1,), (3,), (2, 3), (2, 1)])
    @pytest.mark.parametrize("shape", [None, (2, 3), (5, 2, 3)])
    def test_shape_is_that_of_the_result(self, alpha, shape):
        y = rpj.gamma(self.key, jnp.full(alpha, 2.0), shape=shape)
        assert y.shape == (alpha if shape is None else shape)
        assert len(np.unique(y)) == y.size
        slope = jax.grad(lambda a: rpj.gamma(self.key, a, shape=shape).sum())(jnp.full(alpha, 2.0))
        assert slope.shape == alpha

    def test_mistakes(self):
        with pytest.raises(ShapeError, match=r"shape=\(3,\) is not"):
            rpj.gamma(self.key, jnp.ones(2), shape=(3,))
        with pytest.raises(UnknownParameterError, match="rate=1/scale"):
            rpj.gamma(self.key, scale=2.0)
        with pytest.raises(TypeError, match="key"):
            rpj.gamma()
        with pytest.raises(AttributeError, match="'poisson'"):
            rpj.poisson  # noqa: B018


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_types_are_kept(dtype):
    alpha = jnp.array([2.0, 3.0], dtype)
    y = rpj.rsample("gamma", 3, seed=1, alpha=alpha)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, rp.Gamma([2.0, 3.0]).rsample(3, rng=1).value.astype(y.dtype))
    assert jax.grad(lambda a: rpj.attach(y, "gamma", alpha=a).sum())(alpha).dtype == dtype


def test_derivatives_of_the_sampler_are_replaced():
    def loss(alpha):
        return rpj.attach(alpha * 0.25, "gamma", alpha=alpha)

    assert jax.grad(loss)(2.0) == rp.Gamma(2.0).pathwise(0.5)["alpha"]


class TestZero:
    """A draw that doesn't count adds exactly 0 to gradients, whatever its own derivatives are."""

    @staticmethod
    def masked(alpha, y=(0.5, -1.0), keep=(True, False)):
        attached = rpj.attach(np.array(y), "gamma", alpha=alpha)
        return jnp.where(np.array(keep), attached, 0.0).sum()

    def test_draws_outside_the_support(self):
        d = rp.Gamma(2.0)
        slope, bend = d.pathwise(0.5)["alpha"], d.pathwise2(0.5)["alpha"]["alpha"]
        for transform in (jax.grad, jax.jacfwd, lambda f: jax.jit(jax.grad(f))):
            np.testing.assert_allclose(transform(self.masked)(2.0), slope, rtol=1e-14)
        for transform in (jax.hessian, lambda f: jax.grad(jax.grad(f))):
            np.testing.assert_allclose(transform(self.masked)(2.0), bend, rtol=1e-14)
        several = jax.vmap(jax.grad(self.masked))(jnp.array([2.0, 2.0]))
        np.testing.assert_allclose(several, [slope, slope], rtol=1e-14)
        assert jax.grad(self.masked)(2.0, keep=(False, False)) == 0.0
        assert np.isnan(jax.grad(self.masked)(2.0, keep=(True, True)))

    def test_draws_that_overflow(self):
        def loss(alpha):
            y = rpj.rsample("pareto", 1000, seed=1, alpha=alpha)
            return jnp.where(y < 1e9, y, 0.0).sum()

        draw = rp.Pareto(alpha=1e-3).rsample(1000, rng=1)
        expected = draw.vjp(1.0 * (draw.value < 1e9))["alpha"]
        assert np.isinf(draw.value).sum() > 400
        for transform in (jax.grad, jax.jacfwd):
            np.testing.assert_allclose(transform(loss)(1e-3), expected, rtol=1e-13)

    def test_functions_of_values(self):
        """At the ends of the support densities and quantiles have infinite derivatives."""
        numpyro = pytest.importorskip("reparam.numpyro")

        def loss(y, alpha):
            d = numpyro.Beta(alpha, 0.5)
            found = d.cdf(y) + d.log_prob(y) + d.icdf(y)
            return jnp.where(y < 1.0, found, 0.0).sum()

        y = jnp.array([0.3, 1.0])
        for transform in (jax.grad, jax.jacfwd):
            slopes = transform(loss)(y, 0.5), transform(loss, 1)(y, 0.5)
            assert slopes[0][1] == 0.0
            np.testing.assert_allclose(slopes[1], transform(loss, 1)(y[:1], 0.5), rtol=1e-14)


#: By type: the least error that JAX's own gradient is seen to have, and the most that ours may.
ERRORS = {"float64": (1e-14, 2e-15), "float32": (1e-5, 1e-7)}


@pytest.mark.long
@pytest.mark.parametrize("dtype", ERRORS)
def test_gradients_beside_those_of_jax(dtype):
    """∂y/∂α of JAX's gamma draws, against differences of 50 digits."""
    worst = np.zeros(2)
    for number in (1e-3, 0.03, 1.0, 30.0, 1e3):
        alpha, key = jnp.full(4, number, dtype), jax.random.key(1)
        y, slopes = jax.jvp(
            lambda a: jax.random.gamma(key, a, dtype=dtype),  # noqa: B023
            (alpha,),
            (alpha * 0 + 1,),
        )
        _, ours = jax.jvp(
            lambda a: rpj.attach(y, "gamma", alpha=a),  # noqa: B023
            (alpha,),
            (alpha * 0 + 1,),
        )
        for value, *found in zip(y.tolist(), slopes.tolist(), ours.tolist(), strict=True):
            if value > 1e-30:
                exact = slope_in_alpha("gamma", value, float(alpha[0]), 1.0)
                errors = [abs(float(each / exact - 1)) for each in found]
                worst = np.maximum(worst, errors)
    theirs, bound = ERRORS[dtype]
    assert worst[0] > theirs
    assert worst[1] < bound


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda y: rpj.attach(y, "gamma", alpha=np.ones((2, 3))), ShapeError),
        (lambda y: rpj.attach(y, "gamma", scale=2.0), UnknownParameterError),
        (lambda y: rpj.attach(y, "poisson", rate=2.0), NotReparameterizable),
        (lambda y: rpj.rsample("gamma", 2, seed=1, start=-1), CountError),
        (lambda y: rpj.rsample("gamma", 2, seed=-1), SeedError),
        (lambda y: rpj.rsample("gamma", 2, seed=1.5), SeedError),
    ],
)
def test_mistakes(call, error):
    with pytest.raises(error):
        call(np.array([0.5, 0.7, 0.9]))
