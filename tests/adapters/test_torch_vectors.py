"""PyTorch: vectors, matrices and composed distributions, by differences, NumPy, and PyTorch's."""

import copy
import pickle

import numpy as np
import pytest

import reparam as rp
from reparam.errors import (
    NoFormulaError,
    NotReparameterizable,
    ParameterError,
    UnknownParameterError,
)
from reparam.registry import BUILT_IN

torch = pytest.importorskip("torch")
rpt = pytest.importorskip("reparam.torch")
classes = pytest.importorskip("reparam.adapters.torch.classes")
functions = pytest.importorskip("reparam.adapters.torch.functions")
operators = pytest.importorskip("reparam.adapters.torch.operators")

DOUBLE = torch.float64
theirs = torch.distributions
VECTORS = sorted(
    name
    for name in {*classes.class_names().values()}
    if name in BUILT_IN and rp.get(name)._support.rank
)


def class_of(name):
    return getattr(rpt, rp.get(name).__name__)


def member(constraint, raw):
    """Return a member of a set that numbers stand for; of the sphere, their direction."""
    if hasattr(constraint, "region"):
        return raw / raw.norm(dim=-1, keepdim=True)
    return theirs.transform_to(constraint)(raw)


def at(name, raw, **options):
    """Return the distribution with parameters that free numbers stand for."""
    cls = class_of(name)
    given = {k: member(cls.arg_constraints[k], x) for k, x in raw.items()}
    return cls(**given, **options)


def raw_parameters(name, batch=()):
    """Return numbers, different for each element, that stand for the parameters."""
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    found = {}
    for theirs_name, value in vars(class_of(name)()).items():
        if theirs_name in class_of(name).arg_constraints:
            size = (*batch, *value.shape)
            found[theirs_name] = torch.randn(size, generator=generator, dtype=DOUBLE)
            if not value.ndim:
                found[theirs_name] = 1.5 + 0.3 * found[theirs_name]  # degrees of freedom above K
    return {k: x.requires_grad_() for k, x in found.items()}


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def stream():
    """Return what the first draws of ``seeded()`` are made of."""
    return operators.stream_of(functions.fresh_seed(seeded()))


@pytest.mark.parametrize("name", VECTORS)
def test_draws_and_density_are_numpys_and_move_as_their_derivatives_say(name):
    raw = raw_parameters(name, (2,))
    if not raw:
        return  # there is nothing to differentiate
    d = at(name, raw)
    y = d.rsample((3,), generator=seeded())
    draw = d.law._draw((3, *d.batch_shape), stream())
    np.testing.assert_array_equal(y.detach(), draw.value)
    np.testing.assert_array_equal(d.log_prob(y).detach(), d.law.log_prob(draw.value))
    upstream = torch.randn(y.shape, generator=seeded(), dtype=DOUBLE)
    tensors = [*d.tensors.values()]
    found = torch.autograd.grad(y, tensors, upstream, retain_graph=True)
    expected = draw.vjp(upstream.numpy())
    for path, gradient in zip(d.tensors, found, strict=True):
        np.testing.assert_allclose(gradient, expected[path], rtol=1e-12, atol=1e-13)

    def log_prob(moved, *values):
        where = member(d.support, moved)
        return at(name, dict(zip(raw, values, strict=True)), validate_args=False).log_prob(where)

    shape = theirs.transform_to(d.support).inverse_shape(y.shape) if _has_chart(d) else y.shape
    moved = torch.randn(shape, generator=seeded(), dtype=DOUBLE).requires_grad_()
    first = moved[0].detach().clone().requires_grad_()
    inputs = first, *raw.values()
    assert torch.autograd.gradcheck(log_prob, inputs, rtol=1e-4, atol=1e-6)
    if d.law.path == "map":

        def draws(*values):
            return at(name, dict(zip(raw, values, strict=True))).rsample((), generator=seeded())

        theta, tolerances = tuple(raw.values()), {"rtol": 1e-4, "atol": 1e-6}
        assert torch.autograd.gradcheck(draws, theta, **tolerances)
        assert torch.autograd.gradgradcheck(draws, theta, fast_mode=True, **tolerances)
    else:
        slopes = torch.autograd.grad(y.sum(), tensors, create_graph=True)
        with pytest.raises(NoFormulaError, match="derivatives are of a field"):
            sum(slope.sum() for slope in slopes).backward()


