"""Samplers of other libraries as targets; what needs a library is skipped where it isn't there."""

import math
import re
import sys
from importlib import import_module
from itertools import product

import numpy as np
import pytest

from reparam.errors import InputError, MissingExtraError
from reparam.verification.evidence.context import LEVELS
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.libraries._sampling import ends, parameter_in
from reparam.verification.targets.resolving import LIBRARIES, resolve

#: The table of each library, which needs no library to read.
TABLES = {
    library: {**getattr(module, "STANDARD", {}), **module.ROWS}
    for library in LIBRARIES
    for module in [import_module(f"reparam.verification.targets.libraries.{library}")]
}
ROWS = [(library, name) for library, table in TABLES.items() for name in table]

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
MODULES = {**LIBRARIES, "tfp": "tensorflow_probability.substrates.jax"}


def have(library):
    """Skip unless a library imports, whatever it raises."""
    try:
        resolve(f"{library}:{next(iter(TABLES[library]))}")
    except (MissingExtraError, InputError) as error:
        pytest.skip(str(error))


@pytest.fixture
def typical():
    """Return some of a row's parameter sets."""

    def sets(parameters, n=3):
        rng = np.random.default_rng(1)
        yield {name: parameter.default for name, parameter in parameters.items()}
        for _ in range(n - 1):
            yield {name: rng.uniform(*parameter.typical) for name, parameter in parameters.items()}

    return sets


def check(spec, witness, **fixed):
    return run_check(resolve(spec, fixed), witness, LEVELS["quick"], seed=11, alpha=1e-11)


# Tables -----------------------------------------------------------------------------------------


@each_table
def test_parameters_are_named_and_typical_ones_in_their_domains(table):
    for name, row in table.items():
        parameters = row.parameters()
        assert parameters, name
        for key, parameter in parameters.items():
            assert parameter.name == key
            assert not parameter.aliases
            for value in (parameter.default, *parameter.typical):
                assert value in parameter.domain, name


@each_table
def test_slopes_of_links_are_their_derivatives(table, typical):
    for row in table.values():
        for theta, link in product(typical(row.parameters()), row.links.values()):
            for name, slope in link.gradient(theta)[1].items():
                h = 1e-6 * (1.0 + abs(theta[name]))
                up, down = ({**theta, name: theta[name] + by} for by in (h, -h))
                want = (link.value(up) - link.value(down)) / (2.0 * h)
                assert slope == pytest.approx(want, rel=1e-4, abs=1e-6)


@each_table
def test_derivatives_of_laws_in_their_parameters(table, typical):
    """−F_θ/p by the chain rule, against differences of the law's cdf in the library's names."""
    rows = [row for row in table.values() if row.law]
    for row, theta in ((each, theta) for each in rows for theta in typical(each.parameters(), 2)):
        parameters = row.parameters()
        law = row.at(theta)
        low, high = map(float, law.support)
        y = middle(law, max(low, -1e4), min(high, 1e4))
        density, paths = math.exp(law.log_prob(y)), law.pathwise(np.array([y]))
        assert set(paths) == set(parameters)
        for key in parameters:
            h = 1e-5 * (1.0 + abs(theta[key]))
            up, down = (
                row.at({**theta, key: theta[key] + h}),
                row.at({**theta, key: theta[key] - h}),
            )
            want = -(float(up.cdf(y)) - float(down.cdf(y))) / (2.0 * h * density)
            assert paths[key][0] == pytest.approx(want, rel=1e-4, abs=1e-6 / density)


def middle(law, low, high):
    """Return about the 0.3 quantile."""
    with np.errstate(all="ignore"):
        for _ in range(60):
            y = 0.5 * (low + high)
            low, high = (y, high) if law.cdf(y) < 0.3 else (low, y)
    return y


