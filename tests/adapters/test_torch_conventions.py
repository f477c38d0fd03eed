"""What PyTorch tests of its own distributions, of each distribution of real numbers.

After ``test/distributions/test_distributions.py`` and ``test_constraints.py`` of PyTorch: shapes,
broadcasting, ``expand``, validation, draws with and without derivatives, and gradients by finite
differences of the cdf.
"""

import math

import numpy as np
import pytest

import reparam as rp
from reparam.registry import BUILT_IN

torch = pytest.importorskip("torch")
rpt = pytest.importorskip("reparam.torch")
classes = pytest.importorskip("reparam.adapters.torch.classes")

theirs, constraints = torch.distributions, torch.distributions.constraints
DOUBLE = torch.float64
LAWS = sorted(
    name
    for name in {*classes.class_names().values()}
    if name in BUILT_IN and not rp.get(name)._support.rank
)

pytestmark = [pytest.mark.long, pytest.mark.parametrize("name", LAWS)]


def class_of(name):
    return getattr(rpt, rp.get(name).__name__)


def numbers(name):
    """Return typical values of the parameters."""
    found = []
    for k, declared in enumerate(rp.get(name).parameters.values()):
        value = float(declared.typical_at(0.6 if k % 2 else 0.4))
        found.append(value if declared.differentiable else round(value))
    return found


def tensors(name, *shapes):
    """Return the parameters as tensors of some shapes, the last of which is that of the rest."""
    found = []
    for k, (declared, number) in enumerate(
        zip(rp.get(name).parameters.values(), numbers(name), strict=True)
    ):
        value = torch.full(shapes[min(k, len(shapes) - 1)], number, dtype=DOUBLE)
        found.append(value.requires_grad_(declared.differentiable))
    return found


def moving(theta):
    return [x for x in theta if isinstance(x, torch.Tensor) and x.requires_grad]


def test_shapes(name):
    cls = class_of(name)
    for theta, batch in (
        (numbers(name), ()),
        (tensors(name, ()), ()),
        (tensors(name, (1,)), (1,)),
        (tensors(name, (2, 3)), (2, 3)),
        (tensors(name, (2, 1), (3,)), (2, 3) if len(numbers(name)) > 1 else (2, 1)),
        ([tensors(name, (2, 1))[0], *numbers(name)[1:]], (2, 1)),
    ):
        d = cls(*theta)
        assert (d.batch_shape, d.event_shape) == (torch.Size(batch), torch.Size())
        for shape in ((), (0,), (1,), (3, 2)):
            y = d.sample(shape)
            assert y.shape == d.rsample(torch.Size(shape)).shape == (*shape, *batch)
            assert d.log_prob(y).shape == d.cdf(y).shape == y.shape
        assert y.dtype == (
            DOUBLE if any(isinstance(x, torch.Tensor) for x in theta) else torch.float32
        )
        for statistic in (d.mean, d.variance, d.stddev, d.entropy(), d.perplexity()):
            assert statistic.shape == batch
        torch.testing.assert_close(d.stddev, d.variance.sqrt(), equal_nan=True)
        torch.testing.assert_close(d.perplexity(), d.entropy().exp(), equal_nan=True)
        for parameter in d.arg_constraints:
            assert getattr(d, parameter).shape == batch


def test_values_broadcast_with_the_batch(name):
    d = class_of(name)(*tensors(name, (3, 2)))
    y = d.sample().detach()
    for value, shape in (
        (y[0, 0], (3, 2)),
        (y[0], (3, 2)),
        (y[:, :1], (3, 2)),
        (y.expand(4, 3, 2), (4, 3, 2)),
        (y[:, :1].expand(5, 3, 1), (5, 3, 2)),
    ):
        found = d.log_prob(value)
        assert found.shape == shape
        assert torch.equal(found, d.log_prob(value.expand(shape)))
        assert d.cdf(value).shape == shape
    for wrong in (y.new_zeros(3), y.new_zeros(4, 2), y.new_zeros(2, 3)):
        with pytest.raises(ValueError, match=r"not broadcast|don't broadcast"):
            d.log_prob(wrong)
    if len(numbers(name)) > 1:
        with pytest.raises((RuntimeError, ValueError), match=r"size of tensor|broadcast"):
            class_of(name)(*tensors(name, (3,), (2,)))