def _has_chart(d):
    return not hasattr(d.support, "region")


@pytest.mark.parametrize("name", VECTORS)
def test_conventions_are_torchs(name):
    raw = raw_parameters(name, (2, 1))
    d = at(name, raw)
    assert isinstance(d, theirs.Distribution)
    assert d.has_rsample
    wide = d.expand((4, 2, 3))
    assert wide.batch_shape == (4, 2, 3)
    assert wide.event_shape == d.event_shape
    assert not raw or d.batch_shape == (2, 1)
    y = wide.rsample((5,))
    assert y.shape == (5, 4, 2, 3, *d.event_shape)
    assert len(torch.unique(y.detach().reshape(120, -1), dim=0)) == 120
    assert y.requires_grad == bool(raw)
    sample = wide.sample((5,))
    assert not sample.requires_grad
    assert bool(wide.support.check(sample).all())
    assert wide.log_prob(sample).shape == (5, 4, 2, 3)
    for k, constraint in d.arg_constraints.items():
        assert getattr(wide, k).shape == (4, 2, 3, *getattr(d, k).shape[2:])
        assert bool(constraint.check(getattr(d, k)).all())
    torch.manual_seed(1)
    first = d.sample()
    torch.manual_seed(1)
    assert torch.equal(first, copy.deepcopy(at(name, _detached(raw))).rsample())
    again = pickle.loads(pickle.dumps(at(name, _detached(raw))))
    np.testing.assert_array_equal(again.log_prob(first), d.log_prob(first).detach())
    with pytest.raises(RuntimeError, match="expand"):
        wide.expand((4, 5, 3))
    with pytest.raises(ValueError, match=r"value has shape|size of value"):
        d.log_prob(torch.zeros(7, 7))


def _detached(raw):
    return {k: x.detach() for k, x in raw.items()}


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_types_are_kept(name, dtype):
    law = class_of(name)()
    given = {k: getattr(law, k) for k in raw_parameters(name)}
    theta = {k: x.detach().to(dtype).requires_grad_() for k, x in given.items()}
    if not theta:
        return
    d = class_of(name)(**theta, validate_args=False)
    y = d.rsample((7,))
    assert y.dtype == dtype
    y.square().sum().backward()
    for x in theta.values():
        assert x.grad.dtype == dtype
        assert bool(x.grad.isfinite().all())
    if dtype is torch.float32:
        assert bool(d.log_prob(y.detach()).isfinite().all())


#: Classes that PyTorch has, and parameters that it takes by position.
CASES = {
    "Dirichlet": ("concentration",),
    "MultivariateNormal": ("loc", "covariance_matrix"),
    "LowRankMultivariateNormal": ("loc", "cov_factor", "cov_diag"),
    "Wishart": ("df", "covariance_matrix"),
}