@pytest.mark.parametrize(("library", "name"), ROWS)
def test_every_row_is_a_sampler_of_its_library(library, name, typical):
    """Its draws have the law that the table says, and so has its own density."""
    have(library)
    target, row = resolve(f"{library}:{name}"), TABLES[library][name]
    for theta in typical(row.parameters(), 2):
        value = target.values(theta, 1000, 3)
        assert value.shape == (1000,)
        if row.discrete:
            np.testing.assert_array_equal(value, np.round(value))
            with pytest.raises(NotApplicable, match="whole numbers"):
                target.law(theta, 1)
            continue
        law = target.law(theta, 1)
        u = np.sort(law.cdf(value))
        gap = np.abs(u - (np.arange(1000) + 0.5) / 1000.0).max()
        assert gap < 0.1  # chance makes it so large once in a billion
        formulas = target._sampling.formulas
        if row.law and "log_prob" in formulas and (library, name) not in WRONG_DENSITY:
            own = formulas["log_prob"](value, **theta)
            np.testing.assert_allclose(own, law.log_prob(value), rtol=1e-8, atol=1e-8)


#: In double precision the first raises an error, the second has Bessel functions to 7 digits, and
#: the third takes the exponential integral from an approximation to 4 (an integral over the scales
#: of its Gaussians gives this library's numbers).
WRONG_DENSITY = {("torch", "GeneralizedPareto"), ("torch", "VonMises"), ("tfp", "Horseshoe")}


# What witnesses find ----------------------------------------------------------------------------

RIGHT = {
    "torch": ["Normal", "Laplace", "Gumbel", "LogNormal", "Uniform", "Kumaraswamy"],
    "jax": ["normal", "laplace", "logistic", "exponential", "uniform", "truncated_normal"],
    "numpyro": ["Normal", "SoftLaplace", "Weibull"],
    "distrax": ["Normal", "LogStddevNormal"],
    "tfp": ["Normal", "Weibull"],
}


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, names in RIGHT.items() for name in names]
)
def test_right_samplers_hold(library, name):
    have(library)
    for witness in ("derivative", "distribution", "expectation", "continuity"):
        assert check(f"{library}:{name}", witness).outcome is Outcome.HOLDS


@pytest.mark.parametrize("spec", ["jax:gamma", "jax:beta"])
def test_gradients_of_jax_gammas_are_unbiased(spec):
    """The first is on the quantile path, the second, made of two of them, on another."""
    have("jax")
    for witness in ("distribution", "expectation", "edges"):
        assert check(spec, witness).outcome is Outcome.HOLDS
    derivative = check(spec, "derivative")
    assert derivative.outcome is (Outcome.HOLDS if spec == "jax:gamma" else Outcome.SKIPPED)


def test_another_path_that_scatters_little_is_another_path():
    have("jax")
    assert check("jax:beta", "derivative", a=0.1, b=100.0).outcome is Outcome.SKIPPED


def test_wald_of_jax_is_biased():
    have("jax")
    found = check("jax:wald", "expectation", mean=1.0)
    assert found.outcome is Outcome.FAILS
    (mean,) = [each for each in found.comparisons if each.what.startswith("∂E[y]")]
    bias = float(mean.note.rpartition("off by ")[2].removesuffix(" %"))
    assert 13.0 < bias < 18.0
    assert check("jax:wald", "distribution", mean=1.0).outcome is Outcome.HOLDS


def test_beta_of_torch_is_wrong_where_one_parameter_is_small_and_one_large():
    have("torch")
    fixed = {"concentration1": 0.1, "concentration0": 1e4}
    found = check("torch:Beta", "derivative", **fixed)
    assert found.outcome is Outcome.FAILS
    assert min(each.digits for each in found.comparisons) < 3.5
    assert check("torch:Beta", "expectation", **fixed).outcome is Outcome.FAILS
    assert check("torch:Beta", "distribution", **fixed).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("torch:Poisson", "PyTorch's Poisson has no rsample"),
        ("jax:poisson", "draws of jax.random.poisson have type int64: no gradient flows"),
        ("jax:bernoulli", "draws of jax.random.bernoulli have type bool: no gradient flows"),
        ("jax:binomial", "draws are whole numbers, and the gradient of each is 0"),
        ("numpyro:Levy", "NumPyro's Levy has no rsample"),
        ("distrax:Bernoulli", "draws of distrax's Bernoulli have type int64: no gradient flows"),
        ("tfp:Poisson", "TFP's Poisson is NOT_REPARAMETERIZED"),
    ],
)
def test_what_has_no_gradient_says_so(spec, said):
    have(spec.partition(":")[0])
    found = check(spec, "derivative")
    assert found.outcome is Outcome.FAILS
    assert said in str(found)
    if spec != "numpyro:Levy":
        assert "a step function" in str(check(spec, "continuity"))


