"""Distribution reparameterization: draws y = f(z; θ) with exact pathwise derivatives ∂y/∂θ.

>>> import reparam as rp
>>> draw = rp.Gaussian(loc=0.6, scale=0.4).transform(-0.7)
>>> round(float(draw.value), 12)
0.32
>>> {name: float(gradient) for name, gradient in draw.vjp(1.5).items()}
{'loc': 1.5, 'scale': -1.0499999999999998}
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reparam.registry import BUILT_IN, module_of

if TYPE_CHECKING:
    from reparam.base.discrete import Discrete as Discrete
    from reparam.base.distribution import About as About
    from reparam.base.distribution import Distribution as Distribution
    from reparam.base.draw import Draw as Draw
    from reparam.base.mechanisms import Implicit as Implicit
    from reparam.base.mechanisms import InverseCDF as InverseCDF
    from reparam.base.mechanisms import LocationScale as LocationScale
    from reparam.base.reparameterized import Reparameterized as Reparameterized
    from reparam.base.tails import Tail as Tail
    from reparam.distributions.bernoulli import Bernoulli as Bernoulli
    from reparam.distributions.beta import Beta as Beta
    from reparam.distributions.beta_prime import BetaPrime as BetaPrime
    from reparam.distributions.binomial import Binomial as Binomial
    from reparam.distributions.categorical import Categorical as Categorical
    from reparam.distributions.chi import Chi as Chi
    from reparam.distributions.chi_square import ChiSquare as ChiSquare
    from reparam.distributions.concrete import Concrete as Concrete
    from reparam.distributions.exponential import Exponential as Exponential
    from reparam.distributions.f import F as F
    from reparam.distributions.gamma import Gamma as Gamma
    from reparam.distributions.gaussian import Gaussian as Gaussian
    from reparam.distributions.geometric import Geometric as Geometric
    from reparam.distributions.inverse_gamma import InverseGamma as InverseGamma
    from reparam.distributions.laplace import Laplace as Laplace
    from reparam.distributions.logistic import Logistic as Logistic
    from reparam.distributions.negative_binomial import NegativeBinomial as NegativeBinomial
    from reparam.distributions.poisson import Poisson as Poisson
    from reparam.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
    from reparam.distributions.student_t import StudentT as StudentT
    from reparam.distributions.uniform import Uniform as Uniform
    from reparam.divergences import kl as kl
    from reparam.domains import Integers as Integers
    from reparam.domains import Interval as Interval
    from reparam.engine.threads import threads as threads
    from reparam.errors import NotReparameterizable as NotReparameterizable
    from reparam.errors import ReparamError as ReparamError
    from reparam.expressions import Expression as Expression
    from reparam.graphs import Graph as Graph
    from reparam.parameters import Parameter as Parameter
    from reparam.registry import get as get
    from reparam.registry import names as names
    from reparam.spelling import parse as parse
    from reparam.transforms.truncated import Truncated as Truncated
    from reparam.transforms.truncated import truncate as truncate
    from reparam.verification import verify as verify

    __version__: str

#: The module each public name lives in; importing the package imports none of these.
_HOMES = {
    "About": "reparam.base.distribution",
    "Discrete": "reparam.base.discrete",
    "Distribution": "reparam.base.distribution",
    "Draw": "reparam.base.draw",
    "Expression": "reparam.expressions",
    "Graph": "reparam.graphs",
    "Implicit": "reparam.base.mechanisms",
    "Integers": "reparam.domains",
    "Interval": "reparam.domains",
    "InverseCDF": "reparam.base.mechanisms",
    "LocationScale": "reparam.base.mechanisms",
    "NotReparameterizable": "reparam.errors",
    "Parameter": "reparam.parameters",
    "Reparameterized": "reparam.base.reparameterized",
    "ReparamError": "reparam.errors",
    "Tail": "reparam.base.tails",
    "Truncated": "reparam.transforms.truncated",
    "get": "reparam.registry",
    "kl": "reparam.divergences",
    "threads": "reparam.engine.threads",
    "names": "reparam.registry",
    "truncate": "reparam.transforms.truncated",
    "parse": "reparam.spelling",
    "verify": "reparam.verification",
    **{class_name: module_of(name) for name, class_name in BUILT_IN.items()},
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - every entry is a string


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("reparam")
    if name not in _HOMES:
        raise AttributeError(f"module 'reparam' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