class TestBesideTorch:
    """The same values, and gradients in free numbers, as PyTorch's classes."""

    @pytest.mark.filterwarnings("ignore:Singular")
    @pytest.mark.parametrize("name", CASES)
    def test_density_and_divergence(self, name):
        ours, other = getattr(rpt, name), getattr(theirs, name)
        sizes = {"loc": (3,), "cov_factor": (3, 2), "df": (), "covariance_matrix": (3, 3)}
        raw = [
            torch.randn(2, *sizes.get(k, (3,)), generator=seeded(k_), dtype=DOUBLE) + 0.5
            for k_, k in enumerate(CASES[name])
        ]
        raw = [x.requires_grad_() for x in raw]

        def made(cls):
            theta = [
                2.5 + x.exp() if k == "df" else member(ours.arg_constraints[k], x)
                for k, x in zip(CASES[name], raw, strict=True)
            ]
            return cls(*theta)

        d, e = made(ours), made(other)
        assert (d.batch_shape, d.event_shape) == (e.batch_shape, e.event_shape)
        y = e.sample((4,))
        results = []
        for each in (d, e):
            value = each.log_prob(y)
            results.append([value, *torch.autograd.grad(value.sum(), raw, retain_graph=True)])
        torch.testing.assert_close(*results, rtol=1e-7, atol=1e-8)
        torch.testing.assert_close(d.mean, e.mean, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(d.variance, e.variance, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(d.entropy(), e.entropy(), rtol=1e-10, atol=1e-12)

    def test_divergences(self):
        loc = torch.tensor([0.5, -1.0], dtype=DOUBLE, requires_grad=True)
        factor = torch.tensor([[1.0, 0.0], [0.3, 0.7]], dtype=DOUBLE, requires_grad=True)
        alpha = torch.tensor([[0.5, 2.0, 3.0], [1.5, 1.0, 4.0]], dtype=DOUBLE, requires_grad=True)
        theta, results = (loc, factor, alpha), []
        for module in (rpt, theirs):
            normal = module.MultivariateNormal
            other = normal(torch.zeros(2, dtype=DOUBLE), torch.eye(2, dtype=DOUBLE))
            found = theirs.kl_divergence(normal(loc, scale_tril=factor), other)
            pair = module.Dirichlet(alpha), module.Dirichlet(alpha.detach() + 1.0)
            found = found + theirs.kl_divergence(*pair)
            assert found.shape == (2,)
            gradients = torch.autograd.grad(found.sum(), theta, create_graph=module is rpt)
            results.append([found, gradients[0], gradients[1].tril(), gradients[2]])
            if module is rpt:
                with pytest.raises(NoFormulaError, match="second derivatives of KL"):
                    gradients[0].sum().backward()
        torch.testing.assert_close(*results, rtol=1e-8, atol=1e-10)
        with pytest.raises(NoFormulaError, match="no closed form"):
            theirs.kl_divergence(rpt.LogisticNormal(), rpt.Dirichlet())

    def test_matrices_that_stand_for_each_other(self):
        covariance = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=DOUBLE)
        mean = torch.zeros(2, dtype=DOUBLE)
        ours = rpt.MultivariateNormal(mean, covariance)
        other = theirs.MultivariateNormal(mean, covariance)
        for name in ("scale_tril", "precision_matrix", "covariance_matrix"):
            one = getattr(ours, name)
            torch.testing.assert_close(one, getattr(other, name), rtol=1e-12, atol=1e-12)
            again = rpt.MultivariateNormal(mean, **{name: one})
            torch.testing.assert_close(
                again.log_prob(mean), other.log_prob(mean), rtol=1e-12, atol=0
            )
            torch.testing.assert_close(again.scale_tril, other.scale_tril, rtol=1e-12, atol=1e-12)
        assert rpt.LKJCholesky(4, 1.5).dim == 4
        y = theirs.LKJCholesky(4, 1.5).sample()
        torch.testing.assert_close(
            rpt.LKJCholesky(4, 1.5).log_prob(y), theirs.LKJCholesky(4, 1.5).log_prob(y)
        )

    def test_mistakes(self):
        with pytest.raises(ParameterError, match="symmetric"):
            rpt.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.0], [0.5, 1.0]]))
        with pytest.raises(UnknownParameterError, match="each once"):
            rpt.Dirichlet(torch.ones(2), concentration=torch.ones(2))
        with pytest.raises(UnknownParameterError, match="shape"):
            rpt.Dirichlet(shape=torch.ones(2))
        with pytest.raises(UnknownParameterError, match="stand for each other"):
            rpt.MultivariateNormal(covariance_matrix=torch.eye(2), scale_tril=torch.eye(2))


#: Text, and parameters by path.
COMPOSED = {
    "truncated(gaussian, low=0)": {"base.loc": [0.5, -1.0], "base.scale": 2.0},
    "mixture([0.3, 0.7], gaussian, gamma)": {
        "weights": [[0.3, 0.7], [0.4, 0.6]],
        "components[0].loc": [-0.5, 1.0],
        "components[1].alpha": [1.5, 3.0],
    },
    "3*student-t(df=5) + 1": {"base.df": [5.0, 9.0], "map.scale": 2.0},
    "order-statistic(beta, r=2, n=3)": {"base.alpha": [2.0, 3.0]},
    "folded(gaussian)": {"base.loc": [0.5, -1.0]},
}