# Draws ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["torch:Gamma", "jax:gamma", "numpyro:Gamma", "tfp:Gamma"])
def test_the_seed_decides_and_values_are_those_with_gradients(spec):
    have(spec.partition(":")[0])
    target = resolve(spec)
    theta = {name: parameter.default for name, parameter in target.parameters.items()}
    sample = target.draws(theta, 100, 5)
    np.testing.assert_array_equal(sample.value, target.draws(theta, 100, 5).value)
    np.testing.assert_allclose(sample.value, target.values(theta, 100, 5), rtol=1e-14)
    assert not np.any(sample.value == target.values(theta, 100, 6))
    assert sample.value.dtype == np.float64
    assert {name: each.shape for name, each in sample.gradients.items()} == dict.fromkeys(
        theta, (100,)
    )


def test_blocks_of_jax_draws_differ():
    have("jax")
    y = resolve("jax:normal").values({"loc": 0.0, "scale": 1.0}, 10_000, 5)
    assert np.unique(y).size == 10_000


@pytest.mark.parametrize("loc", [-40.0, 0.5, 100.0])
def test_angles_count_modulo_a_turn(loc):
    have("tfp")
    for witness in ("derivative", "distribution", "expectation"):
        found = check("tfp:VonMises", witness, loc=loc)
        assert found.outcome is Outcome.HOLDS, str(found)


def test_the_state_of_torch_is_left_alone():
    have("torch")
    torch = import_module("torch")
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    target = resolve("torch:Gamma")
    theta = {"concentration": 2.0, "rate": 1.0}
    target.draws(theta, 10, 1)
    target.values(theta, 10, 1)
    assert torch.equal(torch.rand(3), expected)


def test_the_precision_of_jax_is_left_alone():
    have("jax")
    jax = import_module("jax")
    before = jax.config.jax_enable_x64
    resolve("jax:gamma").draws({"a": 2.0}, 10, 1)
    assert jax.config.jax_enable_x64 == before
    assert jax.numpy.ones(1).dtype == ("float64" if before else "float32")


# Somebody's own ---------------------------------------------------------------------------------


def torch_classes():
    torch = import_module("torch")
    base = torch.distributions.Distribution
    constraints = torch.distributions.constraints

    class MyGumbel(base):
        arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
        support = constraints.real
        has_rsample = True

        def __init__(self, loc, scale, validate_args=None):
            self.loc, self.scale = loc, scale
            super().__init__(torch.as_tensor(loc).shape, validate_args=validate_args)

        def rsample(self, sample_shape=()):
            u = torch.rand(self.loc.shape, dtype=torch.float64)
            return self.loc - self.scale * torch.log(-torch.log(u))

        def log_prob(self, y):
            z = (y - self.loc) / self.scale
            return -z - torch.exp(-z) - torch.log(self.scale)

    class Detached(MyGumbel):
        def rsample(self, sample_shape=()):
            u = torch.rand(self.loc.shape, dtype=torch.float64)
            return self.loc - self.scale.detach() * torch.log(-torch.log(u))

    class Float(MyGumbel):
        def rsample(self, sample_shape=()):
            return super().rsample(sample_shape).float()

    class Pairs(MyGumbel):
        def rsample(self, sample_shape=()):
            return super().rsample(sample_shape)[:, None] * torch.ones(2)

    return MyGumbel, Detached, Float, Pairs