def test_expand(name):
    cls = class_of(name)
    d = cls(*tensors(name, (2, 1)))
    for shape in ((2, 1), (2, 3), (4, 2, 3)):
        wide = d.expand(shape)
        assert type(wide) is type(d)
        assert wide.batch_shape == torch.Size(shape)
        assert wide.expand((5, *shape)).batch_shape == (5, *shape)
        y = wide.sample((3,))
        assert y.shape == (3, *shape)
        assert torch.equal(d.log_prob(y), wide.log_prob(y))
        assert torch.equal(wide.mean, d.mean.expand(shape)) or wide.mean.isnan().all()
        for parameter in d.arg_constraints:
            assert torch.equal(getattr(wide, parameter), getattr(d, parameter).expand(shape))
    assert len(torch.unique(d.expand((200, 2, 1)).sample())) > 300  # copies are independent
    with pytest.raises(RuntimeError, match="expand"):
        d.expand((3, 1))

    class Same(cls):
        pass

    class Other(cls):
        def __init__(self):
            super().__init__(*numbers(name))

    assert isinstance(Same(*numbers(name)).expand((3,)), Same)
    with pytest.raises(NotImplementedError, match="expand"):
        Other().expand((3,))


def test_independent_and_transformed(name):
    d = class_of(name)(*tensors(name, (4, 3)))
    joint = theirs.Independent(d, 1)
    assert (joint.batch_shape, joint.event_shape) == ((4,), (3,))
    y = joint.rsample((2,))
    assert y.requires_grad == bool(moving(d.theta))
    torch.testing.assert_close(joint.log_prob(y), d.log_prob(y).sum(-1))
    torch.testing.assert_close(joint.entropy(), d.entropy().sum(-1))
    assert joint.expand((5, 4)).sample().shape == (5, 4, 3)
    map_ = theirs.AffineTransform(1.5, -2.0)
    moved = theirs.TransformedDistribution(d, [map_])
    y = d.sample((2,))
    torch.testing.assert_close(moved.log_prob(1.5 - 2.0 * y), d.log_prob(y) - math.log(2.0))
    # the map rounds
    torch.testing.assert_close(moved.cdf(1.5 - 2.0 * y), d.sf(y), rtol=1e-6, atol=1e-9)
    assert moved.rsample((2,)).shape == (2, 4, 3)


def test_draws_with_and_without_derivatives(name):
    theta = tensors(name, (2,))
    d = class_of(name)(*theta)
    assert d.has_rsample
    assert not d.has_enumerate_support
    with pytest.raises(NotImplementedError):
        d.enumerate_support()
    draws = []
    for call in (d.sample, d.rsample, d.rsample):
        torch.manual_seed(5)
        draws.append(call((4,)))
    assert torch.equal(draws[0], draws[1].detach())
    assert torch.equal(draws[1], draws[2])
    assert not draws[0].requires_grad
    assert draws[0].grad_fn is None
    assert draws[1].requires_grad == bool(moving(theta))
    assert not torch.equal(d.sample((4,)), d.sample((4,)))
    assert bool(d.support.check(draws[0]).all())
    with torch.no_grad():
        assert not d.rsample().requires_grad
    constants = class_of(name)(*(x.detach() for x in theta))
    assert not constants.rsample().requires_grad
    assert not constants.log_prob(draws[0]).requires_grad
    for parameter, constraint in d.arg_constraints.items():
        value = getattr(d, parameter).detach()
        assert bool(constraint.check(value).all())
        if not constraint.is_discrete:
            chart = theirs.transform_to(constraint)
            torch.testing.assert_close(chart(chart.inv(value)), value, rtol=1e-6, atol=1e-9)
    chart = theirs.biject_to(d.support)
    torch.testing.assert_close(chart(chart.inv(draws[0])), draws[0], rtol=1e-4, atol=1e-6)