class TestComposed:
    @pytest.mark.parametrize("text", COMPOSED)
    def test_functions_agree_with_differences(self, text):
        paths = [*COMPOSED[text]]
        theta = [torch.tensor(x, dtype=DOUBLE, requires_grad=True) for x in COMPOSED[text].values()]

        def made(*theta):
            return rpt.distribution(text, dict(zip(paths, theta, strict=True)))

        d = made(*theta)
        u = torch.tensor([[0.2, 0.7], [0.4, 0.9]], dtype=DOUBLE, requires_grad=True)
        y = d.icdf(u)
        ours = rp.parse(text).replace(
            {k: x.detach().numpy() for k, x in zip(paths, theta, strict=True)}
        )
        np.testing.assert_array_equal(y.detach(), ours.icdf(u.detach().numpy()))
        y = y.detach().requires_grad_()
        assert bool(d.support.check(y).all())

        def functions(y, u, *theta):
            d = made(*theta)
            return (
                *(getattr(d, f)(y) for f in ("log_prob", "cdf", "sf", "log_cdf", "log_sf")),
                d.icdf(u),
                d.isf(u),
            )

        assert torch.autograd.gradcheck(functions, (y, u, *theta), rtol=1e-4, atol=1e-6)
        draw = d.rsample((3,), generator=seeded())
        expected = ours._draw((3, *ours.batch_shape), stream())
        np.testing.assert_array_equal(draw.detach(), expected.value)
        found = torch.autograd.grad(draw.sum(), theta)
        for path, gradient in zip(paths, found, strict=True):
            np.testing.assert_allclose(gradient, expected.vjp(1.0)[path], rtol=1e-12)
        np.testing.assert_array_equal(d.mean.detach(), ours.mean)
        assert d.expand((3, 2)).rsample((4,)).shape == (4, 3, 2)

    @pytest.mark.long
    @pytest.mark.parametrize("text", COMPOSED)
    def test_second_derivatives_agree_with_differences(self, text):
        paths = [*COMPOSED[text]]
        theta = [torch.tensor(x, dtype=DOUBLE, requires_grad=True) for x in COMPOSED[text].values()]
        u = torch.tensor([[0.2], [0.4], [0.9]], dtype=DOUBLE, requires_grad=True)
        y = rpt.distribution(text).icdf(u).detach().requires_grad_()

        def functions(y, u, *theta):
            d = rpt.distribution(text, dict(zip(paths, theta, strict=True)), validate_args=False)
            values = [getattr(d, f)(y) for f in ("log_prob", "cdf", "sf", "log_cdf", "log_sf")]
            return *values, d.icdf(u), d.isf(u)

        tolerances = {"rtol": 1e-4, "atol": 1e-5, "fast_mode": True}
        assert torch.autograd.gradgradcheck(functions, (y, u, *theta), **tolerances)

    def test_numbers_are_constants_and_types_those_of_tensors(self):
        loc = torch.tensor([0.1, 0.2], requires_grad=True)
        d = rpt.distribution(rp.Truncated(rp.Gaussian(), low=0.0), {"base.loc": loc}, high=0.7)
        y = d.rsample((100,))
        assert y.dtype == torch.float32
        assert float(y.detach().max()) < 0.7
        assert d.law["high"] == 0.7
        y.mean().backward()
        assert loc.grad.shape == (2,)
        assert rpt.distribution("gamma").rsample().dtype == torch.get_default_dtype()

    def test_vectors_of_independent_entries(self):
        loc = torch.tensor([0.5, 1.5], dtype=DOUBLE, requires_grad=True)
        d = rpt.distribution("independent(gaussian, gamma)", {"laws[0].loc": loc})
        assert (d.batch_shape, d.event_shape) == ((2,), (2,))
        y = d.rsample((3,))
        y.sum().backward()
        assert loc.grad.tolist() == [3.0, 3.0]
        expected = rpt.Normal(loc, 1.0).log_prob(y[..., 0]) + rpt.Gamma(1.0, 1.0).log_prob(
            y[..., 1]
        )
        torch.testing.assert_close(d.log_prob(y), expected, rtol=1e-13, atol=1e-13)

    def test_parameters_changed_in_place_count_and_are_noticed_in_between(self):
        loc = torch.tensor(0.5, dtype=DOUBLE, requires_grad=True)
        d = rpt.distribution("folded(gaussian)", {"base.loc": loc})
        before = d.log_prob(torch.tensor(0.3, dtype=DOUBLE))
        with torch.no_grad():
            loc += 1.0
        after = d.log_prob(torch.tensor(0.3, dtype=DOUBLE))
        assert after.item() == rp.Folded(rp.Gaussian(1.5)).log_prob(0.3)
        assert before.item() != after.item()
        with pytest.raises(RuntimeError, match="inplace"):
            before.backward()

    def test_second_derivatives_of_draws_and_errors_for_others(self):
        """Draws y of a folded Gaussian are ±(μ + σz): Σ y² = Σ (μ + σz)²."""
        loc, scale = (torch.tensor(x, dtype=DOUBLE, requires_grad=True) for x in (0.5, 2.0))
        d = rpt.distribution("folded(gaussian)", {"base.loc": loc, "base.scale": scale})
        y = d.rsample((5,))
        slope, other = torch.autograd.grad(y.square().sum(), (loc, scale), create_graph=True)
        (twice,) = torch.autograd.grad(slope, loc, create_graph=True)
        assert twice.item() == 10.0
        mixed = torch.autograd.grad(other, loc, retain_graph=True)[0]
        torch.testing.assert_close(mixed, (slope - 10.0 * loc).detach() / scale.detach())
        with pytest.raises(NoFormulaError, match="third derivatives of draws of Folded"):
            twice.backward()
        with pytest.raises(NoFormulaError, match="derivatives of the mean"):
            d.mean.backward()

    def test_second_derivatives_of_functions(self):
        """Y = exp(μ + σz) has ln p = −(ln y − μ)²/2σ² + …, and F(y) = Φ((ln y − μ)/σ)."""
        loc = torch.tensor([0.5, -1.0], dtype=DOUBLE, requires_grad=True)
        d = rpt.distribution("exp(gaussian)", {"base.loc": loc, "base.scale": 2.0})
        y = torch.tensor([0.3, 4.0], dtype=DOUBLE, requires_grad=True)
        z, normal = (y.log() - loc) / 2.0, rpt.Normal(0.0, torch.tensor(1.0, dtype=DOUBLE))
        for value, expected in ((d.log_prob(y), -y.log() - z**2 / 2), (d.cdf(y), normal.cdf(z))):
            found = []
            for each in (value, expected):
                slope = torch.autograd.grad(each.sum(), loc, create_graph=True)[0]
                second = torch.autograd.grad(slope.square().sum(), (loc, y), retain_graph=True)
                found.append(second)
            torch.testing.assert_close(*found, rtol=1e-8, atol=0.0)
        alpha = torch.ones(3, dtype=DOUBLE, requires_grad=True)
        density = dirichlet_density(alpha)
        (slope,) = torch.autograd.grad(density, alpha, create_graph=True)
        with pytest.raises(NoFormulaError, match="no derivatives of scores of vectors"):
            slope.sum().backward()

    def test_mistakes(self):
        with pytest.raises(NotReparameterizable, match="differentiable"):
            rpt.distribution("poisson")
        with pytest.raises(UnknownParameterError, match="gaussian"):
            rpt.distribution("folded(gaussian)", {"gaussian.loc": 1.0})
        with pytest.raises(ParameterError, match="positive"):
            rpt.distribution("folded(gaussian)", {"base.scale": torch.tensor(-1.0)})
        n = torch.tensor(3.0, requires_grad=True)
        with pytest.raises(NotReparameterizable, match="no derivative in n"):
            rpt.distribution("bates", n=n).rsample().backward()