def test_a_class_of_ones_own_takes_what_it_declares():
    have("torch")
    gumbel, *_ = torch_classes()
    constraints = import_module("torch").distributions.constraints

    class Plain(gumbel):
        def __init__(self, loc, scale):
            super().__init__(loc, scale)

    class Renamed(gumbel):
        def __init__(self, loc, sigma=1.0):
            super().__init__(loc, sigma)

    class Passing(gumbel):
        def __init__(self, loc, **others):
            super().__init__(loc, **others)

    class Whole(gumbel):
        arg_constraints = {"count": constraints.positive_integer}  # noqa: RUF012

        def __init__(self, count=3):
            super().__init__(0.0, count)

    class Lawless(gumbel):
        log_prob = None

    for right in (Plain, Passing):
        assert list(resolve(right).parameters) == ["loc", "scale"]
        assert check(right, "derivative").outcome is Outcome.HOLDS
    with pytest.raises(
        InputError, match=r"for scale, which its constructor doesn't take \(it takes"
    ):
        resolve(Renamed)
    with pytest.raises(InputError, match="no parameter that is a real number"):
        resolve(Whole)
    assert "its law isn't known" in check(Lawless, "distribution").reason


def test_a_class_of_ones_own_is_judged_by_its_density():
    have("torch")
    right, detached, single, pairs = torch_classes()
    for witness in ("derivative", "distribution", "expectation", "edges", "continuity"):
        assert check(right, witness).outcome is Outcome.HOLDS
        assert check(single, witness).outcome is Outcome.HOLDS
    found = check(detached, "derivative")
    assert found.outcome is Outcome.FAILS
    assert "do not depend on scale" in str(found)
    found = check(pairs, "derivative")
    assert found.crashed
    assert re.search(r"(\d+) draws have shape \(\1, 2\), expected \(\1,\)", str(found))


def test_an_object_has_its_parameters():
    have("torch")
    torch = import_module("torch")
    target = resolve(torch.distributions.Gamma(torch.tensor(2.0), torch.tensor(3.0)))
    assert target.fixed == {"concentration": 2.0, "rate": 3.0}
    with pytest.raises(InputError, match="has an array for concentration"):
        resolve(torch.distributions.Gamma(torch.ones(2), torch.ones(2)))


def test_a_class_of_ones_own_in_numpyro():
    have("numpyro")
    distributions = import_module("numpyro.distributions")

    class Mine(distributions.Laplace):
        pass

    target = resolve(Mine)
    assert target.parameters["scale"].domain.low == 0.0
    for witness in ("derivative", "expectation"):
        assert check(Mine, witness).outcome is Outcome.HOLDS


def test_a_class_of_tfp_that_no_table_has():
    have("tfp")
    target = resolve("tfp:SinhArcsinh")
    assert set(target.parameters) == {"loc", "scale", "skewness", "tailweight"}
    assert target.parameters["tailweight"].domain.low == 0.0
    assert check("tfp:SinhArcsinh", "expectation").outcome is Outcome.HOLDS


def test_distrax_does_not_tell_domains():
    have("distrax")
    distrax = import_module("distrax")

    class Mine(distrax.Normal):
        pass

    with pytest.raises(InputError, match="does not declare the domains"):
        resolve(Mine)
    assert resolve(distrax.Normal(0.5, 2.0)).fixed == {"loc": 0.5, "scale": 2.0}


# What can't be ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "title", "package"),
    [
        ("torch", "PyTorch", "torch"),
        ("jax", "JAX", "jax"),
        ("numpyro", "NumPyro", "numpyro"),
        ("distrax", "distrax", "distrax"),
        ("tfp", "TensorFlow Probability", "tfp-nightly"),
    ],
)
def test_a_missing_library_is_told_in_a_line(library, title, package, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == LIBRARIES[library]:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, LIBRARIES[library], None)
    spec = f"{library}:Gamma"
    with pytest.raises(MissingExtraError) as caught:
        resolve(spec)
    assert str(caught.value) == f"{spec} needs {title}; install it with: pip install {package}"


