"""PyTorch: every distribution of real numbers, by finite differences and against NumPy."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
from paths import slope_in_alpha

import reparam as rp
from reparam.errors import (
    CountError,
    NoFormulaError,
    NotReparameterizable,
    ParameterError,
    SeedError,
    ShapeError,
    UnknownDistributionError,
    UnknownParameterError,
)
from reparam.registry import BUILT_IN

torch = pytest.importorskip("torch")
rpt = pytest.importorskip("reparam.torch")
classes = pytest.importorskip("reparam.adapters.torch.classes")
operators = pytest.importorskip("reparam.adapters.torch.operators")

DOUBLE = torch.float64
LAWS = sorted(
    name
    for name in {*classes.class_names().values()}
    if name in BUILT_IN and not rp.get(name)._support.rank
)
FUNCTIONS = ["log_prob", "cdf", "sf", "log_cdf", "log_sf"]
DERIVATIVES = ["pathwise", "path", "path2", "score", "stein_score", "log_prob2"]
STATISTICS = ["mean", "variance", "entropy"]


def class_of(name):
    return getattr(rpt, rp.get(name).__name__)


def typical(name, shape=()):
    """Return values of the parameters, different for each element, in the middle of the typical."""
    found = []
    for k, declared in enumerate(rp.get(name).parameters.values()):
        part = (0.35 + 0.3 * np.linspace(0.0, 1.0, int(np.prod(shape)) or 1)).reshape(shape)
        values = declared.typical_at(part if k % 2 else 1.0 - part)
        values = values if declared.differentiable else np.round(values)
        found.append(torch.tensor(values, dtype=DOUBLE, requires_grad=declared.differentiable))
    return found


def moving(theta):
    """Return those of the parameters that there are derivatives in."""
    return [x for x in theta if x.requires_grad]


def values_at(name, theta, u):
    d = rp.get(name)(*(x.detach().numpy() for x in theta))
    return torch.tensor(d.icdf(np.asarray(u)), dtype=DOUBLE)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_are_numpys_and_their_derivatives_agree_with_differences(name, function):
    theta = typical(name, (2,))
    y = values_at(name, theta, [[0.2, 0.3], [0.6, 0.85]]).requires_grad_()
    ours = rp.get(name)(*(x.detach().numpy() for x in theta))
    found = getattr(class_of(name)(*theta), function)(y)
    np.testing.assert_array_equal(found.detach(), getattr(ours, function)(y.detach().numpy()))

    def call(y, *theta):
        return getattr(class_of(name)(*theta, validate_args=False), function)(y)

    assert torch.autograd.gradcheck(call, (y, *theta), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("function", ["icdf", "isf"])
def test_quantiles_are_numpys_and_their_derivatives_agree_with_differences(name, function):
    theta = typical(name, (2,))
    u = torch.tensor([[0.2, 0.3], [0.6, 0.85]], dtype=DOUBLE, requires_grad=True)
    ours = rp.get(name)(*(x.detach().numpy() for x in theta))
    found = getattr(class_of(name)(*theta), function)(u)
    np.testing.assert_array_equal(found.detach(), getattr(ours, function)(u.detach().numpy()))

    def call(u, *theta):
        return getattr(class_of(name)(*theta), function)(u)

    assert torch.autograd.gradcheck(call, (u, *theta), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_statistics_are_numpys_and_their_derivatives_agree_with_differences(name, statistic):
    theta = typical(name, (2,))
    ours = rp.get(name)(*(x.detach().numpy() for x in theta))

    def call(*theta):
        found = getattr(class_of(name)(*theta), statistic)
        return found() if callable(found) else found

    expected = getattr(ours, statistic)
    np.testing.assert_array_equal(call(*theta).detach(), expected)
    if np.all(np.isfinite(expected)):
        assert torch.autograd.gradcheck(call, tuple(theta), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", LAWS)
def test_draws_and_derivatives_are_numpys(name):
    theta = typical(name, (2, 1))
    theta[0] = theta[0].detach()[0, 0].clone().requires_grad_(theta[0].requires_grad)
    names = list(rp.get(name).parameters)
    ours = rp.get(name)(*(x.detach().numpy() for x in theta)).rsample((3, 4), rng=7)
    y = rpt.rsample(name, (3, 4), seed=7, **dict(zip(names, theta, strict=True)))
    np.testing.assert_array_equal(y.detach(), ours.value)
    upstream = torch.linspace(-1.0, 2.0, y.numel(), dtype=DOUBLE).reshape(y.shape)
    found = torch.autograd.grad(y, moving(theta), upstream)
    for mine, expected in zip(found, ours.vjp(upstream.numpy()).values(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_draws_by_quantile_move_as_their_derivatives_say(name):
    names, theta = list(rp.get(name).parameters), typical(name)

    def draw(*theta):
        parameters = dict(zip(names, theta, strict=True))
        return rpt.rsample(name, 4, seed=3, by_quantile=True, **parameters)

    assert torch.autograd.gradcheck(draw, tuple(theta), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", LAWS)
def test_attached_draws_stay_at_their_quantile(name):
    """F(y(θ); θ) = u for fixed u, differentiated by differences of F alone."""
    names, theta = list(rp.get(name).parameters), typical(name)
    y = values_at(name, theta, [0.1, 0.5, 0.93])
    attached = rpt.attach(y, name, **dict(zip(names, theta, strict=True)))
    assert torch.equal(attached, y)
    numbers = [float(x.detach()) for x in theta]
    density = np.exp(rp.get(name)(*numbers).log_prob(y.numpy()))
    for k in [k for k, x in enumerate(theta) if x.requires_grad]:
        step = 1e-5 * max(1.0, abs(numbers[k]))
        ends = []
        for sign in (1.0, -1.0):
            moved = [x + sign * step * (i == k) for i, x in enumerate(numbers)]
            ends.append(rp.get(name)(*moved).cdf(y.numpy()))
        expected = -(ends[0] - ends[1]) / (2.0 * step) / density
        found = [torch.autograd.grad(attached[i], theta[k], retain_graph=True)[0] for i in range(3)]
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_types_are_kept_and_computed_in_double_precision(name, dtype):
    theta = [x.detach().to(dtype).requires_grad_(x.requires_grad) for x in typical(name)]
    wide = [x.detach().double().requires_grad_(x.requires_grad) for x in theta]
    for parameters in (theta, wide):
        torch.manual_seed(4)
        d = class_of(name)(*parameters, validate_args=False)
        y = d.rsample((50,))
        assert y.dtype == parameters[0].dtype
        y.sum().backward()
        assert d.log_prob(y.detach()).dtype == d.mean.dtype == parameters[0].dtype
        results = [y.detach(), *(x.grad for x in moving(parameters))]
        assert all(torch.isfinite(x).all() for x in results)
        if parameters is theta:
            narrow = results
    for mine, expected in zip(narrow, results, strict=True):
        assert torch.equal(mine, expected.to(dtype))


@pytest.mark.parametrize("name", LAWS)
def test_distributions_are_those_of_torch(name):
    cls, theta = class_of(name), typical(name, (2,))
    d = cls(*theta)
    assert d.has_rsample
    assert isinstance(d, torch.distributions.Distribution)
    assert (d.batch_shape, d.event_shape) == ((2,), ())
    wide = d.expand((3, 2))
    assert wide.batch_shape == (3, 2)
    assert wide.rsample((5,)).shape == (5, 3, 2)
    sample = wide.sample((5,))
    assert not sample.requires_grad
    assert bool(torch.all(wide.support.check(sample)))
    assert wide.log_prob(sample).shape == (5, 3, 2)
    assert wide.mean.shape == wide.entropy().shape == (3, 2)
    for parameter, constraint in d.arg_constraints.items():
        assert bool(torch.all(constraint.check(getattr(d, parameter))))
    assert repr(d).startswith(cls.__name__)
    again = pickle.loads(pickle.dumps(cls(*(x.detach() for x in theta))))
    assert torch.equal(again.log_prob(sample), d.log_prob(sample))
    torch.distributions.Independent(d, 1).log_prob(sample).sum().backward()
    assert all(x.grad is not None for x in moving(theta))


def hessians(loss, theta):
    """Return the Hessian by double backward, and by forward over reverse mode: they are equal."""
    places = [k for k, x in enumerate(theta) if x.requires_grad]

    def of_moving(*moved):
        given = dict(zip(places, moved, strict=True))
        return loss(*(given.get(k, x) for k, x in enumerate(theta)))

    rows = torch.autograd.functional.hessian(of_moving, tuple(moving(theta)))
    twice = torch.func.hessian(of_moving, tuple(range(len(places))))(*moving(theta))
    found, forward = (torch.stack([torch.stack([*row]) for row in each]) for each in (rows, twice))
    torch.testing.assert_close(forward, found, rtol=1e-9, atol=1e-12)
    return found.detach().numpy()


@pytest.mark.parametrize("name", LAWS)
def test_draws_bend_as_in_numpy(name):
    """The Hessian of Σ y² is 2 Σ (y_θ y_φ + y y_θφ), at fixed noise and on the quantile path."""
    names, theta = list(rp.get(name).parameters), typical(name)
    ours = rp.get(name)(*(float(x.detach()) for x in theta))

    def draw(by_quantile):
        def loss(*theta):
            parameters = dict(zip(names, theta, strict=True))
            y = rpt.rsample(name, 3, seed=3, by_quantile=by_quantile, **parameters)
            return y.square().sum()

        return loss

    y = torch.tensor(ours.icdf(np.array([0.1, 0.5, 0.8])))

    def attach(*theta):
        return rpt.attach(y, name, **dict(zip(names, theta, strict=True))).square().sum()

    for loss, made in (
        (draw(False), ours.rsample(3, rng=3)),
        (draw(True), ours.by_quantile().rsample(3, rng=3)),
        (attach, None),
    ):
        value = y.numpy() if made is None else made.value
        slopes = [*(ours.pathwise(value) if made is None else made.jacobian()).values()]
        bends = ours.pathwise2(value) if made is None else made.hessian()
        expected = [
            [
                2.0 * np.sum(value * bend + slope * other)
                for bend, other in zip(row.values(), slopes, strict=True)
            ]
            for row, slope in zip(bends.values(), slopes, strict=True)
        ]
        np.testing.assert_allclose(hessians(loss, theta), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", LAWS)
def test_draws_by_quantile_and_functions_have_second_derivatives(name):
    """All in one function, whose derivatives of derivatives agree with differences."""
    names, theta = list(rp.get(name).parameters), typical(name)
    where = values_at(name, theta, 0.6).requires_grad_()
    u = torch.tensor(0.3, dtype=DOUBLE, requires_grad=True)

    def functions(y, u, *theta):
        d = class_of(name)(*theta, validate_args=False)
        parameters = dict(zip(names, theta, strict=True))
        drawn = rpt.rsample(name, seed=3, by_quantile=True, **parameters)
        return drawn, *(getattr(d, f)(y) for f in FUNCTIONS), d.icdf(u), d.isf(u)

    inputs = (where, u, *theta)
    assert torch.autograd.gradgradcheck(functions, inputs, rtol=1e-4, atol=1e-5, fast_mode=True)


@pytest.mark.parametrize("name", ["gamma", "student-t", "von-mises"])
def test_expectations_have_second_derivatives(name):
    """∂²E[φ]/∂θ², from draws of one seed, which move on fields, against E[φ] by quadrature."""
    names, theta = list(rp.get(name).parameters), typical(name)
    numbers = [float(x.detach()) for x in theta]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    u = torch.tensor(0.5 * (nodes + 1.0), dtype=DOUBLE)

    def sampled(first):
        parameters = dict(zip(names, (first, *numbers[1:]), strict=True))
        return rpt.rsample(name, () if first.ndim else 20000, seed=5, **parameters).sin()

    def exact(first):
        y = class_of(name)(first, *theta[1:]).icdf(u)
        return (torch.tensor(0.5 * weights) * y.sin()).sum()

    def curvature(call, first):
        (slope,) = torch.autograd.grad(call(first).mean(), first, create_graph=True)
        return torch.autograd.grad(slope, first)[0]

    many = theta[0].detach().expand(20000).clone().requires_grad_()
    (slopes,) = torch.autograd.grad(sampled(many).sum(), many, create_graph=True)
    (each,) = torch.autograd.grad(slopes.sum(), many)
    step = 1e-3 * numbers[0]
    ends = [exact(torch.tensor(numbers[0] + k * step)) for k in (-1, 0, 1)]
    expected = float((ends[0] - 2.0 * ends[1] + ends[2]).detach()) / step**2
    assert abs(float(each.mean()) - expected) < 5.0 * float(each.std()) / 20000**0.5
    torch.testing.assert_close(curvature(sampled, theta[0]), each.mean(), rtol=1e-9, atol=1e-12)


def test_slope_that_vanishes_still_has_derivatives():
    """∂²/∂α² of (y − c)² where y = c is 2 y_α², though the upstream derivative is 0."""
    alpha = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)
    y = rpt.attach(torch.tensor(1.5, dtype=DOUBLE), "gamma", alpha=alpha)
    (slope,) = torch.autograd.grad((y - 1.5) ** 2, alpha, create_graph=True)
    (found,) = torch.autograd.grad(slope, alpha)
    expected = 2.0 * rp.Gamma(2.0).pathwise(1.5)["alpha"] ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_in_place_changes_of_draws_are_noticed():
    scale = torch.tensor(2.0, requires_grad=True)
    y = rpt.Gamma(scale.double(), 1.0).rsample((3,))
    y.mul_(2.0)
    with pytest.raises(RuntimeError, match="inplace"):
        y.sum().backward()


@pytest.mark.parametrize("name", ["gaussian", "gamma", "uniform"])
def test_parameters_that_were_made_invalid_are_noticed_by_draws(name):
    theta = [x.detach().float() for x in typical(name, (2,))]
    d = class_of(name)(*theta)
    theta[-1].data[1] = -10.0
    with pytest.raises(ParameterError, match=f"{[*rp.get(name).parameters][-1]}.*-10"):
        d.rsample()


def test_third_derivatives_raise():
    alpha = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)
    y = torch.tensor([0.3, 0.6], dtype=DOUBLE)
    d = rpt.Gamma(alpha, 1.0)
    for result in (
        rpt.attach(y, "gamma", alpha=alpha),
        rpt.rsample("gamma", 2, seed=1, alpha=alpha),
        d.log_prob(y),
        d.icdf(y),
    ):
        total = result.sum()
        for _ in range(2):
            (total,) = torch.autograd.grad(total, alpha, create_graph=True)
        with pytest.raises(NoFormulaError, match="derivatives of Gamma"):
            torch.autograd.grad(total, alpha)
    (slope,) = torch.autograd.grad(d.mean, alpha, create_graph=True)
    with pytest.raises(NoFormulaError, match="'of_mean'"):
        torch.autograd.grad(slope, alpha)


class TestTransforms:
    @staticmethod
    def loss(alpha, beta):
        return rpt.rsample("beta", 5, seed=2, alpha=alpha, beta=beta).square().sum()

    alpha = torch.tensor(2.0, dtype=DOUBLE)
    beta = torch.tensor([0.5, 3.0, 4.0], dtype=DOUBLE)

    def expected(self):
        draw = rp.Beta(2.0, self.beta.numpy()[:, None]).rsample(5, rng=2)
        one = [rp.Beta(2.0, b).rsample(5, rng=2) for b in self.beta.numpy()]
        assert draw.value.shape == (5, 3, 1)
        return [draw.vjp(2.0 * draw.value) for draw in one]

    def test_grad_of_torch_func(self):
        for beta, expected in zip(self.beta, self.expected(), strict=True):
            found = torch.func.grad(self.loss, (0, 1))(self.alpha, beta)
            np.testing.assert_allclose(found, list(expected.values()), rtol=1e-12)

    def test_vmap_of_grad_and_grad_of_vmap(self):
        expected = self.expected()
        per_example = torch.func.vmap(torch.func.grad(self.loss, (0, 1)), (None, 0))
        found = per_example(self.alpha, self.beta)
        np.testing.assert_allclose(found[0], [x["alpha"] for x in expected], rtol=1e-12)
        np.testing.assert_allclose(found[1], [x["beta"] for x in expected], rtol=1e-12)

        def total(alpha, beta):
            return torch.func.vmap(self.loss, (None, 0))(alpha, beta).sum()

        found = torch.func.grad(total, (0, 1))(self.alpha, self.beta)
        np.testing.assert_allclose(found[0], sum(x["alpha"] for x in expected), rtol=1e-12)
        np.testing.assert_allclose(found[1], [x["beta"] for x in expected], rtol=1e-12)

    def test_vmap_pads_shapes_and_batches_seeds(self):
        y = torch.rand(4, 2, dtype=DOUBLE)
        b = torch.rand(3, 2, dtype=DOUBLE) + 0.5

        def log_prob(b):
            return rpt.Beta(self.alpha, b).log_prob(y)

        found = torch.func.vmap(log_prob)(b)
        expected = rp.Beta(2.0, b.numpy()[:, None]).log_prob(y.numpy())
        np.testing.assert_array_equal(found, expected)

        def draw(seed):
            return rpt.rsample("gamma", 2, seed=seed, alpha=self.alpha)

        found = torch.func.vmap(draw)(torch.arange(3))
        expected = [rp.Gamma(2.0).rsample(2, rng=seed).value for seed in range(3)]
        np.testing.assert_array_equal(found, expected)

    def test_vmap_asks_which_randomness_is_meant(self):
        def draw(alpha):
            return rpt.Gamma(alpha, 1.0).rsample()

        many = torch.full((20,), 2.0, dtype=DOUBLE)
        with pytest.raises(RuntimeError, match="randomness"):
            torch.func.vmap(draw)(many)
        assert len(set(torch.func.vmap(draw, randomness="different")(many).tolist())) == 20
        assert len(set(torch.func.vmap(draw, randomness="same")(many).tolist())) == 1

    def test_forward_mode_and_its_compositions(self):
        reverse = torch.func.jacrev(self.loss, (0, 1))(self.alpha, self.beta)
        forward = torch.func.jacfwd(self.loss, (0, 1))(self.alpha, self.beta)
        torch.testing.assert_close(forward, reverse)
        twice = [
            torch.func.jacfwd(torch.func.jacrev(self.loss, 1), 1),
            torch.func.jacrev(torch.func.jacfwd(self.loss, 1), 1),
            torch.func.jacrev(torch.func.jacrev(self.loss, 1), 1),
        ]
        expected = torch.autograd.functional.hessian(lambda b: self.loss(self.alpha, b), self.beta)
        for hessian in twice:
            torch.testing.assert_close(hessian(self.alpha, self.beta), expected)
        with pytest.raises(NoFormulaError, match="forward over forward"):
            torch.func.jacfwd(torch.func.jacfwd(self.loss, 1), 1)(self.alpha, self.beta)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch in its own code
class TestCompiling:
    @pytest.mark.parametrize("name", ["gaussian", "gamma", "beta", "uniform", "von-mises"])
    def test_whole_graphs_compile(self, name):
        torch._dynamo.reset()
        names, theta, cls = list(rp.get(name).parameters), typical(name), class_of(name)

        def loss(*theta):
            parameters = dict(zip(names, theta, strict=True))
            d = cls(*theta)
            y = d.rsample((4,))
            attached = rpt.attach(y.detach(), name, **parameters)
            drawn = rpt.rsample(name, (2, 2), seed=5, start=3, **parameters)
            total = attached.sin().sum() + drawn.cos().sum() + d.expand((2,)).entropy().sum()
            return total + d.log_prob(y).sum() + d.cdf(y).sum() + d.icdf(d.cdf(y)).sum() + d.mean

        results = []
        for call in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
            torch.manual_seed(1)
            found = call(*theta)
            results.append([found, *torch.autograd.grad(found, theta)])
        for compiled, eager in zip(*results, strict=True):
            torch.testing.assert_close(compiled, eager, rtol=1e-12, atol=1e-12)

    def test_shapes_may_be_dynamic(self):
        torch._dynamo.reset()
        alpha = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)

        def loss(alpha, y):
            drawn = rpt.rsample("gamma", y.shape, seed=1, alpha=alpha, rate=alpha)
            return (rpt.attach(y, "gamma", alpha=alpha) + drawn).sum()

        compiled = torch.compile(loss, fullgraph=True, dynamic=True, backend="aot_eager")
        for n in (3, 5, 9):
            y = torch.rand(n, dtype=DOUBLE)
            found, expected = (
                torch.autograd.grad(call(alpha, y), alpha)[0] for call in (compiled, loss)
            )
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)

    @pytest.mark.parametrize("name", ["gaussian", "gamma"])
    def test_operators_keep_the_rules(self, name):
        theta = [x.detach() for x in typical(name, (2,))]
        y = [torch.tensor([[0.5], [1.5]], dtype=DOUBLE)]
        made = operators.noise(name, "draw", torch.tensor(3), 5, [3, 2])
        drawn = operators.evaluate(name, "draw", made, theta)
        for operator, arguments in [
            (operators.noise, (name, "draw", torch.tensor(3), 5, [3, 2])),
            (operators.noise, (name, "draw_by_quantile", torch.tensor(3), 0, [4])),
            (operators.evaluate, (name, "draw", made, theta)),
            *((operators.evaluate, (name, function, y, theta)) for function in FUNCTIONS),
            (operators.evaluate, (name, "attach", y, theta)),
            (operators.evaluate, (name, "mean", [], theta)),
            *((operators.evaluate, (name, f, drawn, theta)) for f in ("of_draw", "of_draw2")),
            *((operators.evaluate, (name, f, y, theta)) for f in DERIVATIVES),
            (operators.evaluate, (name, "of_entropy", [], theta)),
        ]:
            torch.library.opcheck(operator, arguments)


class TestAttach:
    def test_gradients_only_where_they_are_wanted(self):
        alpha, rate = torch.tensor(2.0, requires_grad=True), torch.tensor(1.0)
        attached = rpt.attach(torch.rand(5), "gamma", a=alpha, lam=rate)
        attached.sum().backward()
        assert alpha.grad is not None
        assert rate.grad is None
        assert not rpt.attach(torch.rand(5), "gamma", alpha=2.0).requires_grad

    def test_derivatives_of_the_sampler_are_replaced(self):
        a, b = (torch.tensor(x, dtype=DOUBLE, requires_grad=True) for x in (2.0, 3.0))
        y = torch.distributions.Beta(a, b).rsample((10,))
        rpt.attach(y, rp.Beta, alpha=a, beta=b).sum().backward()
        expected = rp.Beta(2.0, 3.0).pathwise(y.detach().numpy())
        np.testing.assert_allclose(
            [a.grad, b.grad], [x.sum() for x in expected.values()], rtol=1e-12
        )

    def test_draws_and_parameters_may_be_of_different_types(self):
        alpha = torch.tensor([2.0, 3.0], dtype=torch.bfloat16, requires_grad=True)
        attached = rpt.attach(torch.rand(4, 2, dtype=torch.float32), "gamma", alpha=alpha)
        assert attached.dtype == torch.float32
        attached.sum().backward()
        assert alpha.grad.dtype == torch.bfloat16
        assert alpha.grad.shape == (2,)

    def test_gradients_are_nowhere_nan_where_draws_are_masked(self):
        alpha = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)
        y = torch.tensor([0.5, -1.0], dtype=DOUBLE)  # of which the second is outside
        torch.where(y > 0.0, rpt.attach(y, "gamma", alpha=alpha), 0.0).sum().backward()
        expected = rp.Gamma(2.0).pathwise(0.5)["alpha"]
        np.testing.assert_allclose(alpha.grad, expected, rtol=1e-14)

    def test_gradients_are_nowhere_nan_where_draws_overflow_or_functions_do(self):
        alpha = torch.tensor(1e-3, dtype=DOUBLE, requires_grad=True)
        draw = rp.Pareto(alpha=1e-3).rsample(1000, rng=1)
        expected = draw.vjp(1.0 * (draw.value < 1e9))["alpha"]
        composed = rpt.distribution("2*pareto", {"base.alpha": alpha}).rsample((1000,))
        (found,) = torch.autograd.grad(torch.where(composed < 1e9, composed, 0.0).sum(), alpha)
        assert bool(found.isfinite())
        for options in ({}, {"create_graph": True}):
            y = rpt.rsample("pareto", 1000, seed=1, alpha=alpha)
            kept = torch.where(y < 1e9, y, 0.0).sum()
            (found,) = torch.autograd.grad(kept, alpha, **options)
            np.testing.assert_allclose(found.detach(), expected, rtol=1e-13)
        where = torch.tensor([0.3, 1.0], dtype=DOUBLE, requires_grad=True)
        shape = torch.tensor(0.5, dtype=DOUBLE, requires_grad=True)
        d = rpt.Beta(shape, 0.5)
        for function in (d.cdf, d.log_prob, d.icdf):  # whose derivatives at 1 are infinite
            kept = torch.where(where < 1.0, function(where), 0.0).sum()
            slopes = torch.autograd.grad(kept, (where, shape))
            expected = torch.autograd.grad(function(where[0]), (where, shape))
            for mine, other in zip(slopes, expected, strict=True):
                torch.testing.assert_close(mine, other, rtol=1e-13, atol=0.0)

    def test_class_that_is_not_registered(self):
        class Squared(rp.Exponential):
            name = "squared-in-a-test"

        rate = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)
        rpt.attach(torch.tensor(3.0, dtype=DOUBLE), Squared, rate=rate).backward()
        assert float(rate.grad) == -1.5

    def test_classes_of_one_name_are_not_confused(self):
        found = []
        for factor in (1.0, 2.0):

            class Scaled(rp.Exponential):
                name = "scaled-in-a-test"
                _pathwise = staticmethod(lambda y, rate, factor=factor: (-factor * y / rate,))

            rate = torch.tensor(2.0, dtype=DOUBLE, requires_grad=True)
            rpt.attach(torch.tensor(3.0, dtype=DOUBLE), Scaled, rate=rate).backward()
            found.append(float(rate.grad))
        assert found == [-1.5, -3.0]

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda y: rpt.attach(y, "gamma", alpha=torch.ones(2, 3)), ShapeError, "one draw for"),
            (lambda y: rpt.attach(y, "gamma", scale=2.0), UnknownParameterError, "rate=1/scale"),
            (lambda y: rpt.attach(y, "gamma", a=1.0, alpha=2.0), UnknownParameterError, "twice"),
            (lambda y: rpt.attach(y, "gamma", alpha=-1.0), ParameterError, "alpha=-1 is not in"),
            (lambda y: rpt.attach(y, "poisson", rate=2.0), NotReparameterizable, "integers"),
            (lambda y: rpt.attach(y, "concrete"), NotReparameterizable, "vectors"),
            (lambda y: rpt.attach(y, rp.Truncated), NotReparameterizable, "more than numbers"),
            (lambda y: rpt.rsample("gamma", 2, seed=1, start=-1), CountError, "start=-1"),
            (lambda y: rpt.rsample("gamma", 2, seed=2**63), SeedError, "from 0 to"),
            (lambda y: rpt.rsample("gamma", 2, seed=1.5), SeedError, "seed=1.5"),
            (lambda y: rpt.attach(y, rp.Beta()), UnknownDistributionError, "no distribution"),
        ],
    )
    def test_mistakes(self, call, error, message):
        with pytest.raises(error, match=message):
            call(torch.rand(3))


class TestStreams:
    def test_draws_are_addressed_by_their_number(self):
        whole = rpt.rsample("gamma", 10, seed=1, alpha=[2.0, 3.0])
        part = rpt.rsample("gamma", 4, seed=1, start=6, alpha=[2.0, 3.0])
        assert torch.equal(whole[6:], part)

    def test_seeds_may_be_tensors_and_come_from_generators(self):
        one = rpt.rsample("beta", 3, seed=torch.tensor(5))
        assert torch.equal(one, rpt.rsample("beta", 3, seed=5))
        assert not torch.equal(rpt.rsample("beta", 3), rpt.rsample("beta", 3))
        torch.manual_seed(2)
        first = rpt.rsample("beta", 3)
        torch.manual_seed(2)
        assert torch.equal(first, rpt.rsample("beta", 3))

    def test_generator_of_the_caller_leaves_that_of_torch_alone(self):
        state = torch.get_rng_state()
        draws = [
            rpt.Beta(2.0, 3.0).sample((3,), generator=torch.Generator().manual_seed(1))
            for _ in range(2)
        ]
        assert torch.equal(*draws)
        assert torch.equal(state, torch.get_rng_state())

    def test_type_without_tensors_is_the_default(self):
        assert rpt.rsample("gamma", 3, seed=1, alpha=2.0).dtype == torch.get_default_dtype()


class TestComposition:
    def test_transformed_distributions_and_mixtures_of_torch(self):
        loc = torch.tensor(0.5, dtype=DOUBLE, requires_grad=True)
        squashed = torch.distributions.TransformedDistribution(
            rpt.Normal(loc, 1.0), [torch.distributions.TanhTransform()]
        )
        y = squashed.rsample((3,))
        expected = rp.TanhNormal(0.5, 1.0).log_prob(y.detach().numpy())
        np.testing.assert_allclose(squashed.log_prob(y).detach(), expected, rtol=1e-6)
        parts = rpt.Gamma(torch.tensor([1.0, 2.0], dtype=DOUBLE), 1.0)
        weights = torch.distributions.Categorical(torch.tensor([0.3, 0.7], dtype=DOUBLE))
        mixture = torch.distributions.MixtureSameFamily(weights, parts)
        expected = rp.mixture([0.3, 0.7], rp.Gamma(1.0), rp.Gamma(2.0))
        found = mixture.log_prob(torch.tensor(1.5, dtype=DOUBLE)), mixture.mean
        np.testing.assert_allclose(found, [expected.log_prob(1.5), expected.mean], rtol=1e-12)

    def test_supports_have_bijections(self):
        x = torch.tensor(0.3, dtype=DOUBLE)
        for d in (rpt.Pareto(2.0, 3.0), rpt.Uniform(2.0, 3.0), rpt.Gamma(), rpt.VonMises()):
            y = torch.distributions.biject_to(d.support)(x)
            assert bool(d.support.check(y))

    def test_shapes_that_are_empty_or_laid_out_otherwise(self):
        alpha = torch.linspace(1.0, 9.0, 300, dtype=DOUBLE).reshape(100, 3).t().requires_grad_()
        assert not alpha.is_contiguous()
        y = rpt.rsample("gamma", 300, seed=1, alpha=alpha)  # across the end of a block
        expected = rp.Gamma(alpha.detach().numpy()).rsample(300, rng=1)
        np.testing.assert_array_equal(y.detach(), expected.value)
        y.sum().backward()
        np.testing.assert_allclose(alpha.grad, expected.vjp(1.0)["alpha"], rtol=1e-12)
        scale = torch.tensor(2.0, requires_grad=True)
        rpt.Normal(0.0, scale).rsample((0,)).sum().backward()
        assert float(scale.grad) == 0.0


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("Beta", "Cauchy", "Chi2", "Exponential", "FisherSnedecor", "Gamma", "Gumbel"),
            *("HalfCauchy", "HalfNormal", "InverseGamma", "Kumaraswamy", "Laplace", "LogNormal"),
            *("Normal", "Pareto", "StudentT", "Uniform", "VonMises", "Weibull"),
        ],
    )
    def test_what_torch_has_may_be_replaced(self, name):
        theirs, ours = getattr(torch.distributions, name), getattr(rpt, name)
        order = list(inspect.signature(theirs).parameters)
        assert list(inspect.signature(ours).parameters) == order
        numbers = dict(zip(order[:-1], torch.tensor([2.25, 2.75, 3.0], dtype=DOUBLE), strict=False))
        y = torch.tensor(0.3 if name in ("Beta", "Kumaraswamy") else 2.5, dtype=DOUBLE)
        expected = theirs(**numbers).log_prob(y)
        for d in (ours(*numbers.values()), ours(**numbers)):
            torch.testing.assert_close(d.log_prob(y), expected, rtol=1e-6, atol=1e-9)

    def test_library_and_torch_names_are_one_class(self):
        assert rpt.Normal is rpt.Gaussian
        assert rpt.Chi2 is rpt.ChiSquare
        assert {"Normal", "Beta", "attach"} <= set(dir(rpt))
        with pytest.raises(AttributeError, match="'Poisson'"):
            rpt.Poisson  # noqa: B018

    def test_aliases_and_mistakes(self):
        assert float(rpt.Normal(mu=1.0, sigma=2.0).scale) == 2.0
        with pytest.raises(UnknownParameterError, match="rate=1/scale"):
            rpt.Gamma(2.0, scale=2.0)
        with pytest.raises(UnknownParameterError, match="twice"):
            rpt.Gamma(2.0, alpha=2.0)
        with pytest.raises(UnknownParameterError, match="takes 2 parameters"):
            rpt.Gamma(2.0, 3.0, 4.0)
        with pytest.raises(ValueError, match="concentration"):
            rpt.Gamma(-2.0, 3.0, validate_args=True)
        with pytest.raises(ParameterError, match="pass low < high"):
            rpt.Uniform(1.0, 0.0, validate_args=True)
        with pytest.raises(ValueError, match="support"):
            rpt.Gamma(2.0, 3.0, validate_args=True).log_prob(torch.tensor(-1.0))

    def test_copies(self):
        d = copy.deepcopy(rpt.Gamma(torch.tensor(2.0), 3.0))
        assert float(d.concentration) == 2.0


#: From nearly a point mass at 0 to nearly a normal distribution.
class TestDivergences:
    @staticmethod
    def kl(loc, scale, rate):
        p, q = rpt.Normal(loc, scale), rpt.Normal(0.0, rate)
        normal = torch.distributions.kl_divergence(p, q)
        gammas = rpt.Gamma(scale, rate), rpt.Gamma(rate, 2.0)
        return normal + torch.distributions.kl_divergence(*gammas)

    @staticmethod
    def theirs(loc, scale, rate):
        d = torch.distributions
        normal = d.kl_divergence(d.Normal(loc, scale), d.Normal(0.0, rate))
        return normal + d.kl_divergence(d.Gamma(scale, rate), d.Gamma(rate, 2.0))

    def theta(self):
        numbers = [[0.5, -1.0]], [[2.0], [0.3]], 1.5
        return [torch.tensor(x, dtype=DOUBLE, requires_grad=True) for x in numbers]

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_values_and_derivatives_are_torchs(self):
        theta = self.theta()
        compiled = torch.compile(self.kl, fullgraph=True, backend="aot_eager")
        expected = self.theirs(*theta)
        for call in (self.kl, compiled):
            found = call(*theta)
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
            mine = torch.autograd.grad(found.sum(), theta)
            other = torch.autograd.grad(expected.sum(), theta, retain_graph=True)
            # PyTorch's trigamma function is right to 9 digits
            torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-12)

    def test_batches(self):
        def loss(loc):
            return self.kl(loc, torch.tensor(2.0, dtype=DOUBLE), torch.tensor(1.5, dtype=DOUBLE))

        locs = torch.tensor([0.5, -1.0], dtype=DOUBLE)
        found = torch.func.vmap(torch.func.grad(loss))(locs)
        torch.testing.assert_close(found, locs / 1.5**2)

    def test_second_derivatives_and_pairs_without_a_closed_form_raise(self):
        theta = self.theta()
        (slope,) = torch.autograd.grad(self.kl(*theta).sum(), theta[:1], create_graph=True)
        with pytest.raises(NoFormulaError, match="second derivatives of KL"):
            slope.sum().backward()
        with pytest.raises(NotImplementedError, match="no closed form"):
            torch.distributions.kl_divergence(rpt.StudentT(5.0), rpt.Normal(0.0, 1.0))


SHAPES = [1e-3, 0.03, 1.0, 30.0, 1e3]

#: The least error that PyTorch's own gradient is seen to have, and the most that ours may.
ERRORS = {
    ("gamma", torch.float64): (1e-5, 1e-13),
    ("gamma", torch.float32): (1e-5, 1e-7),
    ("beta", torch.float64): (1e-4, 1e-13),
    ("beta", torch.float32): (1e-3, 1e-7),
}


@pytest.mark.parametrize(("name", "dtype"), ERRORS, ids=str)
def test_gradients_are_better_than_those_of_torch(name, dtype):
    """∂y/∂α of draws by PyTorch, against differences of 50 digits."""
    torch.manual_seed(0)
    theirs, ours = ERRORS[name, dtype]
    pairs = [(a, b) for a in SHAPES for b in (SHAPES if name == "beta" else [1.0])]
    found = np.array([errors(name, dtype, *pair) for pair in pairs])
    assert found[:, 0].max() > theirs
    assert found[:, 1].max() < ours


def errors(name, dtype, *numbers):
    """Return the worst errors of PyTorch's derivative and of ours, at a few draws."""
    theta = [torch.full((3,), x, dtype=dtype, requires_grad=True) for x in numbers]
    y = getattr(torch.distributions, name.capitalize())(*theta).rsample()
    attached = rpt.attach(y, name, **dict(zip(rp.get(name).parameters, theta, strict=True)))
    found = [torch.autograd.grad(draws.sum(), theta)[0].double() for draws in (y, attached)]
    worst = np.zeros(2)
    least = 1e-290 if dtype is DOUBLE else 1e-36
    for k, value in enumerate(y.detach().double().tolist()):
        if least < value < (1.0 if name == "beta" else math.inf):
            exact = slope_in_alpha(name, value, *(float(x[k].detach()) for x in theta))
            if abs(exact) > least:
                error = [abs(float(each[k]) / exact - 1) for each in found]
                worst = np.maximum(worst, np.array(error, dtype=float))
    return worst