def dirichlet(alpha):
    """A function of draws and of their density."""
    d = rpt.Dirichlet(alpha)
    y = d.rsample((4,), generator=seeded())
    return (y * torch.arange(3.0, dtype=DOUBLE)).sum() + d.log_prob(y).square().sum()


def gaussian(factor):
    d = rpt.MultivariateNormal(torch.zeros(2, dtype=DOUBLE), scale_tril=factor)
    return d.rsample((2,), generator=seeded()).pow(3).sum()


def truncated(loc):
    d = rpt.distribution("truncated(gaussian, low=0)", {"base.loc": loc})
    y = d.rsample((3,), generator=seeded())
    return y.square().sum() + d.cdf(y.detach()).sum()


class TestTransforms:
    """``torch.func`` beside PyTorch's own backward passes."""

    @pytest.mark.parametrize(
        ("loss", "theta"),
        [
            (dirichlet, [0.5, 1.5, 3.0]),
            (gaussian, [[1.0, 0.0], [0.5, 2.0]]),
            (truncated, [0.3, -1.0]),
        ],
    )
    def test_gradients_of_each_in_a_batch(self, loss, theta):
        theta = torch.tensor(theta, dtype=DOUBLE)
        batch = torch.stack([theta, 1.5 * theta], dim=-1)
        found = torch.func.vmap(torch.func.jacrev(loss), in_dims=-1, randomness="same")(batch)
        values = torch.func.vmap(loss, in_dims=-1, randomness="same")(batch)
        for k, each in enumerate(batch.unbind(-1)):
            moved = each.clone().requires_grad_()
            value = loss(moved)
            torch.testing.assert_close(found[k], torch.autograd.grad(value, moved)[0])
            torch.testing.assert_close(values[k], value.detach())

    def test_second_derivatives_of_maps(self):
        factor = torch.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=DOUBLE)
        found = torch.func.jacrev(torch.func.jacrev(gaussian))(factor)
        torch.testing.assert_close(found, torch.autograd.functional.hessian(gaussian, factor))
        assert float(found.abs().max()) > 1.0
        with pytest.raises(NoFormulaError, match="derivatives are of a field"):
            torch.func.grad(lambda alpha: torch.func.grad(dirichlet)(alpha).sum())(
                torch.ones(3, dtype=DOUBLE)
            )

    def test_draws_differ_where_they_are_wanted_to(self):
        def draw(loc):
            return rpt.distribution("folded(gaussian)", {"base.loc": loc}).rsample((2,))

        y = torch.func.vmap(draw, randomness="different")(torch.zeros(3, dtype=DOUBLE))
        assert len(y.unique()) == 6