def test_a_library_that_does_not_import_says_why(tmp_path, monkeypatch):
    (tmp_path / "distrax.py").write_text("raise AttributeError('no such thing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "distrax", raising=False)
    with pytest.raises(
        InputError, match="distrax can't be imported: AttributeError: no such thing"
    ):
        resolve("distrax:Gamma")


def test_a_library_that_lacks_one_of_its_own_says_which(tmp_path, monkeypatch):
    (tmp_path / "distrax.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "distrax", raising=False)
    with pytest.raises(InputError, match="No module named 'no_such_module'"):
        resolve("distrax:Gamma")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("torch:beta", "no sampler 'beta'; did you mean 'Beta'? (known here are Bernoulli, Beta"),
        ("torch:Independent", "declares no parameters"),
        ("torch:Distribution", "declares no parameters"),
        ("torch:kl_divergence", "is not a distribution"),
        ("jax:gama", "no sampler 'gama'; did you mean 'gamma'?"),
        ("jax:orthogonal", "is multivariate: only univariate"),
        ("jax:randint", "isn't known here; samplers that can be verified are"),
        ("numpyro:Gama", "did you mean 'Gamma'?"),
        ("distrax:MultivariateNormalDiag", "does not declare the domains"),
        ("distrax:Gama", "did you mean 'Gamma'?"),
        ("tfp:Gama", "did you mean 'Gamma'?"),
        ("tfp:Independent", "tfp:Independent"),
    ],
)
def test_what_can_not_be_verified_says_why(spec, said):
    have(spec.partition(":")[0])
    with pytest.raises(InputError) as caught:
        resolve(spec)
    assert said in str(caught.value)


def test_domains_of_constraints():
    class Between:
        lower_bound, upper_bound = -1.0, 3.0

    assert ends(Between()) == (-1.0, 3.0)
    assert ends(object()) == (-math.inf, math.inf)
    for low, high in [(-1.0, 3.0), (2.0, math.inf), (-math.inf, -1.0), (-math.inf, math.inf)]:
        parameter = parameter_in("a", low, high)
        assert (parameter.domain.low, parameter.domain.high) == (low, high)
        for value in (parameter.default, *parameter.typical):
            assert value in parameter.domain


# Distributions made of others -------------------------------------------------------------------


def made_of_others(library):
    """Return an object of the library's that is made of others, and the names of its numbers."""
    have(library)
    module = import_module(MODULES[library])
    if library == "torch":
        d = module.distributions
        parts = d.Normal(0.3, 1.2), [d.AffineTransform(1.0, 2.0)]
        return d.TransformedDistribution(*parts), ["base_dist.loc", "base_dist.scale"]
    if library == "numpyro":
        d = module.distributions
        return d.FoldedDistribution(d.Normal(0.3, 1.2)), ["base_dist.loc", "base_dist.scale"]
    if library == "distrax":
        parts = module.Normal(0.3, 1.2), module.ScalarAffine(1.0, 2.0)
        return module.Transformed(*parts), ["distribution.loc", "distribution.scale"]
    d = module.distributions
    parts = d.Categorical(probs=[0.3, 0.7]), d.Normal([0.0, 3.0], [1.0, 0.5])
    names = [f"components_distribution.{name}[{k}]" for name in ("loc", "scale") for k in (0, 1)]
    return d.MixtureSameFamily(*parts, reparameterize=True), names


@pytest.mark.long
@pytest.mark.parametrize("library", ["torch", "numpyro", "distrax", "tfp"])
def test_what_is_made_of_others_is_verified_in_its_numbers(library):
    thing, names = made_of_others(library)
    target = resolve(thing)
    assert list(target.parameters) == list(target.fixed) == names
    found = run_check(target, "derivative", LEVELS["quick"], seed=1, alpha=1e-11)
    assert found.outcome is Outcome.HOLDS, str(found)


def test_batches_of_what_is_made_of_others_are_refused():
    have("torch")
    d = import_module("torch").distributions
    base = d.Normal(import_module("torch").zeros(3), 1.0)
    for thing in (d.Independent(base, 0), d.Independent(base, 1)):
        with pytest.raises(InputError, match="only univariate"):
            resolve(thing)