def test_validation(name):
    cls, given = class_of(name), numbers(name)
    d = cls(*given, validate_args=True)
    low, high = (float(end) for end in rp.get(name)(*given).support)
    for outside in ([low - 1.0] if math.isfinite(low) else []) + (
        [high + 1.0] if math.isfinite(high) else []
    ):
        for function in (d.log_prob, d.cdf):
            with pytest.raises(ValueError, match="within the support"):
                function(torch.tensor(outside))
        lenient = cls(*given, validate_args=False)
        assert float(lenient.log_prob(torch.tensor(outside))) == -math.inf
        assert float(lenient.cdf(torch.tensor(outside))) == (0.0 if outside < low else 1.0)
    with pytest.raises(ValueError, match="support"):
        d.log_prob(torch.tensor(math.nan))
    for k, (parameter, constraint) in enumerate(cls.arg_constraints.items()):
        wrong = [*given]
        wrong[k] = math.nan
        with pytest.raises(ValueError, match=parameter):
            cls(*wrong, validate_args=True)
        least = getattr(constraint, "lower_bound", None)
        if least is not None:
            wrong[k] = least - 1.0
            with pytest.raises(ValueError, match=parameter):
                cls(*wrong, validate_args=True)
            with pytest.raises(ValueError, match=r"is not"):  # where something is computed
                cls(*wrong, validate_args=False).rsample()


def test_cdf_and_density(name):
    """The derivative of the cdf is the density, and the quantile is the inverse."""
    d = class_of(name)(*tensors(name, (2,)))
    u = torch.linspace(0.05, 0.95, 7, dtype=DOUBLE)[:, None].expand(7, 2).contiguous()
    y = d.icdf(u).detach().requires_grad_()
    f = d.cdf(y)
    torch.testing.assert_close(f.detach(), u, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close((f + d.sf(y)).detach(), torch.ones_like(f), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(d.log_cdf(y), f.log(), rtol=1e-9, atol=1e-12)
    (density,) = torch.autograd.grad(f.sum(), y)
    torch.testing.assert_close(density, d.log_prob(y).exp().detach(), rtol=1e-10, atol=0.0)


def test_gradients_of_draws_by_differences_of_the_cdf(name):
    """∂y/∂θ is −∂F/∂θ / p at the draws, from differences of F alone."""
    theta = tensors(name, (40,))
    torch.manual_seed(1)
    y = class_of(name)(*theta).rsample()
    where = [k for k, x in enumerate(theta) if x.requires_grad]
    found = torch.autograd.grad(y.sum(), [theta[k] for k in where])
    given, values = numbers(name), y.detach()
    density = class_of(name)(*given).log_prob(values).exp()
    for k, slope in zip(where, found, strict=True):
        step, ends = 1e-5 * max(1.0, abs(given[k])), []
        for sign in (1.0, -1.0):
            moved = [x + sign * step * (i == k) for i, x in enumerate(given)]
            d = class_of(name)(*(torch.tensor(x, dtype=DOUBLE) for x in moved), validate_args=False)
            ends.append(torch.stack([d.cdf(values), -d.sf(values)]))
        tails = ends[0] - ends[1]
        upper = ends[0][0] > 0.5  # the smaller tail
        expected = -torch.where(upper, tails[1], tails[0]) / (2.0 * step) / density
        scale = float(expected.abs().max())
        np.testing.assert_allclose(slope, expected, rtol=2e-4, atol=2e-6 * scale)


def test_divergences(name):
    """Where there is a closed form: 0 from itself, in all shapes, and as averages say."""
    p, q = class_of(name)(*tensors(name, (2, 1))), class_of(name)(*tensors(name, (3,)))
    try:
        found = theirs.kl_divergence(p, q)
    except NotImplementedError as error:
        assert "no closed form" in str(error)  # noqa: PT017
        return
    assert found.shape == (2, 3)
    torch.testing.assert_close(found, torch.zeros_like(found), rtol=0.0, atol=1e-12)
    wide = [theirs.Independent(d.expand((4, 3)), 1) for d in (class_of(name)(*numbers(name)), q)]
    assert theirs.kl_divergence(*wide).shape == (4,)
    moved = tensors(name, (3,))
    where = next(k for k, x in enumerate(moved) if x.requires_grad)
    moved[where] = (moved[where] * 1.1).detach()
    other = class_of(name)(*moved)
    found = theirs.kl_divergence(p, other)
    if not torch.isfinite(found).all():
        return
    assert bool((found > 0.0).all())
    y = p.sample((20_000,)).detach()
    with torch.no_grad():
        ratio = p.log_prob(y) - other.log_prob(y)[..., :1]
    spread = ratio.std(0) / 20_000**0.5
    assert bool(((ratio.mean(0) - found[:, :1]).abs() < 5.0 * spread + 1e-9).all())