def eye(rows):
    """A lower triangular matrix."""
    return 1.5 * torch.eye(rows, dtype=DOUBLE) + torch.ones(rows, rows, dtype=DOUBLE).tril(-1) / 3


def of_vectors(d):
    """Draws, their density, and that of wider batches."""
    y = d.rsample((3,))
    total = d.expand((3, *d.batch_shape)).log_prob(y).square().sum() + d.mean.detach().sum()
    return total + y.sin().sum() + d.log_prob(y.detach()).sum()


def of_numbers(d):
    """Draws, and functions of these."""
    y = d.rsample((3,))
    return y.sin().sum() + d.log_prob(y).sum() + d.cdf(y.detach()).sum() + d.icdf(d.sf(y)).sum()


def divergences(loc, factor, alpha):
    p, q = rpt.MultivariateNormal(loc, scale_tril=factor), rpt.MultivariateNormal(torch.zeros(3))
    pair = rpt.Dirichlet(alpha), rpt.Dirichlet(alpha.detach() + 1.0)
    return theirs.kl_divergence(p, q).sum() + theirs.kl_divergence(*pair).sum()


#: Made outside of what is compiled.
MIXTURE = rp.parse("mixture([0.3, 0.7], truncated(gaussian, low=0), gamma)")
SMALL = {"base.scale": 2.5, "high": 9.5}
MIXED = ("weights", "components[0].base.loc", "components[1].alpha")

#: What is compiled, and the values of parameters.
COMPILED = {
    "gaussian": (
        lambda loc, factor: of_vectors(rpt.MultivariateNormal(loc, scale_tril=factor)),
        [[[0.0, 1.0, 2.0], [0.5, -1.0, 3.0]], eye(3)],
    ),
    "dirichlet": (lambda alpha: of_vectors(rpt.Dirichlet(alpha)), [[[0.5, 1.5, 3.0]]]),
    "lkj": (lambda eta: of_vectors(rpt.LKJCholesky(4, eta)), [[0.5, 1.5]]),
    "wishart": (
        lambda df, factor: of_vectors(rpt.Wishart(df, scale_tril=factor)),
        [[7.5, 6.0], eye(5)],
    ),
    "truncated": (
        lambda loc: of_numbers(
            rpt.distribution("truncated(gaussian, low=0)", {"base.loc": loc, **SMALL})
        ),
        [[0.5, -1.0]],
    ),
    "mixture": (
        lambda *theta: of_numbers(rpt.distribution(MIXTURE, dict(zip(MIXED, theta, strict=True)))),
        [[0.4, 0.6], [0.5, -1.0], 2.5],
    ),
    "transformed": (
        lambda df, scale: of_numbers(
            rpt.distribution("3*student-t(df=5) + 1", {"base.df": df, "map.scale": scale})
        ),
        [[5.0, 9.0], 2.0],
    ),
    "divergences": (divergences, [[0.5, -1.0, 2.0], eye(3), [0.5, 1.5]]),
}

