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
    from reparam.discrete import Discrete as Discrete
    from reparam.distribution import About as About
    from reparam.distribution import Distribution as Distribution
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
    from reparam.divergences import kl as kl
    from reparam.domains import Integers as Integers
    from reparam.domains import Interval as Interval
    from reparam.draw import Draw as Draw
    from reparam.errors import NotReparameterizable as NotReparameterizable
    from reparam.errors import ReparamError as ReparamError
    from reparam.expressions import Expression as Expression
    from reparam.graphs import Graph as Graph
    from reparam.mechanisms import Implicit as Implicit
    from reparam.mechanisms import InverseCDF as InverseCDF
    from reparam.mechanisms import LocationScale as LocationScale
    from reparam.parameters import Parameter as Parameter
    from reparam.registry import get as get
    from reparam.registry import names as names
    from reparam.reparameterized import Reparameterized as Reparameterized
    from reparam.spelling import parse as parse
    from reparam.verification import verify as verify

    __version__: str

#: The module each public name lives in; importing the package imports none of these.
_HOMES = {
    "About": "reparam.distribution",
    "Discrete": "reparam.discrete",
    "Distribution": "reparam.distribution",
    "Draw": "reparam.draw",
    "Expression": "reparam.expressions",
    "Graph": "reparam.graphs",
    "Implicit": "reparam.mechanisms",
    "Integers": "reparam.domains",
    "Interval": "reparam.domains",
    "InverseCDF": "reparam.mechanisms",
    "LocationScale": "reparam.mechanisms",
    "NotReparameterizable": "reparam.errors",
    "Parameter": "reparam.parameters",
    "Reparameterized": "reparam.reparameterized",
    "ReparamError": "reparam.errors",
    "get": "reparam.registry",
    "kl": "reparam.divergences",
    "names": "reparam.registry",
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