#: Those that the long tests are not needed for.
BRIEF = ("dirichlet", "truncated")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch in its own code
class TestCompiling:
    """Whole graphs, beside the same code that is not compiled."""

    @pytest.mark.parametrize(
        "name", [x if x in BRIEF else pytest.param(x, marks=pytest.mark.long) for x in COMPILED]
    )
    def test_whole_graphs_have_the_same_values_and_gradients(self, name):
        loss, values = COMPILED[name]
        theta = [torch.as_tensor(x, dtype=DOUBLE).requires_grad_() for x in values]
        found, expected = (with_gradients(f, theta) for f in (whole_graph(loss), loss))
        for one, other in zip(found, expected, strict=True):
            assert torch.equal(one, other)

    @pytest.mark.long
    def test_sizes_types_and_constants_may_change(self):
        def loss(alpha, scale):
            d = rpt.distribution("folded(gaussian)", {"base.loc": alpha, "base.scale": scale})
            return rpt.Dirichlet(alpha).rsample((5,)).square().sum() + d.log_prob(alpha).sum()

        whole = whole_graph(loss)
        for dtype in (DOUBLE, torch.float32):
            for k, scale in ((3, 1.5), (4, 2.5), (5, 0.5)):
                alpha = torch.arange(1, k + 1).to(dtype).requires_grad_()
                found, expected = (with_gradients(f, [alpha], scale) for f in (whole, loss))
                assert found[0].dtype == dtype
                assert all(map(torch.equal, found, expected))
        with pytest.raises(ParameterError, match=r"concentration\[1\]=-4"):
            whole(torch.tensor([1.0, -4.0, 1.0], requires_grad=True), 0.5)

    @pytest.mark.long
    def test_distributions_from_outside_and_gradients_inside(self):
        loc = torch.tensor([0.5, 1.0], dtype=DOUBLE, requires_grad=True)
        laws = [rpt.distribution("folded(gaussian)", loc=loc, scale=x) for x in (1.0, 2.0)]

        def loss(law):
            return law.rsample((3,)).sum() + law.log_prob(torch.tensor(0.3)).sum()

        whole = whole_graph(loss)
        for law in laws:
            found, expected = (
                [*torch.autograd.grad(value, loc), value]
                for value in (fixed(call, law) for call in (whole, loss))
            )
            assert all(map(torch.equal, found, expected))
        slope = torch.func.grad(dirichlet_density)
        alpha = torch.tensor([0.5, 2.0, 1.0], dtype=DOUBLE)
        assert torch.equal(whole_graph(slope)(alpha), slope(alpha))

    def test_operators_keep_the_rules(self):
        plans = pytest.importorskip("reparam.adapters.torch.plans")
        compiled = pytest.importorskip("reparam.adapters.torch.compiled")
        alpha = torch.tensor([[0.5, 2.0], [1.0, 3.0]], dtype=DOUBLE)
        key = plans.key_of(rp.Dirichlet([1.0, 1.0]), ("concentration",))
        y, seed = torch.tensor([0.3, 0.7], dtype=DOUBLE), torch.tensor([1, 2])
        for name, where, event in (
            ("draw", [seed], (2,)),
            ("log_prob", [y], ()),
            ("mean", [], (2,)),
        ):
            arguments = key, name, [2, *event], [*where, alpha]
            torch.library.opcheck(compiled.compute, arguments)
            if name != "mean":
                needed = [name == "log_prob", True]
                upstream = torch.ones(2, *event, dtype=DOUBLE)
                torch.library.opcheck(compiled.gradients, (*arguments, needed, upstream))


def dirichlet_density(alpha):
    return rpt.Dirichlet(alpha).log_prob(torch.full((3,), 1 / 3, dtype=DOUBLE))


def whole_graph(function):
    torch._dynamo.reset()
    return torch.compile(function, fullgraph=True, backend="aot_eager")


def fixed(function, *arguments):
    torch.manual_seed(1)
    return function(*arguments)


def with_gradients(loss, theta, *constants):
    value = fixed(loss, *theta, *constants)
    return [value.detach(), *torch.autograd.grad(value, theta)]
